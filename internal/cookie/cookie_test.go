package cookie_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chave/internal/cookie"
)

func TestA11_cookies_are_out_of_reach_of_scripts_and_other_sites(t *testing.T) {
	for _, jar := range []cookie.Jar{{Secure: true}, {}} {
		w := httptest.NewRecorder()
		jar.EnsureBrowser(w, httptest.NewRequest(http.MethodGet, "/", nil), rand.Reader)
		jar.SetSession(w, strings.Repeat("a", 52))
		jar.ClearSession(w)
		for _, c := range w.Result().Cookies() {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != jar.Secure {
				t.Errorf("%s is set as %s", c.Name, c)
			}
		}
	}
}

// Who holds a neighbouring subdomain can plant cookies for the whole domain. With a planted browser id they could begin a sign-in of their own, lead somebody
// into it, and walk out with the session: both browsers would be one to us. Browsers let only the host itself set a __Host- cookie.
func TestA11_over_HTTPS_no_neighbouring_subdomain_can_plant_our_cookies(t *testing.T) {
	jar := cookie.Jar{Secure: true}
	w := httptest.NewRecorder()
	id := jar.EnsureBrowser(w, httptest.NewRequest(http.MethodGet, "/", nil), rand.Reader)
	jar.SetSession(w, strings.Repeat("a", 52))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range w.Result().Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-chave_") {
			t.Errorf("%s can be planted", c.Name)
		}
		r.AddCookie(c)
	}
	if jar.Browser(r) != id || jar.Session(r) != strings.Repeat("a", 52) {
		t.Error("our own cookies are not read back")
	}
	planted := httptest.NewRequest(http.MethodGet, "/", nil)
	planted.Header.Set("Cookie", "chave_browser="+strings.Repeat("b", 52)+"; chave_session="+strings.Repeat("c", 52))
	if jar.Browser(planted) != "" || jar.Session(planted) != "" {
		t.Error("a planted cookie is believed")
	}
	w = httptest.NewRecorder()
	jar.ClearSession(w)
	if c := w.Result().Cookies()[0]; c.Name != "__Host-chave_session" || c.MaxAge >= 0 {
		t.Errorf("signing out sets %s", c)
	}
}

func TestBrowser_keeps_its_id_and_gets_one_only_when_it_has_none(t *testing.T) {
	jar := cookie.Jar{}
	w := httptest.NewRecorder()
	first := jar.EnsureBrowser(w, httptest.NewRequest(http.MethodGet, "/", nil), rand.Reader)

	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	if got := jar.Browser(r); got != first {
		t.Fatalf("read %q, set %q", got, first)
	}
	if again := jar.EnsureBrowser(httptest.NewRecorder(), r, rand.Reader); again != first {
		t.Errorf("the id changed from %q to %q", first, again)
	}
}

func TestBrowser_ignores_what_was_never_made_here(t *testing.T) {
	good := strings.Repeat("b", 52)
	for name, sent := range map[string]struct{ header, want string }{
		"empty":               {"chave_browser=", ""},
		"short":               {"chave_browser=abc", ""},
		"other letters":       {"chave_browser=" + strings.Repeat("A", 52), ""},
		"planted beside ours": {"chave_browser=planted; chave_browser=" + good, good},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", sent.header)
		if got := (cookie.Jar{}).Browser(r); got != sent.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
