package tsp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"

	"chave/internal/format/cms"
)

// Responder is an authority's key and what its tokens say of it.
type Responder struct {
	Signer      crypto.Signer // RSA or ECDSA
	Certificate *x509.Certificate
	Chain       []*x509.Certificate   // sent along with the certificate when the request asks for it
	Policy      asn1.ObjectIdentifier // of every token
	Accuracy    time.Duration         // how far the clock may be off, at least 1 ms; EN 319 422 wants at most one second
	Rand        io.Reader             // for the signature; nil: deterministic, as PKCS#1 v1.5 is anyway
}

// Respond answers a request with a token of the given serial number and time. The time is cut to whole seconds. The serial number must be
// the caller's for this token alone (RFC 3161 §2.4.2).
//
// A request for another policy than ours gives a [*RequestError]; other errors are the key's.
func Respond(r Responder, req Request, serial *big.Int, at time.Time) ([]byte, error) {
	token, err := Stamp(r, req, serial, at)
	if err != nil {
		return nil, err
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(0) })
		b.AddBytes(token)
	})
	return b.Bytes()
}

// Stamp makes the token alone, for callers in the same process.
func Stamp(r Responder, req Request, serial *big.Int, at time.Time) ([]byte, error) {
	if err := checkImprint(req.Hash, req.Digest); err != nil {
		return nil, err
	}
	if req.Policy != nil && !req.Policy.Equal(r.Policy) {
		return nil, &RequestError{UnacceptedPolicy, "policy"}
	}
	if r.Signer == nil || r.Certificate == nil || r.Policy == nil || serial == nil || serial.Sign() <= 0 || r.Accuracy < time.Millisecond {
		return nil, errors.New("tsp: responder is not complete")
	}
	if err := CheckUsage(r.Certificate); err != nil {
		return nil, err
	}
	info, err := r.info(req, serial, at)
	if err != nil {
		return nil, err
	}
	h := r.hash()
	s := cms.Signing{Certificate: r.Certificate, Chain: r.Chain, Bare: !req.CertReq, Hash: h, ContentType: cms.OIDTSTInfo, Content: info}
	if s.MessageDigest, err = cms.Digest(info)(h); err != nil {
		return nil, err
	}
	attrs, err := s.Attributes()
	if err != nil {
		return nil, err
	}
	digest, err := cms.Digest(attrs)(h)
	if err != nil {
		return nil, err
	}
	signature, err := r.Signer.Sign(r.Rand, digest, h)
	if err != nil {
		return nil, err
	}
	return s.Assemble(signature)
}

// hash is as strong as the key: SHA-384 for P-384 and SHA-512 for P-521, SHA-256 for the rest.
func (r Responder) hash() crypto.Hash {
	if key, ok := r.Signer.Public().(*ecdsa.PublicKey); ok {
		switch bits := key.Curve.Params().BitSize; {
		case bits > 384:
			return crypto.SHA512
		case bits > 256:
			return crypto.SHA384
		}
	}
	return crypto.SHA256
}

func (r Responder) info(req Request, serial *big.Int, at time.Time) ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(r.Policy)
		addImprint(b, req.Hash, req.Digest)
		b.AddASN1BigInt(serial)
		b.AddASN1GeneralizedTime(at.UTC().Truncate(time.Second))
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
			if s := int64(r.Accuracy / time.Second); s > 0 {
				b.AddASN1Int64(s)
			}
			if ms := int64(r.Accuracy % time.Second / time.Millisecond); ms > 0 {
				b.AddASN1Int64WithTag(ms, cb.Tag(0).ContextSpecific())
			}
		})
		if req.Nonce != nil {
			b.AddASN1BigInt(req.Nonce)
		}
	})
	return b.Bytes()
}

// Reject is the answer without a token (status 2). The text is for people and may be empty.
func Reject(why Failure, text string) ([]byte, error) {
	if why < 0 || why > 31 || !utf8.ValidString(text) {
		return nil, errors.New("tsp: no such failure")
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(2)
			if text != "" {
				b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cb.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
				})
			}
			// A named bit list: as long as its last bit, the rest of the octet unused.
			b.AddASN1(cb.BIT_STRING, func(b *cryptobyte.Builder) {
				octets := make([]byte, why/8+1)
				octets[why/8] = 0x80 >> (why % 8)
				b.AddUint8(uint8(7 - why%8))
				b.AddBytes(octets)
			})
		})
	})
	return b.Bytes()
}

// CheckUsage holds a certificate to RFC 3161 §2.3: the extended key usage is critical and names time-stamping alone.
func CheckUsage(c *x509.Certificate) error {
	if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) > 0 {
		return ErrUsage
	}
	if c.KeyUsage != 0 && c.KeyUsage&^(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) != 0 {
		return ErrUsage
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) && e.Critical {
			return nil
		}
	}
	return ErrUsage
}
