package enrol

import (
	"context"
	"crypto/subtle"
	"strings"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/random"
)

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
			c.Person.Email, c.EmailKept, c.EmailProven = citizen.Email(to), false, false
			c.EmailMAC, c.EmailUntil, c.EmailTries = mac, now.Add(s.Rules.ContactCodeTTL), 0
		} else {
			c.Person.Phone, c.PhoneProven = citizen.Phone(to), false
			c.PhoneMAC, c.PhoneUntil, c.PhoneTries = mac, now.Add(s.Rules.ContactCodeTTL), 0
		}
		if belongs, err := s.takenBySomebody(tx, ident, c.Holder); err != nil {
			return err
		} else if belongs {
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

// ContactsDone goes on to the numbers: a phone or, without a phone, an e-mail that was proven at this desk. An unproven one is dropped (R2.08), except the
// e-mail that a mended key had before.
func (s *Service) ContactsDone(ctx context.Context, id string, operator citizen.ID) (Case, error) {
	return s.step(ctx, id, operator, func(_ Tx, c *Case, _ time.Time) error {
		if !c.PhoneProven && (!c.EmailProven || !c.Evidence.Type.National()) { // R1.12: a foreign key has a phone
			return fault.New(fault.PhoneNotProven).On("phone")
		}
		if !c.PhoneProven {
			c.Person.Phone = ""
		}
		if !c.EmailProven && !c.EmailKept {
			c.Person.Email = ""
		}
		c.State = AtNumbers
		return nil
	}, AtContacts)
}
