package signing

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"

	"chave/internal/core/audit"
	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/random"
	"chave/internal/core/service"
)

// fresh refuses a sign-in that is none, too old or too weak for what it is to allow.
func (s *Service) fresh(proof login.Verified) error {
	switch {
	case !proof.Proven() || s.Now().Sub(proof.AuthAt()) > s.rules.Fresh:
		return fault.New(fault.SessionNeeded)
	case proof.Level() < service.LevelPhone:
		return fault.New(fault.LevelTooLow)
	}
	return nil
}

// applicant is somebody who may have a signing key.
type applicant struct {
	person citizen.Person
	own    credential.Key // that signs them in
	before Key            // the signing key that ends; zero for none
}

// Activate switches signing on: age and capacity are checked anew (R4.01), a key comes from the pool, is locked with the PIN, and is certified (R4.10). The PIN obeys the
// rules for new ones and is not the one that signs in: SignPINSame, AlreadySigning, TooYoung, Accompanied, StandingUnknown, TermsNotAccepted, SessionNeeded.
func (s *Service) Activate(ctx context.Context, a Activation) (Key, error) {
	s.ready()
	if a.Alg == "" {
		a.Alg = RSA3072
	}
	who, err := s.whose(a)
	if err != nil {
		return Key{}, err
	}
	if a.Alg != RSA3072 && a.Alg != P256 {
		return Key{}, fault.New(fault.KeyMismatch)
	}
	if a.Terms == "" || a.Terms != s.rules.Terms {
		return Key{}, fault.New(fault.TermsNotAccepted).On("terms")
	}
	one, err := s.applicant(ctx, who, a.NewPINForgot)
	if err != nil {
		return Key{}, err
	}
	if err := s.eligible(ctx, &one.person); err != nil {
		return Key{}, err
	}
	if err := s.checkNew(ctx, a.PIN, a.Again, one.person, one.own); err != nil {
		return Key{}, err
	}
	key, err := s.newKey(ctx, a, one)
	if err != nil {
		return Key{}, err
	}
	if err := s.store(ctx, a, one, key); err != nil {
		s.takeBack(ctx, key)
		return Key{}, err
	}
	s.Wake()
	key.Version, key.Locked = 1, nil
	return key, nil
}

// whose is the person of a fresh sign-in, or the one an operator has before them.
func (s *Service) whose(a Activation) (citizen.ID, error) {
	if a.Operator != "" && a.Person != "" && !a.Proof.Proven() {
		return a.Person, nil
	}
	if err := s.fresh(a.Proof); err != nil {
		return "", err
	}
	if a.Person != "" && a.Person != a.Proof.Person() {
		return "", fault.New(fault.SessionNeeded)
	}
	return a.Proof.Person(), nil
}

func (s *Service) applicant(ctx context.Context, who citizen.ID, again bool) (applicant, error) {
	var one applicant
	err := s.View(ctx, func(tx Tx) (err error) {
		one, err = s.readApplicant(tx, who, again)
		return err
	})
	return one, err
}

func (s *Service) readApplicant(tx Tx, who citizen.ID, again bool) (one applicant, err error) {
	if one.person, err = tx.Person(who); err != nil {
		return one, err
	}
	if one.own, err = tx.Key(who); err != nil {
		return one, err
	}
	if err := s.Policy.Usable(one.own, one.person, s.Now()); err != nil {
		return one, err
	}
	if one.own.Temporary() { // first a sign-in PIN of one's own
		return one, fault.New(fault.SessionNeeded)
	}
	one.before, err = tx.SigningKeyOf(who)
	switch {
	case fault.Is(err, fault.RowNotFound):
		return one, nil
	case err == nil && !again && s.Now().Before(one.before.NotAfter):
		return one, fault.New(fault.AlreadySigning)
	}
	return one, err
}

// eligible asks the law's two questions (R4.01), the second of the civil registry: an answer that does not come is a no for now.
func (s *Service) eligible(ctx context.Context, person *citizen.Person) error {
	if person.BirthDate.YearsAt(citizen.DateOf(s.Now(), s.Policy.Zone)) < s.rules.MinAge {
		return fault.New(fault.TooYoung).With("Years", s.rules.MinAge)
	}
	standing, err := s.Registry.StandingOf(ctx, *person)
	switch {
	case err != nil:
		return fault.New(fault.StandingUnknown).Because(err)
	case standing.Deceased:
		return fault.New(fault.Deceased)
	case standing.Accompanied == citizen.Yes:
		return fault.New(fault.Accompanied)
	case standing.Accompanied != citizen.No:
		return fault.New(fault.StandingUnknown)
	}
	return nil
}

