package login_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/outside/store"
)

const mendedPIN = "40718263"

// mend does to a key what the counter does for somebody whose phone and PIN were stolen: a temporary PIN instead of the old one (R3.24, R3.28).
func (r *rig) mend(who citizen.ID) {
	r.t.Helper()
	pin, err := credential.ParsePIN(mendedPIN)
	if err != nil {
		r.t.Fatal(err)
	}
	stored, err := r.login.Hasher.Hash(pin, who)
	if err != nil {
		r.t.Fatal(err)
	}
	r.do(func(tx *store.Tx) error {
		key, err := tx.Key(who)
		if err != nil {
			return err
		}
		key.State, key.PIN, key.PINUntil = credential.PendingPIN, stored, r.now.Add(24*time.Hour)
		return tx.UpdateKey(key)
	})
}

func (r *rig) keyOf(who citizen.ID) (key credential.Key) {
	r.t.Helper()
	r.do(func(tx *store.Tx) (err error) {
		key, err = tx.Key(who)
		return err
	})
	return key
}

// changePIN changes the PIN from another browser, as a holder does who fears that somebody knows it.
func (r *rig) changePIN(b *browser, to string) {
	r.t.Helper()
	own := b.begin("hospital", func(q *login.Request) { q.Purpose, q.Wire = login.ChangePIN, login.FirstParty })
	got := b.code(b.pin(b.identify(own, phone, ""), rightPIN), r.lastCode())
	b.want(got, login.StepChoosePIN)
	if _, err := b.choose(got, to, to); err != nil {
		r.t.Fatal(err)
	}
}

// beganAgain fails unless the sign-in stands at its first question with nothing proved.
func (b *browser) beganAgain(t login.Transaction) {
	b.r.t.Helper()
	b.want(t, login.StepWho)
	if t.PINRight || t.CodeRight || t.Session != "" || t.Person != "" || t.Notice == nil || t.Notice.Code != fault.SessionNeeded {
		b.r.t.Fatalf("something of the old proof is left: %+v", t)
	}
}

func TestA11_R3_24_what_an_old_PIN_had_proved_ends_when_the_counter_mends_the_key(t *testing.T) {
	t.Run("a code that is still under way opens nothing", func(t *testing.T) {
		r := newRig(t)
		who := r.admit(oksana())
		thief := r.browser()
		got := thief.toCode("tax")
		code := r.lastCode()
		r.mend(who)
		thief.beganAgain(thief.code(got, code))
		if thief.session != "" {
			t.Fatal("a session was opened")
		}
	})
	t.Run("an unanswered share page shares nothing", func(t *testing.T) {
		r := newRig(t)
		who := r.admit(oksana())
		thief := r.browser()
		got := thief.signIn("tax", phone, "")
		thief.want(got, login.StepShare)
		r.mend(who)
		after, err := r.login.Decide(t.Context(), got.ID, thief.cookie, nil)
		if err != nil {
			t.Fatal(err)
		}
		thief.beganAgain(after)
	})
	t.Run("an answered one becomes no proof", func(t *testing.T) {
		r := newRig(t)
		who := r.admit(oksana())
		thief := r.browser()
		got := thief.signIn("tax", phone, "")
		if _, err := r.login.Decide(t.Context(), got.ID, thief.cookie, nil); err != nil {
			t.Fatal(err)
		}
		r.mend(who)
		refusedAtEnd(t, r, thief, got)
	})
	t.Run("a PIN change begun before cannot take the place of the temporary PIN", func(t *testing.T) {
		r := newRig(t)
		who := r.admit(oksana())
		thief := r.browser()
		own := thief.begin("hospital", func(q *login.Request) { q.Purpose, q.Wire = login.ChangePIN, login.FirstParty })
		got := thief.code(thief.pin(thief.identify(own, phone, ""), rightPIN), r.lastCode())
		thief.want(got, login.StepChoosePIN)
		r.mend(who)
		after, err := thief.choose(got, "958103", "958103")
		if err != nil {
			t.Fatal(err)
		}
		thief.beganAgain(after)
		if key := r.keyOf(who); !key.Temporary() {
			t.Fatalf("the key is %s: the thief's PIN is in force", key.State)
		}
	})
	t.Run("nor learn whether a guess is the new PIN", func(t *testing.T) {
		r := newRig(t)
		who := r.admit(oksana())
		thief := r.browser()
		own := thief.begin("hospital", func(q *login.Request) { q.Purpose, q.Wire = login.ChangePIN, login.FirstParty })
		got := thief.code(thief.pin(thief.identify(own, phone, ""), rightPIN), r.lastCode())
		r.mend(who)
		if _, err := thief.choose(got, mendedPIN, mendedPIN); fault.Is(err, fault.PINUsedBefore) {
			t.Fatal("the answer tells the PIN in force")
		}
	})
	t.Run("R2.09 a lost temporary PIN's sign-in cannot choose for the next one's", func(t *testing.T) {
		r := newRig(t)
		who := r.admit(oksana())
		r.mend(who)
		finder := r.browser()
		got := finder.code(finder.pin(finder.identify(finder.begin("tax"), phone, ""), mendedPIN), r.lastCode())
		finder.want(got, login.StepChoosePIN)
		r.mend(who) // Reissue: the paper was lost
		after, err := finder.choose(got, "958103", "958103")
		if err != nil {
			t.Fatal(err)
		}
		finder.beganAgain(after)
	})
	t.Run("R5.09 a cancellation begun before cancels nothing", func(t *testing.T) {
		r := newRig(t)
		who := r.admit(oksana())
		thief := r.browser()
		own := thief.begin("hospital", func(q *login.Request) { q.Purpose, q.Wire = login.CancelKey, login.FirstParty })
		got := thief.code(thief.pin(thief.identify(own, phone, ""), rightPIN), r.lastCode())
		thief.want(got, login.StepConfirm)
		r.mend(who)
		after, err := r.login.ConfirmCancel(t.Context(), got.ID, thief.cookie)
		if err != nil {
			t.Fatal(err)
		}
		thief.beganAgain(after)
		if key := r.keyOf(who); key.State == credential.Cancelled {
			t.Fatal("the mended key was cancelled")
		}
	})
}

