package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"
)

// SignedData is what a ContentInfo says. Nothing in it is believed yet.
type SignedData struct {
	ContentType  asn1.ObjectIdentifier
	Content      []byte // nil when Detached
	Detached     bool
	Certificates []*x509.Certificate // those that can be read; others are left out
	CRLs         [][]byte            // CertificateList, DER
	OCSPs        [][]byte            // OCSPResponse, DER
	Signers      []Signer
}

// Signer is one SignerInfo.
type Signer struct {
	Issuer []byte // RawIssuer of the certificate; nil when KeyID names it
	Serial *big.Int
	KeyID  []byte
	Hash   crypto.Hash // of content and attributes; 0: not known, and the signature cannot be verified

	Signed    []Attribute
	Unsigned  []Attribute
	RawSigned []byte // the signed attributes as they were hashed (tag 0x31); nil when there are none
	Signature []byte

	algorithm   algorithm
	contentType asn1.ObjectIdentifier
}

// Parse reads a ContentInfo with a SignedData inside. Padding must have been cut off ([Trim]).
func Parse(input []byte) (*SignedData, error) {
	p, err := split(input)
	if err != nil {
		return nil, err
	}
	sd := &SignedData{ContentType: p.contentType, Detached: true}
	encap := cryptobyte.String(p.encap)
	var seq, explicit cryptobyte.String
	var there bool
	var oid asn1.ObjectIdentifier
	if !encap.ReadASN1(&seq, cb.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) ||
		!seq.ReadOptionalASN1(&explicit, &there, cb.Tag(0).Constructed().ContextSpecific()) || !seq.Empty() {
		return nil, fmt.Errorf("%w: content", ErrMalformed)
	}
	if there {
		sd.Detached = false
		if !explicit.ReadASN1Bytes(&sd.Content, cb.OCTET_STRING) || !explicit.Empty() {
			return nil, fmt.Errorf("%w: content", ErrMalformed)
		}
	}
	for _, der := range p.certs {
		// Attribute certificates ([1], [2]) and certificates that break the rules are carried along by others; they can prove nothing here.
		if der[0] == 0x30 {
			if c, err := x509.ParseCertificate(der); err == nil {
				sd.Certificates = append(sd.Certificates, c)
			}
		}
	}
	for _, der := range p.crls {
		if der[0] == 0x30 {
			sd.CRLs = append(sd.CRLs, der)
		} else if r := readOCSP(der); r != nil {
			sd.OCSPs = append(sd.OCSPs, r)
		}
	}
	for _, der := range p.signers {
		s, err := readSigner(der)
		if err != nil {
			return nil, err
		}
		s.contentType = p.contentType
		sd.Signers = append(sd.Signers, *s)
	}
	return sd, nil
}

func readSigner(der []byte) (*Signer, error) {
	bad := fmt.Errorf("%w: signer", ErrMalformed)
	in := cryptobyte.String(der)
	var seq, sid, attrs, signature cryptobyte.String
	var version int64
	if !in.ReadASN1(&seq, cb.SEQUENCE) || !in.Empty() || !seq.ReadASN1Integer(&version) {
		return nil, bad
	}
	var s Signer
	if seq.PeekASN1Tag(cb.SEQUENCE) {
		var name cryptobyte.String
		s.Serial = new(big.Int)
		if !seq.ReadASN1(&sid, cb.SEQUENCE) || !sid.ReadASN1Element(&name, cb.SEQUENCE) || !sid.ReadASN1Integer(s.Serial) || !sid.Empty() {
			return nil, bad
		}
		s.Issuer = name
	} else if !seq.ReadASN1Bytes(&s.KeyID, cb.Tag(0).ContextSpecific()) {
		return nil, bad
	}
	digest, ok := readAlgorithm(&seq)
	if !ok {
		return nil, bad
	}
	if digest.bare() {
		s.Hash = HashByOID(digest.oid)
	}
	var there bool
	if !seq.ReadOptionalASN1(&attrs, &there, cb.Tag(0).Constructed().ContextSpecific()) {
		return nil, bad
	}
	if there {
		if s.Signed, ok = readAttributes(attrs); !ok {
			return nil, bad
		}
		s.RawSigned = element([]byte{0x31}, attrs)
	}
	if s.algorithm, ok = readAlgorithm(&seq); !ok || !seq.ReadASN1(&signature, cb.OCTET_STRING) {
		return nil, bad
	}
	s.Signature = signature
	if !seq.ReadOptionalASN1(&attrs, &there, cb.Tag(1).Constructed().ContextSpecific()) || !seq.Empty() {
		return nil, bad
	}
	if there {
		if s.Unsigned, ok = readAttributes(attrs); !ok {
			return nil, bad
		}
	}
	return &s, nil
}

