package oidc

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

// authorize begins a sign-in (OIDC Core §3.1.2). Errors without a registered address to answer to are pages of ours; all others go back to the service.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) error {
	in, err := oauth.Query(r)
	if r.Method == http.MethodPost {
		if r.URL.RawQuery != "" {
			return fault.New(fault.RequestMalformed)
		}
		in, err = oauth.Body(w, r)
	}
	if err != nil {
		return pageFault(err)
	}
	s, err := p.lookup(r, in.Get("client_id"))
	if !in.Has("client_id") {
		return in.NoAddress("client_id")
	}
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
	if r.Method == http.MethodPost {
		return p.backAsGet(w, r, s, q)
	}
	if q.silent() {
		return p.silent(w, r, s, q)
	}
	return p.begin(w, r, s, q)
}

// pageFault turns a refusal that must not leave by redirect into what a page can show.
func pageFault(err error) error {
	e := refusalOf(err)
	if e.Cause != nil {
		return err
	}
	return fault.New(e.Fault).Because(e)
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
	q, err := p.readRequest(s, in, &to)
	if err == nil && s.RequirePAR {
		err = oauth.Refuse(oauth.InvalidRequest, "this service must push its requests (RFC 9126)")
	}
	if err == nil {
		err = p.readIDTokenHint(r, s, in, &q)
	}
	q.reply = to
	return q, err
}

// readIDTokenHint notes who must sign in. A hint that is not ours, or not for this service, can name nobody.
func (p *Provider) readIDTokenHint(r *http.Request, s service.Service, in oauth.Form, q *request) error {
	if !in.Has("id_token_hint") {
		return nil
	}
	h, ours, err := p.readHint(r.Context(), in.Get("id_token_hint"))
	switch {
	case err != nil:
		return err
	case !ours || string(h.Service) != s.ID:
		return oauth.Refuse(oauth.InvalidRequest, "id_token_hint is not an ID token that was made here for this service")
	case q.Subject != "" && q.Subject != h.Subject:
		return oauth.Refuse(oauth.InvalidRequest, "id_token_hint and claims name different people")
	}
	q.Subject = h.Subject
	return nil
}

// backAsGet turns a request that came by POST into a visit: browsers keep our cookies (SameSite=Lax) from another site's form, and without them nobody is
// recognised. The request waits as a pushed one does.
func (p *Provider) backAsGet(w http.ResponseWriter, r *http.Request, s service.Service, q request) error {
	uri, err := p.push(r, q)
	if err != nil {
		return p.answerError(w, r, s, q.reply, err)
	}
	target := PathAuthorize + "?" + url.Values{"client_id": {s.ID}, "request_uri": {uri}}.Encode()
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}

