package signing_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
)

func TestR4_01_who_may_switch_signing_on(t *testing.T) {
	for _, one := range []struct {
		name   string
		person func(p *citizen.Person)
		world  *registry
		change func(a *signing.Activation)
		want   fault.Code // empty: signs
	}{
		{name: "R4.01 an adult without a measure", want: ""},
		{name: "R4.01 sixteen today", person: func(p *citizen.Person) { p.BirthDate = citizen.Date{Year: 2010, Month: 11, Day: 23} }},
		{name: "R4.01 an accompanying measure since the registration", world: &registry{standing: citizen.Standing{Accompanied: citizen.Yes}}, want: fault.Accompanied},
		{name: "R4.01 a registry that does not know", world: &registry{standing: citizen.Standing{}}, want: fault.StandingUnknown},
		{name: "R4.01 a registry that is silent", world: &registry{err: errors.New("down")}, want: fault.StandingUnknown},
		{name: "R1.33 a death", world: &registry{standing: citizen.Standing{Deceased: true}}, want: fault.Deceased},
		{name: "E1 terms of another version", change: func(a *signing.Activation) { a.Terms = "2020-1" }, want: fault.TermsNotAccepted},
		{name: "E1 no terms", change: func(a *signing.Activation) { a.Terms = "" }, want: fault.TermsNotAccepted},
		{name: "the PIN that signs in", change: func(a *signing.Activation) { a.PIN, a.Again = pinOf(t, signInPIN), pinOf(t, signInPIN) }, want: fault.SignPINSame},
		{name: "two different PINs", change: func(a *signing.Activation) { a.Again = pinOf(t, otherPIN) }, want: fault.PINUnequal},
		{name: "R3.11 a run", change: func(a *signing.Activation) { a.PIN, a.Again = pinOf(t, "123456"), pinOf(t, "123456") }, want: fault.PINSequence},
		{name: "R3.06 a short PIN", change: func(a *signing.Activation) { a.PIN, a.Again = pinOf(t, "2749"), pinOf(t, "2749") }, want: fault.PINLength},
		{name: "nobody at the counter and no sign-in", change: func(a *signing.Activation) { a.Operator = "" }, want: fault.SessionNeeded},
		{name: "an unknown sort of key", change: func(a *signing.Activation) { a.Alg = "RSA-1024" }, want: fault.KeyMismatch},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := newRig(t)
			p := oksana()
			if one.person != nil {
				one.person(&p)
			}
			who := r.admit(p)
			if one.world != nil {
				*r.world = *one.world
			}
			a := r.activation(who)
			if one.change != nil {
				one.change(&a)
			}
			key, err := r.signing.Activate(t.Context(), a)
			if one.want == "" {
				if err != nil || !key.Usable(r.clock()) || key.Locked != nil || len(key.Chain) != 3 {
					t.Fatalf("%+v, %v", key, err)
				}
				return
			}
			wants(t, err, one.want)
			if keys, _ := r.signing.Keys(t.Context(), who); len(keys) != 0 {
				t.Error("and has a key")
			}
		})
	}
}

func TestR4_01_fifteen_is_too_young_to_sign(t *testing.T) {
	r := newRig(t)
	r.enrol.Rules.MinAge = 0 // keys in practice have no minimum (R1.02)
	p := oksana()
	p.BirthDate = citizen.Date{Year: 2010, Month: 11, Day: 24}
	_, err := r.signing.Activate(t.Context(), r.activation(r.admit(p)))
	wants(t, err, fault.TooYoung)
}

func TestR4_10_the_certificate_ends_with_the_key_or_after_two_years(t *testing.T) {
	r := newRig(t)
	long := r.holder(oksana())
	soon := tiago()
	soon.Documents[0].Expires = citizen.Date{Year: 2027, Month: 3, Day: 31}
	short := r.holder(soon)
	if got := r.key(long).NotAfter; !got.Equal(r.clock().AddDate(2, 0, 0)) && got.Sub(r.clock()) != 2*365*24*time.Hour {
		t.Errorf("ends %v", got)
	}
	if got := r.key(short).NotAfter; got.After(time.Date(2027, 3, 31, 23, 0, 0, 0, time.UTC)) || got.Before(time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("ends %v", got)
	}
	t.Run("T7 and the key is destroyed then", func(t *testing.T) {
		r.advance(200 * 24 * time.Hour)
		_, err := r.signing.Prepare(t.Context(), r.request(short))
		wants(t, err, fault.SigningInactive)
		_, err = r.signing.SignerOf(t.Context(), short)
		wants(t, err, fault.SigningInactive)
		if err := r.signing.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.do(func(tx *store.Tx) error {
			key, err := tx.PersonalKey(r.key(short).ID)
			if key.State != signing.KeyEnded || key.Locked != nil || key.PIN.Hash != nil {
				t.Errorf("it is %s with %d bytes", key.State, len(key.Locked))
			}
			if still := r.key(long); still.State != signing.KeyActive {
				t.Error("another's ended too")
			}
			return err
		})
	})
}

