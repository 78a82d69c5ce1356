package signing

import (
	"context"
	"io"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/random"
)

// none is no time at all.
var none time.Time

// Ending is why and by whom a person's signing ends.
type Ending struct {
	Person citizen.ID
	Actor  string // who decided, when it was not the holder: an operator's id, "registry", "system"
	Reason certificate.Reason
	At     time.Time
	Rand   io.Reader
	Silent bool // tell nobody: what ended it is told of already, or its holder is dead
}

// EndOf ends a person's signing within the caller's transaction: the certificate is revoked, the private half destroyed, whatever waits is dead (R4.12, T7). Who has none
// is left as they are. It is what must be called wherever a sign-in key ends.
func EndOf(tx Tx, e Ending) error {
	key, err := tx.SigningKeyOf(e.Person)
	if fault.Is(err, fault.RowNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := endKey(tx, key, e); err != nil {
		return err
	}
	if e.Silent {
		return nil
	}
	person, err := tx.Person(e.Person)
	if err != nil {
		return err
	}
	return tellEverywhere(tx, e.Rand, person, message.SigningEnded, nil, e.At)
}

func endKey(tx Tx, key Key, e Ending) error {
	if err := destroy(tx, key, e.At); err != nil {
		return err
	}
	err := certificate.Apply(tx, certificate.Change{Serial: key.Serial, To: certificate.Revoked, Reason: e.Reason, Actor: e.Actor, At: e.At, Rand: e.Rand})
	if err != nil {
		return err
	}
	waiting, err := tx.WaitingOf(key.Person)
	if err != nil {
		return err
	}
	for _, op := range waiting {
		end(&op, fault.SigningInactive)
		if err := tx.UpdateOperation(op); err != nil {
			return err
		}
	}
	return tx.InsertAudit(audit.Event{
		ID: random.ID(e.Rand), At: e.At, Kind: audit.SigningEnded, Person: key.Person, Actor: e.Actor, Data: map[string]string{"key": key.ID, "serial": key.Serial},
	})
}

// destroy takes the private half and the PIN out of a key's row, for good.
func destroy(tx Tx, key Key, now time.Time) error {
	key.State, key.ChangedAt = KeyEnded, now
	key.Locked, key.PIN.Hash = nil, nil
	return tx.UpdatePersonalKey(key)
}

// Deactivate ends signing for good: the certificate is revoked, the key destroyed (R4.12, T7). Operator is empty when the holder does it. SigningInactive when there is nothing to end.
func (s *Service) Deactivate(ctx context.Context, who citizen.ID, operator string) error {
	s.ready()
	err := s.Do(ctx, func(tx Tx) error {
		if _, err := living(tx, who); err != nil {
			return err
		}
		return EndOf(tx, Ending{Person: who, Actor: operator, Reason: certificate.CessationOfOperation, At: s.Now(), Rand: s.Rand})
	})
	s.Wake()
	return err
}

// NotMe suspends the certificate at once, and ends whatever waits; the holder is told everywhere. A second time it does nothing.
func (s *Service) NotMe(ctx context.Context, who citizen.ID) error {
	s.ready()
	err := s.Do(ctx, func(tx Tx) error {
		key, err := living(tx, who)
		if err != nil || key.State == KeySuspended {
			return err
		}
		if err := s.endWaiting(tx, who, fault.SigningSuspended); err != nil {
			return err
		}
		return s.turn(tx, key, KeySuspended, certificate.Suspended, audit.SigningSuspended, message.SigningSuspended)
	})
	s.Wake()
	return err
}

// Resume ends a suspension after a fresh sign-in of level 3 or more.
func (s *Service) Resume(ctx context.Context, proof login.Verified) error {
	s.ready()
	if err := s.fresh(proof); err != nil {
		return err
	}
	err := s.Do(ctx, func(tx Tx) error {
		key, err := living(tx, proof.Person())
		if err != nil || key.State == KeyActive {
			return err
		}
		if !s.Now().Before(key.NotAfter) {
			return fault.New(fault.SigningInactive)
		}
		return s.turn(tx, key, KeyActive, certificate.Good, audit.SigningResumed, message.SigningResumed)
	})
	s.Wake()
	return err
}

// turn changes the state of a key and of its certificate together.
func (s *Service) turn(tx Tx, key Key, to KeyState, cert certificate.State, kind audit.Kind, tell message.Kind) error {
	now := s.Now()
	key.State, key.ChangedAt = to, now
	if err := tx.UpdatePersonalKey(key); err != nil {
		return err
	}
	change := certificate.Change{Serial: key.Serial, To: cert, At: now, Rand: s.Rand}
	if cert == certificate.Suspended {
		change.Reason = certificate.CertificateHold
	}
	if err := certificate.Apply(tx, change); err != nil {
		return err
	}
	person, err := tx.Person(key.Person)
	if err != nil {
		return err
	}
	if err := s.tell(tx, person, tell, nil, now); err != nil {
		return err
	}
	return tx.InsertAudit(audit.Event{ID: s.id(), At: now, Kind: kind, Person: key.Person, Data: map[string]string{"key": key.ID, "serial": key.Serial}})
}

func living(tx Tx, who citizen.ID) (Key, error) {
	key, err := tx.SigningKeyOf(who)
	if fault.Is(err, fault.RowNotFound) {
		err = fault.New(fault.SigningInactive)
	}
	return key, err
}
