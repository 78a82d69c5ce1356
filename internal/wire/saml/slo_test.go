package saml_test

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	format "chave/internal/format/saml"
	"chave/internal/format/xmldsig"
	"chave/internal/wire/saml"
)

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// bye is a LogoutRequest that nothing is wrong with.
type bye struct {
	ID, Version, Issuer, Destination, Attrs, Inside string
	At                                              time.Time
}

func (r *rig) logout(name string, indexes ...string) bye {
	m := bye{
		ID: format.NewID(rand.Reader), Version: "2.0", Issuer: entity, Destination: r.server.URL + saml.PathSLO, At: r.clock(),
		Inside: `<saml:NameID>` + name + `</saml:NameID>`,
	}
	for _, i := range indexes {
		m.Inside += `<samlp:SessionIndex>` + i + `</samlp:SessionIndex>`
	}
	return m
}

func (m bye) xml() string {
	return `<samlp:LogoutRequest xmlns:samlp="` + format.NSProtocol + `" xmlns:saml="` + format.NSAssertion + `" ID="` + m.ID + `" Version="` + m.Version +
		`" IssueInstant="` + format.Second(m.At) + `" Destination="` + m.Destination + `"` + m.Attrs + `><saml:Issuer>` + m.Issuer + `</saml:Issuer>` + m.Inside + `</samlp:LogoutRequest>`
}

func TestProfiles4_4_a_service_ends_the_session_over_both_bindings(t *testing.T) {
	for _, binding := range []string{"post", "redirect"} {
		for _, way := range []string{"POST", "Redirect"} {
			t.Run(way+", answered by "+binding, func(t *testing.T) {
				r := newRig(t)
				s := r.shop()
				s.SAML.LogoutBinding = binding
				r.register(s)
				b := r.browser()
				in := r.read(b.signIn(r.ask()))
				m := r.logout(in.name, in.index)
				p := b.logout(way, m)
				status, second := r.readBye(p, "https://shop.example/saml/slo", m.ID, "st&1")
				if status != format.StatusSuccess || second != "" {
					t.Errorf("answered %s / %s", status, second)
				}
				if _, alive := b.session(); alive || b.cookie("chave_session") != "" {
					t.Error("the session lives on")
				}
			})
		}
	}
}

// logout sends a request as a service would, and follows it.
func (b *browser) logout(way string, m bye) page {
	b.r.t.Helper()
	if way == "POST" {
		return b.follow(b.crossPost(saml.PathSLO, form("SAMLRequest", b.r.signed(m.xml()), "st&1")))
	}
	return b.follow(b.get(saml.PathSLO + "?" + b.r.query("SAMLRequest", m.xml(), "st&1")))
}

// outgoing reads a message of ours by either binding, whose signature must hold, and where it goes.
func (r *rig) outgoing(p page, field string) (root *etree.Element, to, state string) {
	r.t.Helper()
	if p.posted != nil {
		root, err := xmldsig.Parse([]byte(p.message(field)), xmldsig.DefaultLimits())
		if err != nil {
			r.t.Fatalf("%v\n%s", err, p.body)
		}
		v, err := xmldsig.Verify(root, r.publicKeys(), xmldsig.Policy{})
		if err != nil {
			r.t.Fatal(err)
		}
		return v.Root, p.posted["action"], p.posted["RelayState"]
	}
	if p.location == nil {
		r.t.Fatalf("no message to a service: %d %s %s\n%s", p.status, p.header.Get("X-Fault"), p.body, r.logged())
	}
	raw := p.location.RawQuery
	q, err := format.VerifyQuery(raw, r.publicKeys(), xmldsig.Policy{})
	if err != nil {
		r.t.Fatalf("%v: %s", err, p.location)
	}
	if q.Response != (field == "SAMLResponse") {
		r.t.Errorf("sent another message than %s", field)
	}
	doc, err := format.DecodeRedirect(q.Message, 1<<20)
	if err != nil {
		r.t.Fatal(err)
	}
	if root, err = xmldsig.Parse(doc, xmldsig.DefaultLimits()); err != nil {
		r.t.Fatal(err)
	}
	to, _, _ = strings.Cut(p.location.String(), field+"=")
	return root, strings.TrimRight(to, "?&"), q.RelayState
}

// readBye reads a LogoutResponse that answers a request.
func (r *rig) readBye(p page, to, id, state string) (status, second string) {
	r.t.Helper()
	root, where, echoed := r.outgoing(p, "SAMLResponse")
	m, err := format.ParseLogoutResponse(root)
	if err != nil {
		r.t.Fatal(err)
	}
	if where != to || m.Destination != to || m.InResponseTo != id || echoed != state || m.Issuer != r.server.URL+"/saml/metadata" {
		r.t.Errorf("%+v goes to %s with %q", m, where, echoed)
	}
	return m.Status.Code, m.Status.Second
}

