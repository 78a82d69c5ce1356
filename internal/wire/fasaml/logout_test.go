package fasaml_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"
)

const nameIDElement = `<NameID xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</NameID>`

// logout is a signed LogoutRequest: attributes of the root, and what stands behind the Issuer.
func (r *rig) logout(root, content string) []byte {
	r.t.Helper()
	if !strings.Contains(root, "IssueInstant=") {
		root += ` IssueInstant="` + at(r, 0) + `"`
	}
	if !strings.Contains(root, "Version=") {
		root += ` Version="2.0"`
	}
	doc := `<LogoutRequest xmlns="urn:oasis:names:tc:SAML:2.0:protocol" ID="` + saml.NewID(rand.Reader) + `" ` + root +
		`><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">` + issuer + `</Issuer>` + content + `</LogoutRequest>`
	return spKey().signed(r.t, []byte(doc))
}

func logoutTo(url string) string {
	return `<Extensions><u:LogoutUrl xmlns:u="http://autenticacao.cartaodecidadao.pt/logout">` + url + `</u:LogoutUrl></Extensions>` + nameIDElement
}

func TestLogout_ends_the_session_and_answers_signed_by_both_methods(t *testing.T) {
	r := newRig(t)
	for name, c := range map[string]struct{ content, to string }{
		"static":            {nameIDElement, "https://sp.example.test/bye"},
		"dynamic":           {logoutTo("https://a.sp.example.test/out?x=1&amp;y=2"), "https://a.sp.example.test/out?x=1&y=2"},
		"dynamic to static": {logoutTo("https://sp.example.test/bye"), "https://sp.example.test/bye"},
	} {
		t.Run(name, func(t *testing.T) {
			b := r.browser()
			r.answer(b.signIn(r.ask()))
			session := b.cookie("chave_compat")
			p := b.send(r.logout("", c.content))
			if p.status != http.StatusSeeOther {
				t.Fatalf("answered %d %s %s", p.status, p.fault(), r.reading(p))
			}
			p = b.get(p.location.String())
			a := r.answer(p)
			if top, _, _ := a.status(); top != "Success" || a.root.Tag != "LogoutResponse" || p.posted.Action != c.to || xmldsig.Attr(a.root, "Destination") != c.to ||
				xmldsig.Text(a.at("Issuer")) != entity || p.posted.Fields[1].Value != "cmVsYXk=" {
				t.Errorf("answered %s to %s with %v", a.raw, p.posted.Action, p.posted.Fields[1])
			}
			if b.cookie("chave_compat") != "" {
				t.Error("the cookie is still there")
			}
			if _, _, err := r.login.SessionIn(t.Context(), login.Compat, session); !fault.Is(err, fault.SessionNeeded) {
				t.Errorf("the session still stands: %v", err)
			}
			p = b.send(r.logout("", c.content))
			if top, _, _ := r.answer(b.get(p.location.String())).status(); top != "Success" {
				t.Error("without a session it is no success")
			}
		})
	}
}

func TestLogout_goes_to_no_address_outside_the_registered_domain(t *testing.T) {
	r := newRig(t)
	for _, to := range []string{"https://sp.example.test.evil.test/", "http://sp.example.test/out", "https://evil.test/", "javascript:alert(1)"} {
		r.wantHere(t, r.browser().send(r.logout("", logoutTo(to))), http.StatusForbidden, "CH-1106")
	}
	r.register(sp(func(s *service.Settings) { s.SAML.Logout, s.SAML.LogoutDomain = "", "" }))
	for _, content := range []string{nameIDElement, logoutTo("https://sp.example.test/out")} {
		r.wantHere(t, r.browser().send(r.logout("", content)), http.StatusForbidden, "CH-1106")
	}
}

func TestLogout_refusals_are_posted_and_end_nothing(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	r.answer(b.signIn(r.ask()))
	for name, doc := range map[string][]byte{
		"too old":               r.logout(`IssueInstant="`+at(r, -6*time.Minute)+`"`, nameIDElement),
		"another version":       r.logout(`Version="1.1"`, nameIDElement),
		"another destination":   r.logout(`Destination="https://elsewhere.example.test/"`, nameIDElement),
		"past its NotOnOrAfter": r.logout(`NotOnOrAfter="`+at(r, -time.Second)+`"`, nameIDElement),
		"without NameID":        r.logout("", ""),
		"with two":              r.logout("", nameIDElement+nameIDElement),
	} {
		t.Run(name, func(t *testing.T) {
			p := b.send(doc)
			a := r.answer(p)
			if top, second, says := a.status(); a.root.Tag != "LogoutResponse" || top != "Requester" || second != "RequestDenied" || says != saysDenied {
				t.Errorf("answered %s", a.raw)
			}
			if p.posted.Action != "https://sp.example.test/bye" {
				t.Errorf("posted to %s", p.posted.Action)
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		doc := r.logout("", nameIDElement)
		b := r.browser()
		if p := b.send(doc); p.status != http.StatusSeeOther {
			t.Fatalf("answered %d", p.status)
		}
		if _, second, _ := r.answer(b.send(doc)).status(); second != "RequestDenied" {
			t.Errorf("answered %s", second)
		}
	})
	if _, _, err := r.login.SessionIn(t.Context(), login.Compat, b.cookie("chave_compat")); err != nil {
		t.Errorf("the session ended: %v", err)
	}
}

// Logout ends this wire's session only: a modern one in the same browser stands.
func TestWall_logout_leaves_the_modern_session(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	r.answer(b.signIn(r.ask()))
	b.keep("chave_session", strings.Repeat("a", 52))
	p := b.send(r.logout("", nameIDElement))
	p = b.get(p.location.String())
	for _, c := range p.header.Values("Set-Cookie") {
		if strings.HasPrefix(c, "chave_session=") {
			t.Errorf("set %s", c)
		}
	}
	if b.cookie("chave_session") == "" {
		t.Error("the modern cookie is gone")
	}
}
