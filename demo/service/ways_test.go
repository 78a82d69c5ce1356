package service

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"chave/demo/saml/samltest"
)

const (
	mdc  = "http://interop.gov.pt/MDC/Cidadao/"
	adse = "http://interop.gov.pt/ADSE/Cidadao/"
)

// another is a service whose main button takes another wire, with the other side of that wire and a browser.
type another struct {
	country
	idp  *samltest.Provider
	door *doorStub
	far  *http.ServeMux
}

func newAnother(t *testing.T, name string) *another {
	t.Helper()
	a := &another{country: country{t: t, now: time.Now().AddDate(10, 0, 0)}, far: http.NewServeMux()}
	clock := func() time.Time { return a.now }
	far := httptest.NewServer(a.far)
	t.Cleanup(far.Close)
	a.rp = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.service.ServeHTTP(w, r) }))
	t.Cleanup(a.rp.Close)
	reg, err := load(name, a.rp.URL)
	if err != nil {
		t.Fatal(err)
	}
	if reg.SAML != nil {
		a.idp = samltest.New(t, reg.SAML.Wire, reg, clock)
		a.idp.Base = far.URL
		a.idp.Mount(a.far)
	}
	if reg.OAuth != nil {
		a.door = &doorStub{t: t, token: "3b0c6a52-2f0d-4b4e-9a57-6d1f0f7f1c11"}
		a.door.mount(a.far)
	}
	a.service, err = New(Config{Registration: reg, Issuer: far.URL, Now: clock, Pause: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	a.browser = &http.Client{Jar: jar}
	return a
}

// on sends the form that a page holds, as its script would.
func (a *another) on(page string) (status int, at, body string) {
	a.t.Helper()
	action := regexp.MustCompile(`<form method="post" action="([^"]+)"`).FindStringSubmatch(page)
	if action == nil {
		a.t.Fatalf("no form in %s", page)
	}
	form := url.Values{}
	for _, m := range regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	req, _ := http.NewRequest("POST", html.UnescapeString(action[1]), strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(action[1], a.rp.URL) { // as a browser marks what comes from a page of Chave's
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		req.Header.Set("Origin", "https://chave.example")
	}
	resp, err := a.browser.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.read(resp)
}

func TestSAML_signs_in_and_out_over_both_profiles(t *testing.T) {
	for name, want := range map[string][]string{
		"social_security": {"Hello, Ana Made-Up", "SAML, Portugal&#39;s profile", "FAAALevel 3", "19994201733", "Withheld", "NotAvailable"},
		"bank":            {"Hello, Ana Made-Up", "SAML 2.0", "urn:chave:level:3", "What came without our asking", "MDC/Cidadao/NISS"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAnother(t, name)
			_, at, body := a.post("/saml/signin")
			if at != "/saml/send" {
				t.Fatalf("rests at %s", at)
			}
			mustHold(t, body, "data-send-now", `name="SAMLRequest"`, `name="RelayState"`)
			_, _, body = a.on(body) // to Chave
			_, at, body = a.on(body)
			if at != "/" {
				t.Fatalf("rests at %s: %s", at, body)
			}
			for _, w := range want {
				mustHold(t, body, w)
			}
			mustHold(t, body, "&lt;Response") // what came, for the curious
			_, _, body = a.post("/signout")
			mustHold(t, body, "You are signed out here", `name="SAMLRequest"`)
			if _, _, front := a.get("/"); strings.Contains(front, "Ana") {
				t.Error("signed in until Chave answers")
			}
			_, _, body = a.on(body)
			status, at, _ := a.on(body)
			if status != 200 || at != "/signed-out" {
				t.Errorf("rests at %s with %d", at, status)
			}
		})
	}
}

func TestSAML_going_back_makes_a_new_request(t *testing.T) {
	a := newAnother(t, "social_security")
	a.post("/saml/signin")
	ids := map[string]bool{}
	for range 2 {
		_, _, body := a.get("/saml/send")
		value := regexp.MustCompile(`name="SAMLRequest" value="([^"]+)"`).FindStringSubmatch(body)[1]
		xml, err := base64.StdEncoding.DecodeString(html.UnescapeString(value))
		if err != nil {
			t.Fatal(err)
		}
		ids[regexp.MustCompile(` ID="([^"]+)"`).FindStringSubmatch(string(xml))[1]] = true
	}
	if len(ids) != 2 {
		t.Error("the same request twice: Chave would refuse it")
	}
	t.Run("and nobody is sent away who did not press the button", func(t *testing.T) {
		jar, _ := cookiejar.New(nil)
		resp, err := (&http.Client{Jar: jar}).Get(a.rp.URL + "/saml/send")
		if err != nil || resp.Request.URL.Path != "/" {
			t.Errorf("%v %v", resp.Request.URL, err)
		}
	})
}

func TestSAML_refuses_every_wrong_answer(t *testing.T) {
	const refusal = `<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed" /></StatusCode><StatusMessage>urn:oasis:names:tc:SAML:2.0:status:AuthnFailed (`
	for name, c := range map[string]struct {
		spoil func(*samltest.Provider)
		want  string
	}{
		"the person said no": {func(p *samltest.Provider) {
			p.Status = refusal + `User has canceled the process of obtaining attributes).</StatusMessage>`
		}, "access_denied"},
		"no means of that level": {func(p *samltest.Provider) {
			p.Status = refusal + `No authentication mechanism satisfies the requested level).</StatusMessage>`
		}, "unmet_authentication_requirements"},
		"our request was wrong": {func(p *samltest.Provider) {
			p.Status = `<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Requester"><StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:RequestDenied" /></StatusCode>`
		}, "invalid_request"},
		"level too low": {func(p *samltest.Provider) {
			p.Spoil = strings.NewReplacer(">3</fa:FAAALevel>", ">2</fa:FAAALevel>").Replace
		}, "level_too_low"},
		"no level": {func(p *samltest.Provider) {
			p.Spoil = strings.NewReplacer(">3</fa:FAAALevel>", "></fa:FAAALevel>").Replace
		}, "level_too_low"},
		"changed on the way":    {func(p *samltest.Provider) { p.Forge = strings.NewReplacer("Ana", "Eva").Replace }, "mismatch"},
		"audience of another":   {func(p *samltest.Provider) { p.Spoil = strings.NewReplacer("/saml</Audience>", "/x</Audience>").Replace }, "mismatch"},
		"of yesterday":          {func(p *samltest.Provider) { now := p.Now; p.Now = func() time.Time { return now().AddDate(0, 0, -1) } }, "mismatch"},
		"relay state of nobody": {func(p *samltest.Provider) { p.Party.SAML = nil }, "stale"},
		"of a stranger's signature": {func(p *samltest.Provider) {
			p.Forge = func(x string) string { return strings.Replace(x, "<SignatureValue>", "<SignatureValue>AAAA", 1) }
		}, "mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAnother(t, "social_security")
			_, _, body := a.post("/saml/signin")
			if name == "relay state of nobody" {
				resp, err := a.browser.PostForm(a.rp.URL+"/saml/acs", url.Values{"SAMLResponse": {"AAAA"}, "RelayState": {"x"}})
				if err != nil || resp.Request.URL.RequestURI() != "/?outcome=stale" {
					t.Errorf("%v %v", resp.Request.URL, err)
				}
				return
			}
			c.spoil(a.idp)
			_, _, body = a.on(body)
			status, at, body := a.on(body)
			if status != 200 || at != "/?outcome="+c.want {
				t.Fatalf("rests at %s with %d", at, status)
			}
			mustHold(t, body, "<code>"+c.want+"</code>", "Sign in with your mobile key", "Sign in over OpenID Connect")
			if strings.Contains(body, "Ana") {
				t.Error("the page says more than it should")
			}
		})
	}
}

