package oidc

import (
	"net/http"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
	"chave/internal/oauth"
)

// revoke ends the family that a token belongs to, whichever of its tokens is shown (RFC 7009 §2.1 allows that for access tokens; we keep no row per token). What
// is unknown or has ended already is as good as revoked.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) error {
	in, err := oauth.Direct(w, r)
	if err != nil {
		return err
	}
	s, err := p.authenticate(r, in)
	if err != nil {
		return err
	}
	unshare(w, r, s)
	if !in.Has("token") {
		return oauth.Refuse(oauth.InvalidRequest, "token is missing")
	}
	family, ours := p.familyOf(in.Get("token"))
	if ours {
		foreign := false
		err := p.Do(r.Context(), func(tx Tx) error {
			foreign = false
			f, err := tx.Family(family)
			if fault.Is(err, fault.RowNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			if foreign = f.Service != s.ID; foreign {
				return nil
			}
			ended, err := tx.EndFamily(f.ID, p.Now())
			if err != nil || !ended {
				return err
			}
			return tx.InsertAudit(p.event(audit.GrantRevoked, f, p.Now(), "by the service"))
		})
		if err != nil {
			return err
		}
		if foreign {
			return oauth.Refuse(oauth.UnauthorizedClient, "the token was given to another service")
		}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// familyOf reads the family out of a genuine token. An earlier refresh token or an expired access token counts too: whoever revokes wants it all to end.
func (p *Provider) familyOf(text string) (string, bool) {
	var a accessToken
	if p.unseal(labelAccess, text, &a) {
		return a.Family, true
	}
	var f refreshToken
	if p.unseal(labelRefresh, text, &f) {
		return f.Family, true
	}
	return "", false
}