func TestR4_11_one_signing_key_per_person_however_many_ask_at_once(t *testing.T) {
	r := newRig(t)
	who := r.admit(oksana())
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 4 {
		all.Go(func() {
			_, err := r.signing.Activate(context.Background(), r.activation(who))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !fault.Is(err, fault.AlreadySigning) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	keys, err := r.signing.Keys(t.Context(), who)
	if err != nil || won != 1 || len(keys) != 1 {
		t.Fatalf("%d won, %d keys, %v", won, len(keys), err)
	}
	r.do(func(tx *store.Tx) error {
		all, err := tx.RevokedCertificates("test", r.clock(), "", 10)
		for _, c := range all {
			if c.Serial == keys[0].Serial {
				t.Error("the winner's certificate is revoked")
			}
		}
		return err
	})
}

func TestR4_12_switching_signing_off_is_for_good(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	before := r.key(who)
	if err := r.signing.Deactivate(t.Context(), who, "operator"); err != nil {
		t.Fatal(err)
	}
	if told := r.messages(); len(told) != 2 || told[0].Kind != message.SigningEnded {
		t.Errorf("told: %+v", told)
	}
	wants(t, r.signing.Deactivate(t.Context(), who, ""), fault.SigningInactive)
	r.ended(who, before)
	if _, err := r.signing.Activate(t.Context(), r.activation(who)); err != nil {
		t.Fatalf("R4.11 switched on again: %v", err)
	}
	if r.key(who).Serial == before.Serial {
		t.Error("R4.11 the certificate is the old one")
	}
}

// ended looks that nothing of a key is left, and that its certificate is revoked.
func (r *rig) ended(who citizen.ID, before signing.Key) {
	r.t.Helper()
	r.do(func(tx *store.Tx) error {
		key, err := tx.PersonalKey(before.ID)
		if err != nil {
			return err
		}
		cert, err := tx.Certificate(before.Serial)
		if key.State != signing.KeyEnded || key.Locked != nil || key.PIN.Hash != nil || cert.State != certificate.Revoked {
			r.t.Errorf("T7 the key is %s with %d bytes, its certificate %s", key.State, len(key.Locked), cert.State)
		}
		signs, err2 := signing.Active(tx, who, r.clock())
		if signs {
			r.t.Error("R4.14 still said to sign")
		}
		return errors.Join(err, err2)
	})
	if r.events(audit.SigningEnded) == 0 {
		r.t.Error("not on record")
	}
}

func TestR4_12_signing_ends_with_the_key_that_signs_in(t *testing.T) {
	r := newRig(t)
	end := func(tx any, who citizen.ID, now time.Time) error {
		return signing.EndOf(tx.(signing.Tx), signing.Ending{Person: who, Actor: "registry", Reason: certificate.CessationOfOperation, At: now, Rand: rand.Reader, Silent: true})
	}
	r.enrol.Ended = func(tx enrol.Tx, who citizen.ID, now time.Time) error { return end(tx, who, now) }
	who, never := r.holder(oksana()), r.admit(tiago())
	before := r.key(who)
	for _, one := range []citizen.ID{who, never} {
		if err := r.enrol.Standing(t.Context(), one, citizen.Standing{Deceased: true}, nil); err != nil {
			t.Fatal(err)
		}
	}
	r.ended(who, before)
	if told := r.messages(); len(told) != 0 {
		t.Errorf("R1.33 told: %+v", told)
	}
}

func TestR4_12_cancelling_the_key_ends_signing_in_the_same_commit(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	before := r.key(who)
	in := r.loginService()
	in.Ended = func(tx login.Tx, who citizen.ID, now time.Time) error {
		return signing.EndOf(tx.(signing.Tx), signing.Ending{Person: who, Reason: certificate.CessationOfOperation, At: now, Rand: rand.Reader, Silent: true})
	}
	id, cookie := r.signedIn(in, func(q *login.Request) { q.Purpose = login.CancelKey })
	if _, err := in.ConfirmCancel(t.Context(), id, cookie); err != nil {
		t.Fatal(err)
	}
	r.ended(who, before)
}

func TestR4_14_a_sign_in_tells_whether_the_key_signs(t *testing.T) {
	r := newRig(t)
	who := r.admit(oksana())
	in := r.loginService()
	in.CanSign = func(tx login.Tx, who citizen.ID, now time.Time) (bool, error) {
		return signing.Active(tx.(signing.Tx), who, now)
	}
	for _, want := range []string{"false", "true"} {
		if want == "true" {
			if _, err := r.signing.Activate(t.Context(), r.activation(who)); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.proof(in).Attributes()["can_sign"].Text; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
}

func TestNotMe_suspends_at_once_and_only_a_fresh_sign_in_resumes(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	_, ref := r.prepare(who)
	code := r.code()
	for range 2 {
		if err := r.signing.NotMe(t.Context(), who); err != nil {
			t.Fatal(err)
		}
	}
	if told := r.messages(); len(told) != 2 || told[0].Kind != message.SigningSuspended {
		t.Errorf("told: %+v", told)
	}
	_, err := r.sign(ref, code)
	wants(t, err, fault.SigningSuspended)
	_, err = r.signing.Prepare(t.Context(), r.request(who))
	wants(t, err, fault.SigningSuspended)
	_, err = r.signing.SignerOf(t.Context(), who)
	wants(t, err, fault.SigningSuspended)
	r.status(who, certificate.Suspended)
	wants(t, r.signing.Resume(t.Context(), login.Verified{}), fault.SessionNeeded)

	in := r.loginService()
	old := r.proof(in)
	r.advance(16 * time.Minute)
	wants(t, r.signing.Resume(t.Context(), old), fault.SessionNeeded)
	if err := r.signing.Resume(t.Context(), r.proof(in)); err != nil {
		t.Fatal(err)
	}
	r.status(who, certificate.Good)
	r.messages()
	_, err = r.sign(ref, code)
	wants(t, err, fault.SigningSuspended) // what waited then does not wake up
	r.prepare(who)
}

func (r *rig) status(who citizen.ID, want certificate.State) {
	r.t.Helper()
	r.do(func(tx *store.Tx) error {
		cert, err := tx.Certificate(r.key(who).Serial)
		if cert.State != want {
			r.t.Errorf("the certificate is %s, want %s", cert.State, want)
		}
		return err
	})
}

func TestR3_12_changing_the_signature_PIN(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	_, ref := r.prepare(who)
	code := r.code()
	in := r.loginService()
	proof := r.proof(in)
	change := func(old, pin, again string) error {
		return r.signing.ChangePIN(t.Context(), proof, pinOf(t, old), pinOf(t, pin), pinOf(t, again))
	}
	wants(t, r.signing.ChangePIN(t.Context(), login.Verified{}, pinOf(t, signPIN), pinOf(t, otherPIN), pinOf(t, otherPIN)), fault.SessionNeeded)
	wants(t, change(wrongPIN, otherPIN, otherPIN), fault.SignPINWrong)
	wants(t, change(signPIN, signInPIN, signInPIN), fault.SignPINSame)
	wants(t, change(signPIN, signPIN, signPIN), fault.PINUsedBefore)
	wants(t, change(signPIN, otherPIN, wrongPIN), fault.PINUnequal)
	before := r.key(who)
	if err := change(signPIN, otherPIN, otherPIN); err != nil {
		t.Fatal(err)
	}
	if after := r.key(who); after.Serial != before.Serial || after.ID != before.ID {
		t.Error("the key is another")
	}
	if told := r.messages(); len(told) != 2 || told[0].Kind != message.SignPINChanged {
		t.Errorf("told: %+v", told)
	}
	_, err := r.sign(ref, code)
	wants(t, err, fault.OperationOver)
	_, err = r.signing.Prepare(t.Context(), r.request(who))
	wants(t, err, fault.SignPINWrong)
	_, ref = r.prepare(who, func(q *signing.Request) { q.PIN = pinOf(t, otherPIN) })
	if _, err := r.sign(ref, r.code()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wants(t, change(wrongPIN, signPIN, signPIN), fault.SignPINWrong)
	}
	wants(t, change(wrongPIN, signPIN, signPIN), fault.SignPINBlocked)
}

func TestSignPINSame_cannot_be_asked_without_end(t *testing.T) {
	r := newRig(t)
	who := r.admit(oksana())
	same := func(a *signing.Activation) { a.PIN, a.Again = pinOf(t, signInPIN), pinOf(t, signInPIN) }
	for range 10 {
		_, err := r.signing.Activate(t.Context(), r.activation(who, same))
		wants(t, err, fault.SignPINSame)
	}
	_, err := r.signing.Activate(t.Context(), r.activation(who, same))
	wants(t, err, fault.TooManyRequests)
}

func TestActivate_after_a_fresh_sign_in(t *testing.T) {
	r := newRig(t)
	who := r.admit(oksana())
	in := r.loginService()
	proof := r.proof(in)
	mine := func(a *signing.Activation) { a.Proof, a.Operator, a.Person = proof, "", "" }
	_, err := r.signing.Activate(t.Context(), r.activation("somebody else", mine, func(a *signing.Activation) { a.Person = "somebody else" }))
	wants(t, err, fault.SessionNeeded)
	key, err := r.signing.Activate(t.Context(), r.activation(who, mine))
	if err != nil || key.Person != who {
		t.Fatalf("%v, %v", key.Person, err)
	}
	if signer, err := r.signing.SignerOf(t.Context(), who); err != nil || signer.Cert.Subject.CommonName != "Oksana Made-Up" || signer.Key.Locked != nil {
		t.Errorf("%+v, %v", signer.Cert, err)
	}
}

func TestPool_keys_are_made_ahead_and_taken(t *testing.T) {
	r := newRig(t, func(s *signing.Service) { s.Rules.Pool = map[signing.Alg]int{signing.P256: 2} })
	for range 2 {
		if err := r.signing.Refill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (n int) {
		r.do(func(tx *store.Tx) (err error) { n, err = tx.CountPooled(signing.P256); return err })
		return n
	}
	if left() != 2 {
		t.Fatalf("%d in the pool", left())
	}
	r.gate.reset(nil)
	who := r.holder(oksana())
	for _, call := range r.gate.seen() {
		if call == "new 1" {
			t.Error("made a key though two waited")
		}
	}
	if left() != 1 {
		t.Errorf("%d in the pool", left())
	}
	_, ref := r.prepare(who)
	if _, err := r.sign(ref, r.code()); err != nil {
		t.Fatal(err)
	}
	t.Run("a pooled key whose public half was changed is not certified", func(t *testing.T) {
		_, foreign, err := r.soft.NewPersonalKey("P-256")
		if err != nil {
			t.Fatal(err)
		}
		r.do(func(tx *store.Tx) error {
			p, err := tx.TakePooled(signing.P256)
			if err != nil {
				return err
			}
			p.Public = foreign
			return tx.InsertPooled(p)
		})
		if _, err := r.signing.Activate(t.Context(), r.activation(r.admit(tiago()))); err == nil {
			t.Error("certified")
		}
	})
}

// loginService is the sign-in beside the signing, over the same rows.
func (r *rig) loginService() *login.Service {
	r.t.Helper()
	area, err := service.New(service.Settings{
		ID: "area", Name: service.Text{"pt": "A minha chave", "en": "My key"}, RedirectURIs: []string{"https://area.example/cb"}, Secret: "0123456789abcdef0123456789abcdef",
		MinLevel: service.LevelPhone, Attributes: []service.Ask{{Name: "full_name"}, {Name: "can_sign"}},
	}, anyVault{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.do(func(tx *store.Tx) error { return tx.SaveService(area) })
	return &login.Service{
		Do: store.In[login.Tx](r.db), View: store.InView[login.Tx](r.db), Hasher: r.signing.Hasher, Policy: r.signing.Policy,
		Times: login.Times{Transaction: 15 * time.Minute, SessionMax: 12 * time.Hour, SessionIdle: time.Hour},
		Now:   r.clock, Rand: rand.Reader, Wake: func() {}, Log: r.signing.Log, AddressKey: r.signing.AddressKey,
	}
}

type anyVault struct{}

func (anyVault) MAC(string, ...[]byte) []byte { return []byte("mac") }

// signedIn takes Oksana as far as the page after the code.
func (r *rig) signedIn(in *login.Service, change ...func(*login.Request)) (id, cookie string) {
	r.t.Helper()
	r.messages()
	ctx, cookie := r.t.Context(), random.Handle(rand.Reader)
	var asked service.Service
	r.do(func(tx *store.Tx) (err error) { asked, err = tx.Service("area"); return err })
	q := login.Request{
		Wire: "test", Purpose: login.SignIn, Service: asked, Ask: asked.Asks(), MinLevel: service.LevelPhone, Lang: "en", Browser: cookie,
		Resume: func(id string) string { return "/" + id },
	}
	for _, c := range change {
		c(&q)
	}
	t, err := in.Begin(ctx, q)
	if err == nil {
		_, err = in.Identify(ctx, t.ID, cookie, string(oksana().Phone), "")
	}
	if err == nil {
		_, err = in.EnterPIN(ctx, t.ID, cookie, "192.0.2.1", pinOf(r.t, signInPIN))
	}
	if err == nil {
		_, err = in.EnterCode(ctx, t.ID, cookie, login.Sessions{}, codeOf(r.t, r.code()))
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return t.ID, cookie
}

// proof signs Oksana in.
func (r *rig) proof(in *login.Service) login.Verified {
	r.t.Helper()
	id, cookie := r.signedIn(in)
	if _, err := in.Decide(r.t.Context(), id, cookie, []consent.Name{"full_name", "can_sign"}); err != nil {
		r.t.Fatal(err)
	}
	out, err := in.Finish(r.t.Context(), id, cookie, "test", nil)
	if err != nil || !out.Verified.Proven() {
		r.t.Fatalf("not proven: %v", err)
	}
	r.messages()
	return out.Verified
}
