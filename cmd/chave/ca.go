package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"

	"chave/internal/app"
	"chave/internal/core/certificate"
	"chave/internal/outside/pki"
)

// caCommand works on the authorities that certify people's keys. The root's key lies in a file of its own, which only these commands open: keep it where no server is.
type caCommand struct {
	Config   string          `required:"" type:"path" help:"Settings file."`
	Init     caInitCommand   `cmd:"" help:"Make a root, an issuing authority, an OCSP signer and a timestamp authority, once."`
	Rollover caRootCommand   `cmd:"" help:"Make a new issuing authority under the root; the old one goes on answering for what it signed."`
	RootList caListCommand   `cmd:"" help:"Sign the root's list of revoked authorities anew: at least every 200 days."`
	List     caShowCommand   `cmd:"" help:"Show the authorities, and when the root's list ends."`
	Revoke   caRevokeCommand `cmd:"" help:"Revoke an authority's own certificate."`
}

// rootFile says where a root is and how to open it.
type rootFile struct {
	Root           string `required:"" type:"path" help:"The root's file."`
	PassphraseFile string `type:"path" help:"File with the passphrase; without it you are asked."`
}

type (
	caInitCommand   struct{ rootFile }
	caRootCommand   struct{ rootFile }
	caListCommand   struct{ rootFile }
	caShowCommand   struct{}
	caRevokeCommand struct {
		Serial string `arg:"" help:"32 hexadecimal digits, as shown by list."`
		Reason int    `default:"4" enum:"0,1,3,4,5" help:"RFC 5280: 1 key compromise, 3 affiliation changed, 4 superseded, 5 cessation."`
	}
)

// with opens the installation for one act.
func (c *caCommand) with(ctx context.Context, errs io.Writer, act func(*pki.Authority) error) error {
	settings, err := app.ReadSettings(c.Config)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelWarn}))
	clock := new(app.Clock)
	node, err := app.New(ctx, app.Config{Settings: settings, Log: log, Now: clock.Now})
	if err != nil {
		return err
	}
	return errors.Join(act(node.PKI), node.Close())
}

func (c *caInitCommand) Run(ctx context.Context, s streams, parent *commands) error {
	return c.ceremony(ctx, s, parent, true, (*pki.Authority).Init)
}

func (c *caRootCommand) Run(ctx context.Context, s streams, parent *commands) error {
	return c.ceremony(ctx, s, parent, false, (*pki.Authority).Rollover)
}

func (c *caListCommand) Run(ctx context.Context, s streams, parent *commands) error {
	return c.ceremony(ctx, s, parent, false, (*pki.Authority).RootList)
}

func (f *rootFile) ceremony(ctx context.Context, s streams, parent *commands, fresh bool, act func(*pki.Authority, context.Context, string, []byte) error) error {
	passphrase, err := f.passphrase(s, fresh)
	if err != nil {
		return err
	}
	defer clear(passphrase)
	return parent.CA.with(ctx, s.Err, func(a *pki.Authority) error {
		if err := act(a, ctx, f.Root, passphrase); err != nil {
			return err
		}
		return a.Show(ctx, s.Out)
	})
}

// passphrase comes from a file or from whoever sits there; a new one is typed twice.
func (f *rootFile) passphrase(s streams, fresh bool) ([]byte, error) {
	if f.PassphraseFile != "" {
		text, err := os.ReadFile(f.PassphraseFile)
		if err != nil {
			return nil, fmt.Errorf("read passphrase: %w", err)
		}
		return bytes.TrimRight(text, "\r\n"), nil
	}
	defer unseen(s.In)()
	in := bufio.NewReader(s.In)
	first, err := typed(in, s.Err, "Passphrase of the root: ")
	if err != nil || !fresh {
		return first, err
	}
	again, err := typed(in, s.Err, "The same again: ")
	if err == nil && !bytes.Equal(first, again) {
		err = errors.New("the two passphrases differ")
	}
	clear(again)
	return first, err
}

func typed(in *bufio.Reader, out io.Writer, question string) ([]byte, error) {
	fmt.Fprint(out, question)
	line, err := in.ReadBytes('\n')
	fmt.Fprintln(out)
	if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
		return nil, fmt.Errorf("read passphrase: %w", err)
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// unseen keeps what is typed off the screen, and gives what undoes that. Where there is no terminal, or no stty, it does nothing.
func unseen(in io.Reader) (undo func()) {
	terminal, ok := in.(*os.File)
	if !ok {
		return func() {}
	}
	stty := func(word string) error {
		cmd := exec.Command("stty", word) //nolint:gosec,noctx // two fixed words, done at once
		cmd.Stdin = terminal
		return cmd.Run()
	}
	if stty("-echo") != nil {
		return func() {}
	}
	return func() { _ = stty("echo") }
}

func (c *caShowCommand) Run(ctx context.Context, s streams, parent *commands) error {
	return parent.CA.with(ctx, s.Err, func(a *pki.Authority) error { return a.Show(ctx, s.Out) })
}

func (c *caRevokeCommand) Run(ctx context.Context, s streams, parent *commands) error {
	return parent.CA.with(ctx, s.Err, func(a *pki.Authority) error {
		if err := a.Revoke(ctx, c.Serial, certificate.Reason(c.Reason)); err != nil {
			return err
		}
		_, err := fmt.Fprintln(s.Out, "revoked:", c.Serial, "— if it was an issuing authority, sign the root's list anew: chave ca root-list")
		return err
	})
}
