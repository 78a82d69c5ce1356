// Command load measures a real server under whole sign-ins, over each wire, or token refreshes, with a hundred thousand people in its database, and prints what it found. The
// driver runs on the same machine as the server: figures are of both together.
//
//	go run ./test/load login                          150 sign-ins a second on SQLite for 30 s
//	go run ./test/load login --database postgres
//	go run ./test/load login --rate 0 --workers 32    as many as it can
//	go run ./test/load login --in-process --cpuprofile cpu.out
//	go run ./test/load saml                           Portugal's SAML, and OpenID Connect beside it; --wire saml is the standard's
//	go run ./test/load faoauth                        CMD's OAuth door with its attribute API, likewise
//	go run ./test/load sign                           batches and single signatures, the bare key operation beside them, and where the time goes
//	go run ./test/load refresh
//	go run ./test/load smoke                          small and short, both databases: does it work, not how fast
//
// docs/performance.md says how to read the figures and what they were.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"chave/internal/outside/store"
	"chave/test/rig"

	"github.com/alecthomas/kong"
)

type commands struct {
	Login   loginCommand   `cmd:"" help:"Whole sign-ins: authorize, identifier, PIN, code, consent, token, userinfo; each in a fresh browser."`
	SAML    samlCommand    `cmd:"" name:"saml" help:"Whole sign-ins over SAML: signed request, the same pages, signed response."`
	OAuth   oauthCommand   `cmd:"" name:"faoauth" help:"Whole sign-ins at CMD's OAuth door: token in the fragment, then the attribute API."`
	Sign    signCommand    `cmd:"" help:"Signatures: batches and single ones over SCMD, P-256 over CSC, lasting PDFs, beside the bare key operation."`
	Refresh refreshCommand `cmd:"" help:"Token refreshes, each a durable move of one row."`
	Smoke   smokeCommand   `cmd:"" help:"All of them, small and short, on every database there is: for make check."`
	Server  serverCommand  `cmd:"" hidden:"" help:"The server itself, composed in this process so that it can be profiled."`
}

func main() {
	debug.SetGCPercent(400) // the driver has memory to spare and shares the server's cores
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	command := kong.Parse(&c, kong.Name("load"), kong.Description("Load driver for Chave."))
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1) //nolint:gocritic // nothing is left for stop to do once the process ends
	}
}

// smokeCommand shows that the driver and the server still fit each other.
type smokeCommand struct{}

func (smokeCommand) Run(ctx context.Context) error {
	drivers := []string{store.SQLite}
	if rig.PostgresBinaries() != "" {
		drivers = append(drivers, store.Postgres)
	} else {
		fmt.Println("skipped: postgres (not installed)")
	}
	for _, driver := range drivers {
		small := setup{Database: driver, People: 300, Signers: 100, Argon2Time: 1, Argon2Memory: 1024}
		short := pace{Duration: 3 * time.Second, Warm: time.Second, Runs: 1}
		for _, one := range []interface{ Run(context.Context) error }{
			&loginCommand{setup: small, pace: short, Rate: 10},
			&samlCommand{setup: small, pace: short, Rate: 10, Wire: "fa"},
			&samlCommand{setup: small, pace: short, Rate: 10, Wire: "saml"},
			&oauthCommand{setup: small, pace: short, Rate: 10},
			&signCommand{setup: small, pace: short, Rate: 5, Keys: 3, Curves: 2, Batch: 10, AtOnce: 2, Parts: 300 * time.Millisecond},
		} {
			if err := one.Run(ctx); err != nil {
				return err
			}
		}
		refresh := refreshCommand{setup: small, Families: 8, Duration: 2 * time.Second, Runs: 1}
		if err := refresh.Run(ctx); err != nil {
			return err
		}
	}
	return nil
}

var errFailures = errors.New("some exchanges failed; see the errors above")
