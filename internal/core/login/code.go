package login

import (
	"context"
	"crypto/subtle"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/random"
)

// Opened is what a right code gives the browser: a new session cookie, or nothing yet when a PIN must first be chosen.
type Opened struct {
	Transaction Transaction
	Cookie      string
}

// EnterCode checks the code. Its keyed form is computed before the transaction and compared inside it, so right or wrong is decided and counted in one
// commit: nothing is answered, and so nothing learned, before the try is on record. Whatever the answer, the code is void (R3.13, N1).
func (s *Service) EnterCode(ctx context.Context, id, browser string, sessions Sessions, code credential.Code) (Opened, error) {
	mac, err := s.Hasher.CodeMAC(code, id)
	if err != nil {
		return Opened{}, fault.New(fault.StoreUnavailable).Because(err)
	}
	var cookie string
	t, err := s.step(ctx, id, browser, func(tx Tx, t *Transaction, now time.Time) error {
		cookie = ""
		if t.CodeMAC == nil || !now.Before(t.CodeUntil) {
			t.CodeMAC = nil
			t.Notice = &Notice{Code: fault.CodeExpired}
			return nil
		}
		right := subtle.ConstantTimeCompare(mac, t.CodeMAC) == 1
		t.CodeMAC = nil
		person, key, err := s.holder(tx, t.Person)
		if err != nil {
			return err
		}
		if stands, err := s.stands(tx, t, key); err != nil {
			return err
		} else if !stands {
			return s.beginAgain(tx, t, now)
		}
		if !right {
			return s.codeWrong(tx, t, person, key, now)
		}
		cookie, err = s.codeRight(tx, t, person, key, browser, sessions.in(t.Realm), now)
		return err
	}, StepCode)
	s.Wake()
	return Opened{t, cookie}, err
}

// codeWrong counts on the key, across transactions: three in a row block it for good (R3.17). Otherwise the sign-in restarts from the identifier (R3.16).
func (s *Service) codeWrong(tx Tx, t *Transaction, person citizen.Person, key credential.Key, now time.Time) error {
	key.WrongCodes++
	t.startOver(fault.CodeWrong)
	e := s.event(audit.CodeRefused, person.ID, t.Service, t.ID, now)
	if key.WrongCodes >= s.Policy.CodeTries {
		key.BlockedAt = now
		t.Notice, t.Stop = nil, &Notice{Code: fault.KeyBlocked}
		if err := s.tell(tx, person, message.KeyBlocked, nil, now); err != nil {
			return err
		}
		if err := tx.InsertAudit(s.event(audit.KeyBlocked, person.ID, t.Service, t.ID, now)); err != nil {
			return err
		}
		if err := s.endOtherSessions(tx, person.ID, "", now); err != nil {
			return err
		}
	}
	if err := tx.UpdateKey(key); err != nil {
		return err
	}
	return tx.InsertAudit(e)
}

func (s *Service) codeRight(tx Tx, t *Transaction, person citizen.Person, key credential.Key, browser, session string, now time.Time) (string, error) {
	if err := s.Policy.Usable(key, person, now); err != nil { // blocked or cancelled since the PIN
		return "", s.stopWith(tx, t, err, now)
	}
	t.CodeRight, t.Level, t.AuthAt = true, levelOf(t.Channel), now
	t.Means = []string{"pin", string(t.Channel)}
	if key.WrongCodes > 0 || now.Sub(key.UsedAt) > 24*time.Hour { // the day of last use is enough, and spares a write at each sign-in
		key.WrongCodes, key.UsedAt = 0, now
		if err := tx.UpdateKey(key); err != nil {
			return "", err
		}
	}
	if err := tx.InsertAudit(s.event(audit.CodeAccepted, person.ID, t.Service, t.ID, now)); err != nil {
		return "", err
	}
	if err := s.noteBrowser(tx, t, person, browser, now); err != nil {
		return "", err
	}
	if t.Temporary { // a temporary PIN opens nothing but the page that replaces it (R2.09)
		return "", nil
	}
	cookie, err := s.openSession(tx, t, session, now)
	if err != nil {
		return "", err
	}
	return cookie, s.skipShare(tx, t, person, key, now)
}

// noteBrowser remembers the browser and tells the holder, by e-mail, of one never seen before (A4). SMS is kept for codes.
func (s *Service) noteBrowser(tx Tx, t *Transaction, person citizen.Person, browser string, now time.Time) error {
	known, err := tx.KnownBrowser(Digest(browser), person.ID, now.Add(-s.Policy.KnownBrowserFor))
	if err != nil {
		return err
	}
	if err := tx.RememberBrowser(Digest(browser), person.ID, now); err != nil {
		return err
	}
	if known || person.Email == "" || t.Channel == message.EmailRoute || t.Temporary {
		return nil
	}
	name, err := s.serviceName(tx, t, person.Lang)
	if err != nil {
		return err
	}
	return tx.InsertMessage(message.Message{
		ID: random.ID(s.Rand), Kind: message.SignedInNewBrowser, Lang: person.Lang, Channel: message.EmailRoute, To: string(person.Email), At: now,
		Data: map[string]string{"service": name},
	})
}