func (p *Provider) loginRequest(r *http.Request, s service.Service, q request) (login.Request, error) {
	payload, err := json.Marshal(q)
	if err != nil {
		return login.Request{}, err
	}
	return login.Request{
		Wire: wire, Payload: payload, Resume: func(id string) string { return PathAuthorize + "/" + id }, Return: q.Redirect, Purpose: login.SignIn,
		Service: s, Ask: q.Ask, Offline: q.offline(), MinLevel: q.Level, MaxAge: q.maxAge(), Force: q.forced(), Lang: p.lang(r, q.Lang), Hint: q.Hint,
		Browser: p.Jar.Browser(r), Session: p.Jar.Session(r),
	}, nil
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

func (p *Provider) begin(w http.ResponseWriter, r *http.Request, s service.Service, q request) error {
	ask, err := p.loginRequest(r, s, q)
	if err != nil {
		return err
	}
	ask.Browser = p.Jar.EnsureBrowser(w, r, p.Rand)
	if q.Subject != "" && !ask.Force {
		// Somebody else's session would end in a refusal; asking who it is gives the right person a chance.
		same, err := p.sessionIs(r, s, q.Subject)
		if err != nil {
			return p.answerError(w, r, s, q.reply, err)
		}
		ask.Force = !same
	}
	t, err := p.Login.Begin(r.Context(), ask)
	if err != nil {
		return p.answerError(w, r, s, q.reply, err)
	}
	http.Redirect(w, r, "/signin/"+t.ID, http.StatusSeeOther)
	return nil
}

// sessionIs tells whether the browser's session, if there is one, belongs to the person whom a service knows by this subject.
func (p *Provider) sessionIs(r *http.Request, s service.Service, subject string) (bool, error) {
	_, person, err := p.Login.SessionOf(r.Context(), p.Jar.Session(r))
	if fault.Is(err, fault.SessionNeeded) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	its, err := p.subject(s, person.ID)
	return its == subject, err
}

// silent answers prompt=none: with a code, or with the error that says which page would have been needed (OIDC Core §3.1.2.6).
func (p *Provider) silent(w http.ResponseWriter, r *http.Request, s service.Service, q request) error {
	ask, err := p.loginRequest(r, s, q)
	if err != nil {
		return err
	}
	made := p.newIssuance()
	if ask.Force {
		err = fault.New(fault.SessionNeeded)
	} else {
		_, err = p.Login.Silent(r.Context(), ask, func(tx login.Tx, out login.Outcome) error {
			if err := p.issue(tx, s, q, out.Verified, made); err != nil {
				return err
			}
			if made.wrongPerson {
				return fault.New(fault.SessionNeeded)
			}
			return nil
		})
	}
	switch {
	case err == nil:
		return p.answerCode(w, r, s, q.reply, made.code)
	case fault.Is(err, fault.SessionNeeded):
		err = oauth.Refuse(loginRequired, "nobody is signed in, or not recently, not at the level or not as the person asked for").With(fault.SessionNeeded)
	case fault.Is(err, fault.RequiredNotShared):
		err = oauth.Refuse(consentRequired, "the person has not agreed to this in their session").With(fault.RequiredNotShared)
	case fault.IsKind(err, fault.Denied):
		err = oauth.Refuse(interactionRequired, "the person must be asked something").With(fault.Of(err).Code)
	}
	return p.answerError(w, r, s, q.reply, err)
}

func (p *Provider) newIssuance() *issuance {
	return &issuance{code: random.Handle(p.Rand), family: random.ID(p.Rand)}
}

// resume answers the service when the pages are done. The transaction is spent in the commit that writes the code: a reload finds it over.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) error {
	var (
		q    request
		s    service.Service
		made = p.newIssuance()
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
		return p.issue(tx, s, q, out.Verified, made)
	})
	if err != nil {
		return p.unfinished(w, r, out, err)
	}
	switch {
	case s.Closed || !registeredRedirect(s, q.Redirect): // changed while the person signed in
		return fault.New(fault.ReturnNotRegistered)
	case out.Refusal != "":
		return p.answerError(w, r, s, q.reply, refusedBy(out.Refusal, q.ACREssential))
	case made.wrongPerson:
		return p.answerError(w, r, s, q.reply, oauth.Refuse(loginRequired, "somebody else signed in than the request named").With(fault.SessionNeeded))
	}
	return p.answerCode(w, r, s, q.reply, made.code)
}

// unfinished answers for a sign-in that could not end: nothing was spent. A key that stopped working since the last page is a refusal, which the service learns
// like any other; all else stays here, where trying again may help.
func (p *Provider) unfinished(w http.ResponseWriter, r *http.Request, out login.Outcome, cause error) error {
	var q request
	if !fault.IsKind(cause, fault.Denied) || out.Payload == nil || json.Unmarshal(out.Payload, &q) != nil {
		return cause
	}
	s, err := p.lookup(r, out.Service)
	if err != nil || !registeredRedirect(s, q.Redirect) {
		return cause
	}
	return p.answerError(w, r, s, q.reply, refusedBy(fault.Of(cause).Code, q.ACREssential))
}
