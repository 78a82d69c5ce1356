package csc

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

const (
	kindAccess  grant.Kind = "csc-access"
	kindRefresh grant.Kind = "csc-refresh"
	kindSAD     grant.Kind = "csc-sad"
)

// caller is who calls a method: a service for a person who signed in to it, or a service that shows the SAD itself (scope credential).
type caller struct {
	service service.Service
	person  citizen.ID
	family  grant.Family // zero with a SAD
	sad     *held
}

// held is a SAD with what it was given for.
type held struct {
	bound
	text    string
	expired bool
}

// noToken is §10.1's 401, with the challenge of RFC 6750 §3.
func noToken(name, says string, code fault.Code) *oauth.Refusal {
	e := oauth.Refuse(name, "%s", says).With(code).At(http.StatusUnauthorized)
	e.Challenge = `Bearer realm="chave", error="` + oauth.InvalidToken + `"`
	return e
}

// bearer reads the token of a request.
func bearer(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		e := oauth.Refuse(oauth.InvalidRequest, "Malformed authorization header").With(fault.TokenUnknown).At(http.StatusUnauthorized)
		e.Challenge = `Bearer realm="chave"` // who showed nothing is told no error code there
		return "", e
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if token = strings.TrimSpace(token); len(headers) != 1 || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxText {
		return "", oauth.Refuse(oauth.InvalidRequest, "Malformed authorization header").With(fault.TokenUnknown)
	}
	return token, nil
}

// call finds who calls. Families and registrations are read each time, so that a sign-out, a revocation or a closed service holds at the next call.
func (p *Provider) call(r *http.Request) (caller, error) {
	text, err := bearer(r)
	if err != nil {
		return caller{}, err
	}
	var (
		c  caller
		no *oauth.Refusal
	)
	err = p.View(r.Context(), func(tx Tx) error {
		c, no = caller{}, nil
		one, err := tx.Single(kindAccess, grant.Digest(kindAccess, text))
		if fault.Is(err, fault.RowNotFound) {
			no, err = p.callBySAD(tx, text, &c)
			return err
		}
		if err != nil {
			return err
		}
		no, err = p.callByFamily(tx, one, &c)
		return err
	})
	switch {
	case fault.Is(err, fault.ServiceUnknown) || err == nil && no == nil && !speaks(c.service):
		return caller{}, noToken(oauth.InvalidToken, "The access token is not valid", fault.TokenUnknown)
	case err != nil:
		return caller{}, err
	case no != nil:
		return caller{}, no
	}
	return c, nil
}

func (p *Provider) callByFamily(tx Tx, one grant.Single, c *caller) (*oauth.Refusal, error) {
	over := noToken(expiredToken, "The access token has expired or was revoked", fault.TokenExpired)
	now := p.Now()
	if !one.SpentAt.IsZero() || !now.Before(one.ExpiresAt) {
		return over, nil
	}
	f, err := tx.Family(one.Family)
	if fault.Is(err, fault.RowNotFound) || err == nil && !f.Alive(now) {
		return over, nil
	}
	if err != nil {
		return nil, err
	}
	c.family, c.person = f, f.Person
	c.service, err = tx.Service(f.Service)
	return nil, err
}

func (p *Provider) callBySAD(tx Tx, text string, c *caller) (*oauth.Refusal, error) {
	sad, err := p.readSAD(tx, text)
	if fault.Is(err, fault.RowNotFound) || err == nil && sad.Family != "" { // one of explicit authorization is no access token
		return noToken(oauth.InvalidToken, "The access token is not valid", fault.TokenUnknown), nil
	}
	if err != nil {
		return nil, err
	}
	if sad.expired {
		return noToken(expiredToken, "The access token has expired or was revoked", fault.TokenExpired), nil
	}
	c.sad, c.person = &sad, sad.Person
	c.service, err = tx.Service(sad.Client)
	return nil, err
}

func (p *Provider) readSAD(tx Tx, text string) (held, error) {
	one, err := tx.Single(kindSAD, grant.Digest(kindSAD, text))
	if err != nil {
		return held{}, err
	}
	h := held{text: text, expired: !one.SpentAt.IsZero() || !p.Now().Before(one.ExpiresAt)}
	return h, json.Unmarshal(one.Payload, &h.bound)
}

// keepSAD notes what a permit's handle was given for, under its digest.
func (p *Provider) keepSAD(tx Tx, handle string, b bound, until time.Time) error {
	payload, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return tx.InsertSingle(grant.Single{Kind: kindSAD, Digest: grant.Digest(kindSAD, handle), Payload: payload, ExpiresAt: until})
}

// activation finds the SAD of a call: its own bearer token, or the parameter SAD. It must be of the same service, person and sign-in as the token it comes with: a
// SAD that another service got hold of is worth nothing to it (T2).
func (p *Provider) activation(ctx context.Context, c caller, in params) (held, error) {
	text, err := in.text("SAD")
	if err != nil {
		return held{}, err
	}
	wrong := invalid("SAD").With(fault.PermitMismatch)
	if c.sad != nil {
		if text != "" && text != c.sad.text {
			return held{}, wrong
		}
		return *c.sad, nil
	}
	if text == "" {
		return held{}, missing("string", "SAD")
	}
	var sad held
	err = p.View(ctx, func(tx Tx) (err error) {
		sad, err = p.readSAD(tx, text)
		return err
	})
	switch {
	case fault.Is(err, fault.RowNotFound):
		return held{}, invalid("SAD").With(fault.OperationUnknown)
	case err != nil:
		return held{}, err
	case sad.Client != c.service.ID, sad.Person != c.person, sad.Family != "" && sad.Family != c.family.ID:
		return held{}, wrong
	case sad.expired:
		return held{}, oauth.Refuse(oauth.InvalidRequest, "SAD expired").With(fault.OperationExpired)
	}
	return sad, nil
}

// byService refuses a caller who shows a SAD where a sign-in to the service is needed.
func byService(c caller) error {
	if c.sad != nil {
		return oauth.Refuse(oauth.AccessDenied, "this method needs an access token of scope service").At(http.StatusForbidden).With(fault.TokenUnknown)
	}
	return nil
}
