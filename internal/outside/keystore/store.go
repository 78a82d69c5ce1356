package keystore

import (
	"crypto"
	"crypto/x509"

	"chave/internal/core/signing"
)

// Store is the whole of a keystore, whichever back end holds its keys. Users declare only the part they call; package app passes a Store around, so that a
// back end is chosen in one place. All methods may be used concurrently. Those that return an error may fail because a device does not answer, and then
// work again on a later call without a restart.
type Store interface {
	// Vault is what signing asks: keyed hashes, sealed values and people's keys.
	signing.Vault

	// MAC is MACWith under CurrentKey. A back end whose device does not answer returns nil, which equals no stored hash: who can hand an error on calls MACWith.
	MAC(label string, parts ...[]byte) []byte
	// KeyIDs lists every generation, the current one first.
	KeyIDs() []string
	// SealedUnder names the generation of a sealed value, of any of the kinds that this interface makes.
	SealedUnder(sealed []byte) (keyID string, err error)

	// NewSigningKey and Signer are for keys of the installation (tokens, certificates, timestamps), never for a person's.
	NewSigningKey(alg string) (sealed []byte, public crypto.PublicKey, err error)
	Signer(sealed []byte) (crypto.Signer, error)

	// NewDecryptionKey makes an RSA key of 2048 bits that only decrypts fields (cmd-signature.md §1.7).
	NewDecryptionKey() (sealed []byte, public crypto.PublicKey, err error)
	// Decrypter returns the function that opens fields; see [Soft.Decrypter] for what ok means.
	Decrypter(sealed []byte) (decrypt func(ciphertext []byte) (plain []byte, ok bool), err error)
	// CertifyDecryptionKey self-signs the certificate under which a decryption key is published, DER. It is the only signature such a key makes.
	CertifyDecryptionKey(sealed []byte, template *x509.Certificate) (der []byte, err error)
}

var _ Store = (*Soft)(nil)
