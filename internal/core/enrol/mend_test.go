package enrol_test

import (
	"slices"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/outside/store"
)

const phone = "+351929943618"

// holder registers a passport holder who has chosen a PIN.
func (c *counter) holder() citizen.ID {
	c.t.Helper()
	got, pin := c.issue(passport(), phone, enrol.Numbers{NIF: "399412840"})
	c.choose(phone, pin, "861374")
	c.messages()
	return got.Registered
}

// mend goes from the refusal to the contacts.
func (c *counter) mend(e enrol.Evidence) enrol.Case {
	c.t.Helper()
	got, err := c.document(e)
	wantRefused(c.t, got, err, fault.AlreadyHasKey)
	got = c.must(c.enrol.Mend(c.t.Context(), got.ID, clerk))
	if got.State == enrol.AtAttest {
		got = c.must(c.enrol.Attest(c.t.Context(), got.ID, clerk, enrol.Attestations()))
	}
	c.wantState(got, enrol.AtContacts)
	return got
}

func TestR3_24_a_counter_lifts_a_block_after_document_and_phone(t *testing.T) {
	c := newCounter(t)
	who := c.holder()
	if err := c.enrol.Block(t.Context(), who, "test"); err != nil {
		t.Fatal(err)
	}
	at := c.mend(passport())
	t.Run("not without the phone", func(t *testing.T) {
		if _, err := c.enrol.ContactsDone(t.Context(), at.ID, clerk); !fault.Is(err, fault.PhoneNotProven) {
			t.Fatalf("got %v", err)
		}
		if c.status(who) != credential.StatusBlocked {
			t.Fatal("unblocked already")
		}
	})
	got, pin := c.mustIssue(c.prove(at, phone), enrol.Numbers{})
	if got.Registered != who || c.status(who) != credential.StatusPending {
		t.Fatalf("person %q, status %q", got.Registered, c.status(who))
	}
	if sent := c.messages(); len(sent) != 1 || sent[0].Kind != message.PINChanged {
		t.Fatalf("R5.05 told %+v", sent)
	}
	c.choose(phone, pin, "730951")
	if _, person := c.key(who); c.status(who) != credential.StatusActive || person.NIF != "399412840" {
		t.Fatalf("status %q, NIF %q", c.status(who), person.NIF)
	}
	t.Run("N12 R3.11 the PIN before cannot come back", func(t *testing.T) {
		key, _ := c.key(who)
		if len(key.EarlierPINs) != 1 {
			t.Fatalf("%d earlier PINs", len(key.EarlierPINs))
		}
	})
}

func TestR3_09_R3_28_a_counter_gives_a_new_pin_and_a_new_phone(t *testing.T) {
	c := newCounter(t)
	who := c.holder()
	got, pin := c.mustIssue(c.prove(c.mend(passport()), "+351929943619"), enrol.Numbers{})
	t.Run("R2.21 R5.05 the old phone and the new one are told", func(t *testing.T) {
		var told []string
		for _, m := range c.messages() {
			told = append(told, m.To)
		}
		slices.Sort(told)
		if !slices.Equal(told, []string{phone, "+351929943619"}) {
			t.Fatalf("told %q", told)
		}
	})
	if got.Registered != who {
		t.Fatal("another person")
	}
	t.Run("the old phone no longer names anybody", func(t *testing.T) {
		if at, _ := c.firstSignIn(phone, pin); at.PINRight {
			t.Fatal("signed in with the old number")
		}
	})
	c.choose("+351929943619", pin, "730951")
}

func TestA11_a_mended_key_leaves_nobody_signed_in(t *testing.T) {
	c := newCounter(t)
	_, pin := c.issue(passport(), phone, enrol.Numbers{})
	opened := c.choose(phone, pin, "861374")
	if _, _, err := c.login.SessionOf(t.Context(), opened.Cookie); err != nil {
		t.Fatal(err)
	}
	_, pin = c.mustIssue(c.prove(c.mend(passport()), phone), enrol.Numbers{})
	if _, _, err := c.login.SessionOf(t.Context(), opened.Cookie); !fault.Is(err, fault.SessionNeeded) {
		t.Fatalf("while the new PIN is to be chosen: %v", err)
	}
	c.choose(phone, pin, "730951")
	if _, _, err := c.login.SessionOf(t.Context(), opened.Cookie); !fault.Is(err, fault.SessionNeeded) {
		t.Fatalf("after it was chosen: %v", err)
	}
}

