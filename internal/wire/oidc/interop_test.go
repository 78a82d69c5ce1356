package oidc_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// TestInterop_go_oidc lets a client that others wrote judge us: discovery, code with PKCE, token checks, userinfo, refresh.
func TestInterop_go_oidc(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	op, err := gooidc.NewProvider(ctx, r.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	conf := oauth2.Config{
		ClientID: "bank", ClientSecret: secret, RedirectURL: back, Endpoint: op.Endpoint(), Scopes: []string{"openid", "profile", "email", "offline_access"},
	}
	conf.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	proof := oauth2.GenerateVerifier()
	b := r.browser()
	p := b.get(conf.AuthCodeURL("state", oauth2.S256ChallengeOption(proof), gooidc.Nonce("nonce")))
	q := b.agree(b.prove(b.transaction(p), phone)).location.Query()
	if q.Get("state") != "state" || q.Get("iss") != r.server.URL {
		t.Fatalf("answer %v", q)
	}
	got, err := conf.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(proof))
	if err != nil {
		t.Fatal(err)
	}
	check := op.Verifier(&gooidc.Config{ClientID: "bank", Now: r.clock})
	id, err := check.Verify(ctx, got.Extra("id_token").(string))
	if err != nil {
		t.Fatal(err)
	}
	if err := id.VerifyAccessToken(got.AccessToken); err != nil || id.Nonce != "nonce" {
		t.Errorf("nonce %q, at_hash %v", id.Nonce, err)
	}
	info, err := op.UserInfo(ctx, oauth2.StaticTokenSource(got))
	if err != nil || info.Subject != id.Subject || info.Email != "oksana@example.org" || !info.EmailVerified {
		t.Errorf("userinfo %+v, %v", info, err)
	}
	got.Expiry = r.clock().AddDate(-2, 0, 0)
	again, err := conf.TokenSource(ctx, got).Token()
	if err != nil || again.RefreshToken == got.RefreshToken || again.RefreshToken == "" {
		t.Fatalf("refresh: %v", err)
	}
	if renewed, err := check.Verify(ctx, again.Extra("id_token").(string)); err != nil || renewed.Subject != id.Subject {
		t.Errorf("refreshed ID token: %v", err)
	}
	if _, err := conf.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(proof)); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("a code was taken twice: %v", err)
	}
}

// TestInterop_public_client is the same for a program without a secret.
func TestInterop_public_client(t *testing.T) {
	r := newRig(t)
	r.register(app())
	op, err := gooidc.NewProvider(t.Context(), r.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	conf := oauth2.Config{ClientID: "app", RedirectURL: "http://127.0.0.1:50123/cb", Endpoint: op.Endpoint(), Scopes: []string{"openid", "profile"}}
	conf.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	proof := oauth2.GenerateVerifier()
	b := r.browser()
	q := b.agree(b.prove(b.transaction(b.get(conf.AuthCodeURL("s", oauth2.S256ChallengeOption(proof)))), phone)).location.Query()
	got, err := conf.Exchange(t.Context(), q.Get("code"), oauth2.VerifierOption(proof))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := op.Verifier(&gooidc.Config{ClientID: "app", Now: r.clock}).Verify(t.Context(), got.Extra("id_token").(string)); err != nil {
		t.Error(err)
	}
	form := url.Values{"token": {got.AccessToken}, "client_id": {"app"}}
	if a := r.call("/oauth2/revoke", "", form); a.status != http.StatusOK {
		t.Errorf("revocation %d %s", a.status, a.raw)
	}
}
