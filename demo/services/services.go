// Package services holds the registrations of the demonstration's five relying parties: one strict
// file each, in the form an operator of Chave writes, with placeholders for what is known only when
// the demonstration starts.
//
// The same files are read by both sides: the composition root hands File's bytes to the product's
// own reader, and the relying party learns from them what it may ask for. The package runs nothing.
package services

import (
	"bytes"
	"embed"
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

	// File is the whole registration as bytes of YAML, for the product's own strict reader.
	// It contains the secret in clear.
	File []byte `yaml:"-"`
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

// Load fills in one registration by its name (see Names). base is the service's own origin, such as
// "http://localhost:8101"; secret has at least 32 characters of base64url.
func Load(name, base, secret string) (Registration, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != base {
		return Registration{}, fmt.Errorf("service %s: %q is not an origin", name, base)
	}
	if !secretForm.MatchString(secret) {
		return Registration{}, fmt.Errorf("service %s: the secret is not at least 32 characters of base64url", name)
	}
	data, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return Registration{}, fmt.Errorf("service %s: %w", name, err)
	}
	data = []byte(strings.NewReplacer("{base}", base, "{secret}", secret).Replace(string(data)))
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var r Registration
	if err := dec.Decode(&r); err != nil {
		return Registration{}, fmt.Errorf("service %s: %w", name, err)
	}
	r.File = data
	return r, nil
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

// Published is a service as the tester's door shows it: GET /services is an array of these.
// The names of its JSON members are a documented contract.
type Published struct {
	Name         string   `json:"name"` // in English, as in English messages
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	RedirectURIs []string `json:"redirect_uris"`
	URL          string   `json:"url"`
}

// Publish is the tester's form of a registration, secret included: it exists only in a demonstration.
func (r Registration) Publish() Published {
	return Published{Name: r.Name.EN, ClientID: r.ID, ClientSecret: r.Secret.Reveal(), RedirectURIs: r.RedirectURIs, URL: r.URL}
}
