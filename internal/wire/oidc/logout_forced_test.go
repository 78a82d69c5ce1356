package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A form on a stranger's page reaches us without the session cookie (SameSite=Lax), but what we answer may still set one. "No cookie" must not be
// read as "signed out already, so take the cookie away": the session would live on where nobody can end it any more, and no service would be told.
func TestR5_24_A9_a_form_on_another_site_cannot_take_the_session_out_of_a_browser(t *testing.T) {
	r := newRig(t)
	attacker, _ := r.signedInWith()
	attacker.get("/oauth2/logout?" + url.Values{"client_id": {"bank"}, "post_logout_redirect_uri": {bye}}.Encode())
	planted := url.Values{r.asked.Fields[0].Name: {r.asked.Fields[0].Value}} // genuine, and the attacker's own

	for name, send := range map[string]func(*browser) page{
		"a planted yes": func(b *browser) page { return b.post("/oauth2/logout", planted) },
		"a request":     func(b *browser) page { return b.post("/oauth2/logout", url.Values{"client_id": {"bank"}}) },
	} {
		t.Run(name, func(t *testing.T) {
			bare := r.browser() // what a cross-site form looks like from here
			p := send(bare)
			for _, c := range (&http.Response{Header: p.header}).Cookies() {
				if strings.HasPrefix(c.Name, "chave_session") {
					t.Errorf("the answer sets %s", c)
				}
			}
		})
	}
	t.Run("a browser that has one loses it when it signs out", func(t *testing.T) {
		b, _ := r.signedInWith()
		b.get("/oauth2/logout?client_id=bank")
		b.post("/oauth2/logout", url.Values{r.asked.Fields[0].Name: {r.asked.Fields[0].Value}})
		if b.cookie("chave_session") != "" || b.signedIn() {
			t.Error("still signed in")
		}
	})
}
