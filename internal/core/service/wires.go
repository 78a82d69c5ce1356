package service

import (
	"slices"
	"strings"
	"time"

	"chave/internal/core/consent"
)

// Wire names one of the protocols that know services by a name of their own.
type Wire string

// The wires. FA is Portugal's SAML profile, SAML the standard's, OAuth CMD's implicit door.
const (
	WireFA    Wire = "fa"
	WireSAML  Wire = "saml"
	WireOAuth Wire = "oauth"

	WireSCMD     Wire = "scmd"      // the SOAP signature services, by application id in lower case
	WireSCMDUser Wire = "scmd-user" // the same, by the user of HTTP Basic
)

// Name is what a wire calls a service: an entity id, or a client id.
type Name struct {
	Wire Wire
	Name string
}

// Names lists what other wires than OpenID Connect call this service.
func (s Service) Names() []Name {
	var all []Name
	if s.SAML != nil {
		all = append(all, Name{s.SAML.Wire, s.SAML.Issuer})
	}
	if s.OAuth != nil {
		all = append(all, Name{WireOAuth, s.OAuth.ClientID})
	}
	if s.SCMD != nil {
		all = append(all, Name{WireSCMD, strings.ToLower(s.SCMD.ApplicationID)}, Name{WireSCMDUser, s.SCMD.User})
	}
	return all
}

// SAML is a registration for one of the two SAML wires. Field comments are the manual; fields marked fa or saml mean something to that wire only.
type SAML struct {
	// Wire is fa for Portugal's profile (cmd-authentication.md part 1), saml for the standard's (SAML 2.0 Web Browser SSO).
	Wire Wire `yaml:"wire" json:"wire"`
	// Issuer is the service's entity id: a URI, compared character by character. saml: taken from Metadata when empty.
	Issuer string `yaml:"issuer" json:"issuer"`
	// Metadata is the service's own metadata document. saml: consumer addresses, logout addresses and certificates are read from it.
	Metadata string `yaml:"metadata" json:"metadata,omitempty"`
	// ACS lists the assertion consumer addresses, compared character by character; https, or http on loopback.
	ACS []string `yaml:"acs" json:"acs,omitempty"`
	// Certificates, PEM, hold the keys that the service signs with: two while it changes from one to the next.
	Certificates []string `yaml:"certificates" json:"certificates,omitempty"`
	// EncryptTo, PEM, is the certificate that assertions are encrypted to. saml: they always are when it is given.
	EncryptTo string `yaml:"encrypt_to" json:"encrypt_to,omitempty"`
	// Logout is where answers to logout requests go. fa: the static method. saml: also where requests go when the session ends elsewhere.
	Logout string `yaml:"logout" json:"logout,omitempty"`
	// LogoutBinding is post or redirect, post unless said otherwise. saml.
	LogoutBinding string `yaml:"logout_binding" json:"logout_binding,omitempty"`
	// LogoutDomain is the domain under which a request may name its own logout address. fa: the dynamic method, off when empty.
	LogoutDomain string `yaml:"logout_domain" json:"logout_domain,omitempty"`
	// DefaultLevel holds for requests that name none. fa: 4 unless said otherwise, as CMD has it (R5.21).
	DefaultLevel Level `yaml:"default_level" json:"default_level,omitempty"`
	// Signature is the profile of our signatures (cmd-authentication.md §1.7.3): modern unless observed or legacy is asked for; legacy needs legacy_sha1. fa.
	Signature string `yaml:"signature" json:"signature,omitempty"`
	// Recipient is acs unless issuer is asked for (question 5.6). fa.
	Recipient string `yaml:"recipient" json:"recipient,omitempty"`
	// OmitAddress leaves the person's network address out of responses (question 5.7). fa.
	OmitAddress bool `yaml:"omit_address" json:"omit_address,omitempty"`
	// NameID is constant (the default) or pairwise for fa, persistent (the default) or transient for saml.
	NameID string `yaml:"name_id" json:"name_id,omitempty"`
	// SignAssertion signs the assertion too, for strict libraries (question 5.1). fa; saml always does.
	SignAssertion bool `yaml:"sign_assertion" json:"sign_assertion,omitempty"`
	// IgnoreIndex ignores AttributeConsumingServiceIndex instead of refusing it. fa.
	IgnoreIndex bool `yaml:"ignore_index" json:"ignore_index,omitempty"`
	// SkipConsent honours PassarConsentimento for people who have agreed before (R5.12). fa.
	SkipConsent bool `yaml:"skip_consent" json:"skip_consent,omitempty"`
	// AnyAttributes accepts requests that lack the smallest set by which anybody is known (cmd-authentication.md §1.9.2). fa.
	AnyAttributes bool `yaml:"any_attributes" json:"any_attributes,omitempty"`
	// UnsignedRequests accepts authentication requests without a signature. saml; never fa.
	UnsignedRequests bool `yaml:"unsigned_requests" json:"unsigned_requests,omitempty"`
	// AttributeNames is oid (the default), friendly or uri, the names of §1.9. saml.
	AttributeNames string `yaml:"attribute_names" json:"attribute_names,omitempty"`
	// Also names attributes that may be asked for over this wire beside those of the registration.
	Also []consent.Name `yaml:"also" json:"also,omitempty"`
}

