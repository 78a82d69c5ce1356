package faoauth_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

func blank(t testing.TB) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 40))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzAuthorizeQuery: no query sends the browser to an address that is not registered or ours.
func FuzzAuthorizeQuery(f *testing.F) {
	for _, path := range []string{
		ask(), ask("redirect_uri", native, "hidden_tabs", "cc", "state", ""), ask("redirect_uri", "https://sp.example.test@evil.test/"), ask("redirect_uri", "https://sp.example.test%0d%0aX:y/"),
		ask("scope", nic+"?a=b;c$d=e", "authentication_level", "2", "default_selected_tab", "cmd"), ask() + "&redirect_uri=https://evil.test", ask("client_id", "x"), ask("state", "%ff%00%0a"),
		"/OAuth/AskAuthorization?;&=&%zz", "/OAuth/AskAuthorization?REDIRECT_URI=//evil.test&client_id=" + client,
	} {
		_, query, _ := strings.Cut(path, "?")
		f.Add(query)
	}
	r := newRig(f)
	f.Fuzz(func(t *testing.T, query string) {
		req := httptest.NewRequest(http.MethodGet, "/oauth/askauthorization", nil)
		req.URL.RawQuery = query
		w := httptest.NewRecorder()
		r.server.Config.Handler.ServeHTTP(w, req)
		to := w.Header().Get("Location")
		address, fragment, _ := strings.Cut(to, "#")
		host, _, _ := strings.Cut(strings.TrimPrefix(address, "https://"), "/")
		host, _, _ = strings.Cut(host, "?")
		host, _, _ = strings.Cut(host, ":")
		ours := address == "/OAuth/Authorized" || strings.HasPrefix(to, "/signin/") || strings.EqualFold(address, r.server.URL+"/oauth/authorized")
		loop := strings.HasPrefix(address, "http://127.0.0.1") || strings.HasPrefix(address, "http://localhost") || strings.HasPrefix(address, "http://[::1]")
		domain := strings.HasPrefix(address, "https://") && (strings.EqualFold(host, "sp.example.test") || strings.HasSuffix(strings.ToLower(host), ".sp.example.test"))
		if !ours && !loop && !domain {
			t.Errorf("sent to %q", to)
		}
		if strings.ContainsAny(to, "\r\n") || strings.Contains(fragment, "access_token") || w.Code >= 500 {
			t.Errorf("answered %d %q", w.Code, to)
		}
	})
}

// FuzzAttributeBody: a body is taken or refused, by JSON, and never by a failure of ours; made-up tokens read nothing.
func FuzzAttributeBody(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"token":null}`, `{"token":"3b0c6a52-2f0d-4b4e-9a57-6d1f0f7f1c11","attributesName":["a",]}`, `{"token":"TOKEN"}`, `{"token":"TOKEN","attributesName":"` + nic + `"}`,
		`{"token":"TOKEN","attributesName":["` + nic + `","x",null,]}`, `{"token":"TOKEN","attributesName":{}}`, `token=TOKEN&attributesName=%zz&attributesName`, `[[[[[[[[[[[[[[[[[[[[`,
		"{\"token\":\"\\ud800\"}", "{\"token\":\"\xff\"}", `{"token":"TOKEN",,}`, `{"jsonWebToken":"TOKEN","jsonWebRefreshToken":"REFRESH"}`,
	} {
		f.Add(seed, "application/json")
		f.Add(seed, "application/x-www-form-urlencoded")
	}
	r := newRig(f)
	g := r.grant(phone)
	f.Fuzz(func(t *testing.T, body, kind string) {
		r.advance(10e9)
		if r.clock().Year() > 2026 {
			r.advance(-24 * 30 * 3600e9)
		}
		known := strings.Contains(body, "TOKEN")
		body = strings.ReplaceAll(body, "TOKEN", g.access)
		for _, path := range []string{managerPath, resource, refreshPath, jwtService + "FetchAttributes"} {
			if path == refreshPath {
				body = strings.ReplaceAll(body, "REFRESH", "x")
			}
			req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
			req.Header["Content-Type"] = []string{kind}
			w := httptest.NewRecorder()
			r.server.Config.Handler.ServeHTTP(w, req)
			if w.Code >= 500 || w.Code == http.StatusOK && !known || !utf8.Valid(w.Body.Bytes()) || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s answered %d %s", path, w.Code, w.Body)
			}
		}
	})
}

// FuzzQRBody: a request is taken or refused, by JSON; what is taken names an address of the service, and no header makes anybody somebody.
func FuzzQRBody(f *testing.F) {
	r := newRig(f)
	b := r.bank()
	f.Add(b.wants(), true)
	f.Add(b.wants(), false)
	f.Add(b.wants("replyTo", "https://bank.example.test/x"), true)
	f.Add(b.wants("replyTo", "https://bank.example.test@evil.test/x", "owner", "1"), true)
	f.Add(b.wants("attributeList", nic), true)
	f.Add(`{"consumerType":"ENTITY","attributeList":[1]}`, true)
	f.Add(`{"foreignOwner":{},}`, true)
	bearer := b.jwt("exp", r.clock().Unix()+86400)
	f.Fuzz(func(t *testing.T, body string, signed bool) {
		header := "Bearer " + bearer
		if !signed {
			header = body
		}
		for _, path := range []string{qrPath, allowPath} {
			req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
			req.Header["Authorization"] = []string{header}
			w := httptest.NewRecorder()
			r.server.Config.Handler.ServeHTTP(w, req)
			if w.Code >= 500 || w.Code == http.StatusOK && !signed || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s answered %d %s", path, w.Code, w.Body)
			}
		}
	})
}

// FuzzQRNumber: whatever is typed leads to a number's page or back to the first one.
func FuzzQRNumber(f *testing.F) {
	f.Add("0f6f5c1e-4b59-4d0e-8a35-5a7e2b1c9d10")
	f.Add("../key")
	f.Add("\xff\u202e")
	r := newRig(f)
	f.Fuzz(func(t *testing.T, typed string) {
		req := httptest.NewRequest(http.MethodGet, "/qr/x", nil)
		req.URL.Path = "/qr/" + typed
		w := httptest.NewRecorder()
		r.server.Config.Handler.ServeHTTP(w, req)
		if w.Code >= 500 || w.Code == http.StatusOK && typed != "" {
			t.Errorf("answered %d", w.Code)
		}
	})
}
