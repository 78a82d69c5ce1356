// Package signkey owns the life of the keys that sign tokens.
//
//	made ─▶ next ─▶ active ─▶ retired ─▶ gone
//
// A next key is published but signs nothing, so that every service knows it before its first signature. There is at most one next and one active
// key per algorithm, held by a unique index. A retired key has lost its private half; its public half stays published until every token it signed has
// expired. Each change is one compare-and-set with its audit row, so several nodes agree without talking.
//
// Keys live in rings: one wire's keys never sign for another, so that a signature made under the compat wires' older rules proves nothing to a modern service
// (blueprint §4.9).
//
// The package never sees a private key: the keystore makes them, sealed, and lends a crypto.Signer. It knows no token format.
package signkey

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
)

// State is where a key stands in its life.
type State string

// The stored states. A key that is gone has no row.
const (
	Next    State = "next"
	Active  State = "active"
	Retired State = "retired"
)

// Key is one key pair. Times that have not come yet are zero.
type Key struct {
	ID        string // derived from the public key: what tokens carry as kid
	Version   int64  // compare-and-set
	Ring      string // whose keys these are; empty for OpenID Connect
	Alg       string // what the keystore calls it: a JOSE algorithm (RFC 7518 §3.1) such as "ES256" and "RS256", or "RSA-2048"
	State     State
	Sealed    []byte // the private half, as the keystore made it; empty once retired
	Public    []byte // SubjectPublicKeyInfo, DER
	Cert      []byte // X.509 certificate, DER, in rings that certify their keys; empty in others
	CreatedAt time.Time
	ActiveAt  time.Time
	RetiredAt time.Time
	GoneAt    time.Time // when a retired key's row goes
}

// Tx is what a transaction must offer for signing keys.
type Tx interface {
	audit.Tx

	// SigningKeys lists all keys of a ring, oldest first.
	SigningKeys(ring string) ([]Key, error)
	// InsertSigningKey writes a new key with Version 1; fault.RowConflict when its ring and algorithm have one in this state already.
	InsertSigningKey(Key) error
	// UpdateSigningKey replaces the row of the same Version and adds one to it, else fault.RowConflict.
	UpdateSigningKey(Key) error
	// DeleteSigningKey removes a retired key; false when somebody else did.
	DeleteSigningKey(id string) (bool, error)
}

// Keystore makes private keys and lends them. Sealed blobs open only there.
type Keystore interface {
	NewSigningKey(alg string) (sealed []byte, public crypto.PublicKey, err error)
	Signer(sealed []byte) (crypto.Signer, error)
}

// Signer signs under the active key of an algorithm. It may be used concurrently.
type Signer struct {
	crypto.Signer
	ID   string
	Alg  string
	Cert []byte // X.509, DER; empty in a ring without certificates
}

// Public is a key that tokens may be checked with.
type Public struct {
	ID    string
	Alg   string
	State State
	Key   crypto.PublicKey
	Cert  []byte // X.509, DER; empty in a ring without certificates
}

// idOf names a key by its public half: 80 bits, enough to tell keys apart, and nobody can choose one key's name for another.
func idOf(der []byte) string {
	sum := sha256.Sum256(der)
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}

// public decodes the stored public half, and refuses a row whose id is not that key's.
func (k Key) public() (Public, error) {
	key, err := x509.ParsePKIXPublicKey(k.Public)
	if err != nil {
		return Public{}, fmt.Errorf("public half of signing key %s: %w", k.ID, err)
	}
	if idOf(k.Public) != k.ID {
		return Public{}, fmt.Errorf("signing key %s: its row holds another key", k.ID)
	}
	return Public{k.ID, k.Alg, k.State, key, k.Cert}, nil
}

// signer borrows the private half, and refuses one that does not belong to the public half: whoever can write to the table could have put
// another of our keys there.
func (k Key) signer(from Keystore) (Signer, error) {
	published, err := k.public()
	if err != nil {
		return Signer{}, err
	}
	lent, err := from.Signer(k.Sealed)
	if err != nil {
		return Signer{}, fault.New(fault.StoreUnavailable).Because(fmt.Errorf("open signing key %s: %w", k.ID, err))
	}
	same, ok := published.Key.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !same.Equal(lent.Public()) {
		return Signer{}, fmt.Errorf("signing key %s: private and public half do not belong together", k.ID)
	}
	return Signer{lent, k.ID, k.Alg, k.Cert}, nil
}
