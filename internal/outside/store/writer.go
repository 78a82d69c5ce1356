package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"chave/internal/core/fault"
)

// A batch ends when nobody waits, or at these limits, so that the first in it does not wait long for the last.
const (
	maxBatch     = 256
	maxBatchTime = 5 * time.Millisecond
)

// writer serialises SQLite's write transactions and commits them in groups: one wait for the disk answers everybody
// in the batch. Each function runs in its own savepoint, in its caller's goroutine, when the writer hands it the
// turn; whoever fails loses only their own rows.
type writer struct {
	db    *DB
	queue chan *job
	quit  chan struct{}
	gone  chan struct{}
	once  sync.Once
	lane  *lane

	patience time.Duration // how long a batch may grow
}

// job is one function on its way through the writer.
type job struct {
	state  atomic.Int32
	turn   chan *Tx   // writer → caller: yours now
	ran    chan error // caller → writer: what the function said
	answer chan error // writer → caller: after the commit
	result error
}

const (
	waiting int32 = iota
	running
	withdrawn
)

func startWriter(db *DB) *writer {
	w := &writer{db: db, queue: make(chan *job, maxBatch), quit: make(chan struct{}), gone: make(chan struct{}),
		patience: maxBatchTime}
	go w.loop()
	return w
}

func (w *writer) do(ctx context.Context, fn func(*Tx) error) error {
	j := &job{turn: make(chan *Tx, 1), ran: make(chan error, 1), answer: make(chan error, 1)}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-w.quit:
		return errClosed()
	default:
	}
	select {
	case w.queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return errClosed()
	}
	select {
	case tx := <-j.turn:
		return w.take(j, tx, fn)
	case err := <-j.answer:
		return err // the transaction could not be begun
	case <-w.gone:
		return errClosed()
	case <-ctx.Done():
		if j.state.CompareAndSwap(waiting, withdrawn) {
			return ctx.Err()
		}
	}
	select { // the turn was already given: fn is small, and the batch waits for it
	case tx := <-j.turn:
		return w.take(j, tx, fn)
	case err := <-j.answer:
		return err
	}
}

// take runs the function in the caller's own goroutine, so that its stack tells where it came from, and so that one
// that ends its goroutine (as a failing test does) cannot end the writer.
func (w *writer) take(j *job, tx *Tx, fn func(*Tx) error) error {
	finished := false
	defer func() {
		if !finished {
			j.ran <- errors.New("the goroutine of a transaction ended inside it")
		}
	}()
	err := call(fn, tx)
	finished = true
	j.ran <- err
	return <-j.answer
}

func (w *writer) loop() {
	defer close(w.gone)
	for {
		select {
		case j := <-w.queue:
			w.batch(j)
		case <-w.quit:
			for { // whoever is still in the queue is served, then nobody is
				select {
				case j := <-w.queue:
					w.batch(j)
					continue
				default:
				}
				break
			}
			if w.lane != nil {
				w.lane.close()
			}
			return
		}
	}
}

func (w *writer) close() {
	w.once.Do(func() { close(w.quit) })
	<-w.gone
}

// batch begins one transaction, runs whoever waits, and commits once. It answers everybody after the commit: even a
// refusal may rest on a neighbour's row that is not durable yet.
func (w *writer) batch(first *job) {
	if !first.state.CompareAndSwap(waiting, running) {
		return
	}
	// The batch belongs to many callers: no single one's context may end it.
	ctx := context.Background()
	if err := w.begin(ctx); err != nil {
		first.answer <- undone(err, false)
		return
	}
	var jobs []*job
	wrote := false
	lost := error(nil)
	next := first
	for end := time.Now().Add(w.patience); next != nil; {
		jobs = append(jobs, next)
		if lost = w.one(ctx, next); lost != nil {
			break
		}
		wrote = wrote || next.result == nil
		if len(jobs) == maxBatch || !time.Now().Before(end) {
			break
		}
		next = w.another()
	}
	if lost == nil && wrote {
		err := w.commit(ctx)
		for _, j := range jobs {
			if err != nil {
				j.answer <- err
			} else {
				j.answer <- j.result
			}
		}
		return
	}
	if err := w.lane.run(ctx, "ROLLBACK"); err != nil {
		w.drop()
	}
	for i, j := range jobs {
		if lost != nil && (i < len(jobs)-1 || j.result == nil) {
			j.result = &undoneError{cause: lost} // the last one broke the batch for its neighbours, before the commit
		}
		j.answer <- j.result
	}
}

// another takes the next job that is still wanted, if one waits.
func (w *writer) another() *job {
	for {
		select {
		case j := <-w.queue:
			if j.state.CompareAndSwap(waiting, running) {
				return j
			}
		default:
			return nil
		}
	}
}

// one gives a job its turn inside a savepoint. What the function said goes into the job's result. The error it
// returns is of the batch: the savepoint could not be kept apart, so nothing of the batch may be committed.
func (w *writer) one(ctx context.Context, j *job) (lost error) {
	if err := w.lane.run(ctx, "SAVEPOINT job"); err != nil {
		j.result = &undoneError{cause: err}
		return err
	}
	tx := &Tx{ctx: ctx, on: w.lane, db: w.db, now: w.db.moment(), writes: true}
	j.turn <- tx
	// A function that waits for something else than rows holds up everybody; one that calls Do waits for itself, for
	// ever. Nothing can be done about it here, but the log can say so.
	slow := time.AfterFunc(10*time.Second, func() {
		w.db.log.Error("a transaction has held the writer for 10 s: does it wait for something, or call Do inside Do?")
	})
	ran := <-j.ran
	slow.Stop()
	j.result = undone(ran, false)
	if j.result != nil {
		// When SQLite gave up the whole transaction by itself (disk full, input/output error), the savepoint is
		// gone, this fails, and the neighbours are told to try again.
		if err := w.lane.run(ctx, "ROLLBACK TO job"); err != nil {
			return err
		}
	}
	return w.lane.run(ctx, "RELEASE job")
}

func (w *writer) begin(ctx context.Context) error {
	if w.lane == nil {
		l, err := newLane(ctx, w.db.pool)
		if err != nil {
			return err
		}
		w.lane = l
	}
	if err := w.db.fail(StepBegin, ""); err != nil {
		return err
	}
	err := w.lane.run(ctx, "BEGIN IMMEDIATE")
	if err != nil && !isRace(err) {
		w.drop()
	}
	return err
}

func (w *writer) commit(ctx context.Context) error {
	err := w.db.fail(StepCommit, "")
	if err == nil {
		err = w.lane.run(ctx, "COMMIT")
		if err == nil {
			if err = w.db.fail(StepCommitted, ""); err == nil {
				return nil
			}
			return fault.New(fault.StoreUnavailable).Because(err)
		}
	}
	// Whether the file holds the batch is not certain after a failed write or sync. A fresh connection reads what is
	// really there; the old one is not trusted again.
	w.drop()
	if isRace(err) {
		return undone(err, true)
	}
	return fault.New(fault.StoreUnavailable).Because(err)
}

// drop gives up the connection; SQLite undoes what was open on it.
func (w *writer) drop() {
	if w.lane != nil {
		w.lane.discard()
		w.lane = nil
	}
}
