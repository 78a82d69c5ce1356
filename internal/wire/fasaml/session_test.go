package fasaml_test

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/login"
	"chave/internal/core/random"
	"chave/internal/core/service"
)

func TestR5_23_single_sign_on_asks_no_PIN_for_the_same_or_fewer_attributes(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	r.answer(b.signIn(r.ask()))
	r.advance(20 * time.Minute)
	authAt := at(r, -20*time.Minute)
	next := func(change ...func(*authn)) login.Step {
		t.Helper()
		return b.transaction(b.send(r.ask(change...))).Next(r.clock())
	}
	if got := next(); got != login.StepShare {
		t.Errorf("the same attributes: %s", got)
	}
	if got := next(func(a *authn) { a.Extensions = attributes(uriNIC, "1") + level("2") }); got != login.StepShare {
		t.Errorf("fewer attributes at a lower level: %s", got)
	}
	if got := next(func(a *authn) { a.More = ` ForceAuthn="true"` }); got != login.StepWho {
		t.Errorf("forced: %s", got)
	}
	t.Run("the answer tells when the person really signed in", func(t *testing.T) {
		a := r.answer(b.agree(b.transaction(b.send(r.ask()))))
		if !strings.Contains(a.raw, `AuthnInstant="`+authAt+`"`) {
			t.Errorf("not %s: %s", authAt, a.raw)
		}
	})
	t.Run("more than the last sign-in was asked for", func(t *testing.T) {
		other := r.browser()
		r.answer(other.signIn(r.ask(func(a *authn) { a.Extensions = attributes(uriNIC, "1") + level("3") })))
		if got := other.transaction(other.send(r.ask())).Next(r.clock()); got != login.StepWho {
			t.Errorf("asked for %s", got)
		}
	})
}

