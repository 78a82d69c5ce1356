package saml

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/random"
	format "chave/internal/format/saml"
)

// What waits in the store. Each kind's handle works once.
const (
	kindSSO    grant.Kind = "saml-sso"    // a request for a sign-in that came by POST
	kindSLO    grant.Kind = "saml-slo"    // a request for a logout that came by POST
	kindHop    grant.Kind = "saml-hop"    // the next step of a logout's round
	kindAsked  grant.Kind = "saml-asked"  // the answer that the round waits for, by the id of our request
	kindOpened grant.Kind = "saml-opened" // which services a session has opened over SAML
	kindSeen   grant.Kind = "saml-seen"   // ids of requests
)

// waits is how long a request that came by POST waits for its browser to come back by GET.
const waits = 2 * time.Minute

// once makes the id of a request unusable for anybody else, here and on other nodes. Ids are a service's own: two services may use the same.
func (p *Provider) once(tx grant.Tx, m format.Message) error {
	first, err := tx.InsertReplay(kindSeen, grant.Digest(kindSeen, m.Issuer+"\x00"+m.ID), p.seenUntil(m))
	if err == nil && !first {
		err = requester(format.StatusRequestDenied, fault.MessageRepeated, "a request with this ID was here before")
	}
	return err
}

// put keeps a value until its handle comes back.
func put(tx grant.Tx, kind grant.Kind, handle string, value any, until time.Time) error {
	payload, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return tx.InsertSingle(grant.Single{Kind: kind, Digest: grant.Digest(kind, handle), Payload: payload, ExpiresAt: until})
}

// take spends a handle and reads its value. A spent one is still read: what that means is for the caller.
func (p *Provider) take(ctx context.Context, kind grant.Kind, handle string, into any) (spent bool, err error) {
	err = p.Do(ctx, func(tx Tx) error {
		taken, again, err := grant.Take(tx, kind, handle, p.Now())
		if err != nil {
			return err
		}
		spent = again
		return json.Unmarshal(taken.Payload, into)
	})
	return spent, err
}

// backAsGet turns a request that came by POST into a visit: browsers keep our cookies (SameSite=Lax) from another site's form, and without them nobody is
// recognised. The id is spent in the commit that stores the request.
func (p *Provider) backAsGet(w http.ResponseWriter, r *http.Request, kind grant.Kind, parameter string, m format.Message, value any) error {
	handle := random.Handle(p.Rand)
	err := p.Do(r.Context(), func(tx Tx) error {
		if err := p.once(tx, m); err != nil {
			return err
		}
		return put(tx, kind, handle, value, p.Now().Add(waits))
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, PathBegin+"?"+url.Values{parameter: {handle}}.Encode(), http.StatusSeeOther)
	return nil
}

// begin goes on with what waits, now that the browser is on our own site.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	switch {
	case query.Has("next"):
		return p.hop(w, r, query.Get("next"))
	case query.Has("leave"):
		var out leaving
		spent, err := p.take(r.Context(), kindSLO, query.Get("leave"), &out)
		if err == nil && spent {
			err = fault.New(fault.GrantSpent)
		}
		if err != nil {
			return err
		}
		return p.leave(w, r, out)
	}
	var q request
	spent, err := p.take(r.Context(), kindSSO, query.Get("r"), &q)
	if err == nil && spent {
		err = fault.New(fault.GrantSpent)
	}
	if err != nil {
		return err
	}
	s, err := p.registered(r, q.reply)
	if err != nil {
		return err
	}
	return p.signIn(w, r, s, q)
}
