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
