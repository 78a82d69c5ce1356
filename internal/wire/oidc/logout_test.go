package oidc_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/wire/oidc"
)

const bye = "https://bank.example/bye"

func (b *browser) signedIn() bool {
	_, _, err := b.r.login.SessionOf(b.r.t.Context(), b.cookie("chave_session"))
	return err == nil
}

// signedInWith is a browser after a sign-in, and the ID token that came of it.
func (r *rig) signedInWith() (*browser, string) {
	b := r.browser()
	return b, r.exchange(b.code(ask())).text("id_token")
}

func TestR5_24_a_service_signs_out_with_its_ID_token_and_gets_the_person_back(t *testing.T) {
	r := newRig(t)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			b, token := r.signedInWith()
			r.advance(time.Hour - time.Minute) // the ID token has expired long ago: it is a hint, not a pass
			q := url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {bye}, "state": {"s&t"}, "client_id": {"bank"}}
			var p page
			if method == http.MethodPost {
				p = b.post("/oauth2/logout", q)
				if p.status != http.StatusSeeOther || strings.Contains(p.location.RawQuery, token[:40]) {
					t.Fatalf("the token went into the address: %v", p.location)
				}
				once := p.location.String()
				p = b.get(once)
				wantPage(t, b.get(once), "CH-1502")
			} else {
				p = b.get("/oauth2/logout?" + q.Encode())
			}
			if p.status != http.StatusSeeOther || p.location.String() != bye+"?state=s%26t" {
				t.Errorf("answered %d %v", p.status, p.location)
			}
			if b.cookie("chave_session") != "" || b.signedIn() {
				t.Error("still signed in")
			}
		})
	}
}

func TestRPInitiatedLogout_2_without_proof_the_person_is_asked(t *testing.T) {
	r := newRig(t)
	b, _ := r.signedInWith()
	_, foreign := r.signedInWith() // another session of the same person: no proof for this one
	for name, q := range map[string]url.Values{
		"no hint": {}, "hint of another session": {"id_token_hint": {foreign}, "post_logout_redirect_uri": {bye}},
		"made-up hint": {"id_token_hint": {"ey.ey.x"}}, "client_id and address": {"client_id": {"bank"}, "post_logout_redirect_uri": {bye}},
	} {
		r.asked = nil
		p := b.get("/oauth2/logout?" + q.Encode())
		if p.body != "sign out?" || r.asked == nil || !b.signedIn() {
			t.Errorf("%s: answered %d %v %s", name, p.status, p.location, p.body)
		}
	}
	b.get("/oauth2/logout?" + url.Values{"client_id": {"bank"}, "post_logout_redirect_uri": {bye}, "state": {"x"}}.Encode())
	yes := url.Values{r.asked.Fields[0].Name: {r.asked.Fields[0].Value}}

	stranger, _ := r.signedInWith()
	wantPage(t, stranger.post("/oauth2/logout", yes), "CH-1102")
	if !stranger.signedIn() {
		t.Error("somebody else's yes ended this session")
	}
	wantPage(t, b.post("/oauth2/logout", url.Values{"confirm": {"made up"}}), "CH-1002")
	if p := b.post("/oauth2/logout", yes); p.location == nil || p.location.String() != bye+"?state=x" || b.signedIn() {
		t.Errorf("after the yes: %d %v", p.status, p.location)
	}
	if p := b.get("/oauth2/logout"); p.body != "signed out" {
		t.Errorf("with nobody signed in: %d %s", p.status, p.body)
	}
}

func TestRPInitiatedLogout_3_only_registered_addresses(t *testing.T) {
	r := newRig(t)
	r.register(app())
	b, token := r.signedInWith()
	for name, c := range map[string]struct {
		q    url.Values
		code fault.Code
	}{
		"not registered":       {url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {"https://evil.test/"}}, "CH-1106"},
		"registered elsewhere": {url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {back}}, "CH-1106"},
		"nobody named":         {url.Values{"post_logout_redirect_uri": {bye}}, "CH-1106"},
		"another's":            {url.Values{"client_id": {"app"}, "post_logout_redirect_uri": {bye}}, "CH-1106"},
		"two names":            {url.Values{"client_id": {"app"}, "id_token_hint": {token}}, "CH-1002"},
		"unknown service":      {url.Values{"client_id": {"nobody"}}, "CH-1105"},
		"repeated":             {url.Values{"client_id": {"bank", "app"}}, "CH-1002"},
	} {
		t.Run(name, func(t *testing.T) {
			wantPage(t, b.get("/oauth2/logout?"+c.q.Encode()), c.code)
			wantPage(t, b.post("/oauth2/logout", c.q), c.code)
		})
	}
	if !b.signedIn() {
		t.Error("a wrong request ended the session")
	}
}

// listener is a service's back-channel address.
type listener struct {
	*httptest.Server
	mu     sync.Mutex
	tokens []string
	answer func(n int, w http.ResponseWriter)
}

