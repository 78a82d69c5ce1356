package store_test

import (
	"context"
	"testing"
	"time"

	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func TestEnrol_rows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		register(t, db, resident(1))
		clerk := resident(1).ID
		want := enrol.Case{ID: "c", Operator: clerk, CreatedAt: now, ExpiresAt: now.Add(time.Hour), State: enrol.AtDocument}
		do(t, db, func(tx *store.Tx) error {
			if _, err := tx.Case("c"); !fault.Is(err, fault.CaseUnknown) {
				t.Errorf("before: %v", err)
			}
			if err := tx.InsertCase(want); err != nil {
				return err
			}
			return tx.InsertCase(enrol.Case{ID: "c2", Operator: clerk, CreatedAt: now.Add(time.Minute), ExpiresAt: now, State: enrol.AtDocument})
		})
		want.Version, want.State, want.Evidence.Number = 1, enrol.AtContacts, "FX123456"
		want.Person = resident(7)
		do(t, db, func(tx *store.Tx) error { return tx.UpdateCase(want) })
		if err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.UpdateCase(want) }); !fault.Is(err, fault.RowConflict) {
			t.Errorf("an old version: %v", err)
		}
		want.Version, want.Person.ID = 2, ""
		do(t, db, func(tx *store.Tx) error {
			got, err := tx.Case("c")
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			all, err := tx.CasesOf(clerk, now)
			if err != nil || len(all) != 2 || all[0].ID != "c2" {
				t.Errorf("all: %v, %v", all, err)
			}
			if all, err := tx.CasesOf(clerk, now.Add(time.Hour)); err != nil || len(all) != 0 {
				t.Errorf("none: %v, %v", all, err)
			}
			for range 2 {
				if err := tx.GiveRole(clerk, "operator", now); err != nil {
					return err
				}
			}
			if has, err := tx.HasRole(clerk, "operator"); err != nil || !has {
				t.Errorf("has no role: %v", err)
			}
			if has, err := tx.HasRole(clerk, "auditor"); err != nil || has {
				t.Errorf("has another role: %v", err)
			}
			if err := tx.TakeRole(clerk, "operator"); err != nil {
				return err
			}
			if has, err := tx.HasRole(clerk, "operator"); err != nil || has {
				t.Errorf("kept the role: %v", err)
			}
			return nil
		})
	})
}
