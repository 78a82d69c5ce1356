package audit

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// HeadSigner is the keystore's part: it makes a signing key that leaves it only sealed, and opens it again to sign.
type HeadSigner interface {
	NewSigningKey(alg string) (sealed []byte, public crypto.PublicKey, err error)
	Signer(sealed []byte) (crypto.Signer, error)
}

// Head is what a signed head says (C2SP tlog-checkpoint, with two lines of ours).
type Head struct {
	Origin   string    // which log
	Size     int64     // how many events
	Root     tlog.Hash // over all of them
	Previous int64     // size of the head before this one, so that none can be taken out unseen
	At       time.Time
}

const headTime = "2006-01-02T15:04:05.000000Z"

// Text is what is signed.
func (h Head) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\nprevious %d\nat %s\n", h.Origin, h.Size, h.Root, h.Previous, h.At.UTC().Format(headTime))
}

// ParseHead reads the text of a head, and refuses every spelling but the one that Text writes.
func ParseHead(text string) (Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[5] != "" {
		return Head{}, errors.New("a head has five lines")
	}
	h := Head{Origin: lines[0]}
	previous, isPrevious := strings.CutPrefix(lines[3], "previous ")
	at, isAt := strings.CutPrefix(lines[4], "at ")
	var sizeErr, rootErr, previousErr, atErr error
	h.Size, sizeErr = strconv.ParseInt(lines[1], 10, 64)
	h.Root, rootErr = tlog.ParseHash(lines[2])
	h.Previous, previousErr = strconv.ParseInt(previous, 10, 64)
	h.At, atErr = time.Parse(headTime, at)
	if err := errors.Join(sizeErr, rootErr, previousErr, atErr); err != nil || !isPrevious || !isAt {
		return Head{}, fmt.Errorf("head cannot be read: %w", err)
	}
	if h.Previous < 0 || h.Size <= h.Previous || h.Text() != text {
		return Head{}, errors.New("head is not in its own form")
	}
	return h, nil
}

// checkOrigin holds the name of a log to what a note's key name may be: it is both.
func checkOrigin(origin string) error {
	if origin == "" || strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' || r == '+' }) {
		return fmt.Errorf("the log's name %q must be printable ASCII without spaces and +", origin)
	}
	return nil
}

// nameOf is the log's name: the one its first key was made for, sealed with that key. So a service that moves to another address goes on with the
// log it has. otherwise names a log that begins.
func nameOf(keys []HeadKey, otherwise string) string {
	for _, k := range keys {
		if name, _, ok := strings.Cut(k.Verifier, "+"); ok {
			return name
		}
	}
	return otherwise
}

// noteSigner fits a key of the keystore to a note: Ed25519, which signs the message itself.
type noteSigner struct {
	name string
	hash uint32
	key  crypto.Signer
}

const algEd25519 = 1 // C2SP signed-note

func newNoteSigner(name string, key crypto.Signer) (noteSigner, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return noteSigner{}, fmt.Errorf("a head key is Ed25519, not %T", key.Public())
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), append([]byte{algEd25519}, public...)...))
	return noteSigner{name, binary.BigEndian.Uint32(sum[:]), key}, nil
}

func (s noteSigner) Name() string                    { return s.name }
func (s noteSigner) KeyHash() uint32                 { return s.hash }
func (s noteSigner) Sign(msg []byte) ([]byte, error) { return s.key.Sign(nil, msg, crypto.Hash(0)) }

// verifierOf is the public half as the text that Verify, auditors and witnesses take.
func verifierOf(name string, public crypto.PublicKey) (string, error) {
	key, ok := public.(ed25519.PublicKey)
	if !ok {
		return "", fmt.Errorf("a head key is Ed25519, not %T", public)
	}
	return note.NewEd25519VerifierKey(name, key)
}

// openHead checks the signature of a note and reads the head in it.
func openHead(signed, origin string, known note.Verifiers) (Head, error) {
	n, err := note.Open([]byte(signed), known)
	if err != nil {
		return Head{}, err
	}
	h, err := ParseHead(n.Text)
	if err != nil {
		return Head{}, err
	}
	if h.Origin != origin {
		return Head{}, fmt.Errorf("the head is of log %q, not %q", h.Origin, origin)
	}
	return h, nil
}

// verifiers of all keys. One that cannot be read is left out: heads under it will not verify, and say so.
func verifiers(keys []HeadKey) note.Verifiers {
	var known []note.Verifier
	for _, k := range keys {
		if v, err := note.NewVerifier(k.Verifier); err == nil {
			known = append(known, v)
		}
	}
	return note.VerifierList(known...)
}
