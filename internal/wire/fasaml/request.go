package fasaml

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/format/saml"
)

const (
	kindRequest grant.Kind = "fasaml-request"
	kindID      grant.Kind = "fasaml-id"
)

// request is a believed message, as it waits for the browser and then rides with the sign-in. The store seals it.
type request struct {
	Logout     bool              `json:"logout,omitempty"`
	Service    string            `json:"service"`
	ID         string            `json:"id"`
	Issuer     string            `json:"issuer"` // as sent: what answers are addressed to
	To         string            `json:"to"`     // checked address of the answer
	RelayState []byte            `json:"relay_state,omitempty"`
	Modal      bool              `json:"modal,omitempty"`
	Level      service.Level     `json:"level,omitempty"`
	Force      bool              `json:"force,omitempty"`
	Attributes []wantedAttribute `json:"attributes,omitempty"`
}

// timely is row 6 of §1.4.4 but for the id: the version, where the message was sent, and when.
func (p *Provider) timely(m saml.Message, malformed error) error {
	var e *saml.Error
	switch {
	case errors.As(malformed, &e) && e.Reason == saml.ReasonInstant:
		return fault.New(fault.MessageStale).Because(malformed)
	case malformed != nil:
		return fault.New(fault.MessageUnexpected).Because(malformed)
	case m.Version != "2.0":
		return fault.New(fault.MessageUnexpected).Because(errors.New("version"))
	case m.Destination != "" && !p.meansUs(m.Destination):
		return fault.New(fault.DestinationWrong)
	}
	if age := p.Now().Sub(m.IssueInstant); age > p.Window || age < -p.Window {
		return fault.New(fault.MessageStale)
	}
	return nil
}

// admit notes the message's id, and stores the message unless something is wrong with it. Both are one commit, so that an id is spent exactly when its message was
// taken, here or on another node. The handle it returns leads back to the stored message, once.
func (p *Provider) admit(ctx context.Context, q request, issued time.Time, wrong error) (handle string, err error) {
	payload, err := json.Marshal(q)
	if err != nil {
		return "", err
	}
	now := p.Now()
	handle = random.Handle(p.Rand)
	fresh := false
	err = p.Do(ctx, func(tx Tx) (err error) {
		// The id is kept as long as any node, its clock a whole window behind ours, could still take the message.
		fresh, err = tx.InsertReplay(kindID, grant.Digest(kindID, q.Service+"\x00"+q.ID), issued.Add(2*p.Window))
		if err != nil || !fresh || wrong != nil {
			return err
		}
		return tx.InsertSingle(grant.Single{
			Kind: kindRequest, Digest: grant.Digest(kindRequest, handle), Payload: payload, ExpiresAt: now.Add(requestLife),
		})
	})
	switch {
	case err != nil:
		return "", err
	case !fresh:
		return "", fault.New(fault.MessageRepeated)
	}
	return handle, wrong
}

// take gives a stored message back, once, with its service as it is registered now.
func (p *Provider) take(ctx context.Context, handle string) (q request, s service.Service, err error) {
	reused := false
	err = p.Do(ctx, func(tx Tx) error {
		value, again, err := grant.Take(tx, kindRequest, handle, p.Now())
		if reused = again; err != nil || reused {
			return err
		}
		q = request{}
		if err := json.Unmarshal(value.Payload, &q); err != nil {
			return fault.New(fault.InternalError).Because(err)
		}
		s, err = tx.Service(q.Service)
		return err
	})
	if err == nil && reused {
		err = fault.New(fault.GrantSpent)
	}
	if err == nil {
		err = stillOpen(s, q)
	}
	return q, s, err
}

// stillOpen tells whether an answer to this request may go where it was to go: the registration may have changed while the person signed in.
func stillOpen(s service.Service, q request) error {
	if s.Closed || s.SAML == nil || s.SAML.Wire != service.WireFA {
		return here(http.StatusForbidden, fault.ServiceUnknown, nil)
	}
	allowed := slices.Contains(s.SAML.ACS, q.To)
	if q.Logout {
		allowed = mayAnswerLogout(s, q.To)
	}
	if !allowed {
		return here(http.StatusForbidden, fault.ReturnNotRegistered, nil)
	}
	return nil
}
