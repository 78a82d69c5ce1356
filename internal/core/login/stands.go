package login

import (
	"bytes"
	"time"

	"chave/internal/core/credential"
	"chave/internal/core/fault"
)

// stands tells whether what this sign-in proved is still worth something. Minutes pass between a right PIN and the end, and in them the holder may have changed
// the PIN, had the key mended at a counter, or signed out: because somebody else knows the PIN or holds the phone, as likely as not (A11, R3.24, R3.28).
func (s *Service) stands(tx Tx, t *Transaction, key credential.Key) (bool, error) {
	if !t.Reused && !bytes.Equal(t.Proof, key.PIN.Salt) { // each stored PIN has a salt of its own
		return false, nil
	}
	if t.Reused && key.Temporary() {
		return false, nil
	}
	if t.Session == "" {
		return true, nil
	}
	one, err := tx.Session(t.Session)
	if fault.Is(err, fault.RowNotFound) {
		return false, nil
	}
	return one.EndedAt.IsZero() && one.Person == t.Person, err
}

// beginAgain takes a sign-in whose proof no longer stands back to its first question, and puts that on record.
func (s *Service) beginAgain(tx Tx, t *Transaction, now time.Time) error {
	if err := tx.InsertAudit(s.refused(t, fault.SessionNeeded, now)); err != nil {
		return err
	}
	t.startOver(fault.SessionNeeded)
	return nil
}

// stopWith stops a sign-in for a reason its person may be told, and puts that on record (A19).
func (s *Service) stopWith(tx Tx, t *Transaction, why error, now time.Time) error {
	t.Stop = stopOf(fault.Of(why))
	return tx.InsertAudit(s.refused(t, t.Stop.Code, now))
}