// The wall (blueprint §4.9): each way, the session's value is put under the other cookie too, which no browser does.
func TestWall_a_compat_session_is_no_modern_one_and_the_reverse(t *testing.T) {
	r := newRig(t)
	modern := func(b *browser, session string) login.Transaction {
		t.Helper()
		s, err := r.provider.Login.Begin(t.Context(), login.Request{
			Wire: "oidc", Resume: func(id string) string { return "/oauth2/authorize/" + id }, Purpose: login.SignIn, Service: r.register(sp()),
			Ask: []consent.Ask{{Name: consent.NIC}}, MinLevel: 2, Lang: "pt", Browser: b.cookie("chave_browser"), Session: session,
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	b := r.browser()
	r.answer(b.signIn(r.ask()))
	compat := b.cookie("chave_compat")
	if compat == "" || b.cookie("chave_session") != "" {
		t.Fatalf("cookies %q and %q", compat, b.cookie("chave_session"))
	}
	if got := modern(b, compat).Next(r.clock()); got != login.StepWho {
		t.Errorf("a compat session opened a modern sign-in as far as %s", got)
	}

	b = r.browser()
	b.keep("chave_browser", random.Handle(rand.Reader))
	b.prove(modern(b, ""), phone)
	session := b.cookie("chave_session")
	if session == "" {
		t.Fatal("no modern session")
	}
	b.keep("chave_compat", session)
	if got := b.transaction(b.send(r.ask())).Next(r.clock()); got != login.StepWho {
		t.Errorf("a modern session opened a compat sign-in as far as %s", got)
	}
	if p := b.get("/fa/begin?r=" + random.Handle(rand.Reader)); p.status != http.StatusNotFound || p.fault() != "CH-1503" {
		t.Errorf("a handle that was never given: %d %s", p.status, p.fault())
	}
	t.Run("another wire's transaction is not answered here", func(t *testing.T) {
		tr := modern(b, "")
		if _, err := r.login.Refuse(t.Context(), tr.ID, b.cookie("chave_browser")); err != nil {
			t.Fatal(err)
		}
		r.wantHere(t, b.get("/fa/resume/"+tr.ID), http.StatusNotFound, "CH-1101")
	})
}

func TestWall_SHA1_only_with_the_switch_and_counted(t *testing.T) {
	old := xmldsigLegacy()
	r := newRig(t)
	r.wantHere(t, r.browser().send(spKey().profile(t, r.request().xml(), old)), http.StatusForbidden, "CH-1605")
	if len(r.counted) != 0 {
		t.Errorf("counted %v", r.counted)
	}
	r.register(sp(func(s *service.Settings) {
		s.Compat = map[service.Switch]service.Allowance{service.LegacySHA1: {Until: "2026-12-01"}}
		s.SAML.Signature = "legacy"
	}))
	b := r.browser()
	a := r.answer(b.signIn(spKey().profile(t, r.request().xml(), old)))
	if r.counted[service.LegacySHA1] != 2 || !strings.Contains(a.raw, "xmldsig#rsa-sha1") { // once for the request, once for the answer
		t.Errorf("counted %v: %s", r.counted, a.raw)
	}
	r.advance(24 * time.Hour) // past the switch's last day
	r.wantHere(t, r.browser().send(spKey().profile(t, r.request().xml(), old)), http.StatusForbidden, "CH-1605")
	a = r.answer(r.browser().send(r.ask(func(a *authn) { a.Version = "1.0" })))
	if strings.Contains(a.raw, "xmldsig#rsa-sha1") || r.counted[service.LegacySHA1] != 2 {
		t.Errorf("SHA-1 outlived its switch: %s", a.raw)
	}
}

func TestReplay_ids_are_single_use_across_nodes_and_restarts(t *testing.T) {
	r := newRig(t)
	one, two := r.mounted(r.provider), r.mounted(r.newProvider())
	send := func(node http.Handler, doc []byte) page {
		form := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(doc)}}
		req := httptest.NewRequest(http.MethodPost, "/FA/Default.aspx", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		node.ServeHTTP(w, req)
		return pageOf(w.Code, w.Header(), w.Body.Bytes())
	}
	doc := r.ask()
	if p := send(one, doc); p.status != http.StatusSeeOther {
		t.Fatalf("answered %d", p.status)
	}
	r.wantRefusal(t, send(two, doc), "Requester", "RequestDenied", saysDenied)
	r.wantRefusal(t, send(one, doc), "Requester", "RequestDenied", saysDenied)
	r.advance(4*time.Minute + 59*time.Second)
	r.wantRefusal(t, send(two, doc), "Requester", "RequestDenied", saysDenied)

	t.Run("of many at the same moment one is taken", func(t *testing.T) {
		doc := r.ask()
		var wait sync.WaitGroup
		taken := make(chan bool, 8)
		for i := range cap(taken) {
			wait.Go(func() {
				node := one
				if i%2 == 1 {
					node = two
				}
				taken <- send(node, doc).status == http.StatusSeeOther
			})
		}
		wait.Wait()
		close(taken)
		n := 0
		for t := range taken {
			if t {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d were taken", n)
		}
	})
	t.Run("a stored request goes on once, on either node", func(t *testing.T) {
		p := send(one, r.ask())
		get := func(node http.Handler) int {
			w := httptest.NewRecorder()
			node.ServeHTTP(w, httptest.NewRequest(http.MethodGet, p.location.String(), nil))
			return w.Code
		}
		if first, second := get(two), get(one); first != http.StatusSeeOther || second != http.StatusConflict {
			t.Errorf("answered %d, then %d", first, second)
		}
		p = send(one, r.ask())
		r.advance(2 * time.Minute)
		if late := get(one); late != http.StatusGone {
			t.Errorf("two minutes later: %d", late)
		}
	})
	t.Run("one service's id says nothing of another's", func(t *testing.T) {
		r.register(sp(func(s *service.Settings) { s.ID, s.SAML.Issuer = "second", "https://second.example.test" }))
		a := r.request()
		first := send(one, spKey().signed(t, a.xml()))
		a.Issuer = "https://second.example.test"
		if second := send(one, spKey().signed(t, a.xml())); first.status != http.StatusSeeOther || second.status != http.StatusSeeOther {
			t.Errorf("answered %d and %d", first.status, second.status)
		}
	})
}

func TestR5_12_the_consent_page_is_left_out_only_with_the_right_and_never_the_first_time(t *testing.T) {
	r := newRig(t)
	skip := func(a *authn) { a.Extensions = attributes(uriNIC, "1", consent.SkipConsentURI, "1") + level("3") }
	for _, c := range []struct {
		allowed bool
		second  login.Step
		state   string
	}{{false, login.StepShare, "PassarConsentimento NotAvailable"}, {true, login.StepResume, "PassarConsentimento Available 1"}} {
		r.register(sp(func(s *service.Settings) {
			s.ID, s.SAML.SkipConsent = map[bool]string{false: "asks", true: "skips"}[c.allowed], c.allowed
			s.SAML.Issuer = "https://" + s.ID + ".example.test"
		}))
		name := map[bool]string{false: "https://asks.example.test", true: "https://skips.example.test"}[c.allowed]
		ask := func() []byte { return r.ask(skip, func(a *authn) { a.Issuer = name }) }
		b := r.browser()
		tr := b.prove(b.transaction(b.send(ask())), phone)
		if got := tr.Next(r.clock()); got != login.StepShare {
			t.Errorf("allowed %v, the first time: %s", c.allowed, got)
		}
		if a := r.answer(b.agree(tr)); len(a.states()) != 2 || a.states()[1] != c.state {
			t.Errorf("states %q", a.states())
		}
		tr = b.transaction(b.send(ask()))
		if got := tr.Next(r.clock()); got != c.second {
			t.Errorf("allowed %v, the second time: %s", c.allowed, got)
		}
		if c.allowed {
			if a := r.answer(b.get(tr.Resume)); a.states()[0] != "NIC Available "+nic {
				t.Errorf("states %q", a.states())
			}
		}
	}
}

func TestProbe_tells_registered_services_only(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	probe := func(b *browser, origin string) (string, http.Header) {
		t.Helper()
		req, _ := http.NewRequest(http.MethodGet, r.server.URL+"/FA/IsUserAuthenticated.aspx?_=123", nil)
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		p := b.do(req)
		if p.status != http.StatusOK || !strings.HasPrefix(p.header.Get("Content-Type"), "text/plain") || p.header.Get("Cache-Control") != "no-store" || p.header.Get("Vary") != "Origin" {
			t.Errorf("answered %d %v", p.status, p.header)
		}
		return p.body, p.header
	}
	if got, _ := probe(b, issuer); got != "0" {
		t.Errorf("before any sign-in %q", got)
	}
	r.answer(b.signIn(r.ask()))
	for _, origin := range []string{issuer, "https://www.sp.example.test"} {
		got, h := probe(b, origin)
		if got != "1" || h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s is told %q with %v", origin, got, h)
		}
	}
	for _, origin := range []string{"", "null", "https://evil.test", "https://sp.example.test.evil.test", "http://sp.example.test", "https://sp.example.test:8443"} {
		got, h := probe(b, origin)
		if got != "0" || h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%q is told %q with %v", origin, got, h)
		}
	}
	if got, _ := probe(r.browser(), issuer); got != "0" {
		t.Errorf("another browser is told %q", got)
	}
	r.register(sp(func(s *service.Settings) { s.Closed = true }))
	r.advance(11 * time.Second)
	if got, _ := probe(b, issuer); got != "0" {
		t.Errorf("a closed service is told %q", got)
	}
}
