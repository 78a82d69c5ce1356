package lint

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
)

var oidKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 15}

// keyUsage gives each key one use: a person's signs documents and nothing else; a clock's and a responder's keys sign answers (S10).
func keyUsage() Rule {
	return Rule{"key_usage", "RFC 5280 §4.2.1.3; cmd-signature.md §5.2; S10", func(c Candidate) error {
		if found, critical, _ := extension(c.Cert, oidKeyUsage); !found || !critical {
			return errors.New("missing or not critical")
		}
		want := map[Kind]x509.KeyUsage{
			Person: x509.KeyUsageContentCommitment, Root: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, Issuing: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
			OCSP: x509.KeyUsageDigitalSignature, TSA: x509.KeyUsageDigitalSignature,
		}[c.Kind]
		if c.Cert.KeyUsage != want || want == 0 {
			return fmt.Errorf("bits %b, not %b", c.Cert.KeyUsage, want)
		}
		return nil
	}}
}
