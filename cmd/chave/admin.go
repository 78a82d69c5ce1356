package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"

	"chave/internal/app"
	"chave/internal/core/citizen"
)

// adminCommand works on an installation's database from the machine it runs on; every act is audited.
type adminCommand struct {
	Config    string           `required:"" type:"path" help:"Settings file."`
	Bootstrap bootstrapCommand `cmd:"" help:"Register the first operator, once."`
	Operator  operatorCommand  `cmd:"" help:"Give or take the operator role."`
	Service   serviceCommand   `cmd:"" help:"Register, show, list and remove services."`
}

// open composes a node without serving.
func (c *adminCommand) open(ctx context.Context, errs io.Writer) (*app.App, error) {
	settings, err := app.ReadSettings(c.Config)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelWarn}))
	clock := new(app.Clock)
	return app.New(ctx, app.Config{Settings: settings, Log: log, Now: clock.Now})
}

type bootstrapCommand struct {
	GivenNames  string `required:"" help:"As in the document."`
	Surnames    string `required:""`
	BirthDate   string `required:"" help:"YYYY-MM-DD."`
	Nationality string `required:"" help:"ISO 3166-1 alpha-3."`
	Type        string `required:"" enum:"citizen_card,identity_card,passport,residence_permit,residence_card" help:"Document: citizen_card, passport …"`
	Country     string `default:"PRT" help:"Issuing state, alpha-3."`
	Number      string `required:"" help:"Document number."`
	Expires     string `help:"YYYY-MM-DD; leave out for a lifetime identity card."`
	Phone       string `required:"" help:"With country prefix, such as +351912345678."`
	Email       string
	Lang        string `default:"pt" enum:"pt,en"`
}

func (c *bootstrapCommand) Run(ctx context.Context, s streams, parent *commands) error {
	phone, err := citizen.ParsePhone(c.Phone)
	if err != nil {
		return fmt.Errorf("--phone: %w", err)
	}
	person := citizen.Person{
		GivenNames: c.GivenNames, Surnames: c.Surnames, Nationality: citizen.Country(strings.ToUpper(c.Nationality)), Phone: phone,
		Email: citizen.Email(c.Email), Lang: c.Lang,
	}
	if person.BirthDate, err = citizen.ParseDate(c.BirthDate); err != nil {
		return fmt.Errorf("--birth-date: %w", err)
	}
	document := citizen.Document{
		Type: citizen.DocumentType(c.Type), Country: citizen.Country(strings.ToUpper(c.Country)), Number: citizen.NormalNumber(c.Number),
	}
	if c.Expires != "" {
		if document.Expires, err = citizen.ParseDate(c.Expires); err != nil {
			return fmt.Errorf("--expires: %w", err)
		}
	}
	person.Documents = []citizen.Document{document}
	if document.Type.National() && len(document.Number) >= 8 {
		person.NIC = document.Number[:8]
	}
	node, err := parent.Admin.open(ctx, s.Err)
	if err != nil {
		return err
	}
	pin, err := node.Bootstrap(ctx, person)
	if err == nil {
		fmt.Fprintf(s.Out, "First operator registered. Temporary PIN, shown this once: %s\nSign in at /counter with %s to choose your own.\n", pin.Reveal(), phone)
	}
	return errors.Join(err, node.Close())
}

type operatorCommand struct {
	Add    operatorAdd    `cmd:"" help:"Give the role to a person who has a key."`
	Remove operatorRemove `cmd:"" help:"Take the role away."`
}

type operatorAdd struct {
	Phone string `arg:"" help:"Their phone, with country prefix."`
}

func (c *operatorAdd) Run(ctx context.Context, s streams, parent *commands) error {
	return setOperator(ctx, s, parent, c.Phone, true)
}

type operatorRemove struct {
	Phone string `arg:"" help:"Their phone, with country prefix."`
}

func (c *operatorRemove) Run(ctx context.Context, s streams, parent *commands) error {
	return setOperator(ctx, s, parent, c.Phone, false)
}

func setOperator(ctx context.Context, s streams, parent *commands, phone string, give bool) error {
	number, err := citizen.ParsePhone(phone)
	if err != nil {
		return err
	}
	node, err := parent.Admin.open(ctx, s.Err)
	if err != nil {
		return err
	}
	if err = node.SetOperator(ctx, number, give); err == nil {
		fmt.Fprintln(s.Out, "done")
	}
	return errors.Join(err, node.Close())
}

type serviceCommand struct {
	List   serviceList   `cmd:"" help:"A line each."`
	Show   serviceShow   `cmd:"" help:"One registration, as stored."`
	Save   serviceSave   `cmd:"" help:"Register from a YAML file, or replace the one of the same id."`
	Remove serviceRemove `cmd:"" help:"Remove one: nobody can sign in to it any more."`
}

type serviceList struct{}

func (serviceList) Run(ctx context.Context, s streams, parent *commands) error {
	node, err := parent.Admin.open(ctx, s.Err)
	if err != nil {
		return err
	}
	all, err := node.Services(ctx)
	table := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
	for _, one := range all {
		fmt.Fprintf(table, "%s\t%s\tlevel %d\t%s\n", one.ID, one.Name.In("en"), one.MinLevel, strings.Join(one.RedirectURIs, " "))
	}
	return errors.Join(err, table.Flush(), node.Close())
}

type serviceShow struct {
	ID string `arg:""`
}

func (c *serviceShow) Run(ctx context.Context, s streams, parent *commands) error {
	node, err := parent.Admin.open(ctx, s.Err)
	if err != nil {
		return err
	}
	one, err := node.Service(ctx, c.ID)
	if err == nil {
		err = app.WriteService(s.Out, one, node.Now())
	}
	return errors.Join(err, node.Close())
}

type serviceSave struct {
	File string `arg:"" type:"existingfile"`
}

func (c *serviceSave) Run(ctx context.Context, s streams, parent *commands) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	one, err := app.ReadService(c.File, data)
	if err != nil {
		return err
	}
	node, err := parent.Admin.open(ctx, s.Err)
	if err != nil {
		return err
	}
	warning, err := node.SaveService(ctx, one, "admin")
	if warning != "" {
		fmt.Fprintln(s.Err, "warning:", warning)
	}
	if err == nil {
		fmt.Fprintln(s.Out, "registered:", one.ID)
	}
	return errors.Join(err, node.Close())
}

type serviceRemove struct {
	ID string `arg:""`
}

func (c *serviceRemove) Run(ctx context.Context, s streams, parent *commands) error {
	node, err := parent.Admin.open(ctx, s.Err)
	if err != nil {
		return err
	}
	err = node.RemoveService(ctx, c.ID, "admin")
	if err == nil {
		fmt.Fprintln(s.Out, "removed:", c.ID)
	}
	return errors.Join(err, node.Close())
}