// tell writes to every contact of the person (R5.05, N12).
func (s *Service) tell(tx Tx, person citizen.Person, kind message.Kind, data map[string]string, now time.Time) error {
	if person.Standing.Deceased { // R1.33
		return nil
	}
	for _, m := range message.Everywhere(person) {
		m.ID, m.Kind, m.Data, m.At = random.ID(s.Rand), kind, data, now
		if err := tx.InsertMessage(m); err != nil {
			return err
		}
	}
	return nil
}

// ChoosePIN stores a PIN of the person's own choice and, after a temporary one, opens the session (R2.09, R3.06, R3.08, R3.11).
func (s *Service) ChoosePIN(ctx context.Context, id, browser string, sessions Sessions, pin, again credential.PIN) (Opened, error) {
	key, stands, err := s.checkNewPIN(ctx, id, browser, pin, again)
	if err != nil {
		return Opened{}, err
	}
	if !stands {
		t, err := s.step(ctx, id, browser, s.beginAgain, StepChoosePIN)
		return Opened{Transaction: t}, err
	}
	stored, err := s.Hasher.Hash(pin, key.Person)
	if err != nil {
		return Opened{}, fault.New(fault.StoreUnavailable).Because(err)
	}
	var cookie string
	t, err := s.step(ctx, id, browser, func(tx Tx, t *Transaction, now time.Time) error {
		now0, err := tx.Key(t.Person)
		if err != nil {
			return err
		}
		if now0.Version != key.Version { // changed in another tab since the check
			return fault.New(fault.StepPassed)
		}
		cookie, err = s.storePIN(tx, t, now0, stored, sessions.in(t.Realm), now)
		return err
	}, StepChoosePIN)
	s.Wake()
	return Opened{t, cookie}, err
}

// checkNewPIN applies the policy and the small history, outside any transaction: each earlier PIN costs a slow hash. Whose proof no longer stands is told
// nothing: "that is the PIN in force" would be an answer without a try.
func (s *Service) checkNewPIN(ctx context.Context, id, browser string, pin, again credential.PIN) (key credential.Key, stands bool, err error) {
	t, err := s.Load(ctx, id, browser)
	if err != nil {
		return key, false, err
	}
	if err := expect(t.Next(s.Now()), []Step{StepChoosePIN}); err != nil {
		return key, false, err
	}
	var person citizen.Person
	err = s.View(ctx, func(tx Tx) (err error) {
		if person, key, err = s.holder(tx, t.Person); err != nil {
			return err
		}
		stands, err = s.stands(tx, &t, key)
		return err
	})
	if err != nil || !stands {
		return key, false, err
	}
	if err := s.Policy.CheckNew(pin, person); err != nil {
		return key, true, err
	}
	if !pin.Equal(again) {
		return key, true, fault.New(fault.PINUnequal).On("new_pin_again")
	}
	for _, earlier := range append([]credential.StoredPIN{key.PIN}, key.EarlierPINs...) {
		same, err := s.Hasher.Matches(earlier, pin, t.Person)
		if err != nil {
			return key, true, fault.New(fault.StoreUnavailable).Because(err)
		}
		if same {
			return key, true, fault.New(fault.PINUsedBefore).On("new_pin")
		}
	}
	return key, true, nil
}

func (s *Service) storePIN(tx Tx, t *Transaction, key credential.Key, stored credential.StoredPIN, session string, now time.Time) (string, error) {
	first := key.Temporary()
	if !first {
		key.EarlierPINs = append([]credential.StoredPIN{key.PIN}, key.EarlierPINs...)
		key.EarlierPINs = key.EarlierPINs[:min(len(key.EarlierPINs), s.Policy.PINHistory)]
	} else {
		key.State, key.ActivatedAt = credential.Active, now
	}
	key.PIN, key.PINUntil, key.UsedAt = stored, time.Time{}, now
	if err := tx.UpdateKey(key); err != nil {
		return "", err
	}
	if err := tx.ClearTriesOf(credential.SubjectOf(t.Person)); err != nil {
		return "", err
	}
	person, err := tx.Person(t.Person)
	if err != nil {
		return "", err
	}
	if err := tx.InsertAudit(s.event(audit.PINChanged, t.Person, t.Service, t.ID, now)); err != nil {
		return "", err
	}
	if !first {
		if err := s.tell(tx, person, message.PINChanged, nil, now); err != nil {
			return "", err
		}
	}
	t.PINChosen, t.Proof, t.Temporary = true, stored.Salt, false
	cookie := ""
	if t.Session == "" {
		if cookie, err = s.openSession(tx, t, session, now); err != nil {
			return "", err
		}
	}
	return cookie, s.endOtherSessions(tx, t.Person, t.Session, now)
}
