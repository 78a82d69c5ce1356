package scmd_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
)

// stand stands in for core/signing: one person with one phone, PIN and code, and whatever fault a test wants next.
type stand struct {
	mu     sync.Mutex
	now    func() time.Time
	ops    map[string]*signing.Operation
	n      int
	asked  []signing.Request
	looked []string
	codes  []credential.Code
	next   map[string]error // by method: what it says instead of working
}

const holder citizen.ID = "holder"

func newStand(now func() time.Time) *stand {
	return &stand{now: now, ops: map[string]*signing.Operation{}, next: map[string]error{}}
}

// signer is a key with its chain of three: leaf, issuing authority, root.
type signer struct {
	key   *rsa.PrivateKey
	chain [][]byte
}

var theSigner = sync.OnceValue(func() signer {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	until := time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	must(err)
	ca, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	cert := func(n int64, name string, parent *x509.Certificate, pub *rsa.PublicKey, isCA bool) []byte {
		about := &x509.Certificate{SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: name}, NotAfter: until, IsCA: isCA, BasicConstraintsValid: true}
		if parent == nil {
			parent = about
		}
		der, err := x509.CreateCertificate(rand.Reader, about, parent, pub, ca)
		must(err)
		return der
	}
	root := cert(1, "Root", nil, &ca.PublicKey, true)
	above, err := x509.ParseCertificate(root)
	must(err)
	issuing := cert(2, "Issuing", above, &ca.PublicKey, true)
	above, err = x509.ParseCertificate(issuing)
	must(err)
	return signer{key, [][]byte{cert(3, "Leaf", above, &key.PublicKey, false), issuing, root}}
})

func (s *stand) say(method string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next[method] = err
}

func (s *stand) lastAsked() signing.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) == 0 {
		return signing.Request{}
	}
	return s.asked[len(s.asked)-1]
}

func (s *stand) FindByPhone(_ context.Context, typed string) (citizen.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked = append(s.looked, typed)
	if err := s.next["FindByPhone"]; err != nil {
		return "", err
	}
	if typed == "+351929943618" {
		return holder, nil
	}
	return "", nil
}

func (s *stand) SignerOf(_ context.Context, who citizen.ID) (signing.Signer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.next["SignerOf"]; err != nil {
		return signing.Signer{}, err
	}
	return signing.Signer{Key: signing.Key{Person: who, Alg: signing.RSA3072, State: signing.KeyActive, Chain: theSigner().chain}}, nil
}

func (s *stand) Prepare(_ context.Context, r signing.Request) (signing.Operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r)
	typed, _ := credential.ParsePIN(signPIN)
	switch err := s.next["Prepare"]; {
	case err != nil:
		return signing.Operation{}, err
	case r.Person == "":
		return signing.Operation{}, fault.New(fault.SigningInactive)
	case !r.PIN.Equal(typed):
		return signing.Operation{}, fault.New(fault.SignPINWrong)
	}
	s.n++
	now := s.now()
	op := &signing.Operation{
		ID: fmt.Sprintf("0f6d7a0c-5a0c-4b2e-9a55-%012d", s.n), Wire: r.Wire, Application: r.Application.ID, Person: r.Person, State: signing.Waiting,
		CreatedAt: now, ExpiresAt: now.Add(5 * time.Minute),
		Content: signing.Content{Purpose: r.Purpose, Hash: r.Hash, Documents: r.Documents, Payload: r.Payload, Sent: 1, SentAt: now},
	}
	s.ops[op.ID] = op
	return *op, nil
}

func (s *stand) find(ref signing.Ref) (*signing.Operation, error) {
	op := s.ops[ref.ID]
	if op == nil || op.Application != ref.Application || ref.Person != "" && op.Person != ref.Person || ref.Session != "" {
		return nil, fault.New(fault.OperationUnknown)
	}
	return op, nil
}

func (s *stand) Outcome(_ context.Context, ref signing.Ref) (signing.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.next["Outcome"]; err != nil {
		return signing.Result{}, err
	}
	op, err := s.find(ref)
	if err != nil {
		return signing.Result{}, err
	}
	out := signing.Result{Operation: *op}
	switch {
	case op.State == signing.Waiting && !s.now().Before(op.ExpiresAt):
		out.Operation.State, out.Operation.Fault = signing.Dead, fault.OperationExpired
	case op.State == signing.Signed && s.now().Before(op.SignedAt.Add(time.Minute)):
		out.Signatures, out.Chain = op.Results, theSigner().chain
	}
	return out, nil
}

func (s *stand) Resend(_ context.Context, ref signing.Ref) (signing.Operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.next["Resend"]; err != nil {
		return signing.Operation{}, err
	}
	op, err := s.find(ref)
	if err != nil {
		return signing.Operation{}, err
	}
	if s.now().Before(op.SentAt.Add(30*time.Second)) || op.Sent > 3 {
		return signing.Operation{}, fault.New(fault.ResendTooSoon)
	}
	op.Sent, op.SentAt = op.Sent+1, s.now()
	return *op, nil
}

func (s *stand) ConfirmAndSign(_ context.Context, ref signing.Ref, typed credential.Code) (signing.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes = append(s.codes, typed)
	if err := s.next["ConfirmAndSign"]; err != nil {
		return signing.Result{}, err
	}
	op, err := s.find(ref)
	if err != nil {
		return signing.Result{}, err
	}
	right := typed.Reveal() == otp
	switch {
	case op.State == signing.Signed && right && !s.now().After(op.SignedAt.Add(time.Minute)):
	case op.State != signing.Waiting:
		return signing.Result{}, fault.New(fault.OperationOver)
	case !s.now().Before(op.ExpiresAt):
		return signing.Result{}, fault.New(fault.OperationExpired)
	case !right:
		if op.CodeTries++; op.CodeTries == 3 {
			op.State, op.Fault = signing.Dead, fault.OperationOver
		}
		return signing.Result{}, fault.New(fault.CodeWrong)
	default:
		op.State, op.SignedAt = signing.Signed, s.now()
		for _, d := range op.Documents {
			sig, err := rsa.SignPKCS1v15(nil, theSigner().key, op.Hash, d.Digest)
			if err != nil {
				return signing.Result{}, err
			}
			op.Results = append(op.Results, sig)
		}
	}
	return signing.Result{Operation: *op, Signatures: op.Results, Chain: theSigner().chain}, nil
}

// signedBy tells whether a signature is the holder's over a document.
func signedBy(document string, signature []byte) bool {
	return rsa.VerifyPKCS1v15(&theSigner().key.PublicKey, crypto.SHA256, digestOf(document), signature) == nil
}

func mustCode(t testing.TB) credential.Code {
	t.Helper()
	typed, err := credential.ParseCode(otp)
	if err != nil {
		t.Fatal(err)
	}
	return typed
}
