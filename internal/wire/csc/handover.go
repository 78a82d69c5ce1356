package csc

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/oauth"
)

const (
	kindHandover grant.Kind = "csc-handover" // waits for the person's answer on our page
	kindAnswer   grant.Kind = "csc-answer"   // the answer, until the browser comes back with it
)

// handed is a request that our page puts before a person. Session is what the permit will be bound to (T2): a name of its own, which never stands in an address.
type handed struct {
	request
	Session string `json:"session"`
	Browser []byte `json:"browser"` // digest of the browser's cookie
}

// given is what came of a yes: the permit, and what it was given for. It is sealed with the row that holds it.
type given struct {
	Handle string `json:"handle"`
	bound
	Until time.Time `json:"until"`
}

// outcome is a hand-over after the person's answer.
type outcome struct {
	handed
	Refusal fault.Code `json:"refusal,omitempty"`
	Given   *given     `json:"given,omitempty"`
}

// handOver sends the person to our page, where PIN and code stay between them and us (security.md §9).
func (p *Provider) handOver(w http.ResponseWriter, r *http.Request, s service.Service, q request) error {
	q.Lang = p.lang(r, q.Lang)
	h := handed{request: q, Session: random.ID(p.Rand), Browser: login.Digest(p.Jar.EnsureBrowser(w, r, p.Rand))}
	payload, err := json.Marshal(h)
	if err != nil {
		return err
	}
	id := random.Handle(p.Rand)
	err = p.Do(r.Context(), func(tx Tx) error {
		return tx.InsertSingle(grant.Single{
			Kind: kindHandover, Digest: grant.Digest(kindHandover, id), Payload: payload, ExpiresAt: p.Now().Add(p.Times.Handover),
		})
	})
	if err != nil {
		return p.answerError(w, r, s, q.reply, err)
	}
	http.Redirect(w, r, PathSign+id, http.StatusSeeOther)
	return nil
}

// Load is what our page shows. A hand-over that was answered or whose time is over is none; a service that was closed since asks for nothing.
func (p *Provider) Load(ctx context.Context, id string) (signing.Handover, error) {
	var (
		h handed
		s service.Service
	)
	err := p.View(ctx, func(tx Tx) error {
		one, err := tx.Single(kindHandover, grant.Digest(kindHandover, id))
		if fault.Is(err, fault.RowNotFound) {
			return fault.New(fault.GrantUnknown)
		}
		if err != nil {
			return err
		}
		switch {
		case !one.SpentAt.IsZero():
			return fault.New(fault.GrantSpent)
		case !p.Now().Before(one.ExpiresAt):
			return fault.New(fault.GrantExpired)
		}
		if err := json.Unmarshal(one.Payload, &h); err != nil {
			return err
		}
		s, err = tx.Service(h.Client)
		return err
	})
	if err == nil && !speaks(s) {
		err = fault.New(fault.ServiceUnknown)
	}
	if err != nil {
		return signing.Handover{}, err
	}
	return signing.Handover{
		ID: id, Service: s, KeyID: h.Subject.Credential, Hash: h.Subject.Hash, Documents: h.Subject.documents(s, h.Lang), Lang: h.Lang, Session: h.Session,
	}, nil
}

// Confirmed takes the permit of a person who said yes, and tells where the browser goes: to an address of ours, which hands the code to the service only in the
// browser that the service sent. A permit for anything else than what was asked is refused (T2).
func (p *Provider) Confirmed(ctx context.Context, id string, permit signing.Permit) (back string, err error) {
	return p.close(ctx, id, func(h handed) (outcome, error) {
		op := permit.Operation
		if op.Application != h.Client || op.Session != h.Session || op.Hash != h.Subject.Hash || !sameDigests(op.Documents, h.Subject.Digests) ||
			h.Subject.Credential != "" && op.KeyID != h.Subject.Credential || permit.Handle == "" {
			return outcome{}, fault.New(fault.PermitMismatch)
		}
		return outcome{handed: h, Given: &given{Handle: permit.Handle, Until: permit.Until, bound: boundTo(op, "")}}, nil
	})
}

