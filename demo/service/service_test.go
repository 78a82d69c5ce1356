package service

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/demo/services"

	"github.com/go-jose/go-jose/v4"
)

// country is one relying party, its provider, and a browser between them. Time is ten years ahead
// of the machine's, so that a check against the wrong clock fails.
type country struct {
	t       *testing.T
	now     time.Time
	stub    *stub
	rp      *httptest.Server
	service *Service
	browser *http.Client
}

func newCountry(t *testing.T, change func(*Config)) *country {
	t.Helper()
	c := &country{t: t, now: time.Now().AddDate(10, 0, 0)}
	clock := func() time.Time { return c.now }
	c.stub = newStub(t, clock)
	c.rp = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.service.ServeHTTP(w, r) }))
	t.Cleanup(c.rp.Close)
	reg, err := load("tax", c.rp.URL)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Registration: reg, Issuer: c.stub.server.URL, ACRValues: []string{"https://id.example/acr/level-3"}, Now: clock}
	if change != nil {
		change(&cfg)
	}
	c.stub.client = cfg.Registration.ID
	if c.service, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	c.browser = &http.Client{Jar: jar}
	return c
}

var made = sync.OnceValues(func() (services.Pair, error) { return services.NewPair(nil, "test", time.Now()) })

// load fills in a registration with one key for all tests: making it takes a while.
func load(name, base string) (services.Registration, error) {
	pair, err := made()
	if err != nil {
		return services.Registration{}, err
	}
	return services.Load(name, services.Own{Base: base, Secret: testSecret, Pair: pair})
}

// post sends a form and follows redirects until they rest.
func (c *country) post(path string) (status int, at, body string) {
	c.t.Helper()
	resp, err := c.browser.PostForm(c.rp.URL+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.read(resp)
}

func (c *country) get(path string) (status int, at, body string) {
	c.t.Helper()
	resp, err := c.browser.Get(c.rp.URL + path)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.read(resp)
}

func (c *country) read(resp *http.Response) (int, string, string) {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, resp.Request.URL.RequestURI(), string(body)
}

func mustHold(t *testing.T, body string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
}

func TestSignIn_shows_what_the_service_learned(t *testing.T) {
	c := newCountry(t, nil)
	status, at, body := c.post("/signin")
	if status != 200 || at != "/" {
		t.Fatalf("rests at %s with %d", at, status)
	}
	mustHold(t, body, "Hello, Ana Made-Up", "Tax number (NIF)", "399410139", "Level 3", "https://id.example/acr/level-3", "text message")
	mustHold(t, body, c.now.In(lisbon(t)).Format("2 January 2006"))

	t.Run("starting over signs everybody out", func(t *testing.T) {
		defer c.post("/signin")
		c.service.Forget()
		if _, _, body := c.get("/"); strings.Contains(body, "Ana") {
			t.Error("still signed in")
		}
	})
	t.Run("refresh keeps the session, the used answer leads home", func(t *testing.T) {
		if _, _, body := c.get("/"); !strings.Contains(body, "Hello, Ana") {
			t.Error("signed out by a refresh")
		}
		if _, at, _ := c.get("/callback?state=x&code=y"); at != "/" {
			t.Errorf("rests at %s", at)
		}
	})
}

func lisbon(t *testing.T) *time.Location {
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Skip("this machine knows no time zones")
	}
	return zone
}

func TestLearn_joins_the_parts_of_a_document(t *testing.T) {
	reg, err := load("bank", "http://localhost:8105")
	if err != nil {
		t.Fatal(err)
	}
	l := learn(reg, map[string]any{"document_type": "passport", "document_country": "UKR", "phone_number": "+1"}, map[string]any{"document_number": "ZZ990417", "phone_number": "+1"})
	for _, f := range l.Got {
		if f.Attribute == "document" && f.Value == "passport · UKR · ZZ990417" {
			if len(l.Unasked) != 0 {
				t.Errorf("taken for unasked: %+v", l.Unasked)
			}
			return
		}
	}
	t.Errorf("%+v", l.Got)
}

func TestSignIn_tells_what_was_asked_but_not_received(t *testing.T) {
	c := newCountry(t, nil)
	delete(c.stub.claims, "nif")
	c.stub.claims["shoe_size"] = 43
	c.stub.claims["birthdate"] = "1990-01-01"
	c.stub.claims["given_name"] = "Ana"
	_, _, body := c.post("/signin")
	mustHold(t, body, "Required, and yet it did not come", "but we cannot serve you", "What came without our asking", "shoe_size", "birthdate")
}

