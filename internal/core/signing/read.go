package signing

import (
	"context"
	"crypto/x509"
	"strings"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
)

// id is the operation's, in the form it was given out: callers may send upper case (cmd-signature.md §1.9).
func (r Ref) id() string { return strings.ToLower(r.ID) }

// shown is an operation without what only this package may hold.
func shown(op Operation) Operation {
	op.Unlock, op.CodeMAC, op.Handle, op.PINSalt, op.Results = nil, nil, nil, nil, nil
	return op
}

// Read gives an operation to whom it belongs: OperationUnknown, whatever does not fit. One whose time is over reads as dead of it.
func (s *Service) Read(ctx context.Context, ref Ref) (Operation, error) {
	s.ready()
	var op Operation
	err := s.View(ctx, func(tx Tx) (err error) {
		op, err = s.find(tx, ref)
		return err
	})
	if (op.State == Waiting || op.State == Confirmed) && !s.Now().Before(op.ExpiresAt) {
		op.State, op.Fault = Dead, fault.OperationExpired
	}
	return shown(op), err
}

// Cancel ends an operation that waits or is confirmed. One that is over already stays as it is, and that is no error.
func (s *Service) Cancel(ctx context.Context, ref Ref) error {
	s.ready()
	return s.Do(ctx, func(tx Tx) error {
		op, err := s.find(tx, ref)
		if err != nil || op.State != Waiting && op.State != Confirmed {
			return err
		}
		end(&op, fault.OperationOver)
		return tx.UpdateOperation(op)
	})
}

// SignerOf reads a person's key that can sign now, for certificates handed out before a PIN: SigningInactive, SigningSuspended.
func (s *Service) SignerOf(ctx context.Context, who citizen.ID) (Signer, error) {
	s.ready()
	var key Key
	err := s.View(ctx, func(tx Tx) (err error) {
		key, err = tx.SigningKeyOf(who)
		if err != nil {
			return err
		}
		_, refusal, err := s.signer(tx, key, s.Now())
		if err == nil && refusal != nil {
			err = fault.New(fault.SigningInactive).Because(refusal)
		}
		return err
	})
	switch {
	case fault.Is(err, fault.RowNotFound):
		return Signer{}, fault.New(fault.SigningInactive)
	case err != nil:
		return Signer{}, err
	case key.State == KeySuspended:
		return Signer{}, fault.New(fault.SigningSuspended)
	case !key.Usable(s.Now()):
		return Signer{}, fault.New(fault.SigningInactive)
	}
	cert, err := x509.ParseCertificate(key.Chain[0])
	key.Locked = nil
	return Signer{Key: key, Cert: cert}, err
}

// Keys lists all of a person's signing keys, newest first, and whether one signs now is Key.Usable.
func (s *Service) Keys(ctx context.Context, who citizen.ID) ([]Key, error) {
	var keys []Key
	err := s.View(ctx, func(tx Tx) (err error) {
		keys, err = tx.PersonalKeys(who)
		return err
	})
	for i := range keys {
		keys[i].Locked = nil
	}
	return keys, err
}

// History lists what a person signed, newest first.
func (s *Service) History(ctx context.Context, who citizen.ID, n int) ([]Entry, error) {
	var entries []Entry
	err := s.View(ctx, func(tx Tx) (err error) {
		entries, err = tx.Signatures(who, time.Time{}, n)
		return err
	})
	return entries, err
}

// FindByPhone is the person of a phone number as SCMD's clients send it (§1.9), with its country's prefix; an empty id when nobody has it, and no error.
func (s *Service) FindByPhone(ctx context.Context, typed string) (citizen.ID, error) {
	text := strings.TrimSpace(typed)
	phone, err := citizen.ParsePhone(text)
	if err != nil || !strings.HasPrefix(text, "+") && !strings.HasPrefix(text, "00") {
		phone = "+" // nobody's: the same question is asked for it
	}
	var found []citizen.ID
	err = s.View(ctx, func(tx Tx) (err error) {
		found, err = tx.PeopleWith(citizen.Identifier{Kind: citizen.ByPhone, Value: string(phone)})
		return err
	})
	if err != nil || len(found) != 1 {
		return "", err
	}
	return found[0], nil
}

// Active tells whether a person can sign now, within the caller's transaction: what TemAssinaturaDigitalCMD answers (R4.14).
func Active(tx Tx, who citizen.ID, now time.Time) (bool, error) {
	key, err := tx.SigningKeyOf(who)
	if fault.Is(err, fault.RowNotFound) {
		return false, nil
	}
	return err == nil && key.Usable(now), err
}
