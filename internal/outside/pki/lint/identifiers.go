package lint

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidSubjectKey   = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidAuthorityKey = asn1.ObjectIdentifier{2, 5, 29, 35}
)

// KeyIdentifier names a public key, given as SubjectPublicKeyInfo: the first 160 bits of SHA-256 over the key itself (RFC 7093 §2, method 1).
func KeyIdentifier(spki []byte) []byte {
	in, bits := cryptobyte.String(spki), []byte(nil)
	var info, algorithm cryptobyte.String
	if !in.ReadASN1(&info, casn1.SEQUENCE) || !info.ReadASN1(&algorithm, casn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&bits) {
		return nil
	}
	sum := sha256.Sum256(bits)
	return sum[:20]
}

func identifiers() Rule {
	return Rule{"identifiers", "RFC 5280 §4.2.1.1, §4.2.1.2; RFC 7093 §2", func(c Candidate) error {
		if _, critical, _ := extension(c.Cert, oidSubjectKey); critical || !bytes.Equal(c.Cert.SubjectKeyId, KeyIdentifier(c.Cert.RawSubjectPublicKeyInfo)) {
			return errors.New("subject key identifier is critical, missing or another key's")
		}
		if c.Kind == Root {
			return nil
		}
		if _, critical, _ := extension(c.Cert, oidAuthorityKey); critical || c.Issuer == nil || len(c.Issuer.SubjectKeyId) == 0 || !bytes.Equal(c.Cert.AuthorityKeyId, c.Issuer.SubjectKeyId) {
			return errors.New("authority key identifier is critical, missing or not the issuer's")
		}
		return nil
	}}
}
