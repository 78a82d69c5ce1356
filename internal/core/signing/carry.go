package signing

import (
	"context"

	"chave/internal/core/credential"
	"chave/internal/core/fault"
)

// Prepare checks the request and the PIN, stores the operation and sends the code. Faults: SigningInactive, SigningSuspended, SignPINBlocked, SignPINWrong, KeyMismatch, NoDocuments,
// TooManyDocuments, DigestInvalid, HashNotAllowed, TooManyPending, TooManyCodes, NoChannel, KeyEnded and what else credential.Policy.Usable says, KeystoreUnavailable. No code is sent with a fault.
func (s *Service) Prepare(ctx context.Context, r Request) (Operation, error) {
	return Operation{}, fault.New(fault.InternalError)
}

// Read gives an operation to whom it belongs: OperationUnknown, whatever does not fit.
func (s *Service) Read(ctx context.Context, ref Ref) (Operation, error) {
	return Operation{}, fault.New(fault.InternalError)
}

// Resend sends a new code; the old one is void (R3.18). ResendTooSoon, OperationUnknown, OperationExpired, OperationOver.
func (s *Service) Resend(ctx context.Context, ref Ref) (Operation, error) {
	return Operation{}, fault.New(fault.InternalError)
}

// Cancel ends an operation that waits or is confirmed.
func (s *Service) Cancel(ctx context.Context, ref Ref) error {
	return fault.New(fault.InternalError)
}

// ConfirmAndSign takes the code and, when it is right, spends the permit and signs in one call. Asked again with the same code within Rules.AnswerAgain, it gives the same
// answer (§6.28). CodeWrong, CodeExpired, OperationExpired, OperationOver, OperationUnknown, KeystoreUnavailable (nothing was signed, and the permit is spent).
func (s *Service) ConfirmAndSign(ctx context.Context, ref Ref, code credential.Code) (Result, error) {
	return Result{}, fault.New(fault.InternalError)
}

// Confirm takes the code and gives a permit, for wires that sign in a second call. The handle leaves here once.
func (s *Service) Confirm(ctx context.Context, ref Ref, code credential.Code) (Permit, error) {
	return Permit{}, fault.New(fault.InternalError)
}

// Redeem spends a permit and signs. PermitMismatch for anything that was not confirmed, OperationOver for a permit that is spent.
func (s *Service) Redeem(ctx context.Context, r Redemption) (Result, error) {
	return Result{}, fault.New(fault.InternalError)
}

// Extend gives a new permit for what is left of a batch whose permit was spent in part, and no longer life than the first had.
func (s *Service) Extend(ctx context.Context, r Redemption) (Permit, error) {
	return Permit{}, fault.New(fault.InternalError)
}

// Refill makes pooled keys until each algorithm has its number. It is background work: seconds per RSA key.
func (s *Service) Refill(ctx context.Context) error {
	return fault.New(fault.InternalError)
}
