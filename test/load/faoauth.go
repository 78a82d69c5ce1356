package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"chave/internal/core/service"
	"chave/test/drive"
	"chave/test/population"
)

type oauthCommand struct {
	setup
	pace
	Rate   float64 `default:"100" help:"Sign-ins begun each second, whether or not earlier ones have ended; 0 lets --workers go as fast as they can."`
	Beside bool    `default:"true" negatable:"" help:"Measure OpenID Connect at the same rate beside it."`
}

// oauthSteps: "begin" and "collect" are the two calls of the attribute API.
func oauthSteps() []string {
	return []string{"authorize", "identifier", "pin", "sms", "code", "consent", "begin", "collect", "whole sign-in"}
}

func (c *oauthCommand) Run(ctx context.Context) error {
	client := &drive.Implicit{ClientID: "100000000777", RedirectURI: "http://127.0.0.1:9/token", Attributes: compatNames()}
	registration := compatService("load-oauth")
	registration.OAuth = &service.OAuth{ClientID: client.ClientID, RedirectURIs: []string{client.RedirectURI}}
	registration.Compat = map[service.Switch]service.Allowance{service.ImplicitToken: {}}
	b, err := c.open(ctx, registration)
	if err != nil {
		return err
	}
	defer b.close()
	client.Base, client.Lines = b.Settings.Issuer, b.Service.Lines
	b.describe()
	c.describe(c.Rate)
	fmt.Printf("%-18s %d attributes, collected with one POST and one GET of AttributeManager after the sign-in\n", "requests", len(client.Attributes))
	m := &oauthMeasure{b, client}
	return c.compare(ctx, b, c.Rate, c.Beside, wire{name: "CMD's OAuth door", steps: oauthSteps(), do: m.signIn})
}

type oauthMeasure struct {
	*bench
	client *drive.Implicit
}

func (m *oauthMeasure) signIn(ctx context.Context, n int, s *samples) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	who := population.Of(n, m.options)
	start, state, err := m.client.Ask()
	if err != nil {
		return err
	}
	began := time.Now()
	w := m.walk(who, s, m.client.Back)
	back, err := w.From(ctx, start)
	if err != nil {
		return err
	}
	token, err := m.client.Token(back, state)
	if err != nil {
		return err
	}
	asked := time.Now()
	about, err := m.client.Begin(ctx, token)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	s.took("begin", time.Since(asked))
	asked = time.Now()
	all, err := m.client.Collect(ctx, token, about)
	if err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	s.took("collect", time.Since(asked))
	s.took("whole sign-in", time.Since(began))
	at := slices.IndexFunc(all, func(a drive.Attribute) bool { return a.Name == fullName })
	if at < 0 || all[at].Value == nil || !strings.EqualFold(*all[at].Value, who.FullName()) {
		return errors.New("the attributes name somebody else")
	}
	return nil
}
