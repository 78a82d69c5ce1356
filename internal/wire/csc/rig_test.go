package csc_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/service"
	"chave/internal/outside/keystore"
	"chave/internal/outside/keystore/keystoretest"
	"chave/internal/outside/store"
	"chave/internal/wire/csc"
)

const (
	pin    = "861374"
	secret = "rp-secret-0123456789abcdef-0123456789"
	back   = "https://bank.example/signed"
	phone  = "+351929943618"
)

// rig is a whole installation: real database, real keystore, the provider over HTTP, and a clock that only the test moves. Only core/signing is stood in for.
type rig struct {
	t        testing.TB
	mu       sync.Mutex
	now      time.Time
	db       *store.DB
	vault    keystore.Store
	login    *login.Service
	enrol    *enrol.Service
	signing  *fake
	provider *csc.Provider
	server   *httptest.Server
	person   citizen.ID
	counted  int
	lastCode func() string // of a signature
}

func newRig(t testing.TB, change ...func(*rig)) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), lastCode: func() string { return signCode }}
	var err error
	r.vault = keystoretest.Open(t)
	r.db, err = store.Open(t.Context(), store.Config{Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "csc.db"), Vault: r.vault, Now: r.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.db.Close() })
	if err := r.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	policy := credential.Policy{Argon2MemKB: 64, CodesPerPerson: 1000, CodesPerAddress: 1000}.Defaults()
	hasher := credential.Hasher{Vault: r.vault, Rand: rand.Reader, Policy: policy}
	log := slog.New(slog.DiscardHandler)
	r.login = &login.Service{
		Do: store.In[login.Tx](r.db), View: store.InView[login.Tx](r.db), Hasher: hasher, Policy: policy,
		Times: login.Times{Transaction: 15 * time.Minute, SessionMax: 12 * time.Hour, SessionIdle: time.Hour},
		Now:   r.clock, Rand: rand.Reader, Wake: func() {}, Log: log,
		AddressKey: func(a string) []byte { return r.vault.MAC("address", []byte(a)) },
	}
	r.enrol = &enrol.Service{
		Do: store.In[enrol.Tx](r.db), View: store.InView[enrol.Tx](r.db), Hasher: hasher, Policy: policy,
		Rules: enrol.Rules{MinAge: 16, Zone: time.UTC}.Defaults(), Now: r.clock, Rand: rand.Reader, Wake: func() {},
	}
	r.signing = newFake(r.clock)
	mux := http.NewServeMux()
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	r.provider = &csc.Provider{
		Issuer: r.server.URL, Login: r.login, Signing: r.signing, Do: store.In[csc.Tx](r.db), View: store.InView[csc.Tx](r.db), Vault: r.vault,
		Now: r.clock, Rand: rand.Reader, Log: log, Documents: paper{},
		Count:   func(string, service.Switch) { r.counted++ },
		Address: func(*http.Request) string { return "192.0.2.7" },
		Timestamp: func(_ context.Context, _ crypto.Hash, digest []byte, nonce *big.Int) ([]byte, error) {
			return append([]byte("token:"), digest...), nil
		},
		Pages: csc.Pages{Fail: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.Header().Set("X-Fault", string(fault.Of(err).Code))
			w.WriteHeader(http.StatusTeapot)
		}},
	}
	for _, fn := range change {
		fn(r)
	}
	if err := r.provider.Check(); err != nil {
		t.Fatal(err)
	}
	r.provider.Mount(mux)
	r.person = r.admit("Oksana", phone, "ZZ990417", "399412840")
	r.register(bank())
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

