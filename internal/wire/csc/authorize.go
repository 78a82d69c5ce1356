package csc

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

// authorize takes a person who comes from a service (§8.4.2). Errors without a registered address to answer to are pages of ours; all others go back to the service.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) error {
	in, err := oauth.Query(r)
	if err != nil {
		return pageFault(err)
	}
	if !in.Has("client_id") {
		return in.NoAddress("client_id")
	}
	s, err := p.lookup(r, in.Get("client_id"))
	if err != nil {
		return err
	}
	q, err := p.requestOf(r, s, in)
	switch {
	case q.Redirect == "":
		return pageFault(err)
	case err != nil:
		return p.answerError(w, r, s, q.reply, err)
	}
	if q.Scope == scopeCredential {
		return p.handOver(w, r, s, q)
	}
	return p.begin(w, r, s, q)
}

// requestOf reads the request from its parameters, or takes the one that was pushed. A request without Redirect has no address to answer to.
func (p *Provider) requestOf(r *http.Request, s service.Service, in oauth.Form) (request, error) {
	if uri := in.Get("request_uri"); strings.HasPrefix(uri, pushedPrefix) {
		if err := in.Once(); err != nil {
			return request{}, err
		}
		return p.takePushed(r, s, uri)
	}
	to, err := replyTo(s, in)
	if err != nil {
		return request{}, err
	}
	q, err := p.readRequest(in, to)
	if err == nil && s.RequirePAR {
		err = oauth.Refuse(oauth.InvalidRequest, "this service must push its requests (RFC 9126)")
	}
	q.reply = to
	return q, err
}

// begin starts the sign-in for scope service. Whoever may ask somebody to sign must know them by their phone at least.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, s service.Service, q request) error {
	payload, err := json.Marshal(q)
	if err != nil {
		return err
	}
	t, err := p.Login.Begin(r.Context(), login.Request{
		Wire: wire, Payload: payload, Resume: func(id string) string { return PathAuthorize + "/" + id }, Return: q.Redirect, Purpose: login.SignIn,
		Service: s, Offline: s.Refresh, MinLevel: max(s.MinLevel, service.LevelPhone), Force: q.Force, Lang: p.lang(r, q.Lang),
		Browser: p.Jar.EnsureBrowser(w, r, p.Rand), Session: p.Jar.Session(r),
	})
	if err != nil {
		return p.answerError(w, r, s, q.reply, err)
	}
	http.Redirect(w, r, "/signin/"+t.ID, http.StatusSeeOther)
	return nil
}

// lang is the language that a service asked for, or what we know of the reader.
func (p *Provider) lang(r *http.Request, asked string) string {
	if asked == "" && p.Lang != nil {
		asked = p.Lang(r)
	}
	if asked == "" {
		asked = "pt"
	}
	return asked
}

// code is what an authorization code stands for. Its row keeps only the digest of the code itself.
type code struct {
	reply
	Challenge string   `json:"challenge"`
	Given     *given   `json:"given,omitempty"` // of scope credential; a family otherwise
	Subject   *subject `json:"subject,omitempty"`
}

const (
	kindCode   grant.Kind = "csc-code"
	kindPushed grant.Kind = "csc-par"
)

// resume answers the service when the sign-in pages are done. The transaction is spent in the commit that writes family and code: a reload finds it over.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) error {
	var (
		q            request
		s            service.Service
		text, family = random.Handle(p.Rand), random.ID(p.Rand)
	)
	out, err := p.Login.Finish(r.Context(), r.PathValue("id"), p.Jar.Browser(r), wire, func(tx login.Tx, out login.Outcome) error {
		if err := json.Unmarshal(out.Payload, &q); err != nil {
			return err
		}
		found, err := tx.Service(out.Service)
		if err != nil {
			return err
		}
		s = found
		if out.Refusal != "" {
			return nil
		}
		return p.issue(tx, s, q, out.Verified, text, family)
	})
	if err != nil {
		return p.unfinished(w, r, out, err)
	}
	switch {
	case !speaks(s) || !slices.Contains(s.RedirectURIs, q.Redirect): // changed while the person signed in
		return fault.New(fault.ReturnNotRegistered)
	case out.Refusal != "":
		return p.answerError(w, r, s, q.reply, refusedBy(out.Refusal))
	}
	return p.answerTo(w, q.reply, oauth.Field{Name: "code", Value: text})
}

// issue writes family and code in the commit that spends the sign-in.
func (p *Provider) issue(tx grant.Tx, s service.Service, q request, v login.Verified, text, family string) error {
	if !v.Proven() || v.Service() != s.ID || v.Level() < max(s.MinLevel, service.LevelPhone) {
		return fault.New(fault.LevelTooLow)
	}
	now := p.Now()
	life := p.Times.Code + p.Times.Access
	if s.Refresh {
		life = max(life, p.Times.Refresh)
	}
	err := tx.InsertFamily(grant.Family{
		ID: family, Person: v.Person(), Service: s.ID, Session: v.Session(), Payload: []byte(scopeService), Generation: 1, CreatedAt: now, ExpiresAt: now.Add(life),
	})
	if err != nil {
		return err
	}
	return p.writeCode(tx, text, family, code{reply: q.reply, Challenge: q.Challenge})
}

func (p *Provider) writeCode(tx grant.Tx, text, family string, c code) error {
	payload, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return tx.InsertSingle(grant.Single{
		Kind: kindCode, Digest: grant.Digest(kindCode, text), Payload: payload, Family: family, ExpiresAt: p.Now().Add(p.Times.Code),
	})
}

// unfinished answers for a sign-in that could not end: nothing was spent. A key that stopped working since the last page is a refusal, which the service learns
// like any other; all else stays here, where trying again may help.
func (p *Provider) unfinished(w http.ResponseWriter, r *http.Request, out login.Outcome, cause error) error {
	var q request
	if !fault.IsKind(cause, fault.Denied) || out.Payload == nil || json.Unmarshal(out.Payload, &q) != nil {
		return cause
	}
	s, err := p.lookup(r, out.Service)
	if err != nil || !slices.Contains(s.RedirectURIs, q.Redirect) {
		return cause
	}
	return p.answerError(w, r, s, q.reply, refusedBy(fault.Of(cause).Code))
}

// answerError hands a refusal to the service (RFC 6749 §4.1.2.1). Our own failures are logged here.
func (p *Provider) answerError(w http.ResponseWriter, r *http.Request, s service.Service, to reply, err error) error {
	e := refusalOf(err)
	if e.Name == oauth.ServerError || e.Name == oauth.TemporarilyUnavailable {
		p.Log.ErrorContext(r.Context(), "authorization request failed", "service", s.ID, "code", e.Fault, "err", err)
	}
	return p.answerTo(w, to, oauth.Field{Name: "error", Value: e.Name}, oauth.Field{Name: "error_description", Value: string(e.Fault) + ": " + e.Description()})
}

// answerTo sends fields to a checked address: with state as it came, and iss in every answer, so that a service that uses several providers knows which one
// answers (RFC 9207, B4). 303 makes the browser forget the form that led here (RFC 9700 §4.12).
func (p *Provider) answerTo(w http.ResponseWriter, to reply, fields ...oauth.Field) error {
	if to.Redirect == "" {
		return errors.New("csc: an answer without a checked address")
	}
	if len(to.State) > 0 {
		fields = append(fields, oauth.Field{Name: "state", Value: string(to.State)})
	}
	fields = append(fields, oauth.Field{Name: "iss", Value: p.oauthIssuer()})
	w.Header().Set("Location", oauth.WithQuery(to.Redirect, fields))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
