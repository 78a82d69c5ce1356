package app

import (
	"context"
	"log/slog"

	"chave/internal/core/enrol"
	"chave/internal/outside/registry"
)

// registryOf opens the civil registry that the settings name.
func registryOf(c Config) (enrol.Registry, error) {
	r := c.Settings.Registry
	if r.URL == "" {
		return noRegistry{}, nil
	}
	client, err := registry.New(registry.Config{URL: r.URL, SecretFile: r.SecretFile, CAFile: r.CAFile, Timeout: r.Timeout, Now: c.Now})
	if err != nil {
		return nil, err
	}
	return heard{client, c.Log}, nil
}

// heard logs why the registry could not be asked. The desk only learns that it cannot decide now; whoever runs the server must learn more.
type heard struct {
	enrol.Registry
	log *slog.Logger
}

// Lookup asks and complains.
func (h heard) Lookup(ctx context.Context, q enrol.Query) (enrol.Answer, error) {
	a, err := h.Registry.Lookup(ctx, q)
	if err != nil {
		h.log.WarnContext(ctx, "civil registry could not be asked", "err", err) // the client's own words, without the question
	}
	return a, err
}
