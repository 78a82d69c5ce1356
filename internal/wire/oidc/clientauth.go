package oidc

import (
	"net/http"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/oauth"
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
func (p *Provider) authenticate(r *http.Request, in oauth.Form) (service.Service, error) {
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
		right, err = s.SecretMatches(p.Vault, given.client, given.secret)
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

func clientRefused(r *http.Request) error {
	return oauth.ClientRefused(r, "unknown service, wrong proof, or not the method it is registered for")
}

// readProof finds the one method that a request uses (RFC 6749 §2.3: more than one is refused).
func readProof(r *http.Request, in oauth.Form) (proof, error) {
	var found []proof
	if header := r.Header.Get("Authorization"); header != "" {
		id, secret, ok := oauth.Basic(r)
		if !ok {
			return proof{}, clientRefused(r)
		}
		found = append(found, proof{method: service.SecretBasic, client: id, secret: secret})
	}
	if in.Has("client_secret") {
		found = append(found, proof{method: service.SecretPost, client: in.Get("client_id"), secret: in.Get("client_secret")})
	}
	if in.Has("client_assertion") || in.Has("client_assertion_type") {
		if in.Get("client_assertion_type") != assertionType {
			return proof{}, oauth.Refuse(oauth.InvalidRequest, "client_assertion_type must be %s", assertionType)
		}
		found = append(found, proof{method: service.PrivateKeyJWT, client: assertionIssuer(in.Get("client_assertion")), assertion: in.Get("client_assertion")})
	}
	switch {
	case len(found) > 1:
		return proof{}, oauth.Refuse(oauth.InvalidRequest, "more than one way of client authentication")
	case len(found) == 0:
		if !in.Has("client_id") {
			return proof{}, clientRefused(r)
		}
		return proof{method: service.NoAuth, client: in.Get("client_id")}, nil
	case in.Has("client_id") && in.Get("client_id") != found[0].client:
		return proof{}, clientRefused(r)
	}
	return found[0], nil
}

// confidential refuses public clients where only services with a secret or key may ask.
func confidential(s service.Service) error {
	if s.PublicClient() {
		return oauth.Refuse(oauth.InvalidClient, "a service that cannot keep a secret may not ask here").With(fault.ServiceUnknown).At(http.StatusUnauthorized)
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