func TestSAML_answer_belongs_to_the_browser_that_asked(t *testing.T) {
	a := newAnother(t, "social_security")
	_, _, body := a.post("/saml/signin")
	_, _, answer := a.on(body)
	mine := a.browser
	jar, _ := cookiejar.New(nil)
	a.browser = &http.Client{Jar: jar}
	if _, at, _ := a.on(answer); at != "/?outcome=stale" {
		t.Errorf("another browser rests at %s", at)
	}
	a.browser = mine
	if _, at, _ := a.on(answer); at != "/?outcome=stale" {
		t.Errorf("the same answer again rests at %s", at)
	}
}

func TestSAML_session_ends_when_Chave_says_so(t *testing.T) {
	a := newAnother(t, "bank")
	_, _, body := a.post("/saml/signin")
	_, _, body = a.on(body)
	a.on(body)
	tell := func(request string) string {
		resp, err := a.browser.PostForm(a.rp.URL+"/saml/logout", url.Values{"SAMLRequest": {request}, "RelayState": {"theirs"}})
		if err != nil {
			t.Fatal(err)
		}
		_, _, body := a.read(resp)
		return body
	}
	tell(a.idp.LogoutRequest("somebody-else", "index-1"))
	if _, _, front := a.get("/"); !strings.Contains(front, "Ana") {
		t.Fatal("ended for somebody else")
	}
	answer := tell(a.idp.LogoutRequest("pairwise-1", "index-1"))
	mustHold(t, answer, `name="SAMLResponse"`, `value="theirs"`, a.idp.Base+"/slo")
	_, _, front := a.get("/")
	mustHold(t, front, "Your session has ended")
	if strings.Contains(front, "Ana") {
		t.Error("still signed in")
	}
}

