package store

import (
	"encoding/hex"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/login"
)

var _ login.Tx = (*Tx)(nil)

const (
	loginsSealed   = "logins.sealed"
	sessionsSealed = "sessions.sealed"
)

// InsertLogin writes a new transaction with Version 1.
func (tx *Tx) InsertLogin(t login.Transaction) error {
	sealed, err := tx.seal(loginsSealed, t.ID, t)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO logins (id, version, expires_at, sealed)
		VALUES ($1, 1, $2, $3)`,
		t.ID, micros(t.ExpiresAt), sealed)
	return err
}

// Login reads one; fault.LoginUnknown when there is none.
func (tx *Tx) Login(id string) (login.Transaction, error) {
	var t login.Transaction
	var sealed []byte
	var version, expires int64
	err := tx.queryRow(`
		SELECT version, expires_at, sealed
		FROM logins
		WHERE id = $1`,
		id).Scan(&version, &expires, &sealed)
	if fault.Is(err, fault.RowNotFound) {
		return t, fault.New(fault.LoginUnknown)
	}
	if err != nil {
		return t, err
	}
	if err := tx.unseal(loginsSealed, id, sealed, &t); err != nil {
		return login.Transaction{}, err
	}
	t.ID, t.Version, t.ExpiresAt = id, version, instant(expires)
	return t, nil
}

// UpdateLogin replaces the row of the same Version and adds one to it, else fault.RowConflict.
func (tx *Tx) UpdateLogin(t login.Transaction) error {
	sealed, err := tx.seal(loginsSealed, t.ID, t)
	if err != nil {
		return err
	}
	return tx.must(`
		UPDATE logins
		SET version = version + 1, expires_at = $3, sealed = $4
		WHERE id = $1
		AND version = $2`,
		t.ID, t.Version, micros(t.ExpiresAt), sealed)
}

// SessionByHandle reads the session whose cookie has this digest, ended or not; fault.RowNotFound when there is none.
func (tx *Tx) SessionByHandle(digest []byte) (login.Session, error) {
	var r sessionRow
	err := tx.queryRow(`
		SELECT id, version, handle, person, expires_at, ended_at, sealed
		FROM sessions
		WHERE handle = $1`,
		present(digest)).Scan(r.into()...)
	if err != nil {
		return login.Session{}, err
	}
	return r.session(tx)
}

// Session reads one by its id, ended or not; fault.RowNotFound when there is none.
func (tx *Tx) Session(id string) (login.Session, error) {
	var r sessionRow
	err := tx.queryRow(`
		SELECT id, version, handle, person, expires_at, ended_at, sealed
		FROM sessions
		WHERE id = $1`,
		id).Scan(r.into()...)
	if err != nil {
		return login.Session{}, err
	}
	return r.session(tx)
}

// SessionsOf lists the sessions of a person that have not ended.
func (tx *Tx) SessionsOf(who citizen.ID) ([]login.Session, error) {
	var rows []sessionRow
	err := tx.query(func(scan func(...any) error) error {
		var r sessionRow
		err := scan(r.into()...)
		rows = append(rows, r)
		return err
	}, `
		SELECT id, version, handle, person, expires_at, ended_at, sealed
		FROM sessions
		WHERE person = $1
		AND ended_at = 0
		ORDER BY id`,
		string(who))
	if err != nil {
		return nil, err
	}
	var all []login.Session
	for _, r := range rows {
		s, err := r.session(tx)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

type sessionRow struct {
	id, person     string
	version        int64
	handle, sealed []byte
	expires, ended int64
}

func (r *sessionRow) into() []any {
	return []any{&r.id, &r.version, &r.handle, &r.person, &r.expires, &r.ended, &r.sealed}
}

func (r *sessionRow) session(tx *Tx) (login.Session, error) {
	var s login.Session
	if err := tx.unseal(sessionsSealed, sessionRowName(r.id, r.person, r.handle), r.sealed, &s); err != nil {
		return login.Session{}, err
	}
	s.ID, s.Version, s.Handle, s.Person = r.id, r.version, r.handle, citizen.ID(r.person)
	s.ExpiresAt, s.EndedAt = instant(r.expires), instant(r.ended)
	return s, nil
}

// sessionRowName binds what is sealed to the person and the cookie beside it: who can write to the database, but has no
// keystore, could otherwise give a living session of their own to somebody else's name and be them.
func sessionRowName(id, person string, handle []byte) string {
	return id + "/" + person + "/" + hex.EncodeToString(handle)
}

// InsertSession writes a new session with Version 1.
func (tx *Tx) InsertSession(s login.Session) error {
	sealed, err := tx.seal(sessionsSealed, sessionRowName(s.ID, string(s.Person), s.Handle), s)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO sessions (id, version, handle, person, expires_at, ended_at, sealed)
		VALUES ($1, 1, $2, $3, $4, $5, $6)`,
		s.ID, present(s.Handle), string(s.Person), micros(s.ExpiresAt), micros(s.EndedAt), sealed)
	return err
}

