package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"chave/test/drive"
	"chave/test/population"
)

type loginCommand struct {
	setup
	pace
	Rate float64 `default:"150" help:"Sign-ins begun each second, whether or not earlier ones have ended; 0 lets --workers go as fast as they can."`
}

// loginSteps are what a person or service waits for, in order. "sms" is the way of the code from the PIN's answer to the phone.
func loginSteps() []string {
	return []string{"authorize", "identifier", "pin", "sms", "code", "consent", "token", "userinfo", "whole sign-in"}
}

func (c *loginCommand) Run(ctx context.Context) error {
	b, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	b.describe()
	c.describe(c.Rate)
	var all []figures
	for i := range c.Runs {
		if c.Runs > 1 {
			fmt.Printf("\nrun %d\n", i+1)
		}
		f, err := c.stretch(ctx, b, c.Rate, "whole sign-in", b.signIn)
		if err != nil {
			return err
		}
		f.print(loginSteps(), "sign-in", "sign-ins")
		all = append(all, f)
	}
	summary(all, loginSteps(), "sign-ins")
	return verdict(ctx, all)
}

// verdict is an error when anything failed, or the run was broken off.
func verdict(ctx context.Context, all []figures) error {
	for _, f := range all {
		if f.failed > 0 {
			return errFailures
		}
	}
	return ctx.Err()
}

// signIn is a whole sign-in over OpenID Connect.
func (b *bench) signIn(ctx context.Context, n int, s *samples) error {
	_, err := b.tokens(ctx, n, s)
	return err
}

// walk is one person in a fresh browser, until an address at which stop says that the pages are over.
func (b *bench) walk(who population.Resident, s *samples, stop func(*url.URL) bool) drive.Walk {
	return drive.Walk{
		Browser: &drive.Browser{Lines: b.Service.Lines, Language: "pt-PT,pt;q=0.9"}, Inbox: timed{b.Sink, s}, Stop: stop, Took: s.took, Person: who.Signer(),
	}
}

// patience bounds one whole sign-in.
const patience = 30 * time.Second

func (b *bench) tokens(ctx context.Context, n int, s *samples) (drive.Tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	who := population.Of(n, b.options)
	began := time.Now()
	start, flow, err := b.Service.Ask()
	if err != nil {
		return drive.Tokens{}, err
	}
	w := b.walk(who, s, b.Service.Back)
	back, err := w.From(ctx, start)
	if err != nil {
		return drive.Tokens{}, err
	}
	code, err := b.Service.Code(flow, back)
	if err != nil {
		return drive.Tokens{}, err
	}
	asked := time.Now()
	tokens, err := b.Service.Redeem(ctx, flow, code)
	if err != nil {
		return tokens, fmt.Errorf("token: %w", err)
	}
	s.took("token", time.Since(asked))
	asked = time.Now()
	claims, err := b.Service.UserInfo(ctx, tokens.AccessToken)
	if err != nil {
		return tokens, fmt.Errorf("userinfo: %w", err)
	}
	s.took("userinfo", time.Since(asked))
	if claims["name"] != who.FullName() {
		return tokens, fmt.Errorf("userinfo names somebody else")
	}
	s.took("whole sign-in", time.Since(began))
	return tokens, nil
}

// timed measures how long a code is on its way.
type timed struct {
	drive.Inbox
	s *samples
}

func (t timed) Code(ctx context.Context, to string) (string, error) {
	began := time.Now()
	code, err := t.Inbox.Code(ctx, to)
	t.s.took("sms", time.Since(began))
	return code, err
}
