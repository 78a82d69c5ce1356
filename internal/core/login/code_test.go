package login_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/service"
	"chave/internal/outside/store"
)

const phone = "+351929943618"

func (b *browser) toCode(id string) login.Transaction {
	b.r.t.Helper()
	got := b.pin(b.identify(b.begin(id), phone, ""), rightPIN)
	b.want(got, login.StepCode)
	return got
}

func TestR3_13_R3_20_A8_N5_the_code_is_six_digits_once_and_names_the_service(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	got := b.toCode("tax")
	sent := r.messages()
	if len(sent) != 1 || sent[0].Kind != message.LoginCode || sent[0].Data["service"] != "Service tax" || len(sent[0].Data["code"]) != 6 {
		t.Fatalf("sent %+v", sent)
	}
	code := sent[0].Data["code"]
	b.want(b.code(got, code), login.StepShare)
	t.Run("N1 a used code fails the second time", func(t *testing.T) {
		if _, err := b.tryCode(got, code); !fault.Is(err, fault.StepPassed) {
			t.Fatalf("got %v, want the step to have passed", err)
		}
	})
	t.Run("A9 a code of one sign-in is worthless in another", func(t *testing.T) {
		first, second := r.browser(), r.browser()
		one := first.toCode("tax")
		code := r.lastCode()
		other := second.toCode("tax")
		if after := second.code(other, code); after.CodeRight {
			t.Fatal("a code crossed over")
		}
		first.want(first.code(one, code), login.StepShare)
	})
}

func TestR3_15_a_code_lives_300_seconds(t *testing.T) {
	for _, one := range []struct {
		name string
		wait time.Duration
		want login.Step
	}{
		{"one second before", 299 * time.Second, login.StepShare},
		{"at 300 seconds", 300 * time.Second, login.StepCode},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := newRig(t)
			r.admit(oksana())
			b := r.browser()
			got := b.toCode("tax")
			code := r.lastCode()
			r.advance(one.wait)
			after := b.code(got, code)
			b.want(after, one.want)
			if one.want == login.StepCode && (after.Notice == nil || after.Notice.Code != fault.CodeExpired) {
				t.Fatalf("notice %+v", after.Notice)
			}
		})
	}
}

func TestR3_16_a_wrong_code_restarts_from_the_identifier_and_voids_the_old_one(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	got := b.toCode("tax")
	old := r.lastCode()
	got = b.code(got, not(old))
	b.want(got, login.StepWho)
	if got.Typed != phone || got.Notice.Code != fault.CodeWrong {
		t.Fatalf("what was typed is gone or no reason given: %+v", got)
	}
	got = b.pin(b.identify(got, phone, ""), rightPIN)
	fresh := r.lastCode()
	if fresh != old { // one in a million they are equal
		if after := b.code(got, old); after.CodeRight {
			t.Fatal("the old code still works")
		}
	}
}

func TestR3_17_three_wrong_codes_in_a_row_block_the_key(t *testing.T) {
	r := newRig(t)
	id := r.admit(oksana())
	b := r.browser()
	var got login.Transaction
	for range 3 {
		got = b.toCode("tax")
		got = b.code(got, not(r.lastCode()))
	}
	b.want(got, login.StepStop)
	if got.Stop.Code != fault.KeyBlocked {
		t.Fatalf("stop %+v", got.Stop)
	}
	var told []message.Kind
	for _, m := range r.messages() {
		told = append(told, m.Kind)
	}
	if !slices.Contains(told, message.KeyBlocked) {
		t.Fatalf("the holder was told %v", told)
	}
	r.do(func(tx *store.Tx) error {
		key, err := tx.Key(id)
		if err == nil && key.BlockedAt.IsZero() {
			t.Error("the key is not blocked")
		}
		return err
	})
	t.Run("a right code in between starts the count afresh", func(t *testing.T) {
		r := newRig(t)
		r.admit(oksana())
		b := r.browser()
		for range 2 {
			for range 2 {
				b.code(b.toCode("tax"), not(r.lastCode()))
			}
			b.want(b.signIn("tax", phone, ""), login.StepShare)
			b.session = ""
		}
	})
}

