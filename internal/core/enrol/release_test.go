package enrol_test

import (
	"testing"

	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/outside/store"
)

func TestR1_21_a_phone_of_an_ended_key_is_free_for_its_new_owner(t *testing.T) {
	c := newCounter(t)
	const phone = "+351929941299"
	first, _ := c.issue(c.citizenCard(), phone, enrol.Numbers{})
	second := c.atContacts(c.permit())
	t.Run("not while the first key lives", func(t *testing.T) {
		if _, err := c.enrol.SendPhoneCode(t.Context(), second.ID, second.Operator, phone, "en"); !fault.Is(err, fault.PhoneTaken) {
			t.Fatalf("got %v, want %s", err, fault.PhoneTaken)
		}
	})
	c.do(func(tx *store.Tx) error {
		key, err := tx.Key(first.Registered)
		if err != nil {
			return err
		}
		key.State, key.EndedAt = credential.Cancelled, c.clock()
		return tx.UpdateKey(key)
	})
	got, _ := c.mustIssue(c.prove(second, phone), enrol.Numbers{NIF: "399412840"})
	if _, owner := c.key(got.Registered); string(owner.Phone) != phone {
		t.Fatalf("the new owner has %q", owner.Phone)
	}
	if _, before := c.key(first.Registered); before.Phone != "" {
		t.Fatal("the ended key still holds the phone")
	}
}
