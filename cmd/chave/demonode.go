package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"chave/demo/people"
	"chave/internal/app"
)

// people are made up as of the demo's own day.
func (d *country) people() ([]people.Person, error) { return people.Load(d.day) }

// records are what the stand-in civil registry knows. The people were loaded once already, so a failure cannot happen here.
func (d *country) records() []people.Person {
	list, err := d.people()
	if err != nil {
		d.log.Error("made-up people are unreadable", "err", err)
	}
	return list
}

// compose makes the server of the demo: the real one, with keys of this folder and made-up people.
func (d *country) compose(ctx context.Context, mailPort int) (*app.App, error) {
	d.mailPort = mailPort
	settings, err := d.settings()
	if err != nil {
		return nil, err
	}
	node, err := app.New(ctx, app.Config{
		Settings: settings, Log: d.log, Now: d.clock.Now, Root: d.root, Demo: true, Secure: d.cmd.TLS, HTTP: d.client,
	})
	if err != nil {
		return nil, err
	}
	if err := d.populate(ctx, node); err != nil {
		return nil, errors.Join(err, node.Close())
	}
	list, err := d.people()
	if err != nil {
		return nil, errors.Join(err, node.Close())
	}
	node.SeedSigning(list)
	node.Start()
	return node, nil
}

func (d *country) settings() (app.Settings, error) {
	var s app.Settings
	s.Issuer = d.base["portal"]
	s.Database.Driver, s.Database.Path = "sqlite", d.database()
	gateway, err := url.Parse(d.base["gateway"])
	if err != nil {
		return s, err
	}
	s.SMS = app.GatewaySettings{
		URL: "http://" + net.JoinHostPort("127.0.0.1", gateway.Port()) + "/sms", Body: `{"to":"{{.To}}","text":"{{.Text}}","id":"{{.ID}}"}`,
	}
	s.Email = app.MailSettings{Host: "127.0.0.1", Port: d.mailPort, TLS: "none", From: "Chave <chave@chave.test>"}
	s.Registry.URL, s.Registry.SecretFile = "http://127.0.0.1:"+strconv.Itoa(d.sites["registry"].port), filepath.Join(d.dir, "registry.secret")
	s.AttributeSources = d.sourceSettings()
	s.Signing.Address = d.pki()
	// As strict as production, but for what a test run needs: 20 sign-ins and 500 signatures a person, 200 sign-ins an address in ten minutes.
	s.Signing.CodesPerPerson, s.Signing.BatchTrust = 500, 5*time.Minute
	s.Policy.CodesPerPerson, s.Policy.CodesPerAddress = 20, 200
	s.RequestsPerAddress = 1000
	return s, nil
}

func (d *country) database() string { return filepath.Join(d.dir, "chave.db") }

// populate registers services and, in a new folder, people.
func (d *country) populate(ctx context.Context, node *app.App) error {
	for _, reg := range d.regs {
		one, err := app.ReadService(reg.ID, reg.File)
		if err != nil {
			return err
		}
		warning, err := node.SaveService(ctx, one, "demo")
		if err != nil {
			return fmt.Errorf("register service %s: %w", reg.ID, err)
		}
		if warning != "" {
			d.warnings = append(d.warnings, warning)
		}
	}
	list, err := d.people()
	if err != nil {
		return err
	}
	seeded, err := node.Seeded(ctx, list)
	if err != nil || seeded {
		return err
	}
	return node.Seed(ctx, list)
}

// reset starts over: a new database, real time, the same addresses and client secrets.
func (d *country) reset(ctx context.Context) error {
	d.restart.Lock()
	defer d.restart.Unlock()
	if err := d.node.Load().Close(); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(d.database() + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	d.clock.Reset()
	if err := d.calmSources(); err != nil {
		return err
	}
	d.warnings = nil
	node, err := d.compose(context.WithoutCancel(ctx), d.mailPort)
	if err != nil {
		return err
	}
	d.node.Store(node)
	for _, party := range d.parties { // their visitors' sign-ins ended with the database
		party.Forget()
	}
	return nil
}
