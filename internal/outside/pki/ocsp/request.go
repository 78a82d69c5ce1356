package ocsp

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" //nolint:gosec // CertID names an issuer by SHA-1 in nearly every client (RFC 6960 §4.1.1); nothing is trusted because of it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Limits on what a stranger may ask in one request.
const (
	MaxRequest = 16 << 10 // bytes
	MaxAsked   = 16       // certificates
	MaxNonce   = 128      // bytes (RFC 9654 §2.1)
)

// ErrMalformed says that a request is none, or asks more than we answer.
var ErrMalformed = errors.New("ocsp: malformed request")

// CertID is one certificate as a client names it.
type CertID struct {
	Raw    []byte // DER, to be repeated in the answer
	Hash   crypto.Hash
	Name   []byte // hash of the issuer's name
	Key    []byte // hash of the issuer's key
	Serial *big.Int
}

// Request is what a client wants to know. The client's own signature and name, which the format allows, are not looked at: status is public.
type Request struct {
	Asked []CertID
	Nonce []byte // as it stands in the extension; nil for none
}

// Parse reads a request.
func Parse(der []byte) (Request, error) {
	var r Request
	if len(der) > MaxRequest {
		return r, ErrMalformed
	}
	in := cryptobyte.String(der)
	var outer, tbs, list cryptobyte.String
	if !in.ReadASN1(&outer, casn1.SEQUENCE) || !in.Empty() || !outer.ReadASN1(&tbs, casn1.SEQUENCE) ||
		!outer.SkipOptionalASN1(tagOf(0)) || !outer.Empty() {
		return r, ErrMalformed
	}
	if version, has := int64(0), tbs.PeekASN1Tag(tagOf(0)); has {
		var inner cryptobyte.String
		if !tbs.ReadASN1(&inner, tagOf(0)) || !inner.ReadASN1Integer(&version) || !inner.Empty() || version != 0 {
			return r, ErrMalformed
		}
	}
	if !tbs.SkipOptionalASN1(tagOf(1)) || !tbs.ReadASN1(&list, casn1.SEQUENCE) || list.Empty() {
		return r, ErrMalformed
	}
	for !list.Empty() {
		one, ok := readAsked(&list)
		if !ok || len(r.Asked) == MaxAsked {
			return Request{}, ErrMalformed
		}
		r.Asked = append(r.Asked, one)
	}
	var extensions cryptobyte.String
	var has bool
	if !tbs.ReadOptionalASN1(&extensions, &has, tagOf(2)) || !tbs.Empty() {
		return Request{}, ErrMalformed
	}
	if has {
		nonce, ok := readNonce(extensions)
		if !ok {
			return Request{}, ErrMalformed
		}
		r.Nonce = nonce
	}
	return r, nil
}

// tagOf is an explicit, constructed context tag.
func tagOf(n int) casn1.Tag { return casn1.Tag(n).Constructed().ContextSpecific() }

func readAsked(list *cryptobyte.String) (CertID, bool) {
	var c CertID
	var one, raw cryptobyte.String
	if !list.ReadASN1(&one, casn1.SEQUENCE) || !one.ReadASN1Element(&raw, casn1.SEQUENCE) || !one.SkipOptionalASN1(tagOf(0)) || !one.Empty() {
		return c, false
	}
	c.Raw = bytes.Clone(raw)
	var id, algorithm, name, key cryptobyte.String
	var hash asn1.ObjectIdentifier
	c.Serial = new(big.Int)
	if !raw.ReadASN1(&id, casn1.SEQUENCE) || !id.ReadASN1(&algorithm, casn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&hash) ||
		!id.ReadASN1(&name, casn1.OCTET_STRING) || !id.ReadASN1(&key, casn1.OCTET_STRING) || !id.ReadASN1Integer(c.Serial) || !id.Empty() {
		return c, false
	}
	c.Hash, c.Name, c.Key = hashOf(hash), name, key
	return c, true
}

// hashOf is zero for an algorithm that we do not name issuers by.
func hashOf(id asn1.ObjectIdentifier) crypto.Hash {
	switch {
	case id.Equal(oidSHA1):
		return crypto.SHA1
	case id.Equal(oidSHA256):
		return crypto.SHA256
	case id.Equal(oidSHA384):
		return crypto.SHA384
	case id.Equal(oidSHA512):
		return crypto.SHA512
	}
	return 0
}

// readNonce finds the nonce among a request's extensions. Its length is held, so that nobody has us sign a text of their choice (RFC 9654 §3.1). Other extensions
// ask for things that we may leave out; a critical one may not be.
func readNonce(in cryptobyte.String) (nonce []byte, ok bool) {
	var all cryptobyte.String
	if !in.ReadASN1(&all, casn1.SEQUENCE) || !in.Empty() {
		return nil, false
	}
	for !all.Empty() {
		var one, value cryptobyte.String
		var id asn1.ObjectIdentifier
		critical := false
		if !all.ReadASN1(&one, casn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&id) ||
			one.PeekASN1Tag(casn1.BOOLEAN) && !one.ReadASN1Boolean(&critical) ||
			!one.ReadASN1(&value, casn1.OCTET_STRING) || !one.Empty() {
			return nil, false
		}
		switch {
		case id.Equal(oidNonce):
			var inner cryptobyte.String
			content := value
			if nonce != nil || !content.ReadASN1(&inner, casn1.OCTET_STRING) || !content.Empty() || len(inner) == 0 || len(inner) > MaxNonce {
				return nil, false
			}
			nonce = bytes.Clone(value)
		case critical:
			return nil, false
		}
	}
	return nonce, true
}

// Names tells whether a client means this issuer.
func (c CertID) Names(issuer *x509.Certificate) bool {
	if c.Hash == 0 {
		return false
	}
	key, ok := keyBits(issuer)
	return ok && bytes.Equal(c.Name, digest(c.Hash, issuer.RawSubject)) && bytes.Equal(c.Key, digest(c.Hash, key))
}

func digest(h crypto.Hash, data []byte) []byte {
	d := h.New()
	d.Write(data)
	return d.Sum(nil)
}

// keyBits is a certificate's public key without its algorithm, which is what hashes of keys are made over.
func keyBits(c *x509.Certificate) (bits []byte, ok bool) {
	in := cryptobyte.String(c.RawSubjectPublicKeyInfo)
	var info, algorithm cryptobyte.String
	ok = in.ReadASN1(&info, casn1.SEQUENCE) && info.ReadASN1(&algorithm, casn1.SEQUENCE) && info.ReadASN1BitStringAsBytes(&bits)
	return bits, ok
}

// Ask writes a request of one certificate, for clients within the house and tests. The issuer is named by SHA-256.
func Ask(serial *big.Int, issuer *x509.Certificate) ([]byte, error) {
	key, ok := keyBits(issuer)
	if !ok {
		return nil, errors.New("ocsp: issuer's key cannot be read")
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidSHA256) })
						b.AddASN1OctetString(digest(crypto.SHA256, issuer.RawSubject))
						b.AddASN1OctetString(digest(crypto.SHA256, key))
						b.AddASN1BigInt(serial)
					})
				})
			})
		})
	})
	return b.Bytes()
}
