package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func keyOf(p citizen.Person) credential.Key {
	return credential.Key{
		Person: p.ID, State: credential.PendingPIN, PINUntil: storetest.Epoch().Add(24 * time.Hour), CreatedAt: storetest.Epoch(),
		PIN:         credential.StoredPIN{Hash: []byte{1, 2}, Salt: []byte{3}, KeyID: "k1", Time: 1, MemKB: 2048},
		EarlierPINs: []credential.StoredPIN{{Hash: []byte{9}, Salt: []byte{8}, KeyID: "k0", Time: 1, MemKB: 64}},
	}
}

func TestCredential_key_comes_back_as_it_was(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		register(t, db, resident(1))
		want := keyOf(resident(1))
		do(t, db, func(tx *store.Tx) error { return tx.InsertKey(want) })
		err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.InsertKey(want) })
		if !fault.Is(err, fault.RowConflict) {
			t.Errorf("R1.21 a second key: %v", err)
		}
		want.Version, want.State, want.WrongCodes = 1, credential.Active, 2
		want.BlockedAt, want.ActivatedAt = storetest.Epoch().Add(time.Hour), storetest.Epoch().Add(time.Minute)
		want.UsedAt, want.EndedAt, want.PINUntil = storetest.Epoch(), storetest.Epoch().Add(2*time.Hour), time.Time{}
		want.EarlierPINs = nil
		do(t, db, func(tx *store.Tx) error { return tx.UpdateKey(want) })
		want.Version = 2
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.Key(want.Person)
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			if _, err := tx.Key("nobody"); !fault.Is(err, fault.RowNotFound) {
				t.Errorf("nobody: %v", err)
			}
			return nil
		})
		want.Version = 1
		if err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.UpdateKey(want) }); !fault.Is(err, fault.RowConflict) {
			t.Errorf("an old version: %v", err)
		}
		want.Version, want.State = 2, "locked"
		if err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.UpdateKey(want) }); err == nil {
			t.Error("a state that does not exist was kept")
		}
	})
}

func TestR3_22_every_try_at_once_is_counted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		policy := credential.Policy{}.Defaults()
		var taken, refused atomic.Int32
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				err := db.Do(context.Background(), func(tx *store.Tx) error {
					tries, err := tx.Tries("p:one", credential.Strangers)
					if err != nil {
						return err
					}
					if tries, err = policy.Take(tries, storetest.Epoch()); err != nil {
						return err
					}
					return tx.SaveTries(tries)
				})
				switch {
				case err == nil:
					taken.Add(1)
				case fault.Is(err, fault.WaitUntil), fault.Is(err, fault.RowConflict), fault.IsKind(err, fault.Unavailable):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if taken.Load() > 3 || taken.Load() == 0 {
			t.Errorf("%d tries were given, %d refused", taken.Load(), refused.Load())
		}
		view(t, db, func(tx *store.Tx) error {
			tries, err := tx.Tries("p:one", credential.Strangers)
			if err != nil || int32(tries.Version) != taken.Load() {
				t.Errorf("%v given, row %+v, %v", taken.Load(), tries, err)
			}
			return nil
		})
	})
}

func TestCredential_counters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		do(t, db, func(tx *store.Tx) error {
			fresh, err := tx.Tries("p:x", "s")
			if err != nil || fresh != (credential.Tries{Subject: "p:x", Source: "s"}) {
				t.Errorf("missing counter: %+v, %v", fresh, err)
			}
			fresh.Wrong, fresh.Rung, fresh.LockedUntil, fresh.UsedUp, fresh.TouchedAt = 2, 1, now.Add(time.Minute), true, now
			if err := tx.SaveTries(fresh); err != nil {
				return err
			}
			fresh.Version = 1
			got, err := tx.Tries("p:x", "s")
			if err != nil || got != fresh {
				t.Errorf("got %+v, %v", got, err)
			}
			if err := tx.SaveTries(credential.Tries{Subject: "p:x", Source: "other"}); err != nil {
				return err
			}
			if err := tx.SaveTries(credential.Tries{Subject: "p:y", Source: "s"}); err != nil {
				return err
			}
			return tx.ClearTriesOf("p:x")
		})
		view(t, db, func(tx *store.Tx) error {
			for subject, want := range map[string]int64{"p:x": 0, "p:y": 1} {
				if got, err := tx.Tries(subject, "s"); err != nil || got.Version != want {
					t.Errorf("%s: %+v, %v", subject, got, err)
				}
			}
			return nil
		})
		for _, version := range []int64{0, 7} { // there already, and not that one
			err := db.Do(context.Background(), func(tx *store.Tx) error {
				return tx.SaveTries(credential.Tries{Subject: "p:y", Source: "s", Version: version})
			})
			if !fault.Is(err, fault.RowConflict) {
				t.Errorf("version %d: %v", version, err)
			}
		}
		for want := 1; want <= 3; want++ {
			do(t, db, func(tx *store.Tx) error {
				n, err := tx.Count("code:p:x", now)
				if n != want {
					t.Errorf("counted %d, want %d", n, want)
				}
				return err
			})
		}
		do(t, db, func(tx *store.Tx) error {
			n, err := tx.Count("code:p:x", now.Add(time.Minute))
			if n != 1 {
				t.Errorf("another window begins at %d", n)
			}
			return err
		})
	})
}

func TestCredential_browsers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		known := func(browser string, who citizen.ID, since time.Time) (found bool) {
			view(t, db, func(tx *store.Tx) (err error) {
				found, err = tx.KnownBrowser([]byte(browser), who, since)
				return err
			})
			return found
		}
		remember := func(at time.Time) {
			do(t, db, func(tx *store.Tx) error { return tx.RememberBrowser([]byte("b"), "one", at) })
		}
		remember(now)
		remember(now.Add(48 * time.Hour))
		if !known("b", "one", now.Add(47*time.Hour)) || known("b", "one", now.Add(72*time.Hour)) || known("b", "two", now) || known("c", "one", now) || known("b", "", now) {
			t.Error("knows the wrong browsers")
		}
		do(t, db, func(tx *store.Tx) error { return tx.ForgetBrowsers("one") })
		if known("b", "one", now) {
			t.Error("not forgotten")
		}
	})
}

func TestCredential_tries_survive_a_crash_before_the_answer(t *testing.T) {
	faults := &storetest.Faults{}
	db := storetest.SQLite(t, storetest.WithInject(faults.Inject))
	faults.Fail(store.StepCommitted, 1, errors.New("power cut"))
	err := db.Do(context.Background(), func(tx *store.Tx) error {
		return tx.SaveTries(credential.Tries{Subject: "p:x", Source: "s", Wrong: 1})
	})
	if !fault.IsKind(err, fault.Unavailable) {
		t.Fatal(err)
	}
	view(t, db, func(tx *store.Tx) error {
		if got, err := tx.Tries("p:x", "s"); err != nil || got.Wrong != 1 {
			t.Errorf("the try was given back: %+v, %v", got, err)
		}
		return nil
	})
}
