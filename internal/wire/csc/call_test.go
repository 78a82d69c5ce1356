package csc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/signing"
	"chave/internal/wire/csc"
)

const (
	sha256OID = "2.16.840.1.101.3.4.2.1"
	sha1OID   = "1.3.14.3.2.26"
	rsaOID    = "1.2.840.113549.1.1.11"
	ecdsaOID  = "1.2.840.10045.4.3.2"

	verifier = "a-verifier-that-is-long-enough-to-be-one-0123456789"
)

func challenge(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// digest is SHA-256 of a made-up document.
func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func b64s(all ...[]byte) []string {
	var texts []string
	for _, b := range all {
		texts = append(texts, b64(b))
	}
	return texts
}

// call sends JSON to a method, and holds the answer against the OpenAPI file.
func (r *rig) call(token, method string, body any) page {
	r.t.Helper()
	text, isText := body.(string)
	if !isText {
		b, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		text = string(b)
	}
	req, _ := http.NewRequest(http.MethodPost, r.server.URL+"/csc/v2/"+method, strings.NewReader(text))
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	got := read(r.t, resp, err)
	described(r.t, "/"+method, http.MethodPost, got)
	return got
}

// form sends an OAuth form as a service.
func (r *rig) form(path, client string, values url.Values) page {
	r.t.Helper()
	req, _ := http.NewRequest(http.MethodPost, r.server.URL+"/csc/v2/oauth2/"+path, strings.NewReader(values.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client != "" {
		req.SetBasicAuth(client, secret)
	}
	resp, err := http.DefaultClient.Do(req)
	got := read(r.t, resp, err)
	described(r.t, "/oauth2/"+path, http.MethodPost, got)
	return got
}

// ask is an authorization request that nothing is wrong with; change it to make something wrong.
func ask(client string, change ...string) url.Values {
	q := url.Values{
		"client_id": {client}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"service"}, "state": {"st"},
		"code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		if change[i+1] == "" {
			q.Del(change[i])
		} else {
			q.Set(change[i], change[i+1])
		}
	}
	return q
}

// askToSign is a request for a credential and documents.
func askToSign(client, key string, digests [][]byte, change ...string) url.Values {
	var all []string
	for _, d := range digests {
		all = append(all, base64.RawURLEncoding.EncodeToString(d))
	}
	q := ask(client, "scope", "credential", "credentialID", key, "numSignatures", fmt.Sprint(len(digests)), "hashes", strings.Join(all, ","),
		"hashAlgorithmOID", sha256OID)
	for i := 0; i+1 < len(change); i += 2 {
		if change[i+1] == "" {
			q.Del(change[i])
		} else {
			q.Set(change[i], change[i+1])
		}
	}
	return q
}

func (b *browser) authorize(q url.Values) page {
	b.r.t.Helper()
	return b.get("/csc/v2/oauth2/authorize?" + q.Encode())
}

// exchange turns an answer's code into tokens.
func (r *rig) exchange(client string, p page) page {
	r.t.Helper()
	if p.location == nil || p.location.Query().Get("code") == "" {
		r.t.Fatalf("no code: %d %v %s", p.status, p.location, p.header.Get("X-Fault"))
	}
	return r.form("token", client, url.Values{
		"grant_type": {"authorization_code"}, "code": {p.location.Query().Get("code")}, "redirect_uri": {back}, "code_verifier": {verifier},
	})
}

// token is an access token of scope service, after a whole sign-in.
func (r *rig) token(client, identifier string) string {
	r.t.Helper()
	b := r.browser()
	got := r.exchange(client, b.signIn(b.authorize(ask(client)), identifier))
	if got.status != http.StatusOK {
		r.t.Fatalf("no token: %d %s", got.status, got.body)
	}
	return got.text(r.t, "access_token")
}

// agree plays our page: it shows what is asked, takes PIN and code, and says yes.
func (b *browser) agree(p page, who citizen.ID) page {
	b.r.t.Helper()
	id := b.handover(p)
	h, err := b.r.provider.Load(b.r.t.Context(), id)
	if err != nil {
		b.r.t.Fatal(err)
	}
	to, err := b.r.provider.Confirmed(b.r.t.Context(), id, b.r.permit(h, who))
	if err != nil {
		b.r.t.Fatal(err)
	}
	return b.get(to)
}

func (b *browser) handover(p page) string {
	b.r.t.Helper()
	if p.status != http.StatusSeeOther || p.location == nil || !strings.HasPrefix(p.location.Path, "/sign/authorize/") {
		b.r.t.Fatalf("not sent to our page: %d %v %s %s", p.status, p.location, p.header.Get("X-Fault"), p.body)
	}
	return strings.TrimPrefix(p.location.Path, "/sign/authorize/")
}

func (r *rig) permit(h signing.Handover, who citizen.ID) signing.Permit {
	r.t.Helper()
	typed, _ := credential.ParsePIN(signPIN)
	op, err := r.provider.Signing.Prepare(r.t.Context(), signing.Request{
		Wire: "csc", Application: h.Service, Person: who, KeyID: h.KeyID, Purpose: signing.Sign, Hash: h.Hash, Documents: h.Documents, PIN: typed, Session: h.Session,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	code, _ := credential.ParseCode(r.lastCode())
	permit, err := r.provider.Signing.Confirm(r.t.Context(), signing.Ref{ID: op.ID, Application: h.Service.ID, Person: who, Session: h.Session}, code)
	if err != nil {
		r.t.Fatal(err)
	}
	return permit
}

// sad is a token of scope credential, after a whole hand-over.
func (r *rig) sad(client, key string, digests ...[]byte) string {
	r.t.Helper()
	b := r.browser()
	got := r.exchange(client, b.agree(b.authorize(askToSign(client, key, digests)), r.person))
	if got.status != http.StatusOK {
		r.t.Fatalf("no SAD: %d %s", got.status, got.body)
	}
	return got.text(r.t, "access_token")
}

// refused holds an answer to an error, its status and the standard's words.
func refused(t testing.TB, p page, status int, name, says string) {
	t.Helper()
	if p.status != status {
		t.Errorf("status %d, want %d: %s", p.status, status, p.body)
	}
	got := p.json(t)
	if got["error"] != name || says != "" && !strings.HasPrefix(got["error_description"].(string), says) {
		t.Errorf("refused with %v, want %s: %s", got, name, says)
	}
}

// paper is a stand-in for AdES: what it signs is a digest of all it was given, so that a change of anything shows.
type paper struct{}

type sheet struct {
	csc.Sheet
}

func (paper) Prepare(s csc.Sheet) (csc.Prepared, error) { return sheet{s}, nil }

func (s sheet) ToSign() []byte {
	sum := sha256.Sum256(fmt.Append(nil, s.Format, s.Content, s.Digest, s.Certify, s.At.UnixMilli(), s.Reason, s.Name, s.Chain[0].Raw))
	return sum[:]
}

func (s sheet) Attach(_ context.Context, signature []byte) ([]byte, string, error) {
	return bytes.Join([][]byte{s.Content, signature}, []byte("|")), s.Level, nil
}
