package signing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strconv"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/random"
)

// entered is what came of a code.
type entered struct {
	op      Operation
	key     Key
	person  citizen.Person
	unlock  []byte // the sealed secret, which the row no longer holds
	again   bool   // asked a second time: the results are those of the first
	busy    bool   // asked a second time while the first is still signing
	refusal error
}

// ConfirmAndSign takes the code and, when it is right, spends the permit and signs in one call. Asked again with the same code within Rules.AnswerAgain, it gives the same
// answer (§6.28). CodeWrong, CodeExpired, OperationExpired, OperationOver, OperationUnknown, KeystoreUnavailable (nothing was signed, and the permit is spent).
func (s *Service) ConfirmAndSign(ctx context.Context, ref Ref, code credential.Code) (Result, error) {
	waiting, stop := context.WithTimeout(ctx, s.ready().rules.SecondWaits)
	defer stop()
	for {
		result, busy, err := s.confirmAndSign(ctx, ref, code)
		if !busy {
			return result, err
		}
		select { // clients that give up after a second ask again while a batch is being signed
		case <-time.After(100 * time.Millisecond):
		case <-waiting.Done():
			return result, err
		}
	}
}

func (s *Service) confirmAndSign(ctx context.Context, ref Ref, code credential.Code) (result Result, busy bool, err error) {
	got, err := s.enter(ctx, ref, code, func(tx Tx, e *entered, now time.Time) error {
		if e.op.Purpose == ShowCertificate {
			e.op.State, e.op.SpentAt, e.op.SignedAt, e.op.DueAt = Signed, now, now, now.Add(s.rules.AnswerAgain)
			return nil
		}
		e.unlock = e.op.Unlock
		e.op.State, e.op.SpentAt, e.op.Unlock, e.op.DueAt = Spent, now, nil, now.Add(s.rules.AnswerAgain)
		for i := range e.op.Documents {
			e.op.Done = append(e.op.Done, i)
		}
		return nil
	})
	if err != nil {
		return Result{}, got.busy, err
	}
	if got.again || got.op.Purpose == ShowCertificate {
		return Result{Operation: shown(got.op), Signatures: got.op.Results, Chain: got.key.Chain}, false, nil
	}
	result, err = s.finish(ctx, got, got.op.Done)
	return result, false, err
}

// Confirm takes the code and gives a permit, for wires that sign in a second call. The handle leaves here once.
func (s *Service) Confirm(ctx context.Context, ref Ref, code credential.Code) (Permit, error) {
	handle := random.Handle(s.Rand)
	got, err := s.enter(ctx, ref, code, func(tx Tx, e *entered, now time.Time) error {
		if e.op.Purpose != Sign {
			return fault.New(fault.PermitMismatch)
		}
		e.op.State, e.op.CodeMAC, e.op.Handle = Confirmed, nil, digest(handle)
		e.op.ExpiresAt = now.Add(s.rules.CodeTTL)
		e.op.DueAt = e.op.ExpiresAt
		return nil
	})
	if err == nil && got.again {
		err = fault.New(fault.OperationOver)
	}
	if err != nil {
		return Permit{}, err
	}
	return Permit{Handle: handle, Operation: shown(got.op), Until: got.op.ExpiresAt}, nil
}

// enter checks a code and, when it is right, lets accept change the operation, in the same commit. The code's keyed form is computed before and compared inside, so right or
// wrong is decided and counted in one commit: nothing is answered before the try is on record.
func (s *Service) enter(ctx context.Context, ref Ref, code credential.Code, accept func(tx Tx, e *entered, now time.Time) error) (entered, error) {
	s.ready()
	mac, err := lend(ctx, s.rules.KeystoreLimit, func() ([]byte, error) { return s.Hasher.CodeMAC(code, ref.id()) })
	if err != nil {
		return entered{}, keystoreGone(err)
	}
	var e entered
	err = s.Do(ctx, func(tx Tx) error {
		e = entered{}
		now := s.Now()
		op, err := s.find(tx, ref)
		if err != nil {
			return err
		}
		e.op = op
		switch {
		case op.State == Signed && now.Before(op.SignedAt.Add(s.rules.AnswerAgain)) && op.CodeMAC != nil:
			return s.askedAgain(tx, &e, mac, now)
		case op.State != Waiting:
			e.busy = op.State == Spent && op.CodeMAC != nil && now.Before(op.SpentAt.Add(s.rules.AnswerAgain)) && subtle.ConstantTimeCompare(mac, op.CodeMAC) == 1
			e.refusal = over(op)
			return nil
		case !now.Before(op.ExpiresAt):
			return s.die(tx, &e, fault.OperationExpired, now)
		case op.CodeMAC == nil || !now.Before(op.CodeUntil):
			e.refusal = fault.New(fault.CodeExpired).On("code")
			return nil
		}
		if e.key, err = tx.PersonalKey(op.KeyID); err != nil {
			return err
		}
		if subtle.ConstantTimeCompare(mac, op.CodeMAC) != 1 {
			return s.codeWrong(tx, &e, now)
		}
		if on, err := s.goesOn(tx, &e, now); err != nil || !on {
			return err
		}
		return s.codeRight(tx, &e, accept, now)
	})
	s.Wake()
	if err == nil {
		err = e.refusal
	}
	return e, err
}

