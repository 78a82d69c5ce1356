package signing

import (
	"bytes"
	"context"
	"encoding/hex"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/service"
)

// pinOwner is whom a signature PIN is hashed for: never the same as the sign-in PIN's, so that equal PINs cannot be seen in the database.
func pinOwner(who citizen.ID) citizen.ID { return "signature/" + who }

// taken is a try that was taken and committed. key has no PIN for a person who cannot sign, or who does not exist: looking at the PIN then costs the same and is never right.
type taken struct {
	key Key
}

// takeForRequest takes one try for an operation, before the PIN is even hashed.
func (s *Service) takeForRequest(ctx context.Context, r Request) (taken, error) {
	var out taken
	err := s.Do(ctx, func(tx Tx) error {
		now := s.Now()
		if err := s.countPIN(tx, r, now); err != nil {
			return err
		}
		key, err := tx.SigningKeyOf(r.Person) // also asked for nobody, so that nobody costs the same (R3.26)
		switch {
		case fault.Is(err, fault.RowNotFound), err == nil && key.State == KeyActive && !key.Usable(now):
			out.key = Key{}
			return nil
		case err != nil:
			return err
		case key.State == KeySuspended:
			return fault.New(fault.SigningSuspended)
		case r.KeyID != "" && r.KeyID != key.ID, r.Needs != "" && r.Needs != key.Alg:
			return fault.New(fault.KeyMismatch)
		}
		waiting, err := tx.CountWaiting(key.Person, r.Application.ID, now)
		if err == nil && waiting >= s.rules.Pending {
			err = fault.New(fault.TooManyPending)
		}
		if err != nil {
			return err
		}
		out.key, err = s.takeTry(tx, key, now)
		return err
	})
	return out, err
}

// takeTry uses one try up. The try that completes a row of wrong ones blocks the PIN at once; a right PIN gives everything back. So a crash costs a try and never gives one
// (blueprint §4.1).
func (s *Service) takeTry(tx Tx, key Key, now time.Time) (Key, error) {
	if !key.BlockedAt.IsZero() {
		return key, fault.New(fault.SignPINBlocked)
	}
	key.WrongPINs++
	if key.WrongPINs >= s.rules.PINTries {
		key.BlockedAt = now
	}
	if err := tx.UpdatePersonalKey(key); err != nil {
		return key, err
	}
	key.Version++
	return key, nil
}

// giveBack returns a try that nobody's PIN was looked at for: a keystore that is gone must not block people. If this fails too, the try is lost.
func (s *Service) giveBack(ctx context.Context, t taken) {
	if t.key.ID == "" {
		return
	}
	err := s.Do(context.WithoutCancel(ctx), func(tx Tx) error {
		key, err := tx.PersonalKey(t.key.ID)
		if err != nil || key.WrongPINs == 0 || s.told(key) {
			return err
		}
		key.WrongPINs--
		if key.WrongPINs < s.rules.PINTries && !s.codesBlocked(key) {
			key.BlockedAt = time.Time{}
		}
		return tx.UpdatePersonalKey(key)
	})
	if err != nil {
		s.Log.WarnContext(ctx, "a try of a signature PIN could not be given back", "err", err)
	}
}

// told: the block was answered to somebody and the holder was written to. From then on nothing but a new PIN lifts it.
func (s *Service) told(key Key) bool { return key.WrongPINs > s.rules.PINTries }

// codesBlocked: wrong codes blocked it, which no right PIN lifts.
func (s *Service) codesBlocked(key Key) bool { return key.WrongCodes >= s.rules.CodesInARow }

// pinWrong puts a wrong PIN on record, and tells the holder when it was the one that blocks (cmd-signature.md §1.12).
func (s *Service) pinWrong(ctx context.Context, r Request, t taken) error {
	said := fault.SignPINWrong
	err := s.Do(ctx, func(tx Tx) (err error) {
		now := s.Now()
		e := audit.Event{ID: s.id(), At: now, Kind: audit.SignPINRefused, Person: t.key.Person, Service: r.Application.ID, Data: map[string]string{"wire": r.Wire}}
		if t.key.ID == "" {
			said = fault.SigningInactive
		} else if said, err = s.blockIfLast(tx, t, now); err != nil {
			return err
		}
		e.Data["fault"] = string(said)
		return tx.InsertAudit(e)
	})
	if err != nil {
		return err
	}
	s.Wake()
	if said == fault.SigningInactive {
		return fault.New(said)
	}
	return fault.New(said).On("pin")
}

