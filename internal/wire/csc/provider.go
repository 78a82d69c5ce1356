package csc

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"chave/internal/cookie"
	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/core/signing"
)

// wire is the name under which sign-ins and operations of this package are stored: no other wire can finish them.
const wire = "csc"

// Tx is what a transaction must offer to this wire.
type Tx interface {
	service.Tx
	grant.Tx
	audit.Tx
}

// Vault is the keystore's part: the keyed digests of client secrets.
type Vault interface {
	KeyIDs() []string
	MACWith(keyID, label string, parts ...[]byte) ([]byte, error)
}

// Signing is what this wire needs of core/signing; *signing.Service has it all.
type Signing interface {
	Keys(ctx context.Context, who citizen.ID) ([]signing.Key, error)
	Prepare(ctx context.Context, r signing.Request) (signing.Operation, error)
	Read(ctx context.Context, ref signing.Ref) (signing.Operation, error)
	Resend(ctx context.Context, ref signing.Ref) (signing.Operation, error)
	Cancel(ctx context.Context, ref signing.Ref) error
	Confirm(ctx context.Context, ref signing.Ref, code credential.Code) (signing.Permit, error)
	Redeem(ctx context.Context, r signing.Redemption) (signing.Result, error)
	Extend(ctx context.Context, r signing.Redemption) (signing.Permit, error)
}

// Pages are what people see when there is no service to send them to.
type Pages struct {
	// Fail shows any error with its stable code.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
}

// Times are lives of what is handed out. Zero ones are filled with the defaults in brackets.
type Times struct {
	Code     time.Duration // authorization code [60 s, A13]
	Pushed   time.Duration // pushed request [90 s]
	Handover time.Duration // from the service's request to the person's answer on our page [10 min]
	Access   time.Duration // access token of scope service [15 min; 5 min to 1 h]
	Refresh  time.Duration // the service's right to ask again, and no longer than the person's session [12 h]
}

func (t Times) defaults() Times {
	set := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	set(&t.Code, 60*time.Second)
	set(&t.Pushed, 90*time.Second)
	set(&t.Handover, 10*time.Minute)
	set(&t.Access, 15*time.Minute)
	set(&t.Refresh, 12*time.Hour)
	return t
}

// About is what info tells of the operator (§11.1).
type About struct {
	Name        string // up to 255 characters
	Region      string // ISO 3166-1 alpha-2 [PT]
	Logo        string // address of a picture [Issuer/assets/logo.png]
	Description string // up to 255 characters; says "test - not qualified" unless the operator's modules are certified (T8)
	// Qualifier is what signatures made here are called (§11.11): "eu_eidas_aes" unless the operator's policy makes them qualified.
	Qualifier string
}

func (a About) defaults(issuer string) About {
	set := func(v *string, d string) {
		if *v == "" {
			*v = d
		}
	}
	set(&a.Name, "Chave")
	set(&a.Region, "PT")
	set(&a.Logo, issuer+"/assets/logo.png")
	set(&a.Description, "Signatures with a person's own key in the vault; test - not qualified")
	set(&a.Qualifier, "eu_eidas_aes")
	return a
}

// Provider is the remote signing service. Fields are set once, before Mount.
type Provider struct {
	// Issuer is our address: scheme and host, no path, no trailing slash.
	Issuer  string
	Login   *login.Service
	Signing Signing
	Do      func(ctx context.Context, fn func(Tx) error) error // fn may be run again
	View    func(ctx context.Context, fn func(Tx) error) error
	Vault   Vault
	Jar     cookie.Jar
	Pages   Pages
	Now     func() time.Time
	Rand    io.Reader
	Log     *slog.Logger

	// Lang guesses the language of a reader whose service asked for none; nil means Portuguese.
	Lang func(*http.Request) string
	// Address is the network address that limits are counted under; nil means the peer's.
	Address func(*http.Request) string
	// Count notes each use of a switch of the compat wall; may be nil.
	Count func(service string, used service.Switch)
	// Timestamp gives an RFC 3161 token for a digest; nonce may be nil. Nil: signatures/timestamp is not offered.
	Timestamp func(ctx context.Context, h crypto.Hash, digest []byte, nonce *big.Int) (token []byte, err error)
	// Documents makes AdES signatures around the core's. Nil: signatures/signDoc is not offered.
	Documents Documents
	// Large bounds how many whole documents are worked on at once; 4.
	Large int

	About About
	Times Times
	Batch int // digests in one authorization; 100 (R4.05)

	large chan struct{}
}

