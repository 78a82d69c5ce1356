package signing_test

import (
	"testing"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
)

func TestN7_codes_are_limited_per_person_and_per_address(t *testing.T) {
	t.Run("person", func(t *testing.T) {
		r := newRig(t, func(s *signing.Service) { s.Policy.CodesPerPerson = 2 })
		who := r.holder(oksana())
		for range 2 {
			_, ref := r.prepare(who)
			if _, err := r.sign(ref, r.code()); err != nil {
				t.Fatal(err)
			}
		}
		r.messages()
		_, err := r.signing.Prepare(t.Context(), r.request(who))
		wants(t, err, fault.TooManyCodes)
		if told := r.messages(); len(told) != 0 || r.key(who).WrongPINs != 0 {
			t.Errorf("told %+v, or a try not given back", told)
		}
	})
	t.Run("address", func(t *testing.T) {
		r := newRig(t, func(s *signing.Service) { s.Policy.CodesPerAddress = 2 })
		who, other := r.holder(oksana()), r.holder(tiago())
		r.prepare(who)
		r.prepare(other)
		_, err := r.signing.Prepare(t.Context(), r.request(other))
		wants(t, err, fault.TooManyCodes)
		r.prepare(other, func(q *signing.Request) { q.Address = "192.0.2.2" })
	})
	t.Run("PINs from one address", func(t *testing.T) {
		r := newRig(t, func(s *signing.Service) { s.Policy.PINsPerAddress = 1 })
		who := r.holder(oksana())
		r.prepare(who)
		_, err := r.signing.Prepare(t.Context(), r.request(who))
		wants(t, err, fault.TooManyRequests)
	})
	t.Run("a service that collects PINs is counted by itself", func(t *testing.T) {
		r := newRig(t, func(s *signing.Service) {
			s.Policy.CodesPerAddress, s.Policy.PINsPerAddress, s.Rules.ApplicationCodes = 1, 1, 16
		})
		who := r.holder(oksana())
		collects := func(q *signing.Request) {
			q.Application.Compat = map[service.Switch]service.Allowance{service.CollectsPIN: {}}
		}
		for range 2 {
			_, ref := r.prepare(who, collects)
			if err := r.signing.Cancel(t.Context(), ref); err != nil {
				t.Fatal(err)
			}
		}
		_, err := r.signing.Prepare(t.Context(), r.request(who, collects))
		wants(t, err, fault.TooManyCodes)
	})
}

func TestR4_01_what_ends_meanwhile_ends_the_operation(t *testing.T) {
	for _, one := range []struct {
		name string
		do   func(r *rig, who citizen.ID) error
		want fault.Code
	}{
		{"it was not me", func(r *rig, who citizen.ID) error { return r.signing.NotMe(r.t.Context(), who) }, fault.SigningSuspended},
		{"signing switched off", func(r *rig, who citizen.ID) error { return r.signing.Deactivate(r.t.Context(), who, "") }, fault.SigningInactive},
		{"the sign-in key blocked", func(r *rig, who citizen.ID) error { return r.enrol.Block(r.t.Context(), who, "op") }, fault.KeyBlocked},
		{"death", func(r *rig, who citizen.ID) error {
			return r.enrol.Standing(r.t.Context(), who, citizen.Standing{Deceased: true}, nil)
		}, fault.KeyEnded},
		{"an accompanying measure", func(r *rig, who citizen.ID) error {
			return r.enrol.Standing(r.t.Context(), who, citizen.Standing{Accompanied: citizen.Yes}, nil)
		}, fault.Accompanied},
		{"another PIN chosen at a counter", func(r *rig, who citizen.ID) error {
			_, err := r.signing.Activate(r.t.Context(), r.activation(who, func(a *signing.Activation) { a.NewPINForgot = true }))
			return err
		}, fault.SigningInactive},
		{"cancelled", func(r *rig, who citizen.ID) error { return nil }, fault.OperationOver},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := newRig(t)
			who := r.holder(oksana())
			_, ref := r.prepare(who)
			code := r.code()
			_, redeem := r.prepare(who)
			permit, err := r.signing.Confirm(t.Context(), redeem, codeOf(t, r.code()))
			if err != nil {
				t.Fatal(err)
			}
			if err := one.do(r, who); err != nil {
				t.Fatal(err)
			}
			if one.name == "cancelled" {
				for _, one := range []signing.Ref{ref, redeem} {
					if err := r.signing.Cancel(t.Context(), one); err != nil {
						t.Fatal(err)
					}
				}
			}
			_, err = r.sign(ref, code)
			wants(t, err, one.want)
			if _, err = r.signing.Redeem(t.Context(), redemption(permit)); err == nil || r.vault.made != 0 {
				t.Fatalf("a permit was redeemed: %v", err)
			}
			r.do(func(tx *store.Tx) error {
				for _, id := range []string{ref.ID, redeem.ID} {
					op, err := tx.Operation(id)
					if err != nil {
						return err
					}
					if op.Unlock != nil || op.State != signing.Dead {
						t.Errorf("operation is %s and holds %d bytes", op.State, len(op.Unlock))
					}
				}
				return nil
			})
		})
	}
}