func TestSignIn_asks_with_PKCE_state_nonce_and_level(t *testing.T) {
	c := newCountry(t, nil)
	c.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ask := func() url.Values {
		resp, err := c.browser.PostForm(c.rp.URL+"/signin?lang=pt", nil)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := resp.Location()
		return u.Query()
	}
	first, second := ask(), ask()
	for name, want := range map[string]string{
		"response_type": "code", "code_challenge_method": "S256", "scope": "openid nif profile",
		"acr_values": "https://id.example/acr/level-3", "ui_locales": "pt", "redirect_uri": c.rp.URL + "/callback",
	} {
		if got := first.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(first.Get(name)) < 40 || first.Get(name) == second.Get(name) {
			t.Errorf("%s is short or comes back", name)
		}
	}
}

func TestSignIn_can_push_its_request(t *testing.T) {
	c := newCountry(t, func(cfg *Config) { cfg.PushRequests = true })
	_, _, body := c.post("/signin")
	mustHold(t, body, "Hello, Ana Made-Up")
	if c.stub.pushes != 1 {
		t.Errorf("%d requests were pushed", c.stub.pushes)
	}
}

func TestSignIn_refuses_every_wrong_answer(t *testing.T) {
	otherKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for name, c := range map[string]struct {
		spoil func(*stub)
		want  string
	}{
		"the person said no":             {func(p *stub) { p.answer = func(v url.Values) { v.Del("code"); v.Set("error", "access_denied") } }, "access_denied"},
		"an error nobody knows":          {func(p *stub) { p.answer = func(v url.Values) { v.Del("code"); v.Set("error", "<script>") } }, "other"},
		"B2 RFC 9207 iss of another":     {func(p *stub) { p.answer = func(v url.Values) { v.Set("iss", "https://evil.example") } }, "mismatch"},
		"RFC 9207 iss is missing":        {func(p *stub) { p.answer = func(v url.Values) { v.Del("iss") } }, "mismatch"},
		"state of nobody":                {func(p *stub) { p.answer = func(v url.Values) { v.Set("state", "x") } }, "stale"},
		"nonce of another request":       {func(p *stub) { p.idToken = func(m map[string]any) { m["nonce"] = "x" } }, "mismatch"},
		"audience is another service":    {func(p *stub) { p.idToken = func(m map[string]any) { m["aud"] = "bank" } }, "mismatch"},
		"issuer in the token is another": {func(p *stub) { p.idToken = func(m map[string]any) { m["iss"] = "https://evil.example" } }, "mismatch"},
		"expired by the demo's clock":    {func(p *stub) { p.idToken = func(m map[string]any) { m["exp"] = p.now().Add(-time.Second).Unix() } }, "mismatch"},
		"signed with another key": {func(p *stub) {
			p.signer = func() (jose.SigningKey, bool) {
				return jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: otherKey, KeyID: "k"}}, true
			}
		}, "mismatch"},
		"signed with the client's secret": {func(p *stub) {
			p.signer = func() (jose.SigningKey, bool) {
				return jose.SigningKey{Algorithm: jose.HS256, Key: []byte(testSecret)}, true
			}
		}, "mismatch"},
		"level too low":               {func(p *stub) { p.idToken = func(m map[string]any) { m["acr"] = "https://id.example/acr/level-2" } }, "level_too_low"},
		"no level at all":             {func(p *stub) { p.idToken = func(m map[string]any) { delete(m, "acr") } }, "level_too_low"},
		"userinfo of another subject": {func(p *stub) { p.userinfo = func(m map[string]any) { m["sub"] = "x" } }, "mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			country := newCountry(t, nil)
			c.spoil(country.stub)
			status, at, body := country.post("/signin")
			if status != 200 || at != "/?outcome="+c.want {
				t.Fatalf("rests at %s with %d", at, status)
			}
			mustHold(t, body, "<code>"+c.want+"</code>", "Sign in with your mobile key")
			if strings.Contains(body, "Ana") || strings.Contains(body, "<script>") {
				t.Error("the page says more than it should")
			}
		})
	}
}

func TestSignIn_holds_the_registered_level_also_when_none_is_asked_for(t *testing.T) {
	c := newCountry(t, func(cfg *Config) { cfg.ACRValues = nil })
	c.stub.idToken = func(m map[string]any) { m["acr"] = "https://id.example/acr/level-2" }
	if _, at, _ := c.post("/signin"); at != "/?outcome=level_too_low" {
		t.Errorf("rests at %s", at)
	}
}

func TestSignIn_answer_belongs_to_the_browser_that_asked(t *testing.T) {
	c := newCountry(t, nil)
	c.browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	resp, err := c.browser.PostForm(c.rp.URL+"/signin", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := resp.Location()
	jar, _ := cookiejar.New(nil)
	victim := &http.Client{Jar: jar}
	landed, err := victim.Get(answer.String())
	if err != nil {
		t.Fatal(err)
	}
	if landed.Request.URL.RequestURI() != "/?outcome=stale" {
		t.Errorf("another browser rests at %s", landed.Request.URL.RequestURI())
	}
}

func TestSignIn_provider_down_is_said_and_forgotten(t *testing.T) {
	c := newCountry(t, nil)
	down := true
	c.stub.metadata = func(m map[string]any) {
		if down {
			m["issuer"] = "https://elsewhere.example"
		}
	}
	if _, at, _ := c.post("/signin"); at != "/?outcome=unreachable" {
		t.Errorf("rests at %s", at)
	}
	down = false
	if _, at, _ := c.post("/signin"); at != "/" {
		t.Errorf("after the provider came back, rests at %s", at)
	}
}

func TestSignIn_from_a_foreign_page_is_refused(t *testing.T) {
	c := newCountry(t, nil)
	for _, path := range []string{"/signin", "/signout"} {
		req, _ := http.NewRequest("POST", c.rp.URL+path, nil)
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		resp, err := c.browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s answers %d", path, resp.StatusCode)
		}
	}
}

