package credential

import (
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
)

// State is the stored part of a key's life. What follows from dates and counters is derived by Policy.Status and never stored.
type State string

// Stored states (Annex B). There is no way back from the last three.
const (
	PendingPIN State = "pending_pin" // made at a desk, temporary PIN
	Active     State = "active"
	Cancelled  State = "cancelled" // by the holder (R5.09)
	Replaced   State = "replaced"  // by a new registration (R2.21)
	Revoked    State = "revoked"   // death, fraud, court (R1.33)
)

// Key is a person's mobile key. One per person (R1.21).
type Key struct {
	Person      citizen.ID
	Version     int64 // compare-and-set
	State       State
	PIN         StoredPIN
	EarlierPINs []StoredPIN // newest first, at most Policy.PINHistory
	PINUntil    time.Time   // end of a temporary PIN; zero for a chosen one
	WrongCodes  int         // wrong codes in a row (R3.17)
	BlockedAt   time.Time   // blocked for good; zero when not (R3.17, R3.23)
	CreatedAt   time.Time
	ActivatedAt time.Time
	EndedAt     time.Time
	UsedAt      time.Time
}

// StoredPIN is the keyed, salted, slow hash of a PIN and how it was made.
type StoredPIN struct {
	Hash  []byte `json:"hash"`
	Salt  []byte `json:"salt"`
	KeyID string `json:"kid"` // which keystore key keyed it
	Time  uint32 `json:"t"`   // argon2id passes
	MemKB uint32 `json:"m"`   // argon2id memory in KiB
}

// Temporary tells whether the PIN can only be used to choose one's own (R2.09).
func (k Key) Temporary() bool { return k.State == PendingPIN }

// Status is what a key is worth at an instant, derived from its row, the person's documents and the policy.
type Status string

// The statuses of Annex B that a page can show. LOCKED_TEMP is not among them: waits belong to a source, not to the key (R3.26).
const (
	StatusPending   Status = "pending_pin"
	StatusActive    Status = "active"
	StatusGrace     Status = "grace"     // a national document expired, the days of grace run (R1.25)
	StatusSuspended Status = "suspended" // a renewed document lifts it (R1.27)
	StatusBlocked   Status = "blocked"   // the counter lifts it (R3.24)
	StatusUnfit     Status = "unfit"     // an accompanying measure limits the act, for as long as it lasts (R1.04)
	StatusEnded     Status = "ended"
)

// Status derives the status. A deceased person's key has ended whatever the row says (R1.33).
func (p Policy) Status(k Key, who citizen.Person, now time.Time) Status {
	switch {
	case k.State == Cancelled || k.State == Replaced || k.State == Revoked || who.Standing.Deceased:
		return StatusEnded
	case p.IdleMonths > 0 && !k.UsedAt.IsZero() && !now.Before(k.UsedAt.AddDate(0, p.IdleMonths, 0)): // R1.36
		return StatusEnded
	case who.Standing.Accompanied == citizen.Yes && !p.AllowAccompanied:
		return StatusUnfit
	case !now.Before(p.End(k, who)):
		return StatusSuspended
	case !k.BlockedAt.IsZero():
		return StatusBlocked
	case k.State == PendingPIN:
		return StatusPending
	case !now.Before(p.DocumentEnd(who.Document())):
		return StatusGrace
	}
	return StatusActive
}

// Usable returns nil when the key opens services, else the fault to tell a person who has proved something (R3.27).
func (p Policy) Usable(k Key, who citizen.Person, now time.Time) error {
	switch p.Status(k, who, now) {
	case StatusEnded:
		return fault.New(fault.KeyEnded)
	case StatusUnfit:
		return fault.New(fault.Accompanied)
	case StatusSuspended:
		return fault.New(fault.DocumentExpired)
	case StatusBlocked:
		return fault.New(fault.KeyBlocked)
	case StatusPending:
		if !now.Before(k.PINUntil) {
			return fault.New(fault.TemporaryPINExpired)
		}
	}
	return nil
}

// End is the first instant at which the key no longer works: the founding document's end and its days of grace, the
// ceiling of ten years and thirty days, or a decree's extension (R1.25-R1.28, R1.35).
func (p Policy) End(k Key, who citizen.Person) time.Time {
	ceiling := citizen.DateOf(k.CreatedAt, p.Zone).AddYears(p.MaxYears).AddDays(p.MaxExtraDays).End(p.Zone)
	doc := who.Document()
	if doc.Expires.IsZero() { // a lifetime document
		return ceiling
	}
	grace := p.GraceForeign
	if doc.Type.National() {
		grace = p.GraceNational
	}
	end := p.validThrough(doc).AddDays(grace).End(p.Zone)
	if ceiling.Before(end) {
		return ceiling
	}
	return end
}

// DocumentEnd is the first instant after the document's own validity; far away for a lifetime one.
func (p Policy) DocumentEnd(doc citizen.Document) time.Time {
	if doc.Expires.IsZero() {
		return time.Unix(1<<40, 0)
	}
	return p.validThrough(doc).End(p.Zone)
}

func (p Policy) validThrough(doc citizen.Document) citizen.Date {
	for _, o := range p.DocumentValidOverrides {
		if o.Type == doc.Type && !doc.Expires.Before(o.From) && !o.To.Before(doc.Expires) && doc.Expires.Before(o.ValidThrough) {
			return o.ValidThrough
		}
	}
	return doc.Expires
}
