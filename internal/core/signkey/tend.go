package signkey

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
	"chave/internal/core/random"
)

// Run tends the keys until ctx ends. Every node may run it.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(or(s.Every, time.Minute))
	defer tick.Stop()
	for {
		if err := s.Tend(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "signing keys could not be tended", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Tend does what is due: makes missing keys, replaces an active one that has come of age, removes retired ones whose time is over.
func (s *Service) Tend(ctx context.Context) error {
	algs := slices.Clone(s.Base)
	if s.Base == nil {
		algs = []string{ES256}
	}
	if s.Wanted != nil {
		wanted, err := s.Wanted(ctx)
		if err != nil {
			return fault.Wrap("list algorithms that services ask for", err)
		}
		algs = append(algs, wanted...)
		slices.Sort(algs)
		algs = slices.Compact(algs)
	}
	for _, alg := range algs {
		if err := s.tendOne(ctx, alg); err != nil {
			return fault.Wrap("tend "+alg, err)
		}
	}
	return s.sweep(ctx)
}

func (s *Service) tendOne(ctx context.Context, alg string) error {
	if err := s.ensure(ctx, alg, Active); err != nil {
		return err
	}
	keys, err := s.known(ctx, s.refresh())
	if err != nil {
		return err
	}
	active, _ := find(keys, alg, Active)
	now := s.Now()
	if s.NextLate && now.Sub(active.ActiveAt) < s.rotateAfter()-s.publishAhead() {
		return nil
	}
	if err := s.ensure(ctx, alg, Next); err != nil {
		return err
	}
	if keys, err = s.known(ctx, s.refresh()); err != nil {
		return err
	}
	next, ok := find(keys, alg, Next)
	if !ok || now.Sub(active.ActiveAt) < s.rotateAfter() || now.Sub(next.CreatedAt) < s.publishAhead() {
		return nil
	}
	return s.promote(ctx, alg, "age")
}

// Rotate lets the next key take over at once, whatever the age of the active one: for an operator who distrusts a key. Services that have not
// read the key set since the next key was made will read it when they meet its id.
func (s *Service) Rotate(ctx context.Context, alg string) error {
	for _, state := range []State{Active, Next} {
		if err := s.ensure(ctx, alg, state); err != nil {
			return err
		}
	}
	if err := s.promote(ctx, alg, "operator"); err != nil {
		return err
	}
	if s.NextLate {
		return nil
	}
	return s.ensure(ctx, alg, Next)
}

// ensure makes the key of an algorithm in a state when there is none. The key is made outside the transaction; if another node was first, ours is thrown away.
func (s *Service) ensure(ctx context.Context, alg string, state State) error {
	s.making.Lock()
	defer s.making.Unlock()
	keys, err := s.known(ctx, time.Second)
	if err != nil {
		return err
	}
	if _, there := find(keys, alg, state); there {
		return nil
	}
	if _, waiting := find(keys, alg, Next); waiting && state == Active {
		return s.promote(ctx, alg, "no active key")
	}
	sealed, public, err := s.Keystore.NewSigningKey(alg)
	if err != nil {
		return fault.New(fault.InternalError).Because(fmt.Errorf("make a key for %s: %w", alg, err))
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return fault.New(fault.InternalError).Because(err)
	}
	cert, err := s.certificate(sealed)
	if err != nil {
		return fault.New(fault.InternalError).Because(fmt.Errorf("certify a key for %s: %w", alg, err))
	}
	defer s.forget()
	err = s.Do(ctx, func(tx Tx) error {
		now := s.Now()
		k := Key{ID: idOf(der), Version: 1, Ring: s.Ring, Alg: alg, State: state, Sealed: sealed, Public: der, Cert: cert, CreatedAt: now}
		if state == Active {
			k.ActiveAt = now
		}
		if err := tx.InsertSigningKey(k); err != nil {
			return err
		}
		return tx.InsertAudit(s.event(k, "made", now))
	})
	if fault.Is(err, fault.RowConflict) {
		return nil
	}
	return err
}

func (s *Service) certificate(sealed []byte) ([]byte, error) {
	if s.CertifySealed != nil {
		return s.CertifySealed(sealed, s.Now())
	}
	if s.Certify == nil {
		return nil, nil
	}
	key, err := s.Keystore.Signer(sealed)
	if err != nil {
		return nil, err
	}
	return s.Certify(key, s.Now())
}

// promote retires the active key and lets the next one sign, in one commit. A lost race means that another node has done it.
func (s *Service) promote(ctx context.Context, alg, why string) error {
	defer s.forget()
	err := s.Do(ctx, func(tx Tx) error {
		now := s.Now()
		keys, err := tx.SigningKeys(s.Ring)
		if err != nil {
			return err
		}
		next, ok := find(keys, alg, Next)
		if !ok {
			return fault.New(fault.RowConflict)
		}
		if active, ok := find(keys, alg, Active); ok {
			active.State, active.RetiredAt, active.GoneAt = Retired, now, now.Add(s.keepFor())
			active.Sealed = nil // it has signed its last token
			if err := tx.UpdateSigningKey(active); err != nil {
				return err
			}
		}
		next.State, next.ActiveAt = Active, now
		if err := tx.UpdateSigningKey(next); err != nil {
			return err
		}
		return tx.InsertAudit(s.event(next, why, now))
	})
	if fault.Is(err, fault.RowConflict) {
		return nil
	}
	return err
}

func (s *Service) sweep(ctx context.Context) error {
	keys, err := s.known(ctx, s.refresh())
	if err != nil {
		return err
	}
	now := s.Now()
	for _, k := range keys {
		if k.State != Retired || now.Before(k.GoneAt) {
			continue
		}
		err := s.Do(ctx, func(tx Tx) error {
			_, err := tx.DeleteSigningKey(k.ID)
			return err
		})
		if err != nil {
			return fault.Wrap("remove a retired key", err)
		}
		s.mu.Lock()
		delete(s.signers, k.ID)
		s.mu.Unlock()
		s.forget()
	}
	return nil
}

func (s *Service) event(k Key, why string, now time.Time) audit.Event {
	return audit.Event{
		ID: random.ID(s.Rand), At: now, Kind: audit.KeyRotated, Actor: "system",
		Data: map[string]string{"kid": k.ID, "alg": k.Alg, "ring": k.Ring, "state": string(k.State), "why": why},
	}
}
