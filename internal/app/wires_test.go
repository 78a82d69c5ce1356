package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"chave/internal/core/consent"
	"chave/internal/core/login"
	"chave/internal/core/service"
)

// library is a service at CMD's OAuth door.
func (n *node) library() {
	n.t.Helper()
	_, err := n.app.SaveService(n.t.Context(), service.Settings{
		ID: "library", Name: service.Text{"pt": "Biblioteca", "en": "Library"}, RedirectURIs: []string{"https://library.example/cb"},
		Secret: strings.Repeat("s", 32), Attributes: []service.Ask{{Name: consent.FullName}, {Name: consent.NIC}},
		OAuth:  &service.OAuth{ClientID: "100000000900", RedirectURIs: []string{"http://127.0.0.1:1/cb"}},
		Compat: map[service.Switch]service.Allowance{service.ImplicitToken: {}, service.NoState: {}},
	}, "test")
	if err != nil {
		n.t.Fatal(err)
	}
}

const askLibrary = "client_id=100000000900&response_type=token&redirect_uri=http://127.0.0.1:1/cb&scope=http://interop.gov.pt/MDC/Cidadao/NIC"

func TestFA_0_3_paths_are_found_in_any_letter_case_and_never_by_redirect(t *testing.T) {
	n := newNode(t)
	n.library()
	v := n.visitor()
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, one := range []struct {
		method, path string
		want         int
	}{
		{http.MethodPost, "/fa/Default.aspx", 400}, {http.MethodPost, "/FA/DEFAULT.ASPX?Modal=true", 400}, {http.MethodPost, "/fa", 400}, {http.MethodPost, "/FA/", 400},
		{http.MethodPost, "/Default.aspx", 400}, {http.MethodPost, "/fa/Logout.ashx", 400}, {http.MethodGet, "/fa/default.aspx", 405},
		{http.MethodGet, "/OAuth/AskAuthorization?" + askLibrary, 303}, {http.MethodGet, "/oauth/askauthorization?" + askLibrary, 303},
		{http.MethodPost, "/OAuthResourceServer/Api/AttributeManager", 400}, {http.MethodPost, "/oauthresourceserver/api/ATTRIBUTEMANAGER", 400},
		{http.MethodGet, "/FA/IsUserAuthenticated.aspx?x=1", 200},
	} {
		if one.method == http.MethodPost {
			v.post(one.path, url.Values{})
		} else {
			v.open(one.path)
		}
		if v.status != one.want {
			t.Errorf("%s %s answers %d, want %d", one.method, one.path, v.status, one.want)
		}
	}
	v.open("/KEY")
	if v.status != http.StatusNotFound {
		t.Errorf("our own paths are found in any letter case too: %d", v.status)
	}
}

// Services post from their own pages; everywhere else a form of another site is refused.
func TestIssue_3_7_only_the_doors_take_another_sites_forms(t *testing.T) {
	n := newNode(t)
	for path, passes := range map[string]bool{
		"/fa/Default.aspx": true, "/FA/": true, "/saml/sso": true, "/OAuthResourceServer/Api/Resource": true, "/signout": false, "/qr": false, "/signin/x": false,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.server.URL+path, strings.NewReader("SAMLRequest=x"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "https://service.example")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		v := n.visitor()
		v.do(req)
		if refused := strings.Contains(v.page, "CH-1005"); refused == passes {
			t.Errorf("%s: refused as another site's form: %v", path, refused)
		}
	}
}

func TestBlueprint_4_9_the_doors_session_is_not_the_portals_and_signing_out_ends_both(t *testing.T) {
	n := newNode(t)
	n.library()
	v := n.visitor()
	v.client.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		if req.URL.Port() == "1" { // the service's own address: nobody is there
			return http.ErrUseLastResponse
		}
		return nil
	}
	v.open("/OAuth/AskAuthorization?" + askLibrary)
	v.answer("identifier", "+351929941207")
	v.answer("pin", "274951")
	v.answer("code", n.code("+351929941207"))
	v.answer("decision", "allow")
	if v.status != http.StatusFound {
		t.Fatalf("ends at %s with %d: %s", v.at.Path, v.status, v.heading())
	}
	v.at, _ = url.Parse(n.server.URL)
	cookies := map[string]string{}
	for _, c := range v.client.Jar.Cookies(v.at) {
		cookies[c.Name] = c.Value
	}
	if cookies["chave_compat"] == "" || cookies["chave_session"] != "" {
		t.Fatalf("cookies after a sign-in at the door: %v", cookies)
	}
	v.open("/key")
	if strings.HasPrefix(v.at.Path, "/key") {
		t.Error("the holder's own area opens by a session of the door")
	}
	v.at, _ = url.Parse(n.server.URL)
	v.post("/signout", url.Values{})
	if _, _, err := n.app.Login.SessionIn(t.Context(), login.Compat, cookies["chave_compat"]); err == nil {
		t.Error("the door's session outlives signing out")
	}
	if figures := n.figures(); !strings.Contains(figures, `chave_compat_uses_total{service="library",switch="implicit_token"} 1`) {
		t.Error("the use of the switch is not counted")
	}
}

func (n *node) figures() string {
	v := n.visitor()
	v.open("/metrics")
	return v.page
}
