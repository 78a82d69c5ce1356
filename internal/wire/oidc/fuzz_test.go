package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"chave/internal/wire/oidc"
)

// FuzzClaims: whatever the parameter holds, the answer is a request or a refusal, and nothing that the registration does not list is asked for.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"id_token":{"acr":{"essential":true,"values":["3"]}}}`, `{"userinfo":{"name":null,"nic":{"value":1}}}`,
		`{"id_token":{"sub":{"value":"x"},"acr":null}}`, `{"userinfo":{"email":{"values":[null,{},"x"]}}}`, `{"userinfo":null}`, "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { oidc.CheckClaims(t, text) })
}

// FuzzBasicAuth: no header makes anybody somebody.
func FuzzBasicAuth(f *testing.F) {
	for _, seed := range []string{"", "Basic", "Basic ", "Basic OnA=", "Basic " + strings.Repeat("A", 100), "bearer x", "Basic YmFuazolJSU=", "Basic YmFuaw=="} {
		f.Add(seed)
	}
	r := newRig(f)
	f.Fuzz(func(t *testing.T, header string) {
		if header == basicAuth("bank", secret) {
			return
		}
		req := httptest.NewRequest(http.MethodPost, "/oauth2/par", strings.NewReader(ask("client_id", "").Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header["Authorization"] = []string{header}
		w := httptest.NewRecorder()
		r.server.Config.Handler.ServeHTTP(w, req)
		if w.Code != http.StatusUnauthorized && w.Code != http.StatusBadRequest {
			t.Errorf("%q answered %d", header, w.Code)
		}
	})
}

// FuzzPushedBody: a body is taken or refused, by JSON, and never by a failure of ours.
func FuzzPushedBody(f *testing.F) {
	f.Add(ask().Encode())
	for _, seed := range []string{"", "=", "&&&", "a=%zz", "state=%ff&state", "claims={&scope=openid", "redirect_uri=" + url.QueryEscape(back), "a;b=c"} {
		f.Add(seed)
	}
	r := newRig(f)
	f.Fuzz(func(t *testing.T, body string) {
		req := httptest.NewRequest(http.MethodPost, "/oauth2/par", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", basicAuth("bank", secret))
		w := httptest.NewRecorder()
		r.server.Config.Handler.ServeHTTP(w, req)
		if w.Code != http.StatusCreated && (w.Code < 400 || w.Code > 499) {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		if !utf8.Valid(w.Body.Bytes()) || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("answered %q", w.Body)
		}
	})
}

// FuzzAuthorize: no query sends the browser to an address that is not registered or ours.
func FuzzAuthorize(f *testing.F) {
	f.Add(ask().Encode())
	f.Add(ask("redirect_uri", "https://bank.example@evil.test/callback").Encode())
	f.Add(ask("prompt", "none").Encode() + "&redirect_uri=https://evil.test")
	f.Add("client_id=bank&request_uri=urn:ietf:params:oauth:request_uri:x")
	r := newRig(f)
	f.Fuzz(func(t *testing.T, query string) {
		req := httptest.NewRequest(http.MethodGet, "/oauth2/authorize", nil)
		req.URL.RawQuery = query
		w := httptest.NewRecorder()
		r.server.Config.Handler.ServeHTTP(w, req)
		to := w.Header().Get("Location")
		if to != "" && !strings.HasPrefix(to, back+"?") && !strings.HasPrefix(to, "https://bank.example/other?tenant=1&") && !strings.HasPrefix(to, "/signin/") {
			t.Errorf("sent to %q", to)
		}
		if w.Code >= 500 {
			t.Errorf("answered %d", w.Code)
		}
	})
}
