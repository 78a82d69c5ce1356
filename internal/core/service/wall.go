package service

import (
	"slices"
	"time"
)

// Opening is one switch of a registration, for whoever has to close it again.
type Opening struct {
	Switch Switch `json:"switch"`
	Open   bool   `json:"open"`            // false once its last day is over
	Until  string `json:"until,omitempty"` // its last day; empty when none is set
	Breaks string `json:"breaks"`          // what it lets through, and the rule that forbids it
	Change string `json:"change"`          // what the service has to do so that it can be closed
}

// Wall lists the switches that a registration turns on, with what has to change.
func (s Service) Wall(now time.Time) []Opening {
	var all []Opening
	for _, what := range Switches() {
		a, on := s.Compat[what]
		if !on {
			continue
		}
		breaks, change := what.why()
		all = append(all, Opening{what, s.Allows(what, now), a.Until, breaks, change})
	}
	return slices.Clip(all)
}

func (s Switch) why() (breaks, change string) {
	switch s {
	case LegacySHA1:
		return "SHA-1 in signatures (ASVS 11.4)", "sign requests with rsa-sha256, and register signature: modern or observed"
	case ImplicitToken:
		return "a token in the browser's address, without client login or PKCE (RFC 9700 §2.1.2)", "use OpenID Connect: code flow with PKCE, attributes from userinfo"
	case LongToken:
		return "a bearer token that lives a day (RFC 9700 §2.2)", "fetch attributes within 300 seconds of the sign-in, or refresh"
	case NoState:
		return "answers that nothing binds to a request (RFC 9700 §2.1)", "send a random state and compare it"
	case CollectsPIN:
		return "signature PINs in the hands of a service (CEN EN 419 241-1, T5)", "hand people over to Chave's own page: CSC with oauth2/authorize"
	case ClearPIN:
		return "PINs without encryption of their own (cmd-signature.md §1.1)", "call SCMDService instead of CCMovelDigitalSignature"
	case Unauthenticated:
		return "calls that nobody vouches for (cmd-signature.md §1.5)", "send the user and password that you were given"
	}
	return "", ""
}
