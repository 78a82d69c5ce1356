package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestA13_B1_answers_go_only_to_addresses_registered_character_by_character(t *testing.T) {
	r := newRig(t)
	for name, redirect := range map[string]string{
		"missing":             "",
		"another path":        "https://bank.example/callback/",
		"prefix":              "https://bank.example/callback/../other",
		"another host":        "https://bank.example.evil.test/callback",
		"user part":           "https://bank.example@evil.test/callback",
		"query added":         back + "?x=1",
		"query left out":      "https://bank.example/other",
		"fragment":            back + "#x",
		"upper case":          "https://BANK.example/callback",
		"port":                "https://bank.example:443/callback",
		"plain http":          "http://bank.example/callback",
		"encoded differently": "https://bank.example/c%61llback",
		"trailing space":      back + " ",
		"javascript":          "javascript:alert(1)",
	} {
		t.Run(name, func(t *testing.T) {
			code := "CH-1106"
			if redirect == "" {
				code = "CH-1002"
			}
			p := r.browser().authorize(ask("redirect_uri", redirect, "scope", "broken"))
			if p.header.Get("X-Fault") != code || p.location != nil {
				t.Errorf("answered %d %v %s", p.status, p.location, p.header.Get("X-Fault"))
			}
		})
	}
	p := r.browser().authorize(ask("redirect_uri", "https://bank.example/other?tenant=1", "scope", "profile"))
	if p.location == nil || !strings.HasPrefix(p.location.String(), "https://bank.example/other?tenant=1&error=invalid_scope") {
		t.Errorf("a registered query is not kept: %v", p.location)
	}
}

func TestB1_only_a_public_clients_loopback_port_is_free(t *testing.T) {
	r := newRig(t)
	r.register(app())
	machine := bank()
	machine.ID, machine.RedirectURIs = "machine", []string{"http://127.0.0.1/cb"}
	r.register(machine)
	for _, c := range []struct {
		client, redirect string
		ok               bool
	}{
		{"app", "http://127.0.0.1:51234/cb", true},
		{"app", "http://127.0.0.1/cb", true},
		{"app", "org.example.app:/cb", true},
		{"app", "http://127.0.0.1:51234/other", false},
		{"app", "http://127.0.0.1:51234/cb?x", false},
		{"app", "http://127.0.0.2:51234/cb", false},
		{"app", "http://localhost:51234/cb", false},
		{"app", "https://127.0.0.1:51234/cb", false},
		{"app", "http://127.0.0.1:51234@evil.test/cb", false},
		{"app", "http://127.0.0.1:51234#/cb", false},
		{"app", "org.example.app:/cb2", false},
		{"machine", "http://127.0.0.1:51234/cb", false},
	} {
		p := r.browser().authorize(ask("client_id", c.client, "redirect_uri", c.redirect))
		if ok := p.location != nil && strings.HasPrefix(p.location.Path, "/signin/"); ok != c.ok {
			t.Errorf("%s at %s: %v %s", c.client, c.redirect, p.location, p.header.Get("X-Fault"))
		}
	}
}

func TestOIDCCore_3_1_2_6_every_wrong_parameter_has_its_own_error(t *testing.T) {
	r := newRig(t)
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		name, field, value, code string
	}{
		{"A14 no implicit flow", "response_type", "id_token token", "unsupported_response_type"},
		{"A14 no hybrid flow", "response_type", "code id_token", "unsupported_response_type"},
		{"response_type missing", "response_type", "", "invalid_request"},
		{"no fragments", "response_mode", "fragment", "invalid_request"},
		{"unknown mode", "response_mode", "jwt", "invalid_request"},
		{"scope missing", "scope", "", "invalid_scope"},
		{"plain OAuth", "scope", "profile email", "invalid_scope"},
		{"scope characters", "scope", "openid \"x", "invalid_scope"},
		{"request object", "request", "ey.ey.sig", "request_not_supported"},
		{"foreign request_uri", "request_uri", "https://evil.test/request", "request_uri_not_supported"},
		{"registration", "registration", "{}", "registration_not_supported"},
		{"B3 plain PKCE", "code_challenge_method", "plain", "invalid_request"},
		{"B3 PKCE method missing means plain", "code_challenge_method", "", "invalid_request"},
		{"B3 PKCE missing", "code_challenge", "", "invalid_request"},
		{"B3 PKCE too short", "code_challenge", "abc", "invalid_request"},
		{"B3 PKCE padded", "code_challenge", s256(verifier) + "=", "invalid_request"},
		{"prompt unknown", "prompt", "create", "invalid_request"},
		{"prompt none with another", "prompt", "none login", "invalid_request"},
		{"max_age not a number", "max_age", "soon", "invalid_request"},
		{"max_age negative", "max_age", "-1", "invalid_request"},
		{"claims not JSON", "claims", "{", "invalid_request"},
		{"claims not an object", "claims", "[]", "invalid_request"},
		{"claims null", "claims", "null", "invalid_request"},
		{"claims of wrong type", "claims", `{"userinfo":{"name":{"essential":"yes"}}}`, "invalid_request"},
		{"claims too long", "claims", `{"userinfo":{"` + long + `":null}}`, "invalid_request"},
		{"nonce too long", "nonce", long, "invalid_request"},
		{"nonce not UTF-8", "nonce", "\xff\xfe", ""},
		{"hint not ours", "id_token_hint", "ey.ey.sig", "invalid_request"},
		{"silent and nobody there", "prompt", "none", "login_required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := r.browser().authorize(ask(c.field, c.value))
			if c.code == "" {
				wantPage(t, p, "CH-1002")
				return
			}
			wantRedirectError(t, r, p, c.code)
			if p.location.Query().Get("state") != "st" {
				t.Errorf("state is not echoed: %s", p.location.RawQuery)
			}
		})
	}
}

