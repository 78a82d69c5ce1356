package lint

import (
	"crypto/x509"
	"fmt"
)

func signatureAlgorithm() Rule {
	return Rule{"signature_algorithm", "ETSI TS 119 312", func(c Candidate) error {
		switch c.Cert.SignatureAlgorithm {
		case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384:
			return nil
		}
		return fmt.Errorf("%v is not allowed", c.Cert.SignatureAlgorithm)
	}}
}
