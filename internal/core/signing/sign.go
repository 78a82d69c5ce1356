package signing

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
)

// finish signs what a spent permit allows and puts it on record. It goes on when the caller hangs up: what was permitted is then signed and kept, to be asked for again.
func (s *Service) finish(ctx context.Context, e entered, which []int) (Result, error) {
	ctx = context.WithoutCancel(ctx)
	signatures, err := s.sign(ctx, e, which)
	if err != nil {
		s.failed(ctx, e.op, err)
		if errors.Is(err, ErrWrongSecret) || fault.Is(err, fault.PermitMismatch) {
			return Result{}, fault.New(fault.PermitMismatch).Because(err)
		}
		return Result{}, keystoreGone(err)
	}
	op := e.op
	err = s.Do(ctx, func(tx Tx) error {
		op = e.op
		now := s.Now()
		entry := Entry{
			ID: op.ID, Person: op.Person, KeyID: op.KeyID, Serial: e.key.Serial, Application: op.Application, Wire: op.Wire, At: now, NotAfter: e.key.NotAfter, Count: len(which),
		}
		if len(which) < len(op.Documents) {
			entry.ID += "/" + strconv.Itoa(len(op.Done)) // unique: no two parts end at the same number
		}
		for _, i := range which {
			entry.Names = append(entry.Names, op.Documents[i].Name)
		}
		if err := tx.InsertSignature(entry); err != nil {
			return err
		}
		event := s.event(audit.SignatureMade, op, now)
		event.Data["documents"], event.Data["serial"] = strconv.Itoa(len(which)), e.key.Serial
		if err := tx.InsertAudit(event); err != nil {
			return err
		}
		if err := s.tellSigned(tx, op, e.person, now); err != nil {
			return err
		}
		if len(op.Done) < len(op.Documents) { // the rest waits for Extend
			return nil
		}
		op.State, op.SignedAt = Signed, now
		if op.CodeMAC != nil {
			op.Results, op.DueAt = signatures, now.Add(s.rules.AnswerAgain)
		}
		return s.update(tx, &op)
	})
	s.Wake()
	if err != nil {
		return Result{}, err
	}
	return Result{Operation: shown(op), Signatures: signatures, Chain: e.key.Chain}, nil
}

// sign opens the key with the secret that was sealed with the operation, and signs. It is called with an operation that this very call has spent, and by nobody else.
func (s *Service) sign(ctx context.Context, e entered, which []int) ([][]byte, error) {
	return lend(ctx, s.rules.KeystoreLimit, func() ([][]byte, error) {
		plain, err := s.Vault.Open(unlockLabel, binding(e.op), e.unlock)
		if err != nil { // not what was confirmed: a digest, the key, the person, the application or the session is another (T2)
			return nil, fmt.Errorf("%w: %w", fault.New(fault.PermitMismatch), err)
		}
		secret := NewUnlock(plain)
		defer secret.Clear()
		signatures := make([][]byte, len(which))
		err = s.Vault.OpenPersonalKey(e.key.Locked, keyContext(e.key.ID, e.key.Person), secret, func(signer PersonalSigner) error {
			return s.signEach(signer, e.op, which, signatures)
		})
		return signatures, err
	})
}

// signEach spreads a batch over as many processors as Rules.Parallel allows all requests together.
func (s *Service) signEach(signer PersonalSigner, op Operation, which []int, into [][]byte) error {
	one := func(n int) (err error) {
		s.slots <- struct{}{}
		defer func() { <-s.slots }()
		into[n], err = signer.Sign(s.Rand, op.Documents[which[n]].Digest, op.Hash)
		return err
	}
	if len(which) == 1 {
		return one(0)
	}
	var (
		next    atomic.Int64
		workers sync.WaitGroup
		once    sync.Once
		failure error
	)
	for range min(s.rules.Parallel, len(which)) {
		workers.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(which); n = int(next.Add(1)) - 1 {
				if err := one(n); err != nil {
					once.Do(func() { failure = err })
					next.Store(int64(len(which)))
				}
			}
		})
	}
	workers.Wait()
	return failure
}

// failed ends an operation whose permit was spent and whose signatures did not come. Whether the keystore made any nobody knows; none was handed out, none will be.
func (s *Service) failed(ctx context.Context, op Operation, why error) {
	s.Log.ErrorContext(ctx, "a permit was spent and nothing was signed", "operation", op.ID, "hashes", hex.EncodeToString(digestOf(op.Documents)), "err", why)
	err := s.Do(ctx, func(tx Tx) error {
		dead := op
		end(&dead, fault.KeystoreUnavailable)
		return tx.UpdateOperation(dead)
	})
	if err != nil {
		s.Log.WarnContext(ctx, "an operation stays spent", "operation", op.ID, "err", err)
	}
}
