package store

import (
	"context"
	"fmt"
	"time"
)

// Keep says how long rows stay after they have ended. Zero fields are filled with what is said beside them.
type Keep struct {
	// Ended keeps what has run out: sign-ins, single values, replay ids, sessions, counters of a window. A late
	// browser or a replayed code then still reads why it is refused. 24 hours.
	Ended time.Duration
	// Grants keeps ended and expired token families, so that a stolen old token is still recognised. 30 days.
	Grants time.Duration
	// Nobody keeps the counters of identifiers that nobody has (blueprint §4.10). 48 hours.
	Nobody time.Duration
	// History keeps a person's own list of visits, and consents that no longer stand (R0.05). 365 days.
	History time.Duration
	// Cases keeps registration cases after they ended, with what was typed at the counter. 30 days; the key and its
	// audit events stay.
	Cases time.Duration
}

func (k Keep) defaults() Keep {
	const day = 24 * time.Hour
	for d, otherwise := range map[*time.Duration]time.Duration{
		&k.Ended: day, &k.Grants: 30 * day, &k.Nobody: 2 * day, &k.History: 365 * day, &k.Cases: 30 * day,
	} {
		if *d == 0 {
			*d = otherwise
		}
	}
	return k
}

// sweepBatch is how many rows one transaction removes: SQLite has one writer, and nobody at a counter should feel it.
const sweepBatch = 500

// Sweep removes rows whose time is up, and tells how many by table. It is a job: run it on one node, about once an hour. It
// may be interrupted and run again at any time. Audit events are not its business.
func (db *DB) Sweep(ctx context.Context, keep Keep) (map[string]int64, error) {
	keep = keep.defaults()
	removed := map[string]int64{}
	for _, s := range sweeps(keep) {
		for {
			var n int64
			err := db.Do(ctx, func(tx *Tx) (err error) {
				n, err = tx.exec(s.text, micros(tx.now.Add(-s.after)), sweepBatch)
				return err
			})
			if err != nil {
				return removed, fmt.Errorf("sweep %s: %w", s.table, err)
			}
			removed[s.table] += n
			if n < sweepBatch {
				break
			}
			if err := ctx.Err(); err != nil {
				return removed, err
			}
		}
	}
	return removed, nil
}

type sweep struct {
	table string
	after time.Duration
	text  string
}

func sweeps(k Keep) []sweep {
	return []sweep{
		{"logins", k.Ended, `
			DELETE FROM logins
			WHERE id IN (SELECT id FROM logins WHERE expires_at < $1 LIMIT $2)`},
		{"sessions", k.Ended, `
			DELETE FROM sessions
			WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)`},
		{"singles", k.Ended, `
			DELETE FROM singles
			WHERE (kind, digest) IN (SELECT kind, digest FROM singles WHERE expires_at < $1 LIMIT $2)`},
		{"replays", k.Ended, `
			DELETE FROM replays
			WHERE (kind, digest) IN (SELECT kind, digest FROM replays WHERE expires_at < $1 LIMIT $2)`},
		{"families", k.Grants, `
			DELETE FROM families
			WHERE id IN (SELECT id FROM families WHERE expires_at < $1 LIMIT $2)`},
		{"buckets", k.Ended, `
			DELETE FROM buckets
			WHERE (bucket, start) IN (SELECT bucket, start FROM buckets WHERE start < $1 LIMIT $2)`},
		{"tries", k.Nobody, `
			DELETE FROM tries
			WHERE (subject, source) IN (
				SELECT subject, source
				FROM tries
				WHERE SUBSTR(subject, 1, 2) = 'i:'
				AND touched_at < $1
				LIMIT $2)`},
		{"visits", k.History, `
			DELETE FROM visits
			WHERE (person, at, id) IN (SELECT person, at, id FROM visits WHERE at < $1 LIMIT $2)`},
		{"given", k.History, `
			DELETE FROM given
			WHERE id IN (
				SELECT id
				FROM given
				WHERE (superseded_at > 0 OR withdrawn_at > 0)
				AND at < $1
				LIMIT $2)`},
		{"cases", k.Cases, `
			DELETE FROM cases
			WHERE id IN (SELECT id FROM cases WHERE expires_at < $1 LIMIT $2)`},
	}
}
