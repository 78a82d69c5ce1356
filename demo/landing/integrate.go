package landing

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/template"

	"chave/demo/page"
	"chave/demo/services"
)

//go:embed snippets/*.txt
var snippetFiles embed.FS

// The ways that a service can be registered for, in the order the page shows them.
var ways = []string{"oidc", "fa", "oauth", "saml", "scmd", "csc"}

// integrateView is the page for integrators: an overview, or one service with all that goes into a client's configuration.
type integrateView struct {
	view
	Rows    []row
	Ways    []string
	Service *connection
}

// row is one service in the overview.
type row struct {
	ID, Name string
	Has      map[string]bool // by way
}

// connection is one service on its page.
type connection struct {
	ID, Name, URL string
	Ways          []way
}

// way is one protocol with what to write into a client for it.
type way struct {
	Key      string // "oidc", "fa", "oauth", "saml", "scmd" or "csc"
	Facts    []entry
	Files    []file
	Snippet  string
	Names    []named // attributes, by the names of this way
	Switches []string
}

// entry is one line to copy; Key names its label among the texts.
type entry struct{ Key, Value string }

// file is a block to save; Key names its label, As how to call it.
type file struct {
	Key, As, Text string
	Secret        bool
}

// named is one attribute with its names.
type named struct {
	Attribute string
	Names     []string
	Required  bool
}

// Attribute is the plain name of an attribute.
func (v integrateView) Attribute(name string) (string, error) { return v.T("attribute." + name) }

// integrate answers /integrate and /integrate/{service}.
func (p *Page) integrate(w http.ResponseWriter, r *http.Request) error {
	lang := page.Lang(w, r, langCookie)
	v := integrateView{view: view{texts: p.texts, Lang: lang, Other: page.Other(lang), Portal: p.cfg.Portal, Issuer: strings.TrimSuffix(p.cfg.Issuer, "/")}, Ways: ways}
	id, one := strings.CutPrefix(r.URL.Path, "/integrate/")
	for _, reg := range p.cfg.Services {
		v.Rows = append(v.Rows, row{reg.ID, reg.Name.In(lang), has(reg)})
		if !one || reg.ID != id {
			continue
		}
		found, err := p.connection(r.Context(), reg, v.Issuer, lang)
		if err != nil {
			return err
		}
		v.Service = &found
	}
	if one && v.Service == nil {
		http.Redirect(w, r, "/integrate", http.StatusSeeOther)
		return nil
	}
	return page.Render(w, http.StatusOK, p.pages, "integrate.html", v)
}

func has(reg services.Registration) map[string]bool {
	h := map[string]bool{"oidc": true, "oauth": reg.OAuth != nil, "scmd": reg.SCMD != nil, "csc": reg.CSC != nil}
	if reg.SAML != nil {
		h[reg.SAML.Wire] = true
	}
	return h
}

func (p *Page) connection(ctx context.Context, reg services.Registration, issuer, lang string) (connection, error) {
	c := connection{ID: reg.ID, Name: reg.Name.In(lang), URL: reg.URL}
	for _, key := range ways {
		if !has(reg)[key] {
			continue
		}
		var one way
		var err error
		switch key {
		case "oidc":
			one, err = overOIDC(reg, issuer)
		case "fa", "saml":
			one, err = p.overSAML(ctx, reg, issuer)
		case "oauth":
			one, err = overOAuth(reg, issuer)
		case "scmd":
			one, err = overSCMD(reg, issuer)
		case "csc":
			one, err = overCSC(reg, issuer)
		}
		if err != nil {
			return c, err
		}
		one.Key = key
		c.Ways = append(c.Ways, one)
	}
	return c, nil
}

func overOIDC(reg services.Registration, issuer string) (one way, err error) {
	scope := strings.Join(reg.Scopes(), " ")
	one.Facts = []entry{
		{"issuer", issuer}, {"discovery", issuer + "/.well-known/openid-configuration"}, {"client_id", reg.ID}, {"client_secret", reg.Secret.Reveal()},
		{"redirect_uri", reg.RedirectURIs[0]}, {"post_logout", reg.PostLogoutRedirectURIs[0]}, {"scope", scope}, {"acr_values", fmt.Sprintf("urn:chave:level:%d", reg.MinLevel)},
	}
	for _, a := range reg.Attributes {
		one.Names = append(one.Names, named{a.Name, services.ClaimNames(a.Name), a.Required})
	}
	one.Snippet, err = snippet("oidc", map[string]any{
		"Issuer": issuer, "ID": reg.ID, "Secret": reg.Secret.Reveal(), "Redirect": reg.RedirectURIs[0], "Scope": scope, "Level": reg.MinLevel,
		"Plain": strings.HasPrefix(issuer, "http:"),
	})
	return one, err
}

