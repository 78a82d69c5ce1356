package store

import (
	"context"
	"fmt"
)

// Durability is what the database itself says about when a commit is kept, for load figures and for operators:
// setting by name.
type Durability map[string]string

// Durability asks the database for its settings.
func (db *DB) Durability(ctx context.Context) (Durability, error) {
	report := Durability{"driver": db.driver}
	names := []string{"journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint"}
	ask := func(name string) string { return "PRAGMA " + name }
	if db.driver == Postgres {
		names = []string{"server_version", "synchronous_commit", "fsync", "full_page_writes", "wal_sync_method",
			"default_transaction_isolation", "commit_delay"}
		ask = func(name string) string { return "SELECT current_setting('" + name + "', true)" }
	}
	for _, name := range names {
		var value any
		if err := db.pool.QueryRowContext(ctx, ask(name)).Scan(&value); err != nil {
			return nil, fmt.Errorf("ask for %s: %w", name, faultOf(err))
		}
		report[name] = fmt.Sprint(value)
	}
	return report, nil
}
