//go:build pkcs11

package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"
)

// wrapped is a private key outside the device: encrypted by its generation's wrapping key (CKM_AES_KEY_WRAP_PAD, RFC 5649's older sister), with what must be known to use it. It
// is always sealed, which authenticates it and says whose it is.
type wrapped struct {
	Root   string `asn1:"utf8"` // key id of the generation whose wrapping key it needs
	Public []byte // SubjectPublicKeyInfo
	Key    []byte
}

func (w wrapped) encode() ([]byte, error) {
	der, err := asn1.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("keystore: encode wrapped key: %w", err)
	}
	return der, nil
}

func decodeWrapped(der []byte) (w wrapped, public crypto.PublicKey, err error) {
	if rest, err := asn1.Unmarshal(der, &w); err != nil || len(rest) > 0 {
		return w, nil, errors.New("keystore: not a wrapped key")
	}
	public, err = x509.ParsePKIXPublicKey(w.Public)
	if err != nil {
		return w, nil, fmt.Errorf("keystore: public key of a wrapped key: %w", err)
	}
	return w, public, nil
}

// A pair is a kind of key pair.
type pair struct {
	mechanism uint           // that makes it
	bits      int            // RSA
	name      []byte         // of the curve, DER
	curve     elliptic.Curve // the same
}

// The curves' names as DER.
var (
	nameP256 = []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}
	nameP384 = []byte{0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22}
)

func pairOf(alg string) (pair, error) {
	switch alg {
	case "ES256", "P-256":
		return pair{mechanism: pkcs11.CKM_EC_KEY_PAIR_GEN, name: nameP256, curve: elliptic.P256()}, nil
	case "P-384":
		return pair{mechanism: pkcs11.CKM_EC_KEY_PAIR_GEN, name: nameP384, curve: elliptic.P384()}, nil
	case "RS256", "RSA-3072":
		return pair{mechanism: pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, bits: rsaBits}, nil
	case "RSA-4096":
		return pair{mechanism: pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, bits: rootBits}, nil
	case "RSA-2048":
		return pair{mechanism: pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, bits: compatBits}, nil
	}
	return pair{}, fmt.Errorf("keystore: no signing keys for algorithm %q", alg)
}

// generate makes a key pair in the device, wraps the private half out, and destroys both. The private half can leave, wrapped, for as long as this takes.
func (s *PKCS11) generate(alg string) (w wrapped, public crypto.PublicKey, err error) {
	kind, err := pairOf(alg)
	if err != nil {
		return w, nil, err
	}
	publicTemplate := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false), pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true)}
	if kind.bits > 0 {
		publicTemplate = append(publicTemplate, pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, kind.bits), pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}))
	} else {
		publicTemplate = append(publicTemplate, pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, kind.name))
	}
	err = s.with(func(l *link, session pkcs11.SessionHandle) (err error) {
		keys, err := l.keys(s.CurrentKey())
		if err != nil {
			return err
		}
		pub, private, err := l.module.GenerateKeyPair(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(kind.mechanism, nil)}, publicTemplate,
			append(privateTemplate(pkcs11.CKA_SIGN), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true)))
		if err != nil {
			return err
		}
		defer func() {
			err = errors.Join(err, l.module.DestroyObject(session, pub), l.module.DestroyObject(session, private))
		}()
		if public, err = l.read(session, pub, kind); err != nil {
			return err
		}
		w.Root = s.CurrentKey()
		w.Key, err = l.module.WrapKey(session, wrapMechanism(), keys.wrap, private)
		return err
	})
	if err != nil {
		return w, nil, err
	}
	if w.Public, err = x509.MarshalPKIXPublicKey(public); err != nil {
		return w, nil, fmt.Errorf("keystore: encode %s public key: %w", alg, err)
	}
	return w, public, nil
}

// read takes the public key out of the device.
func (l *link) read(session pkcs11.SessionHandle, handle pkcs11.ObjectHandle, kind pair) (crypto.PublicKey, error) {
	if kind.bits > 0 {
		attributes, err := l.module.GetAttributeValue(session, handle, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_MODULUS, nil), pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, nil),
		})
		if err != nil {
			return nil, err
		}
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(attributes[0].Value), E: int(new(big.Int).SetBytes(attributes[1].Value).Int64())}
		if public.N.BitLen() != kind.bits || public.E != 65537 {
			return nil, fmt.Errorf("keystore: the device made an RSA key of %d bits with exponent %d", public.N.BitLen(), public.E)
		}
		return public, nil
	}
	attributes, err := l.module.GetAttributeValue(session, handle, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, nil)})
	if err != nil {
		return nil, err
	}
	// The point is an OCTET STRING around what one expects (v2.40 §2.3.3); older modules leave it out.
	point := attributes[0].Value
	var inside []byte
	if rest, err := asn1.Unmarshal(point, &inside); err == nil && len(rest) == 0 {
		point = inside
	}
	public, err := ecdsa.ParseUncompressedPublicKey(kind.curve, point)
	if err != nil {
		return nil, fmt.Errorf("keystore: the device's public key: %w", err)
	}
	return public, nil
}

// rewrap moves a key to the current generation. Between the two it is a session object that can leave, wrapped.
func (s *PKCS11) rewrap(w wrapped, public crypto.PublicKey) (wrapped, error) {
	if w.Root == s.CurrentKey() {
		return w, nil
	}
	err := s.with(func(l *link, session pkcs11.SessionHandle) (err error) {
		keys, err := l.keys(s.CurrentKey())
		if err != nil {
			return err
		}
		handle, err := l.unwrap(session, w, public, pkcs11.CKA_SIGN, true)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, l.module.DestroyObject(session, handle)) }()
		key, err := l.module.WrapKey(session, wrapMechanism(), keys.wrap, handle)
		if err == nil {
			w.Root, w.Key = s.CurrentKey(), key
		}
		return err
	})
	return w, err
}

// unwrap makes a session object that does one thing.
func (l *link) unwrap(session pkcs11.SessionHandle, w wrapped, public crypto.PublicKey, use uint, extractable bool) (pkcs11.ObjectHandle, error) {
	keys, err := l.keys(w.Root)
	if err != nil {
		return 0, err
	}
	template := append(privateTemplate(use), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, extractable),
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY))
	if _, is := public.(*rsa.PublicKey); is {
		template = append(template, pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_RSA))
	} else {
		template = append(template, pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_EC))
	}
	return l.module.UnwrapKey(session, wrapMechanism(), keys.wrap, w.Key, template)
}

// shared is unwrap for keys of the installation: one object for each for as long as the link lasts.
func (l *link) shared(session pkcs11.SessionHandle, w wrapped, public crypto.PublicKey, use uint) (pkcs11.ObjectHandle, error) {
	name := sha256.Sum256(append([]byte{byte(use >> 8), byte(use)}, w.Key...))
	l.mu.Lock()
	defer l.mu.Unlock()
	if handle, known := l.objects[name]; known {
		return handle, nil
	}
	handle, err := l.unwrap(session, w, public, use, false)
	if err == nil {
		l.objects[name] = handle
	}
	return handle, err
}

func wrapMechanism() []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP_PAD, nil)}
}

// privateTemplate describes a private key in the device: nobody reads it, it goes with its session, and it does what use names. Whether it may leave, wrapped, the caller adds.
func privateTemplate(use uint) []*pkcs11.Attribute {
	template := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
	}
	for _, u := range []uint{pkcs11.CKA_SIGN, pkcs11.CKA_DECRYPT, pkcs11.CKA_UNWRAP} {
		template = append(template, pkcs11.NewAttribute(u, u == use))
	}
	return template
}
