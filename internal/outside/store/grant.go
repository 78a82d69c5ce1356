package store

import (
	"encoding/hex"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/grant"
)

var _ grant.Tx = (*Tx)(nil)

const (
	singlesSealed  = "singles.sealed"
	familiesSealed = "families.sealed"
)

func singleRow(kind grant.Kind, digest []byte) string {
	return string(kind) + "/" + hex.EncodeToString(digest)
}

// InsertSingle writes a value; fault.RowConflict when the digest is there already.
func (tx *Tx) InsertSingle(s grant.Single) error {
	sealed, err := tx.sealBytes(singlesSealed, singleRow(s.Kind, s.Digest), s.Payload)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO singles (kind, digest, sealed, family, expires_at, spent_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		string(s.Kind), present(s.Digest), sealed, s.Family, micros(s.ExpiresAt), micros(s.SpentAt))
	return err
}

// Single reads a value, spent or not; fault.RowNotFound when there is none.
func (tx *Tx) Single(kind grant.Kind, digest []byte) (grant.Single, error) {
	s := grant.Single{Kind: kind, Digest: digest}
	var sealed []byte
	var expires, spent int64
	err := tx.queryRow(`
		SELECT sealed, family, expires_at, spent_at
		FROM singles
		WHERE kind = $1
		AND digest = $2`,
		string(kind), present(digest)).Scan(&sealed, &s.Family, &expires, &spent)
	if err != nil {
		return grant.Single{}, err
	}
	if s.Payload, err = tx.unsealBytes(singlesSealed, singleRow(kind, digest), sealed); err != nil {
		return grant.Single{}, err
	}
	s.ExpiresAt, s.SpentAt = instant(expires), instant(spent)
	return s, nil
}

// SpendSingle marks an unspent value as spent; false when somebody else was first.
func (tx *Tx) SpendSingle(kind grant.Kind, digest []byte, at time.Time) (bool, error) {
	return tx.cas(`
		UPDATE singles
		SET spent_at = $3
		WHERE kind = $1
		AND digest = $2
		AND spent_at = 0`,
		string(kind), present(digest), micros(at))
}

// InsertReplay notes an id that may appear once until an instant; false when it has been seen.
func (tx *Tx) InsertReplay(kind grant.Kind, digest []byte, until time.Time) (bool, error) {
	return tx.cas(`
		INSERT INTO replays (kind, digest, expires_at)
		VALUES ($1, $2, $3)
		ON CONFLICT (kind, digest) DO NOTHING`,
		string(kind), present(digest), micros(until))
}

// familyRow binds what a family may do to whose it is: nobody who can only write to the database turns their own tokens
// into somebody else's.
func familyRow(f grant.Family) string {
	return f.ID + "/" + string(f.Person) + "/" + f.Service + "/" + f.Session
}

// InsertFamily writes a new family.
func (tx *Tx) InsertFamily(f grant.Family) error {
	sealed, err := tx.sealBytes(familiesSealed, familyRow(f), f.Payload)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO families (id, person, service, session, sealed, generation, created_at, expires_at, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		f.ID, string(f.Person), f.Service, f.Session, sealed, f.Generation, micros(f.CreatedAt), micros(f.ExpiresAt),
		micros(f.EndedAt))
	return err
}

// Family reads one, ended or not; fault.RowNotFound when there is none.
func (tx *Tx) Family(id string) (grant.Family, error) {
	f := grant.Family{ID: id}
	var person string
	var sealed []byte
	var created, expires, ended int64
	err := tx.queryRow(`
		SELECT person, service, session, sealed, generation, created_at, expires_at, ended_at
		FROM families
		WHERE id = $1`,
		id).Scan(&person, &f.Service, &f.Session, &sealed, &f.Generation, &created, &expires, &ended)
	if err != nil {
		return grant.Family{}, err
	}
	f.Person = citizen.ID(person)
	if f.Payload, err = tx.unsealBytes(familiesSealed, familyRow(f), sealed); err != nil {
		return grant.Family{}, err
	}
	f.CreatedAt, f.ExpiresAt, f.EndedAt = instant(created), instant(expires), instant(ended)
	return f, nil
}

// AdvanceFamily moves a living family from one generation to the next and its end to expires; false when it is not at
// that generation or has ended.
func (tx *Tx) AdvanceFamily(id string, generation int64, now, expires time.Time) (bool, error) {
	return tx.cas(`
		UPDATE families
		SET generation = generation + 1, expires_at = $4
		WHERE id = $1
		AND generation = $2
		AND ended_at = 0
		AND expires_at > $3`,
		id, generation, micros(now), micros(expires))
}

// EndFamily ends one; false when it had ended.
func (tx *Tx) EndFamily(id string, at time.Time) (bool, error) {
	return tx.cas(`
		UPDATE families
		SET ended_at = $2
		WHERE id = $1
		AND ended_at = 0`,
		id, micros(at))
}

// EndGrantsOfSession ends every grant family that came from a session.
func (tx *Tx) EndGrantsOfSession(session string, at time.Time) error {
	_, err := tx.exec(`
		UPDATE families
		SET ended_at = $2
		WHERE session = $1
		AND ended_at = 0`,
		session, micros(at))
	return err
}

// EndGrantsOfPerson ends every grant family of a person, for one service or, when it is empty, for all.
func (tx *Tx) EndGrantsOfPerson(who citizen.ID, service string, at time.Time) error {
	if service == "" {
		_, err := tx.exec(`
			UPDATE families
			SET ended_at = $2
			WHERE person = $1
			AND ended_at = 0`,
			string(who), micros(at))
		return err
	}
	_, err := tx.exec(`
		UPDATE families
		SET ended_at = $3
		WHERE person = $1
		AND service = $2
		AND ended_at = 0`,
		string(who), service, micros(at))
	return err
}
