package oidc

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"chave/internal/core/grant"
	"chave/internal/core/service"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	assertionLife = 5 * time.Minute // the longest life of an assertion, so that ids need not be kept long
	clockSkew     = 10 * time.Second
	minRSA        = 2048 // bits (RFC 7518 §3.3)
)

// assertionAlgs is the allow-list for private_key_jwt (A12): asymmetric, and none of them optional padding or curve surprises.
func assertionAlgs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256}
}

func assertionAlgNames() []string {
	var names []string
	for _, a := range assertionAlgs() {
		names = append(names, string(a))
	}
	return names
}

// assertionIssuer reads who an assertion says it is from, to find the key to check it with. Nothing else is believed of it before that.
func assertionIssuer(text string) string {
	token, err := jwt.ParseSigned(text, assertionAlgs())
	if err != nil {
		return ""
	}
	var claims jwt.Claims
	if token.UnsafeClaimsWithoutVerification(&claims) != nil {
		return ""
	}
	return claims.Issuer
}

// assertionHolds checks a private_key_jwt (RFC 7523 §3, OIDC Core §9). The audience is the issuer; for compatibility also the token endpoint or the endpoint
// that was called, which RFC 9126 §2 asks for. The assertion works once.
func (p *Provider) assertionHolds(r *http.Request, s service.Service, text string) (bool, error) {
	token, err := jwt.ParseSigned(text, assertionAlgs())
	if err != nil || len(token.Headers) != 1 {
		return false, nil
	}
	var claims jwt.Claims
	verified := false
	for _, key := range assertionKeys(s, token.Headers[0]) {
		if token.Claims(key, &claims) == nil {
			verified = true
			break
		}
	}
	if !verified || !p.assertionFits(r, s, claims) {
		return false, nil
	}
	var fresh bool
	err = p.Do(r.Context(), func(tx Tx) (err error) {
		kind := grant.Kind("oidc-assertion")
		fresh, err = tx.InsertReplay(kind, grant.Digest(kind, s.ID+"\x00"+claims.ID), claims.Expiry.Time().Add(clockSkew))
		return err
	})
	return fresh, err
}

func (p *Provider) assertionFits(r *http.Request, s service.Service, c jwt.Claims) bool {
	now := p.Now()
	audiences := []string{p.Issuer, p.Issuer + PathToken, p.Issuer + r.URL.Path}
	switch {
	case c.Issuer != s.ID || c.Subject != s.ID:
	case len(c.Audience) == 0 || !slices.ContainsFunc(c.Audience, func(a string) bool { return slices.Contains(audiences, a) }):
	case c.Expiry == nil || now.After(c.Expiry.Time().Add(clockSkew)) || c.Expiry.Time().After(now.Add(assertionLife+clockSkew)):
	case c.NotBefore != nil && c.NotBefore.Time().After(now.Add(clockSkew)):
	case c.IssuedAt != nil && c.IssuedAt.Time().After(now.Add(clockSkew)):
	case c.ID == "" || len(c.ID) > 256:
	default:
		return true
	}
	return false
}

// assertionKeys picks the registered keys that an assertion may be signed with: public, strong enough, of the algorithm's kind. Keys in the token itself are
// never looked at (A12).
func assertionKeys(s service.Service, h jose.Header) []any {
	var set jose.JSONWebKeySet
	if json.Unmarshal(s.JWKS, &set) != nil {
		return nil
	}
	var keys []any
	for _, k := range set.Keys {
		if (h.KeyID != "" && k.KeyID != "" && k.KeyID != h.KeyID) || (k.Algorithm != "" && k.Algorithm != h.Algorithm) || (k.Use != "" && k.Use != "sig") {
			continue
		}
		switch public := k.Key.(type) {
		case *ecdsa.PublicKey:
			if h.Algorithm == string(jose.ES256) {
				keys = append(keys, public)
			}
		case *rsa.PublicKey:
			if strings.HasSuffix(h.Algorithm, "S256") && h.Algorithm != string(jose.ES256) && public.N.BitLen() >= minRSA {
				keys = append(keys, public)
			}
		}
	}
	return keys
}