func TestR5_24_a_logout_that_does_not_name_this_session_asks_first(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	in := r.read(b.signIn(r.ask()))
	last := ""
	for name, m := range map[string]bye{
		"another index":  r.logout(in.name, "_another"),
		"another person": r.logout("somebody-else", in.index),
		"nobody":         r.logout(""),
	} {
		for _, way := range []string{"POST", "Redirect"} {
			t.Run(name+" over "+way, func(t *testing.T) {
				last, r.asked = format.NewID(rand.Reader), nil
				m.ID = last
				p := b.logout(way, m)
				if _, alive := b.session(); !alive || r.asked == nil || p.posted != nil {
					t.Fatalf("alive %v, asked %v, answered %v", alive, r.asked, p.posted)
				}
			})
		}
	}
	yes := url.Values{"confirm": {r.asked.Fields[0].Value}}
	t.Run("another browser's yes, and another site's, end nothing", func(t *testing.T) {
		stranger := r.browser()
		stranger.signIn(r.ask())
		wantPage(t, stranger.post(r.asked.Action, yes), "CH-1102")
		p := b.crossPost(r.asked.Action, yes)
		if _, alive := b.session(); !alive || p.posted != nil || p.header.Get("Set-Cookie") != "" {
			t.Errorf("alive %v, answered %v", alive, p.header)
		}
		wantPage(t, b.post(r.asked.Action, url.Values{"confirm": {"AAAA"}}), "CH-1002")
	})
	t.Run("the person's yes ends it, and the service is told", func(t *testing.T) {
		p := b.post(r.asked.Action, yes)
		if p.status != http.StatusOK || p.header.Get("Refresh") == "" {
			t.Fatalf("answered %d %v", p.status, p.header)
		}
		if status, _ := r.readBye(b.follow(p), "https://shop.example/saml/slo", last, "st&1"); status != format.StatusSuccess {
			t.Errorf("answered %s", status)
		}
	})
}

func TestR5_24_a_logout_without_a_session_is_success_and_ends_nothing(t *testing.T) {
	r := newRig(t)
	b, elsewhere := r.browser(), r.browser()
	in := r.read(elsewhere.signIn(r.ask()))
	m := r.logout(in.name, in.index)
	if status, second := r.readBye(b.logout("POST", m), "https://shop.example/saml/slo", m.ID, "st&1"); status != format.StatusSuccess || second != "" {
		t.Errorf("answered %s %s", status, second)
	}
	if _, alive := elsewhere.session(); !alive {
		t.Error("another browser's session ended")
	}
}

func TestRefusals_of_a_logout(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	in := r.read(b.signIn(r.ask()))
	for _, c := range []struct {
		name, second string
		change       func(*bye)
	}{
		{"stale", format.StatusRequestDenied, func(m *bye) { m.At = m.At.Add(-6 * time.Minute) }},
		{"past NotOnOrAfter", format.StatusRequestDenied, func(m *bye) { m.Attrs = ` NotOnOrAfter="` + format.Second(m.At.Add(-6*time.Minute)) + `"` }},
		{"another destination", format.StatusRequestDenied, func(m *bye) { m.Destination = r.server.URL + saml.PathSSO }},
		{"an encrypted name", format.StatusRequestUnsupported, func(m *bye) { m.Inside = `<saml:EncryptedID/>` }},
		{"two names", format.StatusRequestDenied, func(m *bye) { m.Inside += m.Inside }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := r.logout(in.name)
			c.change(&m)
			for _, way := range []string{"POST", "Redirect"} {
				m.ID = format.NewID(rand.Reader)
				status, second := r.readBye(b.logout(way, m), "https://shop.example/saml/slo", m.ID, "st&1")
				if status != format.StatusRequester || second != c.second {
					t.Errorf("answered %s / %s", status, second)
				}
			}
		})
	}
	t.Run("unsigned", func(t *testing.T) {
		wantPage(t, b.follow(b.crossPost(saml.PathSLO, form("SAMLRequest", r.logout(in.name).xml(), ""))), "CH-1603")
		q := "SAMLRequest=" + escaped(format.EncodeRedirect([]byte(r.logout(in.name).xml())))
		wantPage(t, b.get(saml.PathSLO+"?"+q), "CH-1603")
	})
	t.Run("from nobody", func(t *testing.T) {
		m := r.logout(in.name)
		m.Issuer = "https://nobody.example"
		wantPage(t, b.logout("POST", m), "CH-1105")
	})
	if _, alive := b.session(); !alive {
		t.Fatal("the session ended")
	}
	t.Run("used before", func(t *testing.T) {
		m := r.logout("somebody-else")
		b.logout("POST", m)
		if _, second := r.readBye(b.logout("Redirect", m), "https://shop.example/saml/slo", m.ID, "st&1"); second != format.StatusRequestDenied {
			t.Errorf("answered %s", second)
		}
	})
	t.Run("an answer to nothing we asked", func(t *testing.T) {
		wantPage(t, b.crossPost(saml.PathSLO, form("SAMLResponse", r.agrees("_x", "https://shop.example/saml", format.StatusSuccess), "")), "CH-1602")
	})
}
