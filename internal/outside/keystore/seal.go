package keystore

import (
	"encoding/hex"
	"fmt"
	"io"
)

// A sealed value is: version (1 byte) ‖ key id (4) ‖ nonce (12) ‖ AES-256-GCM cipher text and tag (16 more than the plain
// text). The first five bytes and the context are authenticated with it.
const (
	sealVersion  = 1
	headerLength = 1 + keyIDLength
	nonceLength  = 12
	tagLength    = 16

	// Overhead is how many bytes a sealed value is longer than what was sealed.
	Overhead = headerLength + nonceLength + tagLength
)

// Seal encrypts plain under the current key of the label. The context says where the value belongs (table, column, row
// id); [Soft.Open] must be given the same, so that nobody who can write to the database can move a value to another row.
//
// Nonces are random: one label of one root should seal no more than 2^32 values (NIST SP 800-38D §8.3), which is ten
// years of a country's sign-ins at ten values each. Rotate the root before.
func (s *Soft) Seal(label string, context, plain []byte) ([]byte, error) {
	g := s.current
	sealed := make([]byte, headerLength+nonceLength, Overhead+len(plain))
	sealed[0] = sealVersion
	copy(sealed[1:], g.rawID[:])
	nonce := sealed[headerLength:]
	if _, err := io.ReadFull(s.rand, nonce); err != nil {
		return nil, fmt.Errorf("keystore: nonce: %w", err)
	}
	return g.derived(label).seal.Seal(sealed, nonce, plain, additional(sealed[:headerLength], context)), nil
}

// Open returns what was sealed for this label and context, under the current or an older root. It returns [ErrTampered]
// or [ErrUnknownKey]. The result is the caller's own.
func (s *Soft) Open(label string, context, sealed []byte) ([]byte, error) {
	id, err := s.SealedUnder(sealed)
	if err != nil {
		return nil, err
	}
	g := s.generation(id)
	if g == nil {
		return nil, fmt.Errorf("%w: key id %q", ErrUnknownKey, id)
	}
	header, nonce, text := sealed[:headerLength], sealed[headerLength:headerLength+nonceLength], sealed[headerLength+nonceLength:]
	plain, err := g.derived(label).seal.Open(nil, nonce, text, additional(header, context))
	if err != nil {
		return nil, ErrTampered
	}
	return plain, nil
}

// SealedUnder returns the key id that a sealed value names, without opening it: rows whose id is not [Soft.CurrentKey] are
// those a rotation job has yet to seal again. It returns [ErrTampered] for what cannot be a sealed value.
func (*Soft) SealedUnder(sealed []byte) (keyID string, err error) { return sealedUnder(sealed) }

func sealedUnder(sealed []byte) (keyID string, err error) {
	if len(sealed) < Overhead || sealed[0] != sealVersion {
		return "", ErrTampered
	}
	return hex.EncodeToString(sealed[1:headerLength]), nil
}

// additional is unambiguous because the header has a fixed length.
func additional(header, context []byte) []byte {
	joined := make([]byte, 0, len(header)+len(context))
	return append(append(joined, header...), context...)
}
