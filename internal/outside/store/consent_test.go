package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func TestConsent_rows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		register(t, db, resident(1), resident(2))
		one, two := resident(1).ID, resident(2).ID
		do(t, db, func(tx *store.Tx) error {
			for i, g := range []consent.Given{
				{Person: one, Service: "tax", Shared: []consent.Name{consent.NIF}, At: now},
				{Person: one, Service: "bank", Shared: []consent.Name{consent.FullName, consent.NIF}, Refused: []consent.Name{consent.Email}, At: now.Add(time.Minute)},
				{Person: one, Service: "tax", At: now.Add(2 * time.Minute)},
				{Person: two, Service: "tax", At: now},
			} {
				g.ID = fmt.Sprint("given-", i)
				if err := tx.InsertGiven(g); err != nil {
					return err
				}
			}
			return nil
		})
		standing := func(who citizen.ID) (ids []string) {
			view(t, db, func(tx *store.Tx) error {
				all, err := tx.GivenOf(who)
				for _, g := range all {
					ids = append(ids, g.ID)
				}
				return err
			})
			return ids
		}
		if got := standing(one); !slices.Equal(got, []string{"given-2", "given-1"}) {
			t.Errorf("standing: %v", got)
		}
		do(t, db, func(tx *store.Tx) error {
			all, err := tx.GivenOf(one)
			if err != nil {
				return err
			}
			want := consent.Given{ID: "given-1", Person: one, Service: "bank", Shared: []consent.Name{consent.FullName, consent.NIF},
				Refused: []consent.Name{consent.Email}, At: now.Add(time.Minute)}
			if d := cmp.Diff(want, all[1]); d != "" {
				t.Error(d)
			}
			for n, want := range []bool{true, false} {
				if found, err := tx.WithdrawGiven(one, "tax", now.Add(time.Hour)); err != nil || found != want {
					t.Errorf("withdrawn the %d. time: %v, %v", n+1, found, err)
				}
			}
			return nil
		})
		if got := standing(one); !slices.Equal(got, []string{"given-1"}) {
			t.Errorf("after withdrawal: %v", got)
		}
		if got := standing(two); len(got) != 1 {
			t.Errorf("somebody else's: %v", got)
		}
	})
}

func TestConsent_visits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		want := consent.Visit{ID: "v2", Person: "one", Service: "tax", At: now.Add(2 * time.Hour), Level: 3, Means: []string{"pin", "sms"}, Outcome: "signed_in", Browser: "new"}
		do(t, db, func(tx *store.Tx) error {
			for _, v := range []consent.Visit{
				{ID: "v0", Person: "one", At: now}, {ID: "v1", Person: "one", At: now.Add(time.Hour)}, want, {ID: "v3", Person: "two", At: now.Add(time.Hour)},
			} {
				if err := tx.InsertVisit(v); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.VisitsOf("one", now.Add(time.Minute), 10)
			if err != nil || len(got) != 2 {
				t.Fatalf("%v, %v", got, err)
			}
			if d := cmp.Diff(want, got[0]); d != "" {
				t.Error(d)
			}
			if got, _ := tx.VisitsOf("one", now, 1); len(got) != 1 || got[0].ID != "v2" {
				t.Errorf("limit 1: %v", got)
			}
			return nil
		})
	})
}
