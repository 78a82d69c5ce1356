//go:build interop

package interop

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
	"golang.org/x/oauth2"
)

// TestGo_oidc_and_oauth2 is a service in Go as its author would write it from the libraries' own documents: nothing about Chave but the issuer.
func TestGo_oidc_and_oauth2(t *testing.T) {
	t.Run("http", func(t *testing.T) { goClient(t, arrive(t, "bank")) })
	t.Run("https", func(t *testing.T) { goClient(t, arrive(t, "bank", "--tls")) })
}

func goClient(t *testing.T, v visit) {
	ctx := gooidc.ClientContext(t.Context(), v.Client)
	op, err := gooidc.NewProvider(ctx, v.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	conf := &oauth2.Config{
		ClientID: v.client.ID, ClientSecret: v.client.Secret, RedirectURL: v.callback(), Endpoint: op.Endpoint(),
		Scopes: []string{gooidc.ScopeOpenID, "profile", gooidc.ScopeOfflineAccess},
	}
	check := op.Verifier(&gooidc.Config{ClientID: v.client.ID, SupportedSigningAlgs: []string{gooidc.ES256}})
	proof, browser := oauth2.GenerateVerifier(), v.browser()

	back := v.walk(t, browser, conf.AuthCodeURL("s-1", oauth2.S256ChallengeOption(proof), gooidc.Nonce("n-1")))
	if back.Get("state") != "s-1" || back.Get("iss") != v.Issuer || back.Get("code") == "" {
		t.Fatalf("the answer was %v", back)
	}
	got, err := conf.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(proof))
	if err != nil {
		t.Fatal(err)
	}
	raw := idToken(t, got)
	id, err := check.Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("the ID token says who, when and how", func(t *testing.T) {
		var said struct {
			Name, ACR, SID string
			AMR            []string
			AuthTime       int64 `json:"auth_time"`
		}
		if err := id.Claims(&said); err != nil {
			t.Fatal(err)
		}
		if id.Nonce != "n-1" || said.Name == "" || said.ACR != "urn:chave:level:3" || said.SID == "" || len(said.AMR) != 3 {
			t.Errorf("nonce %q, %+v", id.Nonce, said)
		}
		if age := time.Since(time.Unix(said.AuthTime, 0)); age < -time.Minute || age > 5*time.Minute {
			t.Errorf("signed in %s ago", age)
		}
		if err := id.VerifyAccessToken(got.AccessToken); err != nil {
			t.Errorf("at_hash: %v", err)
		}
	})
	t.Run("another library agrees about the signature", func(t *testing.T) { secondOpinion(t, v, raw, "n-1") })
	t.Run("userinfo is about the same person", func(t *testing.T) {
		info, err := op.UserInfo(ctx, oauth2.StaticTokenSource(got))
		if err != nil || info.Subject != id.Subject {
			t.Errorf("%+v, %v", info, err)
		}
	})
	t.Run("B3 RFC 7636 §4.6 another verifier redeems nothing", func(t *testing.T) {
		other := v.walk(t, browser, conf.AuthCodeURL("s-2", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
		_, err := conf.Exchange(ctx, other.Get("code"), oauth2.VerifierOption(proof))
		refused(t, err, "invalid_grant")
	})

	// A token that is past its time makes the library refresh, as it would in a service.
	again, err := conf.TokenSource(ctx, &oauth2.Token{RefreshToken: got.RefreshToken}).Token()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("refresh rotates and speaks of the same sign-in", func(t *testing.T) {
		if again.RefreshToken == "" || again.RefreshToken == got.RefreshToken || again.AccessToken == got.AccessToken {
			t.Error("the same tokens came back")
		}
		renewed, err := check.Verify(ctx, idToken(t, again))
		if err != nil || renewed.Subject != id.Subject {
			t.Fatalf("%+v, %v", renewed, err)
		}
		var before, after struct {
			AuthTime int64 `json:"auth_time"`
			SID      string
		}
		if err := errors.Join(id.Claims(&before), renewed.Claims(&after)); err != nil || before != after {
			t.Errorf("%+v became %+v, %v (OIDC Core §12.2)", before, after, err)
		}
		if _, err := op.UserInfo(ctx, oauth2.StaticTokenSource(again)); err != nil {
			t.Error(err)
		}
	})

	t.Run("RP-initiated logout ends the session and its tokens", func(t *testing.T) {
		var more struct {
			EndSession string `json:"end_session_endpoint"`
		}
		if err := op.Claims(&more); err != nil {
			t.Fatal(err)
		}
		left := follow(t, browser, more.EndSession+"?"+form("id_token_hint", idToken(t, again), "post_logout_redirect_uri", v.goodbye(), "state", "bye"), v.goodbye())
		if left.Get("state") != "bye" {
			t.Errorf("the service was left with %v", left)
		}
		silent := follow(t, browser, conf.AuthCodeURL("s-3", oauth2.S256ChallengeOption(proof), oauth2.SetAuthURLParam("prompt", "none")), v.callback())
		if silent.Get("error") != "login_required" {
			t.Errorf("after signing out the answer is %v", silent)
		}
		if _, err := op.UserInfo(ctx, oauth2.StaticTokenSource(again)); err == nil {
			t.Error("userinfo still answers")
		}
	})

	t.Run("B6 RFC 9700 §4.14.2 an old refresh token ends the family", func(t *testing.T) {
		proof := oauth2.GenerateVerifier()
		back := v.walk(t, browser, conf.AuthCodeURL("s-4", oauth2.S256ChallengeOption(proof)))
		first, err := conf.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(proof))
		if err != nil {
			t.Fatal(err)
		}
		second, err := refresh(ctx, conf, first)
		if err != nil {
			t.Fatal(err)
		}
		_, err = refresh(ctx, conf, first)
		refused(t, err, "invalid_grant")
		_, err = refresh(ctx, conf, second)
		refused(t, err, "invalid_grant")
	})
	t.Run("B5 RFC 6749 §4.1.2 a code used twice ends what came from it", func(t *testing.T) {
		proof := oauth2.GenerateVerifier()
		back := v.walk(t, browser, conf.AuthCodeURL("s-5", oauth2.S256ChallengeOption(proof)))
		first, err := conf.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(proof))
		if err != nil {
			t.Fatal(err)
		}
		_, err = conf.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(proof))
		refused(t, err, "invalid_grant")
		_, err = refresh(ctx, conf, first)
		refused(t, err, "invalid_grant")
	})
	t.Run("a wrong secret is nobody", func(t *testing.T) {
		thief := *conf
		thief.ClientSecret = "x" + v.client.Secret[1:]
		thief.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
		_, err := thief.Exchange(ctx, "whatever", oauth2.VerifierOption(proof))
		refused(t, err, "invalid_client")
	})
}

