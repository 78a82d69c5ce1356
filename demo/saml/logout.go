package saml

import (
	"context"
	"errors"
	"slices"
)

// LogoutResponse reads Chave's answer to a logout request; nil when the session there is over.
func (p *Party) LogoutResponse(ctx context.Context, encoded, requestID string) error {
	root, _, err := p.open(ctx, encoded, "LogoutResponse", p.cfg.Logout)
	if err != nil {
		return err
	}
	if requestID == "" || root.SelectAttrValue("InResponseTo", "") != requestID {
		return errors.New("the answer is to another request")
	}
	return status(root)
}

// Ending is a logout request of Chave's: somebody's session ended elsewhere.
type Ending struct {
	NameID  string
	Indexes []string // all sessions of that name when empty
	Answer  Message  // to be posted back once the sessions are closed
}

// Names tells whether a session is meant.
func (e Ending) Names(nameID, index string) bool {
	return e.NameID == nameID && (len(e.Indexes) == 0 || slices.Contains(e.Indexes, index))
}

// LogoutRequested reads a logout request that Chave sends through the browser.
func (p *Party) LogoutRequested(ctx context.Context, encoded string) (Ending, error) {
	root, chave, err := p.open(ctx, encoded, "LogoutRequest", p.cfg.Logout)
	if err != nil {
		return Ending{}, err
	}
	name := child(root, nsAssertion, "NameID")
	if name == nil || name.Text() == "" {
		return Ending{}, errors.New("the logout request names nobody")
	}
	e := Ending{NameID: name.Text()}
	for _, index := range everywhere(root, nsProtocol, "SessionIndex") {
		e.Indexes = append(e.Indexes, index.Text())
	}
	e.Answer, err = p.logoutResponse(chave, root.SelectAttrValue("ID", ""))
	return e, err
}
