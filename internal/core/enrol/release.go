package enrol

import (
	"strings"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
)

// takenBySomebody tells whether a contact belongs to another person whose key lives. Phone numbers are handed out again: one that was left with an ended key
// must not keep its new owner from having a key (R1.21).
func (s *Service) takenBySomebody(tx Tx, contact citizen.Identifier, holder citizen.ID) (bool, error) {
	held, err := tx.PeopleWith(contact)
	if err != nil {
		return false, err
	}
	for _, who := range held {
		if who == holder {
			continue
		}
		ended, err := s.ended(tx, who)
		if err != nil || !ended {
			return !ended, err
		}
	}
	return false, nil
}

func (s *Service) ended(tx Tx, who citizen.ID) (bool, error) {
	person, err := tx.Person(who)
	if err != nil {
		return false, err
	}
	key, err := tx.Key(who)
	if fault.Is(err, fault.RowNotFound) {
		return true, nil
	}
	return s.Policy.Status(key, person, s.Now()) == credential.StatusEnded, err
}

// release takes a newly proven phone and e-mail away from ended keys. It runs in the transaction that gives them to p.
func (s *Service) release(tx Tx, p citizen.Person) error {
	for _, contact := range []citizen.Identifier{
		{Kind: citizen.ByPhone, Value: string(p.Phone)}, {Kind: citizen.ByEmail, Value: strings.ToLower(string(p.Email))},
	} {
		if contact.Value == "" {
			continue
		}
		held, err := tx.PeopleWith(contact)
		if err != nil {
			return err
		}
		for _, who := range held {
			if who == p.ID {
				continue
			}
			ended, err := s.ended(tx, who)
			if err != nil {
				return err
			}
			if !ended { // the unique index would say so too; this says it in words
				return fault.New(fault.RowConflict).On(string(contact.Kind))
			}
			before, err := tx.Person(who)
			if err != nil {
				return err
			}
			if contact.Kind == citizen.ByPhone {
				before.Phone = ""
			} else {
				before.Email = ""
			}
			if err := tx.UpdatePerson(before); err != nil {
				return err
			}
		}
	}
	return nil
}
