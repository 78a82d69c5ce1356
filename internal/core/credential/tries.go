package credential

import (
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
)

// Tries counts wrong PINs for one subject from one source. The subject is a person, across all their identifiers, or the keyed index of
// an identifier nobody has. The source is a browser that this person has used before, or Strangers: so a stranger who knows a phone number
// uses up the strangers' tries and cannot lock the owner out of their own browser (PAIN-10, R3.26, A1).
type Tries struct {
	Subject     string
	Source      string
	Version     int64 // compare-and-set; zero for a row that does not exist yet
	Wrong       int   // tries taken in a row since the last success or wait
	Rung        int   // rung of the ladder that the next wait takes
	LockedUntil time.Time
	UsedUp      bool // past the last rung (R3.23)
	TouchedAt   time.Time
}

// Strangers is the source of every browser that has never completed a sign-in for the subject.
const Strangers = "strangers"

// SubjectOf is the counter's name for a known person; an unknown identifier's is UnknownSubject.
func SubjectOf(id citizen.ID) string { return "p:" + string(id) }

// UnknownSubject names the counter of an identifier that nobody has, by its keyed index in hex, never by the identifier.
func UnknownSubject(index string) string { return "i:" + index }

// Take uses one try up, before the PIN is even hashed, so that a crash costs a try and never gives one (blueprint §4.1). The try that completes a
// row of wrong ones starts its wait at once; a right PIN gives everything back through Tries.Clear.
func (p Policy) Take(t Tries, now time.Time) (Tries, error) {
	if t.UsedUp {
		return t, fault.New(fault.TriesUsedUp)
	}
	if now.Before(t.LockedUntil) {
		return t, fault.New(fault.WaitUntil).With("Until", t.LockedUntil)
	}
	t.TouchedAt = now
	t.Wrong++
	if t.Wrong < p.PINTries {
		return t, nil
	}
	t.Wrong = 0
	if t.Rung >= len(p.LockLadder) {
		t.UsedUp = true
		return t, nil
	}
	t.LockedUntil = now.Add(p.LockLadder[t.Rung])
	t.Rung++
	return t, nil
}

// Refusal is what to say after the try that was just taken turned out wrong: try again, wait, or no more.
func (t Tries) Refusal(now time.Time) *fault.Error {
	switch {
	case t.UsedUp:
		return fault.New(fault.TriesUsedUp)
	case now.Before(t.LockedUntil):
		return fault.New(fault.WaitUntil).With("Until", t.LockedUntil)
	}
	return fault.New(fault.PINWrong).On("pin")
}

// Clear is the row after a right PIN.
func (t Tries) Clear(now time.Time) Tries {
	return Tries{Subject: t.Subject, Source: t.Source, Version: t.Version, TouchedAt: now}
}

// Tx is what a transaction must offer for credentials.
type Tx interface {
	// Key reads a person's key; fault.RowNotFound when there is none.
	Key(citizen.ID) (Key, error)
	// InsertKey writes a first key; fault.RowConflict when the person has one (R1.21).
	InsertKey(Key) error
	// UpdateKey replaces the row of the same Version and adds one to it, else fault.RowConflict.
	UpdateKey(Key) error
	// Tries reads a counter; a missing one is the zero counter of that subject and source.
	Tries(subject, source string) (Tries, error)
	// SaveTries inserts (Version 0) or replaces the row of the same Version, else fault.RowConflict.
	SaveTries(Tries) error
	// ClearTriesOf removes all counters of a subject: the counter's desk and a PIN change start afresh (R3.24).
	ClearTriesOf(subject string) error
	// KnownBrowser tells whether this browser has completed a sign-in for this person since an instant.
	KnownBrowser(browser []byte, who citizen.ID, since time.Time) (bool, error)
	// RememberBrowser notes a completed sign-in.
	RememberBrowser(browser []byte, who citizen.ID, at time.Time) error
	// ForgetBrowsers removes all known browsers of a person.
	ForgetBrowsers(citizen.ID) error
	// Count adds one to a bucket's counter for the window that begins at start and returns the new count.
	Count(bucket string, start time.Time) (int, error)
}
