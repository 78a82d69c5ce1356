package lint

import (
	"bytes"
	"encoding/asn1"
	"errors"
)

var oidNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}

// noCheck keeps the question who answers for the responder from going round in a circle.
func noCheck() Rule {
	return Rule{"no_check", "RFC 6960 §4.2.2.2.1", func(c Candidate) error {
		found, critical, value := extension(c.Cert, oidNoCheck)
		switch {
		case c.Kind == OCSP && (!found || critical || !bytes.Equal(value, []byte{5, 0})):
			return errors.New("a responder says that its own status is not to be asked for")
		case c.Kind != OCSP && found:
			return errors.New("must be absent")
		}
		return nil
	}}
}
