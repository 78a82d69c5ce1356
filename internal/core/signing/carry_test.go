package signing_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
)

func TestR4_06_a_signature_from_PIN_to_value(t *testing.T) {
	for _, alg := range []signing.Alg{signing.P256, signing.RSA3072} {
		t.Run(string(alg), func(t *testing.T) {
			r := newRig(t)
			who := r.admit(oksana())
			if _, err := r.signing.Activate(t.Context(), r.activation(who, func(a *signing.Activation) { a.Alg = alg })); err != nil {
				t.Fatal(err)
			}
			r.messages()
			op, ref := r.prepare(who, func(q *signing.Request) { q.Documents = documents(3); q.Payload = []byte("the wire's own") })
			if op.Unlock != nil || op.CodeMAC != nil || op.State != signing.Waiting || !strings.HasSuffix(op.SentTo, "618") {
				t.Errorf("prepared: %+v", op)
			}
			got, err := r.sign(ref, r.code())
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Signatures) != 3 || len(got.Chain) != 3 || string(got.Operation.Payload) != "the wire's own" {
				t.Fatalf("%d signatures, %d certificates", len(got.Signatures), len(got.Chain))
			}
			cert, err := x509.ParseCertificate(got.Chain[0])
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range documents(3) {
				if !verifies(cert, d.Digest, got.Signatures[i]) {
					t.Errorf("signature %d does not verify", i)
				}
			}
			if r.events(audit.SignaturePrepared) != 1 || r.events(audit.SignaturePermitted) != 1 || r.events(audit.SignatureMade) != 1 {
				t.Error("not all of it is on record")
			}
			history, err := r.signing.History(t.Context(), who, 10)
			if err != nil || len(history) != 1 || history[0].Count != 3 || history[0].Names[2] != "Contrato 2.pdf" || history[0].Serial == "" {
				t.Errorf("history: %+v, %v", history, err)
			}
			told := r.messages()
			if len(told) != 1 || told[0].Kind != message.SignedDocuments || told[0].Channel != message.EmailRoute || told[0].Data["more"] != "2" {
				t.Errorf("told: %+v", told)
			}
		})
	}
}

func verifies(cert *x509.Certificate, digest, signature []byte) bool {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, signature)
	}
	return false
}