// codeRight writes what accept made of the operation, and its audit row: no signature is made without it.
func (s *Service) codeRight(tx Tx, e *entered, accept func(tx Tx, e *entered, now time.Time) error, now time.Time) error {
	if e.key.WrongCodes > 0 {
		e.key.WrongCodes = 0
		if err := tx.UpdatePersonalKey(e.key); err != nil {
			return err
		}
	}
	if err := accept(tx, e, now); err != nil {
		return err
	}
	kind := audit.SignaturePermitted
	if e.op.State == Confirmed {
		kind = audit.SignCodeAccepted
	}
	event := s.event(kind, e.op, now)
	event.Data["documents"], event.Data["hashes"] = strconv.Itoa(len(e.op.Documents)), hex.EncodeToString(digestOf(e.op.Documents))
	if err := tx.InsertAudit(event); err != nil {
		return err
	}
	return s.update(tx, &e.op)
}

// codeWrong counts on the operation and, over all operations, on the key: three end the one (§1.9), nine in a row block the other.
func (s *Service) codeWrong(tx Tx, e *entered, now time.Time) error {
	e.refusal = fault.New(fault.CodeWrong).On("code")
	e.op.CodeTries++
	if e.op.CodeTries >= s.rules.CodeTries {
		end(&e.op, fault.OperationOver)
	}
	if err := s.update(tx, &e.op); err != nil {
		return err
	}
	if err := tx.InsertAudit(s.event(audit.SignCodeRefused, e.op, now)); err != nil {
		return err
	}
	if e.key.State == KeyEnded {
		return nil
	}
	e.key.WrongCodes++
	block := e.key.WrongCodes >= s.rules.CodesInARow && e.key.BlockedAt.IsZero()
	if block {
		e.key.BlockedAt = now
	}
	if err := tx.UpdatePersonalKey(e.key); err != nil || !block {
		return err
	}
	if err := s.endWaiting(tx, e.key.Person, fault.SignPINBlocked); err != nil {
		return err
	}
	return s.tellBlocked(tx, e.key, now)
}

// askedAgain answers a second time what was answered, to whoever still knows the code: the first answer may have been lost (§6.28).
func (s *Service) askedAgain(tx Tx, e *entered, mac []byte, now time.Time) (err error) {
	if subtle.ConstantTimeCompare(mac, e.op.CodeMAC) == 1 {
		e.again = true
		e.key, err = tx.PersonalKey(e.op.KeyID)
		return err
	}
	e.refusal = fault.New(fault.CodeWrong).On("code")
	e.op.CodeTries++
	if e.op.CodeTries >= s.rules.CodeTries {
		e.op.CodeMAC, e.op.Results = nil, nil
	}
	if err := tx.InsertAudit(s.event(audit.SignCodeRefused, e.op, now)); err != nil {
		return err
	}
	return s.update(tx, &e.op)
}

// stillSigns tells what, since the PIN was given, took the right to sign away; empty when nothing did.
func (s *Service) stillSigns(tx Tx, e *entered, now time.Time) (fault.Code, error) {
	switch {
	case e.key.State == KeySuspended:
		return fault.SigningSuspended, nil
	case !e.key.Usable(now), e.key.Person != e.op.Person:
		return fault.SigningInactive, nil
	case s.told(e.key), s.codesBlocked(e.key):
		return fault.SignPINBlocked, nil
	case !bytes.Equal(e.key.PIN.Salt, e.op.PINSalt): // another PIN was chosen: what the operation holds opens nothing any more
		return fault.OperationOver, nil
	}
	person, refusal, err := s.signer(tx, e.key, now)
	if err != nil || refusal == nil {
		e.person = person
		return "", err
	}
	return fault.Of(refusal).Code, nil
}

// goesOn ends an operation whose key no longer signs; false when it did.
func (s *Service) goesOn(tx Tx, e *entered, now time.Time) (bool, error) {
	refusal, err := s.stillSigns(tx, e, now)
	if err != nil || refusal == "" {
		return err == nil, err
	}
	return false, s.die(tx, e, refusal, now)
}

