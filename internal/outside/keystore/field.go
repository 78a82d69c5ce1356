package keystore

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
)

// labelDecryptionKey keeps them from ever being opened as keys that sign.
const labelDecryptionKey = "keystore/decryption key"

// NewDecryptionKey makes an RSA key of 2048 bits, which is what the clients of CMD's signing services encrypt for.
func (s *Soft) NewDecryptionKey() (sealed []byte, public crypto.PublicKey, err error) {
	private, err := s.generate("RSA-2048")
	if err != nil {
		return nil, nil, err
	}
	defer forget(private)
	sealed, err = s.sealKey(labelDecryptionKey, private)
	return sealed, private.Public(), err
}

// Decrypter opens a key of [Soft.NewDecryptionKey]; keep the function as long as the key is in use. It undoes PKCS#1 v1.5 encryption (RFC 8017 §7.2.2) without telling
// whether the padding was right: a wrong block gives a plain text that looks random, always the same one for the same block, of any length a right one could have.
// The caller decides by what the value may consist of, and answers all wrong values alike. ok is false only for what anybody can see: a block of another length than the key's.
func (s *Soft) Decrypter(sealed []byte) (func(ciphertext []byte) (plain []byte, ok bool), error) {
	private, secret, err := s.decryptionKey(sealed)
	if err != nil {
		return nil, err
	}
	return func(ciphertext []byte) ([]byte, bool) {
		if len(ciphertext) != private.Size() {
			return nil, false
		}
		plain, err := rsa.DecryptPKCS1v15(nil, private, ciphertext) //nolint:staticcheck // what CMD's clients encrypt with; whether it failed is not told
		// The standard library spends the same time on every block up to the last comparison, and so do we after it.
		right := 1
		if err != nil {
			right = 0
		}
		block := make([]byte, len(ciphertext))
		start := len(block) - len(plain)
		copy(block[start:], plain)
		return chooseText(right, block, start, secret, ciphertext), true
	}, nil
}

// CertifyDecryptionKey fills the template's subject key and signs it with that key.
func (s *Soft) CertifyDecryptionKey(sealed []byte, template *x509.Certificate) ([]byte, error) {
	private, _, err := s.decryptionKey(sealed)
	if err != nil {
		return nil, err
	}
	defer forget(private)
	return selfSign(template, private)
}

func (s *Soft) decryptionKey(sealed []byte) (private *rsa.PrivateKey, secret []byte, err error) {
	der, err := s.Open(labelDecryptionKey, nil, sealed)
	if err != nil {
		return nil, nil, err
	}
	defer clear(der)
	key, err := parseKey(der)
	if err != nil {
		return nil, nil, err
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("keystore: a %T does not decrypt", key)
	}
	digest := sha256.Sum256(der)
	return private, digest[:], nil
}

func selfSign(template *x509.Certificate, key crypto.Signer) ([]byte, error) {
	if template == nil {
		return nil, errors.New("keystore: no template to certify a decryption key by")
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("keystore: certify decryption key: %w", err)
	}
	return der, nil
}