// doorStub is CMD's OAuth door and its attribute API, with knobs.
type doorStub struct {
	t       *testing.T
	token   string
	pending int // how often a source has not answered yet
	fail    string
	asked   url.Values
	revoked string
	polls   int
}

func (d *doorStub) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /OAuth/AskAuthorization", func(w http.ResponseWriter, r *http.Request) {
		d.asked = r.URL.Query()
		answer := url.Values{"access_token": {d.token}, "token_type": {"bearer"}, "expires_in": {"86400"}, "state": {d.asked.Get("state")}}
		if d.fail != "" {
			answer = url.Values{"error": {d.fail}, "state": {d.asked.Get("state")}}
		}
		http.Redirect(w, r, d.asked.Get("redirect_uri")+"#"+answer.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST "+attributeManager, func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Token string   `json:"token"`
			Names []string `json:"attributesName"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Token != d.token || len(body.Names) == 0 {
			w.WriteHeader(401)
			return
		}
		writeJSON(w, 200, map[string]string{"token": body.Token, "authenticationContextId": "ctx"})
	})
	mux.HandleFunc("GET "+attributeManager, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("token") != d.token || r.URL.Query().Get("authenticationContextId") != "ctx" {
			w.WriteHeader(404)
			return
		}
		d.polls++
		state, value := "Available", any("123456789")
		if d.polls <= d.pending {
			state, value = "Pending", nil
		}
		writeJSON(w, 200, []map[string]any{
			{"name": mdc + "NIC", "value": "99410137", "state": "Available"},
			{"name": mdc + "NomeCompleto", "value": "Ana Made-Up", "state": "Available"},
			{"name": mdc + "NIF", "value": nil, "state": "NotAvailable"},
			{"name": adse + "NumeroBeneficiario", "value": value, "state": state},
		})
	})
	mux.HandleFunc("POST /oauth/revoke", func(w http.ResponseWriter, r *http.Request) { d.revoked = r.PostFormValue("token") })
}

// through follows the redirects and does what the page's script does with the fragment.
func (a *another) through() (status int, at, body string) {
	a.t.Helper()
	resp, err := a.browser.PostForm(a.rp.URL+"/oauth/signin", nil)
	if err != nil {
		a.t.Fatal(err)
	}
	fragment := resp.Request.URL.Fragment
	_, at, body = a.read(resp)
	if !strings.HasPrefix(at, "/oauth/callback") {
		a.t.Fatalf("rests at %s", at)
	}
	mustHold(a.t, body, "fragment.", "<noscript>", "Sign in over OpenID Connect")
	form, err := url.ParseQuery(fragment)
	if err != nil {
		a.t.Fatal(err)
	}
	if resp, err = a.browser.PostForm(a.rp.URL+"/oauth/callback", form); err != nil {
		a.t.Fatal(err)
	}
	return a.read(resp)
}

func TestOAuth_signs_in_over_the_fragment(t *testing.T) {
	a := newAnother(t, "health")
	_, at, body := a.through()
	if at != "/" {
		t.Fatalf("rests at %s", at)
	}
	mustHold(t, body, "Hello, Ana Made-Up", "99410137", "attribute door", "NotAvailable", "123456789")
	if strings.Contains(body, a.door.token) {
		t.Error("the page shows the token")
	}
	for name, want := range map[string]string{"response_type": "token", "client_id": "100000000103", "authentication_level": "3", "redirect_uri": a.rp.URL + "/oauth/callback"} {
		if got := a.door.asked.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if scope := a.door.asked.Get("scope"); !strings.HasPrefix(scope, mdc+"NIC "+mdc+"NomeCompleto") {
		t.Errorf("scope %q", scope)
	}
	_, at, body = a.post("/signout")
	mustHold(t, body, "may remember you")
	if a.door.revoked != a.door.token || at != "/signed-out?still" {
		t.Errorf("revoked %q, rests at %s", a.door.revoked, at)
	}
}

func TestOAuth_what_is_late_is_shown_as_such_and_asked_for_again(t *testing.T) {
	a := newAnother(t, "health")
	a.door.pending = 7
	_, _, body := a.through()
	mustHold(t, body, "Hello, Ana Made-Up", "One answer is still missing", "Its source has not answered yet")
	if a.door.polls > 1+pollAtOnce+1 {
		t.Errorf("%d questions while somebody waits", a.door.polls)
	}
	_, _, body = a.get("/")
	mustHold(t, body, "123456789")
	if strings.Contains(body, "still missing") {
		t.Error("it came and is said to be missing")
	}
	t.Run("for a minute, then it is not available", func(t *testing.T) {
		a := newAnother(t, "health")
		a.door.pending = 1000
		a.through()
		a.now = a.now.Add(sourcePeriod)
		_, _, body := a.get("/")
		if strings.Contains(body, "still missing") || !strings.Contains(body, "Health scheme") {
			t.Error("still waiting")
		}
		asked := a.door.polls
		if a.get("/"); a.door.polls != asked {
			t.Error("asked again after the end")
		}
	})
}

func TestOAuth_refuses_every_wrong_answer(t *testing.T) {
	for fail, want := range map[string]string{"cancelled": "access_denied", "unauthorized_client": "unauthorized_client", "invalid_request": "invalid_request", "<script>": "other"} {
		a := newAnother(t, "health")
		a.door.fail = fail
		if _, at, _ := a.through(); at != "/?outcome="+want {
			t.Errorf("%s rests at %s", fail, at)
		}
	}
	t.Run("a token that Chave does not know", func(t *testing.T) {
		a := newAnother(t, "health")
		a.browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path == "/oauth/callback" {
				a.door.token = "another"
			}
			return nil
		}
		if _, at, _ := a.through(); at != "/?outcome=mismatch" {
			t.Errorf("rests at %s", at)
		}
	})
	t.Run("state of another browser", func(t *testing.T) {
		a := newAnother(t, "health")
		a.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		resp, err := a.browser.PostForm(a.rp.URL+"/oauth/signin", nil)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := resp.Location()
		jar, _ := cookiejar.New(nil)
		resp, err = (&http.Client{Jar: jar}).PostForm(a.rp.URL+"/oauth/callback", url.Values{"state": {u.Query().Get("state")}, "access_token": {a.door.token}})
		if err != nil || resp.Request.URL.RequestURI() != "/?outcome=stale" {
			t.Errorf("%v %v", resp.Request.URL, err)
		}
	})
}

func TestWays_all_five_keep_OpenID_Connect(t *testing.T) {
	for _, name := range []string{"tax", "social_security", "health", "hospital", "bank"} {
		reg, err := load(name, "http://localhost:8101")
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(Config{Registration: reg, Issuer: "http://localhost:8080"})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		mustHold(t, w.Body.String(), `action="/signin"`, `action="`+enter[s.way]+`"`)
	}
}

func TestPlain_writes_XML_for_people(t *testing.T) {
	for value, want := range map[string]string{
		"99410137": "99410137", "<a><b>Rua do Exemplo</b> <c>1</c></a>": "Rua do Exemplo · 1", "<broken": "<broken", "": "", "<x><Versao>000001</Versao><nome>Ana</nome></x>": "Ana",
	} {
		if got := plain(value); got != want {
			t.Errorf("%q gives %q", value, got)
		}
	}
}

func TestOAuth_the_address_for_QR_decisions_answers(t *testing.T) {
	a := newAnother(t, "health")
	resp, err := http.Post(a.rp.URL+"/oauth/qr", "application/json", strings.NewReader(`{"requestNumber":"x"}`))
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Errorf("%v %v", resp, err)
	}
}
