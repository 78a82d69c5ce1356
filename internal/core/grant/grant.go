// Package grant owns what a wire hands out: single-use values, token families, replay ids.
//
// A wire's content travels through here as an opaque payload that the store seals; only the wire reads it. Every hand-out that works once is a row won by
// compare-and-set, so it works once across nodes and restarts. The package never formats a token and knows no protocol.
package grant

import (
	"crypto/sha256"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
)

// Kind separates hand-outs, so that a value of one sort is never accepted as another.
type Kind string

// Single is a value that works once: an authorization code, a pushed request. Its row keeps only a digest of the handle.
type Single struct {
	Kind      Kind
	Digest    []byte
	Payload   []byte // sealed at rest
	Family    string // what to end when the value is used twice; may be empty
	ExpiresAt time.Time
	SpentAt   time.Time // zero until it is used
}

// Digest is how handles with 256 random bits are stored: nothing to guess, so nothing to slow down.
func Digest(kind Kind, handle string) []byte {
	sum := sha256.Sum256([]byte(string(kind) + "\x00" + handle))
	return sum[:]
}

// Family is one agreement of one person with one service in one session, and every token that came from it. Its refresh token carries the generation;
// each refresh moves it by compare-and-set, so an old one shows that somebody copied it (RFC 9700 §4.14).
type Family struct {
	ID         string
	Person     citizen.ID
	Service    string
	Session    string
	Payload    []byte // sealed at rest
	Generation int64
	CreatedAt  time.Time
	ExpiresAt  time.Time
	EndedAt    time.Time // zero while it stands
}

// Alive tells whether tokens of the family are worth anything.
func (f Family) Alive(now time.Time) bool { return f.EndedAt.IsZero() && now.Before(f.ExpiresAt) }

// Tx is what a transaction must offer for hand-outs.
type Tx interface {
	// InsertSingle writes a value; fault.RowConflict when the digest is there already.
	InsertSingle(Single) error
	// Single reads a value, spent or not; fault.RowNotFound when there is none.
	Single(kind Kind, digest []byte) (Single, error)
	// SpendSingle marks an unspent value as spent; false when somebody else was first.
	SpendSingle(kind Kind, digest []byte, at time.Time) (bool, error)
	// InsertReplay notes an id that may appear once until an instant; false when it has been seen.
	InsertReplay(kind Kind, digest []byte, until time.Time) (bool, error)

	// InsertFamily writes a new family.
	InsertFamily(Family) error
	// Family reads one, ended or not; fault.RowNotFound when there is none.
	Family(id string) (Family, error)
	// AdvanceFamily moves a living family from one generation to the next and its end to expires; false when it is not at that generation or has ended.
	AdvanceFamily(id string, generation int64, now, expires time.Time) (bool, error)
	// EndFamily ends one; false when it had ended.
	EndFamily(id string, at time.Time) (bool, error)
}

// Take spends a value and returns it. A second use ends the family that came from the first (RFC 6749 §4.1.2, RFC 9700 B5), and that must be
// committed: so reused is a result, not an error that would roll it back.
func Take(tx Tx, kind Kind, handle string, now time.Time) (value Single, reused bool, err error) {
	return TakeIf(tx, kind, handle, now, func([]byte) error { return nil })
}

// TakeIf is Take for what is meant for one of several: an error of mine leaves the value to whom it belongs, so that whoever guesses breaks nothing.
func TakeIf(tx Tx, kind Kind, handle string, now time.Time, mine func(payload []byte) error) (value Single, reused bool, err error) {
	digest := Digest(kind, handle)
	value, err = tx.Single(kind, digest)
	if fault.Is(err, fault.RowNotFound) {
		return value, false, fault.New(fault.GrantUnknown)
	}
	if err != nil {
		return value, false, err
	}
	if err := mine(value.Payload); err != nil {
		return value, false, err
	}
	won := false
	if value.SpentAt.IsZero() {
		if !now.Before(value.ExpiresAt) {
			return value, false, fault.New(fault.GrantExpired)
		}
		if won, err = tx.SpendSingle(kind, digest, now); err != nil {
			return value, false, err
		}
	}
	if won {
		return value, false, nil
	}
	if value.Family != "" {
		_, err = tx.EndFamily(value.Family, now)
	}
	return value, true, err
}
