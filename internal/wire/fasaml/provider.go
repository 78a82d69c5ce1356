package fasaml

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
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/core/signkey"
)

// wire is the name under which transactions of this package are stored: no other wire can finish them (blueprint §4.9).
const wire = "fasaml"

// alg is what the ring calls its keys: services that are tied to this wire know nothing longer (cmd-authentication.md §1.7.4).
const alg = "RSA-2048"

// Tx is what a transaction must offer to this wire.
type Tx interface {
	service.Tx
	grant.Tx
}

// Vault is the keystore's part: pairwise names of people.
type Vault interface {
	KeyIDs() []string
	MACWith(keyID, label string, parts ...[]byte) ([]byte, error)
}

// Pages are what people see. Both are required.
type Pages struct {
	// Fail shows an error with its stable code, when there is no service that could safely be told.
	Fail func(w http.ResponseWriter, r *http.Request, status int, err error)
	// Post hands the browser to a service by a form that submits itself, and lets the page post there (form-action).
	Post func(w http.ResponseWriter, r *http.Request, action, serviceName string, fields []Field)
}

// Field is one field of a form, in order.
type Field struct{ Name, Value string }

// Provider is the SAML door of CMD. Fields are set once, before Mount. All are required but Aliases, the durations, Lang, Address and Count.
type Provider struct {
	// Issuer is the address that our own paths lie under: scheme and host, no path, no trailing slash.
	Issuer string
	// EntityID is who answers say they are from. Services compare it, character by character (question 5.37).
	EntityID string
	// Aliases are Destinations accepted beside our own: whole addresses, or hosts ("https://host") for all our paths on them (question 5.13).
	Aliases []string

	Login *login.Service
	Do    func(ctx context.Context, fn func(Tx) error) error // fn may be run again
	View  func(ctx context.Context, fn func(Tx) error) error
	Keys  *signkey.Service // a ring of this wire's own, with certificates
	Vault Vault
	Jar   cookie.Jar // of the compat realm
	Pages Pages
	Now   func() time.Time
	Rand  io.Reader
	Log   *slog.Logger

	// Lang guesses the language of a reader; nil means Portuguese.
	Lang func(*http.Request) string
	// Address is the network address of the person, for SubjectConfirmationData; nil or anything but an IP address leaves it out.
	Address func(*http.Request) string
	// Count is told of each use of a switch of the wall; may be nil.
	Count func(service string, used service.Switch)

	// Window is how far IssueInstant may lie from now, either way [5 min].
	Window time.Duration
	// AssertionLife is how long an assertion may be used [5 min].
	AssertionLife time.Duration

	probing  origins
	describe published
}

// requestLife is how long a verified request waits for the browser's next step, a redirect.
const requestLife = 2 * time.Minute

// Check reports every missing setting at once, and fills in the durations.
func (p *Provider) Check() error {
	var problems []error
	need := func(name string, missing bool) {
		if missing {
			problems = append(problems, fmt.Errorf("fasaml: %s is missing", name))
		}
	}
	if u, err := url.Parse(p.Issuer); err != nil || u.Host == "" || p.Issuer != u.Scheme+"://"+u.Host {
		problems = append(problems, fmt.Errorf("fasaml: issuer %q is not scheme and host only", p.Issuer))
	}
	for _, alias := range p.Aliases {
		if u, err := url.Parse(alias); err != nil || u.Scheme == "" || u.Host == "" {
			problems = append(problems, fmt.Errorf("fasaml: alias %q is not an address", alias))
		}
	}
	need("EntityID", p.EntityID == "")
	need("Login", p.Login == nil)
	need("Do", p.Do == nil)
	need("View", p.View == nil)
	need("Keys", p.Keys == nil)
	need("Vault", p.Vault == nil)
	need("Pages.Fail", p.Pages.Fail == nil)
	need("Pages.Post", p.Pages.Post == nil)
	need("Now", p.Now == nil)
	need("Rand", p.Rand == nil)
	need("Log", p.Log == nil)
	if !p.Jar.Compat {
		problems = append(problems, errors.New("fasaml: Jar is not the compat realm's"))
	}
	if p.Window <= 0 {
		p.Window = 5 * time.Minute
	}
	if p.AssertionLife <= 0 {
		p.AssertionLife = 5 * time.Minute
	}
	return errors.Join(problems...)
}

func (p *Provider) count(s service.Service, used service.Switch) {
	if p.Count != nil {
		p.Count(s.ID, used)
	}
}

// lang is the reader's language, as far as we know it.
func (p *Provider) lang(r *http.Request) string {
	if p.Lang == nil {
		return "pt"
	}
	return p.Lang(r)
}
