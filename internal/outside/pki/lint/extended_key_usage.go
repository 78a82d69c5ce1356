package lint

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
)

var oidExtendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

func extendedKeyUsage() Rule {
	return Rule{"extended_key_usage", "RFC 3161 §2.3; RFC 6960 §4.2.2.2; cmd-signature.md §5.2", func(c Candidate) error {
		found, critical, _ := extension(c.Cert, oidExtendedKeyUsage)
		only := func(u x509.ExtKeyUsage) bool {
			return len(c.Cert.ExtKeyUsage) == 1 && c.Cert.ExtKeyUsage[0] == u && len(c.Cert.UnknownExtKeyUsage) == 0
		}
		switch {
		case c.Kind == OCSP && !only(x509.ExtKeyUsageOCSPSigning):
			return errors.New("a responder's is OCSP signing and nothing else")
		case c.Kind == TSA && (!critical || !only(x509.ExtKeyUsageTimeStamping)):
			return errors.New("a timestamp authority's is time stamping, critical, and nothing else")
		case c.Kind != OCSP && c.Kind != TSA && found:
			return errors.New("must be absent")
		}
		return nil
	}}
}