// Check reports every missing setting at once.
func (p *Provider) Check() error {
	var problems []error
	need := func(name string, missing bool) {
		if missing {
			problems = append(problems, fmt.Errorf("csc: %s is missing", name))
		}
	}
	if u, err := url.Parse(p.Issuer); err != nil || u.Host == "" || p.Issuer != u.Scheme+"://"+u.Host {
		problems = append(problems, fmt.Errorf("csc: issuer %q is not scheme and host only", p.Issuer))
	}
	need("Login", p.Login == nil)
	need("Signing", p.Signing == nil)
	need("Do", p.Do == nil)
	need("View", p.View == nil)
	need("Vault", p.Vault == nil)
	need("Pages.Fail", p.Pages.Fail == nil)
	need("Now", p.Now == nil)
	need("Rand", p.Rand == nil)
	need("Log", p.Log == nil)
	if a := p.Times.Access; a != 0 && (a < 5*time.Minute || a > time.Hour) {
		problems = append(problems, fmt.Errorf("csc: access tokens of %s live neither 5 minutes nor up to an hour", a))
	}
	if p.Batch < 0 || p.Batch > maxBatch {
		problems = append(problems, fmt.Errorf("csc: batches of %d; 1 to %d", p.Batch, maxBatch))
	}
	return errors.Join(problems...)
}

const (
	maxBatch = 100 // R4.05
	large    = 4
)

// The paths. Base is what the standard calls the base URI.
const (
	Base          = "/csc/v2/"
	PathAuthorize = Base + "oauth2/authorize"
	PathPushed    = Base + "oauth2/pushed_authorize"
	PathPAR       = Base + "oauth2/par"
	PathToken     = Base + "oauth2/token"
	PathRevoke    = Base + "oauth2/revoke"
	PathAnswer    = Base + "oauth2/signed/" // where our page sends the browser when the person has answered
	PathOpenAPI   = Base + "openapi.yaml"
	PathSign      = "/sign/authorize/" // page/sign's
)

// Mount adds the endpoints. Whoever guards other POSTs against cross-site forms must let POST /csc/ through: services post here from elsewhere, each endpoint has its
// own proof, and none reads a cookie. The pages that lead back to services must be allowed to post on to them (form-action).
func (p *Provider) Mount(mux *http.ServeMux) {
	p.Times, p.About = p.Times.defaults(), p.About.defaults(p.Issuer)
	if p.Batch == 0 {
		p.Batch = maxBatch
	}
	if p.Large == 0 {
		p.Large = large
	}
	p.large = make(chan struct{}, p.Large)

	for _, e := range p.endpoints() {
		path := Base + e.name
		p.handle(mux, path, e)
		if lower := strings.ToLower(path); lower != path { // for whoever lower-cases paths on the way
			p.handle(mux, lower, e)
		}
	}
	p.handle(mux, Base, endpoint{serve: notOffered})
	mux.Handle("GET "+PathAuthorize, p.person(p.authorize))
	mux.Handle("GET "+PathAuthorize+"/{id}", p.person(p.resume))
	mux.Handle("GET "+PathAnswer+"{id}", p.person(p.answered))
	for _, path := range metadataPaths() {
		mux.HandleFunc("GET "+path, p.metadata)
	}
	mux.HandleFunc("GET "+PathOpenAPI, serveOpenAPI)
}

func (p *Provider) handle(mux *http.ServeMux, path string, e endpoint) {
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		mux.Handle(method+" "+path, p.client(e))
	}
}

// endpoints lists what software visits. Those of oauth2 take forms, the others JSON; all take POST only.
func (p *Provider) endpoints() []endpoint {
	all := []endpoint{
		{name: "oauth2/pushed_authorize", serve: p.push},
		{name: "oauth2/par", serve: p.push},
		{name: "oauth2/token", serve: p.token},
		{name: "oauth2/revoke", serve: p.revoke},
		{name: "info", method: true, serve: p.info},
		{name: "credentials/list", method: true, serve: p.credentialsList},
		{name: "credentials/info", method: true, serve: p.credentialsInfo},
		{name: "credentials/authorize", method: true, serve: p.credentialsAuthorize},
		{name: "credentials/authorizeCheck", method: true, serve: p.credentialsAuthorizeCheck},
		{name: "credentials/getChallenge", method: true, serve: p.credentialsGetChallenge},
		{name: "credentials/extendTransaction", method: true, serve: p.credentialsExtendTransaction},
		{name: "signatures/signHash", method: true, serve: p.signHash},
	}
	if p.Documents != nil {
		all = append(all, endpoint{name: "signatures/signDoc", method: true, serve: p.signDoc},
			endpoint{name: "signatures/calculateHash", serve: p.calculateHash})
	}
	if p.Timestamp != nil {
		all = append(all, endpoint{name: "signatures/timestamp", method: true, serve: p.timestamp})
	}
	return all
}
