package csc

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// push takes a request directly from a service (§8.4.3, RFC 9126), checks it as if it came by the browser, and gives a name for it that works once.
func (p *Provider) push(w http.ResponseWriter, r *http.Request) error {
	in, err := oauth.Direct(w, r)
	if err != nil {
		return err
	}
	s, err := p.authenticate(r, in)
	if err != nil {
		return err
	}
	to, err := replyTo(s, in)
	if err != nil {
		return oauth.Refuse(oauth.InvalidRequest, "redirect_uri is missing or not registered").With(fault.ReturnNotRegistered)
	}
	q, err := p.readRequest(in, to)
	if err != nil {
		return err
	}
	q.Pushed = true
	payload, err := json.Marshal(q)
	if err != nil {
		return err
	}
	handle := random.Handle(p.Rand)
	err = p.Do(r.Context(), func(tx Tx) error {
		return tx.InsertSingle(grant.Single{
			Kind: kindPushed, Digest: grant.Digest(kindPushed, handle), Payload: payload, ExpiresAt: p.Now().Add(p.Times.Pushed),
		})
	})
	if err != nil {
		return err
	}
	return oauth.Answer(w, http.StatusCreated, struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
	}{pushedPrefix + handle, int(p.Times.Pushed.Seconds())})
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
	case !slices.Contains(s.RedirectURIs, q.Redirect): // the registration changed in between
		return request{}, fault.New(fault.ReturnNotRegistered)
	}
	return q, nil
}
