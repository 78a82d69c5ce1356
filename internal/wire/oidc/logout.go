package oidc

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

// SignOut is what the page that asks "do you want to sign out?" needs.
type SignOut struct {
	Action  string          // where the page's form posts to
	Fields  []oauth.Field   // hidden fields of that form
	Service service.Service // who sent the person here; its ID is empty when nobody said
	Return  string          // where the answer to the form leads, for form-action; empty for a page of ours
}

// leaving is a checked request to sign out.
type leaving struct {
	Client  string `json:"client,omitempty"`
	Return  string `json:"return,omitempty"`
	State   []byte `json:"state,omitempty"`
	Session string `json:"sid,omitempty"`     // the session that the hint names, in the service's words
	Browser []byte `json:"browser,omitempty"` // digest of the session cookie that was asked, in a confirmation
	Until   int64  `json:"until,omitempty"`
}

// confirmFor is how long the page may wait for its answer.
const confirmFor = 10 * time.Minute

// logout ends the session at a service's request (RP-initiated logout 1.0). With an ID token of this very session the person has pressed the service's own button,
// and is not asked again; otherwise anybody's link could sign people out, so a page asks.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) error {
	in, err := oauth.Query(r)
	if r.Method == http.MethodPost {
		in, err = oauth.Body(w, r)
	}
	if err == nil {
		err = in.Once()
	}
	if err != nil {
		return pageFault(err)
	}
	switch {
	case r.Method == http.MethodPost && in.Has("confirm"):
		return p.confirmed(w, r, in.Get("confirm"))
	case r.Method == http.MethodGet && in.Has("continue"):
		out, err := p.takeLeaving(r, in.Get("continue"))
		if err != nil {
			return err
		}
		return p.leave(w, r, out)
	}
	out, err := p.readLeaving(r, in)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		return p.leaveAsGet(w, r, out)
	}
	return p.leave(w, r, out)
}

// readLeaving checks what a service sent. An address must be registered, character by character, by the service that the hint or client_id names.
func (p *Provider) readLeaving(r *http.Request, in oauth.Form) (leaving, error) {
	out := leaving{Client: in.Get("client_id"), Return: in.Get("post_logout_redirect_uri"), State: []byte(in.Get("state"))}
	if len(out.State) > maxState {
		return out, fault.New(fault.RequestTooLarge).On("state")
	}
	h, ours, err := p.readHint(r.Context(), in.Get("id_token_hint"))
	if err != nil {
		return out, err
	}
	if ours {
		if out.Client != "" && out.Client != string(h.Service) {
			return out, fault.New(fault.RequestMalformed).On("client_id")
		}
		out.Client, out.Session = string(h.Service), h.Session
	}
	if out.Client == "" {
		if out.Return != "" { // nobody is named whose address it could be
			return out, fault.New(fault.ReturnNotRegistered).On("post_logout_redirect_uri")
		}
		return out, nil
	}
	s, err := p.lookup(r, out.Client)
	if err != nil {
		return out, err
	}
	if out.Return != "" && !slices.Contains(s.PostLogoutRedirectURIs, out.Return) {
		return out, fault.New(fault.ReturnNotRegistered).On("post_logout_redirect_uri")
	}
	return out, nil
}

// leaveAsGet turns a request that came by POST into a visit, so that the browser sends its session (see backAsGet).
func (p *Provider) leaveAsGet(w http.ResponseWriter, r *http.Request, out leaving) error {
	payload, err := json.Marshal(out)
	if err != nil {
		return err
	}
	handle := random.Handle(p.Rand)
	err = p.Do(r.Context(), func(tx Tx) error {
		return tx.InsertSingle(grant.Single{
			Kind: kindSignOut, Digest: grant.Digest(kindSignOut, handle), Payload: payload, ExpiresAt: p.Now().Add(p.Times.Pushed),
		})
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, PathLogout+"?"+url.Values{"continue": {handle}}.Encode(), http.StatusSeeOther)
	return nil
}

func (p *Provider) takeLeaving(r *http.Request, handle string) (leaving, error) {
	var out leaving
	reused := false
	err := p.Do(r.Context(), func(tx Tx) error {
		taken, again, err := grant.Take(tx, kindSignOut, handle, p.Now())
		if err != nil {
			return err
		}
		reused = again
		return json.Unmarshal(taken.Payload, &out)
	})
	if err == nil && reused {
		err = fault.New(fault.GrantSpent)
	}
	return out, err
}

// leave ends the session if the hint is of this session, asks when it is not, and has nothing to do when nobody is signed in.
func (p *Provider) leave(w http.ResponseWriter, r *http.Request, out leaving) error {
	cookie := p.Jar.Session(r)
	session, _, err := p.Login.SessionOf(r.Context(), cookie)
	if fault.Is(err, fault.SessionNeeded) {
		return p.left(w, r, out)
	}
	if err != nil {
		return err
	}
	if out.Session != "" {
		sid, err := p.sid(out.Client, session.ID)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(sid), []byte(out.Session)) == 1 {
			return p.end(w, r, out)
		}
	}
	ask := SignOut{Action: PathLogout, Return: out.Return}
	if out.Client != "" {
		if ask.Service, err = p.lookup(r, out.Client); err != nil {
			return err
		}
	}
	out.Browser, out.Until = login.Digest(cookie), p.Now().Add(confirmFor).Unix()
	sealed, err := p.seal(labelSignOut, out)
	if err != nil {
		return err
	}
	ask.Fields = []oauth.Field{{Name: "confirm", Value: sealed}}
	p.Pages.ConfirmSignOut(w, r, ask)
	return nil
}

// confirmed is the person's yes. The sealed field is bound to the session it was made for, so that no other site can post it.
func (p *Provider) confirmed(w http.ResponseWriter, r *http.Request, sealed string) error {
	var out leaving
	cookie := p.Jar.Session(r)
	if !p.unseal(labelSignOut, sealed, &out) {
		return fault.New(fault.RequestMalformed).On("confirm")
	}
	if cookie == "" { // signed out in another tab
		return p.left(w, r, out)
	}
	if subtle.ConstantTimeCompare(out.Browser, login.Digest(cookie)) != 1 || !p.Now().Before(time.Unix(out.Until, 0)) {
		return fault.New(fault.LoginExpired)
	}
	return p.end(w, r, out)
}

func (p *Provider) end(w http.ResponseWriter, r *http.Request, out leaving) error {
	if err := p.Login.SignOut(r.Context(), p.Jar.Session(r)); err != nil {
		return err
	}
	return p.left(w, r, out)
}

// left sends the browser on, with nothing of the session left in it. A request without the cookie takes none away: it may be another site's form, which browsers
// send without it, and the session that they keep would go on living where nobody can end it.
func (p *Provider) left(w http.ResponseWriter, r *http.Request, out leaving) error {
	if p.Jar.Session(r) != "" {
		p.Jar.ClearSession(w)
	}
	if out.Return == "" {
		p.Pages.SignedOut(w, r)
		return nil
	}
	var fields []oauth.Field
	if len(out.State) > 0 {
		fields = append(fields, oauth.Field{Name: "state", Value: string(out.State)})
	}
	w.Header().Set("Location", oauth.WithQuery(out.Return, fields))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
