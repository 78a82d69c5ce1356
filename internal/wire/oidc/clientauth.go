package oidc

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/service"
)

// proof is how a request says which service sends it: one of the methods of OIDC Core §9.
type proof struct {
	method    service.AuthMethod
	client    string
	secret    string // never printed: a proof lives only inside authenticate
	assertion string
}

// authenticate finds the service that sends a direct request, and accepts exactly the method it is registered for. All failures look alike and cost alike, whether
// the service exists or not.
func (p *Provider) authenticate(r *http.Request, in form) (service.Service, error) {
	given, err := readProof(r, in)
	if err != nil {
		return service.Service{}, err
	}
	s, err := p.lookup(r, given.client)
	unknown := fault.Is(err, fault.ServiceUnknown)
	if err != nil && !unknown {
		return s, err
	}
	right := false
	switch given.method {
	case service.SecretBasic, service.SecretPost:
		right, err = p.secretMatches(s, given)
	case service.PrivateKeyJWT:
		right, err = p.assertionHolds(r, s, given.assertion)
	case service.NoAuth:
		right = true
	}
	if err != nil {
		return service.Service{}, err
	}
	if unknown || !right || s.AuthMethod != given.method {
		return service.Service{}, clientRefused(r)
	}
	return s, nil
}

// lookup finds a service that may speak this protocol. Chave's own pages are services too, but never clients; a closed one is as good as none.
func (p *Provider) lookup(r *http.Request, id string) (service.Service, error) {
	var s service.Service
	err := p.View(r.Context(), func(tx Tx) (err error) {
		s, err = tx.Service(id)
		return err
	})
	if err == nil && (s.FirstParty || s.Closed) {
		return service.Service{}, fault.New(fault.ServiceUnknown)
	}
	return s, err
}

// clientRefused is RFC 6749 §5.2: 401, and a challenge for who tried by header.
func clientRefused(r *http.Request) error {
	e := refuse(invalidClient, "unknown service, wrong proof, or not the method it is registered for").with(fault.ServiceUnknown)
	e.status = http.StatusUnauthorized
	if r.Header.Get("Authorization") != "" {
		e.challenge = `Basic realm="chave", charset="UTF-8"`
	}
	return e
}

// readProof finds the one method that a request uses (RFC 6749 §2.3: more than one is refused).
func readProof(r *http.Request, in form) (proof, error) {
	var found []proof
	if header := r.Header.Get("Authorization"); header != "" {
		id, secret, ok := basic(r)
		if !ok {
			return proof{}, clientRefused(r)
		}
		found = append(found, proof{method: service.SecretBasic, client: id, secret: secret})
	}
	if in.has("client_secret") {
		found = append(found, proof{method: service.SecretPost, client: in.get("client_id"), secret: in.get("client_secret")})
	}
	if in.has("client_assertion") || in.has("client_assertion_type") {
		if in.get("client_assertion_type") != assertionType {
			return proof{}, refuse(invalidRequest, "client_assertion_type must be %s", assertionType)
		}
		found = append(found, proof{method: service.PrivateKeyJWT, client: assertionIssuer(in.get("client_assertion")), assertion: in.get("client_assertion")})
	}
	switch {
	case len(found) > 1:
		return proof{}, refuse(invalidRequest, "more than one way of client authentication")
	case len(found) == 0:
		if !in.has("client_id") {
			return proof{}, clientRefused(r)
		}
		return proof{method: service.NoAuth, client: in.get("client_id")}, nil
	case in.has("client_id") && in.get("client_id") != found[0].client:
		return proof{}, clientRefused(r)
	}
	return found[0], nil
}

// basic reads client_secret_basic: id and secret are form-encoded before they are joined and base64-encoded (RFC 6749 §2.3.1).
func basic(r *http.Request) (id, secret string, ok bool) {
	if len(r.Header.Values("Authorization")) != 1 {
		return "", "", false
	}
	id, secret, ok = r.BasicAuth()
	if !ok {
		return "", "", false
	}
	id, err := url.QueryUnescape(id)
	if err != nil {
		return "", "", false
	}
	secret, err = url.QueryUnescape(secret)
	return id, secret, err == nil && id != "" && secret != ""
}

// secretMatches compares the keyed digest in constant time, under every root that may have made it. A service without one never matches but
// costs the same.
func (p *Provider) secretMatches(s service.Service, given proof) (bool, error) {
	kept := s.SecretMAC
	if len(kept) == 0 {
		kept = make([]byte, 32)
	}
	matches := 0
	for _, root := range p.Vault.KeyIDs() {
		mac, err := p.Vault.MACWith(root, "client-secret", []byte(given.client), []byte(given.secret))
		if err != nil {
			return false, fault.New(fault.StoreUnavailable).Because(err)
		}
		matches |= subtle.ConstantTimeCompare(mac, kept)
	}
	return matches == 1 && len(s.SecretMAC) > 0, nil
}

// confidential refuses public clients where only services with a secret or key may ask.
func confidential(s service.Service) error {
	if s.PublicClient() {
		e := refuse(invalidClient, "a service that cannot keep a secret may not ask here").with(fault.ServiceUnknown)
		e.status = http.StatusUnauthorized
		return e
	}
	return nil
}

// bearer reads a token from the Authorization header; found tells whether the header was there at all.
func bearer(r *http.Request) (token string, found bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", r.Header.Get("Authorization") != ""
	}
	return strings.TrimSpace(token), true
}
