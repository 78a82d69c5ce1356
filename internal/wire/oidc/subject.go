package oidc

import (
	"encoding/base64"
	"fmt"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/service"
)

// lasting is a keyed digest that stays the same when the keystore's root rotates: it is made under the oldest configured root. Removing that root from the
// settings gives every person new subjects at every service, so it must stay as long as services are to recognise people.
func (p *Provider) lasting(label string, parts ...string) (string, error) {
	var bytes [][]byte
	for _, part := range parts {
		bytes = append(bytes, []byte(part))
	}
	roots := p.Vault.KeyIDs()
	mac, err := p.Vault.MACWith(roots[len(roots)-1], label, bytes...)
	if err != nil {
		return "", fault.New(fault.StoreUnavailable).Because(fmt.Errorf("derive %s: %w", label, err))
	}
	return base64.RawURLEncoding.EncodeToString(mac), nil
}

// subject is how a service knows a person (OIDC Core §8). Pairwise ones are the same within a sector and tell services of two sectors nothing about each
// other; neither kind can be turned back into a person without the keystore, nor looks like anything a person could have chosen (B10).
func (p *Provider) subject(s service.Service, who citizen.ID) (string, error) {
	if s.SubjectType == service.Public {
		return p.lasting("oidc/subject/public", string(who))
	}
	return p.lasting("oidc/subject/pairwise", s.Sector, string(who))
}

// sid names a session to one service. It differs between services, which could otherwise compare sessions and undo pairwise subjects.
func (p *Provider) sid(serviceID, session string) (string, error) {
	return p.lasting("oidc/sid", serviceID, session)
}
