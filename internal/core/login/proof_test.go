package login_test

import (
	"testing"

	"chave/internal/core/fault"
	"chave/internal/core/login"
)

func TestE8_nothing_is_released_before_the_proof_is_complete(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	for _, one := range []struct {
		name  string
		reach func(b *browser) login.Transaction
	}{
		{"before anything", func(b *browser) login.Transaction { return b.begin("tax") }},
		{"after the identifier", func(b *browser) login.Transaction { return b.identify(b.begin("tax"), phone, "") }},
		{"after the PIN", func(b *browser) login.Transaction { return b.toCode("tax") }},
		{"after a wrong code", func(b *browser) login.Transaction {
			got := b.toCode("tax")
			return b.code(got, not(r.lastCode()))
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			b := r.browser()
			got := one.reach(b)
			if _, err := r.login.Decide(t.Context(), got.ID, b.cookie, nil); !fault.Is(err, fault.StepPassed) {
				t.Errorf("sharing was answered %v", err)
			}
			if out, err := r.login.Finish(t.Context(), got.ID, b.cookie, "test", nil); err == nil || out.Verified.Proven() {
				t.Errorf("finishing was answered %+v, %v", out, err)
			}
			if b.session != "" {
				t.Error("a session was opened")
			}
		})
	}
	t.Run("a Verified that nobody made proves nothing", func(t *testing.T) {
		if (login.Verified{}).Proven() {
			t.Fatal("the zero value is a proof")
		}
	})
}

func TestR3_05_a_tax_number_is_not_a_login_name(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	started := b.begin("tax")
	if _, err := r.login.Identify(t.Context(), started.ID, b.cookie, "399412840", ""); !fault.Is(err, fault.CountryNeeded) {
		t.Fatalf("a tax number alone was answered %v", err)
	}
	got := b.pin(b.identify(started, "399412840", "PRT"), rightPIN)
	if got.PINRight {
		t.Fatal("a tax number opened")
	}
}
