package csc

import (
	"net/http"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/oauth"
)

// revoke takes back a token (§8.4.5, RFC 7009). A refresh token ends all that came from the sign-in; an access token ends alone; a SAD ends its operation. What is
// unknown or has ended already is as good as revoked.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) error {
	in, err := oauth.Direct(w, r)
	if err != nil {
		return err
	}
	s, err := p.authenticate(r, in)
	if err != nil {
		return err
	}
	if !in.Has("token") {
		return oauth.Refuse(oauth.InvalidRequest, "Missing parameter token")
	}
	if hint := in.Get("token_type_hint"); hint != "" && hint != "access_token" && hint != "refresh_token" {
		return invalid("token_type_hint")
	}
	var (
		text = in.Get("token")
		sad  *bound
		no   *oauth.Refusal
	)
	foreign := oauth.Refuse(oauth.UnauthorizedClient, "the token was given to another service")
	err = p.Do(r.Context(), func(tx Tx) error {
		sad, no = nil, nil
		for _, kind := range []grant.Kind{kindAccess, kindRefresh} {
			one, err := tx.Single(kind, grant.Digest(kind, text))
			if fault.Is(err, fault.RowNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			f, err := tx.Family(one.Family)
			if fault.Is(err, fault.RowNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			if f.Service != s.ID {
				no = foreign
				return nil
			}
			ended, err := p.end(tx, kind, text, f)
			if err != nil || !ended {
				return err
			}
			return tx.InsertAudit(p.event(audit.GrantRevoked, f.Person, s.ID, string(kind)))
		}
		h, err := p.readSAD(tx, text)
		if fault.Is(err, fault.RowNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Client != s.ID {
			no = foreign
			return nil
		}
		sad = &h.bound
		ended, err := tx.SpendSingle(kindSAD, grant.Digest(kindSAD, text), p.Now())
		if err != nil || !ended {
			return err
		}
		return tx.InsertAudit(p.event(audit.GrantRevoked, h.Person, s.ID, "signature activation data"))
	})
	if err != nil {
		return err
	}
	if no != nil {
		return no
	}
	if sad != nil {
		p.void(r, *sad)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (p *Provider) end(tx Tx, kind grant.Kind, text string, f grant.Family) (bool, error) {
	if kind == kindRefresh {
		return tx.EndFamily(f.ID, p.Now())
	}
	return tx.SpendSingle(kind, grant.Digest(kind, text), p.Now())
}
