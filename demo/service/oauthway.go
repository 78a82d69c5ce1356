package service

import (
	"context"
	"io"
	"net/http"
	"time"

	"chave/demo/page"
	"chave/demo/saml"
	"chave/demo/services"
)

// How long attributes are waited for: a visitor a few seconds, a source a minute, then what is missing stays missing (cmd-authentication.md §2.3.2).
const (
	pollEvery    = time.Second
	pollAtOnce   = 5
	sourcePeriod = time.Minute
)

// collecting is what is needed to ask for attributes that are still on their way. The token is kept no longer than that.
type collecting struct {
	token, contextID string
	since            time.Time
}

// oauthBegin starts a sign-in over CMD's OAuth door.
func (s *Service) oauthBegin(w http.ResponseWriter, r *http.Request) error {
	state, started, err := s.begin(r)
	if err != nil {
		return err
	}
	s.memory.begin(state, started)
	s.setCookie(w, "browser", started.browser, 0)
	http.Redirect(w, r, s.door.authorize(s.scope(), state), http.StatusSeeOther)
	return nil
}

func (s *Service) scope() (names []string) {
	for _, a := range s.asks {
		names = append(names, services.PublicNames(a.Name)...)
	}
	return names
}

// oauthFragment is where the browser comes back to. The answer is behind the "#", which no server sees: a few lines of script hand it over. Without
// script this wire cannot work, and the page says so.
func (s *Service) oauthFragment(w http.ResponseWriter, r *http.Request) error {
	return page.Render(w, http.StatusOK, s.pages, "fragment.html", s.view(w, r))
}

// oauthAnswer takes what was behind the "#". The token says neither for whom nor by whom it was made, so the state is all that ties it to this
// browser: that is why the switch for this wire is off unless a registration turns it on.
func (s *Service) oauthAnswer(w http.ResponseWriter, r *http.Request) error {
	started, ok := s.memory.take(r.PostFormValue("state"))
	if !ok || !same(started.browser, s.browser(r)) {
		return s.nothingWaits(w, r)
	}
	switch code := r.PostFormValue("error"); code {
	case "":
	case "cancelled":
		return s.toFront(w, r, "access_denied")
	default:
		return s.toFront(w, r, code)
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	token := r.PostFormValue("access_token")
	contextID, err := s.door.start(ctx, token, s.scope())
	if err != nil {
		s.cfg.Log.WarnContext(r.Context(), "sign-in could not end", "service", s.cfg.Registration.ID, "cause", err)
		return s.toFront(w, r, outcomeMismatch)
	}
	found := session{way: wayOAuth, oauth: collecting{token, contextID, s.cfg.Now()}}
	for n := 0; ; n++ {
		if err := s.collect(ctx, &found); err != nil && n == 0 {
			s.cfg.Log.WarnContext(r.Context(), "sign-in could not end", "service", s.cfg.Registration.ID, "cause", err)
			return s.toFront(w, r, outcomeMismatch)
		}
		if !found.learned.Pending || n == pollAtOnce || s.door.pause(ctx, pollEvery) != nil {
			break
		}
	}
	found.learned.AuthTime = found.oauth.since
	return s.letIn(w, r, found)
}

// collect asks once and writes down what is known. The door tells no level: that the one asked for was reached follows from the token.
func (s *Service) collect(ctx context.Context, found *session) error {
	all, text, err := s.door.collect(ctx, found.oauth.token, found.oauth.contextID)
	if err != nil {
		return err
	}
	when := found.learned.AuthTime
	found.learned = s.gather(wayOAuth, all)
	found.learned.AuthTime, found.learned.Raw = when, []raw{{"attributes", text}}
	return nil
}

// further asks once more for what was still on its way when somebody looks at their page, and gives up after a minute.
func (s *Service) further(r *http.Request, found session) session {
	if !found.learned.Pending {
		return found
	}
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := s.collect(ctx, &found); err != nil {
		s.cfg.Log.WarnContext(r.Context(), "attributes could not be collected", "service", s.cfg.Registration.ID, "cause", err)
	}
	if found.learned.Pending && s.cfg.Now().Sub(found.oauth.since) >= sourcePeriod {
		found.learned.Pending = false
		for i := range found.learned.Missing {
			if m := &found.learned.Missing[i]; m.State == pendingState {
				m.State = saml.NotAvailable
				found.learned.Lacking = found.learned.Lacking || m.Required
			}
		}
	}
	s.memory.change(s.sessionID(r), func(kept *session) { kept.learned = found.learned })
	return found
}

// oauthSignOut makes the token worthless. The session at Chave goes on: this wire has no way to end it (cmd-authentication.md §2.5), and the page says so.
func (s *Service) oauthSignOut(ctx context.Context, w http.ResponseWriter, r *http.Request, found session) error {
	if err := s.door.revoke(ctx, found.oauth.token); err != nil {
		s.cfg.Log.WarnContext(r.Context(), "token could not be revoked", "service", s.cfg.Registration.ID, "cause", err)
	}
	http.Redirect(w, r, "/signed-out?still", http.StatusSeeOther)
	return nil
}

// qrDecision is where Chave tells what a person decided about a QR code (cmd-authentication.md §2.7.2). This service shows no codes of its own: the address is
// there for testers who borrow the registration, and what comes is only counted in the log.
func (s *Service) qrDecision(w http.ResponseWriter, r *http.Request) error {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return err
	}
	s.cfg.Log.InfoContext(r.Context(), "a QR decision came", "service", s.cfg.Registration.ID)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
