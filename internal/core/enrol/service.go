package enrol

import (
	"context"
	"crypto/subtle"
	"io"
	"slices"
	"strings"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/random"
	"chave/internal/format/ptnumber"
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
	// GiveRole, TakeRole and HasRole keep who works as what.
	GiveRole(who citizen.ID, role string, at time.Time) error
	TakeRole(who citizen.ID, role string) error
	HasRole(who citizen.ID, role string) (bool, error)
}

// Operator is the role that may register people at a counter.
const Operator = "operator"

// Service runs registrations. All fields are required.
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
}

// Open begins a case for an operator.
func (s *Service) Open(ctx context.Context, operator citizen.ID) (Case, error) {
	now := s.Now()
	c := Case{ID: random.ID(s.Rand), Operator: operator, CreatedAt: now, ExpiresAt: now.Add(s.Rules.CaseTTL), State: AtDocument}
	return c, s.Do(ctx, func(tx Tx) error { return tx.InsertCase(c) })
}

// Load reads a case for the operator who opened it.
func (s *Service) Load(ctx context.Context, id string, operator citizen.ID) (Case, error) {
	var c Case
	err := s.View(ctx, func(tx Tx) (err error) {
		c, err = s.mine(tx, id, operator)
		return err
	})
	return c, err
}

func (s *Service) mine(tx Tx, id string, operator citizen.ID) (Case, error) {
	c, err := tx.Case(id)
	if err == nil && c.Operator != operator {
		return Case{}, fault.New(fault.CaseUnknown)
	}
	if err == nil && !s.Now().Before(c.ExpiresAt) {
		return Case{}, fault.New(fault.CaseExpired)
	}
	return c, err
}

func (s *Service) step(ctx context.Context, id string, operator citizen.ID, fn func(tx Tx, c *Case, now time.Time) error, want ...State) (Case, error) {
	var c Case
	err := s.Do(ctx, func(tx Tx) (err error) {
		if c, err = s.mine(tx, id, operator); err != nil {
			return err
		}
		if !slices.Contains(want, c.State) {
			return fault.New(fault.StepPassed)
		}
		if err := fn(tx, &c, s.Now()); err != nil {
			return err
		}
		return tx.UpdateCase(c)
	})
	return c, err
}

// Document checks the evidence, asks the registry, and decides. Problems of the form come back as Problems and change nothing; a refusal is stored with its reason.
func (s *Service) Document(ctx context.Context, id string, operator citizen.ID, e Evidence) (Case, error) {
	now := s.Now()
	if problems := e.check(citizen.DateOf(now, s.Rules.Zone), now); len(problems) > 0 {
		return Case{}, problems
	}
	if _, err := s.Load(ctx, id, operator); err != nil {
		return Case{}, err
	}
	answer, err := s.Registry.Lookup(ctx, Query{Type: e.Type, Country: e.Country, Number: e.Number, BirthDate: e.BirthDate})
	if err != nil {
		return Case{}, fault.New(fault.RegistryUnavailable).Because(err)
	}
	person, differs := merge(e, answer)
	if len(differs) > 0 {
		return Case{}, differs
	}
	return s.step(ctx, id, operator, func(tx Tx, c *Case, now time.Time) error {
		c.Evidence, c.Registry, c.RegistryAt, c.Person = e, answer.Coverage, now, person
		return s.decide(tx, c, answer, now)
	}, AtDocument, Refused, AtAttest)
}

func (s *Service) decide(tx Tx, c *Case, answer Answer, now time.Time) error {
	c.Reason, c.State = "", AtContacts
	attestable := answer.Coverage == NotCovered
	if err := s.Rules.eligible(c.Person, answer, attestable, now); err != nil {
		c.Reason, c.State = fault.Of(err).Code, Refused
	} else if taken, err := s.alreadyHasKey(tx, c.Person); err != nil {
		return err
	} else if taken {
		c.Reason, c.State = fault.AlreadyHasKey, Refused
	} else if attestable {
		c.State = AtAttest
	}
	e := audit.Event{ID: random.ID(s.Rand), At: now, Kind: audit.CaseDecided, Actor: string(c.Operator)}
	e.Data = map[string]string{"case": c.ID, "registry": string(answer.Coverage), "state": string(c.State), "fault": string(c.Reason)}
	return tx.InsertAudit(e)
}

// alreadyHasKey looks under every identifier the evidence gives: one key per person (R1.21).
func (s *Service) alreadyHasKey(tx Tx, p citizen.Person) (bool, error) {
	people, err := tx.PeopleWith(p.Identifiers()...)
	if err != nil {
		return false, err
	}
	for _, id := range people {
		key, err := tx.Key(id)
		switch {
		case err == nil && (key.State == credential.Active || key.State == credential.PendingPIN):
			return true, nil
		case err != nil && !fault.IsKind(err, fault.NotFound):
			return false, err
		}
	}
	return false, nil
}

