//go:build pkcs11

package keystore

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"sync"

	"chave/internal/core/signing"

	"github.com/miekg/pkcs11"
)

// NewPersonalKey is as [Soft.NewPersonalKey]. The key is made in the device and leaves it wrapped.
func (s *PKCS11) NewPersonalKey(alg string) (sealed, public []byte, err error) {
	switch signing.Alg(alg) {
	case signing.RSA3072, signing.P256:
	default:
		return nil, nil, fmt.Errorf("keystore: no personal keys of sort %q", alg)
	}
	w, _, err := s.generate(alg)
	if err != nil {
		return nil, nil, err
	}
	sealed, err = s.sealWrapped(labelPersonalKey, nil, w)
	return sealed, w.Public, err
}

// LockPersonalKey is as [Soft.LockPersonalKey].
func (s *PKCS11) LockPersonalKey(sealed, context []byte, secret signing.Unlock) ([]byte, error) {
	w, public, err := s.openWrapped(labelPersonalKey, nil, sealed)
	if err != nil {
		return nil, err
	}
	return s.lockWrapped(w, public, context, secret)
}

// RelockPersonalKey is as [Soft.RelockPersonalKey].
func (s *PKCS11) RelockPersonalKey(locked, context []byte, from, to signing.Unlock) ([]byte, error) {
	w, public, err := s.unlockWrapped(locked, context, from)
	if err != nil {
		return nil, err
	}
	return s.lockWrapped(w, public, context, to)
}

// OpenPersonalKey is as [Soft.OpenPersonalKey], with a fault of kind unavailable besides. While it is lent the key is a session object of the device, sensitive and not
// extractable (T4), which is destroyed afterwards.
func (s *PKCS11) OpenPersonalKey(locked, context []byte, secret signing.Unlock, fn func(signing.PersonalSigner) error) error {
	w, public, err := s.unlockWrapped(locked, context, secret)
	if err != nil {
		return err
	}
	loan := &loan{key: w, public: public}
	l := &lent{public: public, private: &deviceKey{s, public, loan.handle}}
	defer l.takeBack(func(crypto.Signer) { s.end(loan) })
	err = s.with(func(link *link, session pkcs11.SessionHandle) error {
		_, err := loan.handle(link, session)
		return err
	})
	if err != nil {
		return err
	}
	return fn(l)
}

// A loan knows where its object is. A device that went away in the middle took the object with it; it is then unwrapped again.
type loan struct {
	key    wrapped
	public crypto.PublicKey

	mu     sync.Mutex
	link   *link // guarded by mu, as is object
	object pkcs11.ObjectHandle
}

func (o *loan) handle(l *link, session pkcs11.SessionHandle) (pkcs11.ObjectHandle, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.link == l {
		return o.object, nil
	}
	object, err := l.unwrap(session, o.key, o.public, pkcs11.CKA_SIGN, false)
	if err == nil {
		o.link, o.object = l, object
	}
	return object, err
}

// end destroys the object. If that fails the whole link goes, for the object goes with it.
func (s *PKCS11) end(o *loan) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.link == nil {
		return
	}
	err := s.through(o.link, func(l *link, session pkcs11.SessionHandle) error { return l.module.DestroyObject(session, o.object) })
	if err != nil {
		s.drop(o.link)
	}
	o.link = nil
}

func (s *PKCS11) lockWrapped(w wrapped, public crypto.PublicKey, context []byte, secret signing.Unlock) ([]byte, error) {
	w, err := s.rewrap(w, public)
	if err != nil {
		return nil, err
	}
	inner, err := s.sealWrapped(labelPersonalKey, context, w)
	if err != nil {
		return nil, err
	}
	return lock(s.MACWith, s.rand, s.CurrentKey(), inner, context, secret)
}

func (s *PKCS11) unlockWrapped(locked, context []byte, secret signing.Unlock) (wrapped, crypto.PublicKey, error) {
	inner, err := unlock(s.MACWith, locked, context, secret)
	if err != nil {
		return wrapped{}, nil, err
	}
	return s.openWrapped(labelPersonalKey, context, inner)
}

func (s *PKCS11) sealWrapped(label string, context []byte, w wrapped) ([]byte, error) {
	der, err := w.encode()
	if err != nil {
		return nil, err
	}
	return s.Seal(label, context, der)
}

func (s *PKCS11) openWrapped(label string, context, sealed []byte) (wrapped, crypto.PublicKey, error) {
	der, err := s.Open(label, context, sealed)
	if err != nil {
		return wrapped{}, nil, err
	}
	return decodeWrapped(der)
}

// labelMemoryKey keeps Ed25519 keys apart from the wrapped ones.
const labelMemoryKey = "keystore/private key of memory"

