package enrol

import (
	"context"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/random"
	"chave/internal/format/ptnumber"
)

// Numbers are the sector numbers that clerks should register (R2.10).
type Numbers struct{ NIF, NISS, NSNS string }

// CheckNumbers completes the person's numbers. Those the registry gave cannot be overwritten. NIF is required for permits and residence cards (R1.11).
func (s *Service) CheckNumbers(c Case, n Numbers) (citizen.Person, Problems) {
	p := c.Person
	var problems Problems
	take := func(field string, into *string, typed string, valid func(string) bool) {
		typed = citizen.NormalNumber(typed)
		if *into != "" || typed == "" {
			return
		}
		if !valid(typed) {
			problems = append(problems, fault.New(fault.FieldMalformed).On(field))
			return
		}
		*into = typed
	}
	take("nif", &p.NIF, n.NIF, func(v string) bool { _, err := ptnumber.ParseNIF(v); return err == nil })
	take("niss", &p.NISS, n.NISS, func(v string) bool { _, err := ptnumber.ParseNISS(v); return err == nil })
	take("nsns", &p.NSNS, n.NSNS, func(v string) bool { _, err := ptnumber.ParseNSNS(v); return err == nil })
	if p.NIF == "" && c.NeedsNIF() && len(problems) == 0 {
		problems = append(problems, fault.New(fault.FieldMissing).On("nif"))
	}
	return p, problems
}

// Issue registers the person and makes the key with a temporary PIN, which is returned this once and never again (R2.09).
func (s *Service) Issue(ctx context.Context, id string, operator citizen.ID, n Numbers) (Case, credential.PIN, error) {
	before, err := s.Load(ctx, id, operator)
	if err != nil {
		return Case{}, credential.PIN{}, err
	}
	person, problems := s.CheckNumbers(before, n)
	if len(problems) > 0 {
		return Case{}, credential.PIN{}, problems
	}
	if person.ID = before.Holder; person.ID == "" {
		person.ID = citizen.ID(random.ID(s.Rand))
	}
	pin, stored, err := s.temporary(person)
	if err != nil {
		return Case{}, credential.PIN{}, err
	}
	c, err := s.step(ctx, id, operator, func(tx Tx, c *Case, now time.Time) error {
		if c.Version != before.Version { // another tab changed the case since its numbers were checked
			return fault.New(fault.StepPassed)
		}
		c.Person, c.State, c.Registered, c.PINUntil = person, Issued, person.ID, now.Add(s.Policy.TemporaryPINTTL)
		key := credential.Key{Person: person.ID, State: credential.PendingPIN, PIN: stored, PINUntil: c.PINUntil, CreatedAt: now}
		if c.Act == NewKey {
			return s.register(tx, c, key, now)
		}
		return s.renew(tx, c, key, now)
	}, AtNumbers)
	s.Wake()
	if err != nil {
		return c, credential.PIN{}, err
	}
	return c, pin, nil
}

// temporary draws a PIN that the system, not a clerk, chooses, and its stored form. It is slow, so it stays outside transactions.
func (s *Service) temporary(person citizen.Person) (credential.PIN, credential.StoredPIN, error) {
	pin := s.Hasher.NewTemporaryPIN(person)
	stored, err := s.Hasher.Hash(pin, person.ID)
	if err != nil {
		return credential.PIN{}, credential.StoredPIN{}, fault.New(fault.StoreUnavailable).Because(err)
	}
	return pin, stored, nil
}

func (s *Service) register(tx Tx, c *Case, key credential.Key, now time.Time) error {
	p := c.Person
	p.ID, p.CreatedAt = key.Person, now
	if err := s.release(tx, p); err != nil {
		return takenBy(err)
	}
	if err := tx.InsertPerson(p); err != nil {
		return takenBy(err)
	}
	if err := tx.InsertKey(key); err != nil {
		return err
	}
	if err := s.tell(tx, message.KeyCreated, now, p); err != nil {
		return err
	}
	return s.issued(tx, c, now)
}

