package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// pace is how often, how long and how many times whole sign-ins are measured, over whichever wire. How many begin each second is each command's own.
type pace struct {
	Workers  int           `default:"32" help:"With --rate 0: sign-ins at once."`
	Duration time.Duration `default:"30s" help:"How long to measure."`
	Warm     time.Duration `default:"5s" help:"How long to run before."`
	Runs     int           `default:"1" help:"Measure so many times, and print the median too."`
}

func (p pace) describe(rate float64) {
	if rate > 0 {
		fmt.Printf("%-18s %.0f sign-ins begun each second for %s after %s, evenly spaced, each in a fresh browser\n", "load", rate, p.Duration, p.Warm)
		return
	}
	fmt.Printf("%-18s %d sign-ins at once for %s after %s, each in a fresh browser\n", "load", p.Workers, p.Duration, p.Warm)
}

// exchange is one person's whole way, from the service's request to the service knowing who they are.
type exchange func(ctx context.Context, n int, s *samples) error

// stretch measures one exchange for a while. what names the sample that counts as one of them.
func (p pace) stretch(ctx context.Context, b *bench, rate float64, what string, do exchange) (figures, error) {
	s := newSamples()
	run, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	turn := newTurns(b.Signers)
	begin := func() {
		if err := do(ctx, turn.next(), s); err != nil {
			s.fail(err)
		}
	}
	work.Go(func() {
		if rate > 0 {
			timetable(run, &work, s, rate, begin)
			return
		}
		for range p.Workers {
			work.Go(func() {
				for run.Err() == nil {
					begin()
				}
			})
		}
	})
	if err := wait(ctx, p.Warm); err != nil {
		return figures{}, err
	}
	from, err := b.usage()
	if err != nil {
		return figures{}, err
	}
	s.count(true)
	if err := wait(ctx, p.Duration); err != nil {
		return figures{}, err
	}
	s.count(false)
	to, err := b.usage()
	if err != nil {
		return figures{}, err
	}
	f, err := b.figure(s, what, from, to)
	stop()
	work.Wait()
	if f.failed = s.failures(); s.late > 50*time.Millisecond {
		fmt.Printf("  the driver was up to %s behind its timetable\n", s.late.Round(time.Millisecond))
	}
	return f, err
}

// timetable begins sign-ins at their times: a slow server does not slow down who comes next, as people do not either.
func timetable(ctx context.Context, work *sync.WaitGroup, s *samples, rate float64, begin func()) {
	gap := time.Duration(float64(time.Second) / rate)
	for due := time.Now(); ctx.Err() == nil; due = due.Add(gap) {
		if d := time.Until(due); d > 0 {
			time.Sleep(d)
		}
		s.behind(time.Since(due))
		work.Go(begin)
	}
}

// turns gives each signer their turn, so that nobody signs in twice before everybody has.
type turns struct {
	mu     sync.Mutex
	at, of int
}

func newTurns(of int) *turns { return &turns{at: rand.IntN(of), of: of} }

func (t *turns) next() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = (t.at + 1) % t.of
	return t.at
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
