package service

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// stub is a provider just real enough to be a client's other side. Its knobs make each of the
// wrong answers a client must refuse.
type stub struct {
	t      *testing.T
	server *httptest.Server
	client string // the one that may come
	key    *ecdsa.PrivateKey
	now    func() time.Time

	mu       sync.Mutex
	requests map[string]url.Values // authorization request by code, or by request_uri
	pushes   int
	claims   map[string]any                 // of the person, in userinfo
	idToken  func(map[string]any)           // spoils the ID token
	answer   func(url.Values)               // spoils the authorization response
	userinfo func(map[string]any)           // spoils userinfo
	metadata func(map[string]any)           // spoils discovery
	signer   func() (jose.SigningKey, bool) // another key
}

func newStub(t *testing.T, now func() time.Time) *stub {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &stub{t: t, key: key, now: now, requests: map[string]url.Values{}, claims: map[string]any{"name": "Ana Made-Up", "nif": "399410139"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /jwks", p.jwks)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /par", p.push)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.info)
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("id_token_hint") == "" || r.PostFormValue("client_id") != p.client || r.URL.RawQuery != "" {
			http.Error(w, "no hint, or in the address", 400)
			return
		}
		http.Redirect(w, r, r.PostFormValue("post_logout_redirect_uri"), http.StatusSeeOther)
	})
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (p *stub) discovery(w http.ResponseWriter, _ *http.Request) {
	u := p.server.URL
	m := map[string]any{
		"issuer": u, "authorization_endpoint": u + "/authorize", "token_endpoint": u + "/token", "userinfo_endpoint": u + "/userinfo",
		"jwks_uri": u + "/jwks", "end_session_endpoint": u + "/logout", "pushed_authorization_request_endpoint": u + "/par",
		"id_token_signing_alg_values_supported": []string{"ES256"}, "authorization_response_iss_parameter_supported": true,
	}
	if p.metadata != nil {
		p.metadata(m)
	}
	writeJSON(w, 200, m)
}

func (p *stub) jwks(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, 200, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
}

func (p *stub) push(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.t.Error(err)
	}
	if id, secret, _ := r.BasicAuth(); id != p.client || secret != testSecret {
		writeJSON(w, 401, map[string]string{"error": "invalid_client"})
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pushes++
	p.requests["urn:x"] = r.PostForm
	writeJSON(w, 201, map[string]any{"request_uri": "urn:x", "expires_in": 60})
}

func (p *stub) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := r.URL.Query()
	if uri := asked.Get("request_uri"); uri != "" {
		asked = p.requests[uri]
	}
	p.requests["code-1"] = asked
	answer := url.Values{"state": {asked.Get("state")}, "iss": {p.server.URL}, "code": {"code-1"}}
	if p.answer != nil {
		p.answer(answer)
	}
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+answer.Encode(), http.StatusSeeOther)
}

func (p *stub) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	asked, ok := p.requests[r.FormValue("code")]
	delete(p.requests, r.FormValue("code"))
	p.mu.Unlock()
	digest := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	id, secret, basic := r.BasicAuth()
	switch {
	case !basic || id != p.client || secret != testSecret:
		writeJSON(w, 401, map[string]string{"error": "invalid_client"})
	case !ok || asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(digest[:]):
		writeJSON(w, 400, map[string]string{"error": "invalid_grant"})
	default:
		claims := map[string]any{
			"iss": p.server.URL, "sub": "pairwise-1", "aud": p.client, "exp": p.now().Add(time.Minute).Unix(), "iat": p.now().Unix(),
			"nonce": asked.Get("nonce"), "acr": "https://id.example/acr/level-3", "amr": []string{"pin", "sms"},
			"auth_time": p.now().Unix(), "sid": "sid-1",
		}
		if p.idToken != nil {
			p.idToken(claims)
		}
		writeJSON(w, 200, map[string]any{"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": p.sign(claims, "JWT")})
	}
}

func (p *stub) info(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer at" {
		w.WriteHeader(401)
		return
	}
	out := map[string]any{"sub": "pairwise-1"}
	for k, v := range p.claims {
		out[k] = v
	}
	if p.userinfo != nil {
		p.userinfo(out)
	}
	writeJSON(w, 200, out)
}

func (p *stub) sign(claims map[string]any, typ jose.ContentType) string {
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: "k"}}
	if p.signer != nil {
		if other, use := p.signer(); use {
			key = other
		}
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(typ))
	if err != nil {
		p.t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return token
}

var testSecret = strings.Repeat("s3cret-_", 5)
