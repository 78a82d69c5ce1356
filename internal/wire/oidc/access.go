package oidc

import (
	"context"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/service"
)

// held is a token that stands: genuine, in time, of a living family.
type held struct {
	family  grant.Family
	service service.Service
	agreed  agreement
	scopes  []string
	issued  time.Time
	expires time.Time
	refresh bool
}

// access finds what an access token stands for. The family is read each time, so that a logout or revocation holds at the next use.
func (p *Provider) access(ctx context.Context, text string) (held, bool, error) {
	var t accessToken
	if !p.unseal(labelAccess, text, &t) || !t.alive(p.Now()) {
		return held{}, false, nil
	}
	h, ok, err := p.living(ctx, t.Family)
	h.scopes, h.issued, h.expires = t.Scopes, time.Unix(t.Issued, 0), time.Unix(t.Expires, 0)
	return h, ok, err
}

// refreshable finds what a refresh token stands for, if it is the family's latest.
func (p *Provider) refreshable(ctx context.Context, text string) (held, bool, error) {
	var t refreshToken
	if !p.unseal(labelRefresh, text, &t) {
		return held{}, false, nil
	}
	h, ok, err := p.living(ctx, t.Family)
	h.refresh, h.scopes, h.expires = true, h.agreed.Scopes, h.family.ExpiresAt
	return h, ok && h.family.Generation == t.Generation, err
}

func (p *Provider) living(ctx context.Context, family string) (held, bool, error) {
	var h held
	err := p.View(ctx, func(tx Tx) (err error) {
		if h.family, err = tx.Family(family); err != nil {
			return err
		}
		h.service, err = tx.Service(h.family.Service)
		return err
	})
	if fault.Is(err, fault.RowNotFound) || fault.Is(err, fault.ServiceUnknown) || (err == nil && h.service.Closed) {
		return h, false, nil
	}
	if err != nil {
		return h, false, err
	}
	var alive bool
	h.agreed, alive, err = agreementOf(h.family, h.service, p.Now())
	return h, alive, err
}

// either finds what an access or refresh token stands for. A hint which of them it is would save nothing.
func (p *Provider) either(ctx context.Context, text string) (held, bool, error) {
	if h, ok, err := p.access(ctx, text); ok || err != nil {
		return h, ok, err
	}
	return p.refreshable(ctx, text)
}
