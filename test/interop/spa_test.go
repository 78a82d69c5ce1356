//go:build interop

package interop

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"chave/internal/core/service"
	"chave/test/browser/chromium"
	"chave/test/population"
	"chave/test/rig"
)

// library is oidc-client-ts as its authors built it for pages.
const library = "node/node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"

// TestBrowser_oidc_client_ts signs in to a page that keeps no secret: everything crosses from its origin to ours, in a real browser.
func TestBrowser_oidc_client_ts(t *testing.T) {
	need(t, "chromium", installed("chromium"))
	need(t, "oidc-client-ts (make interop installs it)", exists(library))

	pages := httptest.NewUnstartedServer(nil)
	origin := strings.Replace("http://"+pages.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	r, who := serve(t, service.Settings{
		ID: "page", AuthMethod: service.NoAuth, Origins: []string{origin}, RedirectURIs: []string{origin + "/callback"},
		PostLogoutRedirectURIs: []string{origin + "/signed-out"}, Refresh: true,
	})
	pages.Config.Handler = site(r.Settings.Issuer)
	pages.Start()
	t.Cleanup(pages.Close)

	browser, err := chromium.Start(context.Background(), "") // it lives as long as the test, and is closed below
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(browser.Close)
	p := &page{Window: browser.Open(t, "oidc-client-ts", chromium.Desk("en-GB")), r: r, who: who}

	p.Go(origin + "/")
	p.becomes("nobody")
	p.Press("#in")
	p.prove()
	p.becomes("signed in")
	first := p.user()
	if want := who.GivenNames + " " + who.Surnames; first.Profile["name"] != want {
		t.Errorf("userinfo says %v, want %q", first.Profile["name"], want)
	}
	if first.Profile["sub"] == "" || first.Profile["acr"] != "urn:chave:level:3" || first.RefreshToken == "" {
		t.Errorf("signed in as %v", first.Profile)
	}
	if address := p.Address(); strings.Contains(address, first.AccessToken) {
		t.Errorf("B8 a token is in %s", address)
	}

	p.part("refresh without leaving the page", func(t *testing.T) {
		p.Touch("#fresh")
		p.becomes("refreshed")
		again := p.user()
		if again.RefreshToken == first.RefreshToken || again.AccessToken == first.AccessToken || again.Profile["sub"] != first.Profile["sub"] {
			t.Errorf("refreshed to %v", again.Profile)
		}
	})
	p.part("revocation from the page ends the tokens", func(t *testing.T) {
		p.Touch("#end")
		p.becomes("revoked")
		var status int
		p.AskLater(`fetch(`+quoted(r.Settings.Issuer+"/oauth2/userinfo")+`, {headers: {Authorization: 'Bearer ' + window.kept.access_token}}).then(a => a.status)`, &status)
		if status != http.StatusUnauthorized {
			t.Errorf("userinfo answers %d", status)
		}
		p.Complaints() // the console shows each 401 in red
	})
	p.part("single sign-on asks only to share", func(t *testing.T) {
		p.Go(origin + "/")
		p.becomes("signed in") // as far as the page knows
		p.Press("#in")
		p.See("button[name=decision][value=allow]")
		p.Press("button[name=decision][value=allow]")
		p.becomes("signed in")
	})
	p.part("signing out comes back and is remembered", func(t *testing.T) {
		p.Press("#out")
		p.becomes("signed out")
		p.Go(origin + "/")
		p.becomes("nobody")
		p.Press("#in")
		p.See("#identifier")
	})
	p.part("another origin reads nothing but what is public", func(t *testing.T) {
		p.Go(strings.Replace(origin, "localhost", "127.0.0.1", 1) + "/")
		read := func(path, with string) (how string) {
			p.AskLater(`fetch(`+quoted(r.Settings.Issuer+path)+`, `+with+`).then(() => 'read', () => 'kept away')`, &how)
			return how
		}
		for _, public := range []string{"/.well-known/openid-configuration", "/oauth2/jwks"} {
			if how := read(public, `{}`); how != "read" {
				t.Errorf("%s is %s", public, how)
			}
		}
		for _, private := range []string{"/oauth2/token", "/oauth2/userinfo", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/par"} {
			if how := read(private, `{method: 'POST', body: new URLSearchParams({client_id: 'page'})}`); how != "kept away" {
				t.Errorf("%s can be %s", private, how)
			}
		}
		p.Complaints() // a browser says loudly what it keeps away
	})
}

// page is somebody at the browser in which the service lives.
type page struct {
	*chromium.Window
	r   *rig.Rig
	who population.Resident
}

// part is a subtest that uses the window.
func (p *page) part(name string, do func(*testing.T)) {
	whole := p.T
	defer func() { p.T = whole }()
	whole.(*testing.T).Run(name, func(t *testing.T) {
		p.T = t
		do(t)
	})
}

// user is what the library holds, as it calls it.
type user struct {
	Profile      map[string]any `json:"profile"`
	AccessToken  string         `json:"access_token"`
	RefreshToken string         `json:"refresh_token"`
}

func (p *page) user() (u user) {
	p.T.Helper()
	p.Ask(`({profile: user.profile, access_token: user.access_token, refresh_token: user.refresh_token})`, &u)
	return u
}

// becomes waits until the page shows a state; what it says instead is the failure.
func (p *page) becomes(state string) {
	p.T.Helper()
	const shown = `(document.querySelector('#state')?.textContent ?? '')`
	p.Until("the state "+state, shown+` === `+quoted(state)+` || `+shown+`.startsWith('failed')`)
	if got := p.Read("#state"); got != state {
		p.T.Fatalf("the page says %q, want %q", got, state)
	}
}

// prove is what the person does at Chave's own pages.
func (p *page) prove() {
	p.T.Helper()
	const forward = "main form button:not([type=button])"
	p.See("#identifier")
	p.Type("#identifier", string(p.who.Phone))
	p.Press(forward)
	p.See("#pin")
	p.Type("#pin", p.who.PIN)
	p.Press(forward)
	p.See("#code")
	ctx, cancel := context.WithTimeout(p.T.Context(), 30*time.Second)
	defer cancel()
	code, err := p.r.Sink.Code(ctx, string(p.who.Phone))
	if err != nil {
		p.T.Fatal(err)
	}
	p.Type("#code", code)
	p.Press(forward)
	p.See("button[name=decision][value=allow]")
	p.Press("button[name=decision][value=allow]")
}

// site is the static page, the library, and which provider to use.
func site(issuer string) http.Handler {
	mux := http.NewServeMux()
	file := func(path, name string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) })
	}
	file("/library.js", library)
	file("/app.js", "page/app.js")
	mux.HandleFunc("GET /settings.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer, "client": "page"}) // who left hears nothing
	})
	for _, path := range []string{"/{$}", "/callback", "/signed-out"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			text, err := os.ReadFile("page/index.html") // not ServeFile, which redirects from that name
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(text)
		})
	}
	return mux
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(text)
}
