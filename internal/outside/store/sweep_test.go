package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func TestR0_05_history_and_what_has_ended_is_removed_when_its_time_is_up(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		now := storetest.Epoch()
		later := now.Add(400 * 24 * time.Hour)
		clock := later
		db := open(storetest.WithNow(func() time.Time { return clock }))
		register(t, db, resident(1))
		who := resident(1).ID
		for name, at := range map[string]time.Time{"old": now, "new": later.Add(-time.Minute)} {
			do(t, db, func(tx *store.Tx) error {
				for _, err := range []error{
					tx.InsertLogin(login.Transaction{ID: name, ExpiresAt: at}),
					tx.InsertSession(login.Session{ID: name, Handle: []byte(name), Person: who, ExpiresAt: at}),
					tx.InsertSingle(grant.Single{Kind: "code", Digest: []byte(name), ExpiresAt: at}),
					tx.InsertFamily(grant.Family{ID: name, Person: who, ExpiresAt: at}),
					tx.SaveTries(credential.Tries{Subject: "i:" + name, Source: "s", TouchedAt: at}),
					tx.SaveTries(credential.Tries{Subject: "p:" + name, Source: "s", TouchedAt: at}),
					tx.InsertVisit(consent.Visit{ID: name, Person: who, At: at}),
					tx.InsertGiven(consent.Given{ID: "standing-" + name, Person: who, Service: name, At: at}),
					tx.InsertGiven(consent.Given{ID: "ended-" + name, Person: who, Service: "x", At: at, WithdrawnAt: at}),
					tx.InsertCase(enrol.Case{ID: name, Operator: who, CreatedAt: at, ExpiresAt: at}),
				} {
					if err != nil {
						return err
					}
				}
				if _, err := tx.InsertReplay("jti", []byte(name), at); err != nil {
					return err
				}
				_, err := tx.Count("code", at)
				return err
			})
		}
		do(t, db, func(tx *store.Tx) error {
			for i := range 1200 { // more than two batches
				if err := tx.InsertVisit(consent.Visit{ID: fmt.Sprint(i), Person: "somebody", At: now}); err != nil {
					return err
				}
			}
			return nil
		})
		removed, err := db.Sweep(context.Background(), store.Keep{})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int64{"logins": 1, "sessions": 1, "singles": 1, "replays": 1, "families": 1, "buckets": 1, "tries": 1,
			"visits": 1201, "given": 1, "cases": 1}
		if d := cmp.Diff(want, removed); d != "" {
			t.Error(d)
		}
		view(t, db, func(tx *store.Tx) error {
			if _, err := tx.Login("old"); !fault.Is(err, fault.LoginUnknown) {
				t.Errorf("old sign-in: %v", err)
			}
			if _, err := tx.Login("new"); err != nil {
				t.Errorf("new sign-in: %v", err)
			}
			if tries, err := tx.Tries("p:old", "s"); err != nil || tries.Version != 1 {
				t.Errorf("a person's own counter went: %v", err)
			}
			if all, err := tx.GivenOf(who); err != nil || len(all) != 2 {
				t.Errorf("a standing consent went: %v, %v", all, err)
			}
			return nil
		})
		removed, err = db.Sweep(context.Background(), store.Keep{})
		for table, n := range removed {
			if n != 0 || err != nil {
				t.Errorf("again: %s %d, %v", table, n, err)
			}
		}
	})
}
