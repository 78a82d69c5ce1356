package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Tx is what a transaction must offer for jobs.
type Tx interface {
	// EnsureJob adds a job that is due at once, unless it is there. One that is due only after latestDue, or leased beyond latestLease, was written by a clock
	// that has been put back since, and is made due and free.
	EnsureJob(name string, now, latestDue, latestLease time.Time) error
	// JobsDue names the jobs that are due and not leased at an instant.
	JobsDue(now time.Time) ([]string, error)
	// LeaseJob gives a due, unleased job to a worker until an instant; false when somebody else was first.
	LeaseJob(name, worker string, now, until time.Time) (bool, error)
	// RenewJob moves the end of a lease that this worker holds; false when it has been lost.
	RenewJob(name, worker string, until time.Time) (bool, error)
	// EndJob gives a lease back and says when the job is due again; false when it had been lost.
	EndJob(name, worker string, now, due time.Time) (bool, error)
	// Jobs lists all jobs by name, for operators.
	Jobs() ([]State, error)
}

// State is a job as its row tells it.
type State struct {
	Name        string
	Worker      string    // who has it, or had it last
	LeasedUntil time.Time // zero when nobody has it
	DueAt       time.Time
	StartedAt   time.Time
	LastRun     time.Time // when it last ended, well or not; zero when never
}

// Runner runs jobs on one node. Do, View, Now, Worker and Log must be set.
type Runner struct {
	Do     func(ctx context.Context, fn func(Tx) error) error
	View   func(ctx context.Context, fn func(Tx) error) error
	Now    func() time.Time
	Worker string // unique per process
	Log    *slog.Logger

	Lease time.Duration // how long a dead node keeps a job; 0 means 15 s. Renewed three times as often, in real time
	Look  time.Duration // how often to look for due jobs, in real time; 0 means a second
	Retry time.Duration // how soon a failed job is due again, if its period is longer; 0 means a minute

	mu   sync.Mutex // guards what follows
	jobs map[string]task
	busy map[string]bool
}

type task struct {
	period time.Duration
	fn     func(ctx context.Context) error
}

