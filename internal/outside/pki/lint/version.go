package lint

import "fmt"

func version() Rule {
	return Rule{"version", "RFC 5280 §4.1.2.1", func(c Candidate) error {
		if c.Cert.Version != 3 {
			return fmt.Errorf("version %d, not 3", c.Cert.Version)
		}
		return nil
	}}
}
