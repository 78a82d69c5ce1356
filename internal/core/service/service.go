package service

import (
	"encoding/json"

	"chave/internal/core/consent"
)

// Level is a level of assurance (R5.19, blueprint §4.4): 1 password-like, 2 e-mail code, 3 phone code, 4 card or chip.
type Level int

// The levels. A wire never reports more than was reached.
const (
	LevelPassword Level = 1
	LevelEmail    Level = 2
	LevelPhone    Level = 3
	LevelCard     Level = 4
)

// SubjectType says whether services may recognise a person among each other (OIDC Core §8).
type SubjectType string

// Pairwise is the default (N18).
const (
	Pairwise SubjectType = "pairwise"
	Public   SubjectType = "public"
)

// AuthMethod is how a service proves itself at the token endpoint (OIDC Core §9).
type AuthMethod string

// The methods. None is for public clients, which must use PKCE.
const (
	SecretBasic   AuthMethod = "client_secret_basic"
	SecretPost    AuthMethod = "client_secret_post"
	PrivateKeyJWT AuthMethod = "private_key_jwt"
	NoAuth        AuthMethod = "none"
)

// Reuse says when an earlier sign-in may be used again without a PIN (R5.23).
type Reuse string

// ReuseByLevel asks only for consent when the session's level suffices. ReuseByAttributes is CMD's stricter rule:
// the attributes must also be the same as, or fewer than, those of the last sign-in.
const (
	ReuseByLevel      Reuse = "level"
	ReuseByAttributes Reuse = "attributes"
)

// Text is a sentence by language, "pt" and "en".
type Text map[string]string

// In picks a language, Portuguese when it is missing.
func (t Text) In(lang string) string {
	if s := t[lang]; s != "" {
		return s
	}
	return t["pt"]
}

// Settings is a registration as an operator writes it, in a file or through `chave admin service`. Field comments are the manual.
type Settings struct {
	// ID is the client id, 3 to 64 of a-z, 0-9, dash and underscore; it never changes.
	ID string `yaml:"id" json:"id"`
	// Name, Description are shown to people; both languages are required for the name.
	Name        Text `yaml:"name" json:"name"`
	Description Text `yaml:"description" json:"description,omitempty"`
	// Purpose says why the data is asked for; Retention how long it is kept. Both appear on the share page (A16).
	Purpose   Text `yaml:"purpose" json:"purpose,omitempty"`
	Retention Text `yaml:"retention" json:"retention,omitempty"`
	// URL is the service's front page, linked from the catalogue.
	URL string `yaml:"url" json:"url,omitempty"`
	// Category picks the icon: tax, social_security, health, hospital, bank, other.
	Category string `yaml:"category" json:"category,omitempty"`
	// RedirectURIs are compared character by character (B1, A13); https, or http on loopback.
	RedirectURIs []string `yaml:"redirect_uris" json:"redirect_uris"`
	// PostLogoutRedirectURIs likewise (RP-initiated logout §3).
	PostLogoutRedirectURIs []string `yaml:"post_logout_redirect_uris" json:"post_logout_redirect_uris,omitempty"`
	// BackchannelLogoutURI receives logout tokens (back-channel logout §2.2).
	BackchannelLogoutURI string `yaml:"backchannel_logout_uri" json:"backchannel_logout_uri,omitempty"`
	// Origins may call discovery, keys, token, userinfo and revocation from a browser.
	Origins []string `yaml:"origins" json:"origins,omitempty"`
	// AuthMethod is client_secret_basic unless said otherwise.
	AuthMethod AuthMethod `yaml:"auth_method" json:"auth_method,omitempty"`
	// Secret is given in a file only for tests and the demo; SecretFile names a file that holds it. Stored keyed, never in clear.
	Secret     string `yaml:"secret" json:"-"`
	SecretFile string `yaml:"secret_file" json:"-"`
	// JWKS holds the public keys for private_key_jwt.
	JWKS json.RawMessage `yaml:"-" json:"jwks,omitempty"`
	// JWKSText is JWKS in a registration file.
	JWKSText string `yaml:"jwks" json:"-"`
	// Attributes lists all the service may ask for. What a request does not ask for is not released.
	Attributes []Ask `yaml:"attributes" json:"attributes"`
	// MinLevel is the level below which nobody is let in; 3 unless said otherwise.
	MinLevel Level `yaml:"min_level" json:"min_level,omitempty"`
	// SubjectType is pairwise unless said otherwise; Sector joins services that share pairwise subjects: a host name (OIDC Core §8.1).
	SubjectType SubjectType `yaml:"subject_type" json:"subject_type,omitempty"`
	Sector      string      `yaml:"sector" json:"sector,omitempty"`
	// IDTokenAlg is ES256 unless RS256 is asked for.
	IDTokenAlg string `yaml:"id_token_alg" json:"id_token_alg,omitempty"`
	// PKCEOptional lifts PKCE for a confidential client that cannot do it; never for a public one (A15, B3).
	PKCEOptional bool `yaml:"pkce_optional" json:"pkce_optional,omitempty"`
	// RequirePAR refuses authorization requests that were not pushed (F2).
	RequirePAR bool `yaml:"require_par" json:"require_par,omitempty"`
	// Refresh lets the service ask for offline_access.
	Refresh bool `yaml:"refresh" json:"refresh,omitempty"`
	// Reuse is level unless said otherwise (R5.23).
	Reuse Reuse `yaml:"reuse" json:"reuse,omitempty"`
	// SAML registers the service with one of the SAML wires.
	SAML *SAML `yaml:"saml" json:"saml,omitempty"`
	// OAuth registers it with CMD's OAuth door and QR-code sign-in.
	OAuth *OAuth `yaml:"oauth" json:"oauth,omitempty"`
	// SCMD registers it with CMD's SOAP signature services.
	SCMD *SCMD `yaml:"scmd" json:"scmd,omitempty"`
	// CSC lets it ask for signatures over the Cloud Signature Consortium's API, under its client id and secret.
	CSC *CSC `yaml:"csc" json:"csc,omitempty"`
	// Compat turns on what CMD's wires need and today's rules forbid; see Switch. Empty unless said otherwise.
	Compat map[Switch]Allowance `yaml:"compat" json:"compat,omitempty"`
	// Closed answers every request with "this service is closed".
	Closed bool `yaml:"closed" json:"closed,omitempty"`
}

