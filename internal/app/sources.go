package app

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"time"

	"chave/internal/core/consent"
	"chave/internal/outside/attribute"
)

// sourcesOf opens the sources of attributes that the settings name.
func (a *App) sourcesOf(c Config) (*consent.Sources, error) {
	all := &consent.Sources{
		Providers: map[consent.Source]consent.Provider{}, Wait: 3 * time.Second, Limit: time.Minute, Log: c.Log, Count: a.metrics.source,
	}
	for name, s := range c.Settings.AttributeSources {
		one, err := attribute.New(attribute.Config{URL: s.URL, SecretFile: s.SecretFile, CAFile: s.CAFile, Sends: s.Sends})
		if err != nil {
			return nil, fmt.Errorf("attribute_sources.%s: %w", name, err)
		}
		all.Providers[name] = one
	}
	return all, nil
}

// checkWires looks over what the SAML wires and the sources of attributes need.
func (s *Settings) checkWires(bad func(string, ...any)) {
	for name, one := range s.AttributeSources {
		if !slices.Contains(consent.KnownSources(), name) {
			bad("attribute_sources.%s: is not one of %v", name, consent.KnownSources())
		}
		if one.URL == "" || one.SecretFile == "" {
			bad("attribute_sources.%s: url and secret_file are needed", name)
		}
		if len(one.Sends) == 0 {
			bad("attribute_sources.%s.sends: name the identifiers by which it knows people", name)
		}
		for field, path := range map[string]string{"secret_file": one.SecretFile, "ca_file": one.CAFile} {
			if _, err := os.Stat(path); path != "" && err != nil {
				bad("attribute_sources.%s.%s: %v", name, field, err)
			}
		}
	}
	if s.SAML.Alg != "" && s.SAML.Alg != "RS256" && s.SAML.Alg != "ES256" {
		bad("saml.alg: %q is neither RS256 nor ES256", s.SAML.Alg)
	}
	for field, id := range map[string]string{"saml.entity_id": s.SAML.EntityID, "fa.entity_id": s.FA.EntityID} {
		if u, err := url.Parse(id); id != "" && (err != nil || !u.IsAbs()) {
			bad("%s: %q is not a URI", field, id)
		}
	}
}
