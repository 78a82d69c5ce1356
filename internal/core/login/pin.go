package login

import (
	"context"
	"encoding/hex"
	"math"
	"strconv"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/random"
	"chave/internal/core/service"
)

// EnterPIN checks the PIN and, when it is right, sends the code. One try is taken and committed first; the slow hash runs
// outside any transaction; a second one gives the try back and goes on, or says no (blueprint §4.1).
func (s *Service) EnterPIN(ctx context.Context, id, browser, address string, pin credential.PIN) (Transaction, error) {
	taken, err := s.takeTry(ctx, id, browser, address)
	if err != nil || taken.key == nil { // refused without looking at the PIN: the wait is already stored
		return taken.t, err
	}
	right, err := s.Hasher.Matches(taken.key.PIN, pin, taken.t.Person)
	if err != nil {
		return taken.t, fault.New(fault.StoreUnavailable).Because(err)
	}
	code := s.Hasher.NewCode()
	mac, err := s.Hasher.CodeMAC(code, id)
	if err != nil {
		return taken.t, fault.New(fault.StoreUnavailable).Because(err)
	}
	t, err := s.step(ctx, id, browser, func(tx Tx, t *Transaction, now time.Time) error {
		if t.Subject != taken.t.Subject { // another tab changed the identifier meanwhile
			return fault.New(fault.StepPassed)
		}
		if !right {
			return s.pinWrong(tx, t, taken.tries, now)
		}
		return s.pinRight(tx, t, taken, address, code, mac, now)
	}, StepPIN)
	if err == nil {
		s.Wake()
	}
	return t, err
}

type takenTry struct {
	t     Transaction
	tries credential.Tries
	key   *credential.Key // nil when no try was left; a key without a hash for an identifier nobody has
}

func (s *Service) takeTry(ctx context.Context, id, browser, address string) (takenTry, error) {
	var out takenTry
	var err error
	out.t, err = s.step(ctx, id, browser, func(tx Tx, t *Transaction, now time.Time) error {
		if err := s.countAddress(tx, address, now); err != nil {
			return err
		}
		source, err := s.source(tx, t, browser, now)
		if err != nil {
			return err
		}
		tries, err := tx.Tries(t.Subject, source)
		if err != nil {
			return err
		}
		out.key = nil
		tries, refusal := s.Policy.Take(tries, now)
		if refusal != nil {
			t.Stop = stopOf(fault.Of(refusal))
			return nil
		}
		if err := tx.SaveTries(tries); err != nil {
			return err
		}
		out.tries = tries
		key, err := tx.Key(t.Person) // also asked for nobody, so that nobody costs the same (R3.26)
		if err != nil && !fault.Is(err, fault.RowNotFound) {
			return err
		}
		out.key = &key
		return nil
	}, StepPIN)
	return out, err
}

// countAddress limits the PINs that one network address may try, whoever they are for: two guesses at each of many people lock nobody, and must not be free
// (N7, A1).
func (s *Service) countAddress(tx Tx, address string, now time.Time) error {
	window := now.Truncate(s.Policy.RateWindow)
	n, err := tx.Count("pin:a:"+hex.EncodeToString(s.AddressKey(address)), window)
	if err == nil && n > s.Policy.PINsPerAddress {
		err = fault.New(fault.TooManyRequests)
	}
	return err
}

// source is where tries are counted: this browser when the person has used it before, else all strangers together (PAIN-10).
func (s *Service) source(tx Tx, t *Transaction, browser string, now time.Time) (string, error) {
	known, err := tx.KnownBrowser(Digest(browser), t.Person, now.Add(-s.Policy.KnownBrowserFor))
	if err != nil || !known {
		return credential.Strangers, err
	}
	return hex.EncodeToString(Digest(browser)), nil
}

func stopOf(e *fault.Error) *Notice {
	n := &Notice{Code: e.Code}
	for i := 0; i+1 < len(e.Args); i += 2 {
		if at, ok := e.Args[i+1].(time.Time); ok {
			n.Until = at
		}
	}
	return n
}

// pinWrong says so, or begins a wait. The holder is told of a wait (R3.22, A4); for an identifier nobody has, a message that is never sent takes its place.
func (s *Service) pinWrong(tx Tx, t *Transaction, tries credential.Tries, now time.Time) error {
	refusal := tries.Refusal(now)
	if refusal.Code == fault.PINWrong {
		t.Notice = &Notice{Code: fault.PINWrong}
	} else {
		t.Stop = stopOf(refusal)
		if err := s.tellOfWait(tx, t, t.Stop, now); err != nil {
			return err
		}
	}
	e := s.event(audit.PINRefused, t.Person, t.Service, t.ID, now)
	e.Data = map[string]string{"fault": string(refusal.Code)}
	return tx.InsertAudit(e)
}

func (s *Service) tellOfWait(tx Tx, t *Transaction, stop *Notice, now time.Time) error {
	m := message.Message{ID: random.ID(s.Rand), Kind: message.Nothing, Channel: message.SMS, Lang: t.Lang, To: "-", At: now}
	if t.Person != "" {
		person, err := tx.Person(t.Person)
		if err != nil {
			return err
		}
		if channel, to, ok := message.Route(person); ok && !person.Standing.Deceased {
			m.Kind, m.Channel, m.To, m.Lang = message.PINBlocked, channel, to, person.Lang
		}
	}
	minutes := 0
	if !stop.Until.IsZero() {
		minutes = int(math.Ceil(stop.Until.Sub(now).Minutes()))
	}
	m.Data = map[string]string{"minutes": strconv.Itoa(minutes)}
	return tx.InsertMessage(m)
}

