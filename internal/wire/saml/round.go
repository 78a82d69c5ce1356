package saml

import (
	"context"
	"crypto/subtle"
	"net/http"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
)

// round is a browser's way past the services that a session had opened, one after the other. Chave's own session has ended before it begins.
type round struct {
	For     leaving       `json:"for"`           // the request that is answered at the end
	Now     participant   `json:"now"`           // who is asked in this step
	Ask     string        `json:"ask,omitempty"` // id of our request to it; empty at the end of the round
	Rest    []participant `json:"rest,omitempty"`
	Partial bool          `json:"partial,omitempty"` // somebody could not be asked, did not come back, or said no
	Steps   int           `json:"steps,omitempty"`
	Until   int64         `json:"until"` // Unix seconds; past it nobody more is asked
}

const (
	roundFor  = 5 * time.Minute
	roundKept = time.Hour // an answer that comes late still gets the browser home
	mostAsked = 20        // services of one round
	breather  = 5         // services between two pages: browsers follow some twenty redirects in a row and no more
)

func (o round) late(now time.Time) bool { return !now.Before(time.Unix(o.Until, 0)) }

// advance stores the next step of a round, and returns the handle by which the browser takes it. The step and the answer it waits for are two rows: if the
// browser takes the step a second time, because it came back by its back button, the answer is given up.
func (p *Provider) advance(ctx context.Context, o round) (string, error) {
	o.Now, o.Ask = participant{}, ""
	if o.late(p.Now()) || len(o.Rest) > mostAsked {
		o.Partial, o.Rest = o.Partial || len(o.Rest) > 0, nil
	}
	if len(o.Rest) > 0 {
		o.Now, o.Rest, o.Ask = o.Rest[0], o.Rest[1:], format.NewID(p.Rand)
	}
	handle, until := random.Handle(p.Rand), p.Now().Add(roundFor+roundKept)
	err := p.Do(ctx, func(tx Tx) error {
		if o.Ask != "" {
			if err := put(tx, kindAsked, o.Ask, o, until); err != nil {
				return err
			}
		}
		return put(tx, kindHop, handle, o, until)
	})
	return handle, err
}

// goOn leads the browser to the next step.
func (p *Provider) goOn(w http.ResponseWriter, r *http.Request, o round) error {
	o.Steps++
	handle, err := p.advance(r.Context(), o)
	if err != nil {
		return err
	}
	if o.Steps%breather == 0 {
		p.movesOn(w, r, handle)
		return nil
	}
	http.Redirect(w, r, PathBegin+"?next="+handle, http.StatusSeeOther)
	return nil
}

// movesOn shows a page that goes to the next step by itself.
func (p *Provider) movesOn(w http.ResponseWriter, r *http.Request, handle string) {
	w.Header().Set("Refresh", "0; url="+PathBegin+"?next="+handle)
	p.Pages.SignedOut(w, r)
}

// hop takes one step: it sends the browser to the service whose turn it is, or home.
func (p *Provider) hop(w http.ResponseWriter, r *http.Request, handle string) error {
	var o round
	spent, err := p.take(r.Context(), kindHop, handle, &o)
	switch {
	case fault.Is(err, fault.GrantExpired), fault.Is(err, fault.GrantUnknown), err == nil && spent && o.Ask == "":
		p.Pages.SignedOut(w, r)
		return nil
	case err != nil:
		return err
	case spent:
		return p.givenUp(w, r, o)
	case o.Ask == "":
		return p.home(w, r, o)
	}
	s, err := p.serviceOf(r, o.Now.Service)
	to := ""
	if err == nil {
		to = logoutRequests(s)
	}
	if to == "" { // nowhere to ask
		o.Partial = true
		return p.goOn(w, r, o)
	}
	return p.ask(w, r, s, to, o)
}

