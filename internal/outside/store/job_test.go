package store_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chave/internal/core/job"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

// clock is moved by tests and read by several goroutines.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(storetest.Epoch().UnixMicro())
	return c
}

func (c *clock) now() time.Time                  { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration)         { c.at.Add(d.Microseconds()) }
func (c *clock) option() storetest.Option        { return storetest.WithNow(c.now) }
func (c *clock) since(t time.Time) time.Duration { return c.now().Sub(t) }

func newRunner(db *store.DB, c *clock, worker string) *job.Runner {
	return &job.Runner{
		Do: store.In[job.Tx](db), View: store.InView[job.Tx](db), Now: c.now, Worker: worker, Log: slog.New(slog.DiscardHandler), Look: time.Millisecond,
	}
}

func stateOf(t *testing.T, db *store.DB, name string) (found job.State) {
	t.Helper()
	err := db.View(context.Background(), func(tx *store.Tx) error {
		all, err := tx.Jobs()
		for _, s := range all {
			if s.Name == name {
				found = s
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestJob_is_run_once_in_each_period(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		c := newClock()
		db := open(c.option())
		runs := 0
		r := newRunner(db, c, "a")
		r.Every("retention", time.Hour, func(context.Context) error { runs++; return nil })
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {0, 1}, {59 * time.Minute, 1}, {time.Minute, 2}, {10 * time.Hour, 3}, {0, 3}} {
			c.advance(step.after)
			if err := r.Pass(context.Background()); err != nil {
				t.Fatal(err)
			}
			if runs != step.want {
				t.Errorf("at %s: %d runs, want %d", c.since(storetest.Epoch()), runs, step.want)
			}
		}
		if s := stateOf(t, db, "retention"); !s.LeasedUntil.IsZero() || !s.LastRun.Equal(c.now()) || !s.DueAt.Equal(c.now().Add(time.Hour)) || s.Worker != "a" {
			t.Errorf("%+v", s)
		}
	})
}

func TestJob_is_never_run_by_two_nodes_at_once(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		c := newClock()
		db := open(c.option())
		ctx, stop := context.WithCancel(context.Background())
		var (
			all         sync.WaitGroup
			inside      atomic.Int32
			runs        atomic.Int32
			byA, byB    atomic.Int32
			enough      = make(chan struct{})
			closeEnough sync.Once
		)
		for name, count := range map[string]*atomic.Int32{"a": &byA, "b": &byB} {
			r := newRunner(db, c, name)
			r.Every("seal", time.Microsecond, func(context.Context) error {
				if inside.Add(1) > 1 {
					t.Error("two at once")
				}
				c.advance(time.Millisecond)
				count.Add(1)
				if runs.Add(1) >= 40 {
					closeEnough.Do(func() { close(enough) })
				}
				inside.Add(-1)
				return nil
			})
			all.Go(func() { r.Run(ctx) })
		}
		select {
		case <-enough:
		case <-time.After(30 * time.Second):
			t.Error("too slow")
		}
		stop()
		all.Wait()
		if byA.Load() == 0 || byB.Load() == 0 {
			t.Logf("only one node worked: %d and %d", byA.Load(), byB.Load())
		}
	})
}

