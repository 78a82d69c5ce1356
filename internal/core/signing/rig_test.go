package signing_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"sync"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/outside/keystore"
	"chave/internal/outside/keystore/keystoretest"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

const (
	signInPIN = "861374"
	signPIN   = "274951"
	otherPIN  = "593018"
	wrongPIN  = "730912"
	terms     = "2026-1"
)

// rig is one installation over a real database and keystore, with a clock that only the test moves, and gates that fail when they are told to.
type rig struct {
	t       testing.TB
	mu      sync.Mutex
	now     time.Time
	db      *store.DB
	soft    keystore.Store
	vault   *gatedVault
	gate    *gate
	signing *signing.Service
	enrol   *enrol.Service
	world   *registry
	ca      *authority
	first   string // id of the first operation
}

func newRig(t testing.TB, change ...func(*signing.Service)) *rig {
	t.Helper()
	return newRigOn(t, nil, change...)
}

// newRigOn is newRig over a database that somebody else opens.
func newRigOn(t testing.TB, open func(...storetest.Option) *store.DB, change ...func(*signing.Service)) *rig {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), world: &registry{standing: citizen.Standing{Accompanied: citizen.No}}}
	r.soft = keystoretest.Open(t)
	r.gate = &gate{}
	r.vault = &gatedVault{Store: r.soft, gate: r.gate}
	if open == nil {
		open = func(o ...storetest.Option) *store.DB { return storetest.SQLite(t, o...) }
	}
	r.db = open(storetest.WithVault(r.soft), storetest.WithNow(r.clock))
	policy := credential.Policy{Zone: zone, Argon2MemKB: 64, CodesPerPerson: 1000, CodesPerAddress: 1000}.Defaults()
	hasher := credential.Hasher{Vault: r.vault, Rand: rand.Reader, Policy: policy}
	r.ca = newAuthority(t, r)
	r.signing = &signing.Service{
		Do: r.gate.do("do", store.In[signing.Tx](r.db)), View: r.gate.do("view", store.InView[signing.Tx](r.db)), Vault: r.vault, Hasher: hasher, Policy: policy,
		Rules: signing.Rules{Terms: terms, SecondWaits: time.Millisecond}, Authority: r.ca, Registry: r.world, Now: r.clock, Rand: rand.Reader, Wake: func() {},
		Log: slog.New(slog.DiscardHandler), AddressKey: func(a string) []byte { return r.soft.MAC("address", []byte(a)) },
	}
	for _, c := range change {
		c(r.signing)
	}
	r.enrol = &enrol.Service{
		Do: store.In[enrol.Tx](r.db), View: store.InView[enrol.Tx](r.db), Hasher: hasher, Policy: policy,
		Rules: enrol.Rules{MinAge: 16, Zone: zone}.Defaults(), Now: r.clock, Rand: rand.Reader, Wake: func() {},
	}
	return r
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func (r *rig) do(fn func(tx *store.Tx) error) {
	r.t.Helper()
	if err := r.db.Do(context.Background(), fn); err != nil {
		r.t.Fatal(err)
	}
}

// gate makes chosen calls fail: before they reach what they call, or after, as if the answer were lost.
type gate struct {
	mu    sync.Mutex
	calls []string
	fail  map[string]string // "do 2" → "before" or "after", counted from the last reset
	count map[string]int
}

func (g *gate) reset(fail map[string]string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls, g.fail, g.count = nil, fail, map[string]int{}
}

func (g *gate) enter(name string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.count == nil {
		g.count = map[string]int{}
	}
	g.count[name]++
	call := fmt.Sprintf("%s %d", name, g.count[name])
	g.calls = append(g.calls, call)
	return g.fail[call]
}

func (g *gate) seen() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.calls...)
}

// pass runs one call through the gate.
func pass(g *gate, name string, lost error, call func() error) error {
	switch g.enter(name) {
	case "before":
		return lost
	case "after":
		if err := call(); err != nil {
			return err
		}
		return lost
	}
	return call()
}

var (
	errStore = fault.New(fault.StoreUnavailable)
	errVault = fmt.Errorf("the keystore is gone")
)

func (g *gate) do(name string, inner func(context.Context, func(signing.Tx) error) error) func(context.Context, func(signing.Tx) error) error {
	return func(ctx context.Context, fn func(signing.Tx) error) error {
		return pass(g, name, errStore, func() error { return inner(ctx, fn) })
	}
}

// gatedVault is the keystore behind the gate.
type gatedVault struct {
	keystore.Store
	gate *gate
	made int // signatures, of this test's whole life
	mu   sync.Mutex
	hang chan struct{} // keys open only once this is closed

	opened, slow chan struct{} // not nil: tells that a key is being opened, and waits
}

