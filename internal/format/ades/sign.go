package ades

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"time"

	"chave/internal/format/cms"
	"chave/internal/format/pdf"
)

// PDFSigning is a PAdES signature to be made.
type PDFSigning struct {
	Field       pdf.Field           // its SubFilter must be empty or pdf.CAdES; Reserve 0 leaves room for the certificates given and a time-stamp
	Certificate *x509.Certificate   // the signer's
	Chain       []*x509.Certificate // the authorities above, the root too: a verifier decades later has only the file
	Hash        crypto.Hash         // 0: SHA-256
	Policy      asn1.ObjectIdentifier
	Commitment  asn1.ObjectIdentifier // not together with Field.Reason (EN 319 142-1 §6.3)
}

// stampRoom is what a time-stamp token with its certificates may take, in octets.
const stampRoom = 14 << 10

// PDFPrepared is a PDF that lacks nothing but the signature value.
type PDFPrepared struct {
	file    *pdf.Prepared
	signing cms.Signing
	attrs   []byte
}

// PreparePDF builds the signed file up to the signature. The same input gives the same octets and the same digest to sign, on any machine: nothing has to be kept between the
// two steps but the input. Errors are package pdf's, for what is wrong with the file.
func PreparePDF(file []byte, s PDFSigning) (*PDFPrepared, error) {
	if s.Field.SubFilter != "" && s.Field.SubFilter != pdf.CAdES {
		return nil, fmt.Errorf("%w: sub-filter", ErrLevel)
	}
	p := &PDFPrepared{signing: cms.Signing{Certificate: s.Certificate, Chain: s.Chain, Hash: s.Hash, Policy: s.Policy, Commitment: s.Commitment}}
	if s.Hash == 0 {
		p.signing.Hash = crypto.SHA256
	}
	if s.Field.Reserve == 0 {
		p.signing.MessageDigest = make([]byte, p.signing.Hash.Size())
		probe, err := p.signing.Assemble(make([]byte, 1024))
		if err != nil {
			return nil, err
		}
		s.Field.Reserve = len(probe) + stampRoom
	}
	f, err := pdf.Open(file)
	if err != nil {
		return nil, err
	}
	if p.file, err = f.Prepare(s.Field); err != nil {
		return nil, err
	}
	p.signing.MessageDigest = p.file.Digest(p.signing.Hash)
	p.attrs, err = p.signing.Attributes()
	return p, err
}

// ToSign is the digest that the key signs: of the signed attributes, which hold the document's.
func (p *PDFPrepared) ToSign() []byte { return digestOf(p.signing.Hash, p.attrs) }

// Hash is the algorithm of [PDFPrepared.ToSign].
func (p *PDFPrepared) Hash() crypto.Hash { return p.signing.Hash }

// Attach puts the signature value in (PKCS#1 v1.5 or an ECDSA-Sig-Value, by the certificate's key) and gives the whole file, level B-B. A value that
// does not verify is refused: nobody shall get a document that is signed by nothing.
func (p *PDFPrepared) Attach(signature []byte) ([]byte, error) {
	der, err := attach(p.signing, signature)
	if err != nil {
		return nil, err
	}
	return p.file.Attach(der)
}

func attach(s cms.Signing, signature []byte) ([]byte, error) {
	der, err := s.Assemble(signature)
	if err != nil {
		return nil, err
	}
	sd, err := cms.Parse(der)
	if err != nil {
		return nil, err
	}
	if err := sd.Signers[0].Verify(s.Certificate, cms.Known(s.Hash, s.MessageDigest)); err != nil {
		return nil, err
	}
	return der, nil
}

// CMSSigning is a detached CAdES signature to be made over content of which only the digest is known here.
type CMSSigning struct {
	Digest      []byte      // of the content
	Hash        crypto.Hash // of Digest; 0: SHA-256
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
	At          time.Time // claimed signing time, which the baseline asks for (EN 319 122-1 §6.3)
	Policy      asn1.ObjectIdentifier
	Commitment  asn1.ObjectIdentifier
}

// CMSPrepared is a CAdES signature that lacks nothing but its value.
type CMSPrepared struct {
	signing cms.Signing
	attrs   []byte
}

// PrepareCMS builds the signed attributes. Deterministic, as [PreparePDF].
func PrepareCMS(s CMSSigning) (*CMSPrepared, error) {
	p := &CMSPrepared{signing: cms.Signing{
		Certificate: s.Certificate, Chain: s.Chain, Hash: s.Hash, MessageDigest: bytes.Clone(s.Digest), SigningTime: s.At, Policy: s.Policy, Commitment: s.Commitment,
	}}
	if s.Hash == 0 {
		p.signing.Hash = crypto.SHA256
	}
	var err error
	p.attrs, err = p.signing.Attributes()
	return p, err
}

// ToSign is the digest that the key signs.
func (p *CMSPrepared) ToSign() []byte { return digestOf(p.signing.Hash, p.attrs) }

// Hash is the algorithm of [CMSPrepared.ToSign].
func (p *CMSPrepared) Hash() crypto.Hash { return p.signing.Hash }

// Attach gives the signature, DER, level B-B. A value that does not verify is refused.
func (p *CMSPrepared) Attach(signature []byte) ([]byte, error) { return attach(p.signing, signature) }
