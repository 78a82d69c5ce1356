package login

import (
	"context"
	"errors"
	"slices"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/core/service"
)

// Verified is the proof that a person signed in: only Finish, Silent and Prove make one, and only a Verified can be turned into a token, assertion or response. Its zero
// value proves nothing and says so.
type Verified struct{ v *verified }

type verified struct {
	person   citizen.Person
	service  string
	level    service.Level
	means    []string
	authAt   time.Time
	session  string
	login    string
	answered consent.Answered
	subject  consent.Subject
}

// Proven tells whether this is a proof at all.
func (v Verified) Proven() bool { return v.v != nil }

// Person is the internal id; wires derive subjects from it and never send it.
func (v Verified) Person() citizen.ID { return v.v.person.ID }

// Service is the one service that this proof is for.
func (v Verified) Service() string { return v.v.service }

// Level is what was reached, never more.
func (v Verified) Level() service.Level { return v.v.level }

// Means lists how: "pin", "sms", "email".
func (v Verified) Means() []string { return slices.Clone(v.v.means) }

// AuthAt is when PIN and code were last right.
func (v Verified) AuthAt() time.Time { return v.v.authAt }

// Session is the stable id of the single sign-on session.
func (v Verified) Session() string { return v.v.session }

// Login is the transaction, for the audit trail.
func (v Verified) Login() string { return v.v.login }

// Attributes holds what the person agreed to share and the key, or a source that was asked, holds.
func (v Verified) Attributes() map[consent.Name]consent.Value { return v.v.answered.Values }

// Answered is the same with all that was refused or could not be had: what the wires of CMD tell a service.
func (v Verified) Answered() consent.Answered { return v.v.answered }

// Subject is whose values those are, for a wire that asks sources later.
func (v Verified) Subject() consent.Subject { return v.v.subject }

// Outcome is how a transaction ended: a proof, or a refusal whose code the wire translates.
type Outcome struct {
	Verified Verified
	Refusal  fault.Code
	Payload  []byte // what the wire stored at Begin
	Purpose  Purpose
	Service  string
}

// Finish hands the outcome to the wire, once: a second call, here or on another node, finds it over. In the same commit, grant lets the wire write what
// the outcome becomes, so that an answer exists exactly when the transaction is spent. It may be run again and may be nil.
//
// When something was agreed to that a source holds, the source is asked first, within its time limit and outside any transaction: the answer goes out without what
// did not come.
func (s *Service) Finish(ctx context.Context, id, browser, wire string, grant func(Tx, Outcome) error) (Outcome, error) {
	out, ask, err := s.finish(ctx, id, browser, wire, nil, grant)
	if ask != nil {
		told := s.Sources.Gather(ctx, *ask)
		out, _, err = s.finish(ctx, id, browser, wire, &told, grant)
	}
	return out, err
}

// FinishNow is Finish for a wire whose service comes back for what sources hold: none is asked.
func (s *Service) FinishNow(ctx context.Context, id, browser, wire string, grant func(Tx, Outcome) error) (Outcome, error) {
	out, _, err := s.finish(ctx, id, browser, wire, &consent.Told{}, grant)
	return out, err
}

var errAskFirst = errors.New("sources are to be asked first")

// finish ends the transaction. Without told it ends nothing when sources are to be asked, and returns the question instead.
func (s *Service) finish(ctx context.Context, id, browser, wire string, told *consent.Told, grant func(Tx, Outcome) error) (Outcome, *consent.Query, error) {
	var (
		out Outcome
		ask *consent.Query
	)
	_, err := s.step(ctx, id, browser, func(tx Tx, t *Transaction, now time.Time) error {
		if t.Wire != wire { // one wire's transaction must not become another's answer (blueprint §4.9)
			return fault.New(fault.LoginUnknown)
		}
		t.Over = true
		if err := s.proofStands(tx, t, now); err != nil {
			return err
		}
		if told == nil && t.Refusal == "" && len(consent.SourcesOf(t.Shared)) > 0 {
			subject, err := s.subjectOf(tx, t.Person)
			if err != nil {
				return err
			}
			ask = &consent.Query{Number: random.ID(s.Rand), Service: t.Service, Names: t.Shared, Subject: subject, Params: t.Params}
			return errAskFirst
		}
		out = Outcome{Refusal: t.Refusal, Payload: t.Payload, Purpose: t.Purpose, Service: t.Service}
		if t.Refusal == "" {
			verified, err := s.verify(tx, t, told, now)
			if err != nil {
				return err
			}
			out.Verified = verified
			if err := tx.InsertAudit(s.event(audit.LoginFinished, t.Person, t.Service, t.ID, now)); err != nil {
				return err
			}
		}
		if grant == nil {
			return nil
		}
		return grant(tx, out)
	}, StepResume)
	if errors.Is(err, errAskFirst) {
		return Outcome{}, ask, nil
	}
	return out, nil, err
}

// proofStands turns a sign-in whose proof was taken back after the share page into a refusal: the service hears no, and nothing else.
func (s *Service) proofStands(tx Tx, t *Transaction, now time.Time) error {
	if t.Refusal != "" || t.Purpose != SignIn {
		return nil
	}
	key, err := tx.Key(t.Person)
	if err != nil {
		return err
	}
	if stands, err := s.stands(tx, t, key); err != nil || stands {
		return err
	}
	t.Refusal = fault.SessionNeeded
	return tx.InsertAudit(s.refused(t, t.Refusal, now))
}

