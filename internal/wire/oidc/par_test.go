package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func (r *rig) pushed(q url.Values) string {
	r.t.Helper()
	a := r.call("/oauth2/par", "basic", q)
	if a.status != http.StatusCreated {
		r.t.Fatalf("push answered %d %s", a.status, a.raw)
	}
	return a.text("request_uri")
}

func TestRFC9126_a_pushed_request_begins_one_sign_in(t *testing.T) {
	r := newRig(t)
	a := r.call("/oauth2/par", "basic", ask("login_hint", "oksana@example.org"))
	uri := a.text("request_uri")
	if a.status != http.StatusCreated || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || a.json["expires_in"] != 90.0 ||
		a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("answered %d %s", a.status, a.raw)
	}
	b := r.browser()
	q := url.Values{"client_id": {"bank"}, "request_uri": {uri}, "scope": {"openid nif"}, "redirect_uri": {"https://evil.test"}}
	tr := b.transaction(b.authorize(q))
	if tr.Hint != "oksana@example.org" || len(tr.Ask) != 2 {
		t.Errorf("what stands beside request_uri counted: hint %q, asks %v", tr.Hint, tr.Ask)
	}
	wantTokens(t, r.exchange(b.agree(b.prove(tr, phone)).location.Query().Get("code")))
	wantPage(t, b.authorize(q), "CH-1502") // §7.3: once
}

func TestRFC9126_2_2_a_pushed_request_ends_after_90_seconds_and_is_bound_to_its_service(t *testing.T) {
	r := newRig(t)
	r.register(app())
	uri := r.pushed(ask())
	wantPage(t, r.browser().authorize(url.Values{"client_id": {"app"}, "request_uri": {uri}}), "CH-1503")
	b := r.browser()
	b.transaction(b.authorize(url.Values{"client_id": {"bank"}, "request_uri": {uri}})) // another service's try did not spend it

	late := r.pushed(ask())
	r.advance(90 * time.Second)
	wantPage(t, r.browser().authorize(url.Values{"client_id": {"bank"}, "request_uri": {late}}), "CH-1504")
	wantPage(t, r.browser().authorize(url.Values{"client_id": {"bank"}, "request_uri": {uri + "x"}}), "CH-1503")
	wantPage(t, r.browser().authorize(url.Values{"request_uri": {uri}}), "CH-1002")
}

func TestRFC9126_2_3_errors_are_told_to_the_service_at_once(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct{ name, field, value, code string }{
		{"address not registered", "redirect_uri", "https://evil.test", "invalid_request"},
		{"address missing", "redirect_uri", "", "invalid_request"},
		{"scope", "scope", "profile", "invalid_scope"},
		{"response_type", "response_type", "token", "unsupported_response_type"},
		{"PKCE", "code_challenge", "", "invalid_request"},
		{"request object", "request", "x.y.z", "request_not_supported"},
		{"§2.1 request_uri", "request_uri", "urn:ietf:params:oauth:request_uri:x", "invalid_request"},
		{"another client", "client_id", "app", "invalid_client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status := http.StatusBadRequest
			if c.code == "invalid_client" {
				status = http.StatusUnauthorized
			}
			wantJSONError(t, r.call("/oauth2/par", "basic", ask(c.field, c.value)), status, c.code)
		})
	}
	req, _ := http.NewRequest(http.MethodGet, r.server.URL+"/oauth2/par", nil)
	wantJSONError(t, r.send(req), http.StatusMethodNotAllowed, "invalid_request")
	wantJSONError(t, r.call("/oauth2/par", "basic", url.Values{"x": {strings.Repeat("y", 70_000)}}), http.StatusRequestEntityTooLarge, "invalid_request")
}

func TestF2_A15_a_service_may_be_registered_for_pushed_requests_only(t *testing.T) {
	r := newRig(t)
	strict := bank()
	strict.RequirePAR = true
	r.register(strict)
	wantRedirectError(t, r, r.browser().authorize(ask()), "invalid_request")
	wantRedirectError(t, r, r.browser().post("/oauth2/authorize", ask()), "invalid_request")
	b := r.browser()
	b.transaction(b.authorize(url.Values{"client_id": {"bank"}, "request_uri": {r.pushed(ask())}}))
	// By POST too, where the request goes through our own store a second time.
	p := b.post("/oauth2/authorize", url.Values{"client_id": {"bank"}, "request_uri": {r.pushed(ask())}})
	b.transaction(b.get(p.location.String()))
}
