package cms

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"
)

// Signing is one signature to be made by one signer over one content whose digest is known. Equal values give equal octets.
type Signing struct {
	Certificate *x509.Certificate   // the signer's; its key is the one that signs the attributes
	Chain       []*x509.Certificate // what else a reader needs: issuing CA, root
	Bare        bool                // leave all certificates out (a time-stamp request may ask for that)

	Hash          crypto.Hash           // SHA-256, SHA-384 or SHA-512: of the content, the attributes and the reference to the certificate
	MessageDigest []byte                // of the content, made with Hash
	ContentType   asn1.ObjectIdentifier // nil: id-data
	Content       []byte                // what to carry inside; nil: detached

	SigningTime time.Time             // zero: none. PAdES forbids it (EN 319 142-1 §6.3), CAdES baseline asks for it (EN 319 122-1 §6.3)
	Policy      asn1.ObjectIdentifier // nil: none. By identifier alone: the digest of the national policy was never published (cmd-signature §2.5)
	Commitment  asn1.ObjectIdentifier // nil: none
}

func (s Signing) contentType() asn1.ObjectIdentifier {
	if s.ContentType == nil {
		return OIDData
	}
	return s.ContentType
}

func (s Signing) check() error {
	switch {
	case s.Certificate == nil:
		return errors.New("cms: no certificate to sign with")
	case s.Hash != crypto.SHA256 && s.Hash != crypto.SHA384 && s.Hash != crypto.SHA512:
		return fmt.Errorf("%w: hash", ErrUnsupported)
	case len(s.MessageDigest) != s.Hash.Size():
		return errors.New("cms: message digest has the wrong length")
	}
	return nil
}

// Attributes is the DER of the signed attributes as a SET (tag 0x31). Hash it with Hash: that digest is what the key signs (RFC 5652 §5.4).
func (s Signing) Attributes() ([]byte, error) { return s.attributes(cb.SET) }

func (s Signing) attributes(tag cb.Tag) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	type made struct {
		oid asn1.ObjectIdentifier
		der []byte
		err error
	}
	var all []made
	add := func(oid asn1.ObjectIdentifier, der []byte, err error) { all = append(all, made{oid, der, err}) }

	der, err := marshalOID(s.contentType(), 0)
	add(OIDContentType, der, err)
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1OctetString(s.MessageDigest)
	der, err = b.Bytes()
	add(OIDMessageDigest, der, err)
	der, err = marshalSigningCertificateV2(s.Certificate, s.Hash)
	add(OIDSigningCertificateV2, der, err)
	if !s.SigningTime.IsZero() {
		der, err = marshalTime(s.SigningTime)
		add(OIDSigningTime, der, err)
	}
	if s.Policy != nil {
		der, err = marshalOID(s.Policy, 1)
		add(OIDSignaturePolicy, der, err)
	}
	if s.Commitment != nil {
		der, err = marshalOID(s.Commitment, 1)
		add(OIDCommitment, der, err)
	}
	var attrs []Attribute
	for _, m := range all {
		if m.err != nil {
			return nil, m.err
		}
		attrs = append(attrs, Attribute{Type: m.oid, Values: [][]byte{m.der}})
	}
	return marshalSet(attrs, tag)
}

// Assemble puts a signature over the digest of [Signing.Attributes] into a ContentInfo, DER. The signature is PKCS#1 v1.5 for an RSA certificate, an
// ECDSA-Sig-Value for an elliptic one; it is not verified here.
func (s Signing) Assemble(signature []byte, unsigned ...Attribute) ([]byte, error) {
	signed, err := s.attributes(cb.Tag(0).Constructed().ContextSpecific())
	if err != nil {
		return nil, err
	}
	oid, null, err := signatureAlgorithm(s.Certificate.PublicKey, s.Hash)
	if err != nil {
		return nil, err
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(s.Certificate.RawIssuer)
			b.AddASN1BigInt(s.Certificate.SerialNumber)
		})
		addAlgorithm(b, HashOID(s.Hash), false)
		b.AddBytes(signed)
		addAlgorithm(b, oid, null)
		b.AddASN1OctetString(signature)
		if len(unsigned) > 0 {
			der, err := marshalSet(unsigned, cb.Tag(1).Constructed().ContextSpecific())
			if err != nil {
				b.SetError(err)
				return
			}
			b.AddBytes(der)
		}
	})
	info, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	p := parts{signers: [][]byte{info}, contentType: s.contentType()}
	if p.digests, err = s.digests(); err != nil {
		return nil, err
	}
	if p.encap, err = s.encapsulated(); err != nil {
		return nil, err
	}
	if !s.Bare {
		p.certs = append(p.certs, s.Certificate.Raw)
		for _, c := range s.Chain {
			p.addCertificate(c.Raw)
		}
	}
	return p.marshal()
}

func (s Signing) digests() ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SET, func(b *cryptobyte.Builder) { addAlgorithm(b, HashOID(s.Hash), false) })
	return b.Bytes()
}

func (s Signing) encapsulated() ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(s.contentType())
		if s.Content != nil {
			b.AddASN1(cb.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1OctetString(s.Content) })
		}
	})
	return b.Bytes()
}
