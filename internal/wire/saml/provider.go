package saml

import (
	"cmp"
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
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/core/signkey"
	"chave/internal/format/xmldsig"
	"chave/internal/page/ui"
)

// wire is the name under which transactions of this package are stored: no other wire can finish them (blueprint §4.9).
const wire = "saml"

// Tx is what a transaction must offer to this wire.
type Tx interface {
	service.Tx
	grant.Tx
	audit.Tx
}

// Vault is the keystore's part. Labels separate purposes.
type Vault interface {
	KeyIDs() []string
	MACWith(keyID, label string, parts ...[]byte) ([]byte, error)
	Seal(label string, context, plain []byte) ([]byte, error)
	Open(label string, context, sealed []byte) ([]byte, error)
}

// Field is one field of a form, in order.
type Field struct{ Name, Value string }

// Pages are what people see. All are required.
type Pages struct {
	// Fail shows an error with its stable code, when there is no service that could be told.
	Fail func(w http.ResponseWriter, r *http.Request, status int, err error)
	// Post hands the browser to a service by a form that submits itself.
	Post func(w http.ResponseWriter, r *http.Request, action, serviceName string, fields []Field)
	// ConfirmSignOut asks whether to end the session, because nothing proves that the person wants it.
	ConfirmSignOut func(w http.ResponseWriter, r *http.Request, ask SignOut)
	// SignedOut says that the session has ended, when no service waits for the browser.
	SignedOut func(w http.ResponseWriter, r *http.Request)
}

// SignOut is what the page that asks "do you want to sign out?" needs.
type SignOut struct {
	Action  string          // where the page's form posts to
	Fields  []Field         // hidden fields of that form
	Service service.Service // who sent the person here
	Return  string          // empty: the answer to the form is a page of ours
}

// Provider is the identity provider. Fields are set once, before Mount.
type Provider struct {
	// Issuer is our address: scheme and host, no path.
	Issuer string
	// EntityID is our name for services; Issuer and /saml/metadata when it is empty. Services keep it, so it never changes.
	EntityID string
	// Alg is how we sign: RS256 (the default) or ES256.
	Alg   string
	Login *login.Service
	Do    func(ctx context.Context, fn func(Tx) error) error // fn may be run again
	View  func(ctx context.Context, fn func(Tx) error) error
	Keys  *signkey.Service // ring "saml", with certificates
	Vault Vault
	Jar   cookie.Jar
	Pages Pages
	Now   func() time.Time
	Rand  io.Reader
	Log   *slog.Logger
	// Lang guesses the language of a reader; nil means Portuguese.
	Lang func(*http.Request) string

	Window        time.Duration // how far a service's clock may differ; 5 minutes
	AssertionLife time.Duration // 5 minutes

	published published
}

// Check reports every missing setting at once.
func (p *Provider) Check() error {
	var problems []error
	need := func(name string, missing bool) {
		if missing {
			problems = append(problems, fmt.Errorf("saml: %s is missing", name))
		}
	}
	if u, err := url.Parse(p.Issuer); err != nil || u.Host == "" || p.Issuer != u.Scheme+"://"+u.Host {
		problems = append(problems, fmt.Errorf("saml: issuer %q is not scheme and host only", p.Issuer))
	}
	if u, err := url.Parse(p.entityID()); err != nil || !u.IsAbs() || len(p.entityID()) > 1024 {
		problems = append(problems, fmt.Errorf("saml: entity id %q is not a URI of at most 1024 characters", p.EntityID))
	}
	if p.Alg != "" && p.Alg != "RS256" && p.Alg != "ES256" {
		problems = append(problems, fmt.Errorf("saml: alg %q is neither RS256 nor ES256", p.Alg))
	}
	need("Login", p.Login == nil)
	need("Do", p.Do == nil)
	need("View", p.View == nil)
	need("Keys", p.Keys == nil)
	need("Vault", p.Vault == nil)
	need("Pages.Fail", p.Pages.Fail == nil)
	need("Pages.Post", p.Pages.Post == nil)
	need("Pages.ConfirmSignOut", p.Pages.ConfirmSignOut == nil)
	need("Pages.SignedOut", p.Pages.SignedOut == nil)
	need("Now", p.Now == nil)
	need("Rand", p.Rand == nil)
	need("Log", p.Log == nil)
	return errors.Join(problems...)
}

// The paths of the endpoints.
const (
	PathMetadata = "/saml/metadata"
	PathSSO      = "/saml/sso"
	PathSLO      = "/saml/slo"
	PathBegin    = "/saml/begin"
	PathResume   = "/saml/resume/"
)

// Mount adds the endpoints. Whoever guards other POSTs against cross-site forms must let POST /saml/ through: messages come by forms of other sites and prove
// themselves by their signature. The pages that lead here must be allowed to post on to the services (form-action).
func (p *Provider) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET "+PathMetadata, p.metadata)
	for _, method := range []string{"GET ", "POST "} {
		mux.Handle(method+PathSSO, p.person(p.sso))
		mux.Handle(method+PathSLO, p.person(p.slo))
	}
	mux.Handle("GET "+PathBegin, p.person(p.begin))
	mux.Handle("GET "+PathResume+"{id}", p.person(p.resume))
}

// person wraps an endpoint that a person's browser visits: an error becomes a page.
func (p *Provider) person(serve func(http.ResponseWriter, *http.Request) error) http.Handler {
	return ui.Visit(serve, p.fail)
}

func (p *Provider) entityID() string { return cmp.Or(p.EntityID, p.Issuer+PathMetadata) }

func (p *Provider) alg() string { return cmp.Or(p.Alg, "RS256") }

func (p *Provider) window() time.Duration { return cmp.Or(p.Window, 5*time.Minute) }

func (p *Provider) assertionLife() time.Duration { return cmp.Or(p.AssertionLife, 5*time.Minute) }

// lang is what we know of the reader's language; the wire itself has no word for it.
func (p *Provider) lang(r *http.Request) string {
	if p.Lang == nil {
		return "pt"
	}
	return cmp.Or(p.Lang(r), "pt")
}

// signer lends the key that signs today, with its certificate: exclusive canonicalisation and SHA-256, whatever the key.
func (p *Provider) signer(ctx context.Context) (xmldsig.Signer, error) {
	lent, err := p.Keys.Active(ctx, p.alg())
	if err != nil {
		return xmldsig.Signer{}, err
	}
	return xmldsig.Signer{Key: lent.Signer, Certificate: lent.Cert}, nil
}