// keyGoesOn reads the key of an operation before the same question.
func (s *Service) keyGoesOn(tx Tx, e *entered, now time.Time) (on bool, err error) {
	if e.key, err = tx.PersonalKey(e.op.KeyID); err != nil {
		return false, err
	}
	return s.goesOn(tx, e, now)
}

// die ends an operation for a reason that its caller is told.
func (s *Service) die(tx Tx, e *entered, why fault.Code, now time.Time) error {
	end(&e.op, why)
	e.refusal = fault.New(why)
	event := s.event(audit.SignCodeRefused, e.op, now)
	event.Data["fault"] = string(why)
	if err := tx.InsertAudit(event); err != nil {
		return err
	}
	return s.update(tx, &e.op)
}

// end takes everything out of an operation that could still be used.
func end(op *Operation, why fault.Code) {
	op.State, op.Fault = Dead, why
	op.Unlock, op.CodeMAC, op.Handle, op.Results, op.DueAt = nil, nil, nil, nil, time.Time{}
}

// over says what became of an operation that takes no code any more.
func over(op Operation) error {
	if op.State == Dead && op.Fault != "" && op.Fault != fault.KeystoreUnavailable {
		return fault.New(op.Fault)
	}
	return fault.New(fault.OperationOver)
}

// find reads an operation for whom it belongs to; whatever does not fit is OperationUnknown.
func (s *Service) find(tx Tx, ref Ref) (Operation, error) {
	op, err := tx.Operation(ref.id())
	if fault.Is(err, fault.RowNotFound) {
		return op, fault.New(fault.OperationUnknown)
	}
	if err != nil {
		return op, err
	}
	if op.Application != ref.Application || ref.Person != "" && op.Person != ref.Person || op.Session != ref.Session {
		return Operation{}, fault.New(fault.OperationUnknown)
	}
	return op, nil
}

// update writes an operation and counts its version on.
func (s *Service) update(tx Tx, op *Operation) error {
	if err := tx.UpdateOperation(*op); err != nil {
		return err
	}
	op.Version++
	return nil
}

// endWaiting ends whatever of a person's waits for a code or a second call.
func (s *Service) endWaiting(tx Tx, who citizen.ID, why fault.Code) error {
	waiting, err := tx.WaitingOf(who)
	if err != nil {
		return err
	}
	for _, op := range waiting {
		end(&op, why)
		if err := tx.UpdateOperation(op); err != nil {
			return err
		}
	}
	return nil
}

func digest(handle string) []byte {
	sum := sha256.Sum256([]byte(handle))
	return sum[:]
}

// Resend sends a new code; the old one is void (R3.18). ResendTooSoon, OperationUnknown, OperationExpired, OperationOver. Tries and life go on as they were.
func (s *Service) Resend(ctx context.Context, ref Ref) (Operation, error) {
	s.ready()
	code := s.Hasher.NewCode()
	mac, err := lend(ctx, s.rules.KeystoreLimit, func() ([]byte, error) { return s.Hasher.CodeMAC(code, ref.id()) })
	if err != nil {
		return Operation{}, keystoreGone(err)
	}
	var e entered
	err = s.Do(ctx, func(tx Tx) error {
		e = entered{}
		now := s.Now()
		op, err := s.find(tx, ref)
		if err != nil {
			return err
		}
		e.op = op
		switch {
		case op.State != Waiting:
			return over(op)
		case !now.Before(op.ExpiresAt):
			return s.die(tx, &e, fault.OperationExpired, now)
		case op.Sent > s.rules.Resends || now.Before(op.SentAt.Add(s.rules.ResendAfter)):
			return fault.New(fault.ResendTooSoon).With("Until", op.SentAt.Add(s.rules.ResendAfter))
		}
		if on, err := s.keyGoesOn(tx, &e, now); err != nil || !on {
			return err
		}
		return s.sendAgain(tx, &e, code, mac, now)
	})
	s.Wake()
	if err == nil {
		err = e.refusal
	}
	return shown(e.op), err
}

func (s *Service) sendAgain(tx Tx, e *entered, code credential.Code, mac []byte, now time.Time) error {
	channel, to, ok := message.Route(e.person)
	if !ok {
		return fault.New(fault.NoChannel)
	}
	if refusal, err := s.countCode(tx, e.op, "", now); err != nil || refusal != nil {
		e.refusal = refusal
		return err
	}
	e.op.Channel, e.op.SentTo, e.op.SentAt, e.op.CodeMAC = channel, masked(channel, to), now, mac
	e.op.Sent++
	if err := tx.InsertMessage(s.codeMessage(e.op, to, code, now)); err != nil {
		return err
	}
	return s.update(tx, &e.op)
}
