package lint

import (
	"encoding/asn1"
	"fmt"
)

// extensions: none that no rule reads, and none twice.
func extensions() Rule {
	known := map[string]bool{
		"1.3.6.1.5.5.7.1.1": true, // authority information access
		"2.5.29.31":         true, // CRL distribution points
	}
	for _, id := range []asn1.ObjectIdentifier{
		oidSubjectKey, oidAuthorityKey, oidBasicConstraints, oidKeyUsage, oidExtendedKeyUsage, oidNoCheck, oidPolicies, oidStatements, oidDirectoryAttributes,
	} {
		known[id.String()] = true
	}
	mayBeCritical := map[string]bool{oidBasicConstraints.String(): true, oidKeyUsage.String(): true, oidExtendedKeyUsage.String(): true}
	return Rule{"extensions", "RFC 5280 §4.2; cmd-signature.md §5.2", func(c Candidate) error {
		seen := map[string]bool{}
		for _, e := range c.Cert.Extensions {
			id := e.Id.String()
			switch {
			case !known[id]:
				return fmt.Errorf("%s has no rule", id)
			case seen[id]:
				return fmt.Errorf("%s stands twice", id)
			case e.Critical && !mayBeCritical[id]:
				return fmt.Errorf("%s is critical", id)
			}
			seen[id] = true
		}
		return nil
	}}
}