// Attest records what the operator checked by eye on a document that no registry here knows. All of it is required.
func (s *Service) Attest(ctx context.Context, id string, operator citizen.ID, checked []string) (Case, error) {
	for _, need := range Attestations() {
		if !slices.Contains(checked, need) {
			return Case{}, fault.New(fault.AttestationMissing).On(need)
		}
	}
	return s.step(ctx, id, operator, func(tx Tx, c *Case, now time.Time) error {
		c.Attested, c.State = Attestations(), AtContacts
		c.Person.Standing = citizen.Standing{Accompanied: citizen.No, AsOf: now}
		e := audit.Event{ID: random.ID(s.Rand), At: now, Kind: audit.CaseDecided, Actor: string(operator)}
		e.Data = map[string]string{"case": c.ID, "attested": strings.Join(c.Attested, ",")}
		return tx.InsertAudit(e)
	}, AtAttest)
}

// SendPhoneCode sends a code to the phone in the resident's hand (R2.06, R2.08). A phone that belongs to another key is refused (R1.21).
func (s *Service) SendPhoneCode(ctx context.Context, id string, operator citizen.ID, phone, lang string) (Case, error) {
	number, err := citizen.ParsePhone(phone)
	if err != nil {
		return Case{}, fault.New(fault.FieldMalformed).On("phone").Because(err)
	}
	return s.sendContactCode(ctx, id, operator, message.SMS, string(number), lang)
}

// SendEmailCode sends a code to the e-mail (R1.23, R2.08).
func (s *Service) SendEmailCode(ctx context.Context, id string, operator citizen.ID, email, lang string) (Case, error) {
	address, err := citizen.ParseEmail(email)
	if err != nil {
		return Case{}, fault.New(fault.FieldMalformed).On("email").Because(err)
	}
	return s.sendContactCode(ctx, id, operator, message.EmailRoute, string(address), lang)
}

func (s *Service) sendContactCode(ctx context.Context, id string, operator citizen.ID, channel message.Channel, to, lang string) (Case, error) {
	code := s.Hasher.NewCode()
	mac, err := s.Hasher.CodeMAC(code, id+string(channel)+to)
	if err != nil {
		return Case{}, fault.New(fault.StoreUnavailable).Because(err)
	}
	c, err := s.step(ctx, id, operator, func(tx Tx, c *Case, now time.Time) error {
		c.Person.Lang = lang
		kind, taken, ident := message.EnrolCode, fault.PhoneTaken, citizen.Identifier{Kind: citizen.ByPhone, Value: to}
		field := "phone"
		if channel == message.EmailRoute {
			kind, taken, field = message.EmailCode, fault.EmailTaken, "email"
			ident = citizen.Identifier{Kind: citizen.ByEmail, Value: strings.ToLower(to)}
			c.Person.Email, c.EmailProven, c.EmailMAC, c.EmailUntil, c.EmailTries = citizen.Email(to), false, mac, now.Add(s.Rules.ContactCodeTTL), 0
		} else {
			c.Person.Phone, c.PhoneProven, c.PhoneMAC, c.PhoneUntil, c.PhoneTries = citizen.Phone(to), false, mac, now.Add(s.Rules.ContactCodeTTL), 0
		}
		if held, err := tx.PeopleWith(ident); err != nil || len(held) > 0 {
			if err != nil {
				return err
			}
			return fault.New(taken).On(field)
		}
		window := now.Truncate(s.Policy.RateWindow)
		n, err := tx.Count("code:case:"+c.ID, window)
		if err != nil {
			return err
		}
		if n > s.Policy.CodesPerPerson {
			return fault.New(fault.TooManyCodes).On(field).With("Until", window.Add(s.Policy.RateWindow))
		}
		return tx.InsertMessage(message.Message{
			ID: random.ID(s.Rand), Kind: kind, Lang: lang, Channel: channel, To: to, At: now, NotAfter: now.Add(s.Rules.ContactCodeTTL),
			Data: map[string]string{"code": code.Reveal()},
		})
	}, AtContacts)
	s.Wake()
	return c, err
}

// ProvePhone checks the desk code of the phone; ProveEmail that of the e-mail. A wrong one is counted and after three a new code is needed.
func (s *Service) ProvePhone(ctx context.Context, id string, operator citizen.ID, code credential.Code) (Case, error) {
	return s.prove(ctx, id, operator, message.SMS, code)
}

// ProveEmail is ProvePhone for the e-mail.
func (s *Service) ProveEmail(ctx context.Context, id string, operator citizen.ID, code credential.Code) (Case, error) {
	return s.prove(ctx, id, operator, message.EmailRoute, code)
}

