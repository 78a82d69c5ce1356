package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"chave/test/drive"
	"chave/test/population"
)

type loginCommand struct {
	setup
	Rate     float64       `default:"150" help:"Sign-ins begun each second, whether or not earlier ones have ended; 0 lets --workers go as fast as they can."`
	Workers  int           `default:"32" help:"With --rate 0: sign-ins at once."`
	Duration time.Duration `default:"30s" help:"How long to measure."`
	Warm     time.Duration `default:"5s" help:"How long to run before."`
	Runs     int           `default:"1" help:"Measure so many times, and print the median too."`
}

// loginSteps are what a person or service waits for, in order. "sms" is the way of the code from the PIN's answer to the phone.
func loginSteps() []string {
	return []string{"authorize", "identifier", "pin", "sms", "code", "consent", "token", "userinfo", "whole sign-in"}
}

func (c *loginCommand) Run(ctx context.Context) error {
	b, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	b.describe()
	if c.Rate > 0 {
		fmt.Printf("%-18s %.0f sign-ins begun each second for %s after %s, evenly spaced, each in a fresh browser\n", "load", c.Rate, c.Duration, c.Warm)
	} else {
		fmt.Printf("%-18s %d sign-ins at once for %s after %s, each in a fresh browser\n", "load", c.Workers, c.Duration, c.Warm)
	}
	var all []figures
	for i := range c.Runs {
		if c.Runs > 1 {
			fmt.Printf("\nrun %d\n", i+1)
		}
		f, err := c.once(ctx, b)
		if err != nil {
			return err
		}
		f.print(loginSteps(), "sign-in", "sign-ins")
		all = append(all, f)
	}
	summary(all, loginSteps(), "sign-ins")
	for _, f := range all {
		if f.failed > 0 {
			return errFailures
		}
	}
	return ctx.Err()
}

// once measures one stretch.
func (c *loginCommand) once(ctx context.Context, b *bench) (figures, error) {
	s := newSamples()
	run, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	turn := newTurns(b.Signers)
	begin := func() {
		n := turn.next()
		if err := b.signIn(ctx, n, s); err != nil {
			s.fail(err)
		}
	}
	work.Go(func() {
		if c.Rate > 0 {
			c.timetable(run, &work, s, begin)
			return
		}
		for range c.Workers {
			work.Go(func() {
				for run.Err() == nil {
					begin()
				}
			})
		}
	})
	if err := wait(ctx, c.Warm); err != nil {
		return figures{}, err
	}
	from, err := b.usage()
	if err != nil {
		return figures{}, err
	}
	s.count(true)
	if err := wait(ctx, c.Duration); err != nil {
		return figures{}, err
	}
	s.count(false)
	to, err := b.usage()
	if err != nil {
		return figures{}, err
	}
	f, err := b.figure(s, "whole sign-in", from, to)
	stop()
	work.Wait()
	if f.failed = s.failures(); s.late > 50*time.Millisecond {
		fmt.Printf("  the driver was up to %s behind its timetable\n", s.late.Round(time.Millisecond))
	}
	return f, err
}

// timetable begins sign-ins at their times: a slow server does not slow down who comes next, as people do not either.
func (c *loginCommand) timetable(ctx context.Context, work *sync.WaitGroup, s *samples, begin func()) {
	gap := time.Duration(float64(time.Second) / c.Rate)
	for due := time.Now(); ctx.Err() == nil; due = due.Add(gap) {
		if d := time.Until(due); d > 0 {
			time.Sleep(d)
		}
		s.behind(time.Since(due))
		work.Go(begin)
	}
}

// signIn is one person's whole way, from the service's request to the service knowing who they are.
func (b *bench) signIn(ctx context.Context, n int, s *samples) error {
	_, err := b.tokens(ctx, n, s)
	return err
}

func (b *bench) tokens(ctx context.Context, n int, s *samples) (drive.Tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	who := population.Of(n, b.options)
	began := time.Now()
	start, flow, err := b.Service.Ask()
	if err != nil {
		return drive.Tokens{}, err
	}
	w := drive.Walk{
		Browser: &drive.Browser{Lines: b.Service.Lines, Language: "pt-PT,pt;q=0.9"}, Inbox: timed{b.Sink, s}, Stop: b.Service.Back, Took: s.took,
		Person: drive.Person{Identifier: string(who.Phone), PIN: who.PIN, Contact: string(who.Phone)},
	}
	back, err := w.From(ctx, start)
	if err != nil {
		return drive.Tokens{}, err
	}
	code, err := b.Service.Code(flow, back)
	if err != nil {
		return drive.Tokens{}, err
	}
	asked := time.Now()
	tokens, err := b.Service.Redeem(ctx, flow, code)
	if err != nil {
		return tokens, fmt.Errorf("token: %w", err)
	}
	s.took("token", time.Since(asked))
	asked = time.Now()
	claims, err := b.Service.UserInfo(ctx, tokens.AccessToken)
	if err != nil {
		return tokens, fmt.Errorf("userinfo: %w", err)
	}
	s.took("userinfo", time.Since(asked))
	if claims["name"] != who.FullName() {
		return tokens, fmt.Errorf("userinfo names somebody else")
	}
	s.took("whole sign-in", time.Since(began))
	return tokens, nil
}

// timed measures how long a code is on its way.
type timed struct {
	drive.Inbox
	s *samples
}

func (t timed) Code(ctx context.Context, to string) (string, error) {
	began := time.Now()
	code, err := t.Inbox.Code(ctx, to)
	t.s.took("sms", time.Since(began))
	return code, err
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
