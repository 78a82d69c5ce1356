package oidc

import (
	"net/http"
	"slices"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

// refresh turns a refresh token into new tokens and a new refresh token. It costs one row, moved from one generation to the next; nothing else is written.
func (p *Provider) refresh(w http.ResponseWriter, r *http.Request, s service.Service, in oauth.Form) error {
	if !in.Has("refresh_token") {
		return oauth.Refuse(oauth.InvalidRequest, "refresh_token is missing")
	}
	if !s.Refresh {
		return oauth.Refuse(oauth.UnauthorizedClient, "this service is not registered for refresh tokens")
	}
	unknown := oauth.Refuse(oauth.InvalidGrant, "the refresh token is unknown, has ended or was used").With(fault.GrantUnknown)
	var shown refreshToken
	if !p.unseal(labelRefresh, in.Get("refresh_token"), &shown) {
		return unknown
	}
	var (
		no     *oauth.Refusal
		family grant.Family
		a      agreement
		scopes []string
		now    time.Time
	)
	err := p.Do(r.Context(), func(tx Tx) (err error) {
		no, now = nil, p.Now()
		family, err = tx.Family(shown.Family)
		if fault.Is(err, fault.RowNotFound) || (err == nil && family.Service != s.ID) {
			no = unknown
			return nil
		}
		if err != nil {
			return err
		}
		var alive bool
		if a, alive, err = agreementOf(family, s, now); err != nil {
			return err
		}
		if !alive || !a.Offline {
			no = unknown
			return nil
		}
		if scopes, no = narrowed(a.Scopes, in.Get("scope")); no != nil {
			return nil
		}
		no, err = p.advance(tx, &family, shown.Generation, now)
		return err
	})
	if err != nil {
		return err
	}
	if no != nil {
		return no
	}
	return p.handOut(r, w, s, family, a, scopes, "", now)
}

// advance moves the family on. A token of an earlier generation was used before: its holder or somebody else has a copy, nobody can tell who, so the family
// ends for both (B6, RFC 9700 §4.14.2). That is committed, so it is an answer and not an error. A key that no longer works refreshes nothing.
func (p *Provider) advance(tx Tx, f *grant.Family, generation int64, now time.Time) (*oauth.Refusal, error) {
	if f.Generation == generation {
		usable, err := p.keyWorks(tx, *f, now)
		if err != nil {
			return nil, err
		}
		if !usable {
			_, err := tx.EndFamily(f.ID, now)
			return oauth.Refuse(oauth.InvalidGrant, "the person's key no longer works").With(fault.KeyEnded), err
		}
		expires := now.Add(p.Times.RefreshIdle)
		if end := f.CreatedAt.Add(p.Times.RefreshMax); end.Before(expires) {
			expires = end
		}
		won, err := tx.AdvanceFamily(f.ID, generation, now, expires)
		if err != nil {
			return nil, err
		}
		if won {
			f.Generation, f.ExpiresAt = generation+1, expires
			return nil, nil
		}
	}
	if _, err := tx.EndFamily(f.ID, now); err != nil {
		return nil, err
	}
	no := oauth.Refuse(oauth.InvalidGrant, "the refresh token was used before; everything that came from this sign-in has ended").With(fault.GrantReused)
	return no, tx.InsertAudit(p.event(audit.GrantReused, *f, now, "refresh token"))
}

func (p *Provider) keyWorks(tx Tx, f grant.Family, now time.Time) (bool, error) {
	person, err := tx.Person(f.Person)
	if fault.Is(err, fault.RowNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	key, err := tx.Key(f.Person)
	if err != nil {
		return false, err
	}
	return p.Login.Policy.Usable(key, person, now) == nil, nil
}

// narrowed lets a refresh ask for fewer scopes, never for more (RFC 6749 §6). The family keeps all it had.
func narrowed(granted []string, asked string) ([]string, *oauth.Refusal) {
	if asked == "" {
		return granted, nil
	}
	wanted := list(asked)
	for _, scope := range wanted {
		if !slices.Contains(granted, scope) {
			return nil, oauth.Refuse(oauth.InvalidScope, "scope asks for more than was granted")
		}
	}
	return wanted, nil
}
