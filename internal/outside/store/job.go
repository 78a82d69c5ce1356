package store

import (
	"time"

	recurring "chave/internal/core/job"
)

var _ recurring.Tx = (*Tx)(nil)

// EnsureJob adds a job that is due at once, unless it is there, and frees one that a clock since put back has locked.
func (tx *Tx) EnsureJob(name string, now, latestDue, latestLease time.Time) error {
	added, err := tx.cas(`
		INSERT INTO jobs (name, worker, leased_until, due_at, started_at, last_run)
		VALUES ($1, '', 0, 0, 0, 0)
		ON CONFLICT (name) DO NOTHING`,
		name)
	if err != nil || added {
		return err
	}
	if _, err := tx.exec(`UPDATE jobs SET due_at = $2 WHERE name = $1 AND due_at > $3`, name, micros(now), micros(latestDue)); err != nil {
		return err
	}
	_, err = tx.exec(`UPDATE jobs SET leased_until = 0 WHERE name = $1 AND leased_until > $2`, name, micros(latestLease))
	return err
}

// JobsDue names what is due and free.
func (tx *Tx) JobsDue(now time.Time) ([]string, error) {
	var names []string
	err := tx.query(func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	}, `SELECT name FROM jobs WHERE due_at <= $1 AND leased_until <= $1 ORDER BY due_at, name`, micros(now))
	return names, err
}

// LeaseJob takes a job that is due and free.
func (tx *Tx) LeaseJob(name, worker string, now, until time.Time) (bool, error) {
	return tx.cas(`UPDATE jobs SET worker = $2, leased_until = $4, started_at = $3 WHERE name = $1 AND due_at <= $3 AND leased_until <= $3`,
		name, worker, micros(now), micros(until))
}

// RenewJob moves the end of a lease that is still this worker's.
func (tx *Tx) RenewJob(name, worker string, until time.Time) (bool, error) {
	return tx.cas(`UPDATE jobs SET leased_until = $3 WHERE name = $1 AND worker = $2 AND leased_until > 0`, name, worker, micros(until))
}

// EndJob gives a lease back.
func (tx *Tx) EndJob(name, worker string, now, due time.Time) (bool, error) {
	return tx.cas(`UPDATE jobs SET leased_until = 0, last_run = $3, due_at = $4 WHERE name = $1 AND worker = $2 AND leased_until > 0`,
		name, worker, micros(now), micros(due))
}

// Jobs lists them all.
func (tx *Tx) Jobs() ([]recurring.State, error) {
	var all []recurring.State
	err := tx.query(func(scan func(...any) error) error {
		var (
			s                            recurring.State
			until, due, started, lastRun int64
		)
		if err := scan(&s.Name, &s.Worker, &until, &due, &started, &lastRun); err != nil {
			return err
		}
		s.LeasedUntil, s.DueAt, s.StartedAt, s.LastRun = instant(until), instant(due), instant(started), instant(lastRun)
		all = append(all, s)
		return nil
	}, `SELECT name, worker, leased_until, due_at, started_at, last_run FROM jobs ORDER BY name`)
	return all, err
}
