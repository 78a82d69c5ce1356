package saml

import (
	"context"
	"crypto/subtle"
	"maps"
	"slices"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
)

// named tells whether a service means this person, or this session, by a name. Values are keyed digests, so the format that stands beside one adds nothing: some
// services send it back wrong.
func (p *Provider) named(s service.Service, value string, session login.Session, who citizen.ID) (bool, error) {
	for _, kind := range nameFormats() {
		its, err := p.name(s, kind, who, session.ID)
		if err != nil {
			return false, err
		}
		if subtle.ConstantTimeCompare([]byte(its.Value), []byte(value)) == 1 {
			return true, nil
		}
	}
	return false, nil
}

func nameFormats() []string { return []string{format.NameIDPersistent, format.NameIDTransient} }

// participant is a service that a session has opened over this wire, and the name it knows the person by.
type participant struct {
	Service string `json:"service"`
	Format  string `json:"format"`
	Name    string `json:"name"`
	Index   string `json:"index"`
}

func openedHandle(session, serviceID, kind string) string {
	return session + "\x00" + serviceID + "\x00" + kind
}

// noteOpened notes for as long as the session can last that it has opened a service under a sort of name.
func noteOpened(tx grant.Tx, s service.Service, session, kind string, until time.Time) error {
	handle := openedHandle(session, s.ID, kind)
	_, err := tx.Single(kindOpened, grant.Digest(kindOpened, handle))
	if !fault.Is(err, fault.RowNotFound) {
		return err
	}
	return put(tx, kindOpened, handle, kind, until)
}

// participants lists the services that must hear of a session's end, all but one, in the order of their ids.
func (p *Provider) participants(ctx context.Context, session login.Session, but string) ([]participant, error) {
	var all []participant
	err := p.View(ctx, func(tx Tx) error {
		all = nil
		for _, id := range slices.Sorted(maps.Keys(session.Shared)) {
			if id == but {
				continue
			}
			s, err := tx.Service(id)
			if fault.Is(err, fault.ServiceUnknown) {
				continue
			}
			if err != nil {
				return err
			}
			for _, kind := range nameFormats() {
				_, err := tx.Single(kindOpened, grant.Digest(kindOpened, openedHandle(session.ID, id, kind)))
				if fault.Is(err, fault.RowNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				one, err := p.participant(s, kind, session)
				if err != nil {
					return err
				}
				all = append(all, one)
			}
		}
		return nil
	})
	return all, err
}

func (p *Provider) participant(s service.Service, kind string, session login.Session) (participant, error) {
	name, err := p.name(s, kind, session.Person, session.ID)
	if err != nil {
		return participant{}, err
	}
	index, err := p.index(s, session.ID)
	return participant{Service: s.ID, Format: kind, Name: name.Value, Index: index}, err
}
