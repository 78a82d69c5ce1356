package enrol_test

import (
	"testing"

	"chave/internal/core/enrol"
	"chave/internal/core/fault"
)

// Whoever finds an operator's desk unlocked could otherwise put that operator's key on a phone of their own, without PIN or code (A11).
func TestR2_07_A11_nobody_is_their_own_operator(t *testing.T) {
	c := newCounter(t)
	who := c.holder()
	at, err := c.enrol.Open(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.enrol.Document(t.Context(), at.ID, who, passport())
	wantRefused(t, got, err, fault.AlreadyHasKey)
	if _, err := c.enrol.Mend(t.Context(), got.ID, who); !fault.Is(err, fault.StepPassed) {
		t.Fatalf("an operator may mend their own key: %v", err)
	}
	t.Run("a colleague may", func(t *testing.T) {
		if at := c.mend(passport()); at.Act != enrol.Mend || at.Holder != who {
			t.Fatalf("act %q for %q", at.Act, at.Holder)
		}
	})
}
