package login

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/message"
	"chave/internal/core/random"
	"chave/internal/core/service"
)

// Tx is what a transaction must offer to a sign-in.
type Tx interface {
	citizen.Tx
	credential.Tx
	consent.Tx
	service.Tx
	message.Tx
	audit.Tx
	grant.Tx

	// InsertLogin writes a new transaction with Version 1.
	InsertLogin(Transaction) error
	// Login reads one; fault.LoginUnknown when there is none.
	Login(id string) (Transaction, error)
	// UpdateLogin replaces the row of the same Version and adds one to it, else fault.RowConflict: run again, the step has passed.
	UpdateLogin(Transaction) error

	// SessionByHandle reads the session whose cookie has this digest, ended or not; fault.RowNotFound when there is none.
	SessionByHandle(digest []byte) (Session, error)
	// Session reads one by its id, ended or not; fault.RowNotFound when there is none.
	Session(id string) (Session, error)
	// SessionsOf lists the sessions of a person that have not ended.
	SessionsOf(citizen.ID) ([]Session, error)
	// InsertSession writes a new session with Version 1.
	InsertSession(Session) error
	// UpdateSession replaces the row of the same Version and adds one to it, else fault.RowConflict.
	UpdateSession(Session) error
	// EndGrantsOfSession ends every grant family that came from a session.
	EndGrantsOfSession(session string, at time.Time) error
	// EndGrantsOfPerson ends every grant family of a person, for one service or, when it is empty, for all.
	EndGrantsOfPerson(who citizen.ID, service string, at time.Time) error
	// InsertLogoutNotice queues word to one service that a session ended.
	InsertLogoutNotice(LogoutNotice) error
	// LeaseLogoutNotices gives up to n notices that are due and unleased, and leases them until an instant.
	LeaseLogoutNotices(worker string, n int, now, until time.Time) ([]LogoutNotice, error)
	// DoneLogoutNotice removes a notice; RetryLogoutNotice gives it back to be tried at an instant.
	DoneLogoutNotice(worker, id string) error
	RetryLogoutNotice(worker, id string, at time.Time) error

	// Index is the keyed index of an identifier, the same that people are found by.
	Index(citizen.Identifier) []byte
}

// Service runs sign-ins. All fields but Sources are required.
type Service struct {
	Do     func(ctx context.Context, fn func(Tx) error) error // fn may be run again
	View   func(ctx context.Context, fn func(Tx) error) error // reads only
	Hasher credential.Hasher
	// Sources are asked for what Chave does not hold; nil for none.
	Sources *consent.Sources
	Policy  credential.Policy // with Defaults applied
	Times   Times
	Now     func() time.Time
	Rand    io.Reader
	Wake    func() // the outbox has something to send
	Log     *slog.Logger
	// AddressKey keys the digest under which a network address is counted; addresses are never stored in clear.
	AddressKey func(address string) []byte
	// CanSign tells whether a person has a key that signs (R4.14); nil for nobody.
	CanSign func(tx Tx, who citizen.ID, now time.Time) (bool, error)
	// Ended ends, in the commit that ends a person's key, what lives no longer than it (R4.12); nil for nothing.
	Ended func(tx Tx, who citizen.ID, now time.Time) error
}

// Request is what a wire asks for, already checked against its own rules and the service's registration.
type Request struct {
	Wire      string
	Realm     Realm
	Payload   []byte
	Resume    func(id string) string // local path to come back to
	Return    string                 // where the browser goes at the end, already checked against the registration; may be empty
	Purpose   Purpose
	Service   service.Service
	Ask       []consent.Ask
	SkipShare bool              // no share page for people who agreed to all of this before; only for services that may ask so (R5.12)
	Params    map[string]string // of attributes, for sources; see consent.ParamsOf
	Late      bool              // Resume also answers for a sign-in that ran out of time: the service hears of it
	Small     bool              // the pages are shown in a small window, and keep to what fits there
	Offline   bool              // the service may come back for the data while the person is away, and says so on the share page (A16)
	MinLevel  service.Level
	MaxAge    *time.Duration // nil for no limit
	Force     bool           // PIN and code afresh whatever session there is
	Lang      string
	Hint      string
	Browser   string // cookies as received
	Session   string
}

// Begin stores a transaction. A session that covers the request takes it straight to consent (R5.23).
func (s *Service) Begin(ctx context.Context, r Request) (Transaction, error) {
	if r.Service.Closed {
		return Transaction{}, fault.New(fault.ServiceUnknown)
	}
	now := s.Now()
	t := Transaction{
		ID: random.ID(s.Rand), CreatedAt: now, ExpiresAt: now.Add(s.Times.Transaction), Browser: Digest(r.Browser),
		Wire: r.Wire, Realm: r.Realm, SkipShare: r.SkipShare, Params: r.Params, Small: r.Small, Late: r.Late, Payload: r.Payload, Return: r.Return, Purpose: r.Purpose, Service: r.Service.ID, Ask: r.Ask, Offline: r.Offline,
		MinLevel: max(r.MinLevel, service.LevelPassword), Lang: r.Lang, Hint: r.Hint,
	}
	t.Resume = r.Resume(t.ID)
	err := s.Do(ctx, func(tx Tx) error {
		if r.Session != "" {
			if err := s.fromSession(tx, r, &t, now); err != nil {
				return err
			}
		}
		return tx.InsertLogin(t)
	})
	return t, err
}

