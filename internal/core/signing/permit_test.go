package signing_test

import (
	"crypto"
	"crypto/x509"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
)

// redemption asks for all that a permit is for.
func redemption(p signing.Permit) signing.Redemption {
	r := signing.Redemption{
		Handle: p.Handle, Application: p.Operation.Application, Session: p.Operation.Session, KeyID: p.Operation.KeyID, Hash: p.Operation.Hash,
	}
	for _, d := range p.Operation.Documents {
		r.Digests = append(r.Digests, d.Digest)
	}
	return r
}

func (r *rig) permit(who citizen.ID, n int) signing.Permit {
	r.t.Helper()
	_, ref := r.prepare(who, func(q *signing.Request) { q.Documents = documents(n) })
	p, err := r.signing.Confirm(r.t.Context(), ref, codeOf(r.t, r.code()))
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func TestT2_a_permit_is_for_what_was_confirmed(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	permit := r.permit(who, 2)
	for name, change := range map[string]func(*signing.Redemption){
		"T2 one changed digest byte":    func(d *signing.Redemption) { d.Digests[1] = append([]byte{d.Digests[1][0] ^ 1}, d.Digests[1][1:]...) },
		"T2 another key":                func(d *signing.Redemption) { d.KeyID = "another" },
		"T2 another session":            func(d *signing.Redemption) { d.Session = "s2" },
		"T2 another application":        func(d *signing.Redemption) { d.Application = "tax" },
		"T2 another hash":               func(d *signing.Redemption) { d.Hash = crypto.SHA384 },
		"T2 another handle":             func(d *signing.Redemption) { d.Handle += "a" },
		"T2 one digest too many":        func(d *signing.Redemption) { d.Digests = append(d.Digests, d.Digests[0]) },
		"T2 no digest":                  func(d *signing.Redemption) { d.Digests = nil },
		"T2 an empty handle":            func(d *signing.Redemption) { d.Handle = "" },
		"T2 the same digest twice":      func(d *signing.Redemption) { d.Digests[1] = d.Digests[0] },
		"T2 a digest of another length": func(d *signing.Redemption) { d.Digests[0] = d.Digests[0][:31] },
	} {
		t.Run(name, func(t *testing.T) {
			d := redemption(permit)
			change(&d)
			_, err := r.signing.Redeem(t.Context(), d)
			wants(t, err, fault.PermitMismatch)
		})
	}
	got, err := r.signing.Redeem(t.Context(), redemption(permit))
	if err != nil || len(got.Signatures) != 2 {
		t.Fatalf("nothing of that spends it: %v", err)
	}
	t.Run("T3 a replay refuses", func(t *testing.T) {
		_, err := r.signing.Redeem(t.Context(), redemption(permit))
		wants(t, err, fault.OperationOver)
		if r.vault.made != 2 || r.events(audit.SignaturePermitted) != 1 {
			t.Errorf("%d signatures, %d permits on record", r.vault.made, r.events(audit.SignaturePermitted))
		}
	})
	t.Run("the code works no more", func(t *testing.T) {
		_, ref := r.prepare(who)
		code := r.code()
		if _, err := r.signing.Confirm(t.Context(), ref, codeOf(t, code)); err != nil {
			t.Fatal(err)
		}
		_, err := r.signing.Confirm(t.Context(), ref, codeOf(t, code))
		wants(t, err, fault.OperationOver)
		_, err = r.sign(ref, code)
		wants(t, err, fault.OperationOver)
	})
}

func TestT3_a_permit_is_short(t *testing.T) {
	r := newRig(t)
	permit := r.permit(r.holder(oksana()), 1)
	if permit.Until.Sub(r.clock()) != 5*time.Minute {
		t.Errorf("until %v", permit.Until)
	}
	r.advance(5 * time.Minute)
	_, err := r.signing.Redeem(t.Context(), redemption(permit))
	wants(t, err, fault.OperationExpired)
	_, err = r.signing.Extend(t.Context(), redemption(permit))
	if err == nil {
		t.Error("extended")
	}
}

func TestT3_a_batch_is_signed_in_parts_and_each_digest_once(t *testing.T) {
	r := newRig(t)
	who := r.holder(oksana())
	permit := r.permit(who, 3)
	whole := redemption(permit)
	part := whole
	part.Digests = whole.Digests[2:]
	if got, err := r.signing.Redeem(t.Context(), part); err != nil || len(got.Signatures) != 1 {
		t.Fatal(err)
	}
	part.Digests = whole.Digests[:1]
	_, err := r.signing.Redeem(t.Context(), part)
	wants(t, err, fault.OperationOver)
	part.Digests = whole.Digests[2:]
	_, err = r.signing.Extend(t.Context(), part)
	wants(t, err, fault.PermitMismatch) // it is signed
	part.Digests = [][]byte{whole.Digests[1], whole.Digests[0]}
	r.advance(time.Minute)
	next, err := r.signing.Extend(t.Context(), part)
	if err != nil || !next.Until.Equal(permit.Until) {
		t.Fatalf("until %v, want %v: %v", next.Until, permit.Until, err)
	}
	_, err = r.signing.Redeem(t.Context(), part)
	wants(t, err, fault.PermitMismatch) // the old handle is void
	part.Handle = next.Handle
	got, err := r.signing.Redeem(t.Context(), part)
	if err != nil || len(got.Signatures) != 2 {
		t.Fatal(err)
	}
	if !verifies(r.leaf(got), whole.Digests[1], got.Signatures[0]) || !verifies(r.leaf(got), whole.Digests[0], got.Signatures[1]) {
		t.Error("not in the order that was asked for")
	}
	_, err = r.signing.Extend(t.Context(), part)
	wants(t, err, fault.OperationOver)
	history, err := r.signing.History(t.Context(), who, 10)
	if err != nil || len(history) != 2 || r.vault.made != 3 {
		t.Errorf("%d in the history, %d signatures, %v", len(history), r.vault.made, err)
	}
	r.do(func(tx *store.Tx) error {
		op, err := tx.Operation(permit.Operation.ID)
		if op.State != signing.Signed || op.Unlock != nil {
			t.Errorf("it is %s", op.State)
		}
		return err
	})
}

func TestT2_the_secret_of_an_operation_opens_for_nothing_else(t *testing.T) {
	for name, change := range map[string]func(*signing.Operation){
		"T2 one digest byte": func(op *signing.Operation) { op.Documents[0].Digest[0] ^= 1 },
		"T2 a document more": func(op *signing.Operation) { op.Documents = append(op.Documents, documents(2)[1]) },
		"T2 session":         func(op *signing.Operation) { op.Session = "s2" },
		"T2 hash":            func(op *signing.Operation) { op.Hash = crypto.SHA512_256 },
		"T2 another operation's secret": func(op *signing.Operation) {
			op.Unlock = append([]byte(nil), op.Unlock...)
			op.Unlock[len(op.Unlock)-1] ^= 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			_, ref := r.prepare(r.holder(oksana()))
			code := r.code()
			r.do(func(tx *store.Tx) error { // who has database and sealing key, and wants something else signed
				op, err := tx.Operation(ref.ID)
				if err != nil {
					return err
				}
				change(&op)
				ref.Session = op.Session
				return tx.UpdateOperation(op)
			})
			_, err := r.sign(ref, code)
			wants(t, err, fault.PermitMismatch)
			if r.vault.made != 0 {
				t.Error("something was signed")
			}
			_, err = r.sign(ref, code)
			wants(t, err, fault.OperationOver)
		})
	}
	for name, change := range map[string]func(*signing.Operation, citizen.ID, string){
		"T2 person":      func(op *signing.Operation, other citizen.ID, _ string) { op.Person = other },
		"T2 application": func(op *signing.Operation, _ citizen.ID, _ string) { op.Application = "tax" },
		"T2 key id":      func(op *signing.Operation, other citizen.ID, key string) { op.Person, op.KeyID = other, key },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			who, other := r.holder(oksana()), r.holder(tiago())
			_, ref := r.prepare(who)
			code := r.code()
			theirs := r.key(other)
			r.do(func(tx *store.Tx) error { // written anew under another id, as an update never changes these
				op, err := tx.Operation(ref.ID)
				if err != nil {
					return err
				}
				change(&op, other, theirs.ID)
				op.PINSalt = theirs.PIN.Salt
				if op.KeyID != theirs.ID {
					mine, err := tx.PersonalKey(op.KeyID)
					if err != nil {
						return err
					}
					op.PINSalt = mine.PIN.Salt
				}
				op.ID = "11111111-1111-4111-8111-111111111111"
				mac, err := r.signing.Hasher.CodeMAC(codeOf(t, code), op.ID)
				op.CodeMAC = mac
				ref.Person, ref.Application, ref.ID = op.Person, op.Application, op.ID
				if err != nil {
					return err
				}
				return tx.InsertOperation(op)
			})
			if _, err := r.sign(ref, code); err == nil || r.vault.made != 0 {
				t.Fatalf("signed: %v", err)
			}
		})
	}
}

func (r *rig) leaf(got signing.Result) *x509.Certificate {
	r.t.Helper()
	cert, err := x509.ParseCertificate(got.Chain[0])
	if err != nil {
		r.t.Fatal(err)
	}
	return cert
}
