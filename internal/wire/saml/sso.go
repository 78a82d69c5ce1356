package saml

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
)

// sso takes an AuthnRequest (SAML profiles §4.1). Until the service is known by its signature, and the address by its registration, whatever is wrong stays on
// a page of ours; from then on the service is told.
func (p *Provider) sso(w http.ResponseWriter, r *http.Request) error {
	in, err := receive(w, r)
	if err != nil {
		return err
	}
	if in.response {
		return fault.New(fault.MessageUnexpected)
	}
	claimed, malformed := format.ParseAuthnRequest(in.root)
	if claimed.ID == "" || claimed.Issuer == "" { // another message, or one that no answer could name
		return unreadable(malformed)
	}
	s, err := p.sender(r, claimed.Issuer, claimed.IssuerFormat)
	if err != nil {
		return err
	}
	root, err := p.believe(in, s, s.SAML.UnsignedRequests)
	if err != nil {
		return err
	}
	m, malformed := format.ParseAuthnRequest(root)
	if m.ID == "" || m.Issuer != s.SAML.Issuer { // the key of one service must not speak for another
		return fault.New(fault.SignatureInvalid)
	}
	to := reply{Service: s.ID, ID: m.ID, Relay: in.relay}
	if len(to.Relay) > maxRelay {
		to.Relay = nil
	}
	if to.ACS, err = consumer(s, m); err != nil {
		return err
	}
	q, err := p.check(s, m, malformed, in.relay)
	q.reply = to
	if err != nil {
		return p.answerError(w, r, s, to, err)
	}
	if r.Method == http.MethodPost {
		err = p.backAsGet(w, r, kindSSO, "r", m.Message, q)
	} else if err = p.Do(r.Context(), func(tx Tx) error { return p.once(tx, m.Message) }); err == nil {
		return p.signIn(w, r, s, q)
	}
	if err != nil {
		return p.answerError(w, r, s, to, err)
	}
	return nil
}

// registered reads the service of an answer again: it may have been changed while the person signed in.
func (p *Provider) registered(r *http.Request, to reply) (service.Service, error) {
	var s service.Service
	err := p.View(r.Context(), func(tx Tx) (err error) {
		s, err = tx.Service(to.Service)
		return err
	})
	if err == nil && !open(s, to) {
		err = fault.New(fault.ReturnNotRegistered)
	}
	return s, err
}

// open tells whether a service may still be answered there.
func open(s service.Service, to reply) bool {
	return !s.Closed && s.SAML != nil && s.SAML.Wire == service.WireSAML && slices.Contains(s.SAML.ACS, to.ACS)
}