// readOCSP takes an OCSP response out of an OtherRevocationInfoFormat, nil for anything else.
func readOCSP(der []byte) []byte {
	in := cryptobyte.String(der)
	var seq, info cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&seq, cb.Tag(1).Constructed().ContextSpecific()) || !seq.ReadASN1ObjectIdentifier(&oid) || !seq.ReadASN1Element(&info, cb.SEQUENCE) || !seq.Empty() {
		return nil
	}
	switch {
	case oid.Equal(oidOCSPResponse):
		return info
	case oid.Equal(oidOCSPBasic):
		return envelope(info)
	}
	return nil
}

// envelope puts a BasicOCSPResponse into a successful OCSPResponse (RFC 6960 §4.2.1).
func envelope(basic []byte) []byte {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(cb.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidOCSPBasic)
				b.AddASN1OctetString(basic)
			})
		})
	})
	return b.BytesOrPanic()
}

// Certificate finds the signer's certificate among those given, nil when it is not there. The reference inside the signed attributes, where there is
// one, decides between certificates that share issuer and number.
func (s *Signer) Certificate(pool []*x509.Certificate) *x509.Certificate {
	var first *x509.Certificate
	for _, c := range pool {
		if !s.identifies(c) {
			continue
		}
		if first == nil {
			first = c
		}
		if s.checkReference(c) == nil {
			return c
		}
	}
	return first
}

func (s *Signer) identifies(c *x509.Certificate) bool {
	if s.KeyID != nil {
		return bytes.Equal(s.KeyID, c.SubjectKeyId)
	}
	return s.Serial != nil && c.SerialNumber.Cmp(s.Serial) == 0 && bytes.Equal(c.RawIssuer, s.Issuer)
}

// SigningTime is when the signer says it signed; zero when it does not say. It proves nothing.
func (s *Signer) SigningTime() time.Time {
	v, err := single(s.Signed, OIDSigningTime)
	if err != nil || v == nil {
		return time.Time{}
	}
	at, _ := readTime(v)
	return at
}

// Timestamps are the time-stamp tokens over the signature value, each a ContentInfo.
func (s *Signer) Timestamps() [][]byte {
	var out [][]byte
	for _, a := range s.Unsigned {
		if a.Type.Equal(OIDTimestamp) {
			out = append(out, a.Values...)
		}
	}
	return out
}

// Refers tells whether the signed attributes name the certificate that signed (signingCertificate or its second version).
func (s *Signer) Refers() bool {
	for _, a := range s.Signed {
		if a.Type.Equal(OIDSigningCertificateV2) || a.Type.Equal(OIDSigningCertificate) {
			return true
		}
	}
	return false
}

// Policy is the identifier of the signature policy that was signed, nil when there is none.
func (s *Signer) Policy() asn1.ObjectIdentifier {
	v, err := single(s.Signed, OIDSignaturePolicy)
	if err != nil || v == nil {
		return nil
	}
	in := cryptobyte.String(v)
	var seq cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&seq, cb.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) {
		return nil
	}
	return oid
}
