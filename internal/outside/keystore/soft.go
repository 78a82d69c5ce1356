package keystore

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Config says how to open a [Soft] keystore.
type Config struct {
	// Root makes every new value. Required.
	Root Root

	// Older roots are used only to read what was made under them. Optional.
	Older []Root

	// Rand gives nonces; nil means the system's source. It must be safe for concurrent use, and never repeat itself over
	// the life of a root: two values sealed with one nonce betray each other. Only throw-away stores replace it.
	Rand io.Reader
}

var (
	// ErrUnknownKey means that a value names a root this keystore was not given, most likely an older one left out of the
	// settings. The value may still be good; nothing must be deleted on this error.
	ErrUnknownKey = errors.New("keystore: made under a root that is not configured")

	// ErrTampered means that a sealed value is not what was sealed for this label and context: changed, cut, moved from
	// another row, or never ours.
	ErrTampered = errors.New("keystore: sealed value does not open here")
)

// Soft keeps its roots in the memory of this process. All its methods are safe for concurrent use.
type Soft struct {
	current *generation
	all     []*generation // current first, then older ones as configured
	rand    io.Reader
}

// OpenSoft reads the roots that c names. Every problem with them is reported at once.
func OpenSoft(c Config) (*Soft, error) {
	s := &Soft{rand: c.Rand}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	var problems []error
	for i, r := range append([]Root{c.Root}, c.Older...) {
		name := "current root"
		if i > 0 {
			name = fmt.Sprintf("older root %d", i)
		}
		root, err := r.load()
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
			continue
		}
		g, err := newGeneration(root)
		clear(root)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if s.generation(g.id) != nil {
			// Either the same root twice, or (one in four thousand million) two that share an id. Both are for a person to mend.
			problems = append(problems, fmt.Errorf("%s has the key id %s of another root", name, g.id))
			continue
		}
		s.all = append(s.all, g)
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("open keystore: %w", errors.Join(problems...))
	}
	s.current = s.all[0]
	return s, nil
}

// CurrentKey returns the id, of 8 lower-case hexadecimal digits, of the root that new values are made under. It is not
// secret; a row that holds the result of [Soft.MAC] stores it beside it.
func (s *Soft) CurrentKey() string { return s.current.id }

// KeyIDs returns the ids of all configured roots, the current one first: what a lookup by keyed index must try.
func (s *Soft) KeyIDs() []string {
	ids := make([]string, len(s.all))
	for i, g := range s.all {
		ids[i] = g.id
	}
	return ids
}

// MAC returns HMAC-SHA-256, 32 bytes, of the parts, under the current key of the label. Each part is preceded by its
// length, so that ("12", "3") and ("1", "23") differ. Compare results with hmac.Equal.
func (s *Soft) MAC(label string, parts ...[]byte) []byte {
	return s.current.mac(label, parts)
}

// MACWith is [Soft.MAC] under the root with the given id, to check what an earlier root made.
// It returns [ErrUnknownKey] when that root is not configured.
func (s *Soft) MACWith(keyID, label string, parts ...[]byte) ([]byte, error) {
	g := s.generation(keyID)
	if g == nil {
		return nil, fmt.Errorf("%w: key id %q", ErrUnknownKey, keyID)
	}
	return g.mac(label, parts), nil
}

func (s *Soft) generation(id string) *generation {
	for _, g := range s.all {
		if g.id == id {
			return g
		}
	}
	return nil
}

func (g *generation) mac(label string, parts [][]byte) []byte {
	h := hmac.New(sha256.New, g.derived(label).mac)
	var length [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write(p)
	}
	return h.Sum(nil)
}