func newListener(t *testing.T) *listener {
	l := &listener{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.tokens = append(l.tokens, r.PostFormValue("logout_token"))
		if l.answer != nil {
			l.answer(len(l.tokens), w)
		}
	}))
	t.Cleanup(l.Close)
	return l
}

// heard are the tokens that have come, in order.
func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.tokens)
}

func (r *rig) notifier(worker string) *oidc.Notifier {
	return &oidc.Notifier{Provider: r.provider, Do: store.In[oidc.NoticeTx](r.db), Client: http.DefaultClient, Worker: worker}
}

func pass(t *testing.T, n *oidc.Notifier, want int) {
	t.Helper()
	if done, err := n.Pass(t.Context()); err != nil || done != want {
		t.Fatalf("handled %d notices, want %d: %v", done, want, err)
	}
}

func (r *rig) listening(l *listener) {
	s := bank()
	s.BackchannelLogoutURI = l.URL + "/out"
	r.register(s)
}

func TestBackchannelLogout_2_4_the_token_names_the_session_as_the_ID_token_did(t *testing.T) {
	r := newRig(t)
	l := newListener(t)
	r.listening(l)
	b, token := r.signedInWith()
	before := r.claims(token)
	if err := r.login.SignOut(t.Context(), b.cookie("chave_session")); err != nil {
		t.Fatal(err)
	}
	n := r.notifier("w")
	pass(t, n, 1)
	pass(t, n, 0)
	if len(l.heard()) != 1 {
		t.Fatalf("%d tokens came", len(l.heard()))
	}
	out := r.claims(l.heard()[0])
	for _, same := range []string{"iss", "aud", "sub", "sid"} {
		if out[same] != before[same] || out[same] == nil {
			t.Errorf("%s is %v, in the ID token %v", same, out[same], before[same])
		}
	}
	events, _ := json.Marshal(out["events"])
	if string(events) != `{"http://schemas.openid.net/event/backchannel-logout":{}}` {
		t.Errorf("events %s", events)
	}
	if out["nonce"] != nil || out["jti"] == nil || out["exp"] != float64(r.clock().Add(2*time.Minute).Unix()) {
		t.Errorf("claims %v", out)
	}
	if header := decoded(strings.Split(l.heard()[0], ".")[0]); !strings.Contains(header, `"typ":"logout+jwt"`) {
		t.Errorf("header %s", header)
	}
	// A logout token is no hint: it would let a service that saw one act as the person.
	p := r.browser().authorize(ask("id_token_hint", l.heard()[0]))
	wantRedirectError(t, r, p, "invalid_request")
}

func TestBackchannelLogout_2_8_failures_are_tried_again_and_refusals_are_not(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(n int, w http.ResponseWriter)
		tries  int
	}{
		"busy, then well": {func(n int, w http.ResponseWriter) {
			if n < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, 3},
		"204":         {func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }, 1},
		"400":         {func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) }, 1},
		"always down": {func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }, 8},
		"redirects are not followed": {func(_ int, w http.ResponseWriter) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, 8},
		"cut off in the middle of it": {func(_ int, w http.ResponseWriter) { panic(http.ErrAbortHandler) }, 8},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			l := newListener(t)
			l.answer = c.answer
			l.Config.ErrorLog = nil
			r.listening(l)
			b, _ := r.signedInWith()
			if err := r.login.SignOut(t.Context(), b.cookie("chave_session")); err != nil {
				t.Fatal(err)
			}
			n := r.notifier("w")
			for range 12 {
				if _, err := n.Pass(t.Context()); err != nil {
					t.Fatal(err)
				}
				r.advance(10 * time.Minute)
			}
			if len(l.heard()) != c.tries {
				t.Errorf("%d tries, want %d", len(l.heard()), c.tries)
			}
		})
	}
}

func TestBackchannelLogout_two_workers_share_the_work_and_a_dead_one_loses_it(t *testing.T) {
	r := newRig(t)
	l := newListener(t)
	r.listening(l)
	b, _ := r.signedInWith()
	if err := r.login.SignOut(t.Context(), b.cookie("chave_session")); err != nil {
		t.Fatal(err)
	}
	// One worker leases and dies.
	lost := errors.New("power cut")
	calls := 0
	dead := r.notifier("dead")
	do := dead.Do
	dead.Do = func(ctx context.Context, fn func(oidc.NoticeTx) error) error {
		if calls++; calls > 1 {
			return lost
		}
		return do(ctx, fn)
	}
	if _, err := dead.Pass(t.Context()); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	living := r.notifier("living")
	pass(t, living, 0)
	r.advance(2 * time.Minute)
	pass(t, living, 1)
	pass(t, living, 0)
	if len(l.heard()) != 2 {
		t.Errorf("%d deliveries, want the lost one and its repetition", len(l.heard()))
	}
}