func TestR3_18_sending_again_voids_the_code_before(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	got := b.toCode("tax")
	old := r.lastCode()
	got, err := r.login.SendAgain(t.Context(), got.ID, b.cookie, "192.0.2.1", false)
	if err != nil {
		t.Fatal(err)
	}
	fresh := r.lastCode()
	if fresh == old {
		t.Skip("both codes are the same by chance")
	}
	if after := b.code(got, old); after.CodeRight {
		t.Fatal("the code before still works")
	}
}

func TestR3_18_A9_codes_are_limited_per_person_and_address(t *testing.T) {
	r := newRig(t, func(p *credential.Policy) { p.CodesPerPerson = 4 })
	r.admit(oksana())
	for range 4 {
		r.browser().toCode("tax")
	}
	b := r.browser()
	got := b.pin(b.identify(b.begin("tax"), phone, ""), rightPIN)
	if got.Stop == nil || got.Stop.Code != fault.TooManyCodes {
		t.Fatalf("the fifth code was sent: %+v", got)
	}
	r.advance(10 * time.Minute)
	r.browser().toCode("tax")
}

func TestR3_13_a_code_is_accepted_once_by_a_hundred_at_once(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	got := b.toCode("tax")
	code, err := credential.ParseCode(r.lastCode())
	if err != nil {
		t.Fatal(err)
	}
	var accepted atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			o, err := r.login.EnterCode(context.Background(), got.ID, b.cookie, login.Sessions{}, code)
			if err == nil && o.Cookie != "" {
				accepted.Add(1)
			}
		})
	}
	wg.Wait()
	if n := accepted.Load(); n != 1 {
		t.Fatalf("accepted %d times", n)
	}
}

func TestR3_03_R5_19_levels_follow_the_channel(t *testing.T) {
	r := newRig(t)
	mail := oksana()
	mail.Phone = ""
	r.admit(mail)
	b := r.browser()
	got := b.signIn("hospital", "oksana@example.org", "")
	b.want(got, login.StepShare)
	if got.Level != service.LevelEmail {
		t.Fatalf("a code by e-mail reached level %d", got.Level)
	}
	t.Run("R5.20 a service that needs level 3 does not let an e-mail code in", func(t *testing.T) {
		b := r.browser()
		got := b.pin(b.identify(b.begin("tax"), "oksana@example.org", ""), rightPIN)
		if got.Stop == nil || got.Stop.Code != fault.LevelTooLow {
			t.Fatalf("stop %+v", got.Stop)
		}
		if sent := r.messages(); len(sent) != 0 {
			t.Fatalf("a useless code was sent: %+v", sent)
		}
	})
}