func TestRFC6749_3_1_repeated_and_broken_parameters(t *testing.T) {
	r := newRig(t)
	base := ask().Encode()
	wantRedirectError(t, r, r.browser().get("/oauth2/authorize?"+base+"&nonce=again"), "invalid_request")
	wantRedirectError(t, r, r.browser().get("/oauth2/authorize?"+base+"&unknown=1&unknown=2"), "invalid_request")
	p := r.browser().get("/oauth2/authorize?" + base + "&state=other")
	wantRedirectError(t, r, p, "invalid_request")
	if p.location.Query().Has("state") {
		t.Error("one of two states is echoed, as if it were the service's")
	}
	wantPage(t, r.browser().get("/oauth2/authorize?"+base+"&redirect_uri=https://evil.test"), "CH-1002")
	wantPage(t, r.browser().get("/oauth2/authorize?"+base+"&client_id=app"), "CH-1002")
	wantPage(t, r.browser().get("/oauth2/authorize"), "CH-1002")
	wantPage(t, r.browser().get("/oauth2/authorize?"+base+"&x=%zz"), "CH-1002")
	wantPage(t, r.browser().get("/oauth2/authorize?"+base+"&x="+strings.Repeat("y", 20_000)), "CH-1006")
	wantPage(t, r.browser().authorize(ask("client_id", "nobody")), "CH-1105")
}

func TestClosed_services_and_our_own_pages_are_no_clients(t *testing.T) {
	r := newRig(t)
	closed := bank()
	closed.Closed = true
	r.register(closed)
	wantPage(t, r.browser().authorize(ask()), "CH-1105")
	wantJSONError(t, r.exchange("x"), http.StatusUnauthorized, "invalid_client")
}

func TestState_is_echoed_byte_for_byte(t *testing.T) {
	r := newRig(t)
	for _, state := range []string{"a b+c&d=e", "ção ☃", "\xff\x00\x80", `"<script>`, strings.Repeat("s", 4096), "%25%zz"} {
		p := r.browser().authorize(ask("scope", "x", "state", state))
		if got := p.location.Query().Get("state"); got != state {
			t.Errorf("sent %q, got %q", state, got)
		}
		b := r.browser()
		tr := b.transaction(b.authorize(ask("state", state)))
		if _, err := r.login.Refuse(t.Context(), tr.ID, b.cookie("chave_browser")); err != nil {
			t.Fatal(err)
		}
		if got := b.get(tr.Resume).location.Query().Get("state"); got != state {
			t.Errorf("after the pages: sent %q, got %q", state, got)
		}
	}
	wantRedirectError(t, r, r.browser().authorize(ask("state", strings.Repeat("s", 4097))), "invalid_request")
}

