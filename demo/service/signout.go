package service

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"chave/demo/page"
)

// carrying is a page that hands the browser a form for another origin.
type carrying struct {
	view
	Action string
	Fields []hidden
}

// hidden is one field of such a form.
type hidden struct{ Name, Value string }

// signOut ends the session here first, then hands the browser a form that ends the one at Chave
// (RP-Initiated Logout 1.0 §2). It is a form and not a redirect because the ID token that goes along
// holds personal data, and addresses end up in histories and logs. If Chave cannot be reached, the
// person is still signed out here.
func (s *Service) signOut(w http.ResponseWriter, r *http.Request) error {
	found, ok := s.session(r)
	s.memory.close(s.sessionID(r))
	s.setCookie(w, "session", "", -1)
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	switch found.way {
	case wayFA, waySAML:
		return s.samlSignOut(ctx, w, r, found)
	case wayOAuth:
		return s.oauthSignOut(ctx, w, r, found)
	}
	op, err := s.op.discover(ctx)
	if !ok || err != nil || op.endSession == "" {
		http.Redirect(w, r, "/signed-out", http.StatusSeeOther)
		return nil
	}
	return page.Render(w, http.StatusOK, s.pages, "leaving.html", carrying{s.view(w, r), op.endSession, []hidden{
		{"id_token_hint", found.idToken}, {"client_id", s.cfg.Registration.ID},
		{"post_logout_redirect_uri", s.cfg.Registration.PostLogoutRedirectURIs[0]}, {"ui_locales", s.lang(w, r)},
	}})
}

// logoutEvent is the member of "events" that makes a token a logout token.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backchannelLogout takes a logout token from Chave, checked as OpenID Connect Back-Channel Logout
// 1.0 §2.6 says, and ends the sessions it names. It answers 200 also when no session is left.
func (s *Service) backchannelLogout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	refuse := func(why string) {
		s.cfg.Log.WarnContext(r.Context(), "logout token refused", "service", s.cfg.Registration.ID, "cause", why)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_request", "error_description": why})
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	op, err := s.op.discover(ctx)
	if err != nil {
		refuse("the provider cannot be reached to check the token")
		return
	}
	// Signature, issuer, audience and expiry are checked as for an ID token.
	token, err := s.op.verifier(op).Verify(ctx, r.PostFormValue("logout_token"))
	if err != nil {
		refuse("the logout token does not verify")
		return
	}
	var claims struct {
		JTI    string                     `json:"jti"`
		SID    string                     `json:"sid"`
		Nonce  *string                    `json:"nonce"`
		Events map[string]json.RawMessage `json:"events"`
	}
	if err := token.Claims(&claims); err != nil {
		refuse("the logout token cannot be read")
		return
	}
	var event map[string]any
	now := s.cfg.Now()
	switch {
	case json.Unmarshal(claims.Events[logoutEvent], &event) != nil || event == nil:
		refuse("the token is not a logout token")
	case claims.Nonce != nil:
		// An ID token has a nonce; without this line one could be played back as a logout.
		refuse("a logout token must not have a nonce")
	case claims.SID == "" && token.Subject == "":
		refuse("the logout token names nobody")
	case claims.JTI == "" || now.Sub(token.IssuedAt) > 10*time.Minute || token.IssuedAt.Sub(now) > time.Minute:
		refuse("the logout token is too old, too new or has no id")
	case !s.memory.firstTime(claims.JTI):
		refuse("the logout token was used before")
	default:
		s.memory.endAll(claims.SID, token.Subject)
		w.WriteHeader(http.StatusOK)
	}
}
