package store

import (
	"errors"
	"fmt"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
)

var _ credential.Tx = (*Tx)(nil)

const keysSealed = "keys.sealed"

// keyRow binds the PIN to whose it is and to whether the key works: who can write to the database, but has no keystore,
// cannot bring a cancelled or blocked key back by changing its columns.
func keyRow(k credential.Key) string {
	return fmt.Sprintf("%s/%s/%d/%d", k.Person, k.State, micros(k.BlockedAt), micros(k.EndedAt))
}

// pins is what of a key is sealed.
type pins struct {
	PIN     credential.StoredPIN   `json:"pin"`
	Earlier []credential.StoredPIN `json:"earlier,omitempty"`
}

// Key reads a person's key; fault.RowNotFound when there is none.
func (tx *Tx) Key(who citizen.ID) (credential.Key, error) {
	k := credential.Key{Person: who}
	var (
		state                                                     string
		sealed                                                    []byte
		pinUntil, blocked, created, activated, ended, used, wrong int64
	)
	err := tx.queryRow(`
		SELECT version, state, sealed, pin_until, wrong_codes, blocked_at, created_at, activated_at, ended_at, used_at
		FROM keys
		WHERE person = $1`,
		string(who)).Scan(&k.Version, &state, &sealed, &pinUntil, &wrong, &blocked, &created, &activated, &ended, &used)
	if err != nil {
		return credential.Key{}, err
	}
	k.State, k.WrongCodes = credential.State(state), int(wrong)
	k.PINUntil, k.BlockedAt, k.CreatedAt = instant(pinUntil), instant(blocked), instant(created)
	k.ActivatedAt, k.EndedAt, k.UsedAt = instant(activated), instant(ended), instant(used)
	var p pins
	if err := tx.unseal(keysSealed, keyRow(k), sealed, &p); err != nil {
		return credential.Key{}, err
	}
	k.PIN, k.EarlierPINs = p.PIN, p.Earlier
	return k, nil
}

// InsertKey writes a first key; fault.RowConflict when the person has one (R1.21).
func (tx *Tx) InsertKey(k credential.Key) error {
	sealed, err := tx.seal(keysSealed, keyRow(k), pins{k.PIN, k.EarlierPINs})
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO keys (person, version, state, sealed, pin_until, wrong_codes, blocked_at, created_at, activated_at,
			ended_at, used_at)
		VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(k.Person), string(k.State), sealed, micros(k.PINUntil), k.WrongCodes, micros(k.BlockedAt), micros(k.CreatedAt),
		micros(k.ActivatedAt), micros(k.EndedAt), micros(k.UsedAt))
	return err
}

// UpdateKey replaces the row of the same Version and adds one to it, else fault.RowConflict.
func (tx *Tx) UpdateKey(k credential.Key) error {
	sealed, err := tx.seal(keysSealed, keyRow(k), pins{k.PIN, k.EarlierPINs})
	if err != nil {
		return err
	}
	return tx.must(`
		UPDATE keys
		SET version = version + 1, state = $3, sealed = $4, pin_until = $5, wrong_codes = $6, blocked_at = $7,
			activated_at = $8, ended_at = $9, used_at = $10
		WHERE person = $1
		AND version = $2`,
		string(k.Person), k.Version, string(k.State), sealed, micros(k.PINUntil), k.WrongCodes, micros(k.BlockedAt),
		micros(k.ActivatedAt), micros(k.EndedAt), micros(k.UsedAt))
}

// Tries reads a counter; a missing one is the zero counter of that subject and source.
func (tx *Tx) Tries(subject, source string) (credential.Tries, error) {
	t := credential.Tries{Subject: subject, Source: source}
	var locked, touched int64
	err := tx.queryRow(`
		SELECT version, wrong, rung, locked_until, used_up, touched_at
		FROM tries
		WHERE subject = $1
		AND source = $2`,
		subject, source).Scan(&t.Version, &t.Wrong, &t.Rung, &locked, &t.UsedUp, &touched)
	if fault.Is(err, fault.RowNotFound) {
		return t, nil
	}
	t.LockedUntil, t.TouchedAt = instant(locked), instant(touched)
	return t, err
}

// SaveTries inserts (Version 0) or replaces the row of the same Version, else fault.RowConflict.
func (tx *Tx) SaveTries(t credential.Tries) error {
	if t.Version == 0 {
		return tx.must(`
			INSERT INTO tries (subject, source, version, wrong, rung, locked_until, used_up, touched_at)
			VALUES ($1, $2, 1, $3, $4, $5, $6, $7)
			ON CONFLICT (subject, source) DO NOTHING`,
			t.Subject, t.Source, t.Wrong, t.Rung, micros(t.LockedUntil), t.UsedUp, micros(t.TouchedAt))
	}
	return tx.must(`
		UPDATE tries
		SET version = version + 1, wrong = $4, rung = $5, locked_until = $6, used_up = $7, touched_at = $8
		WHERE subject = $1
		AND source = $2
		AND version = $3`,
		t.Subject, t.Source, t.Version, t.Wrong, t.Rung, micros(t.LockedUntil), t.UsedUp, micros(t.TouchedAt))
}

// ClearTriesOf removes all counters of a subject (R3.24).
func (tx *Tx) ClearTriesOf(subject string) error {
	_, err := tx.exec(`
		DELETE FROM tries
		WHERE subject = $1`,
		subject)
	return err
}

// KnownBrowser tells whether this browser has completed a sign-in for this person since an instant.
func (tx *Tx) KnownBrowser(browser []byte, who citizen.ID, since time.Time) (bool, error) {
	var one int64
	err := tx.queryRow(`
		SELECT 1
		FROM browsers
		WHERE person = $1
		AND browser = $2
		AND seen_at >= $3`,
		string(who), present(browser), micros(since)).Scan(&one)
	if fault.Is(err, fault.RowNotFound) {
		return false, nil
	}
	return err == nil, err
}

// RememberBrowser notes a completed sign-in. The day is precise enough: a row is not written again within it.
func (tx *Tx) RememberBrowser(browser []byte, who citizen.ID, at time.Time) error {
	_, err := tx.exec(`
		INSERT INTO browsers (person, browser, seen_at)
		VALUES ($1, $2, $3)
		ON CONFLICT (person, browser) DO UPDATE
		SET seen_at = EXCLUDED.seen_at
		WHERE browsers.seen_at < $4`,
		string(who), present(browser), micros(at), micros(at.Add(-24*time.Hour)))
	return err
}

// ForgetBrowsers removes all known browsers of a person.
func (tx *Tx) ForgetBrowsers(who citizen.ID) error {
	_, err := tx.exec(`
		DELETE FROM browsers
		WHERE person = $1`,
		string(who))
	return err
}

// Count adds one to a bucket's counter for the window that begins at start and returns the new count.
func (tx *Tx) Count(bucket string, start time.Time) (int, error) {
	if bucket == "" {
		return 0, errors.New("a bucket needs a name")
	}
	var n int
	err := tx.queryRow(`
		INSERT INTO buckets (bucket, start, n)
		VALUES ($1, $2, 1)
		ON CONFLICT (bucket, start) DO UPDATE
		SET n = buckets.n + 1
		RETURNING n`,
		bucket, micros(start)).Scan(&n)
	return n, err
}
