package csc_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
)

func TestB1_errors_without_a_registered_address_stay_here(t *testing.T) {
	r := newRig(t)
	r.register(service.Settings{ID: "plain", Name: service.Text{"pt": "A", "en": "A"}, RedirectURIs: []string{back}, Secret: secret})
	for name, c := range map[string]struct {
		q    url.Values
		want fault.Code
	}{
		"no client":        {ask("bank", "client_id", ""), fault.RequestMalformed},
		"unknown client":   {ask("nobody"), fault.ServiceUnknown},
		"no right to sign": {ask("plain"), fault.ServiceUnknown},
		"no address":       {ask("bank", "redirect_uri", ""), fault.RequestMalformed},
		"another address":  {ask("bank", "redirect_uri", back+"/"), fault.ReturnNotRegistered},
		"unknown request":  {url.Values{"client_id": {"bank"}, "request_uri": {"urn:ietf:params:oauth:request_uri:x"}}, fault.GrantUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			if got := r.browser().authorize(c.q); got.location != nil || got.header.Get("X-Fault") != string(c.want) {
				t.Errorf("%d %v %s", got.status, got.location, got.header.Get("X-Fault"))
			}
		})
	}
}

func TestB3_bad_requests_return_to_the_service(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	d := [][]byte{digest("contract")}
	rich := func(one any) []string {
		text, _ := json.Marshal(one)
		return []string{"authorization_details", string(text), "hashes", "", "credentialID", "", "numSignatures", "", "scope", "", "hashAlgorithmOID", ""}
	}
	for name, c := range map[string]struct {
		q    url.Values
		want string
	}{
		"no PKCE":                 {ask("bank", "code_challenge", ""), "invalid_request"},
		"PKCE plain":              {ask("bank", "code_challenge_method", "plain"), "invalid_request"},
		"PKCE without method":     {ask("bank", "code_challenge_method", ""), "invalid_request"},
		"PKCE malformed":          {ask("bank", "code_challenge", "short"), "invalid_request"},
		"implicit":                {ask("bank", "response_type", "token"), "unsupported_response_type"},
		"both scopes":             {ask("bank", "scope", "service credential"), "invalid_scope"},
		"unknown scope":           {ask("bank", "scope", "openid"), "invalid_scope"},
		"service with hashes":     {ask("bank", "hashes", "AAAA"), "invalid_scope"},
		"account token":           {ask("bank", "account_token", "x"), "invalid_request"},
		"request object":          {ask("bank", "request", "x"), "invalid_request"},
		"no hashes":               {askToSign("bank", key.ID, d, "hashes", ""), "invalid_request"},
		"SHA-1":                   {askToSign("bank", key.ID, d, "hashAlgorithmOID", sha1OID), "invalid_request"},
		"short digest":            {askToSign("bank", key.ID, d, "hashes", "AAAA"), "invalid_request"},
		"not base64":              {askToSign("bank", key.ID, d, "hashes", "***"), "invalid_request"},
		"empty among them":        {askToSign("bank", key.ID, d, "hashes", ","), "invalid_request"},
		"fewer than announced":    {askToSign("bank", key.ID, d, "numSignatures", "2"), "invalid_request"},
		"blank cheque":            {askToSign("bank", key.ID, d, "numSignatures", "100"), "invalid_request"},
		"no number":               {askToSign("bank", key.ID, d, "numSignatures", ""), "invalid_request"},
		"neither key nor name":    {askToSign("bank", "", d, "credentialID", ""), "invalid_request"},
		"malformed key":           {askToSign("bank", "GX0112348", d), "invalid_request"},
		"another qualifier":       {askToSign("bank", key.ID, d, "signatureQualifier", "eu_eidas_qes"), "invalid_request"},
		"names for others":        {askToSign("bank", key.ID, d, "clientData", `{"documentNames":["a","b"]}`), "invalid_request"},
		"endless description":     {askToSign("bank", key.ID, d, "description", strings.Repeat("x", 501)), "invalid_request"},
		"details not JSON":        {askToSign("bank", key.ID, d, "authorization_details", "[{"), "invalid_authorization_details"},
		"details of another type": {askToSign("bank", key.ID, d, rich([]any{map[string]any{"type": "payment"}})...), "invalid_authorization_details"},
		"details twice":           {askToSign("bank", key.ID, d, rich([]any{map[string]any{"type": "credential"}, map[string]any{"type": "credential"}})...), "invalid_authorization_details"},
		"details without digests": {askToSign("bank", key.ID, d, rich([]any{map[string]any{"type": "credential", "credentialID": key.ID, "hashAlgorithmOID": sha256OID, "documentDigests": []any{}}})...), "invalid_authorization_details"},
		"digests of documents": {askToSign("bank", key.ID, d, rich([]any{map[string]any{"type": "credential", "credentialID": key.ID, "hashAlgorithmOID": sha256OID,
			"documentDigests": []any{map[string]any{"hash": b64(d[0]), "hashType": "sodr"}}}})...), "invalid_authorization_details"},
	} {
		t.Run(name, func(t *testing.T) {
			got := r.browser().authorize(c.q)
			if got.location == nil || got.location.Query().Get("error") != c.want || got.location.Query().Get("state") != "st" {
				t.Errorf("%d %v %s", got.status, got.location, got.header.Get("X-Fault"))
			}
		})
	}
	twice := askToSign("bank", key.ID, d).Encode() + "&hashes=AAAA"
	if got := r.browser().get("/csc/v2/oauth2/authorize?" + twice); got.location == nil || got.location.Query().Get("error") != "invalid_request" {
		t.Errorf("repeated: %d %v", got.status, got.location)
	}
}