// renew gives a known person a key that replaces the one before: whatever the old one opened is closed, and both the old and the new contacts are
// told (R2.21, R5.05). What was checked at this desk is new evidence, so the key's ten years begin again (R1.28).
func (s *Service) renew(tx Tx, c *Case, key credential.Key, now time.Time) error {
	held, err := tx.Person(c.Holder)
	if err != nil {
		return err
	}
	before, err := tx.Key(c.Holder)
	if err != nil {
		return err
	}
	ended := s.Policy.Status(before, held, now) == credential.StatusEnded
	switch {
	case held.Standing.Deceased:
		return fault.New(fault.Deceased)
	case ended != (c.Act == Again): // another desk, or the holder, was faster
		return fault.New(fault.StepPassed)
	}
	p := c.Person
	p.ID, p.Version, p.CreatedAt = held.ID, held.Version, held.CreatedAt
	p.Documents = append(p.Documents[:1:1], held.Documents[min(1, len(held.Documents)):]...)
	if err := s.release(tx, p); err != nil {
		return takenBy(err)
	}
	if err := tx.UpdatePerson(p); err != nil {
		return takenBy(err)
	}
	key.Version, key.EarlierPINs = before.Version, before.EarlierPINs
	if !before.Temporary() {
		key.EarlierPINs = append([]credential.StoredPIN{before.PIN}, before.EarlierPINs...)
		key.EarlierPINs = key.EarlierPINs[:min(len(key.EarlierPINs), s.Policy.PINHistory)]
	}
	if err := tx.UpdateKey(key); err != nil {
		return err
	}
	if err := s.endWith(tx, p.ID, now); err != nil {
		return err
	}
	if err := tx.ClearTriesOf(credential.SubjectOf(p.ID)); err != nil {
		return err
	}
	if err := tx.ForgetBrowsers(p.ID); err != nil {
		return err
	}
	if err := tx.EndGrantsOfPerson(p.ID, "", now); err != nil {
		return err
	}
	kind := message.PINChanged
	if c.Act == Again {
		kind = message.KeyCreated
	}
	if err := s.tell(tx, kind, now, held, p); err != nil {
		return err
	}
	return s.issued(tx, c, now)
}

// Reissue makes another temporary PIN for a key that still waits for its first sign-in: the paper was lost, or its page was closed. The one before is void.
func (s *Service) Reissue(ctx context.Context, id string, operator citizen.ID) (Case, credential.PIN, error) {
	before, err := s.Load(ctx, id, operator)
	if err != nil {
		return Case{}, credential.PIN{}, err
	}
	if before.State != Issued {
		return before, credential.PIN{}, fault.New(fault.StepPassed)
	}
	person := before.Person
	person.ID = before.Registered
	pin, stored, err := s.temporary(person)
	if err != nil {
		return Case{}, credential.PIN{}, err
	}
	c, err := s.step(ctx, id, operator, func(tx Tx, c *Case, now time.Time) error {
		key, err := tx.Key(c.Registered)
		if err != nil {
			return err
		}
		if key.State != credential.PendingPIN { // the resident has chosen a PIN: no desk may undo that without a new case
			return fault.New(fault.StepPassed)
		}
		c.PINUntil = now.Add(s.Policy.TemporaryPINTTL)
		key.PIN, key.PINUntil = stored, c.PINUntil
		if err := tx.UpdateKey(key); err != nil {
			return err
		}
		if err := tx.ClearTriesOf(credential.SubjectOf(c.Registered)); err != nil {
			return err
		}
		c.Reissued++
		return s.issued(tx, c, now)
	}, Issued)
	if err != nil {
		return c, credential.PIN{}, err
	}
	return c, pin, nil
}

// tell writes to every contact of one person, once each, however many versions of them are given.
func (s *Service) tell(tx Tx, kind message.Kind, now time.Time, versions ...citizen.Person) error {
	told := map[string]bool{}
	for _, p := range versions {
		for _, m := range message.Everywhere(p) {
			if told[m.To] {
				continue
			}
			told[m.To] = true
			m.ID, m.Kind, m.At = random.ID(s.Rand), kind, now
			if err := tx.InsertMessage(m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) issued(tx Tx, c *Case, now time.Time) error {
	if err := s.scheduleCheck(tx, c.Registered, c.Person.Document(), now); err != nil {
		return err
	}
	e := audit.Event{ID: random.ID(s.Rand), At: now, Kind: audit.KeyIssued, Person: c.Registered, Actor: string(c.Operator)}
	e.Data = map[string]string{"case": c.ID, "document": string(c.Person.Document().Type), "act": string(c.Act)}
	if c.Reissued > 0 {
		e.Data["act"] = "reissue"
	}
	return tx.InsertAudit(e)
}

// takenBy turns a unique index's refusal into the sentence for its field (R1.21). A conflict without a field is another desk's write.
func takenBy(err error) error {
	if !fault.Is(err, fault.RowConflict) {
		return err
	}
	field := fault.Of(err).Field
	switch citizen.IdentifierKind(field) {
	case "":
		return err
	case citizen.ByPhone:
		return fault.New(fault.PhoneTaken).On("phone").Because(err)
	case citizen.ByEmail:
		return fault.New(fault.EmailTaken).On("email").Because(err)
	case citizen.ByNIF, citizen.ByNISS, citizen.ByNSNS:
		return fault.New(fault.NumberTaken).On(field).Because(err)
	}
	return fault.New(fault.AlreadyHasKey).Because(err)
}
