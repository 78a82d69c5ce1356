package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

// The engine is tested on a table of its own, whose shape no core package changes.
const (
	insertLease = `INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)`
	updateLease = `UPDATE leases SET holder = $2, until = until + 1 WHERE name = $1 AND until = $3`
	selectLease = `SELECT holder, until FROM leases WHERE name = $1`
)

type lease struct {
	holder string
	until  int64
}

func leases(t testing.TB, db *store.DB) *store.DB {
	t.Helper()
	if _, err := db.Pool().Exec(`CREATE TABLE leases (name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL)`); err != nil {
		t.Fatal(err)
	}
	return db
}

func put(db *store.DB, name, holder string) error {
	return db.Do(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Exec(insertLease, name, holder, 0)
		return err
	})
}

func read(t *testing.T, db *store.DB, name string) (l lease, found bool) {
	t.Helper()
	err := db.View(context.Background(), func(tx *store.Tx) error {
		return tx.Row([]any{&l.holder, &l.until}, selectLease, name)
	})
	if fault.IsKind(err, fault.NotFound) {
		return l, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return l, true
}

func TestDo_keeps_what_it_answered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := leases(t, open())
		if err := put(db, "a", "one"); err != nil {
			t.Fatal(err)
		}
		if l, ok := read(t, db, "a"); !ok || l.holder != "one" {
			t.Fatalf("got %v %v", l, ok)
		}
	})
}

func TestDo_of_a_failing_function_keeps_nothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := leases(t, open())
		refusal := fault.New(fault.KeyBlocked)
		for name, fail := range map[string]func(*store.Tx) error{
			"error":                 func(*store.Tx) error { return refusal },
			"panic":                 func(*store.Tx) error { panic("boom") },
			"statement in mistake":  func(tx *store.Tx) error { _, err := tx.Exec(`SELEC`); return err },
			"ignored failure":       func(tx *store.Tx) error { tx.Exec(`SELEC`); return nil },
			"duplicate":             func(tx *store.Tx) error { _, err := tx.Exec(insertLease, "error", "x", 1); return err },
			"cas of many":           func(tx *store.Tx) error { _, err := tx.CAS(`UPDATE leases SET until = 3`); return err },
			"statement inside rows": nestedStatement,
		} {
			t.Run(name, func(t *testing.T) {
				err := db.Do(context.Background(), func(tx *store.Tx) error {
					for _, n := range []string{"error", "error2"} {
						if _, err := tx.Exec(insertLease, n, "x", 0); err != nil {
							return err
						}
					}
					return fail(tx)
				})
				if err == nil {
					t.Fatal("no error")
				}
				if name == "error" && !fault.Is(err, fault.KeyBlocked) {
					t.Errorf("the function's own refusal became %v", err)
				}
				if name == "duplicate" && !fault.Is(err, fault.RowConflict) {
					t.Errorf("a duplicate is %v", err)
				}
				if _, ok := read(t, db, "error"); ok {
					t.Error("its row was kept")
				}
			})
		}
		if err := put(db, "after", "x"); err != nil {
			t.Errorf("the next transaction: %v", err)
		}
	})
}

func nestedStatement(tx *store.Tx) error {
	return tx.Query(func(func(...any) error) error {
		_, err := tx.Exec(`UPDATE leases SET until = 9 WHERE name = 'error'`)
		return err
	}, `SELECT name FROM leases`)
}

func TestDo_compare_and_set_has_one_winner(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := leases(t, open())
		if err := put(db, "once", "nobody"); err != nil {
			t.Fatal(err)
		}
		var wins atomic.Int32
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() {
				var won bool
				err := db.Do(context.Background(), func(tx *store.Tx) (err error) {
					won, err = tx.CAS(updateLease, "once", fmt.Sprint(i), 0)
					return err
				})
				if err != nil {
					t.Error(err)
				} else if won {
					wins.Add(1)
				}
			})
		}
		all.Wait()
		if l, _ := read(t, db, "once"); wins.Load() != 1 || l.until != 1 {
			t.Errorf("%d winners, row %v", wins.Load(), l)
		}
	})
}

func TestDo_loses_no_increment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := leases(t, open())
		if err := put(db, "n", "x"); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var kept atomic.Int64
		for range 8 {
			all.Go(func() {
				for range 10 {
					err := db.Do(context.Background(), func(tx *store.Tx) error {
						_, err := tx.Exec(`UPDATE leases SET until = until + 1 WHERE name = 'n'`)
						return err
					})
					if err == nil {
						kept.Add(1)
					} else if !fault.IsKind(err, fault.Unavailable) {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if l, _ := read(t, db, "n"); l.until != kept.Load() || kept.Load() == 0 {
			t.Errorf("counted %d, answered %d", l.until, kept.Load())
		}
	})
}

func TestDo_runs_again_after_serialization_failures(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		faults := &storetest.Faults{}
		db := leases(t, open(storetest.WithInject(faults.Inject)))
		for _, step := range []store.Step{store.StepBegin, store.StepStatement, store.StepCommit} {
			t.Run(string(step), func(t *testing.T) {
				faults.Fail(step, 4, fmt.Errorf("injected: %w", store.ErrRace))
				if err := put(db, string(step), "x"); err != nil {
					t.Fatal(err)
				}
				if _, ok := read(t, db, string(step)); !ok || faults.Left() != 0 {
					t.Errorf("kept %v, %d failures left", ok, faults.Left())
				}
			})
		}
		t.Run("and gives up in the end", func(t *testing.T) {
			faults.Fail(store.StepStatement, 100, store.ErrRace)
			err := put(db, "never", "x")
			if !fault.Is(err, fault.StoreUnavailable) {
				t.Errorf("got %v", err)
			}
			if faults.Left() < 50 {
				t.Errorf("tried %d times", 100-faults.Left())
			}
		})
	})
}

