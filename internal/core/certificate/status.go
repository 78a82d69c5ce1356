package certificate

import (
	"io"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
	"chave/internal/core/random"
)

// Change is one change of a certificate's status.
type Change struct {
	Serial string
	To     State // Good ends a suspension
	Reason Reason
	Actor  string // who decided, when it was not the person
	At     time.Time
	Rand   io.Reader
}

// Apply changes the status within the caller's transaction and puts it on record. What is revoked stays revoked: fault.OperationOver; a change to the state it has is none.
func Apply(tx Tx, c Change) error {
	row, err := tx.Certificate(c.Serial)
	if err != nil {
		return err
	}
	switch {
	case row.State == c.To:
		return nil
	case row.State == Revoked, row.State == Reserved && c.To != Revoked:
		return fault.New(fault.OperationOver)
	}
	row.State, row.Reason, row.ChangedAt = c.To, reasonFor(c), c.At
	if err := tx.UpdateCertificate(row); err != nil {
		return err
	}
	return tx.InsertAudit(audit.Event{
		ID: random.ID(c.Rand), At: c.At, Kind: audit.CertificateStatus, Person: row.Person, Actor: c.Actor,
		Data: map[string]string{"serial": row.Serial, "to": string(c.To)},
	})
}

// reasonFor keeps state and reason from contradicting each other: a hold is a suspension and nothing else (RFC 5280 §5.3.1).
func reasonFor(c Change) Reason {
	switch {
	case c.To == Suspended:
		return CertificateHold
	case c.To == Good, c.Reason == CertificateHold:
		return Unspecified
	}
	return c.Reason
}

// GiveUp revokes what was reserved before an instant and never handed out: an authority may have signed it before its process died, and nobody must ever rely on it.
// It tells how many it found, at most n.
func GiveUp(tx Tx, before, at time.Time, source io.Reader, n int) (int, error) {
	rows, err := tx.ReservedCertificates(before, n)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		if err := Apply(tx, Change{Serial: row.Serial, To: Revoked, Actor: "system", At: at, Rand: source}); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
