package main

import (
	"context"
	"fmt"
)

// wire is one of CMD's wires, or the standard's, under measurement.
type wire struct {
	name  string   // in reports
	steps []string // in order
	do    exchange
	ready func(sign int) error // before each stretch; may be nil
}

// compare measures a wire, and beside it the same people signing in over OpenID Connect: at the same server, at the same rate, a stretch of one after a
// stretch of the other, so that what the machine's other work costs, it costs both.
func (p pace) compare(ctx context.Context, b *bench, rate float64, beside bool, w wire) error {
	var theirs, oidc []figures
	for i := range p.Runs {
		if beside {
			fmt.Printf("\nrun %d, OpenID Connect\n", i+1)
			f, err := p.stretch(ctx, b, rate, "whole sign-in", b.signIn)
			if err != nil {
				return err
			}
			f.print(loginSteps(), "sign-in", "sign-ins")
			oidc = append(oidc, f)
		}
		if w.ready != nil {
			if err := w.ready(int(rate * (p.Duration + p.Warm).Seconds())); err != nil {
				return err
			}
		}
		fmt.Printf("\nrun %d, %s\n", i+1, w.name)
		f, err := p.stretch(ctx, b, rate, "whole sign-in", w.do)
		if err != nil {
			return err
		}
		f.print(w.steps, "sign-in", "sign-ins")
		theirs = append(theirs, f)
	}
	if len(theirs) > 1 {
		if beside {
			fmt.Printf("\nOpenID Connect, for comparison")
			summary(oidc, loginSteps(), "sign-ins")
		}
		fmt.Printf("\n%s", w.name)
		summary(theirs, w.steps, "sign-ins")
	}
	if beside {
		server := func(f figures) float64 { return f.server }
		mine, other := middleOf(theirs, server), middleOf(oidc, server)
		fmt.Printf("\nserver CPU         %.2f ms for a sign-in over %s, %.2f ms over OpenID Connect: %+.2f ms\n", mine, w.name, other, mine-other)
	}
	return verdict(ctx, append(theirs, oidc...))
}
