package enrol

import (
	"context"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/random"
)

// Admission registers a person without a desk: the first operator of an installation, made-up people, a migration. The same rules
// decide; the actor on record is not an operator.
type Admission struct {
	Person citizen.Person // with Standing answered
	PIN    credential.PIN
	Actor  string    // "bootstrap", "demo", "migration": goes on the audit record
	At     time.Time // when the registration took place; the rules are applied as of then
	Roles  []string
	// Temporary makes the PIN one that can only be replaced, as at a desk (R2.09); it must then be one the system drew.
	Temporary bool
}

// Admit registers and activates at once. It returns the new person's id.
func (s *Service) Admit(ctx context.Context, a Admission) (citizen.ID, error) {
	coverage := Answer{Coverage: Found, State: DocumentValid}
	if err := s.eligible(a.Person, coverage, false, a.At); err != nil {
		return "", err
	}
	if a.Person.Phone == "" && a.Person.Email == "" {
		return "", fault.New(fault.PhoneNotProven).On("phone")
	}
	if err := s.Policy.CheckNew(a.PIN, a.Person); err != nil {
		return "", err
	}
	for _, role := range a.Roles {
		if a.Actor != "demo" && a.Person.Phone == "" { // an operator signs in at level 3
			return "", fault.New(fault.PhoneNotProven).On(role)
		}
	}
	p := a.Person
	p.ID, p.CreatedAt = citizen.ID(random.ID(s.Rand)), a.At
	stored, err := s.Hasher.Hash(a.PIN, p.ID)
	if err != nil {
		return "", fault.New(fault.StoreUnavailable).Because(err)
	}
	return p.ID, s.Do(ctx, func(tx Tx) error {
		if err := tx.InsertPerson(p); err != nil {
			return takenBy(err)
		}
		key := credential.Key{Person: p.ID, State: credential.Active, PIN: stored, CreatedAt: a.At, ActivatedAt: a.At, UsedAt: a.At}
		if a.Temporary {
			key.State, key.ActivatedAt, key.PINUntil = credential.PendingPIN, time.Time{}, a.At.Add(s.Policy.TemporaryPINTTL)
		}
		if err := tx.InsertKey(key); err != nil {
			return err
		}
		if err := s.scheduleCheck(tx, p.ID, p.Document(), s.Now()); err != nil {
			return err
		}
		for _, role := range a.Roles {
			if err := tx.GiveRole(p.ID, role, a.At); err != nil {
				return err
			}
			e := audit.Event{ID: random.ID(s.Rand), At: s.Now(), Kind: audit.RoleGiven, Person: p.ID, Actor: a.Actor, Data: map[string]string{"role": role}}
			if err := tx.InsertAudit(e); err != nil {
				return err
			}
		}
		e := audit.Event{ID: random.ID(s.Rand), At: s.Now(), Kind: audit.KeyIssued, Person: p.ID, Actor: a.Actor}
		e.Data = map[string]string{"document": string(p.Document().Type)}
		return tx.InsertAudit(e)
	})
}

// Standing applies news from the civil registry: a death revokes the key at once, irreversibly and without a message (R1.33); a renewed document prolongs
// it (R1.30, R1.27).
func (s *Service) Standing(ctx context.Context, who citizen.ID, standing citizen.Standing, renewed *citizen.Document) error {
	return s.Do(ctx, func(tx Tx) error {
		p, err := tx.Person(who)
		if err != nil {
			return err
		}
		p.Standing = standing
		if renewed != nil && len(p.Documents) > 0 {
			p.Documents[0] = *renewed
		}
		if err := tx.UpdatePerson(p); err != nil {
			return err
		}
		if !standing.Deceased {
			return nil
		}
		key, err := tx.Key(who)
		if err != nil {
			return err
		}
		key.State, key.EndedAt = credential.Revoked, s.Now()
		if err := tx.UpdateKey(key); err != nil {
			return err
		}
		if err := s.endWith(tx, who, s.Now()); err != nil {
			return err
		}
		e := audit.Event{ID: random.ID(s.Rand), At: s.Now(), Kind: audit.KeyRevoked, Person: who, Actor: "registry", Data: map[string]string{"fault": string(fault.Deceased)}}
		return tx.InsertAudit(e)
	})
}

// Block blocks a key for good by an operator's decision; only the counter lifts it (R3.24).
func (s *Service) Block(ctx context.Context, who citizen.ID, actor string) error {
	return s.Do(ctx, func(tx Tx) error {
		key, err := tx.Key(who)
		if err != nil {
			return err
		}
		key.BlockedAt = s.Now()
		if err := tx.UpdateKey(key); err != nil {
			return err
		}
		return tx.InsertAudit(audit.Event{ID: random.ID(s.Rand), At: s.Now(), Kind: audit.KeyBlocked, Person: who, Actor: actor})
	})
}