// fromSession lets a living session stand in for the first steps, as far as the request allows.
func (s *Service) fromSession(tx Tx, r Request, t *Transaction, now time.Time) error {
	found, person, err := s.livingSession(tx, r.Realm, r.Session)
	if fault.Is(err, fault.SessionNeeded) {
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case found.covers(r, now):
		t.Person, t.Subject, t.Session = person.ID, credential.SubjectOf(person.ID), found.ID
		t.PINRight, t.CodeRight, t.Reused = true, true, true
		t.Level, t.Means, t.AuthAt = found.Level, found.Means, found.AuthAt
		found.ExpiresAt = earlier(found.StartedAt.Add(s.Times.SessionMax), now.Add(s.Times.SessionIdle))
		if err := tx.UpdateSession(found); err != nil || !t.SkipShare {
			return err
		}
		person, key, err := s.holder(tx, person.ID)
		if err != nil {
			return err
		}
		return s.skipShare(tx, t, person, key, now)
	case r.Purpose != SignIn: // the holder's own acts ask the PIN again, not the name
		t.Person, t.Subject = person.ID, credential.SubjectOf(person.ID)
	}
	return nil
}

// Load reads a transaction for the browser that began it.
func (s *Service) Load(ctx context.Context, id, browser string) (Transaction, error) {
	var t Transaction
	err := s.View(ctx, func(tx Tx) (err error) {
		t, err = tx.Login(id)
		return err
	})
	if err == nil && !t.fromBrowser(browser) {
		return Transaction{}, fault.New(fault.LoginOtherBrowser)
	}
	return t, err
}

// step runs fn on a transaction that waits for one of the wanted steps, and stores the outcome by compare-and-set.
func (s *Service) step(ctx context.Context, id, browser string, fn func(tx Tx, t *Transaction, now time.Time) error, want ...Step) (Transaction, error) {
	var t Transaction
	err := s.Do(ctx, func(tx Tx) (err error) {
		if t, err = tx.Login(id); err != nil {
			return err
		}
		if !t.fromBrowser(browser) {
			return fault.New(fault.LoginOtherBrowser)
		}
		now := s.Now()
		if err := expect(t.Next(now), want); err != nil {
			return err
		}
		t.Notice = nil
		if err := fn(tx, &t, now); err != nil {
			return err
		}
		return tx.UpdateLogin(t)
	})
	return t, err
}

func expect(at Step, want []Step) error {
	for _, w := range want {
		if at == w {
			return nil
		}
	}
	switch at {
	case StepExpired:
		return fault.New(fault.LoginExpired)
	case StepOver:
		return fault.New(fault.LoginAlreadyFinished)
	}
	return fault.New(fault.StepPassed)
}

// Identify takes what the person typed. Whoever it names, and whether it names anybody, the answer is the same: the PIN page (blueprint §4.10).
func (s *Service) Identify(ctx context.Context, id, browser, identifier, country string) (Transaction, error) {
	typed, err := citizen.ParseTyped(identifier, country)
	if err != nil {
		return Transaction{}, err
	}
	return s.step(ctx, id, browser, func(tx Tx, t *Transaction, _ time.Time) error {
		candidates := typed.Candidates()
		people, err := tx.PeopleWith(candidates...)
		if err != nil {
			return err
		}
		t.Typed, t.Country = identifier, country
		t.Person, t.Subject = "", credential.UnknownSubject(hex.EncodeToString(tx.Index(candidates[0])))
		// The same number under two document types of one country names two people: never guess (R3.04).
		if len(people) == 1 {
			t.Person, t.Subject = people[0], credential.SubjectOf(people[0])
		}
		return nil
	}, StepWho)
}

// Back returns to the first question, to type another identifier.
func (s *Service) Back(ctx context.Context, id, browser string) (Transaction, error) {
	return s.step(ctx, id, browser, func(_ Tx, t *Transaction, _ time.Time) error {
		t.startOver("")
		t.Notice, t.Stop = nil, nil
		return nil
	}, StepPIN, StepCode)
}

// Refuse is "no", at any step: the wire gets the service's refusal at once.
func (s *Service) Refuse(ctx context.Context, id, browser string) (Transaction, error) {
	return s.step(ctx, id, browser, func(tx Tx, t *Transaction, now time.Time) error {
		t.Refusal = fault.RefusedByPerson
		if t.Stop != nil {
			t.Refusal = t.Stop.Code
		}
		return s.recordRefusal(tx, t, now)
	}, StepWho, StepPIN, StepCode, StepChoosePIN, StepShare, StepConfirm, StepStop)
}

func (s *Service) recordRefusal(tx Tx, t *Transaction, now time.Time) error {
	if t.CodeRight { // only somebody who proved who they are writes into the holder's history
		if err := tx.InsertVisit(s.visit(t, "refused", now)); err != nil {
			return err
		}
	}
	e := s.event(audit.LoginRefused, t.Person, t.Service, t.ID, now)
	e.Data = map[string]string{"fault": string(t.Refusal)}
	return tx.InsertAudit(e)
}

func (s *Service) event(kind audit.Kind, who citizen.ID, service, login string, now time.Time) audit.Event {
	return audit.Event{ID: random.ID(s.Rand), At: now, Kind: kind, Person: who, Service: service, Login: login}
}

func (s *Service) visit(t *Transaction, outcome string, now time.Time) consent.Visit {
	return consent.Visit{
		ID: random.ID(s.Rand), Person: t.Person, Service: t.Service, At: now, Level: int(t.Level), Means: t.Means, Outcome: outcome,
	}
}
