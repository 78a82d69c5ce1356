package saml_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/service"
	format "chave/internal/format/saml"
	"chave/internal/wire/saml"
)

// agrees is a service's LogoutResponse, signed.
func (r *rig) agrees(inResponseTo, issuer, status string) string {
	return r.signed(r.agreement(inResponseTo, issuer, status))
}

func (r *rig) agreement(inResponseTo, issuer, status string) string {
	return `<samlp:LogoutResponse xmlns:samlp="` + format.NSProtocol + `" xmlns:saml="` + format.NSAssertion + `" ID="` + format.NewID(rand.Reader) + `" Version="2.0" IssueInstant="` +
		format.Second(r.clock()) + `" Destination="` + r.server.URL + saml.PathSLO + `" InResponseTo="` + inResponseTo + `"><saml:Issuer>` + issuer +
		`</saml:Issuer><samlp:Status><samlp:StatusCode Value="` + status + `"/></samlp:Status></samlp:LogoutResponse>`
}

// opened signs in to the shop and then to further services of the same session.
func (r *rig) opened(b *browser, settings ...service.Settings) outcome {
	r.t.Helper()
	in := r.read(b.signIn(r.ask()))
	for _, s := range settings {
		r.register(s)
		a := r.ask()
		a.Issuer, a.ACS = s.SAML.Issuer, ""
		o := r.read(b.signIn(a))
		if o.name == in.name || o.index == in.index {
			r.t.Error("two services can compare sessions")
		}
	}
	return in
}

func TestProfiles4_4_the_browser_visits_the_other_services_of_the_session(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	in := r.opened(b, r.other("alpha", "post"), r.other("beta", "redirect"))
	other := r.browser() // another session of the same person hears nothing
	r.opened(other)
	m := r.logout(in.name, in.index)

	p := b.logout("POST", m)
	if _, alive := b.session(); alive {
		t.Fatal("the session waits for the services")
	}
	root, to, _ := r.outgoing(p, "SAMLRequest")
	first, err := format.ParseLogoutRequest(root)
	if err != nil || to != "https://alpha.example/slo?x=1" || first.NameID == nil || first.NameID.Format != format.NameIDPersistent || len(first.SessionIndexes) != 1 {
		t.Fatalf("%v: alpha is told %+v at %s", err, first, to)
	}
	p = b.follow(b.crossPost(saml.PathSLO, form("SAMLResponse", r.agrees(first.ID, "https://alpha.example/saml", format.StatusSuccess), "")))
	root, to, _ = r.outgoing(p, "SAMLRequest")
	second, err := format.ParseLogoutRequest(root)
	if err != nil || to != "https://beta.example/slo?x=1" || second.NameID.Value == first.NameID.Value {
		t.Fatalf("%v: beta is told %+v at %s", err, second, to)
	}
	p = b.follow(b.get(saml.PathSLO + "?" + r.query("SAMLResponse", r.agreement(second.ID, "https://beta.example/saml", format.StatusSuccess), "")))
	if status, partial := r.readBye(p, "https://shop.example/saml/slo", m.ID, "st&1"); status != format.StatusSuccess || partial != "" {
		t.Errorf("answered %s / %s", status, partial)
	}
	t.Run("an answer given again leads nowhere", func(t *testing.T) {
		again := b.follow(b.crossPost(saml.PathSLO, form("SAMLResponse", r.agrees(first.ID, "https://alpha.example/saml", format.StatusSuccess), "")))
		if again.posted != nil || again.body != "signed out" {
			t.Errorf("answered %+v", again)
		}
	})
	if _, alive := other.session(); !alive {
		t.Error("another session of the person ended")
	}
}