func TestB5_code_works_once_and_its_second_use_ends_what_came_of_it(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	t.Run("of scope service", func(t *testing.T) {
		b := r.browser()
		back := b.signIn(b.authorize(ask("bank")), phone)
		token := r.exchange("bank", back).text(t, "access_token")
		refused(t, r.exchange("bank", back), 400, "invalid_grant", "")
		refused(t, r.call(token, "credentials/list", "{}"), 401, "expired_token", "")
	})
	t.Run("of scope credential", func(t *testing.T) {
		b := r.browser()
		back := b.agree(b.authorize(askToSign("bank", key.ID, [][]byte{digest("contract")})), r.person)
		sad := r.exchange("bank", back).text(t, "access_token")
		refused(t, r.exchange("bank", back), 400, "invalid_grant", "")
		refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", digest("contract"))), 400, "invalid_request", "Invalid parameter SAD")
	})
}

func TestB3_code_needs_its_verifier_and_its_address(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	r.register(agency())
	for name, change := range map[string][2]string{
		"another verifier": {"code_verifier", strings.Repeat("x", 43)}, "no verifier": {"code_verifier", ""}, "another address": {"redirect_uri", back + "2"},
	} {
		t.Run(name, func(t *testing.T) {
			b := r.browser()
			to := b.agree(b.authorize(askToSign("bank", key.ID, [][]byte{digest("contract")})), r.person)
			form := url.Values{"grant_type": {"authorization_code"}, "code": {to.location.Query().Get("code")}, "redirect_uri": {back}, "code_verifier": {verifier}}
			form.Set(change[0], change[1])
			refused(t, r.form("token", "bank", form), 400, "invalid_grant", "")
			form.Set("redirect_uri", back)
			form.Set("code_verifier", verifier)
			refused(t, r.form("token", "bank", form), 400, "invalid_grant", "")
		})
	}
	t.Run("another service changes nothing", func(t *testing.T) {
		b := r.browser()
		to := b.agree(b.authorize(askToSign("bank", key.ID, [][]byte{digest("contract")})), r.person)
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {to.location.Query().Get("code")}, "redirect_uri": {back}, "code_verifier": {verifier},
			"client_id": {"agency"}, "client_secret": {secret},
		}
		refused(t, r.form("token", "", form), 400, "invalid_grant", "Invalid parameter code")
		if got := r.exchange("bank", to); got.status != http.StatusOK {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
	t.Run("a minute later", func(t *testing.T) {
		b := r.browser()
		to := b.agree(b.authorize(askToSign("bank", key.ID, [][]byte{digest("contract")})), r.person)
		r.advance(time.Minute)
		refused(t, r.exchange("bank", to), 400, "invalid_grant", "Authorization code is invalid or expired")
	})
}

func TestB6_refresh_token_works_once_and_its_second_use_ends_the_family(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	first := r.exchange("bank", b.signIn(b.authorize(ask("bank")), phone))
	refresh := func(p page) page {
		return r.form("token", "bank", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {p.text(t, "refresh_token")}})
	}
	r.advance(16 * time.Minute)
	refused(t, r.call(first.text(t, "access_token"), "credentials/list", "{}"), 401, "expired_token", "")
	second := refresh(first)
	if got := r.call(second.text(t, "access_token"), "credentials/list", "{}"); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused(t, refresh(first), 400, "invalid_grant", "Invalid parameter refresh_token")
	refused(t, r.call(second.text(t, "access_token"), "credentials/list", "{}"), 401, "expired_token", "")
	refused(t, refresh(second), 400, "invalid_grant", "")
}

func TestA11_access_ends_with_the_persons_session(t *testing.T) {
	r := newRig(t)
	token := r.token("bank", phone)
	var family string
	err := r.db.Do(t.Context(), func(tx *store.Tx) error {
		all, err := tx.SessionsOf(r.person)
		if err != nil {
			return err
		}
		family = all[0].ID
		return tx.EndGrantsOfSession(family, r.clock())
	})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, r.call(token, "credentials/list", "{}"), 401, "expired_token", "")
}

