package store

import (
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
)

var _ consent.Tx = (*Tx)(nil)

// InsertGiven records an answer. An earlier one for the same person and service stays as history and is superseded.
func (tx *Tx) InsertGiven(g consent.Given) error {
	shared, err := list(g.Shared)
	if err != nil {
		return err
	}
	refused, err := list(g.Refused)
	if err != nil {
		return err
	}
	if _, err := tx.exec(`
		UPDATE given
		SET superseded_at = $3
		WHERE person = $1
		AND service = $2
		AND superseded_at = 0
		AND withdrawn_at = 0`,
		string(g.Person), g.Service, micros(g.At)); err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO given (id, person, service, shared, refused, at, superseded_at, withdrawn_at)
		VALUES ($1, $2, $3, $4, $5, $6, 0, $7)`,
		g.ID, string(g.Person), g.Service, shared, refused, micros(g.At), micros(g.WithdrawnAt))
	return err
}

// GivenOf lists a person's standing consents, newest first, one per service.
func (tx *Tx) GivenOf(who citizen.ID) ([]consent.Given, error) {
	var all []consent.Given
	seen := map[string]bool{}
	err := tx.query(func(scan func(...any) error) error {
		g := consent.Given{Person: who}
		var shared, refused string
		var at int64
		err := scan(&g.ID, &g.Service, &shared, &refused, &at)
		if err != nil {
			return err
		}
		if seen[g.Service] { // two answers at the same moment, from two tabs
			return nil
		}
		seen[g.Service] = true
		if g.Shared, err = unlist[consent.Name](shared); err != nil {
			return err
		}
		if g.Refused, err = unlist[consent.Name](refused); err != nil {
			return err
		}
		g.At = instant(at)
		all = append(all, g)
		return nil
	}, `
		SELECT id, service, shared, refused, at
		FROM given
		WHERE person = $1
		AND superseded_at = 0
		AND withdrawn_at = 0
		ORDER BY at DESC, id DESC`,
		string(who))
	return all, err
}

// WithdrawGiven ends all standing consents of a person for a service; it tells whether there was one.
func (tx *Tx) WithdrawGiven(who citizen.ID, service string, at time.Time) (bool, error) {
	n, err := tx.exec(`
		UPDATE given
		SET withdrawn_at = $3
		WHERE person = $1
		AND service = $2
		AND superseded_at = 0
		AND withdrawn_at = 0`,
		string(who), service, micros(at))
	return n > 0, err
}

// InsertVisit adds a line of history.
func (tx *Tx) InsertVisit(v consent.Visit) error {
	means, err := list(v.Means)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO visits (person, at, id, service, level, means, outcome, browser)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(v.Person), micros(v.At), v.ID, v.Service, v.Level, means, v.Outcome, v.Browser)
	return err
}

// VisitsOf lists a person's history since an instant, newest first, at most limit lines.
func (tx *Tx) VisitsOf(who citizen.ID, since time.Time, limit int) ([]consent.Visit, error) {
	var all []consent.Visit
	err := tx.query(func(scan func(...any) error) error {
		v := consent.Visit{Person: who}
		var means string
		var at int64
		err := scan(&v.ID, &at, &v.Service, &v.Level, &means, &v.Outcome, &v.Browser)
		if err != nil {
			return err
		}
		v.At = instant(at)
		v.Means, err = unlist[string](means)
		all = append(all, v)
		return err
	}, `
		SELECT id, at, service, level, means, outcome, browser
		FROM visits
		WHERE person = $1
		AND at >= $2
		ORDER BY at DESC, id DESC
		LIMIT $3`,
		string(who), micros(since), limit)
	return all, err
}