func TestCore3_7_3_2_what_is_not_confirmed_is_told_as_partial(t *testing.T) {
	for name, answer := range map[string]func(*rig, *browser, string) page{
		"a service that says no": func(r *rig, b *browser, id string) page {
			return b.crossPost(saml.PathSLO, form("SAMLResponse", r.agrees(id, "https://alpha.example/saml", format.StatusResponder), ""))
		},
		"an answer without a signature": func(r *rig, b *browser, id string) page {
			return b.crossPost(saml.PathSLO, form("SAMLResponse", r.agreement(id, "https://alpha.example/saml", format.StatusSuccess), ""))
		},
		"another service's answer": func(r *rig, b *browser, id string) page {
			return b.crossPost(saml.PathSLO, form("SAMLResponse", r.agrees(id, entity, format.StatusSuccess), ""))
		},
		"an answer that comes late": func(r *rig, b *browser, id string) page {
			r.advance(20 * time.Minute)
			return b.crossPost(saml.PathSLO, form("SAMLResponse", r.agrees(id, "https://alpha.example/saml", format.StatusResponder), ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			b := r.browser()
			in := r.opened(b, r.other("alpha", "post"))
			m := r.logout(in.name, in.index)
			root, _, _ := r.outgoing(b.logout("POST", m), "SAMLRequest")
			asked, _ := format.ParseLogoutRequest(root)
			status, second := r.readBye(b.follow(answer(r, b, asked.ID)), "https://shop.example/saml/slo", m.ID, "st&1")
			if status != format.StatusSuccess || second != format.StatusPartialLogout {
				t.Errorf("answered %s / %s", status, second)
			}
		})
	}
	t.Run("a service with nowhere to ask", func(t *testing.T) {
		r := newRig(t)
		b := r.browser()
		silent := r.other("alpha", "post")
		silent.SAML.Logout = ""
		in := r.opened(b, silent)
		m := r.logout(in.name, in.index)
		if _, second := r.readBye(b.logout("Redirect", m), "https://shop.example/saml/slo", m.ID, "st&1"); second != format.StatusPartialLogout {
			t.Errorf("answered %s", second)
		}
	})
	t.Run("a service that never brings the browser back: going back leads on", func(t *testing.T) {
		r := newRig(t)
		b := r.browser()
		in := r.opened(b, r.other("alpha", "post"), r.other("beta", "post"))
		m := r.logout(in.name, in.index)
		p := b.crossPost(saml.PathSLO, form("SAMLRequest", r.signed(m.xml()), "st&1"))
		p = b.get(p.location.String())
		step := p.location.String() // what the back button returns to
		root, _, _ := r.outgoing(b.get(step), "SAMLRequest")
		first, _ := format.ParseLogoutRequest(root)
		p = b.follow(b.get(step))
		root, to, _ := r.outgoing(p, "SAMLRequest")
		second, _ := format.ParseLogoutRequest(root)
		if to != "https://beta.example/slo?x=1" {
			t.Fatalf("led to %s", to)
		}
		late := b.follow(b.crossPost(saml.PathSLO, form("SAMLResponse", r.agrees(first.ID, "https://alpha.example/saml", format.StatusSuccess), "")))
		if late.body != "signed out" {
			t.Errorf("a given up answer leads to %+v", late)
		}
		p = b.follow(b.crossPost(saml.PathSLO, form("SAMLResponse", r.agrees(second.ID, "https://beta.example/saml", format.StatusSuccess), "")))
		if _, partial := r.readBye(p, "https://shop.example/saml/slo", m.ID, "st&1"); partial != format.StatusPartialLogout {
			t.Errorf("answered %s", partial)
		}
		if p := b.get(step); p.body != "signed out" || p.status != http.StatusOK {
			t.Errorf("the step leads on for ever: %+v", p)
		}
	})
}

func TestProfiles4_4_many_services_fit_into_what_browsers_follow(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	var all []service.Settings
	for _, id := range strings.Fields("alpha beta gamma delta epsilon zeta eta") {
		all = append(all, r.other(id, "redirect"))
	}
	in := r.opened(b, all...)
	m := r.logout(in.name, in.index)
	p, pages := b.logout("Redirect", m), 0
	for range all {
		root, to, _ := r.outgoing(p, "SAMLRequest")
		asked, _ := format.ParseLogoutRequest(root)
		back := b.get(saml.PathSLO + "?" + r.query("SAMLResponse", r.agreement(asked.ID, strings.Replace(to, "/slo?x=1", "/saml", 1), format.StatusSuccess), ""))
		if back.header.Get("Refresh") != "" {
			pages++
		}
		p = b.follow(back)
	}
	if status, second := r.readBye(p, "https://shop.example/saml/slo", m.ID, "st&1"); status != format.StatusSuccess || second != "" || pages != 1 {
		t.Errorf("answered %s / %s after %d pages", status, second, pages)
	}
}
