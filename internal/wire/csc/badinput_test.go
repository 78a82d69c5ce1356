package csc_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"chave/internal/core/signing"
)

func TestS13_sign_hash_of_every_wrong_shape(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	d := digest("contract")
	sad := r.sad("bank", key.ID, d)
	big := make([]string, 101)
	for i := range big {
		big[i] = b64(d)
	}
	for name, c := range map[string]struct {
		change []any
		says   string
	}{
		"no credential":        {[]any{"credentialID", nil}, "Missing (or invalid type) string parameter credentialID"},
		"credential a number":  {[]any{"credentialID", 7}, "Missing (or invalid type) string parameter credentialID"},
		"no hashes":            {[]any{"hashes", nil}, "Missing (or invalid type) array parameter hashes"},
		"hashes an object":     {[]any{"hashes", map[string]any{}}, "Missing (or invalid type) array parameter hashes"},
		"hashes numbers":       {[]any{"hashes", []any{1}}, "Missing (or invalid type) array parameter hashes"},
		"empty":                {[]any{"hashes", []any{}}, "Empty hash array"},
		"101":                  {[]any{"hashes", big}, "Numbers of signatures is too high"},
		"not base64":           {[]any{"hashes", []string{"%%"}}, "Invalid Base64 hash string parameter"},
		"bits beyond the end":  {[]any{"hashes", []string{strings.TrimSuffix(b64(d), "=")[:42] + "/="}}, "Invalid Base64 hash string parameter"},
		"line break":           {[]any{"hashes", []string{b64(d)[:20] + "\n" + b64(d)[20:]}}, "Invalid Base64 hash string parameter"},
		"short":                {[]any{"hashes", []string{b64(d[:31])}}, "Invalid digest value length"},
		"SHA-1":                {[]any{"hashAlgorithmOID", sha1OID}, "Invalid parameter hashAlgorithmOID"},
		"unknown hash":         {[]any{"hashAlgorithmOID", "1.2.3"}, "Invalid parameter hashAlgorithmOID"},
		"contradiction":        {[]any{"hashAlgorithmOID", "2.16.840.1.101.3.4.2.3"}, "String parameter hashAlgorithmOID contradicts with signAlgo parameter"},
		"no algorithm":         {[]any{"signAlgo", nil}, "Missing (or invalid type) string parameter signAlgo"},
		"ECDSA with SHA-1":     {[]any{"signAlgo", "1.2.840.10045.4.1"}, "Invalid parameter signAlgo"},
		"RSA for a P-256 key":  {[]any{"signAlgo", rsaOID}, "Invalid parameter signAlgo"},
		"PSS":                  {[]any{"signAlgo", "1.2.840.113549.1.1.10"}, "Invalid parameter signAlgo"},
		"parameters":           {[]any{"signAlgoParams", "AAAA"}, "Invalid parameter signAlgoParams"},
		"asynchronous":         {[]any{"operationMode", "A"}, "Invalid parameter operationMode"},
		"unknown mode":         {[]any{"operationMode", "X"}, "Invalid parameter operationMode"},
		"validity of an async": {[]any{"validity_period", 1000}, "Invalid parameter validity_period"},
		"answer elsewhere":     {[]any{"response_uri", "https://x.example"}, "Invalid parameter response_uri"},
		"SAD a number":         {[]any{"SAD", 7}, "Missing (or invalid type) string parameter SAD"},
	} {
		t.Run(name, func(t *testing.T) {
			body := signing1(key.ID, "", d)
			body[c.change[0].(string)] = c.change[1]
			refused(t, r.call(sad, "signatures/signHash", body), 400, "invalid_request", c.says)
		})
	}
	token := r.token("bank", phone)
	refused(t, r.call(token, "signatures/signHash", signing1(key.ID, "", d)), 400, "invalid_request", "Missing (or invalid type) string parameter SAD")
	refused(t, r.call(token, "signatures/signHash", signing1(key.ID, "never", d)), 400, "invalid_request", "Invalid parameter SAD")
	if got := r.call(sad, "signatures/signHash", signing1(key.ID, "", d)); got.status != http.StatusOK {
		t.Errorf("nothing of it spent the SAD: %d %s", got.status, got.body)
	}
}