func TestJob_of_a_dead_node_is_taken_over_when_its_lease_ends(t *testing.T) {
	c := newClock()
	db := storetest.SQLite(t, c.option())
	// The first node dies in the middle: its row stays leased.
	err := db.Do(context.Background(), func(tx *store.Tx) error {
		if err := tx.EnsureJob("seal", c.now(), c.now(), c.now()); err != nil {
			return err
		}
		won, err := tx.LeaseJob("seal", "dead", c.now(), c.now().Add(15*time.Second))
		if !won {
			t.Error("no lease")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	r := newRunner(db, c, "b")
	r.Every("seal", time.Second, func(context.Context) error { runs++; return nil })
	for _, want := range []int{0, 1} {
		if err := r.Pass(context.Background()); err != nil || runs != want {
			t.Errorf("%d runs, want %d (%v)", runs, want, err)
		}
		c.advance(15 * time.Second)
	}
	// Should the dead node wake, it holds nothing any more.
	err = db.Do(context.Background(), func(tx *store.Tx) error {
		held, err := tx.RenewJob("seal", "dead", c.now().Add(time.Hour))
		ended, endErr := tx.EndJob("seal", "dead", c.now(), c.now())
		if held || ended {
			t.Error("a lost lease was used")
		}
		return errors.Join(err, endErr)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestJob_that_takes_long_keeps_its_lease(t *testing.T) {
	c := newClock()
	db := storetest.SQLite(t, c.option())
	r := newRunner(db, c, "a")
	r.Lease = 300 * time.Millisecond
	renewals := make(chan struct{}, 100)
	do := r.Do
	r.Do = func(ctx context.Context, fn func(job.Tx) error) error {
		err := do(ctx, fn)
		renewals <- struct{}{}
		return err
	}
	r.Every("long", time.Hour, func(context.Context) error {
		for range 6 { // adding the job, leasing it, and four renewals
			<-renewals
			c.advance(90 * time.Millisecond)
		}
		other := newRunner(db, c, "b")
		other.Every("long", time.Hour, func(context.Context) error { t.Error("taken by another"); return nil })
		return other.Pass(context.Background())
	})
	if err := r.Pass(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s := stateOf(t, db, "long"); s.Worker != "a" || !s.LeasedUntil.IsZero() {
		t.Errorf("%+v", s)
	}
}

func TestJob_stops_when_its_lease_is_lost(t *testing.T) {
	for name, lose := range map[string]func(context.Context, *store.DB, *atomic.Bool){
		"to another node": func(ctx context.Context, db *store.DB, _ *atomic.Bool) {
			_ = db.Do(ctx, func(tx *store.Tx) error {
				_, err := tx.Exec(`UPDATE jobs SET worker = 'b'`)
				return err
			})
		},
		"because the store is away": func(_ context.Context, _ *store.DB, away *atomic.Bool) { away.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			db := storetest.SQLite(t, c.option())
			r := newRunner(db, c, "a")
			r.Lease = 150 * time.Millisecond
			var away atomic.Bool
			do := r.Do
			r.Do = func(ctx context.Context, fn func(job.Tx) error) error {
				if away.Load() {
					return errors.New("away")
				}
				return do(ctx, fn)
			}
			r.Every("long", time.Hour, func(ctx context.Context) error {
				lose(ctx, db, &away)
				<-ctx.Done()
				return ctx.Err()
			})
			if err := r.Pass(context.Background()); err != nil {
				t.Fatal(err)
			}
			if s := stateOf(t, db, "long"); s.LeasedUntil.IsZero() || !s.LastRun.IsZero() {
				t.Errorf("a lost lease was given back: %+v", s)
			}
		})
	}
}

func TestJob_that_fails_or_panics_is_tried_again_soon(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("no") },
		"panic": func() error { panic("no") },
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			db := storetest.SQLite(t, c.option())
			r := newRunner(db, c, "a")
			runs := 0
			r.Every("retention", 24*time.Hour, func(context.Context) error {
				if runs++; runs == 1 {
					return fail()
				}
				return nil
			})
			for _, want := range []int{1, 2, 2} {
				if err := r.Pass(context.Background()); err != nil || runs != want {
					t.Errorf("%d runs, want %d (%v)", runs, want, err)
				}
				c.advance(time.Minute)
			}
		})
	}
}

func TestJob_is_given_back_at_shutdown(t *testing.T) {
	c := newClock()
	db := storetest.SQLite(t, c.option())
	r := newRunner(db, c, "a")
	ctx, stop := context.WithCancel(context.Background())
	r.Always("seal", func(ctx context.Context) error {
		stop()
		<-ctx.Done()
		return ctx.Err()
	})
	r.Run(ctx)
	if s := stateOf(t, db, "seal"); !s.LeasedUntil.IsZero() || s.DueAt.After(c.now()) {
		t.Errorf("%+v", s)
	}
}

// A demo whose clock ran ahead is started again with the time of day.
func TestJob_is_not_locked_by_a_clock_that_was_put_back(t *testing.T) {
	c := newClock()
	db := storetest.SQLite(t, c.option())
	runs := 0
	start := func() {
		r := newRunner(db, c, "a")
		r.Every("retention", time.Hour, func(context.Context) error { runs++; return nil })
		if err := r.Pass(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	start()
	c.advance(-5 * time.Minute) // no more than clocks may be apart
	start()
	if runs != 1 {
		t.Errorf("%d runs", runs)
	}
	c.advance(-24 * time.Hour)
	start()
	if runs != 2 {
		t.Errorf("%d runs", runs)
	}
	err := db.Do(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE jobs SET due_at = 0, leased_until = $1, worker = 'dead'`, c.now().Add(24*time.Hour).UnixMicro())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	start()
	if runs != 3 {
		t.Errorf("%d runs", runs)
	}
}
