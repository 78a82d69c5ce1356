package faoauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"chave/internal/cookie"
	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/core/signkey"
	"chave/internal/page/ui"
)

// The names under which sign-ins of this package are stored: no other wire can finish them (blueprint §4.9).
const (
	wire   = "faoauth"
	wireQR = "faqr"
)

// Tx is what a transaction must offer to this wire.
type Tx interface {
	service.Tx
	grant.Tx
	audit.Tx

	// Person and Key tell whose attributes a source is asked for, and whether the key still works.
	Person(citizen.ID) (citizen.Person, error)
	Key(citizen.ID) (credential.Key, error)
}

// Pages are what people see when there is no service to send them to.
type Pages struct {
	// Fail shows any error with its stable code.
	Fail func(w http.ResponseWriter, r *http.Request, status int, err error)
}

// Times are lives of what is handed out. Zero ones are filled with the defaults in brackets.
type Times struct {
	Token     time.Duration // access token [300 s]
	LongToken time.Duration // access token of a service with the switch long_token [86,400 s]
	Refresh   time.Duration // no token outlives its sign-in by more than this [30 days, §2.4]
	Pending   time.Duration // after this a source that has not answered is taken to have nothing [60 s, §2.3.2]
	Deadline  time.Duration // a QR-code request waits no longer than this, whatever it asks for [24 h]
	Retry     time.Duration // before the second try to deliver a decision; doubled at each further one, in real time [2 s]
}

func (t Times) defaults() Times {
	set := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	set(&t.Token, 300*time.Second)
	set(&t.LongToken, 86400*time.Second)
	set(&t.Refresh, 30*24*time.Hour)
	set(&t.Pending, time.Minute)
	set(&t.Deadline, 24*time.Hour)
	set(&t.Retry, 2*time.Second)
	return t
}

// Provider is the OAuth door. Fields are set once, before Mount; all are required but Lang, Count, Sources, Client and Times.
type Provider struct {
	// Issuer is our address: scheme and host, no path, no trailing slash.
	Issuer string
	Login  *login.Service
	Do     func(ctx context.Context, fn func(Tx) error) error // fn may be run again
	View   func(ctx context.Context, fn func(Tx) error) error
	// Keys is the ring "fa": it signs what the QR-code door hands out.
	Keys  *signkey.Service
	Jar   cookie.Jar // the compat realm's
	Pages Pages
	Now   func() time.Time
	Rand  io.Reader
	Log   *slog.Logger

	// Lang guesses the language of a reader; nil means Portuguese.
	Lang func(*http.Request) string
	// Count is told of each use of a switch of the wall; nil counts nothing.
	Count func(service string, used service.Switch)
	// Sources hold the attributes that Chave does not; nil for none.
	Sources *consent.Sources
	// Client delivers decisions on QR-code requests. Its transport decides which addresses can be reached at all; redirects are never followed. nil: a client
	// with a time limit of its own.
	Client *http.Client
	Times  Times

	work    sync.WaitGroup // questions to sources and deliveries that are out
	asking  slots
	sending slots
	seeing  slots
	pace    pace
	domains domains
}

// Check reports every missing setting at once.
func (p *Provider) Check() error {
	var problems []error
	need := func(name string, missing bool) {
		if missing {
			problems = append(problems, fmt.Errorf("faoauth: %s is missing", name))
		}
	}
	if u, err := url.Parse(p.Issuer); err != nil || u.Host == "" || p.Issuer != u.Scheme+"://"+u.Host {
		problems = append(problems, fmt.Errorf("faoauth: issuer %q is not scheme and host only", p.Issuer))
	}
	need("Login", p.Login == nil)
	need("Do", p.Do == nil)
	need("View", p.View == nil)
	need("Keys", p.Keys == nil)
	need("Pages.Fail", p.Pages.Fail == nil)
	need("Now", p.Now == nil)
	need("Rand", p.Rand == nil)
	need("Log", p.Log == nil)
	return errors.Join(problems...)
}

// The paths, in lower case: whoever routes here lowers the path of a request first, because clients write it in any (§1.1). Queries stay as they came.
const (
	PathAuthorize = "/oauth/askauthorization"
	PathLanding   = "/oauth/authorized"
	PathResume    = "/oauth/resume/"
	PathRevoke    = "/oauth/revoke"
	PathRefresh   = "/oauth/service/authenticationjwt.svc/refreshtoken"
	PathManager   = "/oauthresourceserver/api/attributemanager"
	PathResource  = "/oauthresourceserver/api/resource"
	PathService   = "/oauthresourceserver/service/resourcejwt.svc/"
	PathQRCreate  = "/authorizationsystemfrontend/authorizationsystem/frontend/request/qrcodeauthentication"
	PathQRAllow   = "/authorizationsystemfrontend/authorizationsystem/frontend/request/authorization"
)

// landing is how the static page is written in answers: clients look for this, in any letter case (§2.2).
const landing = "/OAuth/Authorized"

// Mount adds the endpoints. Services and their browsers post to /oauth/, /oauthresourceserver/ and /authorizationsystemfrontend/ from elsewhere: whoever guards other
// POSTs against cross-site forms must let these through. None of them looks at a cookie. The pages that lead here must be allowed to post on to the services
// (form-action).
func (p *Provider) Mount(mux *http.ServeMux) {
	p.Times = p.Times.defaults()
	p.asking, p.sending, p.seeing = newSlots(256), newSlots(64), newSlots(2)
	mux.Handle("GET "+PathAuthorize, p.person(p.authorize))
	mux.Handle("GET "+PathResume+"{id}", p.person(p.resume))
	mux.Handle("GET "+PathLanding, p.person(p.landed))

	p.api(mux, PathManager, shared, map[string]serve{"GET": p.collect, "POST": p.start})
	p.api(mux, PathResource, shared, map[string]serve{"GET": p.resource, "POST": p.resource})
	p.api(mux, PathRevoke, shared, map[string]serve{"POST": p.revoke})
	p.api(mux, PathRefresh, shared, map[string]serve{"POST": p.refresh})
	p.api(mux, PathService+"resourcejwt", unshared, map[string]serve{"POST": p.resourceJWT})
	p.api(mux, PathService+"beginattributerequest", unshared, map[string]serve{"POST": p.beginJWT})
	p.api(mux, PathService+"fetchattributes", unshared, map[string]serve{"POST": p.fetchJWT})
	p.api(mux, PathQRCreate, unshared, map[string]serve{"POST": p.create(kindSignIn)})
	p.api(mux, PathQRAllow, unshared, map[string]serve{"POST": p.create(kindAllow)})
}

// person wraps an endpoint that a person's browser visits: an error becomes a page.
func (p *Provider) person(serve func(http.ResponseWriter, *http.Request) error) http.Handler {
	return ui.Visit(serve, p.failed)
}

// Settle waits until no question to a source and no delivery is out, at most until ctx ends; for tests, and for a server that stops.
func (p *Provider) Settle(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		p.work.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// slots bound work that runs at the same time. A nil one has no room.
type slots chan struct{}

func newSlots(n int) slots { return make(slots, n) }

// try takes a slot, or tells that there is none.
func (s slots) try() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) free() { <-s }