// verify builds the proof from rows as they are now. A cancelled key ends here even when the share page was already answered.
func (s *Service) verify(tx Tx, t *Transaction, told *consent.Told, now time.Time) (Verified, error) {
	person, key, err := s.holder(tx, t.Person)
	if err != nil {
		return Verified{}, err
	}
	if err := s.Policy.Usable(key, person, now); err != nil && t.Purpose != CancelKey {
		return Verified{}, err
	}
	subject := consent.Subject{Person: person, KeyEnds: s.Policy.End(key, person), Zone: s.Policy.Zone}
	if slices.Contains(t.Shared, consent.CanSign) {
		if subject.Signs, err = s.canSign(tx, person.ID, now); err != nil {
			return Verified{}, err
		}
	}
	answered := consent.Answered{
		Holder: consent.HolderOf(person), Document: person.Document().Type, Shared: t.Shared, Refused: t.Refused, Values: map[consent.Name]consent.Value{},
	}
	for _, name := range t.Shared {
		if attribute, ok := consent.Lookup(name); ok {
			if value, held := attribute.Value(subject); held {
				answered.Values[name] = value
			}
			if told == nil || attribute.Source == consent.Held {
				continue
			}
			if value, came := told.Values[name]; came {
				answered.Values[name] = value
			}
		}
	}
	if told != nil {
		answered.Withheld = told.Withheld
	}
	return Verified{&verified{
		person: person, service: t.Service, level: t.Level, means: t.Means, authAt: t.AuthAt, session: t.Session, login: t.ID, answered: answered, subject: subject,
	}}, nil
}

// Silent answers a request that may show no page (prompt=none): only a session that covers it, and in which the person has agreed to share all of this
// with this very service. Otherwise fault.SessionNeeded, or fault.RequiredNotShared when only the agreement is missing.
func (s *Service) Silent(ctx context.Context, r Request, grant func(Tx, Outcome) error) (Outcome, error) {
	var out Outcome
	err := s.Do(ctx, func(tx Tx) error {
		now := s.Now()
		found, _, err := s.livingSession(tx, r.Realm, r.Session)
		if err != nil {
			return err
		}
		if !found.covers(r, now) {
			return fault.New(fault.SessionNeeded)
		}
		shared, agreed := found.Shared[r.Service.ID]
		if !agreed {
			return fault.New(fault.RequiredNotShared)
		}
		t := Transaction{
			Service: r.Service.ID, Person: found.Person, Level: found.Level, Means: found.Means, AuthAt: found.AuthAt,
			Session: found.ID, Purpose: SignIn, Ask: r.Ask,
		}
		subject, err := s.subjectOf(tx, found.Person)
		if err != nil {
			return err
		}
		for _, ask := range r.Ask {
			attribute, _ := consent.Lookup(ask.Name)
			if _, held := attribute.Value(subject); held && !slices.Contains(shared, ask.Name) {
				return fault.New(fault.RequiredNotShared)
			}
			t.Shared = append(t.Shared, ask.Name)
		}
		verified, err := s.verify(tx, &t, nil, now)
		if err != nil {
			return err
		}
		out = Outcome{Verified: verified, Payload: r.Payload, Purpose: SignIn, Service: r.Service.ID}
		if err := tx.InsertVisit(s.visit(&t, "signed_in", now)); err != nil {
			return err
		}
		return grant(tx, out)
	})
	return out, err
}

func (s *Service) subjectOf(tx Tx, who citizen.ID) (consent.Subject, error) {
	person, key, err := s.holder(tx, who)
	return consent.Subject{Person: person, KeyEnds: s.Policy.End(key, person), Zone: s.Policy.Zone}, err
}

func (s *Service) canSign(tx Tx, who citizen.ID, now time.Time) (bool, error) {
	if s.CanSign == nil {
		return false, nil
	}
	return s.CanSign(tx, who, now)
}

// Sharing is what the share page shows of one attribute.
type Sharing struct {
	Ask   consent.Ask
	Value consent.Value
	Held  bool // the person's key holds it
	// Source holds it and will be asked once the person agrees; empty when Chave holds it. Value and Held then say nothing.
	Source consent.Source
	Never  bool // no key founded on their document can ever hold it: a counter cannot add it
}

// Offer lists what would be shared, with values, for the share page of the browser that owns the transaction.
func (s *Service) Offer(ctx context.Context, t Transaction) ([]Sharing, error) {
	var subject consent.Subject
	err := s.View(ctx, func(tx Tx) (err error) {
		if subject, err = s.subjectOf(tx, t.Person); err != nil {
			return err
		}
		if slices.ContainsFunc(t.Ask, func(a consent.Ask) bool { return a.Name == consent.CanSign }) {
			subject.Signs, err = s.canSign(tx, t.Person, s.Now())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var offer []Sharing
	for _, ask := range t.Ask {
		attribute, ok := consent.Lookup(ask.Name)
		if !ok {
			continue
		}
		value, held := attribute.Value(subject)
		never := attribute.Never(subject)
		offer = append(offer, Sharing{Ask: ask, Value: value, Held: held, Source: attribute.Source, Never: never})
	}
	return offer, nil
}

// NameOf is the full name of a transaction's person, for the page that greets somebody whose session was reused.
func (s *Service) NameOf(ctx context.Context, t Transaction) (string, error) {
	var person citizen.Person
	err := s.View(ctx, func(tx Tx) (err error) {
		person, err = tx.Person(t.Person)
		return err
	})
	return person.FullName(), err
}
