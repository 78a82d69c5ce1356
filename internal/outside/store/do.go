package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"chave/internal/core/fault"
)

// How often a transaction is run again. A lost race is normal under SERIALIZABLE and worth many tries; a lost
// connection is worth a few, and only while nothing can have been committed.
const (
	maxRaces = 12
	maxLost  = 3
	// A changed row may have been changed before this function ran, and then no number of runs helps.
	maxConflicts = 2
	firstPause   = 2 * time.Millisecond
	maxPause     = 250 * time.Millisecond
)

// Do runs fn in one write transaction and answers after its commit is durable. fn may be run again when the
// database says that it lost a race, or is lost before the commit was sent, so it does nothing but read and write
// rows, and must not call Do or View. A panic in fn rolls back and becomes an internal fault.
//
// Ending ctx stops the wait for a turn; once fn has begun, its statements and the commit go on, because many
// callers share them.
//
// A fault of kind Unavailable can mean that the commit was sent and its answer lost: the caller does not know
// whether it was kept, and must find out by reading, or by an operation that only works once.
func (db *DB) Do(ctx context.Context, fn func(*Tx) error) error {
	return db.again(ctx, func() error { return db.engine.write(ctx, fn) })
}

// View runs fn on one unchanging moment of the database. It cannot write, never waits for writers, and may be run
// again like Do.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.again(ctx, func() error { return db.engine.read(ctx, fn) })
}

// again repeats a transaction that certainly left nothing behind.
func (db *DB) again(ctx context.Context, once func() error) error {
	races, losses, conflicts := 0, 0, 0
	for {
		err := once()
		if err == nil {
			return nil
		}
		var undone *undoneError
		if !errors.As(err, &undone) {
			return faultOf(err)
		}
		switch {
		case undone.conflict:
			if conflicts++; conflicts > maxConflicts {
				return undone.cause
			}
		case undone.race:
			races++
		default:
			losses++
		}
		if races >= maxRaces || losses >= maxLost {
			db.log.WarnContext(ctx, "transaction given up", "races", races, "losses", losses, "cause", undone.cause)
			return fault.New(fault.StoreUnavailable).Because(fmt.Errorf("gave up after %d races and %d losses: %w", races, losses, undone.cause))
		}
		if err := pause(ctx, races+losses+conflicts); err != nil {
			return fault.New(fault.StoreUnavailable).Because(err)
		}
	}
}

// pause waits a random share of a doubling span, so that those who collided do not meet again.
func pause(ctx context.Context, round int) error {
	span := min(firstPause<<min(round, 10), maxPause)
	timer := time.NewTimer(rand.N(span) + time.Microsecond) //nolint:gosec // it only keeps waits apart, nobody gains by guessing it
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// undoneError wraps the cause of a transaction of which nothing was kept, and which is worth another try.
type undoneError struct {
	race     bool // lost to another transaction, rather than the connection lost
	conflict bool // a compare-and-set lost, perhaps to another transaction
	cause    error
}

func (e *undoneError) Error() string { return "transaction undone: " + e.cause.Error() }
func (e *undoneError) Unwrap() error { return e.cause }

// undone classifies a failure that happened before the commit was sent, or in the commit itself if the database
// says that it refused it.
func undone(err error, committing bool) error {
	switch {
	case err == nil:
		return nil
	case isRace(err):
		return &undoneError{race: true, cause: err}
	case !committing && isLost(err):
		return &undoneError{cause: err}
	}
	return err
}

// call runs fn, and makes an error of a panic: one bad function must not take down its neighbours' batch or the
// process. Its stack is in the cause, for the log only.
func call(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.InternalError).Because(fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := fn(tx); err != nil {
		if tx.broken != nil && (isRace(tx.broken) || isLost(tx.broken)) {
			return tx.broken // fn may have hidden it; the transaction is undone either way, and worth another run
		}
		return err
	}
	return tx.broken // fn ignored a failed statement; keeping the rest would keep half an operation
}

// In fits DB.Do to a core package's own transaction interface:
//
//	login.New(login.Config{Do: store.In[login.Tx](db), View: store.InView[login.Tx](db), …})
//
// It panics when *Tx does not have T's methods: that is a mistake in the program, found when it starts, and the
// assertion beside each implementation finds it when it is compiled.
func In[T any](db *DB) func(ctx context.Context, fn func(T) error) error {
	mustFit[T]()
	return func(ctx context.Context, fn func(T) error) error {
		return db.Do(ctx, func(tx *Tx) error { return fn(any(tx).(T)) })
	}
}

// InView is In for DB.View.
func InView[T any](db *DB) func(ctx context.Context, fn func(T) error) error {
	mustFit[T]()
	return func(ctx context.Context, fn func(T) error) error {
		return db.View(ctx, func(tx *Tx) error { return fn(any(tx).(T)) })
	}
}

func mustFit[T any]() {
	if _, ok := any((*Tx)(nil)).(T); !ok {
		panic(fmt.Sprintf("store: *Tx does not implement %T", (*T)(nil)))
	}
}
