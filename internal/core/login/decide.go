package login

import (
	"context"
	"slices"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/random"
)

// Decide records the person's answer on the share page. Refusing all, or one that the service requires, is a refusal; optional ones that are not in share
// stay empty (R5.10, wire reference §1.5.2).
func (s *Service) Decide(ctx context.Context, id, browser string, share []consent.Name) (Transaction, error) {
	return s.step(ctx, id, browser, func(tx Tx, t *Transaction, now time.Time) error {
		person, key, err := s.holder(tx, t.Person)
		if err != nil {
			return err
		}
		if err := s.Policy.Usable(key, person, now); err != nil {
			return s.stopWith(tx, t, err, now)
		}
		if stands, err := s.stands(tx, t, key); err != nil {
			return err
		} else if !stands {
			return s.beginAgain(tx, t, now)
		}
		return s.agree(tx, t, person, key, share, now)
	}, StepShare)
}

// agree puts what is shared on record.
func (s *Service) agree(tx Tx, t *Transaction, person citizen.Person, key credential.Key, share []consent.Name, now time.Time) error {
	subject := consent.Subject{Person: person, KeyEnds: s.Policy.End(key, person), Zone: s.Policy.Zone}
	t.Shared, t.Refused = choose(t.Ask, share, subject)
	t.Decided = true
	given := consent.Given{ID: random.ID(s.Rand), Person: t.Person, Service: t.Service, Shared: t.Shared, Refused: t.Refused, At: now}
	if err := tx.InsertGiven(given); err != nil {
		return err
	}
	if err := tx.InsertVisit(s.visit(t, "signed_in", now)); err != nil {
		return err
	}
	if err := s.rememberShared(tx, t); err != nil {
		return err
	}
	return tx.InsertAudit(s.event(audit.ConsentGiven, t.Person, t.Service, t.ID, now))
}

// skipShare agrees in the person's place where the service may ask for that (R5.12): never the first time, and never to more than the person agreed to before.
func (s *Service) skipShare(tx Tx, t *Transaction, person citizen.Person, key credential.Key, now time.Time) error {
	if !t.SkipShare || t.Decided || t.Temporary || t.Purpose != SignIn {
		return nil
	}
	standing, err := tx.GivenOf(person.ID)
	if err != nil {
		return err
	}
	subject := consent.Subject{Person: person, KeyEnds: s.Policy.End(key, person), Zone: s.Policy.Zone}
	for _, g := range standing {
		if g.Service != t.Service {
			continue
		}
		for _, ask := range t.Ask {
			if a, ok := consent.Lookup(ask.Name); ok && a.Obtainable(subject) && !slices.Contains(g.Shared, ask.Name) {
				return nil
			}
		}
		return s.agree(tx, t, person, key, g.Shared, now)
	}
	return nil
}

// choose splits what was asked into what is shared and what was unticked. Required ones always go; what the key does not hold goes nowhere.
func choose(asks []consent.Ask, share []consent.Name, subject consent.Subject) (shared, refused []consent.Name) {
	for _, ask := range asks {
		attribute, ok := consent.Lookup(ask.Name)
		if !ok {
			continue
		}
		if !attribute.Obtainable(subject) {
			continue
		}
		if ask.Required || slices.Contains(share, ask.Name) {
			shared = append(shared, ask.Name)
		} else {
			refused = append(refused, ask.Name)
		}
	}
	return shared, refused
}

func (s *Service) rememberShared(tx Tx, t *Transaction) error {
	one, err := tx.Session(t.Session)
	if fault.Is(err, fault.RowNotFound) || err == nil && !one.EndedAt.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	if before, seen := one.Shared[t.Service]; seen && slices.Equal(before, t.Shared) {
		return nil
	}
	if one.Shared == nil {
		one.Shared = map[string][]consent.Name{}
	}
	one.Shared[t.Service] = t.Shared
	return tx.UpdateSession(one)
}

func (s *Service) holder(tx Tx, who citizen.ID) (citizen.Person, credential.Key, error) {
	person, err := tx.Person(who)
	if err != nil {
		return person, credential.Key{}, err
	}
	key, err := tx.Key(who)
	return person, key, err
}

// ConfirmCancel cancels the key, at once and for good (R5.09): sessions and grants end with it, and every contact is told.
func (s *Service) ConfirmCancel(ctx context.Context, id, browser string) (Transaction, error) {
	t, err := s.step(ctx, id, browser, func(tx Tx, t *Transaction, now time.Time) error {
		person, key, err := s.holder(tx, t.Person)
		if err != nil {
			return err
		}
		if stands, err := s.stands(tx, t, key); err != nil {
			return err
		} else if !stands {
			return s.beginAgain(tx, t, now)
		}
		key.State, key.EndedAt = credential.Cancelled, now
		if err := tx.UpdateKey(key); err != nil {
			return err
		}
		if s.Ended != nil {
			if err := s.Ended(tx, t.Person, now); err != nil {
				return err
			}
		}
		if err := s.endOtherSessions(tx, t.Person, "", now); err != nil {
			return err
		}
		if err := tx.EndGrantsOfPerson(t.Person, "", now); err != nil {
			return err
		}
		if err := tx.ForgetBrowsers(t.Person); err != nil {
			return err
		}
		t.Decided = true
		if err := s.tell(tx, person, message.KeyCancelled, nil, now); err != nil {
			return err
		}
		return tx.InsertAudit(s.event(audit.KeyCancelled, t.Person, "", t.ID, now))
	}, StepConfirm)
	s.Wake()
	return t, err
}

// Withdraw ends a standing consent: grants of that service end with it (A16).
func (s *Service) Withdraw(ctx context.Context, who citizen.ID, serviceID string) error {
	return s.Do(ctx, func(tx Tx) error {
		now := s.Now()
		found, err := tx.WithdrawGiven(who, serviceID, now)
		if err != nil || !found {
			return err
		}
		if err := tx.EndGrantsOfPerson(who, serviceID, now); err != nil {
			return err
		}
		all, err := tx.SessionsOf(who)
		if err != nil {
			return err
		}
		for _, one := range all {
			if _, opened := one.Shared[serviceID]; !opened {
				continue
			}
			delete(one.Shared, serviceID)
			if err := tx.UpdateSession(one); err != nil {
				return err
			}
			notice := LogoutNotice{ID: random.ID(s.Rand), Service: serviceID, Session: one.ID, Person: who, At: now}
			if err := tx.InsertLogoutNotice(notice); err != nil {
				return err
			}
		}
		return tx.InsertAudit(s.event(audit.ConsentWithdraw, who, serviceID, "", now))
	})
}
