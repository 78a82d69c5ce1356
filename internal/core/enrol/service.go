package enrol

import (
	"context"
	"io"
	"slices"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/random"
)

// Tx is what a transaction must offer to a registration.
type Tx interface {
	citizen.Tx
	credential.Tx
	message.Tx
	audit.Tx

	// InsertCase writes a new case with Version 1.
	InsertCase(Case) error
	// Case reads one; fault.CaseUnknown when there is none.
	Case(id string) (Case, error)
	// UpdateCase replaces the row of the same Version and adds one to it, else fault.RowConflict.
	UpdateCase(Case) error
	// CasesOf lists an operator's cases since an instant, newest first.
	CasesOf(operator citizen.ID, since time.Time) ([]Case, error)
	// ScheduleCheck says when the registry is to be asked about somebody; DueChecks lists up to n people who are due.
	ScheduleCheck(who citizen.ID, at time.Time) error
	DueChecks(now time.Time, n int) ([]citizen.ID, error)
	// GiveRole, TakeRole and HasRole keep who works as what.
	GiveRole(who citizen.ID, role string, at time.Time) error
	TakeRole(who citizen.ID, role string) error
	HasRole(who citizen.ID, role string) (bool, error)
	// EndGrantsOfPerson ends every grant family of a person, for one service or, when it is empty, for all.
	EndGrantsOfPerson(who citizen.ID, service string, at time.Time) error
}

// Operator is the role that may register people at a counter.
const Operator = "operator"

// Service runs registrations. All fields but Ended are required.
type Service struct {
	Do       func(ctx context.Context, fn func(Tx) error) error
	View     func(ctx context.Context, fn func(Tx) error) error
	Registry Registry
	Hasher   credential.Hasher
	Policy   credential.Policy
	Rules    Rules
	Now      func() time.Time
	Rand     io.Reader
	Wake     func()
	// Ended ends, in the commit that ends or replaces a person's key, what lives no longer than it (R4.12); nil for nothing.
	Ended func(tx Tx, who citizen.ID, now time.Time) error
}

func (s *Service) endWith(tx Tx, who citizen.ID, now time.Time) error {
	if s.Ended == nil {
		return nil
	}
	return s.Ended(tx, who, now)
}

// HasRole tells whether somebody works as what, now: it is asked at each request, so that a role taken away ends at once.
func (s *Service) HasRole(ctx context.Context, who citizen.ID, role string) (bool, error) {
	has := false
	err := s.View(ctx, func(tx Tx) (err error) {
		has, err = tx.HasRole(who, role)
		return err
	})
	return has, err
}

// Cases lists an operator's own cases since an instant, newest first.
func (s *Service) Cases(ctx context.Context, operator citizen.ID, since time.Time) ([]Case, error) {
	var all []Case
	err := s.View(ctx, func(tx Tx) (err error) {
		all, err = tx.CasesOf(operator, since)
		return err
	})
	return all, err
}

// Open begins a case for an operator.
func (s *Service) Open(ctx context.Context, operator citizen.ID) (Case, error) {
	now := s.Now()
	c := Case{ID: random.ID(s.Rand), Operator: operator, CreatedAt: now, ExpiresAt: now.Add(s.Rules.CaseTTL), State: AtDocument}
	return c, s.Do(ctx, func(tx Tx) error { return tx.InsertCase(c) })
}

// Load reads a case for the operator who opened it. What is finished may be looked at for as long as it is kept.
func (s *Service) Load(ctx context.Context, id string, operator citizen.ID) (Case, error) {
	var c Case
	err := s.View(ctx, func(tx Tx) (err error) {
		if c, err = mine(tx, id, operator); err != nil || c.State == Issued || c.State == Refused {
			return err
		}
		return c.alive(s.Now())
	})
	return c, err
}

func mine(tx Tx, id string, operator citizen.ID) (Case, error) {
	c, err := tx.Case(id)
	if err == nil && c.Operator != operator { // the same answer as for a case that does not exist
		return Case{}, fault.New(fault.CaseUnknown)
	}
	return c, err
}

func (c Case) alive(now time.Time) error {
	if now.Before(c.ExpiresAt) {
		return nil
	}
	return fault.New(fault.CaseExpired)
}

// step runs fn on a case that waits in one of the wanted states, and stores the outcome by compare-and-set.
func (s *Service) step(ctx context.Context, id string, operator citizen.ID, fn func(tx Tx, c *Case, now time.Time) error, want ...State) (Case, error) {
	var c Case
	err := s.Do(ctx, func(tx Tx) (err error) {
		if c, err = mine(tx, id, operator); err != nil {
			return err
		}
		now := s.Now()
		if err := c.alive(now); err != nil {
			return err
		}
		if !slices.Contains(want, c.State) {
			return fault.New(fault.StepPassed)
		}
		if err := fn(tx, &c, now); err != nil {
			return err
		}
		return tx.UpdateCase(c)
	})
	return c, err
}

// decided records what became of a case. Data holds names of things, never what they hold.
func (s *Service) decided(tx Tx, c *Case, now time.Time, pairs ...string) error {
	e := audit.Event{ID: random.ID(s.Rand), At: now, Kind: audit.CaseDecided, Actor: string(c.Operator), Data: map[string]string{"case": c.ID}}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Data[pairs[i]] = pairs[i+1]
	}
	return tx.InsertAudit(e)
}

// FirstSignInDone tells whether the resident has replaced the temporary PIN: the desk journey ends with it (R2.11).
func (s *Service) FirstSignInDone(ctx context.Context, c Case) (bool, error) {
	done := false
	err := s.View(ctx, func(tx Tx) error {
		key, err := tx.Key(c.Registered)
		done = err == nil && key.State == credential.Active
		return err
	})
	return done, err
}
