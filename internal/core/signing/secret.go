package signing

import (
	"crypto"
	"errors"
	"io"
	"log/slog"
)

// Unlock is what a signature PIN becomes in the keystore: 32 bytes that open one key. It prints as [redacted].
type Unlock struct{ bytes []byte }

// ErrWrongSecret is the keystore's word that a locked key does not open with this secret and context: the PIN was another, or the row was changed.
var ErrWrongSecret = errors.New("signing: the key does not open with this secret")

// NewUnlock wraps the bytes; the caller hands them over and keeps no copy.
func NewUnlock(b []byte) Unlock { return Unlock{b} }

// Reveal gives the bytes to the keystore and to the seal.
func (u Unlock) Reveal() []byte { return u.bytes }

// Clear overwrites the bytes.
func (u Unlock) Clear() { clear(u.bytes) }

// String keeps the secret out of texts.
func (Unlock) String() string { return "[redacted]" }

// GoString keeps it out of %#v.
func (Unlock) GoString() string { return "[redacted]" }

// LogValue keeps it out of logs.
func (Unlock) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// PersonalSigner signs with an opened key until the function it was lent to returns. It may be used concurrently.
type PersonalSigner interface {
	Public() crypto.PublicKey
	// Sign takes a digest: PKCS#1 v1.5 for RSA, an ASN.1 (r, s) pair for P-256, as crypto.Signer does.
	Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}
