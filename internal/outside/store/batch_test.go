package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

// together runs functions so that SQLite commits them in one batch: the first holds the turn until all others wait.
func together(db *store.DB, functions ...func(*store.Tx) error) []error {
	store.Patient(db)
	errs := make([]error, len(functions))
	begun, queued := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	var once sync.Once
	all.Go(func() {
		errs[0] = db.Do(context.Background(), func(tx *store.Tx) error {
			once.Do(func() { close(begun) })
			<-queued
			return functions[0](tx)
		})
	})
	<-begun
	for i, f := range functions[1:] {
		all.Go(func() { errs[i+1] = db.Do(context.Background(), f) })
	}
	for store.Queued(db) < len(functions)-1 {
		runtime.Gosched()
	}
	close(queued)
	all.Wait()
	return errs
}

func inserting(name string, result error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if _, err := tx.Exec(insertLease, name, "x", 0); err != nil {
			return err
		}
		return result
	}
}

func TestBatch_one_failing_function_loses_nothing_of_its_neighbours(t *testing.T) {
	db := leases(t, storetest.SQLite(t))
	refusal := fault.New(fault.PINWrong)
	errs := together(db,
		inserting("first", nil),
		inserting("refused", refusal),
		func(tx *store.Tx) error { inserting("panics", nil)(tx); panic("boom") },
		inserting("last", nil))
	if errs[0] != nil || errs[3] != nil || !errors.Is(errs[1], refusal) || !fault.Is(errs[2], fault.InternalError) {
		t.Fatalf("answers: %v", errs)
	}
	for name, want := range map[string]bool{"first": true, "refused": false, "panics": false, "last": true} {
		if _, ok := read(t, db, name); ok != want {
			t.Errorf("%s: kept %v", name, ok)
		}
	}
}

func TestBatch_failing_commit_fails_everybody(t *testing.T) {
	faults := &storetest.Faults{}
	db := leases(t, storetest.SQLite(t, storetest.WithInject(faults.Inject)))
	faults.Fail(store.StepCommit, 1, errors.New("no space left"))
	errs := together(db, inserting("a", nil), inserting("b", fault.New(fault.PINWrong)), inserting("c", nil))
	for i, err := range errs {
		if !fault.Is(err, fault.StoreUnavailable) {
			t.Errorf("%d was told %v", i, err)
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		if _, ok := read(t, db, name); ok {
			t.Errorf("%s was kept", name)
		}
	}
}

func TestBatch_lost_by_one_is_run_again_for_the_others(t *testing.T) {
	db := leases(t, storetest.SQLite(t))
	var tries [3]int
	errs := together(db,
		func(tx *store.Tx) error { tries[0]++; return inserting("a", nil)(tx) },
		func(tx *store.Tx) error {
			tries[1]++
			// What SQLite does by itself when the disk is full: the whole transaction is gone.
			tx.Exec(`ROLLBACK`)
			return errors.New("disk full")
		},
		func(tx *store.Tx) error { tries[2]++; return inserting("c", nil)(tx) })
	if errs[0] != nil || errs[1] == nil || errs[2] != nil {
		t.Fatalf("answers: %v", errs)
	}
	if tries[1] != 1 || tries[0]+tries[2] < 3 {
		t.Errorf("tries: %v", tries)
	}
	for _, name := range []string{"a", "c"} {
		if _, ok := read(t, db, name); !ok {
			t.Errorf("%s was answered and not kept", name)
		}
	}
}

func TestBatch_goroutine_that_ends_inside_does_not_stop_the_writer(t *testing.T) {
	db := leases(t, storetest.SQLite(t))
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.Do(context.Background(), func(tx *store.Tx) error {
			inserting("gone", nil)(tx)
			(&testing.T{}).SkipNow() // ends the goroutine
			return nil
		})
	}()
	<-done
	if err := put(db, "next", "x"); err != nil {
		t.Fatal(err)
	}
	if _, ok := read(t, db, "gone"); ok {
		t.Error("its row was kept")
	}
}

func TestBatch_waiting_caller_may_leave(t *testing.T) {
	db := leases(t, storetest.SQLite(t))
	ctx, cancel := context.WithCancel(context.Background())
	begun, leave := make(chan struct{}), make(chan struct{})
	var first sync.WaitGroup
	first.Go(func() {
		db.Do(context.Background(), func(*store.Tx) error { close(begun); <-leave; return nil })
	})
	<-begun
	left := make(chan error)
	go func() { left <- db.Do(ctx, inserting("left", nil)) }()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(leave)
	first.Wait()
	if _, ok := read(t, db, "left"); ok {
		t.Error("it was told nothing happened, and something did")
	}
}

func TestClose_refuses_what_comes_after(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := leases(t, open())
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				if err := put(db, fmt.Sprint(i), "x"); err != nil && !fault.IsKind(err, fault.Unavailable) {
					t.Error(err)
				}
			})
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		all.Wait()
		if err := put(db, "late", "x"); !fault.IsKind(err, fault.Unavailable) {
			t.Errorf("after Close: %v", err)
		}
	})
}
