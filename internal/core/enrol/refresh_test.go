package enrol_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/outside/store"
)

func TestR1_30_R1_27_a_renewed_card_prolongs_and_lifts_a_suspension(t *testing.T) {
	c := newCounter(t)
	card := citizen.Document{Type: citizen.CitizenCard, Country: citizen.Portugal, Number: "994101376ZZ0", Expires: citizen.Date{Year: 2026, Month: 12, Day: 1}}
	p := citizen.Person{
		GivenNames: "Beatriz", Surnames: "Made-Up", BirthDate: citizen.Date{Year: 1987, Month: 4, Day: 12}, Nationality: citizen.Portugal,
		NIC: "99410137", Documents: []citizen.Document{card}, Phone: "+351929941207", Lang: "pt", Standing: citizen.Standing{Accompanied: citizen.No},
	}
	pin, err := credential.ParsePIN("274951")
	if err != nil {
		t.Fatal(err)
	}
	who, err := c.enrol.Admit(t.Context(), enrol.Admission{Person: p, PIN: pin, Actor: "test", At: c.clock()})
	if err != nil {
		t.Fatal(err)
	}
	job := &enrol.Refresh{Service: c.enrol, Log: slog.New(slog.DiscardHandler), Every: 24 * time.Hour, Retry: time.Hour, Batch: 10}
	answer := enrol.Answer{Coverage: enrol.Found, State: enrol.DocumentValid, Expires: card.Expires, Person: p}
	status := func() credential.Status {
		t.Helper()
		var s credential.Status
		err := c.db.View(t.Context(), func(tx *store.Tx) error {
			person, err := tx.Person(who)
			if err != nil {
				return err
			}
			key, err := tx.Key(who)
			s = c.enrol.Policy.Status(key, person, c.clock())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	run := func(after time.Duration, want credential.Status) {
		t.Helper()
		c.set(c.clock().Add(after))
		if err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := status(); got != want {
			t.Fatalf("status is %s, want %s", got, want)
		}
	}
	c.registry.holds[card.Number] = answer
	run(25*time.Hour, credential.StatusActive)
	run(40*24*time.Hour, credential.StatusSuspended)
	t.Run("a silent registry changes nothing, and is asked again within the hour", func(t *testing.T) {
		c.registry.down = errors.New("silence")
		answer.Expires = citizen.Date{Year: 2031, Month: 12, Day: 1}
		c.registry.holds[card.Number] = answer
		run(25*time.Hour, credential.StatusSuspended)
		c.registry.down = nil
		run(time.Hour, credential.StatusActive)
	})
	t.Run("R1.31 a lost card keeps the key", func(t *testing.T) {
		lost := answer
		lost.State = enrol.DocumentLost
		c.registry.holds[card.Number] = lost
		run(25*time.Hour, credential.StatusActive)
	})
	t.Run("R1.04 an accompanying measure stops it while it lasts", func(t *testing.T) {
		measure := answer
		measure.Person.Standing.Accompanied = citizen.Yes
		c.registry.holds[card.Number] = measure
		run(25*time.Hour, credential.StatusUnfit)
		c.registry.holds[card.Number] = answer
		run(25*time.Hour, credential.StatusActive)
	})
	t.Run("R1.33 a death ends it for good", func(t *testing.T) {
		dead := answer
		dead.Person.Standing.Deceased = true
		c.registry.holds[card.Number] = dead
		run(25*time.Hour, credential.StatusEnded)
		c.registry.holds[card.Number] = answer
		run(25*time.Hour, credential.StatusEnded)
		if got := c.enrol.Policy.Usable(credential.Key{State: credential.Revoked}, p, c.clock()); !fault.Is(got, fault.KeyEnded) {
			t.Fatalf("got %v", got)
		}
	})
}
