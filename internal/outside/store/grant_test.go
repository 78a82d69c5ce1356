package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func TestGrant_single_values_are_spent_once(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		digest := grant.Digest("code", "handle")
		want := grant.Single{Kind: "code", Digest: digest, Payload: []byte("only the wire reads it"), Family: "f", ExpiresAt: now.Add(time.Minute)}
		do(t, db, func(tx *store.Tx) error {
			if err := tx.InsertFamily(grant.Family{ID: "f", Person: "p", Service: "tax", Session: "s", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}); err != nil {
				return err
			}
			return tx.InsertSingle(want)
		})
		if err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.InsertSingle(want) }); !fault.Is(err, fault.RowConflict) {
			t.Errorf("a second time: %v", err)
		}
		var won, reused atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				var again bool
				err := db.Do(context.Background(), func(tx *store.Tx) (err error) {
					var got grant.Single
					got, again, err = grant.Take(tx, "code", "handle", now)
					if err == nil && string(got.Payload) != string(want.Payload) {
						t.Errorf("payload %q", got.Payload)
					}
					return err
				})
				switch {
				case err != nil:
					t.Error(err)
				case again:
					reused.Add(1)
				default:
					won.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || reused.Load() != 7 {
			t.Errorf("%d won, %d seen as reused", won.Load(), reused.Load())
		}
		view(t, db, func(tx *store.Tx) error {
			f, err := tx.Family("f")
			if err != nil || f.EndedAt.IsZero() {
				t.Errorf("B5 the family lives on after reuse: %+v, %v", f, err)
			}
			if _, err := tx.Single("request", digest); !fault.Is(err, fault.RowNotFound) {
				t.Errorf("another kind finds it: %v", err)
			}
			return nil
		})
	})
}

func TestGrant_families_and_replays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		want := grant.Family{ID: "f1", Person: "p", Service: "tax", Session: "s1", Payload: []byte{1}, Generation: 0, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		do(t, db, func(tx *store.Tx) error {
			if err := tx.InsertFamily(want); err != nil {
				return err
			}
			for i, f := range []grant.Family{{Person: "p", Service: "bank", Session: "s1"}, {Person: "p", Service: "tax", Session: "s2"}, {Person: "q", Service: "tax", Session: "s3"}} {
				f.ID, f.CreatedAt, f.ExpiresAt = fmt.Sprint("f", i+2), now, now.Add(time.Hour)
				if err := tx.InsertFamily(f); err != nil {
					return err
				}
			}
			got, err := tx.Family("f1")
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			for n, c := range []struct {
				generation int64
				now        time.Time
				want       bool
			}{{0, now, true}, {0, now, false}, {1, now, true}, {2, now.Add(3 * time.Hour), false}} {
				if ok, err := tx.AdvanceFamily("f1", c.generation, c.now, now.Add(2*time.Hour)); err != nil || ok != c.want {
					t.Errorf("advance %d: %v, %v", n, ok, err)
				}
			}
			for n, want := range []bool{true, false} {
				if ok, err := tx.InsertReplay("jti", []byte{7}, now); err != nil || ok != want {
					t.Errorf("replay %d: %v, %v", n, ok, err)
				}
			}
			return tx.EndGrantsOfPerson("p", "bank", now)
		})
		ended := func() (ids []string) {
			view(t, db, func(tx *store.Tx) error {
				for n := 1; n <= 4; n++ {
					f, err := tx.Family(fmt.Sprint("f", n))
					if err != nil {
						return err
					}
					if !f.EndedAt.IsZero() {
						ids = append(ids, f.ID)
					}
				}
				return nil
			})
			return ids
		}
		if got := ended(); !slices.Equal(got, []string{"f2"}) {
			t.Errorf("one service: %v", got)
		}
		do(t, db, func(tx *store.Tx) error { return tx.EndGrantsOfSession("s1", now) })
		if got := ended(); !slices.Equal(got, []string{"f1", "f2"}) {
			t.Errorf("one session: %v", got)
		}
		do(t, db, func(tx *store.Tx) error {
			if ok, err := tx.AdvanceFamily("f1", 2, now, now); ok || err != nil {
				t.Errorf("an ended family moved: %v", err)
			}
			if ok, err := tx.EndFamily("f1", now); ok || err != nil {
				t.Errorf("ended twice: %v", err)
			}
			return tx.EndGrantsOfPerson("p", "", now)
		})
		if got := ended(); !slices.Equal(got, []string{"f1", "f2", "f3"}) {
			t.Errorf("one person: %v", got)
		}
	})
}
