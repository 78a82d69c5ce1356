//go:build pkcs11

package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"

	"github.com/miekg/pkcs11"
)

// handleOf finds a key's object on whatever link there is.
type handleOf func(*link, pkcs11.SessionHandle) (pkcs11.ObjectHandle, error)

// deviceKey is a private key in the device as crypto.Signer.
type deviceKey struct {
	store  *PKCS11
	public crypto.PublicKey
	handle handleOf
}

func (k *deviceKey) Public() crypto.PublicKey { return k.public }

// Sign needs no randomness from here; the device has its own.
func (k *deviceKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) (signature []byte, err error) {
	mechanism, message, err := signing11(k.public, digest, opts)
	if err != nil {
		return nil, err
	}
	err = k.store.with(func(l *link, session pkcs11.SessionHandle) error {
		handle, err := k.handle(l, session)
		if err != nil {
			return err
		}
		if err := l.module.SignInit(session, []*pkcs11.Mechanism{mechanism}, handle); err != nil {
			return err
		}
		signature, err = l.module.Sign(session, message)
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, is := k.public.(*ecdsa.PublicKey); is {
		return derOf(signature)
	}
	return signature, nil
}

// digestInfo is what stands before a digest in PKCS#1 v1.5 (RFC 8017 §9.2, note 1).
var digestInfo = map[crypto.Hash][]byte{
	crypto.SHA1:   {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}, // for the compat wires
	crypto.SHA256: {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	crypto.SHA384: {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30},
	crypto.SHA512: {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
}

// pss names a hash twice, as PKCS#11 wants it.
var pss = map[crypto.Hash][2]uint{
	crypto.SHA256: {pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256},
	crypto.SHA384: {pkcs11.CKM_SHA384, pkcs11.CKG_MGF1_SHA384},
	crypto.SHA512: {pkcs11.CKM_SHA512, pkcs11.CKG_MGF1_SHA512},
}

// signing11 chooses the mechanism, and what it is given.
func signing11(public crypto.PublicKey, digest []byte, opts crypto.SignerOpts) (*pkcs11.Mechanism, []byte, error) {
	hash := opts.HashFunc()
	if hash != 0 && len(digest) != hash.Size() {
		return nil, nil, fmt.Errorf("keystore: a digest of %d bytes is not of %v", len(digest), hash)
	}
	switch public.(type) {
	case *rsa.PublicKey:
		if options, is := opts.(*rsa.PSSOptions); is {
			names, known := pss[hash]
			if !known || options.SaltLength != rsa.PSSSaltLengthEqualsHash && options.SaltLength != hash.Size() {
				return nil, nil, errors.New("keystore: PSS only with SHA-2 and a salt as long as the hash")
			}
			return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_PSS, pkcs11.NewPSSParams(names[0], names[1], uint(hash.Size()))), digest, nil
		}
		prefix, known := digestInfo[hash]
		if !known {
			return nil, nil, fmt.Errorf("keystore: no PKCS#1 v1.5 signature over %v", hash)
		}
		return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil), append(append([]byte(nil), prefix...), digest...), nil
	case *ecdsa.PublicKey:
		if hash == 0 {
			return nil, nil, errors.New("keystore: a digest of no known hash")
		}
		return pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil), digest, nil
	}
	return nil, nil, fmt.Errorf("keystore: a %T does not sign in a device", public)
}

// derOf makes ASN.1 of the device's r ‖ s.
func derOf(signature []byte) ([]byte, error) {
	half := len(signature) / 2
	if half == 0 || len(signature)%2 != 0 {
		return nil, fmt.Errorf("keystore: the device's signature has %d bytes", len(signature))
	}
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
}

// Format prints [redacted] for every verb.
func (*deviceKey) Format(s fmt.State, _ rune) { io.WriteString(s, "keystore signer "+redacted) }

// String returns [redacted].
func (*deviceKey) String() string { return "keystore signer " + redacted }

// LogValue returns [redacted].
func (*deviceKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (*deviceKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format prints [redacted] for every verb.
func (*PKCS11) Format(s fmt.State, _ rune) { io.WriteString(s, "keystore.PKCS11 "+redacted) }

// String returns [redacted].
func (*PKCS11) String() string { return "keystore.PKCS11 " + redacted }

// LogValue returns [redacted].
func (*PKCS11) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (*PKCS11) MarshalText() ([]byte, error) { return []byte(redacted), nil }