func TestB8_nothing_of_a_sign_in_leaks_by_referrer_cache_or_frame(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	first := b.authorize(ask())
	for name, p := range map[string]page{"begin": first, "answer": b.agree(b.prove(b.transaction(first), phone)), "page": b.get("/oauth2/authorize")} {
		for header, want := range map[string]string{
			"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
		} {
			if got := p.header.Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if !strings.Contains(p.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: may be framed", name)
		}
	}
}

func TestOIDCCore_3_1_2_1_a_request_by_POST_begins_the_same_sign_in(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	p := b.post("/oauth2/authorize", ask("login_hint", "oksana@example.org"))
	if p.status != http.StatusSeeOther || p.location.Path != "/oauth2/authorize" {
		t.Fatalf("answered %d %v", p.status, p.location)
	}
	if strings.Contains(p.location.RawQuery, "oksana") {
		t.Error("what was posted stands in the address")
	}
	if hint := b.transaction(b.get(p.location.String())).Hint; hint != "oksana@example.org" {
		t.Errorf("hint %q", hint)
	}
	wantRedirectError(t, r, b.post("/oauth2/authorize", ask("scope", "x")), "invalid_scope")
	wantPage(t, b.post("/oauth2/authorize?client_id=bank", ask()), "CH-1002")
	wantPage(t, b.post("/oauth2/authorize", url.Values{"x": {strings.Repeat("y", 70_000)}}), "CH-1006")
}

func TestFormPost_hands_the_answer_over_by_a_form(t *testing.T) {
	r := newRig(t)
	p := r.browser().authorize(ask("response_mode", "form_post", "scope", "x"))
	if p.location != nil || !strings.Contains(p.body, back) || !strings.Contains(p.body, "invalid_scope") || !strings.Contains(p.body, r.server.URL) {
		t.Errorf("answered %d %v %s", p.status, p.location, p.body)
	}
}

func TestOIDCCore_3_1_2_1_id_token_hint_names_who_must_sign_in(t *testing.T) {
	r := newRig(t)
	mailOnly := newMailOnly()
	r.admit(mailOnly)
	b := r.browser()
	hint := r.exchange(b.code(ask())).text("id_token")

	if next := b.transaction(b.authorize(ask("id_token_hint", hint))).Next(r.clock()); next != "share" {
		t.Errorf("the person named is signed in, and the sign-in waits for %s", next)
	}
	other := r.browser()
	p := other.agree(other.prove(other.transaction(other.authorize(ask("id_token_hint", hint))), string(mailOnly.Email)))
	wantRedirectError(t, r, p, "login_required")

	// With somebody else's session the right person gets a chance; silently there is none.
	if next := other.transaction(other.authorize(ask("id_token_hint", hint))).Next(r.clock()); next != "who" {
		t.Errorf("another person's session waits for %s", next)
	}
	wantRedirectError(t, r, other.authorize(ask("id_token_hint", hint, "prompt", "none")), "login_required")

	r.register(app())
	foreign := r.browser().authorize(ask("client_id", "app", "redirect_uri", "http://127.0.0.1/cb", "id_token_hint", hint))
	if foreign.location.Query().Get("error") != "invalid_request" {
		t.Errorf("a hint made for another service: %v", foreign.location)
	}
}

func TestOIDCCore_3_1_2_6_prompt_none(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	wantRedirectError(t, r, b.authorize(ask("prompt", "none")), "login_required")
	b.code(ask())
	p := b.authorize(ask("prompt", "none"))
	code := p.location.Query().Get("code")
	if code == "" || p.location.Query().Get("iss") != r.server.URL {
		t.Fatalf("no silent answer: %v", p.location)
	}
	wantTokens(t, r.exchange(code))
	wantRedirectError(t, r, b.authorize(ask("prompt", "none", "scope", "openid profile nif")), "consent_required")
	wantRedirectError(t, r, b.authorize(ask("prompt", "none", "max_age", "0")), "login_required")
	if got := r.exchange(b.authorize(ask("prompt", "none", "scope", "openid profile offline_access")).location.Query().Get("code")); got.text("refresh_token") != "" {
		t.Error("a refresh token that nobody saw being asked for")
	}
}

func TestB3_PKCE_may_be_left_out_only_where_the_operator_allows_it(t *testing.T) {
	r := newRig(t)
	old := bank()
	old.PKCEOptional = true
	r.register(old)
	b := r.browser()
	none := ask("code_challenge", "", "code_challenge_method", "")
	wantTokens(t, r.exchange(b.code(none), "code_verifier", ""))
	// Downgrade: somebody took the challenge out of the request, and the service still shows its verifier.
	wantJSONError(t, r.exchange(b.code(none)), http.StatusBadRequest, "invalid_grant")
	wantJSONError(t, r.exchange(b.code(ask()), "code_verifier", ""), http.StatusBadRequest, "invalid_grant")
}
