package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/signkey"
	"chave/internal/outside/store"
)

func TestB5_A13_a_code_works_once_within_a_minute_and_its_second_use_ends_what_came_from_it(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	code := b.code(ask("scope", "openid profile offline_access"))
	first := r.exchange(code)
	wantTokens(t, first)
	if info := r.userinfo(first.text("access_token")); info.status != http.StatusOK {
		t.Fatalf("userinfo %d", info.status)
	}
	again := r.exchange(code)
	wantJSONError(t, again, http.StatusBadRequest, "invalid_grant")
	if again.text("chave_code") != "CH-1506" {
		t.Errorf("code %s", again.text("chave_code"))
	}
	if info := r.userinfo(first.text("access_token")); info.status != http.StatusUnauthorized {
		t.Error("the access token outlived the reuse of its code")
	}
	wantJSONError(t, r.refresh(first.text("refresh_token")), http.StatusBadRequest, "invalid_grant")

	late := b.code(ask())
	r.advance(60 * time.Second)
	wantJSONError(t, r.exchange(late), http.StatusBadRequest, "invalid_grant")
}

func TestA13_of_two_exchanges_at_once_one_wins(t *testing.T) {
	r := newRig(t)
	code := r.browser().code(ask())
	var wg sync.WaitGroup
	answers := make([]reply, 4)
	for i := range answers {
		wg.Go(func() { answers[i] = r.exchange(code) })
	}
	wg.Wait()
	won := 0
	for _, a := range answers {
		if a.status == http.StatusOK {
			won++
		}
	}
	if won > 1 {
		t.Errorf("%d exchanges won", won)
	}
}

func TestB5_a_code_is_bound_to_service_address_and_verifier(t *testing.T) {
	r := newRig(t)
	r.register(app())
	b := r.browser()
	code := b.code(ask())
	// Another service's try changes nothing: it could otherwise destroy codes that it saw.
	stolen := r.call("/oauth2/token", "", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {back}, "code_verifier": {verifier}, "client_id": {"app"},
	})
	wantJSONError(t, stolen, http.StatusBadRequest, "invalid_grant")
	wantTokens(t, r.exchange(code))

	for name, change := range map[string][]string{
		"another address":  {"redirect_uri", "https://bank.example/other?tenant=1"},
		"no address":       {"redirect_uri", ""},
		"another verifier": {"code_verifier", strings.Repeat("v", 43)},
		"no verifier":      {"code_verifier", ""},
		"short verifier":   {"code_verifier", "v"},
	} {
		code := b.code(ask())
		wantJSONError(t, r.exchange(code, change...), http.StatusBadRequest, "invalid_grant")
		if again := r.exchange(code); again.status == http.StatusOK {
			t.Errorf("%s: a second guess was allowed", name)
		}
	}
	for _, code := range []string{"", "x", strings.Repeat("a", 52)} {
		if a := r.exchange(code); a.status != http.StatusBadRequest {
			t.Errorf("code %q: %d", code, a.status)
		}
	}
}

