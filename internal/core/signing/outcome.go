package signing

import (
	"context"

	"chave/internal/core/fault"
)

// Outcome is Read, with what the operation gave as long as its answer may be asked for again (§6.28). It is for wires whose callers wait without a code (SignDocumentPooling,
// cmd-signature.md §1.4): signatures or chain are there once the person has confirmed elsewhere. OperationUnknown, whatever does not fit.
func (s *Service) Outcome(ctx context.Context, ref Ref) (Result, error) {
	s.ready()
	var out Result
	err := s.View(ctx, func(tx Tx) error {
		out = Result{}
		op, err := s.find(tx, ref)
		if err != nil {
			return err
		}
		out.Operation = op
		now := s.Now()
		switch {
		case (op.State == Waiting || op.State == Confirmed) && !now.Before(op.ExpiresAt):
			out.Operation.State, out.Operation.Fault = Dead, fault.OperationExpired
			return nil
		case op.State != Signed || !now.Before(op.SignedAt.Add(s.rules.AnswerAgain)):
			return nil
		}
		key, err := tx.PersonalKey(op.KeyID)
		out.Signatures, out.Chain = op.Results, key.Chain
		return err
	})
	out.Operation = shown(out.Operation)
	return out, err
}