// secondOpinion checks an ID token with a library that shares no code with the one that signed it, and that a changed one is refused.
func secondOpinion(t *testing.T, v visit, raw, nonce string) {
	t.Helper()
	keys, err := jwk.Fetch(t.Context(), v.Issuer+"/oauth2/jwks", jwk.WithHTTPClient(v.Client))
	if err != nil {
		t.Fatal(err)
	}
	options := []jwt.ParseOption{
		jwt.WithKeySet(keys), jwt.WithIssuer(v.Issuer), jwt.WithAudience(v.client.ID), jwt.WithClaimValue("nonce", nonce),
		jwt.WithRequiredClaim(jwt.SubjectKey), jwt.WithRequiredClaim(jwt.ExpirationKey), jwt.WithAcceptableSkew(0),
	}
	if _, err := jwt.Parse([]byte(raw), options...); err != nil {
		t.Error(err)
	}
	message, err := jws.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	header := message.Signatures()[0].ProtectedHeaders()
	if alg, _ := header.Algorithm(); alg != jwa.ES256() {
		t.Errorf("signed with %s", alg)
	}
	if kid, _ := header.KeyID(); kid == "" {
		t.Error("the token names no key")
	} else if _, found := keys.LookupKeyID(kid); !found {
		t.Errorf("key %q is not published", kid)
	}
	for i := range keys.Len() {
		if key, _ := keys.Key(i); key != nil {
			if private, err := jwk.IsPrivateKey(key); err != nil || private {
				t.Errorf("key %d is private, %v", i, err)
			}
		}
	}
	// The same header and signature around another person.
	parts := strings.Split(raw, ".")
	body := strings.Replace(string(message.Payload()), `"sub":"`, `"sub":"x`, 1)
	changed := []byte(parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(body)) + "." + parts[2])
	if _, err := jwt.Parse(changed, options...); err == nil || !strings.Contains(err.Error(), "verif") {
		t.Errorf("a changed token: %v", err)
	}
}

func refresh(ctx context.Context, conf *oauth2.Config, t *oauth2.Token) (*oauth2.Token, error) {
	return conf.TokenSource(ctx, &oauth2.Token{RefreshToken: t.RefreshToken}).Token()
}

func idToken(t *testing.T, from *oauth2.Token) string {
	t.Helper()
	raw, ok := from.Extra("id_token").(string)
	if !ok {
		t.Fatal("no ID token came")
	}
	return raw
}

// refused wants an error of the token endpoint, by its code of RFC 6749 §5.2.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) || answer.ErrorCode != code {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	want := map[string]int{"invalid_client": http.StatusUnauthorized}[code]
	if want == 0 {
		want = http.StatusBadRequest
	}
	if answer.Response.StatusCode != want {
		t.Errorf("%s came with status %d", code, answer.Response.StatusCode)
	}
}
