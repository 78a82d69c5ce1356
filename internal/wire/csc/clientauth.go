package csc

import (
	"net/http"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

// authenticate finds the service that sends a form, by the secret of its registration, in the header or in the body (RFC 6749 §2.3.1). All failures look alike and
// cost alike, whether the service exists or not. A service that signs in otherwise with OpenID Connect has no secret, and no entry here.
func (p *Provider) authenticate(r *http.Request, in oauth.Form) (service.Service, error) {
	id, secret, err := proofOf(r, in)
	if err != nil {
		return service.Service{}, err
	}
	s, err := p.lookup(r, id)
	unknown := fault.Is(err, fault.ServiceUnknown)
	if err != nil && !unknown {
		return s, err
	}
	right, err := s.SecretMatches(p.Vault, id, secret)
	if err != nil {
		return service.Service{}, err
	}
	if unknown || !right {
		return service.Service{}, clientRefused(r)
	}
	return s, nil
}

// lookup finds a service that may speak this protocol; a closed one is as good as none.
func (p *Provider) lookup(r *http.Request, id string) (service.Service, error) {
	var s service.Service
	err := p.View(r.Context(), func(tx Tx) (err error) {
		s, err = tx.Service(id)
		return err
	})
	if err == nil && !speaks(s) {
		return service.Service{}, fault.New(fault.ServiceUnknown)
	}
	return s, err
}

// speaks tells whether a registration is one for this protocol.
func speaks(s service.Service) bool {
	return s.CSC != nil && !s.FirstParty && !s.Closed && (s.AuthMethod == service.SecretBasic || s.AuthMethod == service.SecretPost)
}

func clientRefused(r *http.Request) error {
	return oauth.ClientRefused(r, "Client authorization required: unknown service, no right to ask for signatures, or wrong secret")
}

// proofOf reads id and secret. More than one way to show them is refused (RFC 6749 §2.3).
func proofOf(r *http.Request, in oauth.Form) (id, secret string, err error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		if !in.Has("client_id") || !in.Has("client_secret") {
			return "", "", clientRefused(r)
		}
		return in.Get("client_id"), in.Get("client_secret"), nil
	}
	if in.Has("client_secret") || in.Has("client_assertion") {
		return "", "", oauth.Refuse(oauth.InvalidRequest, "more than one way of client authentication")
	}
	id, secret, ok := oauth.Basic(r)
	if !ok || in.Has("client_id") && in.Get("client_id") != id {
		return "", "", clientRefused(r)
	}
	return id, secret, nil
}
