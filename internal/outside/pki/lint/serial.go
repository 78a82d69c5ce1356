package lint

import (
	"errors"
	"fmt"
)

// A serial has 128 random bits. One that is far shorter means that the source of randomness is broken, and then every key is in doubt.
func serial() Rule {
	return Rule{"serial", "RFC 5280 §4.1.2.2", func(c Candidate) error {
		n := c.Cert.SerialNumber
		switch {
		case n == nil || n.Sign() <= 0:
			return errors.New("not positive")
		case n.BitLen() > 128:
			return fmt.Errorf("%d bits, more than 128", n.BitLen())
		case n.BitLen() < 64:
			return fmt.Errorf("%d bits: too few to be random", n.BitLen())
		}
		return nil
	}}
}
