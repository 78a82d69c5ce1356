package population

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"chave/internal/app"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/outside/pki"
	"chave/internal/outside/store"
)

// SignPIN is the resident's signature PIN.
func (r Resident) SignPIN() string { return r.OtherPIN(-1) }

// Authorities makes what certifies people's keys, once, with the root in a folder: what `chave ca init` does.
func Authorities(ctx context.Context, node *app.App, dir string) error {
	err := node.PKI.Init(ctx, filepath.Join(dir, "root.ca"), []byte("the passphrase of a root for tests"))
	if errors.Is(err, pki.ErrExists) {
		return nil
	}
	return err
}

// Switch switches signing on for residents, as a counter would, as many at a time as there are processors to make keys. Only foreigners come into question (numbers that six
// divides): of the others a civil registry would be asked. Who signs already goes on with their key.
func Switch(ctx context.Context, node *app.App, alg signing.Alg, list []Resident) error {
	var (
		hands sync.WaitGroup
		mu    sync.Mutex
		all   []error
		queue = make(chan Resident)
	)
	for range 2 {
		hands.Go(func() {
			for r := range queue {
				if err := activate(ctx, node, alg, r); err != nil {
					mu.Lock()
					all = append(all, fmt.Errorf("resident with phone %s: %w", r.Phone, err))
					mu.Unlock()
				}
			}
		})
	}
	for _, r := range list {
		queue <- r
	}
	close(queue)
	hands.Wait()
	return errors.Join(all...)
}

func activate(ctx context.Context, node *app.App, alg signing.Alg, r Resident) error {
	pin, err := credential.ParsePIN(r.SignPIN())
	if err != nil {
		return err
	}
	who, err := ID(ctx, node, r)
	if err != nil {
		return err
	}
	_, err = node.Signing.Activate(ctx, signing.Activation{Person: who, Operator: "operator", Alg: alg, PIN: pin, Again: pin, Terms: node.Signing.Rules.Terms})
	if fault.Is(err, fault.AlreadySigning) {
		return nil
	}
	return err
}

// ID is what the installation calls a resident.
func ID(ctx context.Context, node *app.App, r Resident) (citizen.ID, error) {
	var ids []citizen.ID
	err := node.DB.View(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.PeopleWith(r.Identifiers()...)
		return err
	})
	if err == nil && len(ids) != 1 {
		err = fmt.Errorf("%d people have these identifiers", len(ids))
	}
	if err != nil {
		return "", err
	}
	return ids[0], nil
}
