package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"
)

// Content types and attributes, by the names their standards give them.
var (
	OIDData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	OIDSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	OIDTSTInfo    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4} // RFC 3161: content of a time-stamp token

	OIDContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	OIDMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	OIDSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	OIDSigningCertificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	OIDSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	OIDSignaturePolicy      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 15}
	OIDCommitment           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 16}
	OIDTimestamp            = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14} // signature-time-stamp, unsigned
)

// Attribute is one attribute of a signer: signed or not. Each value is a whole DER element.
type Attribute struct {
	Type   asn1.ObjectIdentifier
	Values [][]byte
}

func (a Attribute) marshal() ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(a.Type)
		b.AddASN1(cb.SET, func(b *cryptobyte.Builder) {
			for _, v := range sorted(a.Values) {
				b.AddBytes(v)
			}
		})
	})
	return b.Bytes()
}

// sorted puts the elements of a SET OF in the order that DER asks for (X.690 §11.6).
func sorted(elements [][]byte) [][]byte {
	out := slices.Clone(elements)
	slices.SortFunc(out, bytes.Compare)
	return out
}

// marshalSet writes attributes as a set under the tag given: SET where it is hashed, [0] or [1] where it is kept.
func marshalSet(attrs []Attribute, tag cb.Tag) ([]byte, error) {
	var each [][]byte
	for _, a := range attrs {
		der, err := a.marshal()
		if err != nil {
			return nil, err
		}
		each = append(each, der)
	}
	return wrap(tag, sorted(each)...)
}

// wrap puts elements one after another under a tag.
func wrap(tag cb.Tag, elements ...[]byte) ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, e := range elements {
			b.AddBytes(e)
		}
	})
	return b.Bytes()
}

func readAttributes(s cryptobyte.String) ([]Attribute, bool) {
	var out []Attribute
	for !s.Empty() {
		var seq, set cryptobyte.String
		var a Attribute
		if !s.ReadASN1(&seq, cb.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&a.Type) || !seq.ReadASN1(&set, cb.SET) || !seq.Empty() {
			return nil, false
		}
		for !set.Empty() {
			var v cryptobyte.String
			var tag cb.Tag
			if !set.ReadAnyASN1Element(&v, &tag) {
				return nil, false
			}
			a.Values = append(a.Values, v)
		}
		out = append(out, a)
	}
	return out, true
}

// single finds the one value of an attribute that must not be repeated. nil when it is absent.
func single(attrs []Attribute, oid asn1.ObjectIdentifier) ([]byte, error) {
	var found []byte
	for _, a := range attrs {
		if !a.Type.Equal(oid) {
			continue
		}
		if found != nil || len(a.Values) != 1 {
			return nil, fmt.Errorf("%w: attribute %v is repeated", ErrMalformed, oid)
		}
		found = a.Values[0]
	}
	return found, nil
}

// essCertificate is one reference to a certificate (RFC 5035 §4): the hash decides, issuer and serial number only confirm.
type essCertificate struct {
	hash   crypto.Hash
	digest []byte
	issuer []byte // the Name, nil when not given
	serial *big.Int
}

func (e essCertificate) names(cert *x509.Certificate) bool {
	if !e.hash.Available() {
		return false
	}
	h := e.hash.New()
	h.Write(cert.Raw)
	if !bytes.Equal(h.Sum(nil), e.digest) {
		return false
	}
	return e.serial == nil || e.serial.Cmp(cert.SerialNumber) == 0 && (e.issuer == nil || bytes.Equal(e.issuer, cert.RawIssuer))
}

// marshalSigningCertificateV2 refers to a certificate by hash, issuer and serial number. SHA-256 is the default and is left out, as DER wants.
func marshalSigningCertificateV2(cert *x509.Certificate, h crypto.Hash) ([]byte, error) {
	sum := h.New()
	sum.Write(cert.Raw)
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { // SigningCertificateV2
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { // certs
			b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { // ESSCertIDv2
				if h != crypto.SHA256 {
					addAlgorithm(b, HashOID(h), false)
				}
				b.AddASN1OctetString(sum.Sum(nil))
				b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { // IssuerSerial
					b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { // GeneralNames
						b.AddASN1(cb.Tag(4).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(cert.RawIssuer) })
					})
					b.AddASN1BigInt(cert.SerialNumber)
				})
			})
		})
	})
	return b.Bytes()
}

// readSigningCertificate reads the first reference of a signingCertificate (v1: always SHA-1) or signingCertificateV2; the others name the chain.
func readSigningCertificate(der []byte, v2 bool) (e essCertificate, err error) {
	bad := fmt.Errorf("%w: signing certificate reference", ErrMalformed)
	s := cryptobyte.String(der)
	var outer, certs, id, serial, names cryptobyte.String
	if !s.ReadASN1(&outer, cb.SEQUENCE) || !s.Empty() || !outer.ReadASN1(&certs, cb.SEQUENCE) || !certs.ReadASN1(&id, cb.SEQUENCE) {
		return e, bad
	}
	e.hash = crypto.SHA1
	if v2 {
		e.hash = crypto.SHA256
		if id.PeekASN1Tag(cb.SEQUENCE) {
			a, ok := readAlgorithm(&id)
			if !ok || !a.bare() {
				return e, bad
			}
			if e.hash = HashByOID(a.oid); e.hash == 0 {
				return e, fmt.Errorf("%w: hash of the signing certificate reference", ErrUnsupported)
			}
		}
	}
	if !id.ReadASN1Bytes(&e.digest, cb.OCTET_STRING) {
		return e, bad
	}
	if id.Empty() {
		return e, nil
	}
	e.serial = new(big.Int)
	if !id.ReadASN1(&serial, cb.SEQUENCE) || !id.Empty() || !serial.ReadASN1(&names, cb.SEQUENCE) || !serial.ReadASN1Integer(e.serial) || !serial.Empty() {
		return e, bad
	}
	var dir cryptobyte.String
	if names.ReadASN1(&dir, cb.Tag(4).Constructed().ContextSpecific()) {
		e.issuer = dir
	}
	return e, nil
}

// marshalTime writes a CMS time: UTCTime through 2049 (RFC 5652 §11.3), whole seconds.
func marshalTime(at time.Time) ([]byte, error) {
	at = at.UTC().Truncate(time.Second)
	b := cryptobyte.NewBuilder(nil)
	if y := at.Year(); y >= 1950 && y < 2050 {
		b.AddASN1UTCTime(at)
	} else {
		b.AddASN1GeneralizedTime(at)
	}
	return b.Bytes()
}

func readTime(der []byte) (at time.Time, ok bool) {
	s := cryptobyte.String(der)
	if s.PeekASN1Tag(cb.UTCTime) {
		ok = s.ReadASN1UTCTime(&at)
	} else {
		ok = s.ReadASN1GeneralizedTime(&at)
	}
	return at.UTC(), ok && s.Empty()
}

func marshalOID(oid asn1.ObjectIdentifier, depth int) ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1ObjectIdentifier(oid)
	der, err := b.Bytes()
	for range depth {
		if err == nil {
			der, err = wrap(cb.SEQUENCE, der)
		}
	}
	return der, err
}
