package oidc

import (
	"net/http"
	"slices"

	"chave/internal/core/fault"
	"chave/internal/oauth"
)

// userinfo tells a service what the person agreed to share (OIDC Core §5.3). The token comes in the header or a form body, never in the address (B8).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) error {
	text, err := presented(w, r)
	if err != nil {
		return err
	}
	h, ok, err := p.access(r.Context(), text)
	if err != nil {
		return err
	}
	if !ok {
		return tokenRefused(http.StatusUnauthorized, oauth.Refuse(oauth.InvalidToken, "the access token is unknown, has expired or was revoked").With(fault.GrantExpired))
	}
	unshare(w, r, h.service)
	if !slices.Contains(h.scopes, scopeOpenID) {
		e := tokenRefused(http.StatusForbidden, oauth.Refuse(insufficientScope, "the access token lacks the scope openid"))
		e.Challenge += `, scope="openid"`
		return e
	}
	claims := map[string]any{"sub": h.agreed.Subject}
	released(h.agreed.Values, h.scopes, h.agreed.Named, claims)
	return oauth.Answer(w, http.StatusOK, claims)
}

// presented finds the one access token of a request (RFC 6750 §2).
func presented(w http.ResponseWriter, r *http.Request) (string, error) {
	if r.URL.RawQuery != "" {
		return "", tokenRefused(http.StatusBadRequest, oauth.Refuse(oauth.InvalidRequest, "send the access token in the Authorization header, not in the address"))
	}
	text, found := bearer(r)
	var in oauth.Form
	if r.Method == http.MethodPost && r.ContentLength != 0 {
		var err error
		if in, err = oauth.Direct(w, r); err != nil {
			return "", tokenRefused(http.StatusBadRequest, refusalOf(err))
		}
	}
	switch {
	case found && in.Has("access_token"):
		return "", tokenRefused(http.StatusBadRequest, oauth.Refuse(oauth.InvalidRequest, "the access token came in two ways"))
	case found && text == "":
		return "", tokenRefused(http.StatusUnauthorized, oauth.Refuse(oauth.InvalidToken, "the Authorization header holds no bearer token"))
	case found:
		return text, nil
	case in.Has("access_token"):
		return in.Get("access_token"), nil
	}
	// RFC 6750 §3.1: who showed nothing is told no error code in the challenge.
	e := oauth.Refuse(oauth.InvalidToken, "an access token is needed")
	e.Status, e.Challenge = http.StatusUnauthorized, `Bearer realm="chave"`
	return "", e
}

// tokenRefused adds the challenge of RFC 6750 §3.
func tokenRefused(status int, e *oauth.Refusal) *oauth.Refusal {
	made := *e
	if made.Status < http.StatusInternalServerError {
		made.Status = status
	}
	made.Challenge = `Bearer realm="chave", error="` + made.Name + `", error_description="` + describe(&made) + `"`
	return &made
}
