package enrol_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
)

// damaged is a transaction in which one person's row does not open.
type damaged struct {
	enrol.Tx
	who citizen.ID
}

func (d damaged) Person(who citizen.ID) (citizen.Person, error) {
	if who == d.who {
		return citizen.Person{}, fault.New(fault.InternalError)
	}
	return d.Tx.Person(who)
}

// Who is due first and cannot be read stays due first: everybody behind them would never be asked about again, and their deaths never noticed.
func TestR1_33_A20_one_unreadable_person_keeps_nobody_elses_death_from_being_noticed(t *testing.T) {
	c := newCounter(t)
	first, _ := c.issue(c.citizenCard(), "+351929941201", enrol.Numbers{})
	c.set(c.clock().Add(time.Minute))
	permit := c.permit()
	second, _ := c.issue(permit, "+351929941202", enrol.Numbers{NIF: "399412840"})
	c.says(permit, func(a *enrol.Answer) { a.Person.Standing.Deceased = true })

	view := c.enrol.View
	c.enrol.View = func(ctx context.Context, fn func(enrol.Tx) error) error {
		return view(ctx, func(tx enrol.Tx) error { return fn(damaged{tx, first.Registered}) })
	}
	c.set(c.clock().Add(25 * time.Hour))
	job := &enrol.Refresh{Service: c.enrol, Log: slog.New(slog.DiscardHandler), Every: 24 * time.Hour, Retry: time.Hour, Batch: 1}
	if err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.status(second.Registered); got != credential.StatusEnded {
		t.Fatalf("the deceased person's key is %s", got)
	}
}
