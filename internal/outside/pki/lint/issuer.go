package lint

import (
	"bytes"
	"crypto/x509"
	"errors"
)

func issuer() Rule {
	return Rule{"issuer", "RFC 5280 §4.1.2.4, §6.1", func(c Candidate) error {
		if c.Kind == Root {
			if !bytes.Equal(c.Cert.RawIssuer, c.Cert.RawSubject) {
				return errors.New("a root is issued by itself")
			}
			return nil
		}
		switch {
		case c.Issuer == nil:
			return errors.New("nobody is said to issue it")
		case !bytes.Equal(c.Cert.RawIssuer, c.Issuer.RawSubject):
			return errors.New("names another issuer than the one that will sign")
		case bytes.Equal(c.Cert.RawIssuer, c.Cert.RawSubject):
			return errors.New("has its issuer's name")
		case !c.Issuer.IsCA || c.Issuer.KeyUsage&x509.KeyUsageCertSign == 0:
			return errors.New("its issuer may not sign certificates")
		case c.Kind == Issuing && c.Issuer.MaxPathLenZero:
			return errors.New("its issuer may not have authorities below it")
		}
		return nil
	}}
}
