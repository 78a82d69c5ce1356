package lint

import (
	"encoding/asn1"
	"errors"
)

var oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}

// basicConstraints keeps people, responders and clocks from being authorities.
func basicConstraints() Rule {
	return Rule{"basic_constraints", "RFC 5280 §4.2.1.9; cmd-signature.md §5.1, §5.2", func(c Candidate) error {
		found, critical, _ := extension(c.Cert, oidBasicConstraints)
		switch {
		case !found || !critical || !c.Cert.BasicConstraintsValid:
			return errors.New("missing or not critical")
		case c.Cert.IsCA != c.Kind.authority():
			return errors.New("says the wrong thing about being an authority")
		case c.Kind == Issuing && !c.Cert.MaxPathLenZero:
			return errors.New("an issuing authority has none below it")
		case c.Kind != Issuing && (c.Cert.MaxPathLenZero || c.Cert.MaxPathLen > 0):
			return errors.New("a path length where none belongs")
		}
		return nil
	}}
}
