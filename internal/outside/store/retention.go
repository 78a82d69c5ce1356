package store

import (
	"fmt"
	"time"

	"chave/internal/core/retention"
)

var _ retention.Tx = (*Tx)(nil)

// forgetting is, for each class, how its old rows are removed: $1 is the instant before which their time was over, $2 how many at most. The inner
// statement finds them by an index; the outer one looks again, in case a row was renewed in between.
func forgetting(class retention.Class) []string {
	switch class {
	case retention.Logins:
		return []string{`
			DELETE FROM logins
			WHERE id IN (SELECT id FROM logins WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
			AND expires_at < $1`}
	case retention.Sessions:
		return []string{`
			DELETE FROM sessions
			WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
			AND expires_at < $1`, `
			DELETE FROM sessions
			WHERE id IN (SELECT id FROM sessions WHERE ended_at > 0 AND ended_at < $1 ORDER BY ended_at LIMIT $2)
			AND ended_at > 0
			AND ended_at < $1`}
	case retention.Singles:
		return []string{`
			DELETE FROM singles
			WHERE (kind, digest) IN (SELECT kind, digest FROM singles WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
			AND expires_at < $1`}
	case retention.Replays:
		return []string{`
			DELETE FROM replays
			WHERE (kind, digest) IN (SELECT kind, digest FROM replays WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
			AND expires_at < $1`}
	case retention.Families:
		return []string{`
			DELETE FROM families
			WHERE id IN (SELECT id FROM families WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
			AND expires_at < $1`, `
			DELETE FROM families
			WHERE id IN (SELECT id FROM families WHERE ended_at > 0 AND ended_at < $1 ORDER BY ended_at LIMIT $2)
			AND ended_at > 0
			AND ended_at < $1`}
	case retention.Visits:
		return []string{`
			DELETE FROM visits
			WHERE (person, at, id) IN (SELECT person, at, id FROM visits WHERE at < $1 ORDER BY at LIMIT $2)`}
	case retention.Consents: // one that stands has both times 0, whatever its age
		return []string{`
			DELETE FROM given
			WHERE id IN (
				SELECT id FROM given
				WHERE at < $1
				AND (superseded_at > 0 OR withdrawn_at > 0)
				AND superseded_at < $1
				AND withdrawn_at < $1
				ORDER BY at
				LIMIT $2)
			AND (superseded_at > 0 OR withdrawn_at > 0)`}
	case retention.Unknown:
		return []string{`
			DELETE FROM tries
			WHERE (subject, source) IN (
				SELECT subject, source FROM tries
				WHERE SUBSTR(subject, 1, 2) = 'i:'
				AND touched_at < $1
				ORDER BY touched_at
				LIMIT $2)
			AND touched_at < $1`}
	case retention.Buckets:
		return []string{`
			DELETE FROM buckets
			WHERE (bucket, start) IN (SELECT bucket, start FROM buckets WHERE start < $1 ORDER BY start LIMIT $2)`}
	case retention.Browsers:
		return []string{`
			DELETE FROM browsers
			WHERE (person, browser) IN (SELECT person, browser FROM browsers WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)
			AND seen_at < $1`}
	case retention.Cases:
		return []string{`
			DELETE FROM cases
			WHERE id IN (SELECT id FROM cases WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
			AND expires_at < $1`}
	case retention.Drafts:
		return []string{`
			DELETE FROM draft_parts
			WHERE (draft, n) IN (SELECT draft, n FROM draft_parts WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, `
			DELETE FROM drafts
			WHERE id IN (SELECT id FROM drafts WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, `
			DELETE FROM draft_folders
			WHERE id IN (SELECT id FROM draft_folders WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`}
	case retention.Operations:
		return []string{`
			DELETE FROM operations
			WHERE id IN (SELECT id FROM operations WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
			AND expires_at < $1`}
	case retention.Signatures:
		return []string{`
			DELETE FROM signatures
			WHERE id IN (SELECT id FROM signatures WHERE not_after < $1 ORDER BY not_after LIMIT $2)`}
	case retention.Personal: // one that has not ended is ended first, see signing.Service.Sweep
		return []string{`
			DELETE FROM personal_keys
			WHERE id IN (SELECT id FROM personal_keys WHERE not_after < $1 AND state = 'ended' ORDER BY not_after LIMIT $2)
			AND state = 'ended'`}
	case retention.Pooled:
		return []string{`
			DELETE FROM pooled_keys
			WHERE id IN (SELECT id FROM pooled_keys WHERE made_at < $1 ORDER BY made_at LIMIT $2)`}
	}
	return nil
}

// Forget removes rows of a class whose time was over before an instant.
func (tx *Tx) Forget(class retention.Class, before time.Time, limit int) (int, error) {
	statements := forgetting(class)
	if statements == nil {
		return 0, fmt.Errorf("forget %q: no such class", class)
	}
	removed := 0
	for _, text := range statements {
		if removed >= limit {
			break
		}
		n, err := tx.exec(text, before.UnixMicro(), limit-removed)
		if err != nil {
			return 0, err
		}
		removed += int(n)
	}
	return removed, nil
}
