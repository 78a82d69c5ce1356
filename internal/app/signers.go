package app

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"chave/demo/people"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
)

// signers are the demo's people who can sign. Their keys take seconds to make, so that happens behind the first page.
type signers struct {
	list  []people.Person
	ready chan struct{} // closed once all have their keys, or one could not
	err   error         // read after ready
}

// SeedSigning has these people's signing switched on once Start was called, as a counter would.
func (a *App) SeedSigning(list []people.Person) {
	a.signers = &signers{ready: make(chan struct{})}
	for _, p := range list {
		if p.SignPIN != "" {
			a.signers.list = append(a.signers.list, p)
		}
	}
}

// SigningReady waits until everybody of SeedSigning can sign.
func (a *App) SigningReady(ctx context.Context) error {
	if a.signers == nil {
		return nil
	}
	select {
	case <-a.signers.ready:
		return a.signers.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// startSigning makes what the demo needs: authorities and its people's keys. Elsewhere authorities come of a ceremony, and a job keeps them (PKI.Tend).
func (a *App) startSigning(ctx context.Context) {
	if a.signers != nil {
		if err := a.PKI.Ensure(ctx); err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "authorities could not be made", "err", err)
		}
		a.signers.err = a.activateAll(ctx)
		close(a.signers.ready)
		if a.signers.err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "signing could not be switched on for the demo's people", "err", a.signers.err)
		}
	}
}

// activateAll takes two people at a time: making a key keeps one processor busy.
func (a *App) activateAll(ctx context.Context) error {
	var (
		wait  sync.WaitGroup
		mu    sync.Mutex
		all   []error
		queue = make(chan people.Person)
	)
	for range 2 {
		wait.Go(func() {
			for p := range queue {
				if err := a.activate(ctx, p); err != nil {
					mu.Lock()
					all = append(all, fmt.Errorf("%s: %w", p.ID, err))
					mu.Unlock()
				}
			}
		})
	}
	for _, p := range a.signers.list {
		queue <- p
	}
	close(queue)
	wait.Wait()
	return errors.Join(all...)
}

func (a *App) activate(ctx context.Context, p people.Person) error {
	pin, err := credential.ParsePIN(p.SignPIN)
	if err != nil {
		return err
	}
	var ids []citizen.ID
	err = a.DB.View(ctx, func(tx *store.Tx) error {
		ids, err = tx.PeopleWith(personOf(p).Identifiers()...)
		return err
	})
	if err != nil || len(ids) != 1 {
		return errors.Join(err, fmt.Errorf("%d people have these identifiers", len(ids)))
	}
	_, err = a.Signing.Activate(ctx, signing.Activation{Person: ids[0], Operator: "demo", PIN: pin, Again: pin, Terms: termsVersion})
	if fault.Is(err, fault.AlreadySigning) { // a kept folder
		return nil
	}
	if err == nil && p.Suspended {
		err = a.Signing.NotMe(ctx, ids[0])
	}
	return err
}
