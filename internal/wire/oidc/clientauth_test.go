package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chave/internal/core/service"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// push is the cheapest request that needs client authentication.
func (r *rig) push(client string, change url.Values, headers ...string) reply {
	r.t.Helper()
	form := ask("client_id", client)
	for name, values := range change {
		form[name] = values
		if values == nil {
			form.Del(name)
		}
	}
	return r.call("/oauth2/par", "", form, headers...)
}

func basicAuth(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

func TestRFC6749_2_3_exactly_the_registered_way_of_authentication(t *testing.T) {
	r := newRig(t)
	post := bank()
	post.ID, post.AuthMethod = "poster", service.SecretPost
	r.register(post)
	r.register(app())
	atApp := url.Values{"redirect_uri": {"http://127.0.0.1/cb"}}
	for _, c := range []struct {
		name    string
		answer  reply
		status  int
		code    string
		explain bool // challenge
	}{
		{"basic", r.push("bank", nil, "Authorization", basicAuth("bank", secret)), 201, "", false},
		{"scheme in lower case", r.push("bank", nil, "Authorization", "b"+basicAuth("bank", secret)[1:]), 201, "", false},
		{"form-encoded before base64", r.push("bank", nil, "Authorization", basicAuth("b%61nk", strings.ReplaceAll(secret, "-", "%2D"))), 201, "", false},
		{"post", r.push("poster", url.Values{"client_secret": {secret}}), 201, "", false},
		{"none", r.push("app", atApp), 201, "", false},

		{"wrong secret", r.push("bank", nil, "Authorization", basicAuth("bank", secret+"x")), 401, "invalid_client", true},
		{"empty secret", r.push("bank", nil, "Authorization", basicAuth("bank", "")), 401, "invalid_client", true},
		{"unknown service", r.push("bunk", nil, "Authorization", basicAuth("bunk", secret)), 401, "invalid_client", true},
		{"bad base64", r.push("bank", nil, "Authorization", "Basic %%%"), 401, "invalid_client", true},
		{"bad form encoding", r.push("bank", nil, "Authorization", basicAuth("bank", "%zz")), 401, "invalid_client", true},
		{"another scheme", r.push("bank", nil, "Authorization", "Bearer "+secret), 401, "invalid_client", true},
		{"no proof", r.push("bank", nil), 401, "invalid_client", false},
		{"nobody at all", r.push("bank", url.Values{"client_id": nil}), 401, "invalid_client", false},
		{"basic registered, post used", r.push("bank", url.Values{"client_secret": {secret}}), 401, "invalid_client", false},
		{"post registered, basic used", r.push("poster", nil, "Authorization", basicAuth("poster", secret)), 401, "invalid_client", true},
		{"public, with a secret", r.push("app", url.Values{"client_secret": {"x"}, "redirect_uri": atApp["redirect_uri"]}), 401, "invalid_client", false},
		{"two ways at once", r.push("bank", url.Values{"client_secret": {secret}}, "Authorization", basicAuth("bank", secret)), 400, "invalid_request", false},
		{"another client_id beside", r.push("poster", nil, "Authorization", basicAuth("bank", secret)), 401, "invalid_client", true},
		{"another assertion type", r.push("bank", url.Values{"client_assertion_type": {"saml"}, "client_assertion": {"x"}}), 400, "invalid_request", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.code == "" {
				if c.answer.status != c.status {
					t.Errorf("answered %d %s", c.answer.status, c.answer.raw)
				}
				return
			}
			wantJSONError(t, c.answer, c.status, c.code)
			if challenge := c.answer.header.Get("WWW-Authenticate"); strings.HasPrefix(challenge, "Basic") != c.explain {
				t.Errorf("challenge %q", challenge)
			}
		})
	}
}

// signer makes assertions of a service with its own key.
type signer struct {
	t   *testing.T
	r   *rig
	key any
	alg jose.SignatureAlgorithm
}

func (s signer) assertion(change func(c map[string]any)) string {
	s.t.Helper()
	now := s.r.clock()
	claims := map[string]any{
		"iss": "signer", "sub": "signer", "aud": s.r.server.URL, "exp": now.Add(time.Minute).Unix(), "iat": now.Unix(), "jti": rand.Text(),
	}
	if change != nil {
		change(claims)
	}
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: jose.JSONWebKey{Key: s.key, KeyID: "k1"}}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := jwt.Signed(made).Claims(claims).Serialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