func (s *Service) prove(ctx context.Context, id string, operator citizen.ID, channel message.Channel, code credential.Code) (Case, error) {
	before, err := s.Load(ctx, id, operator)
	if err != nil {
		return Case{}, err
	}
	to, field := string(before.Person.Phone), "phone_code"
	if channel == message.EmailRoute {
		to, field = string(before.Person.Email), "email_code"
	}
	mac, err := s.Hasher.CodeMAC(code, id+string(channel)+to)
	if err != nil {
		return Case{}, fault.New(fault.StoreUnavailable).Because(err)
	}
	var refusal *fault.Error
	c, err := s.step(ctx, id, operator, func(_ Tx, c *Case, now time.Time) error {
		refusal = nil
		stored, until, tries, proven := &c.PhoneMAC, c.PhoneUntil, &c.PhoneTries, &c.PhoneProven
		if channel == message.EmailRoute {
			stored, until, tries, proven = &c.EmailMAC, c.EmailUntil, &c.EmailTries, &c.EmailProven
		}
		switch {
		case *stored == nil || !now.Before(until):
			refusal = fault.New(fault.CodeExpired).On(field)
		case subtle.ConstantTimeCompare(mac, *stored) == 1:
			*stored, *proven = nil, true
		default:
			refusal = fault.New(fault.CodeWrong).On(field)
			if *tries++; *tries >= s.Rules.ContactTries {
				*stored = nil
			}
		}
		return nil
	}, AtContacts)
	if err == nil && refusal != nil {
		return c, refusal
	}
	return c, err
}

// ContactsDone goes on to the numbers: a proven phone or, without a phone, a proven e-mail. An unproven e-mail is dropped (R2.08).
func (s *Service) ContactsDone(ctx context.Context, id string, operator citizen.ID) (Case, error) {
	return s.step(ctx, id, operator, func(_ Tx, c *Case, _ time.Time) error {
		if !c.PhoneProven {
			c.Person.Phone = ""
		}
		if !c.EmailProven {
			c.Person.Email = ""
		}
		if c.Person.Phone == "" && (c.Person.Email == "" || !c.Evidence.Type.National()) { // R1.12: a foreign key has a phone
			return fault.New(fault.PhoneNotProven).On("phone")
		}
		c.State = AtNumbers
		return nil
	}, AtContacts)
}

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
	if p.NIF == "" && (c.Evidence.Type == citizen.ResidencePermit || c.Evidence.Type == citizen.ResidenceCard) && len(problems) == 0 {
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
	person.ID = citizen.ID(random.ID(s.Rand))
	pin := s.Hasher.NewTemporaryPIN(person)
	stored, err := s.Hasher.Hash(pin, person.ID)
	if err != nil {
		return Case{}, credential.PIN{}, fault.New(fault.StoreUnavailable).Because(err)
	}
	c, err := s.step(ctx, id, operator, func(tx Tx, c *Case, now time.Time) error {
		person.CreatedAt = now
		c.Person, c.State, c.Registered = person, Issued, person.ID
		key := credential.Key{
			Person: person.ID, State: credential.PendingPIN, PIN: stored, PINUntil: now.Add(s.Policy.TemporaryPINTTL), CreatedAt: now,
		}
		return s.register(tx, person, key, string(operator), c.ID, now)
	}, AtNumbers)
	s.Wake()
	if err != nil {
		return c, credential.PIN{}, err
	}
	return c, pin, nil
}

func (s *Service) register(tx Tx, p citizen.Person, key credential.Key, actor, caseID string, now time.Time) error {
	if err := tx.InsertPerson(p); err != nil {
		return takenBy(err)
	}
	if err := tx.InsertKey(key); err != nil {
		return err
	}
	for _, m := range message.Everywhere(p) {
		m.ID, m.Kind, m.At = random.ID(s.Rand), message.KeyCreated, now
		if err := tx.InsertMessage(m); err != nil {
			return err
		}
	}
	e := audit.Event{ID: random.ID(s.Rand), At: now, Kind: audit.KeyIssued, Person: p.ID, Actor: actor}
	e.Data = map[string]string{"case": caseID, "document": string(p.Document().Type)}
	return tx.InsertAudit(e)
}

// takenBy turns a unique index's refusal into the sentence for its field (R1.21).
func takenBy(err error) error {
	if !fault.Is(err, fault.RowConflict) {
		return err
	}
	field := fault.Of(err).Field
	switch citizen.IdentifierKind(field) {
	case citizen.ByPhone:
		return fault.New(fault.PhoneTaken).On("phone").Because(err)
	case citizen.ByEmail:
		return fault.New(fault.EmailTaken).On("email").Because(err)
	case citizen.ByNIF, citizen.ByNISS, citizen.ByNSNS:
		return fault.New(fault.NumberTaken).On(field).Because(err)
	}
	return fault.New(fault.AlreadyHasKey).Because(err)
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