func TestR3_19_the_code_names_what_is_signed_and_where(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	for _, one := range []struct {
		name, sent, shown string
		documents         int
		more              string
	}{
		{"a name", "Contrato de arrendamento.pdf", "Contrato de arrendamento.pdf", 1, ""},
		{"several", "Contrato.pdf", "Contrato.pdf", 4, "3"},
		{"forty characters of a long one", strings.Repeat("ção", 20), strings.Repeat("ção", 20)[:len(strings.Repeat("ção", 13))+len("ç")], 1, ""},
		{"controls and what turns text around are taken out", "a\r\nb\u202ec\x00d\u2028e", "abcde", 1, ""},
		{"without a name, the application and eight digits", "", "Bank of Tides ", 1, ""},
	} {
		t.Run("R3.19 "+one.name, func(t *testing.T) {
			_, ref := r.prepare(who, func(q *signing.Request) {
				q.Documents = documents(one.documents)
				q.Documents[0].Name = one.sent
			})
			all := r.messages()
			m := all[len(all)-1]
			want := one.shown
			if one.sent == "" {
				digest := documents(1)[0].Digest
				want += hexOf(digest)[56:]
			}
			if m.Kind != message.SignCode || m.Data["document"] != want || m.Data["service"] != "Bank of Tides" || m.Data["more"] != one.more {
				t.Errorf("told %v %q", m.Kind, m.Data)
			}
			if err := r.signing.Cancel(t.Context(), ref); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("in the language that was asked for", func(t *testing.T) {
		r.prepare(who, func(q *signing.Request) { q.Lang = "pt" })
		if all := r.messages(); all[len(all)-1].Lang != "pt" || all[len(all)-1].Data["service"] != "Banco das Marés" {
			t.Errorf("told %+v", all)
		}
	})
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, c := range b {
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}

func TestR4_05_what_can_never_be_signed_is_refused_before_the_PIN(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	for _, one := range []struct {
		name   string
		change func(q *signing.Request)
		want   fault.Code
	}{
		{"no documents", func(q *signing.Request) { q.Documents = nil }, fault.NoDocuments},
		{"101 documents", func(q *signing.Request) { q.Documents = documents(101) }, fault.TooManyDocuments},
		{"a digest that is too short", func(q *signing.Request) { q.Documents[0].Digest = make([]byte, 31) }, fault.DigestInvalid},
		{"a DigestInfo", func(q *signing.Request) { q.Documents[0].Digest = make([]byte, 51) }, fault.DigestInvalid},
		{"SHA-1", func(q *signing.Request) { q.Hash, q.Documents[0].Digest = crypto.SHA1, make([]byte, 20) }, fault.HashNotAllowed},
		{"no hash", func(q *signing.Request) { q.Hash = 0 }, fault.HashNotAllowed},
		{"another key", func(q *signing.Request) { q.KeyID = "another" }, fault.KeyMismatch},
		{"a wire that needs RSA", func(q *signing.Request) { q.Needs = signing.RSA3072 }, fault.KeyMismatch},
		{"somebody who does not exist", func(q *signing.Request) { q.Person = "" }, fault.SigningInactive},
	} {
		t.Run(one.name, func(t *testing.T) {
			_, err := r.signing.Prepare(t.Context(), r.request(who, one.change))
			wants(t, err, one.want)
		})
	}
	if told := r.messages(); len(told) != 0 || r.key(who).WrongPINs != 0 {
		t.Errorf("a code was sent, or a try taken: %+v", told)
	}
	t.Run("R4.05 100 documents are signed", func(t *testing.T) {
		_, ref := r.prepare(who, func(q *signing.Request) { q.Documents = documents(100) })
		got, err := r.sign(ref, r.code())
		if err != nil || len(got.Signatures) != 100 {
			t.Fatalf("%d signatures, %v", len(got.Signatures), err)
		}
	})
}

func TestR3_26_nobody_and_somebody_who_cannot_sign_cost_what_a_wrong_PIN_costs(t *testing.T) {
	r := newRig(t)
	signs, cannot := r.holder(oksana()), r.admit(tiago())
	var calls []string
	for _, who := range []citizen.ID{"", cannot, signs} {
		r.gate.reset(nil)
		_, err := r.signing.Prepare(t.Context(), r.request(who, func(q *signing.Request) { q.PIN = pinOf(t, wrongPIN) }))
		if want := map[bool]fault.Code{true: fault.SignPINWrong, false: fault.SigningInactive}[who == signs]; !fault.Is(err, want) {
			t.Errorf("answered %v", err)
		}
		calls = append(calls, strings.Join(r.gate.seen(), ", "))
	}
	if calls[0] != calls[1] || calls[1] != calls[2] {
		t.Errorf("the work differs:\n%s", strings.Join(calls, "\n"))
	}
}

func TestR3_22_three_wrong_signature_PINs_block_it_until_another_is_chosen(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	wrong := func(q *signing.Request) { q.PIN = pinOf(t, wrongPIN) }
	try := func(change ...func(*signing.Request)) error {
		_, err := r.signing.Prepare(t.Context(), r.request(who, change...))
		return err
	}
	wants(t, try(wrong), fault.SignPINWrong)
	wants(t, try(wrong), fault.SignPINWrong)
	_, ref := r.prepare(who)
	if _, err := r.sign(ref, r.code()); err != nil {
		t.Fatal(err)
	}
	wants(t, try(wrong), fault.SignPINWrong) // a right one in between begins the count again
	wants(t, try(wrong), fault.SignPINWrong)
	r.messages()
	wants(t, try(wrong), fault.SignPINBlocked)
	if told := r.messages(); len(told) != 2 || told[0].Kind != message.SignPINBlocked {
		t.Errorf("told: %+v", told)
	}
	wants(t, try(), fault.SignPINBlocked)
	r.advance(100 * 24 * time.Hour)
	wants(t, try(), fault.SignPINBlocked)
	if got := r.events(audit.SignPINBlocked); got != 1 {
		t.Errorf("%d blocks on record", got)
	}
	t.Run("the sign-in key goes on working", func(t *testing.T) {
		r.do(func(tx *store.Tx) error {
			key, err := tx.Key(who)
			if err != nil || !key.BlockedAt.IsZero() {
				t.Errorf("%+v, %v", key, err)
			}
			return err
		})
	})
	t.Run("a new PIN comes with a new key and certificate", func(t *testing.T) {
		before := r.key(who)
		_, err := r.signing.Activate(t.Context(), r.activation(who))
		wants(t, err, fault.AlreadySigning)
		if _, err := r.signing.Activate(t.Context(), r.activation(who, func(a *signing.Activation) {
			a.NewPINForgot, a.PIN, a.Again = true, pinOf(t, otherPIN), pinOf(t, otherPIN)
		})); err != nil {
			t.Fatal(err)
		}
		after := r.key(who)
		if after.ID == before.ID || after.Serial == before.Serial || !after.BlockedAt.IsZero() {
			t.Error("it is the same key")
		}
		r.do(func(tx *store.Tx) error {
			old, err := tx.PersonalKey(before.ID)
			if err != nil {
				return err
			}
			cert, err := tx.Certificate(before.Serial)
			if old.State != signing.KeyEnded || old.Locked != nil || cert.State != "revoked" {
				t.Errorf("T7 the old key lives: %s, %d bytes, certificate %s", old.State, len(old.Locked), cert.State)
			}
			return err
		})
		r.messages()
		_, ref := r.prepare(who, func(q *signing.Request) { q.PIN = pinOf(t, otherPIN) })
		if _, err := r.sign(ref, r.code()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestR4_04_each_signature_needs_the_PIN_and_a_code_of_its_own(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	_, first := r.prepare(who)
	code := r.code()
	_, second := r.prepare(who)
	_, err := r.sign(second, code)
	wants(t, err, fault.CodeWrong)
	if _, err := r.sign(first, code); err != nil {
		t.Fatal(err)
	}
}

func TestR3_17_three_wrong_codes_end_the_operation_and_nine_in_a_row_block_the_PIN(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	for n := range 3 {
		_, ref := r.prepare(who)
		code := r.code()
		for range 3 {
			_, err := r.sign(ref, not(code))
			wants(t, err, fault.CodeWrong)
		}
		_, err := r.sign(ref, code)
		if n < 2 {
			wants(t, err, fault.OperationOver)
		} else if err == nil {
			t.Fatal("signed after three wrong codes")
		}
	}
	_, err := r.signing.Prepare(t.Context(), r.request(who))
	wants(t, err, fault.SignPINBlocked)
	if r.vault.made != 0 || r.events(audit.SignCodeRefused) != 9 {
		t.Errorf("%d signatures, %d refusals on record", r.vault.made, r.events(audit.SignCodeRefused))
	}
}

func TestR3_15_a_code_ends_after_five_minutes(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	_, ref := r.prepare(who)
	code := r.code()
	r.advance(5 * time.Minute)
	if op, err := r.signing.Read(t.Context(), ref); err != nil || op.State != signing.Dead || op.Fault != fault.OperationExpired {
		t.Errorf("reads as %v %v, %v", op.State, op.Fault, err)
	}
	_, err := r.sign(ref, code)
	wants(t, err, fault.OperationExpired)
	_, err = r.sign(ref, code)
	wants(t, err, fault.OperationExpired)
}

func TestR3_18_a_new_code_voids_the_old_and_is_limited(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	_, ref := r.prepare(who)
	old := r.code()
	_, err := r.signing.Resend(t.Context(), ref)
	wants(t, err, fault.ResendTooSoon)
	fresh := old
	for range 3 {
		r.advance(30 * time.Second)
		op, err := r.signing.Resend(t.Context(), ref)
		if err != nil || op.CodeMAC != nil {
			t.Fatal(err)
		}
		fresh = r.code()
	}
	r.advance(30 * time.Second)
	_, err = r.signing.Resend(t.Context(), ref)
	wants(t, err, fault.ResendTooSoon)
	if old != fresh {
		_, err = r.sign(ref, old)
		wants(t, err, fault.CodeWrong)
	}
	if _, err := r.sign(ref, fresh); err != nil {
		t.Fatal(err)
	}
	_, err = r.signing.Resend(t.Context(), ref)
	wants(t, err, fault.OperationOver)
}

func TestSCMD_6_28_the_same_answer_for_a_minute_then_none(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	_, ref := r.prepare(who)
	code := r.code()
	first, err := r.sign(ref, code)
	if err != nil {
		t.Fatal(err)
	}
	r.advance(59 * time.Second)
	ref.ID = strings.ToUpper(ref.ID)
	second, err := r.sign(ref, code)
	if err != nil || string(first.Signatures[0]) != string(second.Signatures[0]) || len(second.Chain) != 3 {
		t.Fatalf("another answer: %v", err)
	}
	_, err = r.sign(ref, not(code))
	wants(t, err, fault.CodeWrong)
	r.advance(time.Second)
	_, err = r.sign(ref, code)
	wants(t, err, fault.OperationOver)
	if r.vault.made != 1 {
		t.Errorf("%d signatures were made", r.vault.made)
	}
	t.Run("and the results are erased", func(t *testing.T) {
		if err := r.signing.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.do(func(tx *store.Tx) error {
			op, err := tx.Operation(strings.ToLower(ref.ID))
			if op.Results != nil || op.CodeMAC != nil || !op.DueAt.IsZero() {
				t.Error("they are still there")
			}
			return err
		})
	})
}

func TestSCMD_6_29_at_most_three_wait_per_person_and_application(t *testing.T) {
	r := newRig(t)
	who, other := r.holder(oksana()), r.holder(tiago())
	for range 3 {
		r.prepare(who)
	}
	r.messages()
	_, err := r.signing.Prepare(t.Context(), r.request(who))
	wants(t, err, fault.TooManyPending)
	if told := r.messages(); len(told) != 0 {
		t.Errorf("a code was sent: %+v", told)
	}
	r.prepare(other)
	r.prepare(who, func(q *signing.Request) { q.Application.ID = "tax" })
	r.advance(5 * time.Minute)
	r.prepare(who)
}