func (r *rig) admit(name, number, passport, nif string) citizen.ID {
	r.t.Helper()
	chosen, err := credential.ParsePIN(pin)
	if err != nil {
		r.t.Fatal(err)
	}
	id, err := r.enrol.Admit(r.t.Context(), enrol.Admission{Person: citizen.Person{
		GivenNames: name, Surnames: "Made-Up", BirthDate: citizen.Date{Year: 1991, Month: 9, Day: 23}, Nationality: "UKR",
		Documents: []citizen.Document{{Type: citizen.Passport, Country: "UKR", Number: passport, Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}},
		Phone:     citizen.Phone(number), Lang: "en", NIF: nif, Standing: citizen.Standing{Accompanied: citizen.No},
	}, PIN: chosen, Actor: "test", At: r.clock()})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// bank is a service that hands people over; agency one that sees PINs.
func bank() service.Settings {
	return service.Settings{
		ID: "bank", Name: service.Text{"pt": "Banco", "en": "Bank"}, RedirectURIs: []string{back}, Secret: secret, Refresh: true,
		CSC: &service.CSC{Documents: true},
	}
}

func agency() service.Settings {
	return service.Settings{
		ID: "agency", Name: service.Text{"pt": "Agência", "en": "Agency"}, RedirectURIs: []string{back}, Secret: secret, AuthMethod: service.SecretPost,
		CSC: &service.CSC{Explicit: true}, Compat: map[service.Switch]service.Allowance{service.CollectsPIN: {}},
	}
}

func (r *rig) register(s service.Settings) {
	r.t.Helper()
	made, err := service.New(s, r.vault)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.db.Do(context.Background(), func(tx *store.Tx) error { return tx.SaveService(made) }); err != nil {
		r.t.Fatal(err)
	}
}

// browser is one person's browser: it keeps cookies and follows no redirect by itself.
type browser struct {
	r    *rig
	http *http.Client
}

func (r *rig) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{r, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type page struct {
	status   int
	header   http.Header
	location *url.URL
	body     []byte
}

func read(t testing.TB, resp *http.Response, err error) page {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	got := page{status: resp.StatusCode, header: resp.Header, body: body}
	if resp.Header.Get("Location") != "" {
		got.location, _ = url.Parse(resp.Header.Get("Location"))
	}
	return got
}

func (p page) json(t testing.TB) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(p.body, &all); err != nil {
		t.Fatalf("%d %q is not JSON: %v", p.status, p.body, err)
	}
	return all
}

func (p page) text(t testing.TB, name string) string {
	t.Helper()
	s, _ := p.json(t)[name].(string)
	return s
}

func (b *browser) get(path string) page {
	b.r.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.r.server.URL + path
	}
	resp, err := b.http.Get(path)
	return read(b.r.t, resp, err)
}

func (b *browser) cookie(name string) string {
	u, _ := url.Parse(b.r.server.URL)
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// signIn goes through the sign-in pages as a person with a phone would.
func (b *browser) signIn(p page, identifier string) page {
	b.r.t.Helper()
	ctx, must := b.r.t.Context(), func(err error) {
		b.r.t.Helper()
		if err != nil {
			b.r.t.Fatal(err)
		}
	}
	if p.status != http.StatusSeeOther || p.location == nil || !strings.HasPrefix(p.location.Path, "/signin/") {
		b.r.t.Fatalf("not sent to the sign-in: %d %v %s %s", p.status, p.location, p.header.Get("X-Fault"), p.body)
	}
	cookie := b.cookie("chave_browser")
	t, err := b.r.login.Load(ctx, strings.TrimPrefix(p.location.Path, "/signin/"), cookie)
	must(err)
	if t.Next(b.r.clock()) == login.StepWho {
		_, err := b.r.login.Identify(ctx, t.ID, cookie, identifier, "")
		must(err)
		typed, _ := credential.ParsePIN(pin)
		_, err = b.r.login.EnterPIN(ctx, t.ID, cookie, "192.0.2.1", typed)
		must(err)
		code, err := credential.ParseCode(b.r.code())
		must(err)
		opened, err := b.r.login.EnterCode(ctx, t.ID, cookie, login.Sessions{}, code)
		must(err)
		t = opened.Transaction
	}
	var share []consent.Name
	_, err = b.r.login.Decide(ctx, t.ID, cookie, share)
	must(err)
	return b.get(t.Resume)
}

// code is the newest one-time code in the outbox, as a phone would show it.
func (r *rig) code() string {
	r.t.Helper()
	found := ""
	err := r.db.Do(context.Background(), func(tx *store.Tx) error {
		batch, err := tx.LeaseMessages("test", 100, r.clock(), r.clock().Add(time.Second))
		if err != nil {
			return err
		}
		var ids []string
		for _, m := range batch {
			ids = append(ids, m.ID)
			if m.Kind == message.LoginCode {
				found = m.Data["code"]
			}
		}
		return tx.DoneMessages("test", ids)
	})
	if err != nil || found == "" {
		r.t.Fatalf("no code was sent: %v", err)
	}
	return found
}
