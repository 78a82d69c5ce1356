package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

type refreshCommand struct {
	setup
	Families int           `default:"96" help:"Agreements whose tokens are refreshed, all at once: each refresh waits for the one before it."`
	Duration time.Duration `default:"20s" help:"How long to measure."`
	Runs     int           `default:"1" help:"Measure so many times, and print the median too."`
}

func refreshSteps() []string { return []string{"refresh"} }

func (c *refreshCommand) Run(ctx context.Context) error {
	b, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	b.describe()
	fmt.Printf("%-18s %d agreements at once, each refreshing as fast as it is answered, for %s\n", "load", c.Families, c.Duration)
	chains, err := c.chains(ctx, b)
	if err != nil {
		return err
	}
	var all []figures
	for i := range c.Runs {
		if c.Runs > 1 {
			fmt.Printf("\nrun %d\n", i+1)
		}
		f, err := c.once(ctx, b, chains)
		if err != nil {
			return err
		}
		f.print(refreshSteps(), "refresh", "refreshes")
		all = append(all, f)
	}
	summary(all, refreshSteps(), "refreshes")
	return verdict(ctx, all)
}

// chains signs somebody in for each agreement and keeps the refresh tokens.
func (c *refreshCommand) chains(ctx context.Context, b *bench) ([]string, error) {
	all := make([]string, c.Families)
	for i := range all {
		tokens, err := b.tokens(ctx, i, newSamples())
		if err != nil {
			return nil, err
		}
		if all[i] = tokens.RefreshToken; all[i] == "" {
			return nil, errors.New("no refresh token came")
		}
	}
	return all, nil
}

func (c *refreshCommand) once(ctx context.Context, b *bench, chains []string) (figures, error) {
	s := newSamples()
	run, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	for i := range chains {
		work.Go(func() {
			for run.Err() == nil {
				began := time.Now()
				tokens, err := b.Service.Refresh(ctx, chains[i])
				if err != nil {
					s.fail(err)
					return // the chain is broken
				}
				s.took("refresh", time.Since(began))
				chains[i] = tokens.RefreshToken
			}
		})
	}
	if err := wait(ctx, time.Second); err != nil {
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
	f, err := b.figure(s, "refresh", from, to)
	stop()
	work.Wait()
	f.failed = s.failures()
	return f, err
}