// Every adds a job that is due again one period after it began. Names are constants of the program, the same on all nodes. Add jobs before Run.
//
// fn must stop when its context ends: the lease was lost, or the node is shutting down.
func (r *Runner) Every(name string, period time.Duration, fn func(ctx context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jobs == nil {
		r.jobs, r.busy = map[string]task{}, map[string]bool{}
	}
	if _, twice := r.jobs[name]; twice || period < 0 {
		panic("job: " + name + " is added twice or has a negative period")
	}
	r.jobs[name] = task{period, fn}
}

// Always adds a job that one node keeps doing: fn works until its context ends. Its lease costs a write every few seconds, where Every with a short period
// would cost two for each turn.
func (r *Runner) Always(name string, fn func(ctx context.Context) error) { r.Every(name, 0, fn) }

// Run looks for due jobs and runs them until ctx ends, then waits for them to stop and gives their leases back.
func (r *Runner) Run(ctx context.Context) {
	tick := time.NewTicker(orElse(r.Look, time.Second))
	defer tick.Stop()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		if err := r.start(ctx, &all); err != nil && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "jobs could not be looked for", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Pass runs every job that is due and free now, and returns when they have ended: for tests and for an operator's one-off run. An Always job would not end.
func (r *Runner) Pass(ctx context.Context) error {
	var all sync.WaitGroup
	err := r.start(ctx, &all)
	all.Wait()
	return err
}

// start leases due jobs and begins each in its own goroutine. Looking costs a read; only a job that is due costs a write.
func (r *Runner) start(ctx context.Context, all *sync.WaitGroup) error {
	var due []string
	now := r.Now()
	look := func() error {
		return r.View(ctx, func(tx Tx) (err error) {
			due, err = tx.JobsDue(now)
			return err
		})
	}
	if err := r.ensure(ctx); err != nil {
		return err
	}
	if err := look(); err != nil {
		return err
	}
	for _, name := range due {
		work, mine := r.take(name)
		if !mine {
			continue
		}
		won := false
		err := r.Do(ctx, func(tx Tx) (err error) {
			won, err = tx.LeaseJob(name, r.Worker, now, now.Add(r.lease()))
			return err
		})
		if err != nil || !won {
			r.put(name)
			if err != nil {
				return fmt.Errorf("lease %s: %w", name, err)
			}
			continue
		}
		all.Go(func() {
			defer r.put(name)
			r.run(ctx, name, work, now)
		})
	}
	return nil
}

// skew is how far the clocks of two nodes may be apart.
const skew = 10 * time.Minute

// ensure adds rows for jobs this node has not added yet.
func (r *Runner) ensure(ctx context.Context) error {
	r.mu.Lock()
	missing := map[string]time.Duration{}
	for name, work := range r.jobs {
		if _, known := r.busy[name]; !known {
			missing[name] = work.period
		}
	}
	r.mu.Unlock()
	if len(missing) == 0 {
		return nil
	}
	err := r.Do(ctx, func(tx Tx) error {
		for name, period := range missing {
			now := r.Now()
			if err := tx.EnsureJob(name, now, now.Add(period+skew), now.Add(r.lease()+skew)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("add jobs: %w", err)
	}
	for name := range missing {
		r.put(name)
	}
	return nil
}

// take marks a job as begun here, unless it is not ours or still runs here: an injected clock can outrun a lease.
func (r *Runner) take(name string) (task, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	work, ours := r.jobs[name]
	if !ours || r.busy[name] {
		return task{}, false
	}
	r.busy[name] = true
	return work, true
}

func (r *Runner) put(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy[name] = false
}

// run does the work while a second goroutine renews the lease, then gives the lease back.
func (r *Runner) run(ctx context.Context, name string, work task, began time.Time) {
	working, stop := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		r.renew(working, name, stop)
	}()
	err := guarded(working, work.fn)
	lost := context.Cause(working)
	stop(nil)
	<-renewed
	due := began.Add(work.period)
	switch {
	case errors.Is(lost, errLeaseLost):
		r.Log.WarnContext(ctx, "job stopped, its lease was lost", "job", name, "err", err)
		return
	case err != nil && ctx.Err() == nil:
		r.Log.ErrorContext(ctx, "job failed", "job", name, "err", err)
		if again := r.Now().Add(min(max(work.period, time.Second), orElse(r.Retry, time.Minute))); again.Before(due) || work.period == 0 {
			due = again
		}
	case err != nil: // shutting down in the middle: another node may go on at once
		due = r.Now()
	}
	steady, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = r.Do(steady, func(tx Tx) error {
		_, err := tx.EndJob(name, r.Worker, r.Now(), due)
		return err
	})
	if err != nil {
		r.Log.WarnContext(ctx, "job's lease could not be given back, it ends by itself", "job", name, "err", err)
	}
}

var errLeaseLost = errors.New("the job's lease was lost")

// renew keeps the lease. It stops the work when the lease is somebody else's, or when it could not be renewed for as long as it lasts.
func (r *Runner) renew(ctx context.Context, name string, stop context.CancelCauseFunc) {
	tick := time.NewTicker(r.lease() / 3)
	defer tick.Stop()
	for failed := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		held := false
		asking, cancel := context.WithTimeout(ctx, r.lease()/3)
		err := r.Do(asking, func(tx Tx) (err error) {
			held, err = tx.RenewJob(name, r.Worker, r.Now().Add(r.lease()))
			return err
		})
		cancel()
		if err == nil {
			failed = 0
		} else {
			failed++
		}
		if err == nil && !held || failed == 2 { // a third try could come when the lease has ended
			stop(errLeaseLost)
			return
		}
	}
}

// guarded makes an error of a panic: one bad job must not end the others.
func guarded(ctx context.Context, fn func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a job: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(ctx)
}

func (r *Runner) lease() time.Duration { return orElse(r.Lease, 15*time.Second) }

func orElse(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
