package login_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
)

// rig is one installation over a real database and keystore, with a clock that only the test moves.
type rig struct {
	t     *testing.T
	mu    sync.Mutex
	now   time.Time
	db    *store.DB
	login *login.Service
	enrol *enrol.Service
	zone  *time.Location
}

func newRig(t *testing.T, change ...func(*credential.Policy)) *rig {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), zone: zone}
	vault, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: random.Bytes(rand.Reader, 32)}})
	if err != nil {
		t.Fatal(err)
	}
	r.db, err = store.Open(t.Context(), store.Config{
		Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "login.db"), Vault: vault, Now: r.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.db.Close() })
	if err := r.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	policy := credential.Policy{Zone: zone, Argon2MemKB: 64, CodesPerPerson: 1000, CodesPerAddress: 1000}
	for _, c := range change {
		c(&policy)
	}
	policy = policy.Defaults()
	hasher := credential.Hasher{Vault: vault, Rand: rand.Reader, Policy: policy}
	r.login = &login.Service{
		Do: store.In[login.Tx](r.db), View: store.InView[login.Tx](r.db), Hasher: hasher, Policy: policy,
		Times: login.Times{Transaction: 15 * time.Minute, SessionMax: 12 * time.Hour, SessionIdle: time.Hour},
		Now:   r.clock, Rand: rand.Reader, Wake: func() {}, Log: slog.New(slog.DiscardHandler),
		AddressKey: func(a string) []byte { return vault.MAC("address", []byte(a)) },
	}
	r.enrol = &enrol.Service{
		Do: store.In[enrol.Tx](r.db), View: store.InView[enrol.Tx](r.db), Hasher: hasher, Policy: policy,
		Rules: enrol.Rules{MinAge: 16, Zone: zone}.Defaults(), Now: r.clock, Rand: rand.Reader, Wake: func() {},
	}
	r.service("hospital", service.LevelEmail, consent.FullName)
	r.service("tax", service.LevelPhone, consent.FullName, consent.NIF)
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

func (r *rig) service(id string, level service.Level, names ...consent.Name) service.Service {
	r.t.Helper()
	s := service.Settings{
		ID: id, Name: service.Text{"pt": "Serviço " + id, "en": "Service " + id}, RedirectURIs: []string{"https://" + id + ".example/cb"},
		Secret: "0123456789abcdef0123456789abcdef", MinLevel: level,
	}
	for i, n := range names {
		s.Attributes = append(s.Attributes, service.Ask{Name: n, Required: i == 0})
	}
	made, err := service.New(s, anyVault{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.do(func(tx *store.Tx) error { return tx.SaveService(made) })
	return made
}

type anyVault struct{}

func (anyVault) MAC(string, ...[]byte) []byte { return []byte("mac") }

func (r *rig) do(fn func(tx *store.Tx) error) {
	r.t.Helper()
	if err := r.db.Do(context.Background(), fn); err != nil {
		r.t.Fatal(err)
	}
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

const rightPIN, wrongPIN = "861374", "730912"

func (r *rig) admit(p citizen.Person, change ...func(*enrol.Admission)) citizen.ID {
	r.t.Helper()
	pin, err := credential.ParsePIN(rightPIN)
	if err != nil {
		r.t.Fatal(err)
	}
	a := enrol.Admission{Person: p, PIN: pin, Actor: "test", At: r.clock()}
	for _, c := range change {
		c(&a)
	}
	id, err := r.enrol.Admit(r.t.Context(), a)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// browser is one person's browser: two cookies.
type browser struct {
	r       *rig
	cookie  string
	session string
}

func (r *rig) browser() *browser { return &browser{r: r, cookie: random.Handle(rand.Reader)} }

func (b *browser) begin(id string, change ...func(*login.Request)) login.Transaction {
	b.r.t.Helper()
	var asked service.Service
	b.r.do(func(tx *store.Tx) (err error) {
		asked, err = tx.Service(id)
		return err
	})
	req := login.Request{
		Wire: "test", Purpose: login.SignIn, Service: asked, Ask: asked.Asks(), MinLevel: asked.MinLevel, Lang: "en",
		Resume: func(id string) string { return "/resume/" + id }, Browser: b.cookie, Session: b.session,
	}
	for _, c := range change {
		c(&req)
	}
	t, err := b.r.login.Begin(b.r.t.Context(), req)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return b.load(t)
}

func (b *browser) load(t login.Transaction) login.Transaction {
	b.r.t.Helper()
	got, err := b.r.login.Load(b.r.t.Context(), t.ID, b.cookie)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return got
}

func (b *browser) identify(t login.Transaction, identifier, country string) login.Transaction {
	b.r.t.Helper()
	got, err := b.r.login.Identify(b.r.t.Context(), t.ID, b.cookie, identifier, country)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return got
}

func (b *browser) tryPIN(t login.Transaction, digits string) (login.Transaction, error) {
	pin, err := credential.ParsePIN(digits)
	if err != nil {
		return t, err
	}
	return b.r.login.EnterPIN(b.r.t.Context(), t.ID, b.cookie, "192.0.2.1", pin)
}

func (b *browser) pin(t login.Transaction, digits string) login.Transaction {
	b.r.t.Helper()
	got, err := b.tryPIN(t, digits)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return got
}

func (b *browser) tryCode(t login.Transaction, digits string) (login.Transaction, error) {
	code, err := credential.ParseCode(digits)
	if err != nil {
		return t, err
	}
	o, err := b.r.login.EnterCode(b.r.t.Context(), t.ID, b.cookie, login.Sessions{Modern: b.session}, code)
	if err == nil && o.Cookie != "" {
		b.session = o.Cookie
	}
	return o.Transaction, err
}

func (b *browser) code(t login.Transaction, digits string) login.Transaction {
	b.r.t.Helper()
	got, err := b.tryCode(t, digits)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return got
}

// signIn goes all the way to the share page.
func (b *browser) signIn(id, identifier, country string) login.Transaction {
	b.r.t.Helper()
	t := b.pin(b.identify(b.begin(id), identifier, country), rightPIN)
	b.want(t, login.StepCode)
	return b.code(t, b.r.lastCode())
}

func (b *browser) want(t login.Transaction, step login.Step) {
	b.r.t.Helper()
	if got := t.Next(b.r.clock()); got != step {
		b.r.t.Fatalf("transaction waits for %q, want %q (notice %v, stop %v)", got, step, t.Notice, t.Stop)
	}
}

// messages drains the outbox, oldest first.
func (r *rig) messages() []message.Message {
	r.t.Helper()
	var all []message.Message
	r.do(func(tx *store.Tx) error {
		got, err := tx.LeaseMessages("test", 1000, r.now, r.now.Add(time.Minute))
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

func (r *rig) lastCode() string {
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
