// Command chave is the one binary: demo, serve, admin, audit, keystore, ca. This package is flags and wiring only; what the parts do is internal's.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		code := 1
		if own, ok := errors.AsType[*exiting](err); ok {
			code = own.code
		}
		if err.Error() != "" {
			fmt.Fprintln(os.Stderr, "chave:", err)
		}
		os.Exit(code) //nolint:gocritic // nothing is left for stop to do once the process ends
	}
}

// commands is what can be typed. Each command has a file of its own.
type commands struct {
	Demo     demoCommand     `cmd:"" help:"A country in a box on this machine: portal, five services, a phone. Nothing is kept."`
	Serve    serveCommand    `cmd:"" help:"Run for real, from a settings file."`
	Admin    adminCommand    `cmd:"" help:"First operator, operators, services."`
	Audit    auditCommand    `cmd:"" help:"Check the record of decisions."`
	Keystore keystoreCommand `cmd:"" help:"Make the root key."`
	CA       caCommand       `cmd:"" name:"ca" help:"Authorities that certify people's signing keys."`
	Sign     signCommand     `cmd:"" help:"Sign a PDF with a key that lies at a server of Chave."`
	Verify   verifyCommand   `cmd:"" help:"Check who signed a file. Exit code 0: good; 1: not good; 2: could not be checked."`
}

// streams are the process's, given to each command so that tests can read what it says.
type streams struct {
	In       io.Reader
	Out, Err io.Writer
}

var errHelp = errors.New("help was shown")

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) (err error) {
	var c commands
	parser, err := kong.New(&c, kong.Name("chave"), kong.Description("An open Digital Mobile Key."), kong.Writers(out, errs),
		kong.Exit(func(int) { panic(errHelp) }), kong.UsageOnError())
	if err != nil {
		return err
	}
	defer func() { // kong ends the process after showing help; ours ends by returning
		cause := recover()
		if shown, ok := cause.(error); ok && errors.Is(shown, errHelp) {
			err = nil
		} else if cause != nil {
			panic(cause)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		if args[0] == "verify" { // a script must not take a mistyped flag for a bad signature
			err = &exiting{exitUnknown, err}
		}
		return err
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return command.Run(streams{in, out, errs}, &c)
}
