package enrol

import (
	"context"
	"log/slog"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
)

// Refresh asks the civil registry again, once a day a person, about documents it knows: a renewed one prolongs the key (R1.30) and lifts a suspension (R1.27), an
// accompanying measure or a death ends its use (R1.04, R1.33). A registry that does not answer changes nothing; the person is asked about again within the hour.
type Refresh struct {
	Service *Service
	Log     *slog.Logger
	Every   time.Duration // between two looks at one person; 24 h
	Retry   time.Duration // after a registry that did not answer; 1 h
	Batch   int           // people a pass reads at once; 100
}

// Covered tells whether a registry here knows documents of a type at all: foreign passports are known to none.
func Covered(d citizen.Document) bool { return d.Country == citizen.Portugal }

// Run looks at everybody who is due. It may be stopped anywhere and run again, on any node.
func (r *Refresh) Run(ctx context.Context) error {
	for {
		var due []citizen.ID
		now := r.Service.Now()
		err := r.Service.View(ctx, func(tx Tx) (err error) {
			due, err = tx.DueChecks(now, r.Batch)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		for _, who := range due {
			if err := ctx.Err(); err != nil {
				return err
			}
			next := now.Add(r.Every)
			if err := r.one(ctx, who); err != nil {
				// Whatever it was concerns one person; those behind them must not wait for it. A store that is down stops us below.
				level := slog.LevelError
				if fault.IsKind(err, fault.Unavailable) || fault.IsKind(err, fault.Conflict) {
					level = slog.LevelWarn
				}
				r.Log.Log(ctx, level, "registry could not be asked about somebody", "err", err)
				next = now.Add(r.Retry)
			}
			if err := r.Service.Do(ctx, func(tx Tx) error { return tx.ScheduleCheck(who, next) }); err != nil {
				return err
			}
		}
	}
}

func (r *Refresh) one(ctx context.Context, who citizen.ID) error {
	var person citizen.Person
	err := r.Service.View(ctx, func(tx Tx) (err error) {
		person, err = tx.Person(who)
		return err
	})
	if err != nil || !Covered(person.Document()) || person.Standing.Deceased {
		return err
	}
	document := person.Document()
	answer, err := r.Service.Registry.Lookup(ctx, Query{
		Type: document.Type, Country: document.Country, Number: document.Number, BirthDate: person.BirthDate,
	})
	if err != nil {
		return fault.New(fault.RegistryUnavailable).Because(err)
	}
	if answer.Coverage != Found { // a document that the registry lost sight of is a matter for people, not for a job
		return nil
	}
	var renewed *citizen.Document
	if answer.State == DocumentValid && !answer.Lifetime && document.Expires.Before(answer.Expires) {
		document.Expires = answer.Expires
		renewed = &document
	}
	same := answer.Person.Standing.Accompanied == person.Standing.Accompanied && answer.Person.Standing.Deceased == person.Standing.Deceased
	if same && renewed == nil {
		return nil
	}
	return r.Service.Standing(ctx, who, answer.Person.Standing, renewed)
}

// firstCheck is how long a fresh registration is taken at its word.
const firstCheck = 24 * time.Hour

// scheduleCheck has the registry asked again about documents that it knows.
func (s *Service) scheduleCheck(tx Tx, who citizen.ID, founding citizen.Document, now time.Time) error {
	if !Covered(founding) {
		return nil
	}
	return tx.ScheduleCheck(who, now.Add(firstCheck))
}
