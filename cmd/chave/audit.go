package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"chave/internal/app"
)

// auditCommand checks the record of decisions from the database alone.
type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Check every event, every hash and every signed head."`
}

type auditVerify struct {
	Config string `required:"" type:"path" help:"Settings file."`
}

func (c *auditVerify) Run(ctx context.Context, s streams) error {
	settings, err := app.ReadSettings(c.Config)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(s.Err, nil))
	clock := new(app.Clock)
	node, err := app.New(ctx, app.Config{Settings: settings, Log: log, Now: clock.Now})
	if err != nil {
		return err
	}
	sound, err := node.VerifyAudit(ctx, s.Out)
	if err == nil && !sound {
		err = errors.New("the record does not verify")
	}
	if err == nil {
		fmt.Fprintln(s.Out, "the record verifies")
	}
	return errors.Join(err, node.Close())
}
