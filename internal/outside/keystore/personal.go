package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"

	"chave/internal/core/signing"
)

// labelPersonalKey keeps people's keys apart from the installation's: neither can be opened as the other.
const labelPersonalKey = "keystore/personal key"

// NewPersonalKey makes a key pair for nobody yet: "RSA-3072" (a fraction of a second to a few of work) or "P-256". sealed opens in this keystore only and
// needs no secret, so it is as good as a key for whoever holds database and keystore: lock it as soon as it has a holder, and delete it then. public is SubjectPublicKeyInfo, DER.
func (s *Soft) NewPersonalKey(alg string) (sealed, public []byte, err error) {
	switch signing.Alg(alg) {
	case signing.RSA3072, signing.P256:
	default:
		return nil, nil, fmt.Errorf("keystore: no personal keys of sort %q", alg)
	}
	private, err := s.generate(alg)
	if err != nil {
		return nil, nil, err
	}
	defer forget(private)
	public, err = x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, nil, fmt.Errorf("keystore: encode %s public key: %w", alg, err)
	}
	sealed, err = s.sealKey(labelPersonalKey, private)
	return sealed, public, err
}

// LockPersonalKey turns a key of [Soft.NewPersonalKey] into one that also needs the secret, under the current root. The context names the key and its holder.
// It returns [ErrTampered] or [ErrUnknownKey] for what is not such a key of this keystore.
func (s *Soft) LockPersonalKey(sealed, context []byte, secret signing.Unlock) ([]byte, error) {
	der, err := s.Open(labelPersonalKey, nil, sealed)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	return s.lockDER(der, context, secret)
}

// RelockPersonalKey changes the secret, and moves the key to the current root. Both layers are made anew. It fails as [Soft.OpenPersonalKey] does.
func (s *Soft) RelockPersonalKey(locked, context []byte, from, to signing.Unlock) ([]byte, error) {
	der, err := s.unlockDER(locked, context, from)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	return s.lockDER(der, context, to)
}

// OpenPersonalKey lends the key to fn, wipes what can be wiped when fn returns, and returns what fn did. The error is signing.ErrWrongSecret when the secret or the
// context is another or the value was changed, [ErrTampered] for what was never a locked key, [ErrUnknownKey] when its root is not configured.
//
// Opening an RSA key costs about a tenth of a signature: the standard library checks the numbers against each other, and offers no way around it. Its own
// copies of them cannot be overwritten; they go with the garbage.
func (s *Soft) OpenPersonalKey(locked, context []byte, secret signing.Unlock, fn func(signing.PersonalSigner) error) error {
	der, err := s.unlockDER(locked, context, secret)
	if err != nil {
		return err
	}
	private, err := parseKey(der)
	clear(der)
	if err != nil {
		return err
	}
	l := &lent{public: private.Public(), private: private}
	defer l.takeBack(forget)
	return fn(l)
}

// lockDER has two layers: inside, what every key of this keystore has; around it, the person's.
func (s *Soft) lockDER(der, context []byte, secret signing.Unlock) ([]byte, error) {
	inner, err := s.Seal(labelPersonalKey, context, der)
	if err != nil {
		return nil, err
	}
	return lock(s.MACWith, s.rand, s.CurrentKey(), inner, context, secret)
}

func (s *Soft) unlockDER(locked, context []byte, secret signing.Unlock) ([]byte, error) {
	inner, err := unlock(s.MACWith, locked, context, secret)
	if err != nil {
		return nil, err
	}
	return s.Open(labelPersonalKey, context, inner)
}

// sealKey encodes and seals a private key that belongs to nobody in particular.
func (s *Soft) sealKey(label string, private crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("keystore: encode private key: %w", err)
	}
	defer clear(der)
	return s.Seal(label, nil, der)
}

// parseKey reads PKCS#8. The values that make RSA fast travel in it, so that they are checked and not computed again.
func parseKey(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("keystore: decode private key: %w", err)
	}
	private, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("keystore: a %T cannot sign", key)
	}
	return private, nil
}

// forget overwrites the numbers of a private key.
func forget(private crypto.Signer) {
	switch key := private.(type) {
	case *rsa.PrivateKey:
		wipe(key.D, key.Precomputed.Dp, key.Precomputed.Dq, key.Precomputed.Qinv)
		wipe(key.Primes...)
	case ed25519.PrivateKey:
		clear(key)
	case *ecdsa.PrivateKey:
		wipe(key.D) //nolint:staticcheck // the only way to reach the number
	}
}

func wipe(numbers ...*big.Int) {
	for _, n := range numbers {
		if n != nil {
			clear(n.Bits())
		}
	}
}
