package lint

import (
	"encoding/asn1"
	"errors"
)

var oidStatements = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}

// statements: "qualified" is a claim in law. It stands in a person's certificate of an operator who has the certified module, and nowhere else.
func statements() Rule {
	return Rule{"statements", "ETSI EN 319 412-5; T8, S8", func(c Candidate) error {
		found, critical, _ := extension(c.Cert, oidStatements)
		want := c.Qualified && c.Kind == Person
		switch {
		case found && !want:
			return errors.New("claims to be qualified")
		case !found && want:
			return errors.New("a qualified certificate says so")
		case critical:
			return errors.New("critical")
		}
		return nil
	}}
}