// ask sends a LogoutRequest of ours (SAML core §3.7.1).
func (p *Provider) ask(w http.ResponseWriter, r *http.Request, s service.Service, to string, o round) error {
	name := nameID{Format: o.Now.Format, Value: o.Now.Name}
	var b written
	b.put(`<samlp:LogoutRequest xmlns:samlp="`, format.NSProtocol, `" xmlns:saml="`, format.NSAssertion, `" ID="`, o.Ask, `" Version="2.0" IssueInstant="`,
		format.Second(p.Now()), `" Destination="`, format.EscapeAttr(to), `" NotOnOrAfter="`, format.Second(time.Unix(o.Until, 0)), `" Reason="`, format.LogoutUser,
		`"><saml:Issuer>`, format.EscapeText(p.entityID()), `</saml:Issuer>`, name.xml(p.entityID(), s.SAML.Issuer),
		`<samlp:SessionIndex>`, o.Now.Index, `</samlp:SessionIndex></samlp:LogoutRequest>`)
	return p.send(w, r, s, to, "SAMLRequest", b.String(), nil)
}

// givenUp goes on without a service that did not bring the browser back: it is back by itself.
func (p *Provider) givenUp(w http.ResponseWriter, r *http.Request, o round) error {
	var waiting round
	spent, err := p.take(r.Context(), kindAsked, o.Ask, &waiting)
	if err != nil || spent { // it did come back, and the round is further on
		p.Pages.SignedOut(w, r)
		return nil
	}
	waiting.Partial = true
	return p.goOn(w, r, waiting)
}

// answered takes a LogoutResponse to a request of ours, found by the request's id. One that cannot be believed leads on all the same, as a "no": the round
// must go on, and whoever knows that id could do no more than that.
func (p *Provider) answered(w http.ResponseWriter, r *http.Request, in inbound) error {
	m, malformed := format.ParseLogoutResponse(in.root)
	if m.InResponseTo == "" {
		if malformed != nil {
			return unreadable(malformed)
		}
		return fault.New(fault.MessageUnexpected)
	}
	var o round
	spent, err := p.take(r.Context(), kindAsked, m.InResponseTo, &o)
	if fault.Is(err, fault.GrantUnknown) {
		return fault.New(fault.MessageUnexpected)
	}
	if fault.Is(err, fault.GrantExpired) || err == nil && spent {
		p.Pages.SignedOut(w, r)
		return nil
	}
	if err != nil {
		return err
	}
	if err := p.agrees(r, in, o); err != nil {
		o.Partial = true
		p.logRefusal(r, o.Now.Service, fault.Of(err).Code, err)
	}
	return p.goOn(w, r, o)
}

// agrees tells whether the service that was asked has signed that it ended its session.
func (p *Provider) agrees(r *http.Request, in inbound, o round) error {
	s, err := p.serviceOf(r, o.Now.Service)
	if err != nil {
		return err
	}
	root, err := p.believe(in, s, false)
	if err != nil {
		return err
	}
	m, malformed := format.ParseLogoutResponse(root)
	if malformed != nil {
		return unreadable(malformed)
	}
	if m.Issuer != s.SAML.Issuer || subtle.ConstantTimeCompare([]byte(m.InResponseTo), []byte(o.Ask)) != 1 {
		return fault.New(fault.SignatureInvalid)
	}
	if err := p.fresh(m.Message, PathSLO, true); err != nil {
		return fault.New(refusalOf(err).fault)
	}
	if m.Status.Code != format.StatusSuccess || m.Status.Second == format.StatusPartialLogout {
		return fault.New(fault.RefusedByPerson)
	}
	return nil
}

// home answers the service that asked, at the end of the round (SAML core §3.7.3.2).
func (p *Provider) home(w http.ResponseWriter, r *http.Request, o round) error {
	s, err := p.serviceOf(r, o.For.Service)
	if err != nil {
		p.Pages.SignedOut(w, r)
		return nil
	}
	e := &refusal{top: format.StatusSuccess}
	if o.Partial {
		e.second = format.StatusPartialLogout
	}
	return p.leftWith(w, r, s, o.For, e, nil)
}
