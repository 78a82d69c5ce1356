package faoauth

import (
	"context"
	"encoding/json"
	"errors"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"time"
)

// Waiting is what a phone is shown of a request. It has no name of its own type, so that the pages can say what they need without knowing this package.
type Waiting = struct {
	Service service.Service
	Says    string // the service's own words for this request, one line; may be empty
	Ask     []consent.Ask
	Until   time.Time
}

// Ended is how a phone's part of a request ended.
type Ended = struct {
	Service  service.Service
	Accepted bool
}

// resumeQR is the page that a phone comes back to.
const resumeQR = "/qr/resume/"

// Look finds a request that waits: fault.QRUnknown when there is none, fault.QROver when somebody has decided it or its time is over.
func (p *Provider) Look(ctx context.Context, number string) (Waiting, error) {
	var (
		w waiting
		s service.Service
	)
	err := p.View(ctx, func(tx Tx) (err error) {
		w, s, err = p.find(tx, number)
		return err
	})
	if err != nil {
		return Waiting{}, err
	}
	asks, err := asksOf(s, w)
	return Waiting{Service: s, Says: w.Says, Ask: asks, Until: w.Until}, err
}

// find reads a request that still waits, and its service.
func (p *Provider) find(tx interface {
	service.Tx
	grant.Tx
}, number string) (w waiting, s service.Service, err error) {
	unknown := fault.New(fault.QRUnknown)
	if len(number) != uuidLength {
		return w, s, unknown
	}
	single, err := tx.Single(kindQR, grant.Digest(kindQR, number))
	switch {
	case fault.Is(err, fault.RowNotFound):
		return w, s, unknown
	case err != nil:
		return w, s, err
	case !single.SpentAt.IsZero() || !p.Now().Before(single.ExpiresAt):
		return w, s, fault.New(fault.QROver)
	}
	if err := json.Unmarshal(single.Payload, &w); err != nil {
		return w, s, err
	}
	if s, err = tx.Service(w.Service); fault.Is(err, fault.ServiceUnknown) || err == nil && !p.opens(s) {
		return w, s, unknown
	}
	return w, s, err
}

// Begin begins the sign-in in which a person decides a request, and returns the local path of its first page. PIN and code are asked whatever session there is: what is
// approved here opens a screen somewhere else, and the person must have time to notice that it is not theirs.
func (p *Provider) Begin(ctx context.Context, number, lang, browser string) (string, error) {
	asking, err := p.Look(ctx, number)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(number)
	if err != nil {
		return "", err
	}
	t, err := p.Login.Begin(ctx, login.Request{
		Wire: wireQR, Realm: login.Compat, Payload: payload, Resume: func(id string) string { return resumeQR + id }, Purpose: login.SignIn,
		Service: asking.Service, Ask: asking.Ask, Offline: true, MinLevel: max(service.LevelPhone, asking.Service.MinLevel), Force: true, Lang: lang, Browser: browser,
	})
	return "/signin/" + t.ID, err
}

// Finish takes the person's decision: the sign-in, the request and the tokens are settled in one commit, so that of two phones one decides. The service is told in the
// background.
func (p *Provider) Finish(ctx context.Context, id, browser string) (Ended, error) {
	var (
		w      waiting
		s      service.Service
		number string
		yes    bool
		made   = p.newTokens()
	)
	_, err := p.Login.FinishNow(ctx, id, browser, wireQR, func(tx login.Tx, out login.Outcome) (err error) {
		if err := json.Unmarshal(out.Payload, &number); err != nil {
			return err
		}
		if w, s, err = p.find(tx, number); err != nil {
			return err
		}
		yes = out.Refusal == "" && !emptyHanded(out.Verified)
		if yes && w.Owner != "" && !owns(out.Verified, w.Owner) { // meant for somebody else: to this person there is no such request
			return fault.New(fault.QRUnknown)
		}
		won, err := tx.SpendSingle(kindQR, grant.Digest(kindQR, number), p.Now())
		if err != nil {
			return err
		}
		if !won {
			return fault.New(fault.QROver)
		}
		if !yes {
			return nil
		}
		return p.issue(tx, s, w.Names, out.Verified, made)
	})
	if err != nil {
		return Ended{}, err
	}
	if yes && made.long {
		p.count(s, service.LongToken)
	}
	return Ended{Service: s, Accepted: yes}, p.decide(ctx, w, number, yes, made)
}

// owns tells whether a person has a civil identification number.
func owns(v login.Verified, nic string) bool { return v.Subject().Person.NIC == nic }

// internalOnly keeps from the log what a stranger caused.
func internalOnly(err error) error {
	if fault.IsKind(err, fault.Internal) || fault.IsKind(err, fault.Unavailable) {
		return err
	}
	return errors.New("as the code says")
}
