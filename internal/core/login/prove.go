package login

import (
	"context"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
)

// Prove turns a living session that covers the request into a proof, for Chave's own pages: what core does only for a fresh sign-in takes a form that was filled in after
// it. Nothing is shared with them, so nothing needs to have been agreed to. fault.SessionNeeded when the session is too old or too weak.
func (s *Service) Prove(ctx context.Context, r Request) (Verified, error) {
	var proof Verified
	if r.Wire != FirstParty || r.Session == "" {
		return proof, fault.New(fault.SessionNeeded)
	}
	err := s.View(ctx, func(tx Tx) error {
		now := s.Now()
		found, person, err := s.livingSession(tx, r.Realm, r.Session)
		if err != nil {
			return err
		}
		if !found.covers(r, now) {
			return fault.New(fault.SessionNeeded)
		}
		proof = Verified{&verified{
			person: person, service: r.Service.ID, level: found.Level, means: found.Means, authAt: found.AuthAt, session: found.ID,
			answered: consent.Answered{Holder: consent.HolderOf(person), Document: person.Document().Type},
		}}
		return nil
	})
	return proof, err
}
