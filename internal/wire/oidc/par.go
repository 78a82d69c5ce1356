package oidc

import (
	"encoding/json"
	"net/http"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// par takes a request directly from a service (RFC 9126), checks it as if it came by the browser, and gives a name for it that works once.
func (p *Provider) par(w http.ResponseWriter, r *http.Request) error {
	in, err := oauth.Direct(w, r)
	if err != nil {
		return err
	}
	s, err := p.authenticate(r, in)
	if err != nil {
		return err
	}
	if in.Has("request_uri") { // RFC 9126 §2.1
		return oauth.Refuse(oauth.InvalidRequest, "request_uri cannot be pushed")
	}
	to, err := replyTo(s, in)
	if err != nil {
		return oauth.Refuse(oauth.InvalidRequest, "redirect_uri is missing or not registered").With(fault.ReturnNotRegistered)
	}
	q, err := p.readRequest(s, in, &to)
	if err != nil {
		return err
	}
	if err := p.readIDTokenHint(r, s, in, &q); err != nil {
		return err
	}
	q.Pushed = true
	uri, err := p.push(r, q)
	if err != nil {
		return err
	}
	return oauth.Answer(w, http.StatusCreated, struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
	}{uri, int(p.Times.Pushed.Seconds())})
}

// push stores a checked request under a name that cannot be guessed.
func (p *Provider) push(r *http.Request, q request) (uri string, err error) {
	payload, err := json.Marshal(q)
	if err != nil {
		return "", err
	}
	handle := random.Handle(p.Rand)
	err = p.Do(r.Context(), func(tx Tx) error {
		return tx.InsertSingle(grant.Single{
			Kind: kindPushed, Digest: grant.Digest(kindPushed, handle), Payload: payload, ExpiresAt: p.Now().Add(p.Times.Pushed),
		})
	})
	return pushedPrefix + handle, err
}

// takePushed spends a pushed request. One of another service is left for that service: whoever guesses, finds nothing and breaks nothing.
func (p *Provider) takePushed(r *http.Request, s service.Service, uri string) (request, error) {
	var q request
	handle := strings.TrimPrefix(uri, pushedPrefix)
	reused := false
	err := p.Do(r.Context(), func(tx Tx) (err error) {
		_, reused, err = grant.TakeIf(tx, kindPushed, handle, p.Now(), func(payload []byte) error {
			q = request{}
			if err := json.Unmarshal(payload, &q); err != nil {
				return err
			}
			if q.Client != s.ID {
				return fault.New(fault.GrantUnknown)
			}
			return nil
		})
		return err
	})
	switch {
	case err != nil:
		return request{}, err
	case reused:
		return request{}, fault.New(fault.GrantSpent)
	case !registeredRedirect(s, q.Redirect): // the registration changed in between
		return request{}, fault.New(fault.ReturnNotRegistered)
	case s.RequirePAR && !q.Pushed:
		return q, oauth.Refuse(oauth.InvalidRequest, "this service must push its requests (RFC 9126)")
	}
	return q, nil
}
