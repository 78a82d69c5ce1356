package csc_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/core/signing"
)

const (
	signPIN  = "571938"
	signCode = "246810"
)

// fake is core/signing without store and keystore: the same answers to the same questions, so that this wire is judged alone. real_test.go has the real one.
type fake struct {
	mu      sync.Mutex
	now     func() time.Time
	keys    map[citizen.ID][]signing.Key
	private map[string]crypto.Signer
	ops     map[string]*signing.Operation
	permits map[string]string // handle to operation
	sent    int
	signed  int
	fail    error // what everything that needs the keystore says
}

func newFake(now func() time.Time) *fake {
	return &fake{
		now: now, keys: map[citizen.ID][]signing.Key{}, private: map[string]crypto.Signer{}, ops: map[string]*signing.Operation{}, permits: map[string]string{},
	}
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048) // small, for speed; only its size differs
	if err != nil {
		panic(err)
	}
	return key
})

// give makes a key with a certificate for a person.
func (f *fake) give(who citizen.ID, alg signing.Alg) signing.Key {
	var private crypto.Signer = rsaKey()
	if alg == signing.P256 {
		private, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	now := f.now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x5aac41), Subject: pkix.Name{CommonName: "(TESTE) Oksana Made-Up", SerialNumber: "PAZZ990417", Country: []string{"PT"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(2, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		panic(err)
	}
	key := signing.Key{
		ID: random.ID(rand.Reader), Person: who, Alg: alg, State: signing.KeyActive, Serial: "5aac41", Chain: [][]byte{der, der}, CreatedAt: now, NotAfter: template.NotAfter,
	}
	f.private[key.ID] = private
	f.keys[who] = append([]signing.Key{key}, f.keys[who]...)
	return key
}

func (f *fake) Keys(_ context.Context, who citizen.ID) ([]signing.Key, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys[who], nil
}

func (f *fake) Prepare(_ context.Context, r signing.Request) (signing.Operation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.fail != nil:
		return signing.Operation{}, f.fail
	case r.PIN.Reveal() != signPIN:
		return signing.Operation{}, fault.New(fault.SignPINWrong)
	}
	keyID := r.KeyID
	if keyID == "" {
		keyID = f.keys[r.Person][0].ID
	}
	b := random.Bytes(rand.Reader, 16)
	op := &signing.Operation{
		ID: fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), Wire: r.Wire, Application: r.Application.ID, Person: r.Person, KeyID: keyID,
		State: signing.Waiting, CreatedAt: f.now(), ExpiresAt: f.now().Add(5 * time.Minute),
		Content: signing.Content{Purpose: r.Purpose, Hash: r.Hash, Documents: r.Documents, Session: r.Session, SentAt: f.now()},
	}
	f.ops[op.ID] = op
	f.sent++
	return *op, nil
}

func (f *fake) find(ref signing.Ref) (*signing.Operation, error) {
	op := f.ops[ref.ID]
	if op == nil || op.Application != ref.Application || ref.Person != "" && op.Person != ref.Person || op.Session != ref.Session {
		return nil, fault.New(fault.OperationUnknown)
	}
	return op, nil
}

func (f *fake) Read(_ context.Context, ref signing.Ref) (signing.Operation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	op, err := f.find(ref)
	if err != nil {
		return signing.Operation{}, err
	}
	return *op, nil
}

func (f *fake) Resend(_ context.Context, ref signing.Ref) (signing.Operation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	op, err := f.find(ref)
	if err != nil {
		return signing.Operation{}, err
	}
	if f.now().Before(op.SentAt.Add(30 * time.Second)) {
		return *op, fault.New(fault.ResendTooSoon)
	}
	f.sent++
	return *op, nil
}

func (f *fake) Cancel(_ context.Context, ref signing.Ref) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	op, err := f.find(ref)
	if err == nil {
		op.State = signing.Dead
	}
	return err
}

func (f *fake) Confirm(_ context.Context, ref signing.Ref, code credential.Code) (signing.Permit, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	op, err := f.find(ref)
	switch {
	case err != nil:
		return signing.Permit{}, err
	case op.State != signing.Waiting:
		return signing.Permit{}, fault.New(fault.OperationOver)
	case code.Reveal() != signCode:
		if op.CodeTries++; op.CodeTries == 3 {
			op.State = signing.Dead
		}
		return signing.Permit{}, fault.New(fault.CodeWrong)
	}
	op.State, op.ExpiresAt = signing.Confirmed, f.now().Add(5*time.Minute)
	return f.permit(op), nil
}

func (f *fake) permit(op *signing.Operation) signing.Permit {
	for handle, id := range f.permits {
		if id == op.ID {
			delete(f.permits, handle)
		}
	}
	handle := random.Handle(rand.Reader)
	f.permits[handle] = op.ID
	return signing.Permit{Handle: handle, Operation: *op, Until: op.ExpiresAt}
}

// redeemable finds the operation of a permit and the documents that fit.
func (f *fake) redeemable(r signing.Redemption) (*signing.Operation, []int, error) {
	op := f.ops[f.permits[r.Handle]]
	if op == nil || op.Application != r.Application || op.Session != r.Session || op.KeyID != r.KeyID || op.Hash != r.Hash {
		return nil, nil, fault.New(fault.PermitMismatch)
	}
	var which []int
	for _, d := range r.Digests {
		i := slices.IndexFunc(op.Documents, func(one signing.Document) bool { return bytes.Equal(one.Digest, d) })
		if i < 0 || slices.Contains(op.Done, i) {
			return op, nil, nil
		}
		which = append(which, i)
	}
	return op, which, nil
}

func (f *fake) Redeem(_ context.Context, r signing.Redemption) (signing.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	op, which, err := f.redeemable(r)
	switch {
	case err != nil:
		return signing.Result{}, err
	case op.State != signing.Confirmed:
		return signing.Result{}, fault.New(fault.OperationOver)
	case !f.now().Before(op.ExpiresAt):
		return signing.Result{}, fault.New(fault.OperationExpired)
	case which == nil:
		return signing.Result{}, fault.New(fault.PermitMismatch)
	}
	op.State, op.Done = signing.Spent, append(op.Done, which...)
	if f.fail != nil {
		return signing.Result{}, f.fail
	}
	var out signing.Result
	for _, i := range which {
		signature, err := f.private[op.KeyID].Sign(rand.Reader, op.Documents[i].Digest, op.Hash)
		if err != nil {
			return out, err
		}
		out.Signatures = append(out.Signatures, signature)
		f.signed++
	}
	return out, nil
}

func (f *fake) Extend(_ context.Context, r signing.Redemption) (signing.Permit, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	op, which, err := f.redeemable(r)
	switch {
	case err != nil:
		return signing.Permit{}, err
	case op.State == signing.Dead, len(op.Done) == len(op.Documents):
		return signing.Permit{}, fault.New(fault.OperationOver)
	case which == nil:
		return signing.Permit{}, fault.New(fault.PermitMismatch)
	}
	op.State = signing.Confirmed
	return f.permit(op), nil
}
