package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"io"
)

// labelPrivateKey is apart from every label a caller may choose: no sealed column can be passed off as a key.
const labelPrivateKey = "keystore/private key"

// rsaBits is 128-bit strength (security.md A18); 2048 is not.
const rsaBits = 3072

// compatBits is what services that are tied to CMD's wires were built for (cmd-authentication.md §1.7.4).
const compatBits = 2048

// rootBits is for certificates that outlive many others.
const rootBits = 4096

// NewSigningKey makes a private key for a JOSE algorithm (RFC 7518 §3.1, RFC 8037): "ES256" on P-256, "RS256" with 3072 bits
// (a fraction of a second to a few of work), or "EdDSA" on Ed25519; "RSA-2048" for the compat wires, whose clients know nothing longer; "RSA-3072", "RSA-4096", "P-256"
// and "P-384" for certificate authorities. The key comes back sealed, to be kept in the database, so that all nodes
// share it and rotating it is a row. Store the public key beside it, and compare it with that of [Soft.Signer]
// before the first use: whoever can write to the table could put another of our keys in its place.
func (s *Soft) NewSigningKey(alg string) (sealed []byte, public crypto.PublicKey, err error) {
	private, err := s.generate(alg)
	if err != nil {
		return nil, nil, err
	}
	defer forget(private)
	sealed, err = s.sealKey(labelPrivateKey, private)
	if err != nil {
		return nil, nil, err
	}
	return sealed, private.Public(), nil
}

func (s *Soft) generate(alg string) (private crypto.Signer, err error) {
	switch alg {
	case "ES256", "P-256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), s.rand)
	case "P-384":
		private, err = ecdsa.GenerateKey(elliptic.P384(), s.rand)
	case "RS256", "RSA-3072":
		private, err = rsa.GenerateKey(s.rand, rsaBits)
	case "RSA-4096":
		private, err = rsa.GenerateKey(s.rand, rootBits)
	case "RSA-2048":
		private, err = rsa.GenerateKey(s.rand, compatBits)
	case "EdDSA":
		_, private, err = ed25519.GenerateKey(s.rand)
	default:
		return nil, fmt.Errorf("keystore: no signing keys for algorithm %q", alg)
	}
	if err != nil {
		return nil, fmt.Errorf("keystore: make %s key: %w", alg, err)
	}
	return private, nil
}

// Signer opens a key made by [Soft.NewSigningKey]. The signer prints as [redacted] and may be used concurrently; keep
// it for as long as the key is in use, opening costs more than signing. It returns [ErrTampered] or [ErrUnknownKey].
func (s *Soft) Signer(sealed []byte) (crypto.Signer, error) {
	der, err := s.Open(labelPrivateKey, nil, sealed)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	private, err := parseKey(der)
	if err != nil {
		return nil, err
	}
	return &signer{private}, nil
}

// signer hides the private key from type switches and from every way of printing.
type signer struct{ private crypto.Signer }

func (s *signer) Public() crypto.PublicKey { return s.private.Public() }

func (s *signer) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.private.Sign(random, digest, opts)
}
