//go:build interop

package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"chave/internal/core/service"
	"chave/test/drive"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"golang.org/x/oauth2"
)

// TestNode_openid_client_with_a_key is the strictest registration there is: no shared secret, pushed requests only.
func TestNode_openid_client_with_a_key(t *testing.T) {
	need(t, "node", installed("node"))
	need(t, "openid-client (make interop installs it)", exists("node/node_modules/openid-client"))
	private, public := keyPair(t)
	const back, goodbye = "https://archive.example/callback", "https://archive.example/signed-out"
	r, who := serve(t, service.Settings{
		ID: "archive", AuthMethod: service.PrivateKeyJWT, JWKSText: `{"keys":[` + public + `]}`, RedirectURIs: []string{back},
		PostLogoutRedirectURIs: []string{goodbye}, Refresh: true, RequirePAR: true, IDTokenAlg: "RS256",
	})
	about, err := json.Marshal(map[string]any{
		"id": "archive", "redirect_uri": back, "goodbye": goodbye, "key": json.RawMessage(private),
		"who": map[string]string{"phone": string(who.Phone), "pin": who.PIN},
	})
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"CHAVE_TESTER=" + door(t, r.Sink), "CHAVE_ISSUER=" + r.Settings.Issuer, "CHAVE_SERVICE=" + string(about)}
	script(t, env, "node", "node/keyed.mjs")
}

// keyPair is a service's own key as JWK, made by a library that is not ours.
func keyPair(t *testing.T) (private, public string) {
	t.Helper()
	raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwk.Import(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := jwk.AssignKeyID(key); err != nil {
		t.Fatal(err)
	}
	open, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct {
		key  jwk.Key
		into *string
	}{{key, &private}, {open, &public}} {
		text, err := json.Marshal(part.key)
		if err != nil {
			t.Fatal(err)
		}
		*part.into = string(text)
	}
	return private, public
}

// TestGo_oidc_hears_back_channel_logout lets go-oidc check what one service is told when the person signs out at another.
func TestGo_oidc_hears_back_channel_logout(t *testing.T) {
	heard := make(chan string, 4)
	ear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard <- r.PostFormValue("logout_token") }))
	t.Cleanup(ear.Close)
	const secret = "0123456789abcdef0123456789abcdef"
	r, who := serve(t,
		service.Settings{ID: "first", Secret: secret, RedirectURIs: []string{"https://first.example/cb"}, PostLogoutRedirectURIs: []string{"https://first.example/bye"}},
		service.Settings{ID: "second", Secret: secret, RedirectURIs: []string{"https://second.example/cb"}, BackchannelLogoutURI: ear.URL + "/out"},
	)
	op, err := gooidc.NewProvider(t.Context(), r.Settings.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	browser := &drive.Browser{Lines: new(drive.Lines)}
	signIn := func(id string) (raw string, token *gooidc.IDToken) {
		t.Helper()
		conf := &oauth2.Config{ClientID: id, ClientSecret: secret, RedirectURL: "https://" + id + ".example/cb", Endpoint: op.Endpoint(), Scopes: []string{"openid", "profile"}}
		proof := oauth2.GenerateVerifier()
		back := arrival(t, r, who, browser, conf.AuthCodeURL("s", oauth2.S256ChallengeOption(proof)), conf.RedirectURL)
		got, err := conf.Exchange(t.Context(), back.Get("code"), oauth2.VerifierOption(proof))
		if err != nil {
			t.Fatal(err)
		}
		raw = idToken(t, got)
		if token, err = op.Verifier(&gooidc.Config{ClientID: id}).Verify(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
		return raw, token
	}
	hint, atFirst := signIn("first")
	_, atSecond := signIn("second")
	if atFirst.Subject == atSecond.Subject {
		t.Error("N18 two sectors know the person by one subject")
	}
	q := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://first.example/bye"}}
	follow(t, browser, r.Settings.Issuer+"/oauth2/logout?"+q.Encode(), "https://first.example/bye")

	select {
	case raw := <-heard:
		told, err := op.Verifier(&gooidc.Config{ClientID: "second"}).VerifyLogout(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		var said struct{ SID string }
		if err := atSecond.Claims(&said); err != nil || told.SessionID != said.SID || told.Subject != atSecond.Subject {
			t.Errorf("told of session %q of %q, want %q of %q", told.SessionID, told.Subject, said.SID, atSecond.Subject)
		}
		message, err := jws.Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if kind, _ := message.Signatures()[0].ProtectedHeaders().Type(); kind != "logout+jwt" {
			t.Errorf("the token's type is %q: it could be taken for an ID token", kind)
		}
	case <-time.After(60 * time.Second):
		t.Fatal("the second service was not told")
	}
}
