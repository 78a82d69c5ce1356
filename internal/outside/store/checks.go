package store

import (
	"time"

	"chave/internal/core/citizen"
)

// ScheduleCheck says when the civil registry is to be asked about somebody, in place of what was said before.
func (tx *Tx) ScheduleCheck(who citizen.ID, at time.Time) error {
	_, err := tx.exec(`
		INSERT INTO checks (person, due_at)
		VALUES ($1, $2)
		ON CONFLICT (person) DO UPDATE
		SET due_at = excluded.due_at`,
		string(who), micros(at))
	return err
}

// DueChecks lists up to n people about whom the registry is to be asked by an instant, the longest due first.
func (tx *Tx) DueChecks(now time.Time, n int) ([]citizen.ID, error) {
	var due []citizen.ID
	err := tx.query(func(scan func(...any) error) error {
		var who string
		err := scan(&who)
		due = append(due, citizen.ID(who))
		return err
	}, `
		SELECT person
		FROM checks
		WHERE due_at <= $1
		ORDER BY due_at, person
		LIMIT $2`,
		micros(now), n)
	return due, err
}
