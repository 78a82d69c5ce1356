package app

import (
	"chave/internal/core/enrol"
	"chave/internal/outside/registry"
)

// registryOf opens the civil registry that the settings name.
func registryOf(c Config) (enrol.Registry, error) {
	r := c.Settings.Registry
	if r.URL == "" {
		return noRegistry{}, nil
	}
	return registry.New(registry.Config{URL: r.URL, SecretFile: r.SecretFile, CAFile: r.CAFile, Timeout: r.Timeout, Now: c.Now})
}
