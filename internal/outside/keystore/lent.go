package keystore

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// ErrReturned means that somebody kept a personal signer after giving it back.
var ErrReturned = errors.New("keystore: the personal key was given back")

// lent is a personal key while somebody may use it. It signs digests only, with the hashes a signature of today may have, and nothing once it was taken back.
type lent struct {
	public crypto.PublicKey

	mu      sync.RWMutex // read while signing, so that taking back waits for signatures that are being made
	private crypto.Signer
}

// Public may be asked for at any time.
func (l *lent) Public() crypto.PublicKey { return l.public }

// Sign refuses all but SHA-256, SHA-384 and SHA-512 digests of the right length, and every padding but the default: whoever asks for another has lost its way.
func (l *lent) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash, plain := opts.(crypto.Hash)
	switch {
	case !plain || hash != crypto.SHA256 && hash != crypto.SHA384 && hash != crypto.SHA512:
		return nil, errors.New("keystore: personal keys sign SHA-256, SHA-384 and SHA-512 digests only")
	case len(digest) != hash.Size():
		return nil, fmt.Errorf("keystore: a digest of %d bytes is not of %v", len(digest), hash)
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.private == nil {
		return nil, ErrReturned
	}
	return l.private.Sign(random, digest, hash)
}

// takeBack ends the loan. forget wipes the key.
func (l *lent) takeBack(forget func(crypto.Signer)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	forget(l.private)
	l.private = nil
}

// Format prints [redacted] for every verb.
func (*lent) Format(s fmt.State, _ rune) { io.WriteString(s, "keystore personal signer "+redacted) }

// String returns [redacted].
func (*lent) String() string { return "keystore personal signer " + redacted }

// LogValue returns [redacted].
func (*lent) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (*lent) MarshalText() ([]byte, error) { return []byte(redacted), nil }
