package signing_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
)

// Each call that a step makes to the database, the keystore or the authority fails in two ways: it never arrived, or it did and the answer was lost. From our side both
// look alike. Whatever happens, nothing is signed twice, nothing without its audit row, no code is taken twice, and asking again gives the same answer or "over".
func twins(t *testing.T, calls []string, run func(t *testing.T, r *rig, fail map[string]string)) {
	t.Helper()
	if len(calls) == 0 {
		t.Fatal("no calls were seen")
	}
	for _, call := range calls {
		for _, how := range []string{"before", "after"} {
			t.Run(map[string]string{"before": "never reached: ", "after": "reply lost: "}[how]+call, func(t *testing.T) {
				run(t, newRig(t), map[string]string{call: how})
			})
		}
	}
}

// callsOf lists the calls of a step that goes well.
func callsOf(t *testing.T, ready func(r *rig), step func(r *rig) error) []string {
	t.Helper()
	r := newRig(t)
	ready(r)
	r.gate.reset(nil)
	if err := step(r); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(r.gate.seen(), func(call string) bool { return strings.HasPrefix(call, "view") })
}

func TestTwins_prepare(t *testing.T) {
	var who citizen.ID
	ready := func(r *rig) { who = r.holder(oksana()) }
	calls := callsOf(t, ready, func(r *rig) error { _, err := r.signing.Prepare(r.t.Context(), r.request(who)); return err })
	t.Logf("prepare calls %v", calls)
	twins(t, calls, func(t *testing.T, r *rig, fail map[string]string) {
		ready(r)
		r.gate.reset(fail)
		_, err := r.signing.Prepare(t.Context(), r.request(who))
		if !fault.IsKind(err, fault.Unavailable) {
			t.Fatalf("answered %v", err)
		}
		if _, stored := fail["do 2"]; !stored || fail["do 2"] == "before" {
			if told := r.messages(); len(told) != 0 {
				t.Errorf("a code was sent: %+v", told)
			}
		}
		r.gate.reset(nil)
		r.messages()
		_, ref := r.prepare(who) // and it recovers by itself
		if _, err := r.sign(ref, r.code()); err != nil {
			t.Fatal(err)
		}
		r.sound(1)
	})
}

func TestTwins_a_keystore_that_is_gone_blocks_nobody(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	for range 5 {
		r.gate.reset(map[string]string{"mac 1": "before"})
		_, err := r.signing.Prepare(t.Context(), r.request(who))
		wants(t, err, fault.KeystoreUnavailable)
	}
	r.gate.reset(nil)
	if told := r.messages(); len(told) != 0 || r.key(who).WrongPINs != 0 {
		t.Errorf("told %+v, %d tries are gone", told, r.key(who).WrongPINs)
	}
	_, ref := r.prepare(who)
	if _, err := r.sign(ref, r.code()); err != nil {
		t.Fatal(err)
	}
}

func TestTwins_a_keystore_that_hangs_is_not_waited_for(t *testing.T) {
	r := newRig(t, func(s *signing.Service) { s.Rules.KeystoreLimit = 50 * time.Millisecond })
	who := r.holder(oksana())
	_, ref := r.prepare(who)
	code := r.code()
	release := make(chan struct{})
	defer close(release)
	hang := func(on chan struct{}) {
		r.vault.mu.Lock()
		defer r.vault.mu.Unlock()
		r.vault.hang = on
	}
	hang(release)
	_, err := r.sign(ref, code)
	wants(t, err, fault.KeystoreUnavailable)
	hang(nil)
	_, err = r.sign(ref, code)
	wants(t, err, fault.OperationOver)
}

func TestTwins_confirm_and_sign(t *testing.T) {
	var who citizen.ID
	var ref signing.Ref
	var code string
	ready := func(r *rig) {
		who = r.holder(oksana())
		_, ref = r.prepare(who, func(q *signing.Request) { q.Documents = documents(2) })
		code = r.code()
	}
	calls := callsOf(t, ready, func(r *rig) error { _, err := r.sign(ref, code); return err })
	t.Logf("confirm and sign calls %v", calls)
	twins(t, calls, func(t *testing.T, r *rig, fail map[string]string) {
		ready(r)
		r.gate.reset(fail)
		first, err := r.sign(ref, code)
		if err == nil || !fault.IsKind(err, fault.Unavailable) && !fault.IsKind(err, fault.Denied) && !fault.IsKind(err, fault.Invalid) {
			t.Fatalf("answered %v", err)
		}
		r.gate.reset(nil)
		second, err := r.sign(ref, code)
		again, err2 := r.sign(ref, code)
		switch {
		case err == nil:
			if len(first.Signatures) != 0 || err2 != nil || len(second.Signatures) != 2 || !bytes.Equal(second.Signatures[0], again.Signatures[0]) {
				t.Errorf("another answer: %v", err2)
			}
		case !fault.Is(err, fault.OperationOver) || !fault.Is(err2, fault.OperationOver):
			t.Errorf("asked again: %v, %v", err, err2)
		}
		r.sound(2)
		if _, err := r.sign(ref, not(code)); err == nil {
			t.Error("another code was taken")
		}
		r.prepare(who) // and the holder can go on
	})
}

