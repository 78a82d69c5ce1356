package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// provider is Chave as this relying party knows it: discovered on first need, then kept.
type provider struct {
	cfg Config

	mu    sync.Mutex
	found *discovered
}

type discovered struct {
	*oidc.Provider
	oauth      oauth2.Config
	endSession string
	push       string
	issAlways  bool // every answer carries iss (RFC 9207)
}

// discover reads the provider's metadata once. A failure is not kept, so that the next visitor
// tries again.
func (p *provider) discover(ctx context.Context) (*discovered, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	op, err := oidc.NewProvider(oidc.ClientContext(ctx, p.cfg.HTTPClient), p.cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover %s: %w", p.cfg.Issuer, err)
	}
	var extra struct {
		EndSession string `json:"end_session_endpoint"`
		Push       string `json:"pushed_authorization_request_endpoint"`
		IssAlways  bool   `json:"authorization_response_iss_parameter_supported"`
	}
	if err := op.Claims(&extra); err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	endpoint := op.Endpoint()
	// The secret is sent one way only; guessing would send it twice when the first try fails.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	p.found = &discovered{
		Provider: op,
		oauth: oauth2.Config{
			ClientID: p.cfg.Registration.ID, ClientSecret: p.cfg.Registration.Secret.Reveal(),
			RedirectURL: p.cfg.Registration.RedirectURIs[0], Scopes: p.cfg.Scopes, Endpoint: endpoint,
		},
		endSession: extra.EndSession, push: extra.Push, issAlways: extra.IssAlways,
	}
	return p.found, nil
}

func (p *provider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.cfg.HTTPClient)
}

// authorize composes the address the browser is sent to.
func (p *provider) authorize(ctx context.Context, state string, started pending, lang string) (string, error) {
	op, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{
		oidc.Nonce(started.nonce), oauth2.S256ChallengeOption(started.verifier), oauth2.SetAuthURLParam("ui_locales", lang),
	}
	if len(p.cfg.ACRValues) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(p.cfg.ACRValues, " ")))
	}
	address := op.oauth.AuthCodeURL(state, options...)
	if !p.cfg.PushRequests || op.push == "" {
		return address, nil
	}
	return p.pushed(ctx, op, address)
}

// pushed hands the request to Chave directly, so that the browser carries a reference instead of
// the request itself (RFC 9126).
func (p *provider) pushed(ctx context.Context, op *discovered, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("authorization address: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, op.push, strings.NewReader(u.RawQuery))
	if err != nil {
		return "", fmt.Errorf("push request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(op.oauth.ClientID), url.QueryEscape(op.oauth.ClientSecret))
	resp, err := p.cfg.HTTPClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("push request: %w", err)
	}
	defer resp.Body.Close()
	var answer struct {
		RequestURI string `json:"request_uri"`
		Error      string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&answer); err != nil {
		return "", fmt.Errorf("push request: status %d: %w", resp.StatusCode, err)
	}
	if resp.StatusCode != http.StatusCreated || answer.RequestURI == "" {
		return "", fmt.Errorf("push request: status %d, error %q", resp.StatusCode, answer.Error)
	}
	u.RawQuery = url.Values{"client_id": {op.oauth.ClientID}, "request_uri": {answer.RequestURI}}.Encode()
	return u.String(), nil
}

var errLevel = errors.New("the level reached is lower than asked for")

// finish turns an authorization code into what the service learned. Every check of OIDC Core
// §3.1.3.7 that the library leaves to its caller is here: nonce, level.
func (p *provider) finish(ctx context.Context, code string, started pending) (session, error) {
	op, err := p.discover(ctx)
	if err != nil {
		return session{}, err
	}
	ctx = p.context(ctx)
	token, err := op.oauth.Exchange(ctx, code, oauth2.VerifierOption(started.verifier))
	if err != nil {
		return session{}, fmt.Errorf("exchange code: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return session{}, errors.New("the token answer holds no ID token")
	}
	id, err := p.verifier(op).Verify(ctx, raw)
	if err != nil {
		return session{}, fmt.Errorf("verify ID token: %w", err)
	}
	if id.Nonce != started.nonce {
		return session{}, errors.New("the ID token answers another request")
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return session{}, fmt.Errorf("read ID token: %w", err)
	}
	info, err := op.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return session{}, fmt.Errorf("ask userinfo: %w", err)
	}
	// OIDC Core §5.3.2: userinfo of another subject must not be used.
	if info.Subject != id.Subject {
		return session{}, errors.New("userinfo speaks of another subject")
	}
	var more map[string]any
	if err := info.Claims(&more); err != nil {
		return session{}, fmt.Errorf("read userinfo: %w", err)
	}
	sid, _ := claims["sid"].(string)
	acr, _ := claims["acr"].(string)
	if len(p.cfg.ACRValues) > 0 && !reaches(acr, p.cfg.ACRValues) {
		return session{}, fmt.Errorf("acr %q: %w", acr, errLevel)
	}
	// Asked for or not, the registered level holds whenever acr says a number.
	if level, says := levelOf(acr); says && level < p.cfg.Registration.MinLevel {
		return session{}, fmt.Errorf("acr %q: %w", acr, errLevel)
	}
	return session{way: wayOIDC, idToken: raw, subject: id.Subject, sid: sid, learned: learn(p.cfg.Registration, claims, more)}, nil
}

// verifier checks tokens against the demonstration's clock, which may be ahead of the machine's.
func (p *provider) verifier(op *discovered) *oidc.IDTokenVerifier {
	return op.VerifierContext(p.context(context.Background()), &oidc.Config{
		ClientID: p.cfg.Registration.ID, SupportedSigningAlgs: []string{oidc.ES256}, Now: p.cfg.Now,
	})
}

// reaches compares by the number a level ends in; a value without one must be among those asked for.
func reaches(acr string, asked []string) bool {
	got, gotNumber := levelOf(acr)
	least, leastNumber := levelOf(asked[0])
	if gotNumber && leastNumber {
		return got >= least
	}
	for _, a := range asked {
		if a == acr {
			return true
		}
	}
	return false
}

func levelOf(acr string) (int, bool) {
	i := len(acr)
	for i > 0 && acr[i-1] >= '0' && acr[i-1] <= '9' {
		i--
	}
	n, err := strconv.Atoi(acr[i:])
	return n, err == nil && n > 0
}
