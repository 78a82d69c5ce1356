// Package retention owns what must be forgotten, and when (R0.05, R2.31, R5.04).
//
// Every class of data that Chave keeps about somebody's doings has an age here, and one job that removes what is past it, a few hundred rows at a time, so that
// nobody who signs in waits for it. The package never decides what is kept in the first place, and never removes a person or a key.
package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"chave/internal/core/audit"
)

// Class is one sort of rows with an age of its own.
type Class string

// The classes. Audit payloads are apart: their rows stay, see audit.Keep.
const (
	Logins   Class = "logins"          // transactions of sign-ins: they hold what was typed
	Sessions Class = "sessions"        // single sign-on
	Singles  Class = "singles"         // values that worked once
	Replays  Class = "replays"         // ids that were to appear once
	Families Class = "families"        // grants and the tokens that came from them
	Visits   Class = "visits"          // the holder's own history
	Consents Class = "consents"        // withdrawn or superseded ones; standing ones stay
	Unknown  Class = "unknown_tries"   // counters of identifiers that nobody has
	Buckets  Class = "rate_buckets"    // counts for rate limits
	Browsers Class = "known_browsers"  // not used for long
	Cases    Class = "enrolment_cases" // with the evidence that was only for comparing (R2.31)
	Drafts   Class = "drafts"          // documents that somebody meant to sign

	Operations Class = "signing_operations" // requests to sign, with the names of what was signed
	Signatures Class = "signatures"         // the holder's history of signing, from the end of the certificate (R4.13)
	Personal   Class = "ended_signing_keys" // without their private halves, from the end of the certificate (R4.13)
	Pooled     Class = "pooled_keys"        // made ahead and never taken
)

// Classes lists them all.
func Classes() []Class {
	return []Class{Logins, Sessions, Singles, Replays, Families, Visits, Consents, Unknown, Buckets, Browsers, Cases, Drafts, Operations, Signatures, Personal, Pooled}
}

// Tx is what a transaction must offer to forget.
type Tx interface {
	// Forget removes up to limit rows of a class whose time was over before an instant, and tells how many. What that time is, is the class's own: the
	// end of a session, the day of a visit.
	Forget(class Class, before time.Time, limit int) (int, error)
	// EraseAudit is audit.LogTx's.
	EraseAudit(uses bool, before time.Time, limit int) (more bool, err error)
}

// Ages says how long each class is kept after its time is over. Zero fields are filled by Defaults.
type Ages struct {
	Logins   time.Duration // after they expired; 1 h, so that a late click still gets a sentence that helps
	Sessions time.Duration // after they ended or expired; 1 day
	Spent    time.Duration // single-use values and replay ids after they expired; 1 h
	Families time.Duration // after they ended or expired; 30 days, in which a copied token still shows as one
	History  time.Duration // visits, and consents that stand no more; 90 days (R5.04)
	Unknown  time.Duration // after the last try; 180 days, as credential.Policy.ForgetUnknown
	Buckets  time.Duration // after their window began; 1 day, longer than any window
	Browsers time.Duration // after the last sign-in; 180 days, as credential.Policy.KnownBrowserFor
	Cases    time.Duration // after they expired; 24 h. The record of the registration is the audit event and the person

	Operations time.Duration // after they expired; 7 days, in which a holder or a service may ask what became of one
	Signed     time.Duration // history of signing and ended keys, after the certificate's end; 7 years (R4.13)
	Pooled     time.Duration // after they were made; 90 days

	Audit audit.Keep // its Uses are as long as History unless set
}

const day = 24 * time.Hour

// Defaults fills what is not set.
func (a Ages) Defaults() Ages {
	for _, one := range []struct {
		age       *time.Duration
		otherwise time.Duration
	}{
		{&a.Logins, time.Hour}, {&a.Sessions, day}, {&a.Spent, time.Hour}, {&a.Families, 30 * day}, {&a.History, 90 * day},
		{&a.Unknown, 180 * day}, {&a.Buckets, day}, {&a.Browsers, 180 * day}, {&a.Cases, day},
		{&a.Operations, 7 * day}, {&a.Signed, 7*365*day + 2*day}, {&a.Pooled, 90 * day},
	} {
		if *one.age == 0 {
			*one.age = one.otherwise
		}
	}
	if a.Audit.Uses == 0 {
		a.Audit.Uses = a.History
	}
	a.Audit = a.Audit.Defaults()
	return a
}

// Check refuses ages below zero, which would remove what still lives.
func (a Ages) Check() error {
	var problems []error
	for _, class := range Classes() {
		if a.of(class) < 0 {
			problems = append(problems, fmt.Errorf("the age of %s is below zero", class))
		}
	}
	if a.Audit.Uses < 0 || a.Audit.Keys < 0 {
		problems = append(problems, errors.New("the age of audit payloads is below zero"))
	}
	return errors.Join(problems...)
}

func (a Ages) of(class Class) time.Duration {
	switch class {
	case Logins:
		return a.Logins
	case Sessions:
		return a.Sessions
	case Singles, Replays:
		return a.Spent
	case Families:
		return a.Families
	case Visits, Consents:
		return a.History
	case Unknown:
		return a.Unknown
	case Buckets:
		return a.Buckets
	case Browsers:
		return a.Browsers
	case Cases:
		return a.Cases
	case Operations:
		return a.Operations
	case Signatures, Personal:
		return a.Signed
	case Pooled:
		return a.Pooled
	case Drafts: // their hour is their age
		return 0
	}
	return -1
}

// Job forgets. Do, Now, Ages and Log must be set.
type Job struct {
	Do    func(ctx context.Context, fn func(Tx) error) error
	Now   func() time.Time
	Ages  Ages // with Defaults applied
	Log   *slog.Logger
	Batch int // rows in one transaction; 0 means 500
	// Count is told of what was removed, for metrics. May be nil.
	Count func(class Class, rows int)
}

// Run removes everything that is past its age. It may be stopped anywhere and run again, on any node. One class that fails does not keep
// the others from being forgotten.
func (j *Job) Run(ctx context.Context) error {
	if err := j.Ages.Check(); err != nil {
		return err
	}
	var problems []error
	for _, class := range Classes() {
		if err := j.forget(ctx, class); err != nil {
			problems = append(problems, fmt.Errorf("forget %s: %w", class, err))
		}
	}
	if err := j.erase(ctx, true, j.Ages.Audit.Uses); err != nil {
		problems = append(problems, fmt.Errorf("erase audit payloads of uses: %w", err))
	}
	if err := j.erase(ctx, false, j.Ages.Audit.Keys); err != nil {
		problems = append(problems, fmt.Errorf("erase audit payloads of keys: %w", err))
	}
	return errors.Join(problems...)
}

func (j *Job) forget(ctx context.Context, class Class) error {
	before := j.Now().Add(-j.Ages.of(class))
	total := 0
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := 0
		err := j.Do(ctx, func(tx Tx) (err error) {
			n, err = tx.Forget(class, before, j.batch())
			return err
		})
		if err != nil {
			return err
		}
		total += n
		if n > 0 && j.Count != nil {
			j.Count(class, n)
		}
		if n < j.batch() {
			break
		}
	}
	if total > 0 {
		j.Log.InfoContext(ctx, "forgotten", "class", class, "rows", total)
	}
	return nil
}

func (j *Job) erase(ctx context.Context, uses bool, keep time.Duration) error {
	before := j.Now().Add(-keep)
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := j.Do(ctx, func(tx Tx) (err error) {
			more, err = tx.EraseAudit(uses, before, j.batch())
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *Job) batch() int {
	if j.Batch > 0 {
		return j.Batch
	}
	return 500
}
