package consent

import (
	"time"

	"chave/internal/core/citizen"
)

// Given is the record of one answer on the share page. Values are not kept, only names: what was shared with whom and when (R0.05).
type Given struct {
	ID          string
	Person      citizen.ID
	Service     string
	Shared      []Name
	Refused     []Name // optional ones the person unticked
	At          time.Time
	WithdrawnAt time.Time // zero while it stands
}

// Visit is one line of the holder's own history: a sign-in, or a refusal (R5.04, PAIN-17). It is shown to nobody else and erased by the
// retention job (R0.05).
type Visit struct {
	ID      string
	Person  citizen.ID
	Service string
	At      time.Time
	Level   int
	Means   []string
	Outcome string // "signed_in", "refused", "stopped"
	Browser string // "known" or "new"
}

// Tx is what a transaction must offer for consents.
type Tx interface {
	// InsertGiven records an answer. An earlier one for the same person and service stays as history and is superseded.
	InsertGiven(Given) error
	// GivenOf lists a person's standing consents, newest first, one per service.
	GivenOf(citizen.ID) ([]Given, error)
	// WithdrawGiven ends all standing consents of a person for a service; it tells whether there was one.
	WithdrawGiven(who citizen.ID, service string, at time.Time) (bool, error)
	// InsertVisit adds a line of history.
	InsertVisit(Visit) error
	// VisitsOf lists a person's history since an instant, newest first, at most limit lines.
	VisitsOf(who citizen.ID, since time.Time, limit int) ([]Visit, error)
}
