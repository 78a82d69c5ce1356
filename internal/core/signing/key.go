package signing

import (
	"crypto/x509"
	"fmt"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
)

// Alg is the sort of a personal key. One person has one key.
type Alg string

// RSA3072 is what CMD's clients are built for (cmd-signature.md §1.11); P256 serves CSC and our pages only.
const (
	RSA3072 Alg = "RSA-3072"
	P256    Alg = "P-256"
)

// KeyState is the stored part of a signing key's life.
type KeyState string

// The states. There is no way back from Ended, and an ended key's private half is gone (T7).
const (
	KeyActive    KeyState = "active"
	KeySuspended KeyState = "suspended" // "it was not me": the certificate is on hold, nothing is signed
	KeyEnded     KeyState = "ended"
)

// Key is a person's signing key with its certificate. At most one that has not ended per person (cmd-signature.md §5.3).
type Key struct {
	ID         string // 26 letters; what CSC calls credentialID
	Version    int64  // compare-and-set
	Person     citizen.ID
	Alg        Alg
	State      KeyState
	Locked     []byte   // the private half: under a keystore key and the signature PIN (blueprint §4.2); empty once ended
	Serial     string   // of the certificate: lower-case hexadecimal
	Chain      [][]byte // DER: the person's certificate, the issuing authority's, the root
	PIN        credential.StoredPIN
	WrongPINs  int       // in a row
	WrongCodes int       // in a row, over all operations
	BlockedAt  time.Time // the PIN is blocked until the holder chooses anew; zero when not
	Terms      string    // version of the terms that were accepted (E1)
	CreatedAt  time.Time
	NotAfter   time.Time // end of the certificate
	ChangedAt  time.Time // last change of state
}

// Certificate parses the person's certificate.
func (k Key) Certificate() (*x509.Certificate, error) {
	if len(k.Chain) == 0 {
		return nil, fmt.Errorf("signing key %s has no certificate", k.ID)
	}
	return x509.ParseCertificate(k.Chain[0])
}

// Usable tells whether the key signs at an instant; a blocked PIN still lets the certificate be read.
func (k Key) Usable(now time.Time) bool {
	return k.State == KeyActive && now.Before(k.NotAfter)
}

// Pooled is a key pair made ahead for nobody (blueprint §4.2): RSA takes a second of work that no person should wait for.
type Pooled struct {
	ID     string
	Alg    Alg
	Sealed []byte // under a keystore key alone
	Public []byte // SubjectPublicKeyInfo, DER
	MadeAt time.Time
}

// Vault is the keystore's part. Its keys never leave it; see keystore.Personal for what each back end promises.
type Vault interface {
	credential.Vault

	// NewPersonalKey makes a key pair. sealed opens in this keystore only; public is SubjectPublicKeyInfo, DER. RSA-3072 takes about a second.
	NewPersonalKey(alg string) (sealed, public []byte, err error)
	// LockPersonalKey turns a pooled key into one that also needs the secret. context names the key and its holder and must be given again.
	LockPersonalKey(sealed, context []byte, secret Unlock) (locked []byte, err error)
	// RelockPersonalKey changes the secret of a locked key.
	RelockPersonalKey(locked, context []byte, from, to Unlock) (relocked []byte, err error)
	// OpenPersonalKey lends the key to fn and forgets it when fn returns. The error is ErrWrongSecret when secret or context is another.
	OpenPersonalKey(locked, context []byte, secret Unlock, fn func(PersonalSigner) error) error

	// Seal and Open keep the unlocking secret between PIN and code; label and context are authenticated with it.
	Seal(label string, context, plain []byte) ([]byte, error)
	Open(label string, context, sealed []byte) ([]byte, error)
}