func TestB6_refresh_rotates_and_an_earlier_token_ends_the_family(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	first := r.exchange(b.code(ask("scope", "openid profile offline_access")))
	wantTokens(t, first)
	second := r.refresh(first.text("refresh_token"))
	wantTokens(t, second)
	if second.text("refresh_token") == first.text("refresh_token") || second.text("refresh_token") == "" {
		t.Fatal("the refresh token did not rotate")
	}
	before, after := r.claims(first.text("id_token")), r.claims(second.text("id_token"))
	for _, same := range []string{"sub", "sid", "auth_time", "acr", "aud", "iss"} {
		if before[same] != after[same] {
			t.Errorf("%s changed from %v to %v (OIDC Core §12.2)", same, before[same], after[same])
		}
	}
	if _, there := after["nonce"]; there {
		t.Error("a refreshed ID token has a nonce")
	}
	wantTokens(t, r.refresh(second.text("refresh_token")))

	stolen := r.refresh(first.text("refresh_token"))
	wantJSONError(t, stolen, http.StatusBadRequest, "invalid_grant")
	if stolen.text("chave_code") != "CH-1506" {
		t.Errorf("code %s", stolen.text("chave_code"))
	}
	wantJSONError(t, r.refresh(second.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	if info := r.userinfo(second.text("access_token")); info.status != http.StatusUnauthorized {
		t.Error("an access token outlived its family")
	}
	if n := r.audited("grant.reused"); n != 1 {
		t.Errorf("%d reuses on record", n)
	}
}

// audited counts rows of a kind.
func (r *rig) audited(kind string) int {
	r.t.Helper()
	n := 0
	err := r.db.View(r.t.Context(), func(tx *store.Tx) error {
		rows, err := tx.UnsealedAudit(10_000)
		n = 0
		for _, row := range rows {
			if string(row.Kind) == kind {
				n++
			}
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestB6_A16_refresh_ends_with_logout_key_idleness_and_age(t *testing.T) {
	r := newRig(t)
	offline := ask("scope", "openid offline_access")
	begin := func() (*browser, reply) {
		b := r.browser()
		a := r.exchange(b.code(offline))
		wantTokens(t, a)
		return b, a
	}
	t.Run("logout", func(t *testing.T) {
		b, a := begin()
		if err := r.login.SignOut(t.Context(), b.cookie("chave_session")); err != nil {
			t.Fatal(err)
		}
		wantJSONError(t, r.refresh(a.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
		if r.userinfo(a.text("access_token")).status != http.StatusUnauthorized {
			t.Error("userinfo still answers")
		}
	})
	t.Run("logout between code and exchange", func(t *testing.T) {
		b := r.browser()
		code := b.code(offline)
		if err := r.login.SignOut(t.Context(), b.cookie("chave_session")); err != nil {
			t.Fatal(err)
		}
		wantJSONError(t, r.exchange(code), http.StatusBadRequest, "invalid_grant")
	})
	t.Run("idle", func(t *testing.T) {
		_, a := begin()
		r.advance(7*24*time.Hour - time.Second)
		a = r.refresh(a.text("refresh_token"))
		wantTokens(t, a)
		r.advance(7 * 24 * time.Hour)
		wantJSONError(t, r.refresh(a.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	})
	t.Run("age", func(t *testing.T) {
		_, a := begin()
		for range 4 {
			r.advance(7*24*time.Hour - time.Second)
			a = r.refresh(a.text("refresh_token"))
			wantTokens(t, a)
		}
		r.advance(3 * 24 * time.Hour)
		wantJSONError(t, r.refresh(a.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	})
	t.Run("R1.33 death", func(t *testing.T) {
		_, a := begin()
		err := r.db.Do(t.Context(), func(tx *store.Tx) error {
			ids, err := tx.PeopleWith(citizen.Identifier{Kind: citizen.ByPhone, Value: phone})
			if err != nil {
				return err
			}
			p, err := tx.Person(ids[0])
			if err != nil {
				return err
			}
			p.Standing.Deceased = true
			return tx.UpdatePerson(p)
		})
		if err != nil {
			t.Fatal(err)
		}
		wantJSONError(t, r.refresh(a.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	})
}

func TestA16_refresh_tokens_are_only_for_services_registered_for_them(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	kept := r.exchange(b.code(ask("scope", "openid offline_access"))).text("refresh_token")
	without := bank()
	without.Refresh = false
	r.register(without)
	got := r.exchange(b.code(ask("scope", "openid offline_access")))
	if got.text("refresh_token") != "" || got.text("scope") != "openid" {
		t.Errorf("granted %s", got.raw)
	}
	wantJSONError(t, r.refresh(kept), http.StatusBadRequest, "unauthorized_client")
}

func TestRFC6749_6_a_refresh_may_ask_for_less_and_never_for_more(t *testing.T) {
	r := newRig(t)
	first := r.exchange(r.browser().code(ask("scope", "openid profile email offline_access")))
	form := func(token, scope string) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {scope}}
	}
	wantJSONError(t, r.call("/oauth2/token", "basic", form(first.text("refresh_token"), "openid nif")), http.StatusBadRequest, "invalid_scope")
	less := r.call("/oauth2/token", "basic", form(first.text("refresh_token"), "openid email"))
	wantTokens(t, less)
	info := r.userinfo(less.text("access_token"))
	if info.json["email"] == nil || info.json["name"] != nil {
		t.Errorf("B7: the narrower token shows %s", info.raw)
	}
	none := r.call("/oauth2/token", "basic", form(less.text("refresh_token"), "email"))
	wantTokens(t, none)
	if none.text("id_token") != "" {
		t.Error("an ID token without openid")
	}
	wantJSONError(t, r.userinfo(none.text("access_token")), http.StatusForbidden, "insufficient_scope")
}

func TestB2_A14_no_other_grant_is_offered(t *testing.T) {
	r := newRig(t)
	for _, grant := range []string{"password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:token-exchange"} {
		wantJSONError(t, r.call("/oauth2/token", "basic", url.Values{"grant_type": {grant}}), http.StatusBadRequest, "unsupported_grant_type")
	}
	wantJSONError(t, r.call("/oauth2/token", "basic", url.Values{}), http.StatusBadRequest, "invalid_request")
}

func TestRFC6749_5_2_malformed_token_requests(t *testing.T) {
	r := newRig(t)
	wantJSONError(t, r.call("/oauth2/token?grant_type=refresh_token", "basic", url.Values{}), http.StatusBadRequest, "invalid_request")
	wantJSONError(t, r.call("/oauth2/token", "basic", url.Values{"a": {"1", "2"}}), http.StatusBadRequest, "invalid_request")
	wantJSONError(t, r.call("/oauth2/token", "basic", url.Values{}, "Content-Type", "application/json"), http.StatusBadRequest, "invalid_request")
	wantJSONError(t, r.call("/oauth2/token", "basic", url.Values{"x": {strings.Repeat("y", 70_000)}}), http.StatusRequestEntityTooLarge, "invalid_request")
	req, _ := http.NewRequest(http.MethodGet, r.server.URL+"/oauth2/token", nil)
	got := r.send(req)
	wantJSONError(t, got, http.StatusMethodNotAllowed, "invalid_request")
	if got.header.Get("Allow") != "POST" {
		t.Errorf("Allow %q", got.header.Get("Allow"))
	}
}

func TestA20_a_store_that_fails_hands_nothing_out(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	code := b.code(ask())
	broken := true
	r.mu.Lock()
	r.inject = func(step store.Step) error {
		if broken && step == store.StepCommit {
			return store.ErrRace
		}
		return nil
	}
	r.mu.Unlock()
	a := r.exchange(code)
	wantJSONError(t, a, http.StatusServiceUnavailable, "temporarily_unavailable")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	r.mu.Lock()
	broken = false
	r.mu.Unlock()
	wantTokens(t, r.exchange(code)) // nothing was half-written
}

func TestIDToken_is_RS256_only_for_a_service_registered_so(t *testing.T) {
	if testing.Short() {
		t.Skip("makes an RSA key")
	}
	r := newRig(t)
	old := bank()
	old.IDTokenAlg = "RS256"
	r.register(old)
	if algs, err := r.provider.Algorithms(t.Context()); err != nil || len(algs) != 1 || algs[0] != "RS256" {
		t.Errorf("wanted algorithms %v, %v", algs, err)
	}
	token := r.exchange(r.browser().code(ask())).text("id_token")
	if claims := r.claims(token); claims["aud"] != "bank" {
		t.Errorf("claims %v", claims)
	}
	if header := strings.Split(token, ".")[0]; !strings.Contains(decoded(header), `"RS256"`) {
		t.Errorf("header %s", decoded(header))
	}
}

func TestKey_rotation_leaves_tokens_in_circulation_valid(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	token := r.exchange(b.code(ask())).text("id_token")
	if err := r.keys.Rotate(t.Context(), signkey.ES256); err != nil {
		t.Fatal(err)
	}
	r.claims(token)
	newer := r.exchange(b.code(ask())).text("id_token")
	if strings.Split(token, ".")[0] == strings.Split(newer, ".")[0] {
		t.Error("the new token is signed by the old key")
	}
}