func (v *gatedVault) MACWith(kid, label string, parts ...[]byte) (out []byte, err error) {
	err = pass(v.gate, "mac", errVault, func() (err error) { out, err = v.Store.MACWith(kid, label, parts...); return err })
	return out, err
}

func (v *gatedVault) Seal(label string, context, plain []byte) (out []byte, err error) {
	err = pass(v.gate, "seal", errVault, func() (err error) { out, err = v.Store.Seal(label, context, plain); return err })
	return out, err
}

func (v *gatedVault) Open(label string, context, sealed []byte) (out []byte, err error) {
	err = pass(v.gate, "open", errVault, func() (err error) { out, err = v.Store.Open(label, context, sealed); return err })
	return out, err
}

func (v *gatedVault) NewPersonalKey(alg string) (sealed, public []byte, err error) {
	err = pass(v.gate, "new", errVault, func() (err error) { sealed, public, err = v.Store.NewPersonalKey(alg); return err })
	return sealed, public, err
}

func (v *gatedVault) LockPersonalKey(sealed, context []byte, secret signing.Unlock) (out []byte, err error) {
	err = pass(v.gate, "lock", errVault, func() (err error) { out, err = v.Store.LockPersonalKey(sealed, context, secret); return err })
	return out, err
}

func (v *gatedVault) OpenPersonalKey(locked, context []byte, secret signing.Unlock, fn func(signing.PersonalSigner) error) error {
	v.mu.Lock()
	hang := v.hang
	v.mu.Unlock()
	if hang != nil {
		<-hang
		return errVault
	}
	if v.slow != nil {
		close(v.opened)
		<-v.slow
	}
	return pass(v.gate, "key", errVault, func() error {
		return v.Store.OpenPersonalKey(locked, context, secret, func(s signing.PersonalSigner) error { return fn(counting{s, v}) })
	})
}

type counting struct {
	signing.PersonalSigner
	v *gatedVault
}

func (c counting) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) (out []byte, err error) {
	err = pass(c.v.gate, "sign", errVault, func() (err error) {
		c.v.mu.Lock()
		c.v.made++
		c.v.mu.Unlock()
		out, err = c.PersonalSigner.Sign(random, digest, opts)
		return err
	})
	return out, err
}

// registry answers as it is told.
type registry struct {
	standing citizen.Standing
	err      error
}

func (g *registry) StandingOf(context.Context, citizen.Person) (citizen.Standing, error) {
	return g.standing, g.err
}

// authority certifies with a throw-away key, and keeps the rows that a real one keeps.
type authority struct {
	r    *rig
	key  *ecdsa.PrivateKey
	cert *x509.Certificate

	mu      sync.Mutex
	serials []string
}

func newAuthority(t testing.TB, r *rig) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "(TESTE) root"}, NotBefore: r.now, NotAfter: r.now.AddDate(20, 0, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{r: r, key: key, cert: cert}
}

func (a *authority) Issue(ctx context.Context, s certificate.Subject) (out certificate.Issued, err error) {
	err = pass(a.r.gate, "issue", fault.New(fault.AuthorityMissing), func() (err error) { out, err = a.issue(ctx, s); return err })
	return out, err
}

func (a *authority) issue(ctx context.Context, s certificate.Subject) (certificate.Issued, error) {
	public, err := x509.ParsePKIXPublicKey(s.Public)
	if err != nil {
		return certificate.Issued{}, err
	}
	serial := new(big.Int).SetBytes(random.Bytes(rand.Reader, 16))
	now := a.r.clock()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: s.Person.FullName()}, NotBefore: now, NotAfter: s.NotAfter, KeyUsage: x509.KeyUsageContentCommitment,
	}, a.cert, public, a.key)
	if err != nil {
		return certificate.Issued{}, err
	}
	c := certificate.Certificate{
		Serial: fmt.Sprintf("%032x", serial), Authority: "test", Profile: "person", Person: s.Person.ID, TBS: []byte("tbs"), DER: der, State: certificate.Good, NotBefore: now,
		NotAfter: s.NotAfter.Truncate(time.Second),
	}
	a.mu.Lock()
	a.serials = append(a.serials, c.Serial)
	a.mu.Unlock()
	err = a.r.db.Do(ctx, func(tx *store.Tx) error { return tx.InsertCertificate(c) })
	return certificate.Issued{Certificate: c, Chain: [][]byte{der, a.cert.Raw, a.cert.Raw}}, err
}

// oksana is a made-up passport holder with a phone and an e-mail.
func oksana() citizen.Person {
	return citizen.Person{
		GivenNames: "Oksana", Surnames: "Made-Up", BirthDate: citizen.Date{Year: 1991, Month: 9, Day: 23}, Nationality: "UKR",
		Documents: []citizen.Document{{Type: citizen.Passport, Country: "UKR", Number: "ZZ990417", Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}},
		Phone:     "+351929943618", Email: "oksana@example.org", Lang: "en", NIF: "399412840",
		Standing: citizen.Standing{Accompanied: citizen.No},
	}
}