// signIn goes to the pages, or answers a passive request at once.
func (p *Provider) signIn(w http.ResponseWriter, r *http.Request, s service.Service, q request) error {
	payload, err := json.Marshal(q)
	if err != nil {
		return err
	}
	ask := login.Request{
		Wire: wire, Payload: payload, Resume: func(id string) string { return PathResume + id }, Return: q.ACS, Purpose: login.SignIn,
		Service: s, Ask: asksOf(s), MinLevel: q.Level, Force: q.Force, Lang: p.lang(r), Browser: p.Jar.Browser(r), Session: p.Jar.Session(r),
	}
	if q.Passive {
		return p.silent(w, r, s, q, ask)
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

// sessionIs tells whether the browser's session, if there is one, is of the person whom the service knows by this name.
func (p *Provider) sessionIs(r *http.Request, s service.Service, name string) (bool, error) {
	session, person, err := p.Login.SessionOf(r.Context(), p.Jar.Session(r))
	if fault.Is(err, fault.SessionNeeded) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return p.named(s, name, session, person.ID)
}

// silent answers IsPassive: from a session, or with the refusal that says that a page would have been needed. ForceAuthn beside it can never be met
// (SAML core §3.4.1).
func (p *Provider) silent(w http.ResponseWriter, r *http.Request, s service.Service, q request, ask login.Request) error {
	noPassive := func(code fault.Code, says string) error {
		return p.answerError(w, r, s, q.reply, responder(format.StatusNoPassive, code, says))
	}
	if q.Force {
		return noPassive(fault.PassiveImpossible, "ForceAuthn needs pages")
	}
	made := issuance{}
	_, err := p.Login.Silent(r.Context(), ask, func(tx login.Tx, out login.Outcome) error {
		if err := p.issue(tx, s, q, out.Verified, &made); err != nil {
			return err
		}
		if made.wrongPerson {
			return fault.New(fault.SessionNeeded)
		}
		return nil
	})
	switch {
	case err == nil:
		return p.answer(w, r, s, q, made)
	case fault.Is(err, fault.SessionNeeded):
		return noPassive(fault.PassiveImpossible, "nobody is signed in, or not at the level or not as the person asked for")
	case fault.IsKind(err, fault.Denied):
		return noPassive(fault.PassiveImpossible, "the person must be asked something")
	}
	return p.answerError(w, r, s, q.reply, err)
}

// issuance is what an answer needs beside the proof.
type issuance struct {
	verified    login.Verified
	level       service.Level // what is reported
	name        nameID
	index       string
	sessionEnds time.Time
	wrongPerson bool // somebody else signed in than the request named
}

// issue prepares an answer in the commit that spends the sign-in, and notes there that this session has opened the service, for a logout to know.
func (p *Provider) issue(tx login.Tx, s service.Service, q request, v login.Verified, made *issuance) error {
	*made = issuance{verified: v}
	if !v.Proven() || v.Service() != s.ID || v.Level() < max(s.MinLevel, q.Level) {
		return fault.New(fault.LevelTooLow)
	}
	made.level = service.Level(v.Answered().Level(int(v.Level())))
	session, err := tx.Session(v.Session())
	if err != nil {
		return err
	}
	if q.Subject != "" {
		same, err := p.named(s, q.Subject, session, v.Person())
		if err != nil {
			return err
		}
		if made.wrongPerson = !same; !same {
			return nil
		}
	}
	if made.name, err = p.name(s, q.NameID, v.Person(), session.ID); err != nil {
		return err
	}
	if made.index, err = p.index(s, session.ID); err != nil {
		return err
	}
	made.sessionEnds = session.StartedAt.Add(p.Login.Times.SessionMax)
	return noteOpened(tx, s, session.ID, q.NameID, made.sessionEnds)
}

// resume answers the service when the pages are done. The transaction is spent before anything is signed: a reload finds it over.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) error {
	var (
		q    request
		s    service.Service
		made issuance
	)
	out, err := p.Login.Finish(r.Context(), r.PathValue("id"), p.Jar.Browser(r), wire, func(tx login.Tx, out login.Outcome) error {
		if err := json.Unmarshal(out.Payload, &q); err != nil {
			return err
		}
		found, err := tx.Service(out.Service)
		if err != nil {
			return err
		}
		if s = found; out.Refusal != "" || !open(s, q.reply) {
			return nil
		}
		return p.issue(tx, s, q, out.Verified, &made)
	})
	if err != nil {
		return p.unfinished(w, r, out, err)
	}
	switch {
	case !open(s, q.reply): // changed while the person signed in
		return fault.New(fault.ReturnNotRegistered)
	case out.Refusal != "":
		return p.answerError(w, r, s, q.reply, fault.New(out.Refusal))
	case made.wrongPerson:
		return p.answerError(w, r, s, q.reply, responder(format.StatusUnknownPrincipal, fault.SessionNeeded, "somebody else signed in than the request named"))
	}
	return p.answer(w, r, s, q, made)
}

// unfinished answers for a sign-in that could not end: nothing was spent. A key that stopped working since the last page is a refusal, which the service learns
// like any other; all else stays here, where trying again may help.
func (p *Provider) unfinished(w http.ResponseWriter, r *http.Request, out login.Outcome, cause error) error {
	var q request
	if !fault.IsKind(cause, fault.Denied) || out.Payload == nil || json.Unmarshal(out.Payload, &q) != nil {
		return cause
	}
	s, err := p.registered(r, q.reply)
	if err != nil {
		return cause
	}
	return p.answerError(w, r, s, q.reply, cause)
}
