package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/outside/store"
)

// ErrBootstrapped says that an installation has an operator already: the next one is made by `chave admin operator add`, from a person with a key.
var ErrBootstrapped = errors.New("there is an operator already: register the person at the counter, then give the role with `chave admin operator add`")

// Bootstrap registers the first operator with a temporary PIN, which is returned this once.
func (a *App) Bootstrap(ctx context.Context, who citizen.Person) (credential.PIN, error) {
	any := false
	err := a.DB.View(ctx, func(tx *store.Tx) (err error) {
		any, err = tx.AnyWithRole(enrol.Operator)
		return err
	})
	if err != nil {
		return credential.PIN{}, err
	}
	if any {
		return credential.PIN{}, ErrBootstrapped
	}
	who.Standing = citizen.Standing{Accompanied: citizen.No, AsOf: a.Now()} // whoever sets up the machine vouches; the record says so
	pin := a.Hasher.NewTemporaryPIN(who)
	_, err = a.Enrol.Admit(ctx, enrol.Admission{
		Person: who, PIN: pin, Actor: "bootstrap", At: a.Now(), Roles: []string{enrol.Operator}, Temporary: true,
	})
	return pin, err
}

// SetOperator gives or takes the operator role, audited.
func (a *App) SetOperator(ctx context.Context, phone citizen.Phone, give bool) error {
	return a.DB.Do(ctx, func(tx *store.Tx) error {
		found, err := tx.PeopleWith(citizen.Identifier{Kind: citizen.ByPhone, Value: string(phone)})
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return fault.New(fault.RowNotFound)
		}
		kind := audit.RoleGiven
		if give {
			err = tx.GiveRole(found[0], enrol.Operator, a.Now())
		} else {
			kind = audit.RoleTaken
			err = tx.TakeRole(found[0], enrol.Operator)
		}
		if err != nil {
			return err
		}
		return tx.InsertAudit(audit.Event{
			ID: random.ID(a.rand), At: a.Now(), Kind: kind, Person: found[0], Actor: "admin", Data: map[string]string{"role": enrol.Operator},
		})
	})
}

// Services lists the registrations, Chave's own areas left out.
func (a *App) Services(ctx context.Context) ([]service.Service, error) {
	var all []service.Service
	err := a.DB.View(ctx, func(tx *store.Tx) error {
		found, err := tx.Services()
		all = nil
		for _, one := range found {
			if !one.FirstParty {
				all = append(all, one)
			}
		}
		return err
	})
	return all, err
}

// RemoveService removes a registration, audited.
func (a *App) RemoveService(ctx context.Context, id, actor string) error {
	return a.DB.Do(ctx, func(tx *store.Tx) error {
		before, err := tx.Service(id)
		if err != nil {
			return err
		}
		if before.FirstParty {
			return fault.New(fault.ServiceInvalid)
		}
		if _, err := tx.DeleteService(id); err != nil {
			return err
		}
		return tx.InsertAudit(audit.Event{ID: random.ID(a.rand), At: a.Now(), Kind: audit.ServiceDeleted, Service: id, Actor: actor})
	})
}

// WriteService writes a registration without its secret, the groups of residents it shuts out, and what it opens in the wall between CMD's wires and today's rules.
func WriteService(w io.Writer, one service.Service, now time.Time) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		service.Settings
		ShutsOut any               `json:"shuts_out,omitempty"`
		Wall     []service.Opening `json:"wall,omitempty"`
	}{one.Settings, one.Forgets(), one.Wall(now)})
}