// OAuth is a registration for CMD's OAuth door (cmd-authentication.md part 2). The door opens only with the switch implicit_token.
type OAuth struct {
	// ClientID is the number by which the door knows the service, 9 to 19 digits.
	ClientID string `yaml:"client_id" json:"client_id"`
	// Domain is the domain under which results may go, with its subdomains; https only.
	Domain string `yaml:"domain" json:"domain,omitempty"`
	// RedirectURIs lists further addresses, compared character by character; https, or http on loopback.
	RedirectURIs []string `yaml:"redirect_uris" json:"redirect_uris,omitempty"`
	// Native lets results go to any port of the person's own machine, for programs that run there.
	Native bool `yaml:"native" json:"native,omitempty"`
	// Callback receives the decisions on QR-code requests that name no address of their own.
	Callback string `yaml:"callback" json:"callback,omitempty"`
	// Certificate, PEM, holds the key that the service signs QR-code requests with; without it there is no QR door.
	Certificate string `yaml:"certificate" json:"certificate,omitempty"`
	// AnyAttributes accepts requests that lack the smallest set by which anybody is known (cmd-authentication.md §1.9.2).
	AnyAttributes bool `yaml:"any_attributes" json:"any_attributes,omitempty"`
	// Also names attributes that may be asked for over this wire beside those of the registration.
	Also []consent.Name `yaml:"also" json:"also,omitempty"`
}

// MayAsk tells whether a service may ask for an attribute over a wire.
func (s Service) MayAsk(wire Wire, name consent.Name) bool {
	if _, ok := s.Allowed(name); ok {
		return true
	}
	switch {
	case s.SAML != nil && s.SAML.Wire == wire:
		return slices.Contains(s.SAML.Also, name)
	case s.OAuth != nil && wire == WireOAuth:
		return slices.Contains(s.OAuth.Also, name)
	}
	return false
}

// Switch lets one thing through the wall between CMD's wires and today's rules (blueprint §4.9, security.md §9). Each is off unless a registration turns it on.
type Switch string

// The switches.
const (
	LegacySHA1    Switch = "legacy_sha1"    // RSA-SHA1 in requests, and in responses with signature: legacy (A18)
	ImplicitToken Switch = "implicit_token" // the OAuth door: a token in the address, no client login, no PKCE (A14, B2)
	LongToken     Switch = "long_token"     // its token lives 86,400 s instead of 300 (A14)
	NoState       Switch = "no_state"       // requests to it without state (B4)

	CollectsPIN     Switch = "collects_pin"    // signature PINs and codes pass through the service: SCMD, and CSC's explicit authorization (T5)
	ClearPIN        Switch = "clear_pin"       // not even encrypted inside TLS: the old CCMovel service
	Unauthenticated Switch = "unauthenticated" // CCMovel calls without HTTP Basic (cmd-signature.md §1.5)
)

// Switches lists them all.
func Switches() []Switch {
	return []Switch{LegacySHA1, ImplicitToken, LongToken, NoState, CollectsPIN, ClearPIN, Unauthenticated}
}

// Allowance is one switch that is on.
type Allowance struct {
	// Until is the last day on which it is, YYYY-MM-DD; no end when empty.
	Until string `yaml:"until" json:"until,omitempty"`
}

// Allows tells whether a switch is on for a service. Whoever asks because it is used counts that use.
func (s Service) Allows(what Switch, now time.Time) bool {
	a, on := s.Compat[what]
	if !on || a.Until == "" {
		return on
	}
	last, err := time.Parse(time.DateOnly, a.Until)
	return err == nil && now.Before(last.AddDate(0, 0, 1))
}