func tiago() citizen.Person {
	p := oksana()
	p.GivenNames, p.Phone, p.Email, p.NIF, p.Documents = "Tiago", "+351929943619", "", "", []citizen.Document{{Type: citizen.Passport, Country: "BRA", Number: "XX110417", Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}}
	return p
}

func pinOf(t testing.TB, digits string) credential.PIN {
	t.Helper()
	pin, err := credential.ParsePIN(digits)
	if err != nil {
		t.Fatal(err)
	}
	return pin
}

func (r *rig) admit(p citizen.Person) citizen.ID {
	r.t.Helper()
	id, err := r.enrol.Admit(r.t.Context(), enrol.Admission{Person: p, PIN: pinOf(r.t, signInPIN), Actor: "test", At: r.clock()})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// activation is what an operator sends for the person before them.
func (r *rig) activation(who citizen.ID, change ...func(*signing.Activation)) signing.Activation {
	a := signing.Activation{Person: who, Operator: "operator", Alg: signing.P256, PIN: pinOf(r.t, signPIN), Again: pinOf(r.t, signPIN), Terms: terms}
	for _, c := range change {
		c(&a)
	}
	return a
}

// holder is somebody who can sign.
func (r *rig) holder(p citizen.Person) citizen.ID {
	r.t.Helper()
	who := r.admit(p)
	if _, err := r.signing.Activate(r.t.Context(), r.activation(who)); err != nil {
		r.t.Fatal(err)
	}
	r.messages()
	return who
}

func bank() service.Service {
	return service.Service{Settings: service.Settings{ID: "bank", Name: service.Text{"pt": "Banco das Marés", "en": "Bank of Tides"}}}
}

// documents makes n, each with a name and a digest of its own.
func documents(n int) []signing.Document {
	var all []signing.Document
	for i := range n {
		sum := sha256.Sum256(fmt.Appendf(nil, "document %d", i))
		all = append(all, signing.Document{ID: fmt.Sprint(i), Name: fmt.Sprintf("Contrato %d.pdf", i), Digest: sum[:]})
	}
	return all
}

func (r *rig) request(who citizen.ID, change ...func(*signing.Request)) signing.Request {
	q := signing.Request{
		Wire: "page", Application: bank(), Person: who, Purpose: signing.Sign, Hash: crypto.SHA256, Documents: documents(1), PIN: pinOf(r.t, signPIN), Session: "s1",
		Address: "192.0.2.1",
	}
	for _, c := range change {
		c(&q)
	}
	return q
}

func (r *rig) prepare(who citizen.ID, change ...func(*signing.Request)) (signing.Operation, signing.Ref) {
	r.t.Helper()
	q := r.request(who, change...)
	op, err := r.signing.Prepare(r.t.Context(), q)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.first == "" {
		r.first = op.ID
	}
	return op, signing.Ref{ID: op.ID, Application: q.Application.ID, Person: who, Session: q.Session}
}

func (r *rig) sign(ref signing.Ref, digits string) (signing.Result, error) {
	r.t.Helper()
	return r.signing.ConfirmAndSign(r.t.Context(), ref, codeOf(r.t, digits))
}

func codeOf(t testing.TB, digits string) credential.Code {
	t.Helper()
	code, err := credential.ParseCode(digits)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// messages drains the outbox, oldest first.
func (r *rig) messages() []message.Message {
	r.t.Helper()
	var all []message.Message
	r.do(func(tx *store.Tx) error {
		got, err := tx.LeaseMessages("test", 1000, r.clock(), r.clock().Add(time.Minute))
		if err != nil {
			return err
		}
		var ids []string
		for _, m := range got {
			ids = append(ids, m.ID)
		}
		all = got
		return tx.DoneMessages("test", ids)
	})
	return all
}

func (r *rig) code() string {
	r.t.Helper()
	code := ""
	for _, m := range r.messages() {
		if c := m.Data["code"]; c != "" {
			code = c
		}
	}
	if code == "" {
		r.t.Fatal("no code was sent")
	}
	return code
}

// not gives six digits that differ from a code.
func not(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}

func (r *rig) key(who citizen.ID) signing.Key {
	r.t.Helper()
	keys, err := r.signing.Keys(r.t.Context(), who)
	if err != nil || len(keys) == 0 {
		r.t.Fatalf("keys: %v, %v", keys, err)
	}
	return keys[0]
}

func wants(t testing.TB, err error, code fault.Code) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
}

// events counts the audit rows of a kind.
func (r *rig) events(kind audit.Kind) int {
	r.t.Helper()
	n := 0
	r.do(func(tx *store.Tx) error {
		n = 0
		rows, err := tx.UnsealedAudit(1000)
		for _, one := range rows {
			if one.Kind == kind {
				n++
			}
		}
		return err
	})
	return n
}
