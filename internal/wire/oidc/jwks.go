package oidc

import (
	"net/http"

	"chave/internal/oauth"
	"github.com/go-jose/go-jose/v4"
)

// jwks publishes every key that a token in circulation may be signed with, and the next one (RFC 7517 §5, OIDC Core §10.1.1).
func (p *Provider) jwks(w http.ResponseWriter, r *http.Request) error {
	keys, err := p.Keys.Published(r.Context())
	if err != nil {
		return err
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Key, KeyID: k.ID, Algorithm: k.Alg, Use: "sig"})
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Del("Pragma")
	return oauth.Answer(w, http.StatusOK, set)
}
