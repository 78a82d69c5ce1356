package service

import (
	"net/netip"
	"regexp"
	"strings"
)

// SCMD is a registration for CMD's SOAP signature services (cmd-signature.md §1.5, §1.6). SCMDService opens with the switch collects_pin, the older
// CCMovelDigitalSignature with clear_pin too.
type SCMD struct {
	// ApplicationID is a GUID in text form; compared without case.
	ApplicationID string `yaml:"application_id" json:"application_id"`
	// User and Password are those of HTTP Basic; PasswordFile names a file that holds the password. Stored keyed, never in clear.
	User         string `yaml:"user" json:"user"`
	Password     string `yaml:"password" json:"-"`
	PasswordFile string `yaml:"password_file" json:"-"`
	// Networks lists the addresses and networks that may call; empty for any (security.md §9).
	Networks []string `yaml:"networks" json:"networks,omitempty"`
}

// CSC is a registration for the Cloud Signature Consortium's API. The client id, secret and redirect addresses are those of the registration itself.
type CSC struct {
	// Explicit lets the service send PIN and code itself (credentials/authorize); it needs the switch collects_pin. Without it people are handed over to our page.
	Explicit bool `yaml:"explicit" json:"explicit,omitempty"`
	// Documents lets it send whole documents (signatures/signDoc) beside digests.
	Documents bool `yaml:"documents" json:"documents,omitempty"`
}

var guidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func checkSigning(bad report, s *Settings) {
	if s.CSC != nil && s.CSC.Explicit {
		if _, on := s.Compat[CollectsPIN]; !on {
			bad("csc.explicit", "turn on compat.collects_pin: the service will see people's signature PINs")
		}
	}
	if s.SCMD == nil {
		return
	}
	one := *s.SCMD
	s.SCMD = &one
	if !guidForm.MatchString(one.ApplicationID) {
		bad("scmd.application_id", "%q is not a GUID in text form", one.ApplicationID)
	}
	if one.User == "" || len(one.User) > 64 || strings.ContainsAny(one.User, ":\r\n") {
		bad("scmd.user", "write 1 to 64 characters without a colon")
	}
	if len(one.Password) < 16 {
		bad("scmd.password", "write at least 16 characters, in password or password_file")
	}
	if _, on := s.Compat[CollectsPIN]; !on {
		bad("scmd", "turn on compat.collects_pin: the service will see people's signature PINs")
	}
	for _, text := range one.Networks {
		if _, err := netip.ParsePrefix(text); err != nil {
			if _, err := netip.ParseAddr(text); err != nil {
				bad("scmd.networks", "%q is neither an address nor a network", text)
			}
		}
	}
}
