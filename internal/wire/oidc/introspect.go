package oidc

import (
	"chave/internal/oauth"
	"net/http"
	"strings"
)

// introspection is RFC 7662 §2.2.
type introspection struct {
	Active   bool   `json:"active"`
	Scope    string `json:"scope,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	Type     string `json:"token_type,omitempty"`
	Expires  int64  `json:"exp,omitempty"`
	Issued   int64  `json:"iat,omitempty"`
	Subject  string `json:"sub,omitempty"`
	Audience string `json:"aud,omitempty"`
	Issuer   string `json:"iss,omitempty"`
}

// introspect tells a service whether a token of its own still stands. Everybody else's are not active to it (RFC 7662 §4), and a client that cannot prove itself
// is not answered.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) error {
	in, err := oauth.Direct(w, r)
	if err != nil {
		return err
	}
	s, err := p.authenticate(r, in)
	if err != nil {
		return err
	}
	if err := confidential(s); err != nil {
		return err
	}
	if !in.Has("token") {
		return oauth.Refuse(oauth.InvalidRequest, "token is missing")
	}
	h, ok, err := p.either(r.Context(), in.Get("token"))
	if err != nil {
		return err
	}
	if !ok || h.family.Service != s.ID {
		return oauth.Answer(w, http.StatusOK, introspection{})
	}
	out := introspection{
		Active: true, Scope: strings.Join(h.scopes, " "), ClientID: s.ID, Expires: h.expires.Unix(), Subject: h.agreed.Subject, Audience: s.ID, Issuer: p.Issuer,
	}
	if !h.refresh {
		out.Type, out.Issued = "Bearer", h.issued.Unix()
	}
	return oauth.Answer(w, http.StatusOK, out)
}
