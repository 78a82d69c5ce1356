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
	row.State, row.Reason, row.ChangedAt = c.To, c.Reason, c.At
	if err := tx.UpdateCertificate(row); err != nil {
		return err
	}
	return tx.InsertAudit(audit.Event{
		ID: random.ID(c.Rand), At: c.At, Kind: audit.CertificateStatus, Person: row.Person, Actor: c.Actor,
		Data: map[string]string{"serial": row.Serial, "to": string(c.To)},
	})
}
