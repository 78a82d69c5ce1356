package lint

import (
	"errors"
	"fmt"
	"time"
)

func validity() Rule {
	return Rule{"validity", "RFC 5280 §4.1.2.5; S8", func(c Candidate) error {
		from, to := c.Cert.NotBefore, c.Cert.NotAfter
		switch {
		case !from.Before(to):
			return errors.New("ends before it begins")
		case to.Sub(from) > c.MaxLife:
			return fmt.Errorf("lasts %v, longer than %v", to.Sub(from), c.MaxLife)
		case to.Year() > 9999 || from.Year() < 2020:
			return errors.New("a year that cannot be")
		case c.Issuer != nil && (from.Before(c.Issuer.NotBefore) || to.After(c.Issuer.NotAfter)):
			return fmt.Errorf("outside its issuer's %s to %s", c.Issuer.NotBefore.Format(time.DateOnly), c.Issuer.NotAfter.Format(time.DateOnly))
		}
		return nil
	}}
}
