package store_test

import (
	"context"
	"testing"

	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

func TestDo_runs_again_when_the_connection_is_lost_before_the_commit(t *testing.T) {
	db := leases(t, storetest.Postgres(t))
	ctx := context.Background()
	runs := 0
	err := db.Do(ctx, func(tx *store.Tx) error {
		runs++
		if _, err := tx.Exec(insertLease, "a", "x", runs); err != nil {
			return err
		}
		if runs == 1 {
			terminate(t, db, tx)
		}
		_, err := tx.Exec(insertLease, "b", "x", runs)
		return err
	})
	if err != nil || runs != 2 {
		t.Fatalf("%d runs, %v", runs, err)
	}
	if l, ok := read(t, db, "a"); !ok || l.until != 2 {
		t.Errorf("kept %v, %v", l, ok)
	}
}

func TestDo_says_unavailable_when_the_connection_is_lost_every_time(t *testing.T) {
	db := leases(t, storetest.Postgres(t))
	err := db.Do(context.Background(), func(tx *store.Tx) error {
		terminate(t, db, tx)
		_, err := tx.Exec(insertLease, "a", "x", 0)
		return err
	})
	if !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := put(db, "next", "x"); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// terminate ends a transaction's server process, as a crash or a fail-over does.
func terminate(t *testing.T, db *store.DB, tx *store.Tx) {
	t.Helper()
	var pid int64
	if err := tx.Row([]any{&pid}, `SELECT pg_backend_pid()`); err != nil {
		t.Error(err)
	}
	if _, err := db.Pool().Exec(`SELECT pg_terminate_backend($1, 5000)`, pid); err != nil {
		t.Error(err)
	}
}
