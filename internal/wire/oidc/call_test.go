package oidc_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"chave/internal/core/fault"

	"github.com/go-jose/go-jose/v4"
)

// reply is a JSON answer.
type reply struct {
	status int
	header http.Header
	json   map[string]any
	raw    string
}

func (a reply) text(name string) string { s, _ := a.json[name].(string); return s }

// call posts as a service does. auth is "basic" for the bank's own, or empty.
func (r *rig) call(path, auth string, form url.Values, headers ...string) reply {
	r.t.Helper()
	req, _ := http.NewRequest(http.MethodPost, r.server.URL+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if auth == "basic" {
		req.SetBasicAuth("bank", secret)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return r.send(req)
}

func (r *rig) send(req *http.Request) reply {
	r.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	got := reply{status: resp.StatusCode, header: resp.Header, raw: string(body)}
	_ = json.Unmarshal(body, &got.json)
	return got
}

func (r *rig) exchange(code string, change ...string) reply {
	r.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {back}, "code_verifier": {verifier}}
	for i := 0; i+1 < len(change); i += 2 {
		if change[i+1] == "" {
			form.Del(change[i])
		} else {
			form.Set(change[i], change[i+1])
		}
	}
	return r.call("/oauth2/token", "basic", form)
}

func (r *rig) refresh(token string) reply {
	r.t.Helper()
	return r.call("/oauth2/token", "basic", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (r *rig) userinfo(access string) reply {
	r.t.Helper()
	req, _ := http.NewRequest(http.MethodGet, r.server.URL+"/oauth2/userinfo", nil)
	req.Header.Set("Authorization", "Bearer "+access)
	return r.send(req)
}

// claims verifies a JWT with the published keys and reads it.
func (r *rig) claims(token string) map[string]any {
	r.t.Helper()
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.Get(r.server.URL + "/oauth2/jwks")
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		r.t.Fatal(err)
	}
	for _, k := range set.Key(signed.Signatures[0].Protected.KeyID) {
		if payload, err := signed.Verify(k); err == nil {
			var claims map[string]any
			if err := json.Unmarshal(payload, &claims); err != nil {
				r.t.Fatal(err)
			}
			return claims
		}
	}
	r.t.Fatal("no published key verifies the token")
	return nil
}

// wantRedirectError checks an error that went back to the service.
func wantRedirectError(t *testing.T, r *rig, p page, code string) {
	t.Helper()
	if p.location == nil || !strings.HasPrefix(p.location.String(), back+"?") {
		t.Fatalf("not sent back: %d %v %s", p.status, p.location, p.header.Get("X-Fault"))
	}
	q := p.location.Query()
	if q.Get("error") != code || q.Get("iss") != r.server.URL || q.Get("code") != "" {
		t.Errorf("answer %q, want error %s with iss", p.location.RawQuery, code)
	}
	if !strings.HasPrefix(q.Get("error_description"), "CH-") {
		t.Errorf("no stable code in %q", q.Get("error_description"))
	}
	if p.status != http.StatusSeeOther {
		t.Errorf("status %d", p.status)
	}
}

// wantPage checks an error that stayed on our own page.
func wantPage(t *testing.T, p page, code fault.Code) {
	t.Helper()
	if p.location != nil || p.status != http.StatusTeapot || p.header.Get("X-Fault") != string(code) {
		t.Errorf("answered %d %v %q, want our own page with %s", p.status, p.location, p.header.Get("X-Fault"), code)
	}
}

func wantJSONError(t *testing.T, a reply, status int, code string) {
	t.Helper()
	if a.status != status || a.text("error") != code {
		t.Errorf("answered %d %s, want %d %s", a.status, a.raw, status, code)
	}
	if !strings.HasPrefix(a.text("chave_code"), "CH-") || a.text("error_description") == "" {
		t.Errorf("no stable code in %s", a.raw)
	}
	if cache := a.header.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("Cache-Control %q", cache)
	}
}

func wantTokens(t *testing.T, a reply) {
	t.Helper()
	if a.status != http.StatusOK || a.text("access_token") == "" || a.text("token_type") != "Bearer" || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("no tokens: %d %s", a.status, a.raw)
	}
}