// UpdateSession replaces the row of the same Version and adds one to it, else fault.RowConflict. A session never
// changes hands.
func (tx *Tx) UpdateSession(s login.Session) error {
	sealed, err := tx.seal(sessionsSealed, sessionRowName(s.ID, string(s.Person), s.Handle), s)
	if err != nil {
		return err
	}
	return tx.must(`
		UPDATE sessions
		SET version = version + 1, handle = $4, expires_at = $5, ended_at = $6, sealed = $7
		WHERE id = $1
		AND version = $2
		AND person = $3`,
		s.ID, s.Version, string(s.Person), present(s.Handle), micros(s.ExpiresAt), micros(s.EndedAt), sealed)
}

// InsertLogoutNotice queues word to one service that a session ended.
func (tx *Tx) InsertLogoutNotice(n login.LogoutNotice) error {
	_, err := tx.exec(`
		INSERT INTO logout_notices (id, service, session, person, at, due_at, leased_by, leased_until, tries)
		VALUES ($1, $2, $3, $4, $5, $5, '', 0, $6)`,
		n.ID, n.Service, n.Session, string(n.Person), micros(n.At), n.Tries)
	return err
}

// LeaseLogoutNotices gives up to n notices that are due and unleased, and leases them until an instant.
func (tx *Tx) LeaseLogoutNotices(worker string, n int, now, until time.Time) ([]login.LogoutNotice, error) {
	var all []login.LogoutNotice
	err := tx.query(func(scan func(...any) error) error {
		var l login.LogoutNotice
		var person string
		var at int64
		err := scan(&l.ID, &l.Service, &l.Session, &person, &at, &l.Tries)
		l.Person, l.At = citizen.ID(person), instant(at)
		all = append(all, l)
		return err
	}, `
		UPDATE logout_notices
		SET leased_by = $1, leased_until = $2
		WHERE leased_until <= $3
		AND id IN (
			SELECT id
			FROM logout_notices
			WHERE due_at <= $3
			AND leased_until <= $3
			ORDER BY due_at
			LIMIT $4)
		RETURNING id, service, session, person, at, tries`,
		worker, micros(until), micros(now), n)
	return all, err
}

// DoneLogoutNotice removes a notice that this worker has leased.
func (tx *Tx) DoneLogoutNotice(worker, id string) error {
	_, err := tx.exec(`
		DELETE FROM logout_notices
		WHERE leased_by = $1
		AND id = $2`,
		worker, id)
	return err
}

// RetryLogoutNotice gives a notice back to be tried at an instant, with one more try counted.
func (tx *Tx) RetryLogoutNotice(worker, id string, at time.Time) error {
	_, err := tx.exec(`
		UPDATE logout_notices
		SET leased_by = '', leased_until = 0, due_at = $3, tries = tries + 1
		WHERE leased_by = $1
		AND id = $2`,
		worker, id, micros(at))
	return err
}
