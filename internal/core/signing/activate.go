package signing

import (
	"context"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/login"
)

// Activate switches signing on: age and capacity are checked anew (R4.01), a key comes from the pool, is locked with the PIN, and is certified (R4.10). The PIN obeys the
// rules for new ones and is not the one that signs in: SignPINSame, AlreadySigning, TooYoung, Accompanied, StandingUnknown, TermsNotAccepted, SessionNeeded.
func (s *Service) Activate(ctx context.Context, a Activation) (Key, error) {
	return Key{}, fault.New(fault.InternalError)
}

// ChangePIN locks the key with another PIN; the old one is checked and counted like any.
func (s *Service) ChangePIN(ctx context.Context, proof login.Verified, old, pin, again credential.PIN) error {
	return fault.New(fault.InternalError)
}

// Deactivate ends signing for good: the certificate is revoked, the key destroyed (R4.12, T7). Operator is empty when the holder does it.
func (s *Service) Deactivate(ctx context.Context, who citizen.ID, operator string) error {
	return fault.New(fault.InternalError)
}

// NotMe suspends the certificate at once, and ends whatever waits; the holder is told everywhere.
func (s *Service) NotMe(ctx context.Context, who citizen.ID) error {
	return fault.New(fault.InternalError)
}

// Resume ends a suspension after a fresh sign-in of level 3 or more.
func (s *Service) Resume(ctx context.Context, proof login.Verified) error {
	return fault.New(fault.InternalError)
}

// SignerOf reads a person's key that can sign now, for certificates handed out before a PIN: SigningInactive, SigningSuspended.
func (s *Service) SignerOf(ctx context.Context, who citizen.ID) (Signer, error) {
	return Signer{}, fault.New(fault.InternalError)
}

// Keys lists all of a person's signing keys, newest first, and whether one signs now is Key.Usable.
func (s *Service) Keys(ctx context.Context, who citizen.ID) ([]Key, error) {
	return nil, fault.New(fault.InternalError)
}

// History lists what a person signed, newest first.
func (s *Service) History(ctx context.Context, who citizen.ID, n int) ([]Entry, error) {
	return nil, fault.New(fault.InternalError)
}

// FindByPhone is the person of a phone number as SCMD's clients send it (§1.9); an empty id when nobody has it, and no error.
func (s *Service) FindByPhone(ctx context.Context, typed string) (citizen.ID, error) {
	return "", fault.New(fault.InternalError)
}