// From our side both look alike; only reading can tell them apart.
func TestDo_says_unavailable_when_the_commit_is_unsure(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		faults := &storetest.Faults{}
		db := leases(t, open(storetest.WithInject(faults.Inject)))
		lost := errors.New("the line is dead")
		for _, c := range []struct {
			name string
			step store.Step
			kept bool
		}{
			{"never reached the disk", store.StepCommit, false},
			{"reply lost after it was kept", store.StepCommitted, true},
		} {
			t.Run(c.name, func(t *testing.T) {
				faults.Fail(c.step, 1, lost)
				err := put(db, c.name, "x")
				if !fault.Is(err, fault.StoreUnavailable) || !errors.Is(err, lost) {
					t.Errorf("got %v", err)
				}
				if _, ok := read(t, db, c.name); ok != c.kept {
					t.Errorf("kept %v, want %v", ok, c.kept)
				}
				if err := put(db, c.name+" next", "x"); err != nil {
					t.Errorf("the next transaction: %v", err)
				}
			})
		}
	})
}

func TestDo_answers_nobody_before_the_clock_of_its_transaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		var ticks atomic.Int64
		db := leases(t, open(storetest.WithNow(func() time.Time {
			return storetest.Epoch().Add(time.Duration(ticks.Add(1)) * 1234567 * time.Nanosecond)
		})))
		err := db.Do(context.Background(), func(tx *store.Tx) error {
			first := tx.Now()
			if !tx.Now().Equal(first) || first.Location() != time.UTC || first.Nanosecond()%1000 != 0 {
				t.Errorf("now is %v then %v", first, tx.Now())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestView_sees_one_moment_and_cannot_write(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := leases(t, open())
		if err := put(db, "a", "before"); err != nil {
			t.Fatal(err)
		}
		err := db.View(context.Background(), func(tx *store.Tx) error {
			var first, second lease
			if err := tx.Row([]any{&first.holder, &first.until}, selectLease, "a"); err != nil {
				return err
			}
			// A writer comes and goes while we look: it must neither wait for us nor be seen.
			if err := db.Do(context.Background(), func(tx *store.Tx) error {
				_, err := tx.CAS(updateLease, "a", "after", 0)
				return err
			}); err != nil {
				return err
			}
			if err := tx.Row([]any{&second.holder, &second.until}, selectLease, "a"); err != nil {
				return err
			}
			if first != second {
				t.Errorf("saw %v, then %v", first, second)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if l, _ := read(t, db, "a"); l.holder != "after" {
			t.Errorf("after it: %v", l)
		}
		err = db.View(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Exec(insertLease, "b", "x", 0)
			return err
		})
		if err == nil {
			t.Error("a view wrote")
		}
		if _, ok := read(t, db, "b"); ok {
			t.Error("and it was kept")
		}
	})
}

func TestDo_of_an_ended_context_does_not_begin(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := leases(t, open())
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for name, do := range map[string]func(context.Context, func(*store.Tx) error) error{"do": db.Do, "view": db.View} {
			ran := false
			err := do(ctx, func(*store.Tx) error { ran = true; return nil })
			if ran || !errors.Is(err, context.Canceled) || !fault.Is(err, fault.StoreUnavailable) {
				t.Errorf("%s: ran %v, %v", name, ran, err)
			}
		}
	})
}

func TestDo_goes_on_when_its_caller_leaves_in_the_middle(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := leases(t, open())
		ctx, cancel := context.WithCancel(context.Background())
		err := db.Do(ctx, func(tx *store.Tx) error {
			cancel()
			_, err := tx.Exec(insertLease, "a", "x", 0)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := read(t, db, "a"); !ok {
			t.Error("answered and not kept")
		}
	})
}

func TestIn_fits_a_core_interface(t *testing.T) {
	type clock interface{ Now() time.Time }
	db := storetest.SQLite(t)
	for _, do := range []func(context.Context, func(clock) error) error{store.In[clock](db), store.InView[clock](db)} {
		if err := do(context.Background(), func(c clock) error {
			if c.Now().IsZero() {
				t.Error("no time")
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an interface that *Tx lacks was accepted")
		}
	}()
	store.In[interface{ Fly() }](db)
}
