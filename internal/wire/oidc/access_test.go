package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRFC6750_userinfo_takes_one_token_and_never_in_the_address(t *testing.T) {
	r := newRig(t)
	access := r.exchange(r.browser().code(ask())).text("access_token")
	post := func(form url.Values, headers ...string) reply {
		return r.call("/oauth2/userinfo", "", form, headers...)
	}
	get := func(path, header string) reply {
		req, _ := http.NewRequest(http.MethodGet, r.server.URL+path, nil)
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		return r.send(req)
	}
	for name, a := range map[string]reply{
		"header": get("/oauth2/userinfo", "Bearer "+access), "header in lower case": get("/oauth2/userinfo", "bearer "+access),
		"post with header": post(nil, "Authorization", "Bearer "+access), "form": post(url.Values{"access_token": {access}}),
	} {
		if a.status != http.StatusOK || a.json["name"] != "Oksana Made-Up" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	none := get("/oauth2/userinfo", "")
	if challenge := none.header.Get("WWW-Authenticate"); none.status != http.StatusUnauthorized || challenge != `Bearer realm="chave"` {
		t.Errorf("nothing shown: %d %q", none.status, challenge)
	}
	for name, c := range map[string]struct {
		a      reply
		status int
		code   string
	}{
		"B8 in the address": {get("/oauth2/userinfo?access_token="+access, ""), 400, "invalid_request"},
		"in two ways":       {post(url.Values{"access_token": {access}}, "Authorization", "Bearer "+access), 400, "invalid_request"},
		"made up":           {get("/oauth2/userinfo", "Bearer abc"), 401, "invalid_token"},
		"empty":             {get("/oauth2/userinfo", "Bearer "), 401, "invalid_token"},
		"cut":               {get("/oauth2/userinfo", "Bearer "+access[:len(access)-1]), 401, "invalid_token"},
		"another scheme":    {get("/oauth2/userinfo", "Basic "+access), 401, "invalid_token"},
	} {
		wantJSONError(t, c.a, c.status, c.code)
		if challenge := c.a.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Bearer ") || !strings.Contains(challenge, c.code) {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
	r.advance(5 * time.Minute)
	wantJSONError(t, get("/oauth2/userinfo", "Bearer "+access), http.StatusUnauthorized, "invalid_token")
}

func TestB10_one_kind_of_token_never_passes_as_another(t *testing.T) {
	r := newRig(t)
	got := r.exchange(r.browser().code(ask("scope", "openid offline_access")))
	for _, name := range []string{"refresh_token", "id_token"} {
		wantJSONError(t, r.userinfo(got.text(name)), http.StatusUnauthorized, "invalid_token")
	}
	for _, name := range []string{"access_token", "id_token"} {
		wantJSONError(t, r.refresh(got.text(name)), http.StatusBadRequest, "invalid_grant")
	}
}

func TestRFC7662_introspection_answers_only_the_tokens_own_service(t *testing.T) {
	r := newRig(t)
	other := bank()
	other.ID = "other"
	r.register(other)
	r.register(app())
	got := r.exchange(r.browser().code(ask("scope", "openid profile offline_access")))
	introspect := func(token string) reply {
		return r.call("/oauth2/introspect", "basic", url.Values{"token": {token}, "token_type_hint": {"refresh_token"}})
	}
	a := introspect(got.text("access_token"))
	if a.json["active"] != true || a.json["client_id"] != "bank" || a.json["token_type"] != "Bearer" || a.json["scope"] != "openid profile offline_access" ||
		a.json["exp"] != float64(r.clock().Add(5*time.Minute).Unix()) || a.json["sub"] == "" {
		t.Errorf("access token: %s", a.raw)
	}
	if a := introspect(got.text("refresh_token")); a.json["active"] != true {
		t.Errorf("refresh token: %s", a.raw)
	}
	if a := introspect("x"); strings.TrimSpace(a.raw) != `{"active":false}` {
		t.Errorf("made up: %s", a.raw)
	}
	form := url.Values{"token": {got.text("access_token")}}
	if a := r.call("/oauth2/introspect", "", form, "Authorization", basicAuth("other", secret)); strings.TrimSpace(a.raw) != `{"active":false}` {
		t.Errorf("another service learned %s", a.raw)
	}
	form.Set("client_id", "app")
	wantJSONError(t, r.call("/oauth2/introspect", "", form), http.StatusUnauthorized, "invalid_client")
	wantJSONError(t, r.call("/oauth2/introspect", "basic", url.Values{}), http.StatusBadRequest, "invalid_request")
	old := got.text("refresh_token")
	r.refresh(old)
	if a := introspect(old); a.json["active"] != false {
		t.Errorf("a used refresh token is active: %s", a.raw)
	}
}

func TestRFC7009_revocation_ends_everything_of_the_sign_in(t *testing.T) {
	r := newRig(t)
	other := bank()
	other.ID = "other"
	r.register(other)
	for _, which := range []string{"access_token", "refresh_token"} {
		got := r.exchange(r.browser().code(ask("scope", "openid offline_access")))
		form := url.Values{"token": {got.text(which)}}
		wantJSONError(t, r.call("/oauth2/revoke", "", form, "Authorization", basicAuth("other", secret)), http.StatusBadRequest, "unauthorized_client")
		if r.userinfo(got.text("access_token")).status != http.StatusOK {
			t.Fatal("another service's try revoked it")
		}
		for range 2 { // §2.2: what is revoked already is revoked
			if a := r.call("/oauth2/revoke", "basic", form); a.status != http.StatusOK {
				t.Errorf("%s: %d %s", which, a.status, a.raw)
			}
		}
		if r.userinfo(got.text("access_token")).status != http.StatusUnauthorized {
			t.Errorf("%s revoked, and the access token still works", which)
		}
		wantJSONError(t, r.refresh(got.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	}
	if a := r.call("/oauth2/revoke", "basic", url.Values{"token": {"x"}}); a.status != http.StatusOK {
		t.Errorf("unknown token: %d", a.status)
	}
	if n := r.audited("grant.revoked"); n != 2 {
		t.Errorf("%d revocations on record", n)
	}
}

func TestB9_metadata_is_published_and_true(t *testing.T) {
	r := newRig(t)
	var documents []map[string]any
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		p := r.browser().get(path)
		var doc map[string]any
		if err := json.Unmarshal([]byte(p.body), &doc); err != nil || p.status != http.StatusOK {
			t.Fatalf("%s: %d %v", path, p.status, err)
		}
		if p.header.Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(p.header.Get("Cache-Control"), "public") {
			t.Errorf("%s: headers %v", path, p.header)
		}
		documents = append(documents, doc)
	}
	doc := documents[0]
	if doc["issuer"] != r.server.URL || doc["authorization_response_iss_parameter_supported"] != true || doc["request_uri_parameter_supported"] != false {
		t.Errorf("metadata %v", doc)
	}
	for _, endpoint := range []string{
		"token_endpoint", "userinfo_endpoint", "jwks_uri", "pushed_authorization_request_endpoint", "introspection_endpoint", "revocation_endpoint",
	} {
		address, _ := doc[endpoint].(string)
		if p := r.browser().get(address); p.status == http.StatusNotFound {
			t.Errorf("%s at %q is not there", endpoint, address)
		}
	}
	words := func(name string) (all []string) {
		for _, w := range doc[name].([]any) {
			all = append(all, w.(string))
		}
		return all
	}
	if got := words("response_types_supported"); !slices.Equal(got, []string{"code"}) {
		t.Errorf("response types %v", got)
	}
	if got := words("code_challenge_methods_supported"); !slices.Equal(got, []string{"S256"}) {
		t.Errorf("challenge methods %v", got)
	}
	for _, scope := range []string{"openid", "profile", "email", "phone", "nic", "nif", "niss", "nsns", "document", "nationality", "offline_access"} {
		if !slices.Contains(words("scopes_supported"), scope) {
			t.Errorf("scope %s is not published", scope)
		}
	}
}

func TestCORS_lets_registered_origins_read_and_nobody_else(t *testing.T) {
	r := newRig(t)
	other := bank()
	other.ID, other.Origins = "other", []string{"https://other.example"}
	r.register(other)
	access := r.exchange(r.browser().code(ask())).text("access_token")
	call := func(method, path, origin string, headers ...string) reply {
		req, _ := http.NewRequest(method, r.server.URL+path, strings.NewReader("token=x"))
		req.Header.Set("Origin", origin)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		return r.send(req)
	}
	const own, foreign, stranger = "https://bank.example", "https://other.example", "https://evil.test"
	for _, path := range []string{"/oauth2/token", "/oauth2/userinfo", "/oauth2/revoke"} {
		pre := call(http.MethodOptions, path, own, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
		if pre.status != http.StatusNoContent || pre.header.Get("Access-Control-Allow-Origin") != own ||
			!strings.Contains(pre.header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("%s preflight: %d %v", path, pre.status, pre.header)
		}
		if got := call(http.MethodOptions, path, stranger).header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s preflight of a stranger: %q", path, got)
		}
		if pre.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: cookies may be sent along", path)
		}
	}
	for _, path := range []string{"/oauth2/par", "/oauth2/introspect"} {
		if got := call(http.MethodPost, path, own).header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s is open to %q", path, got)
		}
	}
	for origin, want := range map[string]string{own: own, foreign: "", stranger: ""} {
		if got := call(http.MethodPost, "/oauth2/revoke", origin, "Authorization", basicAuth("bank", secret)).header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("revoke from %s: %q", origin, got)
		}
		req, _ := http.NewRequest(http.MethodGet, r.server.URL+"/oauth2/userinfo", nil)
		req.Header.Set("Origin", origin)
		req.Header.Set("Authorization", "Bearer "+access)
		if got := r.send(req).header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("userinfo from %s: %q", origin, got)
		}
	}
}