// checkNew holds a proposed PIN against the rules and against the PIN that signs in. That last answer could be used to guess the sign-in PIN, so it is counted first.
func (s *Service) checkNew(ctx context.Context, pin, again credential.PIN, person citizen.Person, own credential.Key) error {
	if err := s.Policy.CheckNew(pin, person); err != nil {
		return err
	}
	if !pin.Equal(again) {
		return fault.New(fault.PINUnequal).On("new_pin_again")
	}
	err := s.Do(ctx, func(tx Tx) error {
		n, err := tx.Count("sign:choose:"+credential.SubjectOf(person.ID), s.Now().Truncate(s.Policy.RateWindow))
		if err == nil && n > s.rules.Choices {
			err = fault.New(fault.TooManyRequests)
		}
		return err
	})
	if err != nil {
		return err
	}
	same, err := lend(ctx, s.rules.KeystoreLimit, func() (bool, error) { return s.Hasher.Matches(own.PIN, pin, person.ID) })
	switch {
	case err != nil:
		return keystoreGone(err)
	case same:
		return fault.New(fault.SignPINSame).On("new_pin")
	}
	return nil
}

// newKey takes a key out of the pool, locks it and has it certified. Nothing of it is stored yet but the certificate, which is revoked again when the rest fails.
func (s *Service) newKey(ctx context.Context, a Activation, one applicant) (Key, error) {
	pooled, err := s.takeKey(ctx, a.Alg)
	if err != nil {
		return Key{}, err
	}
	key := Key{ID: random.ID(s.Rand), Person: one.person.ID, Alg: a.Alg, State: KeyActive, Terms: a.Terms}
	if err := s.lock(&key, pooled, a.PIN); err != nil {
		return Key{}, keystoreGone(err)
	}
	now := s.Now()
	until := now.Add(s.rules.CertificateMax)
	if end := s.Policy.End(one.own, one.person); end.Before(until) { // R4.10
		until = end
	}
	issued, err := s.Authority.Issue(ctx, certificate.Subject{Person: one.person, Public: pooled.Public, NotAfter: until})
	if err != nil {
		return Key{}, err
	}
	key.Serial, key.Chain, key.NotAfter, key.CreatedAt, key.ChangedAt = issued.Serial, issued.Chain, issued.NotAfter, now, now
	cert, err := key.Certificate()
	if err != nil || !bytes.Equal(cert.RawSubjectPublicKeyInfo, pooled.Public) {
		s.takeBack(ctx, key)
		return Key{}, fault.New(fault.CertificateRefused).Because(errors.Join(err, errors.New("the certificate is not of this key")))
	}
	return key, nil
}

// lock puts a pooled key under the PIN, opens it once, and compares: whoever writes to the database could have put another public key beside it.
func (s *Service) lock(key *Key, pooled Pooled, pin credential.PIN) (err error) {
	if key.PIN, err = s.Hasher.Hash(pin, pinOwner(key.Person)); err != nil {
		return err
	}
	secret, err := s.unlockOf(*key, pin)
	if err != nil {
		return err
	}
	defer secret.Clear()
	context := keyContext(key.ID, key.Person)
	if key.Locked, err = s.Vault.LockPersonalKey(pooled.Sealed, context, secret); err != nil {
		return err
	}
	return s.Vault.OpenPersonalKey(key.Locked, context, secret, func(signer PersonalSigner) error {
		public, err := x509.MarshalPKIXPublicKey(signer.Public())
		if err == nil && !bytes.Equal(public, pooled.Public) {
			err = errors.New("a pooled key has the public half of another")
		}
		return err
	})
}

// store writes the key, in place of the one before if that is what was asked for.
func (s *Service) store(ctx context.Context, a Activation, seen applicant, key Key) error {
	return s.Do(ctx, func(tx Tx) error {
		now := s.Now()
		one, err := s.readApplicant(tx, key.Person, a.NewPINForgot)
		if err != nil {
			return err
		}
		if !bytes.Equal(one.own.PIN.Salt, seen.own.PIN.Salt) || one.before.ID != seen.before.ID { // changed in another tab or at a desk since the checks
			return fault.New(fault.StepPassed)
		}
		tell := message.SigningActivated
		if one.before.ID != "" {
			tell = message.SignPINChanged
			if err := endKey(tx, one.before, Ending{Actor: string(a.Operator), Reason: certificate.Superseded, At: now, Rand: s.Rand}); err != nil {
				return err
			}
		}
		if err := tx.InsertPersonalKey(key); err != nil {
			if fault.Is(err, fault.RowConflict) {
				err = fault.New(fault.AlreadySigning).Because(err)
			}
			return err
		}
		if err := s.tell(tx, one.person, tell, nil, now); err != nil {
			return err
		}
		return tx.InsertAudit(audit.Event{
			ID: s.id(), At: now, Kind: audit.SigningActivated, Person: key.Person, Actor: string(a.Operator),
			Data: map[string]string{"key": key.ID, "alg": string(key.Alg), "serial": key.Serial, "terms": key.Terms},
		})
	})
}

