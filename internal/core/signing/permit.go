package signing

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
	"chave/internal/core/random"
)

// Redeem spends a permit and signs. PermitMismatch for anything that was not confirmed, OperationOver for a permit that is spent.
func (s *Service) Redeem(ctx context.Context, r Redemption) (Result, error) {
	s.ready()
	var (
		e     entered
		which []int
	)
	err := s.Do(ctx, func(tx Tx) error {
		e, which = entered{}, nil
		now := s.Now()
		op, err := s.byPermit(tx, r)
		if err != nil {
			return err
		}
		e.op = op
		switch {
		case op.State != Confirmed:
			return over(op)
		case !now.Before(op.ExpiresAt):
			return s.die(tx, &e, fault.OperationExpired, now)
		}
		if which = pick(op, r.Digests); len(which) == 0 {
			return fault.New(fault.PermitMismatch)
		}
		if on, err := s.keyGoesOn(tx, &e, now); err != nil || !on {
			return err
		}
		return s.spend(tx, &e, which, now)
	})
	if err == nil {
		err = e.refusal
	}
	if err != nil {
		return Result{}, err
	}
	return s.finish(ctx, e, which)
}

// spend takes the permit for some documents. What it does not cover keeps its secret for Extend, for as long as the permit would have lived.
func (s *Service) spend(tx Tx, e *entered, which []int, now time.Time) error {
	e.unlock = e.op.Unlock
	e.op.State, e.op.SpentAt = Spent, now
	e.op.Done = append(slices.Clone(e.op.Done), which...)
	if len(e.op.Done) == len(e.op.Documents) {
		e.op.Unlock, e.op.DueAt = nil, time.Time{}
	}
	event := s.event(audit.SignaturePermitted, e.op, now)
	var signed []Document
	for _, i := range which {
		signed = append(signed, e.op.Documents[i])
	}
	event.Data["documents"], event.Data["hashes"] = strconv.Itoa(len(which)), hex.EncodeToString(digestOf(signed))
	if err := tx.InsertAudit(event); err != nil {
		return err
	}
	return s.update(tx, &e.op)
}

// byPermit reads an operation by its permit and holds everything of the redemption against it. A permit used for something else is not spent by that.
func (s *Service) byPermit(tx Tx, r Redemption) (Operation, error) {
	op, err := tx.OperationByPermit(digest(r.Handle))
	if fault.Is(err, fault.RowNotFound) {
		return op, fault.New(fault.PermitMismatch)
	}
	if err != nil {
		return op, err
	}
	if op.Application != r.Application || op.Session != r.Session || op.KeyID != r.KeyID || op.Hash != r.Hash {
		return op, fault.New(fault.PermitMismatch)
	}
	return op, nil
}

// pick finds the documents with these digests that are not signed yet, each once; nil when one is not among them.
func pick(op Operation, digests [][]byte) []int {
	var which []int
	for _, d := range digests {
		i := slices.IndexFunc(op.Documents, func(one Document) bool { return subtle.ConstantTimeCompare(one.Digest, d) == 1 })
		for i >= 0 && i < len(op.Documents) && (slices.Contains(op.Done, i) || slices.Contains(which, i) || !bytes.Equal(op.Documents[i].Digest, d)) {
			i++ // the same digest may stand in the list more than once
		}
		if i < 0 || i == len(op.Documents) {
			return nil
		}
		which = append(which, i)
	}
	return which
}

// Extend gives a new permit for what is left of a batch whose permit was spent in part, and no longer life than the first had. The one before is void.
func (s *Service) Extend(ctx context.Context, r Redemption) (Permit, error) {
	s.ready()
	handle := random.Handle(s.Rand)
	var e entered
	err := s.Do(ctx, func(tx Tx) error {
		e = entered{}
		now := s.Now()
		op, err := s.byPermit(tx, r)
		if err != nil {
			return err
		}
		e.op = op
		switch {
		case op.State != Confirmed && op.State != Spent, op.Unlock == nil:
			return over(op)
		case !now.Before(op.ExpiresAt):
			return s.die(tx, &e, fault.OperationExpired, now)
		case len(r.Digests) > 0 && pick(op, r.Digests) == nil:
			return fault.New(fault.PermitMismatch)
		}
		if on, err := s.keyGoesOn(tx, &e, now); err != nil || !on {
			return err
		}
		e.op.State, e.op.Handle = Confirmed, digest(handle)
		return s.update(tx, &e.op)
	})
	if err == nil {
		err = e.refusal
	}
	if err != nil {
		return Permit{}, err
	}
	return Permit{Handle: handle, Operation: shown(e.op), Until: e.op.ExpiresAt}, nil
}