func TestRead_only_to_whom_it_belongs(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	_, ref := r.prepare(who)
	code := r.code()
	for name, change := range map[string]func(*signing.Ref){
		"another id":          func(f *signing.Ref) { f.ID = "00000000-0000-4000-8000-000000000000" },
		"another application": func(f *signing.Ref) { f.Application = "tax" },
		"another person":      func(f *signing.Ref) { f.Person = "somebody" },
		"another session":     func(f *signing.Ref) { f.Session = "s2" },
		"no session":          func(f *signing.Ref) { f.Session = "" },
	} {
		t.Run(name, func(t *testing.T) {
			wrong := ref
			change(&wrong)
			_, err := r.signing.Read(t.Context(), wrong)
			wants(t, err, fault.OperationUnknown)
			_, err = r.sign(wrong, code)
			wants(t, err, fault.OperationUnknown)
			_, err = r.signing.Resend(t.Context(), wrong)
			wants(t, err, fault.OperationUnknown)
			wants(t, r.signing.Cancel(t.Context(), wrong), fault.OperationUnknown)
			_, err = r.signing.Confirm(t.Context(), wrong, codeOf(t, code))
			wants(t, err, fault.OperationUnknown)
		})
	}
	if _, err := r.sign(ref, code); err != nil {
		t.Fatal(err)
	}
}

func TestR4_06_a_certificate_is_shown_for_a_PIN_and_a_code(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	_, ref := r.prepare(who, func(q *signing.Request) { q.Purpose = signing.ShowCertificate })
	all := r.messages()
	code := all[len(all)-1].Data["code"]
	if all[len(all)-1].Data["document"] != "" {
		t.Errorf("the message names a document: %v", all)
	}
	_, err := r.signing.Confirm(t.Context(), ref, codeOf(t, code))
	wants(t, err, fault.PermitMismatch)
	for range 2 {
		got, err := r.sign(ref, code)
		if err != nil || len(got.Chain) != 3 || len(got.Signatures) != 0 {
			t.Fatalf("%d certificates, %d signatures, %v", len(got.Chain), len(got.Signatures), err)
		}
	}
	if r.vault.made != 0 {
		t.Error("a key was used")
	}
}

func TestFindByPhone_as_clients_write_it(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	for typed, want := range map[string]citizen.ID{
		"+351 929943618": who, "+351929943618": who, "00351 929-943-618": who, "929943618": "", "+351 929943619": "", "": "", "+": "", "nonsense": "", "+351 9299436180000000": "",
	} {
		if got, err := r.signing.FindByPhone(t.Context(), typed); err != nil || got != want {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}
