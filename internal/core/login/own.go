package login

import (
	"context"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
)

// Own is what a holder sees of their own key. The caller has proved to be the holder; nobody else's id may be passed (R5.04).
type Own struct {
	Person citizen.Person
	Key    credential.Key
	Status credential.Status
	Ends   time.Time // first instant at which the key no longer works (R1.29)
}

// Own reads the holder's key.
func (s *Service) Own(ctx context.Context, who citizen.ID) (Own, error) {
	var own Own
	err := s.View(ctx, func(tx Tx) (err error) {
		own.Person, own.Key, err = s.holder(tx, who)
		return err
	})
	if err != nil {
		return Own{}, err
	}
	own.Status, own.Ends = s.Policy.Status(own.Key, own.Person, s.Now()), s.Policy.End(own.Key, own.Person)
	return own, nil
}

// History lists the holder's visits since an instant, newest first, at most limit.
func (s *Service) History(ctx context.Context, who citizen.ID, since time.Time, limit int) ([]consent.Visit, error) {
	var all []consent.Visit
	err := s.View(ctx, func(tx Tx) (err error) {
		all, err = tx.VisitsOf(who, since, limit)
		return err
	})
	return all, err
}

// Consents lists the holder's standing agreements, newest first.
func (s *Service) Consents(ctx context.Context, who citizen.ID) ([]consent.Given, error) {
	var all []consent.Given
	err := s.View(ctx, func(tx Tx) (err error) {
		all, err = tx.GivenOf(who)
		return err
	})
	return all, err
}

// Sessions lists the holder's living sessions (A11, ASVS 7.4.3).
func (s *Service) Sessions(ctx context.Context, who citizen.ID) ([]Session, error) {
	var living []Session
	err := s.View(ctx, func(tx Tx) error {
		living = nil
		all, err := tx.SessionsOf(who)
		for _, one := range all {
			if one.alive(s.Now()) {
				living = append(living, one)
			}
		}
		return err
	})
	return living, err
}

// EndSession ends one of the holder's sessions, here or elsewhere, with what was opened in it. One that is not theirs is fault.RowNotFound.
func (s *Service) EndSession(ctx context.Context, who citizen.ID, id string) error {
	return s.Do(ctx, func(tx Tx) error {
		all, err := tx.SessionsOf(who)
		if err != nil {
			return err
		}
		for _, one := range all {
			if one.ID == id {
				return s.endSession(tx, one, s.Now())
			}
		}
		return fault.New(fault.RowNotFound)
	})
}