func refusedAtEnd(t *testing.T, r *rig, b *browser, got login.Transaction) {
	t.Helper()
	granted := false
	out, err := r.login.Finish(t.Context(), got.ID, b.cookie, "test", func(_ login.Tx, out login.Outcome) error {
		granted = out.Verified.Proven()
		return nil
	})
	if err != nil || out.Verified.Proven() || granted || out.Refusal != fault.SessionNeeded {
		t.Fatalf("got %+v, %v; want a refusal", out, err)
	}
}

func TestA11_a_changed_PIN_leaves_no_other_sign_in_to_be_finished(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	thief, holder := r.browser(), r.browser()
	atCode := thief.toCode("tax")
	code := r.lastCode()
	other := r.browser()
	atShare := other.signIn("tax", phone, "")
	answered := r.browser()
	done := answered.signIn("tax", phone, "")
	if _, err := r.login.Decide(t.Context(), done.ID, answered.cookie, nil); err != nil {
		t.Fatal(err)
	}
	r.changePIN(holder, "958103")
	thief.beganAgain(thief.code(atCode, code))
	after, err := r.login.Decide(t.Context(), atShare.ID, other.cookie, nil)
	if err != nil {
		t.Fatal(err)
	}
	other.beganAgain(after)
	refusedAtEnd(t, r, answered, done)
	t.Run("the holder's own goes on", func(t *testing.T) {
		got := holder.begin("tax")
		holder.want(got, login.StepShare)
		if _, err := r.login.Decide(t.Context(), got.ID, holder.cookie, nil); err != nil {
			t.Fatal(err)
		}
		out, err := r.login.Finish(t.Context(), got.ID, holder.cookie, "test", nil)
		if err != nil || !out.Verified.Proven() {
			t.Fatalf("got %+v, %v", out, err)
		}
	})
}

func TestR5_24_a_session_that_was_signed_out_shares_nothing_more(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	first := b.signIn("hospital", phone, "")
	if _, err := r.login.Decide(t.Context(), first.ID, b.cookie, nil); err != nil {
		t.Fatal(err)
	}
	reused := b.begin("hospital")
	b.want(reused, login.StepShare)
	if err := r.login.SignOut(t.Context(), b.session); err != nil {
		t.Fatal(err)
	}
	refusedAtEnd(t, r, b, first)
	after, err := r.login.Decide(t.Context(), reused.ID, b.cookie, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.beganAgain(after)
	b.want(b.code(b.pin(b.identify(after, phone, ""), rightPIN), r.lastCode()), login.StepShare)
}

func TestA19_every_stop_after_a_right_PIN_is_on_record(t *testing.T) {
	for _, one := range []struct {
		name string
		stop func(r *rig, b *browser, who citizen.ID) (id string)
		want fault.Code
	}{
		{"blocked while the code was under way", func(r *rig, b *browser, who citizen.ID) string {
			got := b.toCode("tax")
			code := r.lastCode()
			r.block(who)
			b.want(b.code(got, code), login.StepStop)
			return got.ID
		}, fault.KeyBlocked},
		{"blocked at the share page", func(r *rig, b *browser, who citizen.ID) string {
			got := b.signIn("tax", phone, "")
			r.block(who)
			after, err := r.login.Decide(r.t.Context(), got.ID, b.cookie, nil)
			if err != nil {
				r.t.Fatal(err)
			}
			b.want(after, login.StepStop)
			return got.ID
		}, fault.KeyBlocked},
		{"the PIN was changed meanwhile", func(r *rig, b *browser, who citizen.ID) string {
			got := b.toCode("tax")
			code := r.lastCode()
			r.mend(who)
			b.beganAgain(b.code(got, code))
			return got.ID
		}, fault.SessionNeeded},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := newRig(t)
			who := r.admit(oksana())
			var refused []string
			do := r.login.Do
			r.login.Do = func(ctx context.Context, fn func(login.Tx) error) error {
				return do(ctx, func(tx login.Tx) error { return fn(listener{tx, &refused}) })
			}
			id := one.stop(r, r.browser(), who)
			if !slices.Contains(refused, id+" "+string(one.want)) {
				t.Fatalf("on record: %v, want %s", refused, one.want)
			}
		})
	}
}

// listener notes refusals that go on record.
type listener struct {
	login.Tx
	refused *[]string
}

func (l listener) InsertAudit(e audit.Event) error {
	if e.Kind == audit.LoginRefused {
		*l.refused = append(*l.refused, e.Login+" "+e.Data["fault"])
	}
	return l.Tx.InsertAudit(e)
}