func TestR1_27_R1_30_a_renewed_document_revives_a_suspended_key(t *testing.T) {
	c := newCounter(t)
	card := c.citizenCard()
	got, pin := c.issue(card, "+351929941207", enrol.Numbers{})
	c.choose("+351929941207", pin, "861374")
	c.set(time.Date(2030, 3, 1, 12, 0, 0, 0, time.UTC))
	if s := c.status(got.Registered); s != credential.StatusSuspended {
		t.Fatalf("status %q", s)
	}
	renewed := card
	renewed.Expires, renewed.Zone = date(2039, 11, 23), ""
	c.says(card, func(a *enrol.Answer) { a.Expires = renewed.Expires })
	_, pin = c.mustIssue(c.prove(c.mend(renewed), "+351929941207"), enrol.Numbers{})
	c.choose("+351929941207", pin, "730951")
	if s := c.status(got.Registered); s != credential.StatusActive {
		t.Fatalf("status %q", s)
	}
}

func TestR2_21_a_cancelled_key_is_replaced_and_the_person_stays_the_same(t *testing.T) {
	for _, state := range []credential.State{credential.Cancelled, credential.Replaced, credential.Revoked} {
		t.Run(string(state), func(t *testing.T) {
			c := newCounter(t)
			who := c.holder()
			c.do(func(tx *store.Tx) error {
				key, err := tx.Key(who)
				if err != nil {
					return err
				}
				key.State, key.EndedAt = state, c.clock()
				return tx.UpdateKey(key)
			})
			got := c.must(c.document(passport()))
			if got.State != enrol.AtAttest || got.Act != enrol.Again {
				t.Fatalf("state %q, act %q, reason %q", got.State, got.Act, got.Reason)
			}
			got = c.must(c.enrol.Attest(t.Context(), got.ID, clerk, enrol.Attestations()))
			issued, pin := c.mustIssue(c.prove(got, phone), enrol.Numbers{NIF: "399412840"})
			if issued.Registered != who {
				t.Fatal("another person")
			}
			c.choose(phone, pin, "730951")
			if c.status(who) != credential.StatusActive {
				t.Fatalf("status %q", c.status(who))
			}
		})
	}
	t.Run("R1.33 not after a death, whatever is shown", func(t *testing.T) {
		c := newCounter(t)
		who := c.holder()
		if err := c.enrol.Standing(t.Context(), who, citizen.Standing{Deceased: true, AsOf: c.clock()}, nil); err != nil {
			t.Fatal(err)
		}
		got, err := c.document(passport())
		wantRefused(t, got, err, fault.Deceased)
		if _, err := c.enrol.Mend(t.Context(), got.ID, clerk); !fault.Is(err, fault.StepPassed) {
			t.Fatalf("mended: %v", err)
		}
		if sent := c.messages(); len(sent) != 0 {
			t.Fatalf("R1.33 told %+v", sent)
		}
	})
	t.Run("not two keys from two desks", func(t *testing.T) {
		c := newCounter(t)
		c.holder()
		one, two := c.prove(c.mend(passport()), phone), c.prove(c.mend(passport()), phone)
		_, pin := c.mustIssue(one, enrol.Numbers{})
		c.mustIssue(two, enrol.Numbers{}) // the later slip is the one that works, as on one desk
		if at, _ := c.firstSignIn(phone, pin); at.PINRight {
			t.Fatal("two temporary PINs work")
		}
	})
	t.Run("a passport number on somebody with another birth date mends nothing", func(t *testing.T) {
		c := newCounter(t)
		c.holder()
		e := passport()
		e.BirthDate = date(1991, 9, 22)
		got, err := c.document(withZone(e))
		wantRefused(t, got, err, fault.AlreadyHasKey)
		if _, err := c.enrol.Mend(t.Context(), got.ID, clerk); !fault.Is(err, fault.StepPassed) {
			t.Fatalf("mended: %v", err)
		}
	})
}

func TestR2_09_an_expired_temporary_pin_is_replaced_at_a_later_visit(t *testing.T) {
	c := newCounter(t)
	got, _ := c.issue(passport(), phone, enrol.Numbers{})
	c.set(c.clock().Add(48 * time.Hour))
	_, pin := c.mustIssue(c.prove(c.mend(passport()), phone), enrol.Numbers{})
	at, _ := c.firstSignIn(phone, pin)
	if next := at.Next(c.clock()); next != login.StepChoosePIN {
		t.Fatalf("waits for %q", next)
	}
	if n := c.audited(audit.KeyIssued); n != 2 {
		t.Fatalf("%d on record", n)
	}
	if key, _ := c.key(got.Registered); len(key.EarlierPINs) != 0 {
		t.Fatal("a temporary PIN entered the history")
	}
}
