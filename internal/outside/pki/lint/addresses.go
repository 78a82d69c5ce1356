package lint

import (
	"errors"
	"fmt"
	"strings"
)

// addresses: whoever gets a certificate must find its status without asking us by another way. They live as long as the certificate does.
func addresses() Rule {
	return Rule{"addresses", "RFC 5280 §4.2.1.13, §4.2.2.1; cmd-signature.md §5.3", func(c Candidate) error {
		status, lists, above := c.Cert.OCSPServer, c.Cert.CRLDistributionPoints, c.Cert.IssuingCertificateURL
		var wantStatus, wantList, wantAbove int
		switch c.Kind {
		case Person, TSA:
			wantStatus, wantList, wantAbove = 1, 1, 1
		case Issuing: // the root's key is not there to answer
			wantList, wantAbove = 1, 1
		case OCSP: // its status is not asked for
			wantAbove = 1
		case Root:
		}
		if len(status) != wantStatus || len(lists) != wantList || len(above) != wantAbove {
			return fmt.Errorf("%d OCSP, %d CRL and %d issuer addresses, not %d, %d and %d", len(status), len(lists), len(above), wantStatus, wantList, wantAbove)
		}
		for _, all := range [][]string{status, lists, above} {
			for _, a := range all {
				if c.Address == "" || !strings.HasPrefix(a, c.Address+"/") {
					return errors.New("an address that is not this installation's")
				}
			}
		}
		return nil
	}}
}
