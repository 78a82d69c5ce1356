package store_test

import (
	"context"
	"testing"
	"time"

	"chave/internal/core/login"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

// Whoever can write to the database, but has no keystore, must not turn a session of their own into somebody else's, nor somebody's cookie into theirs.
func TestE11_a_session_row_given_to_another_person_or_cookie_does_not_open(t *testing.T) {
	for name, change := range map[string]string{
		"person": `UPDATE sessions SET person = $1 WHERE id = 's'`,
		"cookie": `UPDATE sessions SET handle = x'02' WHERE id = 's' AND $1 <> ''`,
	} {
		t.Run(name, func(t *testing.T) {
			db := storetest.SQLite(t)
			register(t, db, resident(1), resident(2))
			mine := login.Session{ID: "s", Handle: []byte{1}, Person: resident(1).ID, ExpiresAt: storetest.Epoch().Add(time.Hour)}
			do(t, db, func(tx *store.Tx) error { return tx.InsertSession(mine) })
			do(t, db, func(tx *store.Tx) error {
				_, err := tx.Exec(change, string(resident(2).ID))
				return err
			})
			err := db.View(context.Background(), func(tx *store.Tx) error {
				for _, handle := range [][]byte{{1}, {2}} {
					if s, err := tx.SessionByHandle(handle); err == nil {
						t.Errorf("opened as %s", s.Person)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
