package faoauth

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strconv"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/service"
)

// result is how this family of services says how it went. The documents call its text now description, now message: both are sent (§2.7.3).
type result struct {
	Code        string `json:"code"`
	Description string `json:"description,omitempty"`
	Message     string `json:"message"`
}

// refreshed is the answer of §2.4.
type refreshed struct {
	Token   *string `json:"jsonWebToken"`
	Process *string `json:"processId"`
	Result  result  `json:"result"`
	Refresh *string `json:"jsonWebRefreshToken"`
}

// refresh turns the last access token and the last refresh token, shown together, into a new pair (§2.4). The access token may have ended or not.
func (p *Provider) refresh(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Access  string `json:"jsonWebToken"`
		Refresh string `json:"jsonWebRefreshToken"`
	}
	text, err := readAll(w, r)
	if err == nil {
		err = readJSON(text, &body)
	}
	if err == nil && (body.Access == "" || body.Refresh == "" || len(body.Access) > maxName || len(body.Refresh) > maxName) {
		err = fault.New(fault.RequestMalformed)
	}
	if err != nil {
		return p.notRefreshed(w, r, err)
	}
	made := p.newTokens()
	var (
		no error // an answer, not an error: what it comes with must be committed
		s  service.Service
	)
	err = p.Do(r.Context(), func(tx Tx) (err error) {
		no, s, err = p.renew(tx, body.Access, body.Refresh, made)
		return err
	})
	if err == nil {
		err = no
	}
	if s.ID != "" {
		share(w, r, s)
	}
	if err != nil {
		return p.notRefreshed(w, r, err)
	}
	p.count(s, service.ImplicitToken)
	if made.long {
		p.count(s, service.LongToken)
	}
	return answer(w, http.StatusOK, refreshed{Token: &made.access, Refresh: &made.refresh, Result: result{Code: "200", Message: "Token refreshed successfully!"}})
}

// renew spends the refresh token and writes a new pair. One that was spent before has been copied: by whom nobody can tell, so the family ends for both (RFC 9700 §4.14.2).
// A refresh token shown with another access token than the one it came with changes nothing.
func (p *Provider) renew(tx Tx, access, refresh string, made *tokens) (no error, s service.Service, err error) {
	unknown := fault.New(fault.TokenUnknown)
	now := p.Now()
	digest := grant.Digest(kindRefresh, refresh)
	single, err := tx.Single(kindRefresh, digest)
	if fault.Is(err, fault.RowNotFound) {
		return unknown, s, nil
	}
	if err != nil {
		return nil, s, err
	}
	var row refreshRow
	if err := json.Unmarshal(single.Payload, &row); err != nil {
		return nil, s, err
	}
	f, err := tx.Family(single.Family)
	if err != nil {
		return nil, s, err
	}
	if s, err = tx.Service(f.Service); fault.Is(err, fault.ServiceUnknown) {
		return unknown, service.Service{}, nil
	} else if err != nil {
		return nil, s, err
	}
	switch {
	case !f.EndedAt.IsZero() || !p.opens(s):
		return unknown, s, nil
	case !f.Alive(now):
		return fault.New(fault.TokenExpired), s, nil
	case !single.SpentAt.IsZero():
		no, err = p.copied(tx, f)
		return no, s, err
	case subtle.ConstantTimeCompare(row.Access, grant.Digest(kindAccess, access)) != 1:
		return unknown, s, nil
	}
	h := held{family: f, service: s}
	if err := h.read(); err != nil {
		return nil, s, err
	}
	if stands, err := p.keyStands(tx, f, h.agreed.PIN, now); err != nil {
		return nil, s, err
	} else if !stands {
		_, err := tx.EndFamily(f.ID, now)
		return unknown, s, err
	}
	won, err := tx.SpendSingle(kindRefresh, digest, now)
	if err == nil && won {
		won, err = tx.AdvanceFamily(f.ID, f.Generation, now, f.ExpiresAt)
	}
	if err != nil {
		return nil, s, err
	}
	if !won {
		no, err = p.copied(tx, f)
		return no, s, err
	}
	f.Generation++
	return nil, s, p.write(tx, s, f, made, now)
}

// copied ends a family and puts on record why.
func (p *Provider) copied(tx Tx, f grant.Family) (no, err error) {
	now := p.Now()
	if _, err := tx.EndFamily(f.ID, now); err != nil {
		return nil, err
	}
	return fault.New(fault.GrantReused), tx.InsertAudit(p.event(audit.GrantReused, f, now, "refresh token"))
}

// notRefreshed says no in the shape of a yes (§2.4): 401 for tokens that are not worth anything, 400 for what is not understood.
func (p *Provider) notRefreshed(w http.ResponseWriter, r *http.Request, err error) error {
	f := fault.Of(err)
	status := http.StatusBadRequest
	switch f.Code {
	case fault.TokenUnknown, fault.TokenExpired, fault.GrantReused:
		status = http.StatusUnauthorized
	default:
		if f.Kind() == fault.Internal || f.Kind() == fault.Unavailable {
			status, _ = apiError(f)
		}
	}
	p.Log.InfoContext(r.Context(), "refresh refused", "wire", wire, "code", f.Code, "status", status)
	return answer(w, status, refreshed{Result: result{Code: strconv.Itoa(status), Message: string(f.Code)}})
}

// revoke ends everything that came from the sign-in of a token, whichever of its tokens is shown (RFC 7009, at a path of our own: §2.5). No client can prove itself at this
// door, so knowing the token is the proof. What is unknown or has ended is as good as revoked.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) error {
	body, err := readAPI(w, r)
	if err != nil {
		return err
	}
	if body.Token == "" {
		return fault.New(fault.RequestMalformed)
	}
	err = p.Do(r.Context(), func(tx Tx) error {
		for _, kind := range []grant.Kind{kindAccess, kindRefresh} {
			single, err := tx.Single(kind, grant.Digest(kind, body.Token))
			if fault.Is(err, fault.RowNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			f, err := tx.Family(single.Family)
			if err != nil {
				return err
			}
			ended, err := tx.EndFamily(f.ID, p.Now())
			if err != nil || !ended {
				return err
			}
			return tx.InsertAudit(p.event(audit.GrantRevoked, f, p.Now(), "by the service"))
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
