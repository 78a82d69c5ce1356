package lint

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
)

// AnyPolicy is what an issuing authority has, which does not narrow what is below it (RFC 5280 §4.2.1.4).
var AnyPolicy = asn1.ObjectIdentifier{2, 5, 29, 32, 0}

// NotOurs are arcs whose policies promise what only their owners can: the Portuguese state's, and ETSI's for qualified certificates.
func NotOurs() []string {
	return []string{"2.16.620.", "0.4.0.194112.", "0.4.0.2042.", "0.4.0.194121."}
}

func policies() Rule {
	return Rule{"policies", "RFC 5280 §4.2.1.4; cmd-signature.md §5.3; S8", func(c Candidate) error {
		all := c.Cert.PolicyIdentifiers
		if c.Kind == Root {
			if len(all) > 0 {
				return errors.New("a root has none")
			}
			return nil
		}
		own := false
		for _, id := range all {
			if c.Kind == Issuing && id.Equal(AnyPolicy) {
				own = true
				continue
			}
			text := id.String() + "."
			own = own || strings.HasPrefix(text, c.Arc.String()+".")
			if strings.HasPrefix(text, c.Arc.String()+".") {
				continue
			}
			for _, arc := range NotOurs() {
				if strings.HasPrefix(text, arc) && !c.Qualified {
					return fmt.Errorf("%s promises what this installation is not", id)
				}
			}
			if !c.Qualified {
				return fmt.Errorf("%s is not under the operator's arc", id)
			}
		}
		if !own {
			return errors.New("none of the operator's own")
		}
		return nil
	}}
}
