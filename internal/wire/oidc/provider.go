package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"chave/internal/cookie"
	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/core/signkey"
	"chave/internal/oauth"
	"chave/internal/page/ui"
)

// wire is the name under which transactions of this package are stored: no other wire can finish them (blueprint §4.9).
const wire = "oidc"

// Tx is what a transaction must offer to this wire.
type Tx interface {
	service.Tx
	grant.Tx
	audit.Tx

	// Person and Key tell, at a refresh, whether the key still works.
	Person(citizen.ID) (citizen.Person, error)
	Key(citizen.ID) (credential.Key, error)
}

// Vault is the keystore's part. Labels separate purposes.
type Vault interface {
	KeyIDs() []string
	MACWith(keyID, label string, parts ...[]byte) ([]byte, error)
	Seal(label string, context, plain []byte) ([]byte, error)
	Open(label string, context, sealed []byte) ([]byte, error)
}

// Pages are what people see when there is no service to send them to. All are required but Post.
type Pages struct {
	// Fail shows any error with its stable code.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
	// ConfirmSignOut asks whether to end the session, because nothing proves that the person wants it.
	ConfirmSignOut func(w http.ResponseWriter, r *http.Request, ask SignOut)
	// SignedOut says that the session has ended, when the service named nowhere to return to.
	SignedOut func(w http.ResponseWriter, r *http.Request)
	// Post hands the browser to a service by a form. Without it, response_mode=form_post is not offered.
	Post func(w http.ResponseWriter, r *http.Request, action, serviceName string, fields []oauth.Field)
}

// Times are lives of what is handed out. Zero ones are filled with the defaults in brackets.
type Times struct {
	Code        time.Duration // authorization code [60 s, A13]
	Pushed      time.Duration // pushed request [90 s]
	Access      time.Duration // access token [5 min]
	IDToken     time.Duration // [10 min]
	RefreshIdle time.Duration // a refresh token that is not used for so long ends [7 days]
	RefreshMax  time.Duration // no family outlives this, however often it is refreshed [30 days]
}

func (t Times) defaults() Times {
	set := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	set(&t.Code, 60*time.Second)
	set(&t.Pushed, 90*time.Second)
	set(&t.Access, 5*time.Minute)
	set(&t.IDToken, 10*time.Minute)
	set(&t.RefreshIdle, 7*24*time.Hour)
	set(&t.RefreshMax, 30*24*time.Hour)
	return t
}

// Provider is the OpenID Provider. Fields are set once, before Mount.
type Provider struct {
	// Issuer is our name and address: scheme and host, no path, no trailing slash (OIDC Discovery §3).
	Issuer string
	Login  *login.Service
	Do     func(ctx context.Context, fn func(Tx) error) error // fn may be run again
	View   func(ctx context.Context, fn func(Tx) error) error
	Keys   *signkey.Service
	Vault  Vault
	Jar    cookie.Jar
	Pages  Pages
	Now    func() time.Time
	Rand   io.Reader
	Log    *slog.Logger

	// Lang guesses the language of a reader whose service asked for none; nil means Portuguese.
	Lang  func(*http.Request) string
	Times Times

	origins origins
}

// Check reports every missing setting at once.
func (p *Provider) Check() error {
	var problems []error
	need := func(name string, missing bool) {
		if missing {
			problems = append(problems, fmt.Errorf("oidc: %s is missing", name))
		}
	}
	if u, err := url.Parse(p.Issuer); err != nil || u.Host == "" || p.Issuer != u.Scheme+"://"+u.Host {
		problems = append(problems, fmt.Errorf("oidc: issuer %q is not scheme and host only", p.Issuer))
	}
	need("Login", p.Login == nil)
	need("Do", p.Do == nil)
	need("View", p.View == nil)
	need("Keys", p.Keys == nil)
	need("Vault", p.Vault == nil)
	need("Pages.Fail", p.Pages.Fail == nil)
	need("Pages.ConfirmSignOut", p.Pages.ConfirmSignOut == nil)
	need("Pages.SignedOut", p.Pages.SignedOut == nil)
	need("Now", p.Now == nil)
	need("Rand", p.Rand == nil)
	need("Log", p.Log == nil)
	return errors.Join(problems...)
}

// The paths of the endpoints.
const (
	PathDiscovery  = "/.well-known/openid-configuration"
	PathMetadata   = "/.well-known/oauth-authorization-server" // RFC 8414 §3
	PathJWKS       = "/oauth2/jwks"
	PathAuthorize  = "/oauth2/authorize"
	PathPAR        = "/oauth2/par"
	PathToken      = "/oauth2/token" //nolint:gosec // a path
	PathUserinfo   = "/oauth2/userinfo"
	PathIntrospect = "/oauth2/introspect"
	PathRevoke     = "/oauth2/revoke"
	PathLogout     = "/oauth2/logout"
)

// Mount adds the endpoints. Whoever guards other POSTs against cross-site forms must let POST /oauth2/ through: services and their browsers post
// here from elsewhere, and each endpoint has its own proof. The pages that lead here must be allowed to post on to the services (form-action).
func (p *Provider) Mount(mux *http.ServeMux) {
	p.Times = p.Times.defaults()
	forClient := func(path string, e endpoint) {
		for _, method := range []string{"GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"} {
			mux.Handle(method+" "+path, p.client(e))
		}
	}
	get, post := []string{http.MethodGet}, []string{http.MethodPost}
	forClient(PathDiscovery, endpoint{methods: get, origin: anyOrigin, serve: p.discovery})
	forClient(PathMetadata, endpoint{methods: get, origin: anyOrigin, serve: p.discovery})
	forClient(PathJWKS, endpoint{methods: get, origin: anyOrigin, serve: p.jwks})
	forClient(PathPAR, endpoint{methods: post, serve: p.par})
	forClient(PathToken, endpoint{methods: post, origin: registeredOrigin, serve: p.token})
	forClient(PathUserinfo, endpoint{methods: append(get, post...), origin: registeredOrigin, serve: p.userinfo})
	forClient(PathIntrospect, endpoint{methods: post, serve: p.introspect})
	forClient(PathRevoke, endpoint{methods: post, origin: registeredOrigin, serve: p.revoke})

	for _, method := range []string{"GET ", "POST "} {
		mux.Handle(method+PathAuthorize, p.person(p.authorize))
		mux.Handle(method+PathLogout, p.person(p.logout))
	}
	mux.Handle("GET "+PathAuthorize+"/{id}", p.person(p.resume))
}

// person wraps an endpoint that a person's browser visits: an error becomes a page.
func (p *Provider) person(serve func(http.ResponseWriter, *http.Request) error) http.Handler {
	return ui.Visit(serve, p.Pages.Fail)
}
