package lint

import (
	"bytes"
	"encoding/asn1"
	"errors"
)

var oidPolicies = asn1.ObjectIdentifier{2, 5, 29, 32}

// label: a certificate that is not qualified says so where people and programs look, in the name and in the policy (T8).
func label() Rule {
	return Rule{"label", "T8", func(c Candidate) error {
		if c.Qualified {
			return nil
		}
		if c.Label == "" {
			return errors.New("no label is set")
		}
		named := false
		for _, unit := range c.Cert.Subject.OrganizationalUnit {
			named = named || unit == c.Label
		}
		if !named {
			return errors.New("the name does not carry it")
		}
		if _, _, value := extension(c.Cert, oidPolicies); c.Kind != Root && !bytes.Contains(value, []byte(c.Label)) {
			return errors.New("the policy does not carry it")
		}
		return nil
	}}
}