func TestS13_body_that_is_not_one_object_is_refused(t *testing.T) {
	r := newRig(t)
	token := r.token("bank", phone)
	for _, body := range []string{"[]", "{", "null", "7", `{"a":1}{"b":2}`, `{"credentialID":"a","credentialID":"b"}`, `{"\u0063redentialID":"a","credentialID":"b"}`,
		"{\"a\":\"\xff\"}", `{"a":}`, strings.Repeat("[", 20000), `{` + strings.Repeat(`"a`, 100)} {
		refused(t, r.call(token, "credentials/info", body), 400, "invalid_request", "")
	}
	refused(t, r.call(token, "credentials/list", `{"certificates":`+strings.Repeat(" ", 300<<10)+`"none"}`), 413, "invalid_request", "")
	var many strings.Builder
	for i := range 65 {
		many.WriteString(`,"a` + strings.Repeat("a", i) + `":1`)
	}
	refused(t, r.call(token, "credentials/list", "{"+many.String()[1:]+"}"), 400, "invalid_request", "more than 64 parameters")
	for _, body := range []string{"", " ", "{}", `{"userID":null}`} { // what the standard's samples send
		if got := r.call(token, "credentials/list", body); got.status != http.StatusOK {
			t.Errorf("%q: %d %s", body, got.status, got.body)
		}
	}
}

func TestS13_token_of_every_wrong_shape(t *testing.T) {
	r := newRig(t)
	token := r.token("bank", phone)
	send := func(change func(*http.Request)) page {
		req, _ := http.NewRequest(http.MethodPost, r.server.URL+"/csc/v2/credentials/list", strings.NewReader("{}"))
		change(req)
		resp, err := http.DefaultClient.Do(req)
		got := read(t, resp, err)
		described(t, "/credentials/list", http.MethodPost, got)
		return got
	}
	got := send(func(*http.Request) {})
	refused(t, got, 401, "invalid_request", "Malformed authorization header")
	if got.header.Get("WWW-Authenticate") != `Bearer realm="chave"` {
		t.Errorf("challenged with %q", got.header.Get("WWW-Authenticate"))
	}
	for _, header := range []string{"Bearer", "Bearer ", "Basic abc", token, "Bearer " + strings.Repeat("x", 5000)} {
		refused(t, send(func(r *http.Request) { r.Header.Set("Authorization", header) }), 400, "invalid_request", "Malformed authorization header")
	}
	refused(t, send(func(r *http.Request) {
		r.Header.Add("Authorization", "Bearer "+token)
		r.Header.Add("Authorization", "Bearer "+token)
	}), 400, "invalid_request", "Malformed authorization header")
	got = send(func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token+"x") })
	refused(t, got, 401, "invalid_token", "The access token is not valid")
	refused(t, send(func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		r.URL.RawQuery = "access_token=" + token
	}), 400, "invalid_request", "send parameters in the body")
	refused(t, send(func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "text/plain")
	}), 400, "invalid_request", "the body must be application/json")
	if got := send(func(r *http.Request) { r.Header.Set("Authorization", "bearer "+token) }); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	resp, err := http.Get(r.server.URL + "/csc/v2/info")
	refused(t, read(t, resp, err), http.StatusMethodNotAllowed, "invalid_request", "use POST")
}

// endless never ends, and counts what was read of it.
type endless struct{ read atomic.Int64 } // read by the connection's goroutine, looked at by the test

func (e *endless) Read(b []byte) (int, error) {
	e.read.Add(int64(len(b)))
	return copy(b, bytes.Repeat([]byte(" "), len(b))), nil
}

func TestS13_huge_bodies_are_refused_early(t *testing.T) {
	r := newRig(t)
	token := r.token("bank", phone)
	for _, c := range []struct {
		method, token string
		most          int64
		status        int
	}{
		{"credentials/list", token, 2 << 20, 413}, // our limit and what the connection has on the way
		{"info", "", 2 << 20, 413},
		{"signatures/signDoc", "", 2 << 20, 401}, // nothing of a stranger's body is read
		{"signatures/signDoc", "wrong", 2 << 20, 401},
	} {
		body := &endless{}
		req, _ := http.NewRequest(http.MethodPost, r.server.URL+"/csc/v2/"+c.method, io.LimitReader(body, 200<<20))
		req.Header.Set("Content-Type", "application/json")
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode != c.status {
				t.Errorf("%s: %d", c.method, resp.StatusCode)
			}
		}
		if read := body.read.Load(); read > 8*c.most {
			t.Errorf("%s: %d bytes were taken", c.method, read)
		}
	}
	// One that says how long it is costs nothing at all.
	req, _ := http.NewRequest(http.MethodPost, r.server.URL+"/csc/v2/signatures/signDoc", io.LimitReader(&endless{}, 71<<20))
	req.ContentLength = 71 << 20
	req.Header.Set("Authorization", "Bearer "+token)
	if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("71 MiB: %d", resp.StatusCode)
		}
	}
}