// NewSigningKey is as [Soft.NewSigningKey]. The key is made in the device and leaves it wrapped. "EdDSA" is the exception: devices seldom wrap such keys
// (SoftHSM2 does not), so that they are made here, rest sealed by the device, and are in this process's memory while they sign. The audit log's heads use one; no person and no certificate does.
func (s *PKCS11) NewSigningKey(alg string) (sealed []byte, public crypto.PublicKey, err error) {
	if alg == "EdDSA" {
		return s.newMemoryKey()
	}
	w, public, err := s.generate(alg)
	if err != nil {
		return nil, nil, err
	}
	sealed, err = s.sealWrapped(labelPrivateKey, nil, w)
	return sealed, public, err
}

func (s *PKCS11) newMemoryKey() (sealed []byte, public crypto.PublicKey, err error) {
	public, private, err := ed25519.GenerateKey(s.rand)
	if err != nil {
		return nil, nil, fmt.Errorf("keystore: make EdDSA key: %w", err)
	}
	defer clear(private)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, fmt.Errorf("keystore: encode EdDSA key: %w", err)
	}
	defer clear(der)
	sealed, err = s.Seal(labelMemoryKey, nil, der)
	return sealed, public, err
}

// Signer is as [Soft.Signer]. It survives a device that goes away and comes back.
func (s *PKCS11) Signer(sealed []byte) (crypto.Signer, error) {
	w, public, err := s.openWrapped(labelPrivateKey, nil, sealed)
	if errors.Is(err, ErrTampered) {
		return s.memorySigner(sealed)
	}
	if err != nil {
		return nil, err
	}
	return &deviceKey{s, public, func(l *link, session pkcs11.SessionHandle) (pkcs11.ObjectHandle, error) {
		return l.shared(session, w, public, pkcs11.CKA_SIGN)
	}}, nil
}

func (s *PKCS11) memorySigner(sealed []byte) (crypto.Signer, error) {
	der, err := s.Open(labelMemoryKey, nil, sealed)
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

// NewDecryptionKey is as [Soft.NewDecryptionKey].
func (s *PKCS11) NewDecryptionKey() (sealed []byte, public crypto.PublicKey, err error) {
	w, public, err := s.generate("RSA-2048")
	if err != nil {
		return nil, nil, err
	}
	sealed, err = s.sealWrapped(labelDecryptionKey, nil, w)
	return sealed, public, err
}

// labelRejection makes the texts that stand for wrong blocks; see [Soft.Decrypter].
const labelRejection = "keystore/implicit rejection"

// Decrypter is as [Soft.Decrypter]. The device computes the bare RSA operation; the padding is looked at here, in constant time. ok is false when the device is away, too.
func (s *PKCS11) Decrypter(sealed []byte) (func(ciphertext []byte) (plain []byte, ok bool), error) {
	w, key, err := s.openWrapped(labelDecryptionKey, nil, sealed)
	if err != nil {
		return nil, err
	}
	public, is := key.(*rsa.PublicKey)
	if !is {
		return nil, fmt.Errorf("keystore: a %T does not decrypt", key)
	}
	// Under the generation that the key was made in, so that a rotation changes no answer.
	secret, err := s.MACWith(w.Root, labelRejection, w.Public)
	if err != nil {
		return nil, err
	}
	return func(ciphertext []byte) ([]byte, bool) {
		if len(ciphertext) != public.Size() {
			return nil, false
		}
		// A number as large as the modulus is nobody's secret, but devices answer it with errors of their own.
		block := make([]byte, len(ciphertext))
		if new(big.Int).SetBytes(ciphertext).Cmp(public.N) < 0 {
			var err error
			if block, err = s.raw(w, public, ciphertext); err != nil {
				return nil, false
			}
		}
		right, start := unpad(block)
		return chooseText(right, block, start, secret, ciphertext), true
	}, nil
}

// raw returns a block of the key's length.
func (s *PKCS11) raw(w wrapped, public *rsa.PublicKey, ciphertext []byte) (block []byte, err error) {
	err = s.with(func(l *link, session pkcs11.SessionHandle) error {
		handle, err := l.shared(session, w, public, pkcs11.CKA_DECRYPT)
		if err != nil {
			return err
		}
		if err := l.module.DecryptInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_X_509, nil)}, handle); err != nil {
			return err
		}
		block, err = l.module.Decrypt(session, ciphertext)
		return err
	})
	if err != nil {
		return nil, err
	}
	// Some modules drop leading zeros, and a right block begins with one.
	if missing := public.Size() - len(block); missing > 0 {
		block = append(bytes.Repeat([]byte{0}, missing), block...)
	}
	return block, nil
}

// CertifyDecryptionKey is as [Soft.CertifyDecryptionKey].
func (s *PKCS11) CertifyDecryptionKey(sealed []byte, template *x509.Certificate) ([]byte, error) {
	w, public, err := s.openWrapped(labelDecryptionKey, nil, sealed)
	if err != nil {
		return nil, err
	}
	return selfSign(template, &deviceKey{s, public, func(l *link, session pkcs11.SessionHandle) (pkcs11.ObjectHandle, error) {
		return l.shared(session, w, public, pkcs11.CKA_SIGN)
	}})
}
