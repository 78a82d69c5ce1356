//go:build torture

package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"chave/internal/app"
	"chave/internal/core/enrol"
	"chave/internal/core/service"
	"chave/internal/outside/store"
	"chave/test/drive"
	"chave/test/population"
	"chave/test/rig"
)

// How many of each there are. Every resident can agree once with each service, so that each agreement can be looked for by itself.
const (
	operators = 3
	residents = 400
	services  = 12
	newcomers = 60_000 // number of the first resident who is registered while the test runs; passports are every sixth
	// codesPerPerson is raised, for a few hundred people do the work of a country.
	codesPerPerson = 1000
)

// country is a server with people, services and a civil registry.
type country struct {
	*rig.Rig
	options  population.Options
	services []drive.Service
	saml     *drive.SAML // one more, over Portugal's SAML

	scmd        []*drive.SCMD // those that ask for signatures
	signatories []*signatory
}

// settle makes one in a folder of its own and starts it.
func settle(t *testing.T, binary, driver string) *country {
	t.Helper()
	dir, drop, err := rig.Folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	c := &country{options: population.Options{Today: time.Now().UTC().Truncate(24 * time.Hour)}}
	var register []service.Settings
	for i := range services {
		s := drive.Service{ID: fmt.Sprintf("service-%02d", i), Secret: strings.Repeat(fmt.Sprint(i%10), 40), Scope: "openid profile"}
		s.RedirectURI = fmt.Sprintf("http://127.0.0.1:%d/callback", 20+i)
		c.services = append(c.services, s)
		register = append(register, service.Settings{
			ID: s.ID, Name: service.Text{"pt": "Serviço " + s.ID, "en": "Service " + s.ID}, RedirectURIs: []string{s.RedirectURI}, Secret: s.Secret,
			MinLevel: service.LevelEmail, Attributes: []service.Ask{{Name: "full_name", Required: true}},
		})
	}
	saml, err := c.overSAML()
	if err != nil {
		t.Fatal(err)
	}
	register = append(append(register, saml), c.forSigning()...)
	c.Rig, err = rig.New(t.Context(), rig.Options{Dir: dir, Driver: driver, Binary: binary, Counter: true, Services: register, Change: func(s *app.Settings) {
		s.Policy.CodesPerAddress, s.Policy.CodesPerPerson, s.RequestsPerAddress = 1_000_000, codesPerPerson, 1_000_000
		s.Signing.CodesPerPerson, s.Signing.AuthorityAlg = 1_000_000, "ES256" // authorities that are quickly made
	}})
	if errors.Is(err, rig.ErrNoPostgres) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for i := range c.services {
		c.services[i].Issuer, c.services[i].Lines = c.Settings.Issuer, c.Service.Lines
	}
	c.saml.Destination = c.Settings.Issuer + "/fa/Default.aspx"
	if err := c.With(t.Context(), c.populate); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.certified(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// populate registers the operators and then everybody else.
func (c *country) populate(node *app.App) error {
	ctx := context.Background()
	for n := range operators {
		if err := population.Admit(ctx, node, population.Of(n, c.options), c.options, enrol.Operator); err != nil {
			return err
		}
	}
	if err := c.signingOn(ctx, node); err != nil {
		return err
	}
	return population.Seed(ctx, node, operators, operators+residents, false, c.options)
}

// newcomer is the i-th passport holder who comes to a counter while the test runs.
func (c *country) newcomer(i int) population.Resident {
	return population.Of(newcomers+6*i, c.options)
}

var drivers = []string{store.SQLite, store.Postgres}
