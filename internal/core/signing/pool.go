package signing

import (
	"context"
	"errors"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
)

// Refill makes pooled keys until each algorithm has its number. It is background work: seconds per RSA key.
func (s *Service) Refill(ctx context.Context) error {
	s.ready()
	var problems []error
	for _, alg := range []Alg{P256, RSA3072} { // the quick ones first
		if err := s.refill(ctx, alg); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func (s *Service) refill(ctx context.Context, alg Alg) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		have := 0
		err := s.View(ctx, func(tx Tx) (err error) {
			have, err = tx.CountPooled(alg)
			return err
		})
		if err != nil || have >= s.rules.Pool[alg] {
			return err
		}
		made, err := s.makeKey(alg)
		if err != nil {
			return err
		}
		if err := s.Do(ctx, func(tx Tx) error { return tx.InsertPooled(made) }); err != nil {
			return err
		}
	}
}

func (s *Service) makeKey(alg Alg) (Pooled, error) {
	sealed, public, err := s.Vault.NewPersonalKey(string(alg))
	if err != nil {
		return Pooled{}, keystoreGone(err)
	}
	return Pooled{ID: s.id(), Alg: alg, Sealed: sealed, Public: public, MadeAt: s.Now()}, nil
}

// takeKey takes a key that was made ahead, for good; when there is none it makes one, which takes a second.
func (s *Service) takeKey(ctx context.Context, alg Alg) (Pooled, error) {
	var p Pooled
	err := s.Do(ctx, func(tx Tx) (err error) {
		p, err = tx.TakePooled(alg)
		return err
	})
	if fault.Is(err, fault.RowNotFound) || fault.Is(err, fault.RowConflict) {
		return s.makeKey(alg)
	}
	return p, err
}

const sweepBatch = 100

// Sweep erases what was kept for a short time only: the sealed secrets of operations that nobody confirmed, results that may not be asked for again, and the private
// halves of keys whose certificates have ended (T7). It is background work, to be run every minute or so, on any node.
func (s *Service) Sweep(ctx context.Context) error {
	s.ready()
	return errors.Join(s.repeat(ctx, s.sweepOperations), s.repeat(ctx, s.sweepKeys))
}

func (s *Service) repeat(ctx context.Context, some func(tx Tx) (int, error)) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := 0
		err := s.Do(ctx, func(tx Tx) (err error) {
			n, err = some(tx)
			return err
		})
		if err != nil || n < sweepBatch {
			return err
		}
	}
}

func (s *Service) sweepOperations(tx Tx) (int, error) {
	now := s.Now()
	due, err := tx.DueOperations(now, sweepBatch)
	if err != nil {
		return 0, err
	}
	for _, op := range due {
		switch {
		case op.State == Waiting || op.State == Confirmed:
			end(&op, fault.OperationExpired)
		default:
			op.CodeMAC, op.Results, op.Unlock, op.Handle, op.DueAt = nil, nil, nil, nil, none
		}
		if err := tx.UpdateOperation(op); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

func (s *Service) sweepKeys(tx Tx) (int, error) {
	now := s.Now()
	expired, err := tx.ExpiredPersonalKeys(now, sweepBatch)
	if err != nil {
		return 0, err
	}
	for _, key := range expired {
		if err := destroy(tx, key, now); err != nil {
			return 0, err
		}
		event := audit.Event{ID: s.id(), At: now, Kind: audit.SigningEnded, Person: key.Person, Actor: "system", Data: map[string]string{"key": key.ID, "why": "expired"}}
		if err := tx.InsertAudit(event); err != nil {
			return 0, err
		}
	}
	return len(expired), nil
}