func TestTwins_confirm_then_redeem(t *testing.T) {
	var who citizen.ID
	var permit signing.Permit
	ready := func(r *rig) { who = r.holder(oksana()); permit = r.permit(who, 2) }
	calls := callsOf(t, ready, func(r *rig) error { _, err := r.signing.Redeem(r.t.Context(), redemption(permit)); return err })
	t.Logf("redeem calls %v", calls)
	twins(t, calls, func(t *testing.T, r *rig, fail map[string]string) {
		ready(r)
		r.gate.reset(fail)
		if _, err := r.signing.Redeem(t.Context(), redemption(permit)); err == nil {
			t.Fatal("no failure was seen")
		}
		r.gate.reset(nil)
		got, err := r.signing.Redeem(t.Context(), redemption(permit))
		if err == nil && (fail["do 1"] != "before" || len(got.Signatures) != 2) {
			t.Error("a permit was spent twice")
		}
		if err != nil && !fault.Is(err, fault.OperationOver) && !fault.Is(err, fault.PermitMismatch) {
			t.Errorf("asked again: %v", err)
		}
		r.sound(2)
	})
	confirm := func(r *rig) (signing.Ref, string) {
		_, ref := r.prepare(r.holder(oksana()))
		return ref, r.code()
	}
	var ref signing.Ref
	var code string
	calls = callsOf(t, func(r *rig) { ref, code = confirm(r) }, func(r *rig) error {
		_, err := r.signing.Confirm(r.t.Context(), ref, codeOf(r.t, code))
		return err
	})
	twins(t, calls, func(t *testing.T, r *rig, fail map[string]string) {
		ref, code := confirm(r)
		r.gate.reset(fail)
		if _, err := r.signing.Confirm(t.Context(), ref, codeOf(t, code)); err == nil {
			t.Fatal("no failure was seen")
		}
		r.gate.reset(nil)
		p, err := r.signing.Confirm(t.Context(), ref, codeOf(t, code))
		if fail["do 1"] == "after" {
			wants(t, err, fault.OperationOver) // the handle leaves once
		} else if _, err := r.signing.Redeem(t.Context(), redemption(p)); err != nil {
			t.Fatal(err)
		}
		r.sound(1)
	})
}

func TestTwins_activate(t *testing.T) {
	var who citizen.ID
	ready := func(r *rig) {
		who = r.admit(oksana())
		sealed, public, err := r.soft.NewPersonalKey(string(signing.P256))
		if err != nil {
			r.t.Fatal(err)
		}
		r.do(func(tx *store.Tx) error {
			return tx.InsertPooled(signing.Pooled{ID: "pooled", Alg: signing.P256, Sealed: sealed, Public: public, MadeAt: r.clock()})
		})
	}
	calls := callsOf(t, ready, func(r *rig) error { _, err := r.signing.Activate(r.t.Context(), r.activation(who)); return err })
	t.Logf("activate calls %v", calls)
	twins(t, calls, func(t *testing.T, r *rig, fail map[string]string) {
		ready(r)
		r.gate.reset(fail)
		if _, err := r.signing.Activate(t.Context(), r.activation(who)); err == nil {
			t.Fatal("no failure was seen")
		}
		r.gate.reset(nil)
		_, err := r.signing.Activate(t.Context(), r.activation(who))
		if err != nil && !fault.Is(err, fault.AlreadySigning) {
			t.Fatal(err)
		}
		r.messages()
		_, ref := r.prepare(who)
		if _, err := r.sign(ref, r.code()); err != nil {
			t.Fatal(err)
		}
		r.status(who, certificate.Good)
		if n := r.goodCertificates(); n != 1 && fail["issue 1"] != "after" {
			t.Errorf("%d certificates are good", n)
		}
	})
}

// goodCertificates counts those that a responder would call good.
func (r *rig) goodCertificates() (n int) {
	r.t.Helper()
	r.do(func(tx *store.Tx) error {
		n = 0
		for _, serial := range r.ca.serials {
			cert, err := tx.Certificate(serial)
			if err != nil {
				return err
			}
			if cert.State == certificate.Good {
				n++
			}
		}
		return nil
	})
	return n
}

// sound holds the rows against what happened: at most so many signatures of the first operation, each with its permit on record.
func (r *rig) sound(atMost int) {
	r.t.Helper()
	if r.vault.made > atMost {
		r.t.Errorf("%d signatures were made, %d digests were confirmed", r.vault.made, atMost)
	}
	permitted, made := r.events(audit.SignaturePermitted), r.events(audit.SignatureMade)
	if r.vault.made > 0 && permitted == 0 || made > permitted || permitted > 1 {
		r.t.Errorf("%d signatures, %d permits and %d ends on record", r.vault.made, permitted, made)
	}
	r.do(func(tx *store.Tx) error {
		op, err := tx.Operation(r.first)
		if err != nil {
			return err
		}
		if op.State == signing.Spent && op.Unlock != nil {
			r.t.Error("it is spent and still holds what opens the key")
		}
		return nil
	})
}