func TestS13_revoked_tokens_are_worth_nothing(t *testing.T) {
	r := newRig(t)
	r.register(agency())
	key := r.signing.give(r.person, signing.P256)
	revoke := func(client, token string) page { return r.form("revoke", client, url.Values{"token": {token}}) }
	b := r.browser()
	both := r.exchange("bank", b.signIn(b.authorize(ask("bank")), phone))
	access, refresh := both.text(t, "access_token"), both.text(t, "refresh_token")

	other := r.form("revoke", "", url.Values{"token": {access}, "client_id": {"agency"}, "client_secret": {secret}})
	refused(t, other, 400, "unauthorized_client", "")
	if got := revoke("bank", access); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused(t, r.call(access, "credentials/list", "{}"), 401, "expired_token", "")
	again := r.form("token", "bank", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	if again.status != http.StatusOK { // §8.4.5: an access token ends alone
		t.Fatalf("%d %s", again.status, again.body)
	}
	if got := revoke("bank", again.text(t, "refresh_token")); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused(t, r.call(again.text(t, "access_token"), "credentials/list", "{}"), 401, "expired_token", "")

	sad := r.sad("bank", key.ID, digest("contract"))
	if got := revoke("bank", sad); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", digest("contract"))), 401, "expired_token", "")
	for _, op := range r.signing.ops {
		if op.State != signing.Dead {
			t.Errorf("an operation is %s", op.State)
		}
	}
	if got := revoke("bank", "never-heard-of"); got.status != http.StatusNoContent {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestB10_clients_prove_themselves(t *testing.T) {
	r := newRig(t)
	r.register(agency())
	r.register(service.Settings{
		ID: "keyed", Name: service.Text{"pt": "A", "en": "A"}, RedirectURIs: []string{back}, AuthMethod: service.NoAuth, CSC: &service.CSC{},
	})
	grant := url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}
	with := func(change ...string) url.Values {
		q := url.Values{"grant_type": grant["grant_type"], "code": grant["code"]}
		for i := 0; i < len(change); i += 2 {
			q.Set(change[i], change[i+1])
		}
		return q
	}
	for name, form := range map[string]url.Values{
		"nobody":             with(),
		"only a name":        with("client_id", "agency"),
		"a wrong secret":     with("client_id", "agency", "client_secret", "wrong-secret-0123456789abcdef"),
		"an unknown service": with("client_id", "nobody", "client_secret", secret),
		"a public client":    with("client_id", "keyed", "client_secret", secret),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, r.form("token", "", form), 401, "invalid_client", "Client authorization required")
			refused(t, r.form("pushed_authorize", "", form), 401, "invalid_client", "")
			refused(t, r.form("revoke", "", form), 401, "invalid_client", "")
		})
	}
	refused(t, r.form("token", "bank", with("client_secret", secret)), 400, "invalid_request", "more than one way")
	refused(t, r.form("token", "bank", with("client_id", "agency")), 401, "invalid_client", "")
	refused(t, r.form("token", "bank", url.Values{}), 400, "invalid_request", "Missing parameter grant_type")
	refused(t, r.form("token", "bank", url.Values{"grant_type": {"client_credentials"}}), 400, "unsupported_grant_type", "")
	refused(t, r.form("token", "bank", url.Values{"grant_type": {"authorization_code"}}), 400, "invalid_request", "Missing parameter code")
}

func TestF2_pushed_request_works_once_and_for_its_service(t *testing.T) {
	r := newRig(t)
	s := bank()
	s.ID, s.RequirePAR = "strict", true
	r.register(s)
	if got := r.browser().authorize(ask("strict")); got.location == nil || got.location.Query().Get("error") != "invalid_request" {
		t.Errorf("not pushed: %d %v", got.status, got.location)
	}
	pushed := r.form("par", "strict", ask("strict"))
	uri := pushed.text(t, "request_uri")
	if got := r.browser().authorize(url.Values{"client_id": {"bank"}, "request_uri": {uri}}); got.header.Get("X-Fault") != string(fault.GrantUnknown) {
		t.Errorf("another service: %d %v", got.status, got.location)
	}
	b := r.browser()
	if got := b.authorize(url.Values{"client_id": {"strict"}, "request_uri": {uri}}); got.location == nil || !strings.HasPrefix(got.location.Path, "/signin/") {
		t.Errorf("%d %v", got.status, got.location)
	}
	if got := b.authorize(url.Values{"client_id": {"strict"}, "request_uri": {uri}}); got.header.Get("X-Fault") != string(fault.GrantSpent) {
		t.Errorf("twice: %d %v", got.status, got.location)
	}
	refused(t, r.form("par", "strict", ask("strict", "redirect_uri", "https://evil.example/")), 400, "invalid_request", "redirect_uri is missing or not registered")
	refused(t, r.form("par", "strict", ask("strict", "request_uri", uri)), 400, "invalid_request", "")
}

func TestA20_closed_service_gets_nothing_more(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	token, sad := r.token("bank", phone), r.sad("bank", key.ID, digest("contract"))
	b := r.browser()
	id := b.handover(b.authorize(askToSign("bank", key.ID, [][]byte{digest("contract")})))
	s := bank()
	s.Closed = true
	r.register(s)
	refused(t, r.call(token, "credentials/list", "{}"), 401, "invalid_token", "")
	refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", digest("contract"))), 401, "invalid_token", "")
	if _, err := r.provider.Load(t.Context(), id); !fault.Is(err, fault.ServiceUnknown) {
		t.Errorf("our page shows it: %v", err)
	}
}
