package ocsp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Status is what is known of one certificate.
type Status int

// The three answers.
const (
	Good Status = iota
	Revoked
	Unknown
)

// Single is the answer about one certificate.
type Single struct {
	ID         []byte // CertID.Raw
	Status     Status
	RevokedAt  time.Time
	Reason     int       // RFC 5280 §5.3.1; 0 is left out
	ThisUpdate time.Time // when the status was read
	NextUpdate time.Time // zero: none is promised
}

// Answer is what is signed.
type Answer struct {
	Signer      crypto.Signer
	Certificate *x509.Certificate // of the signer; goes with the answer, so that it can be kept with a document for decades
	ProducedAt  time.Time
	Singles     []Single
	Nonce       []byte // Request.Nonce
}

// Refuse writes an answer without a signature.
func Refuse(why Refusal) []byte {
	return []byte{0x30, 3, 0x0a, 1, byte(why)}
}

// Sign writes and signs a successful answer. RSA signs with PKCS#1 v1.5, which every reader knows.
func (a Answer) Sign(random io.Reader) ([]byte, error) {
	hash, algorithm, err := algorithmOf(a.Signer.Public())
	if err != nil {
		return nil, err
	}
	key, ok := keyBits(a.Certificate)
	if !ok || len(a.Singles) == 0 {
		return nil, errors.New("ocsp: nothing to answer, or nobody who could")
	}
	data, err := a.data(digest(crypto.SHA1, key)) // the form of a responder's name is fixed to SHA-1 (RFC 6960 §4.2.1)
	if err != nil {
		return nil, err
	}
	signature, err := a.Signer.Sign(random, digest(hash, data), hash)
	if err != nil {
		return nil, fmt.Errorf("ocsp: sign: %w", err)
	}
	var basic cryptobyte.Builder
	basic.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(data)
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature)
		b.AddASN1(tagOf(0), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(a.Certificate.Raw) })
		})
	})
	inner, err := basic.Bytes()
	if err != nil {
		return nil, err
	}
	var outer cryptobyte.Builder
	outer.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(tagOf(0), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidBasic)
				b.AddASN1OctetString(inner)
			})
		})
	})
	return outer.Bytes()
}

func (a Answer) data(responder []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tagOf(2), func(b *cryptobyte.Builder) { b.AddASN1OctetString(responder) })
		b.AddASN1GeneralizedTime(a.ProducedAt.UTC().Truncate(time.Second))
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, s := range a.Singles {
				b.AddASN1(casn1.SEQUENCE, s.add)
			}
		})
		if a.Nonce == nil {
			return
		}
		b.AddASN1(tagOf(1), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidNonce)
					b.AddASN1OctetString(a.Nonce)
				})
			})
		})
	})
	return b.Bytes()
}

func (s Single) add(b *cryptobyte.Builder) {
	b.AddBytes(s.ID)
	switch s.Status {
	case Good:
		b.AddASN1(casn1.Tag(0).ContextSpecific(), func(*cryptobyte.Builder) {})
	case Revoked:
		b.AddASN1(tagOf(1), func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(s.RevokedAt.UTC().Truncate(time.Second))
			if s.Reason > 0 {
				b.AddASN1(tagOf(0), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(s.Reason)) })
			}
		})
	default:
		b.AddASN1(casn1.Tag(2).ContextSpecific(), func(*cryptobyte.Builder) {})
	}
	b.AddASN1GeneralizedTime(s.ThisUpdate.UTC().Truncate(time.Second))
	if !s.NextUpdate.IsZero() {
		b.AddASN1(tagOf(0), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(s.NextUpdate.UTC().Truncate(time.Second)) })
	}
}

// algorithmOf picks the hash for a key, and the name of the two together in DER.
func algorithmOf(public crypto.PublicKey) (hash crypto.Hash, algorithm []byte, err error) {
	var id asn1.ObjectIdentifier
	null := false
	switch k := public.(type) {
	case *rsa.PublicKey:
		hash, id, null = crypto.SHA256, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, true
	case *ecdsa.PublicKey:
		hash, id = crypto.SHA256, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
		if k.Curve == elliptic.P384() {
			hash, id = crypto.SHA384, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}
		}
	default:
		return 0, nil, fmt.Errorf("ocsp: a %T does not sign answers", public)
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		if null {
			b.AddASN1NULL()
		}
	})
	algorithm, err = b.Bytes()
	return hash, algorithm, err
}