func (p *Page) overSAML(ctx context.Context, reg services.Registration, issuer string) (one way, err error) {
	s := reg.SAML
	certificates := Certificates{}
	if p.cfg.Certificates != nil {
		if certificates, err = p.cfg.Certificates(ctx); err != nil {
			return one, err
		}
	}
	ours := certificates.FA
	if s.Wire == "fa" {
		one.Facts = []entry{
			{"entry_point", issuer + "/fa/Default.aspx"}, {"their_id", issuer}, {"metadata", issuer + "/fa/metadata"}, {"binding", "HTTP-POST"},
			{"your_id", s.Issuer}, {"acs", s.ACS[0]}, {"logout", s.Logout}, {"faaalevel", fmt.Sprint(reg.MinLevel)},
		}
	} else {
		ours = certificates.Standard
		one.Facts = []entry{
			{"metadata", issuer + "/saml/metadata"}, {"their_id", issuer + "/saml/metadata"}, {"sso", issuer + "/saml/sso"}, {"slo", issuer + "/saml/slo"},
			{"your_id", s.Issuer}, {"acs", s.ACS[0]}, {"logout", s.Logout}, {"context", fmt.Sprintf("urn:chave:level:%d", reg.MinLevel)},
			{"name_id", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
		}
	}
	one.Files = []file{
		{"their_certificate", "chave.pem", ours, false}, {"your_certificate", "service.pem", reg.Pair.Certificate, false},
		{"your_key", "service.key", reg.Pair.Key.Reveal(), true},
	}
	one.Names = publicNames(reg, s.Also)
	one.Snippet, err = snippet(s.Wire, map[string]any{
		"Issuer": issuer, "Entity": s.Issuer, "ACS": s.ACS[0], "Level": reg.MinLevel,
		"Names": slices.Concat(services.PublicNames("nic"), services.PublicNames("full_name")),
	})
	return one, err
}

func overOAuth(reg services.Registration, issuer string) (one way, err error) {
	o := reg.OAuth
	one.Facts = []entry{
		{"authorize", issuer + "/OAuth/AskAuthorization"}, {"attributes", issuer + "/OAuthResourceServer/Api/AttributeManager"},
		{"one_step", issuer + "/OAuthResourceServer/Api/Resource"}, {"refresh", issuer + "/OAuth/Service/AuthenticationJWT.svc/refreshToken"},
		{"client_id", o.ClientID}, {"redirect_uri", o.RedirectURIs[0]}, {"authentication_level", fmt.Sprint(reg.MinLevel)},
		{"qr", issuer + "/AuthorizationSystemFrontend/authorizationsystem/frontend/request/qrcodeauthentication"}, {"qr_callback", o.Callback},
	}
	one.Files = []file{{"your_certificate", "service.pem", reg.Pair.Certificate, false}, {"your_key", "service.key", reg.Pair.Key.Reveal(), true}}
	one.Names = publicNames(reg, o.Also)
	for name := range reg.Compat {
		if !slices.Contains(signatureSwitches, name) {
			one.Switches = append(one.Switches, name)
		}
	}
	slices.Sort(one.Switches)
	scope := url.QueryEscape(strings.Join(slices.Concat(services.PublicNames("nic"), services.PublicNames("full_name")), " "))
	one.Snippet, err = snippet("oauth", map[string]any{
		"Issuer": issuer, "Client": o.ClientID, "Redirect": url.QueryEscape(o.RedirectURIs[0]), "Level": reg.MinLevel, "Scope": strings.ReplaceAll(scope, "+", "%20"),
	})
	return one, err
}

// publicNames lists what a service may ask for over one of CMD's wires, or gets over standard SAML.
func publicNames(reg services.Registration, also []string) (all []named) {
	for _, a := range reg.Attributes {
		all = append(all, named{a.Name, services.PublicNames(a.Name), a.Required})
	}
	for _, name := range also {
		all = append(all, named{name, services.PublicNames(name), false})
	}
	return all
}

// snippet fills in an example. It is text, not markup: the page escapes it.
func snippet(name string, values map[string]any) (string, error) {
	source, err := snippetFiles.ReadFile("snippets/" + name + ".txt")
	if err != nil {
		return "", fmt.Errorf("snippet: %w", err)
	}
	t, err := template.New(name).Option("missingkey=error").Parse(string(source))
	if err != nil {
		return "", fmt.Errorf("snippet %s: %w", name, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, values); err != nil {
		return "", fmt.Errorf("snippet %s: %w", name, err)
	}
	return strings.TrimRight(b.String(), "\n"), nil
}
