package store

import (
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
)

var _ enrol.Tx = (*Tx)(nil)

const casesSealed = "cases.sealed"

// InsertCase writes a new case with Version 1.
func (tx *Tx) InsertCase(c enrol.Case) error {
	sealed, err := tx.seal(casesSealed, c.ID, c)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO cases (id, version, operator, created_at, expires_at, sealed)
		VALUES ($1, 1, $2, $3, $4, $5)`,
		c.ID, string(c.Operator), micros(c.CreatedAt), micros(c.ExpiresAt), sealed)
	return err
}

// Case reads one; fault.CaseUnknown when there is none.
func (tx *Tx) Case(id string) (enrol.Case, error) {
	var r caseRow
	err := tx.queryRow(`
		SELECT id, version, operator, created_at, expires_at, sealed
		FROM cases
		WHERE id = $1`,
		id).Scan(r.into()...)
	if fault.Is(err, fault.RowNotFound) {
		return enrol.Case{}, fault.New(fault.CaseUnknown)
	}
	if err != nil {
		return enrol.Case{}, err
	}
	return r.open(tx)
}

// UpdateCase replaces the row of the same Version and adds one to it, else fault.RowConflict.
func (tx *Tx) UpdateCase(c enrol.Case) error {
	sealed, err := tx.seal(casesSealed, c.ID, c)
	if err != nil {
		return err
	}
	return tx.must(`
		UPDATE cases
		SET version = version + 1, expires_at = $4, sealed = $5
		WHERE id = $1
		AND version = $2
		AND operator = $3`,
		c.ID, c.Version, string(c.Operator), micros(c.ExpiresAt), sealed)
}

// CasesOf lists an operator's cases since an instant, newest first.
func (tx *Tx) CasesOf(operator citizen.ID, since time.Time) ([]enrol.Case, error) {
	var rows []caseRow
	err := tx.query(func(scan func(...any) error) error {
		var r caseRow
		err := scan(r.into()...)
		rows = append(rows, r)
		return err
	}, `
		SELECT id, version, operator, created_at, expires_at, sealed
		FROM cases
		WHERE operator = $1
		AND created_at >= $2
		ORDER BY created_at DESC, id DESC`,
		string(operator), micros(since))
	if err != nil {
		return nil, err
	}
	var all []enrol.Case
	for _, r := range rows {
		c, err := r.open(tx)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

type caseRow struct {
	id, operator              string
	version, created, expires int64
	sealed                    []byte
}

func (r *caseRow) into() []any {
	return []any{&r.id, &r.version, &r.operator, &r.created, &r.expires, &r.sealed}
}

func (r *caseRow) open(tx *Tx) (enrol.Case, error) {
	var c enrol.Case
	if err := tx.unseal(casesSealed, r.id, r.sealed, &c); err != nil {
		return enrol.Case{}, err
	}
	c.ID, c.Version, c.Operator = r.id, r.version, citizen.ID(r.operator)
	c.CreatedAt, c.ExpiresAt = instant(r.created), instant(r.expires)
	return c, nil
}

const rolesSealed = "roles.sealed"

// GiveRole lets a person work as something. Giving it twice keeps the first time. The row is stamped by the keystore:
// whoever can only write to the database cannot make an operator of themselves.
func (tx *Tx) GiveRole(who citizen.ID, role string, at time.Time) error {
	stamp, err := tx.sealBytes(rolesSealed, string(who)+"/"+role, nil)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO roles (person, role, given_at, sealed)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (person, role) DO NOTHING`,
		string(who), role, micros(at), stamp)
	return err
}

// TakeRole ends it.
func (tx *Tx) TakeRole(who citizen.ID, role string) error {
	_, err := tx.exec(`
		DELETE FROM roles
		WHERE person = $1
		AND role = $2`,
		string(who), role)
	return err
}

// HasRole tells whether a person works as something.
func (tx *Tx) HasRole(who citizen.ID, role string) (bool, error) {
	var stamp []byte
	err := tx.queryRow(`
		SELECT sealed
		FROM roles
		WHERE person = $1
		AND role = $2`,
		string(who), role).Scan(&stamp)
	if fault.Is(err, fault.RowNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = tx.unsealBytes(rolesSealed, string(who)+"/"+role, stamp)
	return err == nil, err
}