// Refused takes the person's no.
func (p *Provider) Refused(ctx context.Context, id string) (back string, err error) {
	return p.close(ctx, id, func(h handed) (outcome, error) { return outcome{handed: h, Refusal: fault.RefusedByPerson}, nil })
}

func sameDigests(documents []signing.Document, digests [][]byte) bool {
	return slices.EqualFunc(documents, digests, func(d signing.Document, digest []byte) bool { return bytes.Equal(d.Digest, digest) })
}

// close spends a hand-over and keeps its outcome for the browser.
func (p *Provider) close(ctx context.Context, id string, decide func(handed) (outcome, error)) (string, error) {
	reused := false
	err := p.Do(ctx, func(tx Tx) error {
		now := p.Now()
		one, again, err := grant.Take(tx, kindHandover, id, now)
		if err != nil {
			return err
		}
		if reused = again; reused {
			return nil
		}
		var h handed
		if err := json.Unmarshal(one.Payload, &h); err != nil {
			return err
		}
		out, err := decide(h)
		if err != nil {
			return err
		}
		payload, err := json.Marshal(out)
		if err != nil {
			return err
		}
		until := now.Add(p.Times.Code)
		return tx.InsertSingle(grant.Single{Kind: kindAnswer, Digest: grant.Digest(kindAnswer, id), Payload: payload, ExpiresAt: until})
	})
	switch {
	case err != nil:
		return "", err
	case reused:
		return "", fault.New(fault.GrantSpent)
	}
	return PathAnswer + id, nil
}

// answered hands the outcome to the service. Only the browser that the service sent gets it: an address that was passed on to somebody else ends here, and what they
// agreed to goes nowhere.
func (p *Provider) answered(w http.ResponseWriter, r *http.Request) error {
	var (
		out    outcome
		s      service.Service
		reused bool
		id     = r.PathValue("id")
		text   = random.Handle(p.Rand)
	)
	browser := p.Jar.Browser(r)
	err := p.Do(r.Context(), func(tx Tx) error {
		out = outcome{}
		one, err := tx.Single(kindAnswer, grant.Digest(kindAnswer, id))
		if fault.Is(err, fault.RowNotFound) {
			return fault.New(fault.GrantUnknown)
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal(one.Payload, &out); err != nil {
			return err
		}
		if browser == "" || subtle.ConstantTimeCompare(login.Digest(browser), out.Browser) != 1 {
			return fault.New(fault.LoginOtherBrowser)
		}
		if _, reused, err = grant.Take(tx, kindAnswer, id, p.Now()); err != nil || reused {
			return err
		}
		if s, err = tx.Service(out.Client); err != nil {
			return err
		}
		if out.Given == nil || !speaks(s) {
			return nil
		}
		return p.writeCode(tx, text, "", code{reply: out.reply, Challenge: out.Challenge, Given: out.Given, Subject: out.Subject})
	})
	switch {
	case err != nil:
		return err
	case reused:
		return fault.New(fault.GrantSpent)
	case !speaks(s) || !slices.Contains(s.RedirectURIs, out.Redirect):
		return fault.New(fault.ReturnNotRegistered)
	case out.Given == nil:
		return p.answerError(w, r, s, out.reply, refusedBy(out.Refusal))
	}
	return p.answerTo(w, out.reply, oauth.Field{Name: "code", Value: text})
}

// bound is what a SAD was given for. Core's permit holds the same with the digests; this is here so that what does not fit is told apart before anything is spent.
type bound struct {
	Client    string     `json:"client"`
	Person    citizen.ID `json:"person"`
	Session   string     `json:"session"`
	Key       string     `json:"key"`
	Operation string     `json:"operation"`
	// Family is the sign-in whose access token asked for it: nobody else's token may use it. Empty for a hand-over, which needs none.
	Family string `json:"family,omitempty"`
}

func boundTo(op signing.Operation, family string) bound {
	return bound{Client: op.Application, Person: op.Person, Session: op.Session, Key: op.KeyID, Operation: op.ID, Family: family}
}

func (b bound) ref() signing.Ref {
	return signing.Ref{ID: b.Operation, Application: b.Client, Person: b.Person, Session: b.Session}
}
