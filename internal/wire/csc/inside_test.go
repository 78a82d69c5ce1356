package csc

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"testing"

	"chave/internal/core/fault"
	"chave/internal/oauth"
)

// Cutting by hand must agree with encoding/json wherever that understands.
func FuzzParams(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"b":[1,{"c":"]"}],"c":"\"}","d":null}`, ` { "a" : [ ] , "b" : -1.5e3 } `, `{"a":"\\"}`, `{"a":true,"a":false}`, `[]`, `{`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := parseParams(bytes.Clone(text))
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatalf("%q was read, and is not an object: %v", text, err)
		}
		for name, raw := range want {
			if string(raw) == "null" {
				delete(want, name)
			}
		}
		if len(want) != len(in) {
			t.Fatalf("%q has %d members, %d were read", text, len(want), len(in))
		}
		for name, raw := range want {
			if !bytes.Equal(raw, in[name]) {
				t.Fatalf("%q: %q is %q, read as %q", text, name, raw, in[name])
			}
			var parts []json.RawMessage
			all, ok := elements(in[name], 1000)
			if isArray := json.Unmarshal(raw, &parts) == nil; ok && (!isArray || len(all) != len(parts)) {
				t.Fatalf("%q was cut into %d", raw, len(all))
			}
			for i := range all {
				if !bytes.Equal(all[i], parts[i]) {
					t.Fatalf("%q: part %d is %q", raw, i, all[i])
				}
			}
		}
	})
}

func FuzzDigest(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	f.Add(base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32)))
	f.Add("====")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := digestOf(text, crypto.SHA256)
		if err != nil {
			return
		}
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			if enc.EncodeToString(b) == text {
				return
			}
		}
		t.Fatalf("%q is no one's spelling of %x", text, b)
	})
}

func FuzzDetails(f *testing.F) {
	f.Add(`[{"type":"credential","credentialID":"aaaaaaaaaaaaaaaaaaaaaaaaaa","hashAlgorithmOID":"2.16.840.1.101.3.4.2.1","documentDigests":[{"hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","label":"x"}]}]`)
	f.Add(`[]`)
	f.Add(` [ `)
	p := &Provider{Batch: 100, About: About{}.defaults("https://x.example")}
	f.Fuzz(func(t *testing.T, text string) {
		in, err := oauth.Parse(url.Values{"authorization_details": {text}}.Encode())
		if err != nil {
			return
		}
		s, err := p.readDetails(in)
		if err != nil {
			return
		}
		if len(s.Digests) == 0 || len(s.Digests) != len(s.Names) || s.Credential == "" && s.Qualifier == "" {
			t.Fatalf("%q gave %+v", text, s)
		}
	})
}

func FuzzRequest(f *testing.F) {
	f.Add("response_type=code&scope=credential&code_challenge=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code_challenge_method=S256&credentialID=aaaaaaaaaaaaaaaaaaaaaaaaaa&numSignatures=1&hashAlgorithmOID=2.16.840.1.101.3.4.2.1&hashes=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("response_type=code&scope=service&code_challenge=x&state=%ff")
	f.Add("&&=&a=b&a=c")
	p := &Provider{Batch: 100, About: About{}.defaults("https://x.example")}
	f.Fuzz(func(t *testing.T, raw string) {
		in, err := oauth.Parse(raw)
		if err != nil {
			return
		}
		q, err := p.readRequest(in, reply{})
		if err != nil {
			return
		}
		if q.Challenge == "" || (q.Scope == scopeCredential) != (q.Subject != nil) {
			t.Fatalf("%q gave %+v", raw, q)
		}
		if s := q.Subject; s != nil && (len(s.Digests) == 0 || len(s.Digests) > 100 || len(s.Names) != len(s.Digests)) {
			t.Fatalf("%q gave %+v", raw, s)
		}
	})
}

func TestS13_document_is_decoded_where_it_lies(t *testing.T) {
	want := bytes.Repeat([]byte("Chave: 0123456789abcdef?>~"), 5000)
	for _, n := range []int{1, 2, 3, 7, 8, 9, 31, 32, 33, 1000, len(want)} {
		raw, _ := json.Marshal(base64.StdEncoding.EncodeToString(want[:n]))
		got, err := content(raw)
		if err != nil || !bytes.Equal(got, want[:n]) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	slashes := []byte(`"` + string(bytes.ReplaceAll([]byte(base64.StdEncoding.EncodeToString([]byte{0xff, 0xff, 0xff})), []byte("/"), []byte(`\/`))) + `"`)
	if got, err := content(slashes); err != nil || !bytes.Equal(got, []byte{0xff, 0xff, 0xff}) {
		t.Errorf("%x %v", got, err)
	}
}

func TestA20_every_fault_has_a_name_of_the_protocol(t *testing.T) {
	for _, code := range fault.Codes() {
		e := refusalOf(fault.New(code).Because(errors.New("a secret cause")))
		if e.Name == "" || e.Says == "" || e.Status < 400 || e.Fault != code {
			t.Errorf("%s becomes %+v", code, e)
		}
		if code.Kind() == fault.Internal != (e.Status == 500) || code.Kind() == fault.Unavailable != (e.Status == 503) {
			t.Errorf("%s of kind %s becomes %d", code, code.Kind(), e.Status)
		}
		if bytes.Contains([]byte(e.Description()), []byte("secret")) {
			t.Errorf("%s tells its cause", code)
		}
	}
	if e := refusalOf(errors.New("x")); e.Status != 500 || e.Name != oauth.ServerError {
		t.Errorf("a plain error becomes %+v", e)
	}
}