func TestR3_14_the_other_way_is_the_email_where_the_level_allows(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	got := b.toCode("hospital")
	r.messages()
	got, err := r.login.SendAgain(t.Context(), got.ID, b.cookie, "192.0.2.1", true)
	if err != nil {
		t.Fatal(err)
	}
	if got.Channel != message.EmailRoute {
		t.Fatalf("sent by %s", got.Channel)
	}
	if after := b.code(got, r.lastCode()); after.Level != service.LevelEmail {
		t.Fatalf("level %d after an e-mail code", after.Level)
	}
	t.Run("not at level 3", func(t *testing.T) {
		b := r.browser()
		got := b.toCode("tax")
		if _, err := r.login.SendAgain(t.Context(), got.ID, b.cookie, "192.0.2.1", true); !fault.Is(err, fault.NoChannel) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestLogin_belongs_to_the_browser_that_began_it(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	victim, attacker := r.browser(), r.browser()
	got := attacker.begin("hospital")
	if _, err := r.login.Identify(t.Context(), got.ID, victim.cookie, phone, ""); !fault.Is(err, fault.LoginOtherBrowser) {
		t.Fatalf("got %v", err)
	}
}

func TestR5_10_refusing(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	t.Run("no at each step is a refusal for the service", func(t *testing.T) {
		b := r.browser()
		steps := []func() login.Transaction{
			func() login.Transaction { return b.begin("hospital") },
			func() login.Transaction { return b.identify(b.begin("hospital"), phone, "") },
			func() login.Transaction { return b.toCode("hospital") },
			func() login.Transaction { return b.signIn("hospital", phone, "") },
		}
		for i, reach := range steps {
			got := reach()
			got, err := r.login.Refuse(t.Context(), got.ID, b.cookie)
			if err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
			out, err := r.login.Finish(t.Context(), got.ID, b.cookie, "test", nil)
			if err != nil || out.Refusal != fault.RefusedByPerson || out.Verified.Proven() {
				t.Fatalf("step %d: %+v, %v", i, out, err)
			}
		}
	})
	t.Run("an optional attribute that is unticked stays empty", func(t *testing.T) {
		b := r.browser()
		out := b.finish(b.decide(b.signIn("tax", phone, "")))
		if _, there := out.Verified.Attributes()[consent.NIF]; there {
			t.Fatal("an unticked attribute was shared")
		}
		if out.Verified.Attributes()[consent.FullName].Text != "Oksana Made-Up" {
			t.Fatalf("got %v", out.Verified.Attributes())
		}
	})
	t.Run("a ticked one is shared", func(t *testing.T) {
		b := r.browser()
		out := b.finish(b.decide(b.signIn("tax", phone, ""), consent.NIF))
		if out.Verified.Attributes()[consent.NIF].Text != "399412840" {
			t.Fatalf("got %v", out.Verified.Attributes())
		}
	})
}

func (b *browser) decide(t login.Transaction, share ...consent.Name) login.Transaction {
	b.r.t.Helper()
	got, err := b.r.login.Decide(b.r.t.Context(), t.ID, b.cookie, share)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return got
}

func (b *browser) finish(t login.Transaction) login.Outcome {
	b.r.t.Helper()
	out, err := b.r.login.Finish(b.r.t.Context(), t.ID, b.cookie, "test", nil)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return out
}

func TestR5_23_single_sign_on(t *testing.T) {
	r := newRig(t)
	r.service("clinic", service.LevelPhone, consent.FullName)
	strict := r.service("strict", service.LevelEmail, consent.FullName, consent.Nationality)
	strict.Reuse = service.ReuseByAttributes
	r.do(func(tx *store.Tx) error { return tx.SaveService(strict) })
	r.admit(oksana())
	for _, one := range []struct {
		name   string
		first  string
		byMail bool
		second string
		change func(*login.Request)
		want   login.Step
	}{
		{"same service, same level: only consent", "tax", false, "tax", nil, login.StepShare},
		{"lower level: only consent", "tax", false, "hospital", nil, login.StepShare},
		{"equal level, another service: only consent", "tax", false, "clinic", nil, login.StepShare},
		{"higher level: PIN again", "hospital", true, "tax", nil, login.StepWho},
		{"more attributes at a service with CMD's own rule: PIN again", "hospital", false, "strict", nil, login.StepWho},
		{"forced", "tax", false, "tax", func(q *login.Request) { q.Force = true }, login.StepWho},
		{"too long ago for the service", "tax", false, "tax", func(q *login.Request) { q.MaxAge = new(time.Duration) }, login.StepWho},
	} {
		t.Run(one.name, func(t *testing.T) {
			b := r.browser()
			if one.byMail {
				got := b.toCode(one.first)
				got, err := r.login.SendAgain(t.Context(), got.ID, b.cookie, "192.0.2.1", true)
				if err != nil {
					t.Fatal(err)
				}
				b.code(got, r.lastCode())
			} else {
				b.signIn(one.first, phone, "")
			}
			r.advance(time.Second)
			var change []func(*login.Request)
			if one.change != nil {
				change = append(change, one.change)
			}
			b.want(b.begin(one.second, change...), one.want)
		})
	}
	t.Run("N11 an idle session ends after an hour, any session after twelve", func(t *testing.T) {
		b := r.browser()
		b.signIn("tax", phone, "")
		for range 13 {
			r.advance(55 * time.Minute)
			b.want(b.begin("tax"), login.StepShare)
		}
		r.advance(55 * time.Minute)
		b.want(b.begin("tax"), login.StepWho)
		b.session = ""
		b.signIn("tax", phone, "")
		r.advance(time.Hour)
		b.want(b.begin("tax"), login.StepWho)
	})
	t.Run("A11 the cookie changes at each sign-in, and the old one is worth nothing", func(t *testing.T) {
		b := r.browser()
		b.signIn("tax", phone, "")
		old := b.session
		got := b.begin("tax", func(q *login.Request) { q.Force = true })
		b.code(b.pin(b.identify(got, phone, ""), rightPIN), r.lastCode())
		if b.session == old {
			t.Fatal("the cookie is the same")
		}
		if _, _, err := r.login.SessionOf(t.Context(), old); !fault.Is(err, fault.SessionNeeded) {
			t.Fatalf("the old cookie: %v", err)
		}
	})
}

func TestFinish_hands_out_once(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	got := b.decide(b.signIn("tax", phone, ""))
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if out, err := r.login.Finish(context.Background(), got.ID, b.cookie, "test", nil); err == nil && out.Verified.Proven() {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Fatalf("handed out %d times", won.Load())
	}
	if _, err := r.login.Finish(t.Context(), got.ID, b.cookie, "other", nil); err == nil {
		t.Fatal("another wire could take it")
	}
}

func TestR5_02_R5_09_E6_the_holders_own_acts_ask_PIN_and_code_afresh(t *testing.T) {
	r := newRig(t)
	id := r.admit(oksana())
	r.service("own", service.LevelEmail, consent.FullName)
	own := func(p login.Purpose) func(*login.Request) {
		return func(q *login.Request) { q.Wire, q.Purpose, q.Ask = login.FirstParty, p, nil }
	}
	b := r.browser()
	b.signIn("tax", phone, "")
	other := r.browser()
	other.signIn("tax", phone, "")
	t.Run("R3.08 changing the PIN", func(t *testing.T) {
		got := b.begin("own", own(login.ChangePIN))
		b.want(got, login.StepPIN) // the name is known, the PIN is asked again (A11)
		got = b.code(b.pin(got, rightPIN), r.lastCode())
		b.want(got, login.StepChoosePIN)
		got, err := b.choose(got, "581643", "581643")
		if err != nil {
			t.Fatal(err)
		}
		b.want(got, login.StepResume)
		var told []message.Kind
		for _, m := range r.messages() {
			told = append(told, m.Kind)
		}
		if !slices.Contains(told, message.PINChanged) {
			t.Errorf("R5.05 the holder was told %v", told)
		}
		if _, _, err := r.login.SessionOf(t.Context(), other.session); err == nil {
			t.Error("another session survived the change")
		}
		if _, _, err := r.login.SessionOf(t.Context(), b.session); err != nil {
			t.Error("the session that changed it ended:", err)
		}
	})
	t.Run("R5.09 cancelling ends the open session at once", func(t *testing.T) {
		got := b.begin("own", own(login.CancelKey))
		got = b.code(b.pin(got, "581643"), r.lastCode())
		b.want(got, login.StepConfirm)
		if _, err := r.login.ConfirmCancel(t.Context(), got.ID, b.cookie); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.login.SessionOf(t.Context(), b.session); !fault.Is(err, fault.SessionNeeded) {
			t.Fatalf("the session lives: %v", err)
		}
		r.do(func(tx *store.Tx) error {
			key, err := tx.Key(id)
			if err == nil && key.State != credential.Cancelled {
				t.Errorf("state %s", key.State)
			}
			return err
		})
	})
}

func TestR5_04_history_and_A16_withdrawal(t *testing.T) {
	r := newRig(t)
	id := r.admit(oksana())
	b := r.browser()
	b.finish(b.decide(b.signIn("tax", phone, ""), consent.NIF))
	r.do(func(tx *store.Tx) error {
		visits, err := tx.VisitsOf(id, time.Time{}, 10)
		if err != nil || len(visits) != 1 || visits[0].Service != "tax" || visits[0].Outcome != "signed_in" {
			t.Errorf("history %+v, %v", visits, err)
		}
		given, err := tx.GivenOf(id)
		if err != nil || len(given) != 1 || !slices.Contains(given[0].Shared, consent.NIF) {
			t.Errorf("consents %+v, %v", given, err)
		}
		return nil
	})
	if err := r.login.Withdraw(t.Context(), id, "tax"); err != nil {
		t.Fatal(err)
	}
	r.do(func(tx *store.Tx) error {
		given, err := tx.GivenOf(id)
		if err != nil || len(given) != 0 {
			t.Errorf("a withdrawn consent stands: %+v, %v", given, err)
		}
		return nil
	})
}
