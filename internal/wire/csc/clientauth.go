package csc

import (
	"crypto/subtle"
	"net/http"
	"net/url"

	"chave/internal/core/fault"
	"chave/internal/core/service"
)

// authenticate finds the service that sends a form, by the secret of its registration, in the header or in the body (RFC 6749 §2.3.1). All failures look alike and
// cost alike, whether the service exists or not. A service that signs in otherwise with OpenID Connect has no secret, and no entry here.
func (p *Provider) authenticate(r *http.Request, in form) (service.Service, error) {
	id, secret, err := proofOf(r, in)
	if err != nil {
		return service.Service{}, err
	}
	s, err := p.lookup(r, id)
	unknown := fault.Is(err, fault.ServiceUnknown)
	if err != nil && !unknown {
		return s, err
	}
	right, err := p.secretMatches(s, id, secret)
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

// clientRefused is RFC 6749 §5.2: 401, and a challenge for who tried by header.
func clientRefused(r *http.Request) error {
	e := refuse(invalidClient, "Client authorization required: unknown service, no right to ask for signatures, or wrong secret").
		with(fault.ServiceUnknown).at(http.StatusUnauthorized)
	if r.Header.Get("Authorization") != "" {
		e.challenge = `Basic realm="chave", charset="UTF-8"`
	}
	return e
}

// proofOf reads id and secret. More than one way to show them is refused (RFC 6749 §2.3).
func proofOf(r *http.Request, in form) (id, secret string, err error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		if !in.has("client_id") || !in.has("client_secret") {
			return "", "", clientRefused(r)
		}
		return in.get("client_id"), in.get("client_secret"), nil
	}
	if in.has("client_secret") || in.has("client_assertion") {
		return "", "", refuse(invalidRequest, "more than one way of client authentication")
	}
	id, secret, ok := r.BasicAuth()
	if !ok || len(headers) != 1 {
		return "", "", clientRefused(r)
	}
	// Both are form-encoded before they are joined (RFC 6749 §2.3.1).
	id, errID := url.QueryUnescape(id)
	secret, errSecret := url.QueryUnescape(secret)
	if errID != nil || errSecret != nil || id == "" || secret == "" || in.has("client_id") && in.get("client_id") != id {
		return "", "", clientRefused(r)
	}
	return id, secret, nil
}

// secretMatches compares the keyed digest in constant time, under every root that may have made it. A service without one never matches but costs the same.
func (p *Provider) secretMatches(s service.Service, id, secret string) (bool, error) {
	kept := s.SecretMAC
	if len(kept) == 0 {
		kept = make([]byte, 32)
	}
	matches := 0
	for _, root := range p.Vault.KeyIDs() {
		mac, err := p.Vault.MACWith(root, "client-secret", []byte(id), []byte(secret))
		if err != nil {
			return false, fault.New(fault.StoreUnavailable).Because(err)
		}
		matches |= subtle.ConstantTimeCompare(mac, kept)
	}
	return matches == 1 && len(s.SecretMAC) > 0, nil
}