// takeBack revokes the certificate of a key that did not come to be. A commit whose answer was lost may have kept it: then the certificate stays.
func (s *Service) takeBack(ctx context.Context, key Key) {
	err := s.Do(context.WithoutCancel(ctx), func(tx Tx) error {
		if _, err := tx.PersonalKey(key.ID); !fault.Is(err, fault.RowNotFound) {
			return err
		}
		return certificate.Apply(tx, certificate.Change{
			Serial: key.Serial, To: certificate.Revoked, Reason: certificate.CessationOfOperation, Actor: "system", At: s.Now(), Rand: s.Rand,
		})
	})
	if err != nil {
		s.Log.ErrorContext(ctx, "the certificate of a key that was not stored could not be revoked", "serial", key.Serial, "err", err)
	}
}

// ChangePIN locks the key with another PIN; the old one is checked and counted like any.
func (s *Service) ChangePIN(ctx context.Context, proof login.Verified, old, pin, again credential.PIN) error {
	s.ready()
	if err := s.fresh(proof); err != nil {
		return err
	}
	var (
		one applicant
		t   taken
	)
	err := s.Do(ctx, func(tx Tx) (err error) {
		if one, err = s.readApplicant(tx, proof.Person(), true); err != nil {
			return err
		}
		switch {
		case one.before.State == KeySuspended:
			return fault.New(fault.SigningSuspended)
		case !one.before.Usable(s.Now()):
			return fault.New(fault.SigningInactive)
		}
		t.key, err = s.takeTry(tx, one.before, s.Now())
		return err
	})
	if err != nil {
		return err
	}
	right, err := lend(ctx, s.rules.KeystoreLimit, func() (bool, error) { return s.Hasher.Matches(t.key.PIN, old, pinOwner(t.key.Person)) })
	if err != nil {
		s.giveBack(ctx, t)
		return keystoreGone(err)
	}
	if !right {
		return s.pinWrong(ctx, Request{Wire: "page"}, t)
	}
	if err := s.rightOld(ctx, t); err != nil {
		return err
	}
	if pin.Equal(old) {
		return fault.New(fault.PINUsedBefore).On("new_pin")
	}
	if err := s.checkNew(ctx, pin, again, one.person, one.own); err != nil {
		return err
	}
	changed, err := lend(ctx, s.rules.KeystoreLimit, func() (Key, error) { return s.relock(t.key, old, pin) })
	if err != nil {
		return keystoreGone(err)
	}
	err = s.Do(ctx, func(tx Tx) error { return s.storePIN(tx, t.key, changed, one) })
	s.Wake()
	return err
}

// rightOld gives the tries back as soon as the old PIN was right, whatever comes of the new one.
func (s *Service) rightOld(ctx context.Context, t taken) error {
	var refusal error
	err := s.Do(ctx, func(tx Tx) (err error) {
		_, refusal, err = s.pinRight(tx, t, s.Now())
		return err
	})
	if err == nil {
		err = refusal
	}
	return err
}

func (s *Service) relock(key Key, old, pin credential.PIN) (Key, error) {
	changed := key
	stored, err := s.Hasher.Hash(pin, pinOwner(key.Person))
	if err != nil {
		return key, err
	}
	changed.PIN = stored
	from, err := s.unlockOf(key, old)
	if err != nil {
		return key, err
	}
	defer from.Clear()
	to, err := s.unlockOf(changed, pin)
	if err != nil {
		return key, err
	}
	defer to.Clear()
	changed.Locked, err = s.Vault.RelockPersonalKey(key.Locked, keyContext(key.ID, key.Person), from, to)
	return changed, err
}

func (s *Service) storePIN(tx Tx, before, changed Key, seen applicant) error {
	now := s.Now()
	one, err := s.readApplicant(tx, before.Person, true)
	if err != nil {
		return err
	}
	key := one.before
	if key.ID != before.ID || key.State != KeyActive || !bytes.Equal(key.PIN.Salt, before.PIN.Salt) || !bytes.Equal(one.own.PIN.Salt, seen.own.PIN.Salt) {
		return fault.New(fault.StepPassed)
	}
	key.PIN, key.Locked, key.ChangedAt = changed.PIN, changed.Locked, now
	if err := tx.UpdatePersonalKey(key); err != nil {
		return err
	}
	if err := s.endWaiting(tx, key.Person, fault.OperationOver); err != nil { // what they hold opens nothing any more
		return err
	}
	if err := s.tell(tx, one.person, message.SignPINChanged, nil, now); err != nil {
		return err
	}
	return tx.InsertAudit(audit.Event{ID: s.id(), At: now, Kind: audit.SignPINChanged, Person: key.Person, Data: map[string]string{"key": key.ID}})
}
