package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"chave/demo/services"
)

// pairs reads or makes the keys of the services that sign, all at once: they are the slowest thing about starting. What it gives waits for one of them.
func (d *country) pairs() func(name string) (services.Pair, error) {
	type made struct {
		pair services.Pair
		err  error
	}
	coming := map[string]chan made{}
	for _, name := range services.Names() {
		if !services.Signs(name) {
			continue
		}
		c := make(chan made, 1)
		coming[name] = c
		go func() {
			pair, err := d.pair(name)
			c <- made{pair, err}
		}()
	}
	return func(name string) (services.Pair, error) {
		c, ok := coming[name]
		if !ok {
			return services.Pair{}, nil
		}
		m := <-c
		return m.pair, m.err
	}
}

// pair reads or makes one, kept in the folder as the other secrets are. The clock has not been moved yet, so its time is the machine's.
func (d *country) pair(name string) (services.Pair, error) {
	certFile, keyFile := filepath.Join(d.dir, "service-"+name+".crt"), filepath.Join(d.dir, "service-"+name+".key")
	cert, err := os.ReadFile(certFile)
	if errors.Is(err, os.ErrNotExist) {
		pair, err := services.NewPair(nil, name, d.day)
		if err != nil {
			return pair, err
		}
		// The certificate last: with it, the key is there.
		if err := os.WriteFile(keyFile, []byte(pair.Key.Reveal()), 0o600); err != nil {
			return pair, err
		}
		return pair, os.WriteFile(certFile, []byte(pair.Certificate), 0o600)
	}
	if err != nil {
		return services.Pair{}, err
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return services.Pair{}, err
	}
	pair := services.Pair{Certificate: string(cert), Key: services.Secret(key)}
	if _, _, err := pair.Read(); err != nil {
		return pair, fmt.Errorf("%s is damaged: remove the folder to start over (%w)", keyFile, err)
	}
	return pair, nil
}