// Ask is one attribute of a registration, with the reason shown beside it.
type Ask struct {
	Name     consent.Name `yaml:"name" json:"name"`
	Required bool         `yaml:"required" json:"required,omitempty"`
	Reason   Text         `yaml:"reason" json:"reason,omitempty"`
}

// Service is a checked registration. Only New and the store make one.
type Service struct {
	Settings
	SecretMAC  []byte `json:"-"` // keyed digest of the secret
	SCMDMAC    []byte `json:"-"` // keyed digest of the SOAP password
	FirstParty bool   `json:"-"` // one of Chave's own pages: nothing is shared, so nothing is asked
}

// Allowed finds what the registration says of an attribute.
func (s Service) Allowed(name consent.Name) (Ask, bool) {
	for _, a := range s.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return Ask{}, false
}

// Asks is the registration's whole list in consent's terms.
func (s Service) Asks() []consent.Ask {
	var asks []consent.Ask
	for _, a := range s.Attributes {
		asks = append(asks, consent.Ask{Name: a.Name, Required: a.Required})
	}
	return asks
}

// Forgets names the groups of residents that the registration shuts out; a warning, not a refusal (PAIN-11).
func (s Service) Forgets() []consent.Holder { return consent.Missing(s.Asks()) }

// Lacks lists what the service requires and this person's key does not hold: it will not recognise them (PAIN-11, R2.10).
func (s Service) Lacks(subject consent.Subject) []consent.Name {
	var missing []consent.Name
	for _, ask := range s.Attributes {
		a, ok := consent.Lookup(ask.Name)
		if !ok || !ask.Required {
			continue
		}
		if !a.Obtainable(subject) { // what another body holds is asked for when it is needed
			missing = append(missing, ask.Name)
		}
	}
	return missing
}

// PublicClient tells whether the service cannot keep a secret.
func (s Service) PublicClient() bool { return s.AuthMethod == NoAuth }

// Tx is what a transaction must offer for services.
type Tx interface {
	// Service reads one; fault.ServiceUnknown when there is none.
	Service(id string) (Service, error)
	// ServiceNamed finds the service that a wire knows by an entity id or client id; fault.ServiceUnknown when there is none.
	ServiceNamed(wire Wire, name string) (Service, error)
	// Services lists all, by id.
	Services() ([]Service, error)
	// SaveService inserts or replaces; fault.RowConflict when another service has one of its names.
	SaveService(Service) error
	// DeleteService removes; it tells whether there was one.
	DeleteService(id string) (bool, error)
}