func TestPages_are_complete_in_both_languages_for_all_five(t *testing.T) {
	for _, name := range services.Names() {
		reg, err := load(name, "http://localhost:8101")
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(Config{Registration: reg, Issuer: "http://localhost:8080"})
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range []string{"pt", "en"} {
			for _, path := range []string{"/?", "/?outcome=stale&", "/signed-out?", "/nowhere?"} {
				w := httptest.NewRecorder()
				s.ServeHTTP(w, httptest.NewRequest("GET", path+"lang="+lang, nil))
				if w.Code != 200 && path != "/nowhere?" || w.Code >= 500 {
					t.Errorf("%s %s %s answers %d: %s", name, path, lang, w.Code, w.Body)
				}
				body := w.Body.String()
				mustHold(t, body, `<html lang="`+lang+`">`, reg.Name.In(lang))
				if strings.Count(body, "<h1") != 1 {
					t.Errorf("%s %s: not one h1", name, path)
				}
				if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
					t.Errorf("policy %q", csp)
				}
			}
		}
	}
}

func TestCookies_are_unique_per_service_and_closed_to_script(t *testing.T) {
	seen := map[string]string{}
	for i, name := range services.Names() {
		reg, _ := load(name, fmt.Sprintf("http://localhost:%d", 8101+i))
		s, err := New(Config{Registration: reg, Issuer: "http://localhost:8080"})
		if err != nil {
			t.Fatal(err)
		}
		if other := seen[s.cookie]; other != "" {
			t.Errorf("%s and %s share cookies", name, other)
		}
		seen[s.cookie] = name
	}
	c := newCountry(t, nil)
	c.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, _ := c.browser.PostForm(c.rp.URL+"/signin", nil)
	for _, cookie := range resp.Cookies() {
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure {
			t.Errorf("%s: %+v", cookie.Name, cookie)
		}
	}
}

func TestThemes_text_has_enough_contrast(t *testing.T) {
	const white, ink, quiet = "#ffffff", "#1c2024", "#535b64"
	for name, l := range themes {
		for _, pair := range [][2]string{{l.brand, white}, {l.deep, white}, {l.brand, l.tint}, {ink, l.tint}, {quiet, l.tint}, {l.deep, l.accent}} {
			if ratio := contrast(t, pair[0], pair[1]); ratio < 4.5 {
				t.Errorf("%s: %s on %s has %.1f:1", name, pair[0], pair[1], ratio)
			}
		}
	}
}

// contrast is the ratio of WCAG 2.2, success criterion 1.4.3.
func contrast(t *testing.T, a, b string) float64 {
	light := func(hex string) float64 {
		n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			v := float64(n>>(16-8*i)&255) / 255
			if v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += weight * v
		}
		return sum
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestMemory_is_bounded_and_forgets_in_time(t *testing.T) {
	now := time.Unix(0, 0)
	m := newMemory(func() time.Time { return now })
	for i := range pendingMax + 100 {
		m.begin(strconv.Itoa(i), pending{})
	}
	if n := len(m.pending.items); n != pendingMax {
		t.Errorf("%d sign-ins are remembered", n)
	}
	if _, ok := m.take("0"); ok {
		t.Error("the oldest is still there")
	}
	last := strconv.Itoa(pendingMax + 99)
	if _, ok := m.take(last); !ok {
		t.Error("the newest is gone")
	}
	if _, ok := m.take(last); ok {
		t.Error("an answer is taken twice")
	}
	m.open("s", session{})
	now = now.Add(sessionLife)
	if _, ok := m.session("s"); ok {
		t.Error("a session outlives its hour")
	}
}

func TestReaches_compares_levels_by_their_number(t *testing.T) {
	for _, c := range []struct {
		got   string
		asked []string
		want  bool
	}{
		{"x/level-3", []string{"x/level-2"}, true}, {"x/level-1", []string{"x/level-2"}, false}, {"", []string{"x/level-2"}, false},
		{"high", []string{"low", "high"}, true}, {"odd", []string{"low", "high"}, false}, {"3", []string{"2"}, true},
	} {
		if got := reaches(c.got, c.asked); got != c.want {
			t.Errorf("reaches(%q, %v) = %v", c.got, c.asked, got)
		}
	}
}
