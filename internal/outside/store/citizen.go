package store

import (
	"bytes"
	"strings"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
)

var _ citizen.Tx = (*Tx)(nil)

const peopleSealed = "people.sealed"

// Index is the keyed hash under which an identifier is kept.
func (tx *Tx) Index(i citizen.Identifier) []byte { return tx.index(string(i.Kind), i.Value) }

// Person reads one person; fault.RowNotFound when there is none.
func (tx *Tx) Person(id citizen.ID) (citizen.Person, error) {
	var p citizen.Person
	var sealed []byte
	var version int64
	err := tx.queryRow(`
		SELECT version, sealed
		FROM people
		WHERE id = $1`,
		string(id)).Scan(&version, &sealed)
	if err != nil {
		return p, err
	}
	if err := tx.unseal(peopleSealed, string(id), sealed, &p); err != nil {
		return citizen.Person{}, err
	}
	p.ID, p.Version = id, version
	return p, nil
}

// PeopleWith finds who holds any of the identifiers, each person once.
func (tx *Tx) PeopleWith(identifiers ...citizen.Identifier) ([]citizen.ID, error) {
	if len(identifiers) == 0 {
		return nil, nil
	}
	var args []any
	for _, i := range identifiers {
		earlier, err := tx.earlierIndexes(string(i.Kind), i.Value)
		if err != nil {
			return nil, err
		}
		args = append(args, tx.Index(i))
		for _, lookup := range earlier {
			args = append(args, lookup)
		}
	}
	args = padded(args)
	var found []citizen.ID
	err := tx.query(func(scan func(...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		found = append(found, citizen.ID(id))
		return nil
	}, `
		SELECT DISTINCT person
		FROM identifiers
		WHERE lookup IN (`+places(1, len(args))+`)
		ORDER BY person`,
		args...)
	return found, err
}

// InsertPerson writes a person with all identifiers. An identifier somebody else holds is a conflict whose Field is its
// kind.
func (tx *Tx) InsertPerson(p citizen.Person) error {
	sealed, err := tx.seal(peopleSealed, string(p.ID), p)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO people (id, version, created_at, sealed)
		VALUES ($1, 1, $2, $3)`,
		string(p.ID), micros(p.CreatedAt), sealed)
	if err != nil {
		return err
	}
	return tx.insertIdentifiers(p)
}

// UpdatePerson replaces the row of the same Version and the identifiers with it, else fault.RowConflict.
func (tx *Tx) UpdatePerson(p citizen.Person) error {
	sealed, err := tx.seal(peopleSealed, string(p.ID), p)
	if err != nil {
		return err
	}
	err = tx.must(`
		UPDATE people
		SET version = version + 1, sealed = $3
		WHERE id = $1
		AND version = $2`,
		string(p.ID), p.Version, sealed)
	if err != nil {
		return err
	}
	if _, err := tx.exec(`
		DELETE FROM identifiers
		WHERE person = $1`,
		string(p.ID)); err != nil {
		return err
	}
	return tx.insertIdentifiers(p)
}

// insertIdentifiers writes what is free and looks what was not: the answer names the kind that somebody else holds.
func (tx *Tx) insertIdentifiers(p citizen.Person) error {
	var (
		rows   []string
		args   []any
		wanted []citizen.Identifier
	)
	for _, i := range p.Identifiers() {
		lookup := tx.Index(i)
		if holds(args, lookup) { // one number in two documents
			continue
		}
		n := len(args)
		rows = append(rows, "("+places(n+1, 3)+")")
		args = append(args, lookup, string(i.Kind), string(p.ID))
		wanted = append(wanted, i)
	}
	if len(rows) == 0 {
		return nil
	}
	if err := tx.heldUnderEarlierKeys(p.ID, wanted); err != nil {
		return err
	}
	var written [][]byte
	err := tx.query(func(scan func(...any) error) error {
		var lookup []byte
		if err := scan(&lookup); err != nil {
			return err
		}
		written = append(written, lookup)
		return nil
	}, `
		INSERT INTO identifiers (lookup, kind, person)
		VALUES `+strings.Join(rows, ", ")+`
		ON CONFLICT (lookup) DO NOTHING
		RETURNING lookup`,
		args...)
	if err != nil {
		return err
	}
	for n, i := range wanted {
		if !contains(written, args[3*n].([]byte)) {
			return fault.New(fault.RowConflict).On(string(i.Kind))
		}
	}
	return nil
}

// heldUnderEarlierKeys refuses what somebody registered before the keys were rotated: the primary key cannot see that
// it is the same.
func (tx *Tx) heldUnderEarlierKeys(who citizen.ID, wanted []citizen.Identifier) error {
	for _, i := range wanted {
		earlier, err := tx.earlierIndexes(string(i.Kind), i.Value)
		if err != nil {
			return err
		}
		for _, lookup := range earlier {
			var one int64
			err := tx.queryRow(`
				SELECT 1
				FROM identifiers
				WHERE lookup = $1
				AND person <> $2`,
				lookup, string(who)).Scan(&one)
			if err == nil {
				return fault.New(fault.RowConflict).On(string(i.Kind))
			}
			if !fault.Is(err, fault.RowNotFound) {
				return err
			}
		}
	}
	return nil
}

func holds(args []any, lookup []byte) bool {
	for n := 0; n < len(args); n += 3 {
		if bytes.Equal(args[n].([]byte), lookup) {
			return true
		}
	}
	return false
}

func contains(all [][]byte, one []byte) bool {
	for _, b := range all {
		if bytes.Equal(b, one) {
			return true
		}
	}
	return false
}
