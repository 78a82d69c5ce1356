package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"chave/demo/page"
	"chave/demo/saml"
	"chave/demo/services"
)

// samlName is how a SAML answer names somebody; signing out must repeat it.
type samlName struct{ id, format, index string }

// samlBegin starts a sign-in over SAML. The form for Chave is on a page of its own, so that going back to it makes a new request: one with an id
// that was used already is refused.
func (s *Service) samlBegin(w http.ResponseWriter, r *http.Request) error {
	browser := s.browser(r)
	if browser == "" {
		var err error
		if browser, err = s.random(); err != nil {
			return err
		}
	}
	s.setCookie(w, "browser", browser, 0)
	http.Redirect(w, r, "/saml/send", http.StatusSeeOther)
	return nil
}

// samlSend makes a request and hands it to the browser.
func (s *Service) samlSend(w http.ResponseWriter, r *http.Request) error {
	if s.browser(r) == "" { // nobody pressed the button here
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	state, started, err := s.begin(r)
	if err != nil {
		return err
	}
	var asks []saml.Ask
	for _, a := range s.asks {
		for _, uri := range services.PublicNames(a.Name) {
			asks = append(asks, saml.Ask{Name: uri, Required: a.Required})
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	m, err := s.party.AuthnRequest(ctx, asks, s.cfg.Registration.MinLevel)
	if err != nil {
		s.cfg.Log.WarnContext(r.Context(), "sign-in could not begin", "service", s.cfg.Registration.ID, "cause", err)
		return s.toFront(w, r, outcomeUnreachable)
	}
	started.request = m.ID
	s.memory.begin(state, started)
	return s.carry(w, r, "sending.html", m, state)
}

// carry shows a page whose form takes a message to Chave.
func (s *Service) carry(w http.ResponseWriter, r *http.Request, name string, m saml.Message, relay string) error {
	c := carrying{view: s.view(w, r), Action: m.Address, Fields: []hidden{{m.Field, m.Value}}}
	if relay != "" {
		c.Fields = append(c.Fields, hidden{"RelayState", relay})
	}
	return page.Render(w, http.StatusOK, s.pages, name, c)
}

// samlAnswer takes Chave's answer. It comes by a form from another origin, and on a real machine without our cookies: what it says is kept for
// a moment, and the browser that asked fetches it in the next step.
func (s *Service) samlAnswer(w http.ResponseWriter, r *http.Request) error {
	state := r.PostFormValue("RelayState")
	started, ok := s.memory.waiting(state)
	if !ok {
		http.Redirect(w, r, "/saml/arrived", http.StatusSeeOther)
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	a := arrival{browser: started.browser}
	answer, err := s.party.Response(ctx, r.PostFormValue("SAMLResponse"), started.request)
	var refused *saml.Refused
	switch {
	case errors.As(err, &refused):
		s.memory.take(state)
		s.cfg.Log.WarnContext(r.Context(), "sign-in refused", "service", s.cfg.Registration.ID, "cause", refused)
		a.outcome = outcomeOf(refused)
	case err != nil:
		s.cfg.Log.WarnContext(r.Context(), "sign-in could not end", "service", s.cfg.Registration.ID, "cause", err)
		a.outcome = outcomeMismatch
	default:
		if _, first := s.memory.take(state); !first {
			a.outcome = outcomeStale // the same answer twice at once
			break
		}
		a.session, a.outcome = s.known(answer)
	}
	handle, err := s.random()
	if err != nil {
		return err
	}
	s.memory.arrive(handle, a)
	http.Redirect(w, r, "/saml/arrived?"+url.Values{"answer": {handle}}.Encode(), http.StatusSeeOther)
	return nil
}

// samlArrived lets the browser in that asked, and no other.
func (s *Service) samlArrived(w http.ResponseWriter, r *http.Request) error {
	a, ok := s.memory.fetch(r.URL.Query().Get("answer"))
	if !ok || !same(a.browser, s.browser(r)) {
		return s.nothingWaits(w, r)
	}
	if a.outcome != "" {
		return s.toFront(w, r, a.outcome)
	}
	return s.letIn(w, r, a.session)
}

// known turns an answer into a session, unless the level is too low.
func (s *Service) known(a saml.Answer) (session, string) {
	if a.Level < s.cfg.Registration.MinLevel {
		return session{}, outcomeLevel
	}
	var all []given
	for _, one := range a.Attributes {
		all = append(all, given{strings.TrimSpace(one.Name), strings.Join(one.Values, ", "), one.State})
	}
	l := s.gather(s.way, all)
	l.Level, l.ACR, l.AuthTime = a.Level, a.Class, a.At
	l.Raw = []raw{{"response", a.XML}}
	return session{way: s.way, saml: samlName{a.NameID, a.NameFormat, a.SessionIndex}, learned: l}, ""
}

// outcomeOf says in this service's words why Chave let nobody in.
func outcomeOf(r *saml.Refused) string {
	switch {
	case r.Canceled():
		return "access_denied"
	case r.Second == "NoAuthnContext", strings.Contains(r.Message, "requested level"):
		return "unmet_authentication_requirements"
	case r.Second == "NoPassive":
		return "login_required"
	case r.Top == "Requester":
		return "invalid_request"
	case r.Top == "Responder" && r.Second == "":
		return "server_error"
	}
	return outcomeOther
}

// samlSignOut ends the session at Chave too. The one here is closed already, so that a failure leaves nobody signed in.
func (s *Service) samlSignOut(ctx context.Context, w http.ResponseWriter, r *http.Request, found session) error {
	m, err := s.party.LogoutRequest(ctx, found.saml.id, found.saml.format, found.saml.index)
	if err != nil {
		s.cfg.Log.WarnContext(r.Context(), "signing out could not begin", "service", s.cfg.Registration.ID, "cause", err)
		http.Redirect(w, r, "/signed-out", http.StatusSeeOther)
		return nil
	}
	state, started, err := s.begin(r)
	if err != nil {
		return err
	}
	started.request = m.ID
	s.memory.begin(state, started)
	return s.carry(w, r, "leaving.html", m, state)
}

// samlLogout takes both: Chave's answer to our request, and a request of its own because the session ended elsewhere.
func (s *Service) samlLogout(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	if asked := r.PostFormValue("SAMLRequest"); asked != "" {
		e, err := s.party.LogoutRequested(ctx, asked)
		if err != nil {
			s.cfg.Log.WarnContext(r.Context(), "logout request refused", "service", s.cfg.Registration.ID, "cause", err)
			return s.toFront(w, r, outcomeMismatch)
		}
		s.memory.end(func(one *session) bool { return one.way == s.way && e.Names(one.saml.id, one.saml.index) })
		return s.carry(w, r, "leaving.html", e.Answer, r.PostFormValue("RelayState"))
	}
	started, ok := s.memory.take(r.PostFormValue("RelayState"))
	err := fmt.Errorf("nobody asked")
	if ok {
		err = s.party.LogoutResponse(ctx, r.PostFormValue("SAMLResponse"), started.request)
	}
	if err != nil {
		// The person is signed out here, whatever was said there.
		s.cfg.Log.WarnContext(r.Context(), "logout answer refused", "service", s.cfg.Registration.ID, "cause", err)
		http.Redirect(w, r, "/signed-out?still", http.StatusSeeOther)
		return nil
	}
	http.Redirect(w, r, "/signed-out", http.StatusSeeOther)
	return nil
}
