package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/outside/store"
)

func TestB4_RFC9207_every_answer_names_the_issuer(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	refused := b.transaction(b.authorize(ask()))
	if _, err := r.login.Refuse(t.Context(), refused.ID, b.cookie("chave_browser")); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]page{
		"a code": b.signIn(ask()), "a silent code": b.authorize(ask("prompt", "none")), "a no": b.get(refused.Resume),
		"a wrong request": b.authorize(ask("scope", "x")), "a silent error": r.browser().authorize(ask("prompt", "none")),
	} {
		if p.location == nil || p.location.Query().Get("iss") != r.server.URL {
			t.Errorf("%s: %v", name, p.location)
		}
	}
}

func TestB7_an_access_token_is_short_and_shows_only_what_its_scopes_ask_for(t *testing.T) {
	r := newRig(t)
	got := r.exchange(r.browser().code(ask("scope", "openid email")))
	if got.json["expires_in"] != 300.0 {
		t.Errorf("lives %v seconds", got.json["expires_in"])
	}
	if info := r.userinfo(got.text("access_token")); info.json["email"] == nil || info.json["name"] != nil || info.json["nif"] != nil {
		t.Errorf("shows %s", info.raw)
	}
	// It opens nothing else: no other endpoint of ours takes it for a client's proof.
	for _, path := range []string{"/oauth2/token", "/oauth2/par", "/oauth2/introspect", "/oauth2/revoke"} {
		a := r.call(path, "", url.Values{"token": {"x"}}, "Authorization", "Bearer "+got.text("access_token"))
		wantJSONError(t, a, http.StatusUnauthorized, "invalid_client")
	}
}

func TestA10_codes_and_request_names_are_long_and_never_alike(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	seen := map[string]bool{}
	for range 20 {
		code := b.code(ask())
		uri := strings.TrimPrefix(r.pushed(ask()), "urn:ietf:params:oauth:request_uri:")
		if seen[code] || seen[uri] || len(code) != 52 || len(uri) != 52 { // 256 bits in base32
			t.Fatalf("%q, %q", code, uri)
		}
		seen[code], seen[uri] = true, true
	}
}

func TestA16_the_person_ends_what_a_service_may_do(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	got := r.exchange(b.code(ask("scope", "openid profile offline_access")))
	_, person, err := r.login.SessionOf(t.Context(), b.cookie("chave_session"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.login.Withdraw(t.Context(), person.ID, "bank"); err != nil {
		t.Fatal(err)
	}
	wantJSONError(t, r.refresh(got.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	wantJSONError(t, r.userinfo(got.text("access_token")), http.StatusUnauthorized, "invalid_token")
	wantRedirectError(t, r, b.authorize(ask("prompt", "none")), "consent_required")
}

func TestA19_what_is_handed_out_and_taken_back_is_on_record(t *testing.T) {
	r := newRig(t)
	code := r.browser().code(ask())
	r.exchange(code)
	r.exchange(code)
	for kind, want := range map[string]int{"login.finished": 1, "grant.issued": 1, "grant.reused": 1} {
		if n := r.audited(kind); n != want {
			t.Errorf("%s: %d on record, want %d", kind, n, want)
		}
	}
}

func TestR5_15_a_required_attribute_that_the_person_does_not_have_is_simply_absent(t *testing.T) {
	r := newRig(t)
	s := bank()
	for i := range s.Attributes {
		s.Attributes[i].Required = true
	}
	r.register(s)
	person := newMailOnly()
	r.admit(person)
	b := r.browser()
	p := b.agree(b.prove(b.transaction(b.authorize(ask("scope", "openid profile phone document"))), string(person.Email)))
	claims := r.claims(r.exchange(p.location.Query().Get("code")).text("id_token"))
	for _, name := range []string{"phone_number", "phone_number_verified", "document_type", "document_number"} {
		if v, there := claims[name]; there {
			t.Errorf("%s is %v for somebody who has none", name, v)
		}
	}
}

func TestR1_33_a_key_that_ended_after_consent_gives_the_service_a_refusal(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tr := b.prove(b.transaction(b.authorize(ask())), phone)
	if _, err := r.login.Decide(t.Context(), tr.ID, b.cookie("chave_browser"), nil); err != nil {
		t.Fatal(err)
	}
	err := r.db.Do(t.Context(), func(tx *store.Tx) error {
		ids, err := tx.PeopleWith(citizen.Identifier{Kind: citizen.ByPhone, Value: phone})
		if err != nil {
			return err
		}
		key, err := tx.Key(ids[0])
		if err != nil {
			return err
		}
		key.BlockedAt = r.clock()
		return tx.UpdateKey(key)
	})
	if err != nil {
		t.Fatal(err)
	}
	p := b.get(tr.Resume)
	wantRedirectError(t, r, p, "access_denied")
	if d := p.location.Query().Get("error_description"); !strings.HasPrefix(d, "CH-1208") {
		t.Errorf("description %q", d)
	}
}

func TestLoginExpired_stays_on_our_page(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tr := b.transaction(b.authorize(ask()))
	r.advance(16 * time.Minute)
	wantPage(t, b.get(tr.Resume), "CH-1102")
}