func (s *Service) blockIfLast(tx Tx, t taken, now time.Time) (fault.Code, error) {
	if t.key.BlockedAt.IsZero() {
		return fault.SignPINWrong, nil
	}
	key, err := tx.PersonalKey(t.key.ID)
	if err != nil {
		return "", err
	}
	if key.State == KeyEnded || key.BlockedAt.IsZero() || s.told(key) { // cleared by a right PIN meanwhile, or told by another request
		return fault.SignPINWrong, nil
	}
	key.WrongPINs = s.rules.PINTries + 1
	if err := tx.UpdatePersonalKey(key); err != nil {
		return "", err
	}
	return fault.SignPINBlocked, s.tellBlocked(tx, key, now)
}

func (s *Service) tellBlocked(tx Tx, key Key, now time.Time) error {
	person, err := tx.Person(key.Person)
	if err != nil {
		return err
	}
	if err := s.tell(tx, person, message.SignPINBlocked, nil, now); err != nil {
		return err
	}
	return tx.InsertAudit(audit.Event{ID: s.id(), At: now, Kind: audit.SignPINBlocked, Person: key.Person, Data: map[string]string{"key": key.ID}})
}

// pinRight gives all tries back, unless the key was blocked, suspended, ended or given another PIN since.
func (s *Service) pinRight(tx Tx, t taken, now time.Time) (key Key, refusal, err error) {
	key, err = tx.PersonalKey(t.key.ID)
	switch {
	case err != nil:
		return key, nil, err
	case key.State == KeySuspended:
		return key, fault.New(fault.SigningSuspended), nil
	case !key.Usable(now):
		return key, fault.New(fault.SigningInactive), nil
	case !bytes.Equal(key.PIN.Salt, t.key.PIN.Salt):
		return key, fault.New(fault.SignPINWrong).On("pin"), nil
	case s.told(key), s.codesBlocked(key):
		return key, fault.New(fault.SignPINBlocked).On("pin"), nil
	}
	key.WrongPINs, key.BlockedAt = 0, time.Time{}
	if err := tx.UpdatePersonalKey(key); err != nil {
		return key, nil, err
	}
	key.Version++
	return key, nil, nil
}

// signer reads the holder of a key and says whether their sign-in key lets them sign: a signature never outlives it (R4.12, Annex B).
func (s *Service) signer(tx Tx, key Key, now time.Time) (person citizen.Person, refusal, err error) {
	if person, err = tx.Person(key.Person); err != nil {
		return person, nil, err
	}
	own, err := tx.Key(key.Person)
	if err != nil {
		return person, nil, err
	}
	if own.Temporary() {
		return person, fault.New(fault.SigningInactive), nil
	}
	return person, s.Policy.Usable(own, person, now), nil
}

// countPIN limits the PINs that may be tried from one place, whoever they are for: two guesses at each of many people lock nobody, and must not be free (N7). Where an
// application collects PINs its servers call for everybody, and the count goes by the application, in parts so that no one row is everybody's.
func (s *Service) countPIN(tx Tx, r Request, now time.Time) error {
	bucket, most := "pin:a:"+hex.EncodeToString(s.AddressKey(r.Address)), s.Policy.PINsPerAddress
	if r.Application.Allows(service.CollectsPIN, now) {
		bucket, most = "sign:pin:"+r.Application.ID+":"+part(r.Person), s.applicationPart(5)
	} else if r.Address == "" {
		return nil
	}
	n, err := tx.Count(bucket, now.Truncate(s.Policy.RateWindow))
	if err == nil && n > most {
		err = fault.New(fault.TooManyRequests)
	}
	return err
}

// countCode limits the codes sent to one person, and those asked for from one place.
func (s *Service) countCode(tx Tx, op Operation, address string, now time.Time) (refusal, err error) {
	window := now.Truncate(s.Policy.RateWindow)
	place, most := "code:a:"+hex.EncodeToString(s.AddressKey(address)), s.Policy.CodesPerAddress
	if op.Served {
		place, most = "sign:code:"+op.Application+":"+part(op.Person), s.applicationPart(1)
	}
	for _, limit := range []struct { // always in this order: two requests must not wait for each other's second row
		bucket string
		most   int
	}{{"sign:" + credential.SubjectOf(op.Person), s.Policy.CodesPerPerson}, {place, most}} {
		if !op.Served && address == "" && limit.bucket == place {
			continue
		}
		n, err := tx.Count(limit.bucket, window)
		if err != nil {
			return nil, err
		}
		if n > limit.most {
			return fault.New(fault.TooManyCodes).With("Until", window.Add(s.Policy.RateWindow)), nil
		}
	}
	return nil, nil
}

// parts is how many counters an application's people are spread over, by the last letter of their ids.
const parts = 8

func part(who citizen.ID) string {
	if who == "" {
		return "-"
	}
	return string(rune('0' + who[len(who)-1]%parts))
}

func (s *Service) applicationPart(times int) int {
	return (times*s.rules.ApplicationCodes + parts - 1) / parts
}
