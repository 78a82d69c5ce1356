package cms

import (
	"bytes"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"crypto"

	"golang.org/x/crypto/cryptobyte"
)

// Verify checks that the certificate's key signed the content whose digest is given, and that the signed attributes say nothing else (RFC 5652 §5.6).
// contentDigest is asked once, with the signer's hash. nil means: these octets, this key. It says nothing of whether either can be trusted.
//
// Errors: [ErrContent], [ErrSignature], [ErrOtherCertificate], [ErrUnsupported], [ErrMalformed]. When both the content and the signature are wrong, the signature is reported: a
// signature that verifies over another content shows what was changed.
func (s *Signer) Verify(cert *x509.Certificate, contentDigest func(crypto.Hash) ([]byte, error)) error {
	if cert == nil {
		return ErrNoCertificate
	}
	if s.Hash == 0 {
		return fmt.Errorf("%w: digest", ErrUnsupported)
	}
	if s.RawSigned == nil {
		// Only plain data may be signed without attributes: otherwise the octets of some attributes could be passed off as content.
		if !s.contentType.Equal(OIDData) {
			return fmt.Errorf("%w: no signed attributes", ErrMalformed)
		}
		digest, err := contentDigest(s.Hash)
		if err != nil {
			return err
		}
		return checkSignature(cert.PublicKey, s.algorithm, s.Hash, digest, s.Signature)
	}
	want, err := s.checkAttributes()
	if err != nil {
		return err
	}
	h := s.Hash.New()
	h.Write(s.RawSigned)
	if err := checkSignature(cert.PublicKey, s.algorithm, s.Hash, h.Sum(nil), s.Signature); err != nil {
		return err
	}
	if err := s.checkReference(cert); err != nil {
		return err
	}
	digest, err := contentDigest(s.Hash)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(digest, want) != 1 {
		return ErrContent
	}
	return nil
}

// checkAttributes holds the two attributes that every set must have to their rules, and gives the digest.
func (s *Signer) checkAttributes() ([]byte, error) {
	v, err := single(s.Signed, OIDContentType)
	if err != nil {
		return nil, err
	}
	in := cryptobyte.String(v)
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1ObjectIdentifier(&oid) || !in.Empty() || !oid.Equal(s.contentType) {
		return nil, fmt.Errorf("%w: content type attribute", ErrMalformed)
	}
	if v, err = single(s.Signed, OIDMessageDigest); err != nil {
		return nil, err
	}
	in = cryptobyte.String(v)
	var digest []byte
	if !in.ReadASN1Bytes(&digest, 0x04) || !in.Empty() || len(digest) != s.Hash.Size() {
		return nil, fmt.Errorf("%w: message digest attribute", ErrMalformed)
	}
	return digest, nil
}

// checkReference holds the certificate to the references among the signed attributes. Without one, anything goes: [Signer.Refers] tells.
func (s *Signer) checkReference(cert *x509.Certificate) error {
	for _, kind := range []struct {
		oid asn1.ObjectIdentifier
		v2  bool
	}{{OIDSigningCertificateV2, true}, {OIDSigningCertificate, false}} {
		v, err := single(s.Signed, kind.oid)
		if err != nil {
			return err
		}
		if v == nil {
			continue
		}
		e, err := readSigningCertificate(v, kind.v2)
		if err != nil {
			return err
		}
		if !e.names(cert) {
			return ErrOtherCertificate
		}
	}
	return nil
}

// Digest is a contentDigest for content that is at hand.
func Digest(content []byte) func(crypto.Hash) ([]byte, error) {
	return func(h crypto.Hash) ([]byte, error) {
		if !h.Available() {
			return nil, ErrUnsupported
		}
		sum := h.New()
		sum.Write(content)
		return sum.Sum(nil), nil
	}
}

// Known is a contentDigest for content of which only the digest is known.
func Known(h crypto.Hash, digest []byte) func(crypto.Hash) ([]byte, error) {
	return func(asked crypto.Hash) ([]byte, error) {
		if asked != h {
			return nil, fmt.Errorf("%w: another hash than the content's", ErrUnsupported)
		}
		return bytes.Clone(digest), nil
	}
}
