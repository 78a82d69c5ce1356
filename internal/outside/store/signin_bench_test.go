package store_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

// zeros is a random source whose every one-time code is 000000.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type journeys struct {
	login   *login.Service
	people  []citizen.ID
	service service.Service
	pin     credential.PIN
	code    credential.Code
}

func newJourneys(tb testing.TB, open func(testing.TB, ...storetest.Option) *store.DB, people int, inject store.Inject) *journeys {
	tb.Helper()
	vault, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: random.Bytes(rand.Reader, 32)}})
	if err != nil {
		tb.Fatal(err)
	}
	db := open(tb, storetest.WithVault(vault), storetest.WithInject(inject))
	policy := credential.Policy{CodesPerPerson: 1 << 30, CodesPerAddress: 1 << 30}.Defaults()
	hasher := credential.Hasher{Vault: vault, Rand: zeros{}, Policy: policy}
	j := &journeys{login: &login.Service{
		Do: store.In[login.Tx](db), View: store.InView[login.Tx](db), Hasher: hasher, Policy: policy,
		Times: login.Times{Transaction: 15 * time.Minute, SessionMax: 12 * time.Hour, SessionIdle: time.Hour},
		Now:   storetest.Epoch, Rand: rand.Reader, Wake: func() {}, Log: slog.New(slog.DiscardHandler),
		AddressKey: func(a string) []byte { return vault.MAC("address", []byte(a)) },
	}}
	if j.pin, err = credential.ParsePIN("861374"); err != nil {
		tb.Fatal(err)
	}
	if j.code, err = credential.ParseCode("000000"); err != nil {
		tb.Fatal(err)
	}
	j.service = service.Service{Settings: service.Settings{ID: "tax", Name: service.Text{"pt": "Finanças", "en": "Tax"}, MinLevel: 3,
		Attributes: []service.Ask{{Name: consent.FullName, Required: true}, {Name: consent.NIF}}}}
	do(tb, db, func(tx *store.Tx) error { return tx.SaveService(j.service) })
	for n := range people {
		p := resident(n)
		stored, err := hasher.Hash(j.pin, p.ID)
		if err != nil {
			tb.Fatal(err)
		}
		k := credential.Key{Person: p.ID, State: credential.Active, PIN: stored, CreatedAt: storetest.Epoch()}
		register(tb, db, p)
		do(tb, db, func(tx *store.Tx) error { return tx.InsertKey(k) })
		j.people = append(j.people, p.ID)
	}
	return j
}

// signIn goes from a wire's request to a person's proof and a code for the service, as a browser would.
func (j *journeys) signIn(n int) error {
	ctx, browser := context.Background(), random.Handle(rand.Reader)
	t, err := j.login.Begin(ctx, login.Request{Wire: "oidc", Payload: []byte("{}"), Resume: func(id string) string { return "/" + id },
		Purpose: login.SignIn, Service: j.service, Ask: j.service.Asks(), MinLevel: 3, Lang: "pt", Browser: browser})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	p := resident(n)
	if _, err := j.login.Identify(ctx, t.ID, browser, string(p.Phone), ""); err != nil {
		return fmt.Errorf("identify: %w", err)
	}
	if _, err := j.login.EnterPIN(ctx, t.ID, browser, fmt.Sprint(n), j.pin); err != nil {
		return fmt.Errorf("pin: %w", err)
	}
	if _, err := j.login.EnterCode(ctx, t.ID, browser, login.Sessions{}, j.code); err != nil {
		return fmt.Errorf("code: %w", err)
	}
	if _, err := j.login.Decide(ctx, t.ID, browser, []consent.Name{consent.NIF}); err != nil {
		return fmt.Errorf("decide: %w", err)
	}
	out, err := j.login.Finish(ctx, t.ID, browser, "oidc", func(tx login.Tx, out login.Outcome) error {
		return tx.InsertSingle(grant.Single{Kind: "code", Digest: random.Bytes(rand.Reader, 32), ExpiresAt: storetest.Epoch().Add(time.Minute)})
	})
	if err == nil && !out.Verified.Proven() {
		return fmt.Errorf("not proven: %s", out.Refusal)
	}
	return err
}

func TestStore_a_sign_in_needs_few_statements(t *testing.T) {
	var statements, commits atomic.Int64
	j := newJourneys(t, storetest.SQLite, 1, func(step store.Step, _ string) error {
		switch step {
		case store.StepStatement:
			statements.Add(1)
		case store.StepBegin:
			commits.Add(1)
		}
		return nil
	})
	statements.Store(0)
	commits.Store(0)
	if err := j.signIn(0); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d statements in %d transactions", statements.Load(), commits.Load())
	if statements.Load() > 60 || commits.Load() > 8 {
		t.Errorf("a sign-in takes %d statements in %d transactions", statements.Load(), commits.Load())
	}
}

// BenchmarkSignIn measures whole sign-ins, by 64 people at once, all parts real but the network and the pages.
func BenchmarkSignIn(b *testing.B) {
	for name, open := range map[string]func(testing.TB, ...storetest.Option) *store.DB{
		"sqlite": storetest.SQLite, "postgres": storetest.Postgres,
	} {
		b.Run(name, func(b *testing.B) {
			const people = 200
			j := newJourneys(b, open, people, nil)
			var n atomic.Int64
			b.SetParallelism(max(1, 64/runtime.GOMAXPROCS(0)))
			b.ResetTimer()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := j.signIn(int(n.Add(1) % people)); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sign-ins/s")
		})
	}
}
