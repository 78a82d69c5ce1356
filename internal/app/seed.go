package app

import (
	"context"
	"fmt"
	"time"

	"chave/demo/people"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/message"
	"chave/internal/outside/store"
)

// Seed registers the demo's made-up people through core/enrol, as a counter would, each on a day on which they could be registered.
func (a *App) Seed(ctx context.Context, list []people.Person) error {
	for _, p := range list {
		if p.Key == people.KeyNone {
			continue
		}
		if err := a.seedOne(ctx, p); err != nil {
			return fmt.Errorf("register %s: %w", p.ID, err)
		}
	}
	return nil
}

// Seeded tells whether the first of them is registered already: a kept folder is not filled twice.
func (a *App) Seeded(ctx context.Context, list []people.Person) (bool, error) {
	if len(list) == 0 {
		return true, nil
	}
	found := false
	err := a.DB.View(ctx, func(tx *store.Tx) error {
		ids, err := tx.PeopleWith(personOf(list[0]).Identifiers()...)
		found = len(ids) > 0
		return err
	})
	return found, err
}

func (a *App) seedOne(ctx context.Context, p people.Person) error {
	pin, err := credential.ParsePIN(p.PIN)
	if err != nil {
		return err
	}
	at := registeredAt(p, a.Now())
	person := personOf(p)
	person.Standing = citizen.Standing{Accompanied: citizen.No, AsOf: at}
	admission := enrol.Admission{Person: person, PIN: pin, Actor: "demo", At: at, Roles: p.Roles}
	id, err := a.Enrol.Admit(ctx, admission)
	if err != nil {
		return err
	}
	switch {
	case p.Key == people.KeyBlocked:
		return a.Enrol.Block(ctx, id, "demo")
	case !p.Deceased.IsZero():
		return a.Enrol.Standing(ctx, id, citizen.Standing{Accompanied: citizen.No, Deceased: true, AsOf: a.Now()}, nil)
	}
	return nil
}

// registeredAt is a year ago, or a month before the document ended for those whose document has: no counter takes an expired one.
func registeredAt(p people.Person, now time.Time) time.Time {
	at := now.AddDate(-1, 0, 0)
	if len(p.Documents) > 0 && !p.Documents[0].Lifetime {
		if before := p.Documents[0].Expires.AddDate(0, -1, 0); before.Before(at) {
			at = before
		}
	}
	if !p.Deceased.IsZero() && p.Deceased.AddDate(0, -1, 0).Before(at) {
		at = p.Deceased.AddDate(0, -1, 0)
	}
	return at
}

func personOf(p people.Person) citizen.Person {
	made := citizen.Person{
		GivenNames: p.GivenNames, Surnames: p.Surnames, BirthDate: citizen.DateOf(p.BirthDate, time.UTC), Nationality: citizen.Country(p.Nationality),
		NIC: p.NIC, NIF: p.NIF, NISS: p.NISS, NSNS: p.NSNS, Phone: citizen.Phone(p.Phone), Email: citizen.Email(p.Email), Lang: p.Lang,
	}
	for _, d := range p.Documents {
		doc := citizen.Document{Type: citizen.DocumentType(d.Type), Country: citizen.Country(d.Country), Number: citizen.NormalNumber(d.Number)}
		if !d.Lifetime {
			doc.Expires = citizen.DateOf(d.Expires, time.UTC)
		}
		made.Documents = append(made.Documents, doc)
	}
	return made
}

// Settle waits until every message that is due has been delivered, so that a test never has to poll. It gives up with the context.
func (a *App) Settle(ctx context.Context) error {
	for {
		waiting := 0
		err := a.Outbox.Do(ctx, func(tx message.Tx) (err error) {
			waiting, err = tx.MessagesWaiting(a.Now())
			return err
		})
		if err != nil || waiting == 0 {
			return err
		}
		a.Outbox.Wake()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}