// pinRight gives the try back and goes on to the code, or stops with the reason: now the person has proved something and may be told (R3.27).
func (s *Service) pinRight(tx Tx, t *Transaction, taken takenTry, address string, code credential.Code, mac []byte, now time.Time) error {
	counted, err := tx.Tries(taken.tries.Subject, taken.tries.Source)
	if err != nil {
		return err
	}
	if err := tx.SaveTries(counted.Clear(now)); err != nil {
		return err
	}
	person, err := tx.Person(t.Person)
	if err != nil {
		return err
	}
	key, err := tx.Key(t.Person)
	if err != nil {
		return err
	}
	t.Stop = nil
	if err := s.Policy.Usable(key, person, now); err != nil {
		return s.stopWith(tx, t, err, now)
	}
	t.PINRight, t.Proof, t.Temporary = true, taken.key.PIN.Salt, key.Temporary()
	if stands, err := s.stands(tx, t, key); err != nil {
		return err
	} else if !stands { // changed while it was hashed
		return s.beginAgain(tx, t, now)
	}
	if err := tx.InsertAudit(s.event(audit.PINAccepted, t.Person, t.Service, t.ID, now)); err != nil {
		return err
	}
	channel, to, ok := message.Route(person)
	if !ok {
		return s.stopWith(tx, t, fault.New(fault.NoChannel), now)
	}
	return s.sendCode(tx, t, person, channel, to, address, code, mac, now)
}

// sendCode puts a code in the outbox and its keyed form in the transaction; any earlier code is void (R3.18). Sending is limited per person
// and per address, so that nobody's phone can be flooded (A9).
func (s *Service) sendCode(tx Tx, t *Transaction, person citizen.Person, channel message.Channel, to, address string,
	code credential.Code, mac []byte, now time.Time) error {
	if levelOf(channel) < t.MinLevel {
		t.Stop = &Notice{Code: fault.LevelTooLow}
		return tx.InsertAudit(s.refused(t, fault.LevelTooLow, now))
	}
	window := now.Truncate(s.Policy.RateWindow)
	for _, limit := range []struct { // always in this order: two sign-ins of one person must not wait for each other's second row
		bucket string
		most   int
	}{
		{"code:" + t.Subject, s.Policy.CodesPerPerson},
		{"code:a:" + hex.EncodeToString(s.AddressKey(address)), s.Policy.CodesPerAddress},
	} {
		n, err := tx.Count(limit.bucket, window)
		if err != nil {
			return err
		}
		if n > limit.most {
			t.Stop = &Notice{Code: fault.TooManyCodes, Until: window.Add(s.Policy.RateWindow)}
			return tx.InsertAudit(s.refused(t, fault.TooManyCodes, now))
		}
	}
	asked, err := s.serviceName(tx, t, person.Lang)
	if err != nil {
		return err
	}
	t.Channel, t.SentTo, t.CodeMAC, t.CodeUntil = channel, masked(channel, to), mac, now.Add(s.Policy.CodeTTL)
	t.CodesSent++
	return tx.InsertMessage(message.Message{
		ID: random.ID(s.Rand), Kind: message.LoginCode, Lang: person.Lang, Channel: channel, To: to, At: now, NotAfter: t.CodeUntil,
		Data: map[string]string{"code": code.Reveal(), "service": asked, "minutes": strconv.Itoa(int(s.Policy.CodeTTL.Minutes()))},
	})
}

func (s *Service) serviceName(tx Tx, t *Transaction, lang string) (string, error) {
	asked, err := tx.Service(t.Service)
	if err != nil {
		return "", err
	}
	return asked.Name.In(lang), nil
}

func (s *Service) refused(t *Transaction, code fault.Code, now time.Time) audit.Event {
	e := s.event(audit.LoginRefused, t.Person, t.Service, t.ID, now)
	e.Data = map[string]string{"fault": string(code)}
	return e
}

// SendAgain sends a fresh code to the same place, or by e-mail when byEmail and the service's level allows it.
func (s *Service) SendAgain(ctx context.Context, id, browser, address string, byEmail bool) (Transaction, error) {
	code := s.Hasher.NewCode()
	mac, err := s.Hasher.CodeMAC(code, id)
	if err != nil {
		return Transaction{}, fault.New(fault.StoreUnavailable).Because(err)
	}
	t, err := s.step(ctx, id, browser, func(tx Tx, t *Transaction, now time.Time) error {
		person, key, err := s.holder(tx, t.Person)
		if err != nil {
			return err
		}
		if stands, err := s.stands(tx, t, key); err != nil {
			return err
		} else if !stands {
			return s.beginAgain(tx, t, now)
		}
		channel, to, ok := message.Route(person)
		if byEmail {
			channel, to, ok = message.EmailRoute, string(person.Email), person.Email != "" && t.MinLevel <= service.LevelEmail
		}
		if !ok {
			return fault.New(fault.NoChannel)
		}
		return s.sendCode(tx, t, person, channel, to, address, code, mac, now)
	}, StepCode)
	if err == nil {
		s.Wake()
	}
	return t, err
}

// levelOf is what a code by this channel reaches (R3.03, R5.19).
func levelOf(channel message.Channel) service.Level {
	if channel == message.SMS {
		return service.LevelPhone
	}
	return service.LevelEmail
}

// masked keeps the last three digits of a phone, or the first letter and the domain of an e-mail.
func masked(channel message.Channel, to string) string {
	if channel == message.SMS {
		return "••• ••• " + to[max(0, len(to)-3):]
	}
	for i, r := range to {
		if r == '@' {
			return to[:min(1, i)] + "•••" + to[i:]
		}
	}
	return "•••"
}
