// Package services holds the registrations of the demonstration's five relying parties: one strict
// file each, in the form an operator of Chave writes, with placeholders for what is known only when
// the demonstration starts.
//
// The same files are read by both sides: the composition root hands File's bytes to the product's
// own reader, and the relying party learns from them what it may ask for. The package runs nothing.
package services

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"chave/demo/people"

	"go.yaml.in/yaml/v3"
)

//go:embed *.yaml
var files embed.FS

// order is that of the demonstration's ports and pages.
var order = [...]string{"tax", "social_security", "health", "hospital", "bank"}

// Ask is one attribute a service is registered for.
type Ask struct {
	Name     string       `yaml:"name"` // the product's attribute name, e.g. "full_name"
	Required bool         `yaml:"required"`
	Reason   people.Words `yaml:"reason"`
}

// Registration is what a relying party and the demo's pages need of a registration file.
type Registration struct {
	ID                     string       `yaml:"id"` // the client id
	Name                   people.Words `yaml:"name"`
	Description            people.Words `yaml:"description"`
	Purpose                people.Words `yaml:"purpose"`
	Retention              people.Words `yaml:"retention"`
	URL                    string       `yaml:"url"` // front page
	Category               string       `yaml:"category"`
	RedirectURIs           []string     `yaml:"redirect_uris"`
	PostLogoutRedirectURIs []string     `yaml:"post_logout_redirect_uris"`
	BackchannelLogoutURI   string       `yaml:"backchannel_logout_uri"`
	Secret                 Secret       `yaml:"secret"`
	Refresh                bool         `yaml:"refresh"` // whether it may ask for offline_access
	MinLevel               int          `yaml:"min_level"`
	Attributes             []Ask        `yaml:"attributes"`

	// SAML and OAuth are what two services are registered for beside OpenID Connect; nil for the others.
	SAML  *SAML  `yaml:"saml"`
	OAuth *OAuth `yaml:"oauth"`
	// SCMD and CSC say how it may ask for signatures.
	SCMD   *SCMD                `yaml:"scmd"`
	CSC    *CSC                 `yaml:"csc"`
	Compat map[string]Allowance `yaml:"compat"`

	// File is the whole registration as bytes of YAML, for the product's own strict reader.
	// It contains the secret in clear.
	File []byte `yaml:"-"`
	// Pair is the key that this service signs with, and its certificate; empty where no wire needs one.
	Pair Pair `yaml:"-"`
}

// SAML is a service's registration for one of the two SAML wires.
type SAML struct {
	Wire           string   `yaml:"wire"`   // "fa", Portugal's profile, or "saml", the standard's
	Issuer         string   `yaml:"issuer"` // the service's entity id
	ACS            []string `yaml:"acs"`
	Certificates   []string `yaml:"certificates"` // PEM
	Logout         string   `yaml:"logout"`
	AttributeNames string   `yaml:"attribute_names"`
	Also           []string `yaml:"also"` // attributes beside those of the registration
}

// OAuth is a service's registration for CMD's OAuth door.
type OAuth struct {
	ClientID     string   `yaml:"client_id"`
	RedirectURIs []string `yaml:"redirect_uris"`
	Native       bool     `yaml:"native"`
	Callback     string   `yaml:"callback"`    // of QR-code requests
	Certificate  string   `yaml:"certificate"` // PEM, for QR-code requests
	Also         []string `yaml:"also"`
}

// SCMD is a service's registration for the SOAP signature services.
type SCMD struct {
	ApplicationID string `yaml:"application_id"`
	User          string `yaml:"user"`
	Password      Secret `yaml:"password"`
}

// CSC is a service's registration for the Cloud Signature Consortium's API.
type CSC struct {
	Explicit  bool `yaml:"explicit"`
	Documents bool `yaml:"documents"`
}

// Allowance is one switch of the registration that lets something old through.
type Allowance struct {
	Until string `yaml:"until"` // last day, YYYY-MM-DD; no end when empty
}

// Own is what only this start of the demonstration knows of a service.
type Own struct {
	// Base is the service's own origin, such as "http://localhost:8101".
	Base string
	// Secret has at least 32 characters of base64url.
	Secret string
	// Pair is needed by services for which Signs says so.
	Pair Pair
}

// Signs tells whether a service needs a key pair: whether its registration has a place for a certificate.
func Signs(name string) bool {
	data, err := files.ReadFile(name + ".yaml")
	return err == nil && bytes.Contains(data, []byte("{certificate}"))
}

// Secret is a client secret; printed, it shows nothing.
type Secret string

// String keeps the secret out of logs and errors.
func (Secret) String() string { return "[redacted]" }

// GoString keeps the secret out of %#v.
func (Secret) GoString() string { return "[redacted]" }

// Reveal is the secret itself, for the token request and the tester's door.
func (s Secret) Reveal() string { return string(s) }

// Count is the number of services, and of ports they need.
const Count = len(order)

// Names lists the file names without suffix, in the order of ports.
func Names() []string { return append([]string(nil), order[:]...) }

// secretForm keeps a secret from breaking out of its YAML string and out of HTTP Basic.
var secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{32,}$`)

// Load fills in one registration by its name (see Names).
func Load(name string, own Own) (Registration, error) {
	u, err := url.Parse(own.Base)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != own.Base {
		return Registration{}, fmt.Errorf("service %s: %q is not an origin", name, own.Base)
	}
	if !secretForm.MatchString(own.Secret) {
		return Registration{}, fmt.Errorf("service %s: the secret is not at least 32 characters of base64url", name)
	}
	data, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return Registration{}, fmt.Errorf("service %s: %w", name, err)
	}
	if Signs(name) {
		if err := own.Pair.check(); err != nil {
			return Registration{}, fmt.Errorf("service %s: %w", name, err)
		}
	}
	// PEM is base64 and dashes, so that its line ends are all there is to write differently inside a YAML string.
	certificate := strings.ReplaceAll(own.Pair.Certificate, "\n", `\n`)
	data = []byte(strings.NewReplacer("{base}", own.Base, "{secret}", own.Secret, "{scmd_password}", scmdPassword(own.Secret), "{certificate}", certificate).Replace(string(data)))
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var r Registration
	if err := dec.Decode(&r); err != nil {
		return Registration{}, fmt.Errorf("service %s: %w", name, err)
	}
	r.File, r.Pair = data, own.Pair
	return r, nil
}

// scmdPassword is another secret than the client's, made from it so that the demonstration has one secret a service to keep.
func scmdPassword(secret string) string {
	sum := sha256.Sum256([]byte("scmd password of " + secret))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}

// Scopes are what the service asks for in OpenID Connect: "openid", "profile" for names and birth
// date, and one scope per further attribute.
func (r Registration) Scopes() []string {
	scopes := []string{"openid"}
	profile := false
	for _, a := range r.Attributes {
		switch a.Name {
		case "full_name", "given_names", "surnames", "birth_date":
			if !profile {
				scopes = append(scopes, "profile")
				profile = true
			}
		default:
			scopes = append(scopes, a.Name)
		}
	}
	return scopes
}
