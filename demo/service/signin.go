package service

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// Outcomes of a sign-in that did not end in a session, as the front page explains them. Codes of
// OAuth (RFC 6749 §4.1.2.1) and OpenID Connect keep their names; the rest are this service's own.
const (
	outcomeUnreachable = "unreachable"
	outcomeMismatch    = "mismatch"
	outcomeStale       = "stale"
	outcomeLevel       = "level_too_low"
	outcomeOther       = "other"
)

// signIn starts a sign-in: remembers what the answer must match and sends the browser to Chave.
func (s *Service) signIn(w http.ResponseWriter, r *http.Request) error {
	state, started, err := s.begin(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	address, err := s.op.authorize(ctx, state, started, s.lang(w, r))
	if err != nil {
		s.cfg.Log.WarnContext(r.Context(), "sign-in could not begin", "service", s.cfg.Registration.ID, "cause", err)
		return s.toFront(w, r, outcomeUnreachable)
	}
	s.memory.begin(state, started)
	s.setCookie(w, "browser", started.browser, 0)
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// begin makes what the answer to a request must match, whatever the wire. Each wire uses what it has a place for.
func (s *Service) begin(r *http.Request) (state string, started pending, err error) {
	started.browser = s.browser(r)
	for _, value := range []*string{&state, &started.nonce, &started.verifier, &started.browser} {
		if *value != "" {
			continue // a browser that has been here keeps its name: two tabs may sign in at once
		}
		if *value, err = s.random(); err != nil {
			return "", pending{}, err
		}
	}
	return state, started, nil
}

// callback takes Chave's answer. Whatever happens, the browser lands on the front page: a refresh
// or the back button then repeats nothing.
func (s *Service) callback(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	started, ok := s.memory.take(q.Get("state"))
	if !ok || !same(started.browser, s.browser(r)) {
		return s.nothingWaits(w, r)
	}
	ctx, cancel := context.WithTimeout(r.Context(), 15*time.Second)
	defer cancel()
	op, err := s.op.discover(ctx)
	if err != nil {
		return s.toFront(w, r, outcomeUnreachable)
	}
	// Mix-up defence, RFC 9207 §2.4: an answer that names another issuer, or none although the
	// provider promises one, is not ours. That holds for error answers too.
	if iss := q.Get("iss"); iss != s.cfg.Issuer && (iss != "" || op.issAlways) {
		s.cfg.Log.WarnContext(r.Context(), "answer of another issuer", "service", s.cfg.Registration.ID)
		return s.toFront(w, r, outcomeMismatch)
	}
	if code := q.Get("error"); code != "" {
		return s.toFront(w, r, code)
	}
	opened, err := s.op.finish(ctx, q.Get("code"), started)
	if err != nil {
		s.cfg.Log.WarnContext(r.Context(), "sign-in could not end", "service", s.cfg.Registration.ID, "cause", tellable(err))
		if errors.Is(err, errLevel) {
			return s.toFront(w, r, outcomeLevel)
		}
		return s.toFront(w, r, outcomeMismatch)
	}
	return s.letIn(w, r, opened)
}

// letIn opens a session and shows it.
func (s *Service) letIn(w http.ResponseWriter, r *http.Request, opened session) error {
	// A new id at every sign-in: one that somebody planted before it is worth nothing (ASVS 7.2.4).
	id, err := s.random()
	if err != nil {
		return err
	}
	s.memory.close(s.sessionID(r))
	s.memory.open(id, opened)
	s.setCookie(w, "session", id, 0)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// nothingWaits answers somebody whose answer belongs to no request of this browser: the back button after a finished sign-in, or an answer meant for
// another browser (login CSRF, RFC 9700 §4.7).
func (s *Service) nothingWaits(w http.ResponseWriter, r *http.Request) error {
	if _, in := s.session(r); in {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	return s.toFront(w, r, outcomeStale)
}

// same compares what a browser shows with what was given to it.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// tellable takes the response body out of an oauth2 error: it may echo what was sent.
func tellable(err error) string {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Sprintf("token endpoint: %s", e.ErrorCode)
	}
	return err.Error()
}

// toFront leads to the front page, which explains the outcome.
func (s *Service) toFront(w http.ResponseWriter, r *http.Request, outcome string) error {
	if !s.texts.Has("outcome." + outcome + ".title") {
		outcome = outcomeOther
	}
	http.Redirect(w, r, "/?"+url.Values{"outcome": {outcome}}.Encode(), http.StatusSeeOther)
	return nil
}

func (s *Service) random() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

func (s *Service) setCookie(w http.ResponseWriter, name, value string, maxAge int) {
	// Lax, not Strict: the answer comes back by a top-level navigation from another origin.
	http.SetCookie(w, &http.Cookie{
		Name: s.cookie + name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Service) browser(r *http.Request) string   { return s.cookieValue(r, "browser") }
func (s *Service) sessionID(r *http.Request) string { return s.cookieValue(r, "session") }

func (s *Service) cookieValue(r *http.Request, name string) string {
	if c, err := r.Cookie(s.cookie + name); err == nil {
		return c.Value
	}
	return ""
}

// session finds who is signed in. Somebody whose session Chave ended is not.
func (s *Service) session(r *http.Request) (session, bool) {
	found, ok := s.memory.session(s.sessionID(r))
	return found, ok && !found.ended
}
