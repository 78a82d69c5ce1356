package enrol

import (
	"context"
	"slices"
	"strings"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
)

// Document checks the evidence, asks the registry, and decides. Problems of the form come back as Problems and change nothing; a refusal is stored with its reason.
func (s *Service) Document(ctx context.Context, id string, operator citizen.ID, e Evidence) (Case, error) {
	if problems := s.Check(&e); len(problems) > 0 {
		return Case{}, problems
	}
	if _, err := s.Load(ctx, id, operator); err != nil {
		return Case{}, err
	}
	answer, err := s.Registry.Lookup(ctx, Query{Type: e.Type, Country: e.Country, Number: e.Number, BirthDate: e.BirthDate})
	if err != nil || answer.Coverage == NotCovered && !e.foreign() { // a document of ours must not slip into attestation (R2.07)
		return s.undecided(ctx, id, operator, e, err)
	}
	person, differs := merge(e, answer)
	if len(differs) > 0 {
		return Case{}, differs
	}
	return s.step(ctx, id, operator, func(tx Tx, c *Case, now time.Time) error {
		c.restart(e)
		c.Registry, c.RegistryAt, c.Person = answer.Coverage, now, person
		return s.decide(tx, c, answer, now)
	}, AtDocument, Refused, AtAttest)
}

// undecided keeps what was typed for the next try: silence of the registry is never a yes, and never the operator's lost work.
func (s *Service) undecided(ctx context.Context, id string, operator citizen.ID, e Evidence, cause error) (Case, error) {
	c, err := s.step(ctx, id, operator, func(_ Tx, c *Case, _ time.Time) error {
		c.restart(e)
		return nil
	}, AtDocument, Refused, AtAttest)
	if err != nil {
		return Case{}, err
	}
	return c, fault.New(fault.RegistryUnavailable).Because(cause)
}

// Check reads the evidence into its normal form and reports every problem of the form at once.
func (s *Service) Check(e *Evidence) Problems {
	now := s.Now()
	return e.check(citizen.DateOf(now, s.Rules.Zone), now)
}

func (s *Service) decide(tx Tx, c *Case, answer Answer, now time.Time) error {
	attestable := answer.Coverage == NotCovered
	c.State = AtContacts
	if attestable {
		c.State = AtAttest
	}
	if err := s.eligible(c.Person, answer, attestable, now); err != nil {
		c.refuse(fault.Of(err).Code)
	} else if err := s.findHolder(tx, c, now); err != nil {
		return err
	}
	return s.decided(tx, c, now, "registry", string(answer.Coverage), "state", string(c.State), "fault", string(c.Reason))
}

func (c *Case) refuse(reason fault.Code) { c.State, c.Reason = Refused, reason }

// findHolder looks under every identifier the evidence gives for somebody who is already known: one key per person (R1.21). Whose key has ended gets
// a new one and stays the same person (R2.21); whose key lives is refused, and may have that one mended.
func (s *Service) findHolder(tx Tx, c *Case, now time.Time) error {
	people, err := tx.PeopleWith(c.Person.Identifiers()...)
	if err != nil || len(people) == 0 {
		return err
	}
	if len(people) > 1 { // the numbers of two people on one desk: no clerk decides that alone
		c.refuse(fault.AlreadyHasKey)
		return nil
	}
	held, err := tx.Person(people[0])
	if err != nil {
		return err
	}
	key, err := tx.Key(held.ID)
	if err != nil {
		return err
	}
	switch {
	case held.Standing.Deceased: // irreversible, whatever this answer says (R1.33)
		c.refuse(fault.Deceased)
	case held.BirthDate != c.Person.BirthDate, held.ID == c.Operator: // nobody is their own operator
		c.refuse(fault.AlreadyHasKey)
	case s.Policy.Status(key, held, now) == credential.StatusEnded:
		c.Act, c.Holder = Again, held.ID
	default:
		c.Act, c.Holder = Mend, held.ID
		c.refuse(fault.AlreadyHasKey)
	}
	return nil
}

// Mend goes on with a case that was refused because the person has a key: the same checks of document and phone end in a new temporary PIN for that key. It
// lifts a block for good (R3.24), a lost PIN (R3.09), a lost phone (R3.28) and a renewed document (R1.27).
func (s *Service) Mend(ctx context.Context, id string, operator citizen.ID) (Case, error) {
	return s.step(ctx, id, operator, func(tx Tx, c *Case, now time.Time) error {
		if c.Act != Mend || c.Reason != fault.AlreadyHasKey {
			return fault.New(fault.StepPassed)
		}
		held, err := tx.Person(c.Holder)
		if err != nil {
			return err
		}
		c.Person.Phone, c.Person.Email, c.Person.Lang, c.EmailKept = held.Phone, held.Email, held.Lang, held.Email != ""
		keep(&c.Person.NIF, held.NIF)
		keep(&c.Person.NISS, held.NISS)
		keep(&c.Person.NSNS, held.NSNS)
		c.Reason, c.State = "", AtContacts
		if c.Registry == NotCovered {
			c.State = AtAttest
		}
		return s.decided(tx, c, now, "act", string(Mend))
	}, Refused)
}

func keep(into *string, held string) {
	if *into == "" {
		*into = held
	}
}

// Attest records what the operator checked by eye on a document that no registry here knows. All of it is required.
func (s *Service) Attest(ctx context.Context, id string, operator citizen.ID, checked []string) (Case, error) {
	var missing Problems
	for _, need := range Attestations() {
		if !slices.Contains(checked, need) {
			missing = append(missing, fault.New(fault.AttestationMissing).On(need))
		}
	}
	if len(missing) > 0 {
		return Case{}, missing
	}
	return s.step(ctx, id, operator, func(tx Tx, c *Case, now time.Time) error {
		c.Attested, c.State = Attestations(), AtContacts
		c.Person.Standing = citizen.Standing{Accompanied: citizen.No, AsOf: now}
		return s.decided(tx, c, now, "attested", strings.Join(c.Attested, ","))
	}, AtAttest)
}

// Back returns to the document, to put right what was typed. What came after it is asked again.
func (s *Service) Back(ctx context.Context, id string, operator citizen.ID) (Case, error) {
	return s.step(ctx, id, operator, func(_ Tx, c *Case, _ time.Time) error {
		c.restart(c.Evidence)
		return nil
	}, AtDocument, AtAttest, AtContacts, AtNumbers, Refused)
}

// restart forgets everything but what was typed from the document: nothing that was decided on other evidence may stay.
func (c *Case) restart(e Evidence) {
	*c = Case{
		ID: c.ID, Version: c.Version, Operator: c.Operator, CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt, State: AtDocument, Evidence: e,
	}
}
