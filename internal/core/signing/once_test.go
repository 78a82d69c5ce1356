package signing_test

import (
	"bytes"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

func TestT3_many_at_once_sign_once_on_every_engine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		r := newRigOn(t, open)
		who := r.holder(oksana())
		_, ref := r.prepare(who)
		code := codeOf(t, r.code())
		permit := r.permit(who, 2)
		atOnce := func(call func() error) (won int32) {
			var all sync.WaitGroup
			var n atomic.Int32
			for range 6 {
				all.Go(func() {
					err := call()
					switch {
					case err == nil:
						n.Add(1)
					case !fault.Is(err, fault.OperationOver) && !fault.Is(err, fault.RowConflict) && !fault.IsKind(err, fault.Unavailable):
						t.Error(err)
					}
				})
			}
			all.Wait()
			return n.Load()
		}
		if won := atOnce(func() error { _, err := r.signing.ConfirmAndSign(t.Context(), ref, code); return err }); won == 0 {
			t.Error("nobody signed")
		}
		if won := atOnce(func() error { _, err := r.signing.Redeem(t.Context(), redemption(permit)); return err }); won != 1 {
			t.Errorf("%d redeemed", won)
		}
		if r.vault.made != 3 || r.events(audit.SignaturePermitted) != 2 || r.events(audit.SignatureMade) != 2 {
			t.Errorf("%d signatures, %d permits, %d ends on record", r.vault.made, r.events(audit.SignaturePermitted), r.events(audit.SignatureMade))
		}
	})
}

func TestSCMD_6_29_many_at_once_do_not_pass_the_limit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		r := newRigOn(t, open, func(s *signing.Service) { s.Rules.PINTries = 100 })
		who := r.holder(oksana())
		var all sync.WaitGroup
		var won atomic.Int32
		for range 8 {
			all.Go(func() {
				if _, err := r.signing.Prepare(t.Context(), r.request(who)); err == nil {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() == 0 || won.Load() > 3 {
			t.Errorf("%d wait", won.Load())
		}
	})
}

func TestSCMD_6_28_a_second_call_waits_for_the_first_and_gets_its_answer(t *testing.T) {
	r := newRig(t, func(s *signing.Service) { s.Rules.SecondWaits = 10 * time.Second })
	_, ref := r.prepare(r.holder(oksana()))
	code := codeOf(t, r.code())
	r.vault.slow = make(chan struct{})
	r.vault.opened = make(chan struct{})
	var answers [2]signing.Result
	var errs [2]error
	var all sync.WaitGroup
	all.Go(func() { answers[0], errs[0] = r.signing.ConfirmAndSign(t.Context(), ref, code) })
	<-r.vault.opened // the first has spent the permit
	all.Go(func() { answers[1], errs[1] = r.signing.ConfirmAndSign(t.Context(), ref, code) })
	if _, err := r.signing.ConfirmAndSign(t.Context(), ref, codeOf(t, not(code.Reveal()))); !fault.Is(err, fault.OperationOver) {
		t.Errorf("another code waits too: %v", err)
	}
	close(r.vault.slow)
	all.Wait()
	if errs[0] != nil || errs[1] != nil || !bytes.Equal(answers[0].Signatures[0], answers[1].Signatures[0]) || r.vault.made != 1 {
		t.Errorf("%v, %v, %d signatures", errs[0], errs[1], r.vault.made)
	}
}

// What a signature costs beside the bare operation: `go test -bench . -run - ./internal/core/signing`.
func BenchmarkSignature(b *testing.B) {
	for _, alg := range []signing.Alg{signing.RSA3072, signing.P256} {
		r := newRig(b, func(s *signing.Service) {
			s.Policy.CodesPerPerson, s.Policy.CodesPerAddress, s.Policy.PINsPerAddress = 1<<30, 1<<30, 1<<30
			s.Hasher.Policy.Argon2MemKB = 1024
			s.Vault = s.Vault.(*gatedVault).Store
		})
		who := r.admit(oksana())
		if _, err := r.signing.Activate(b.Context(), r.activation(who, func(a *signing.Activation) { a.Alg = alg })); err != nil {
			b.Fatal(err)
		}
		b.Run("bare/"+string(alg), func(b *testing.B) {
			var key signing.Key
			r.do(func(tx *store.Tx) (err error) { key, err = tx.SigningKeyOf(who); return err })
			secret, err := signing.UnlockFor(r.signing, key, pinOf(b, signPIN))
			if err != nil {
				b.Fatal(err)
			}
			err = r.soft.OpenPersonalKey(key.Locked, signing.ContextOf(key), secret, func(s signing.PersonalSigner) error {
				for b.Loop() {
					if _, err := s.Sign(rand.Reader, documents(1)[0].Digest, r.request(who).Hash); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
		for _, n := range []int{1, 100} {
			b.Run(map[int]string{1: "whole/", 100: "batch of 100/"}[n]+string(alg), func(b *testing.B) {
				for b.Loop() {
					_, ref := r.prepare(who, func(q *signing.Request) { q.Documents = documents(n) })
					if _, err := r.sign(ref, r.code()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