func (s signer) push(assertion string) reply {
	return s.r.push("signer", url.Values{"client_assertion_type": {jwtBearer}, "client_assertion": {assertion}})
}

func newSigner(t *testing.T, r *rig, alg jose.SignatureAlgorithm) signer {
	t.Helper()
	s := signer{t: t, r: r, alg: alg}
	var public any
	switch alg {
	case jose.ES256:
		key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		s.key, public = key, key.Public()
	default:
		key, _ := rsa.GenerateKey(rand.Reader, 2048)
		s.key, public = key, key.Public()
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: "k1", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	settings := bank()
	settings.ID, settings.Secret, settings.AuthMethod, settings.JWKS = "signer", "", service.PrivateKeyJWT, set
	r.register(settings)
	return s
}

func TestA15_F1_RFC7523_3_private_key_jwt(t *testing.T) {
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256} {
		t.Run(string(alg), func(t *testing.T) {
			r := newRig(t)
			s := newSigner(t, r, alg)
			if a := s.push(s.assertion(nil)); a.status != http.StatusCreated {
				t.Errorf("answered %d %s", a.status, a.raw)
			}
		})
	}
	r := newRig(t)
	s := newSigner(t, r, jose.ES256)
	set := func(name string, value any) func(map[string]any) {
		return func(c map[string]any) {
			c[name] = value
			if value == nil {
				delete(c, name)
			}
		}
	}
	at := func(d time.Duration) int64 { return r.clock().Add(d).Unix() }
	for name, change := range map[string]func(map[string]any){
		"token endpoint as audience": set("aud", r.server.URL+"/oauth2/token"),
		"this endpoint as audience":  set("aud", r.server.URL+"/oauth2/par"),
		"one audience of several":    set("aud", []string{"https://other.example", r.server.URL}),
		"five minutes":               set("exp", at(5*time.Minute)),
		"a slow clock":               set("exp", at(-5*time.Second)),
	} {
		if a := s.push(s.assertion(change)); a.status != http.StatusCreated {
			t.Errorf("%s: answered %d %s", name, a.status, a.raw)
		}
	}
	for name, change := range map[string]func(map[string]any){
		"another audience":      set("aud", "https://other.example"),
		"no audience":           set("aud", nil),
		"audience with a slash": set("aud", r.server.URL+"/"),
		"another subject":       set("sub", "bank"),
		"no subject":            set("sub", nil),
		"expired":               set("exp", at(-11*time.Second)),
		"too long a life":       set("exp", at(6*time.Minute)),
		"no end":                set("exp", nil),
		"not yet":               set("nbf", at(time.Minute)),
		"made tomorrow":         set("iat", at(24*time.Hour)),
		"no id":                 set("jti", nil),
		"long id":               set("jti", strings.Repeat("j", 300)),
	} {
		if a := s.push(s.assertion(change)); a.status != http.StatusUnauthorized || a.text("error") != "invalid_client" {
			t.Errorf("%s: answered %d %s", name, a.status, a.raw)
		}
	}
	t.Run("N1 an assertion works once", func(t *testing.T) {
		text := s.assertion(nil)
		if a := s.push(text); a.status != http.StatusCreated {
			t.Fatalf("answered %d", a.status)
		}
		wantJSONError(t, s.push(text), http.StatusUnauthorized, "invalid_client")
	})
	t.Run("A12 only the registered key counts", func(t *testing.T) {
		other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		wantJSONError(t, s.push(signer{t, r, other, jose.ES256}.assertion(nil)), http.StatusUnauthorized, "invalid_client")
	})
	t.Run("A12 no algorithm outside the list", func(t *testing.T) {
		none := "eyJhbGciOiJub25lIn0." + strings.Split(s.assertion(nil), ".")[1] + "."
		wantJSONError(t, s.push(none), http.StatusUnauthorized, "invalid_client")
		wantJSONError(t, s.push(signer{t, r, []byte(strings.Repeat("k", 32)), jose.HS256}.assertion(nil)), http.StatusUnauthorized, "invalid_client")
	})
	t.Run("a service with a secret cannot use one", func(t *testing.T) {
		text := s.assertion(func(c map[string]any) { c["iss"], c["sub"] = "bank", "bank" })
		a := r.push("bank", url.Values{"client_assertion_type": {jwtBearer}, "client_assertion": {text}})
		wantJSONError(t, a, http.StatusUnauthorized, "invalid_client")
	})
}
