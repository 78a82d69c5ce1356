package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
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
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/core/signkey"
	"chave/internal/oauth"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
	"chave/internal/wire/oidc"
)

const (
	pin    = "861374"
	secret = "rp-secret-0123456789abcdef-0123456789"
	back   = "https://bank.example/callback"
	phone  = "+351929943618"
)

// rig is a whole installation: real database, real keystore, the provider over HTTP, and a clock that only the test moves.
type rig struct {
	t        testing.TB
	mu       sync.Mutex
	now      time.Time
	db       *store.DB
	vault    *keystore.Soft
	login    *login.Service
	enrol    *enrol.Service
	keys     *signkey.Service
	provider *oidc.Provider
	server   *httptest.Server
	asked    *oidc.SignOut // the last confirmation that a person was shown
	inject   func(store.Step) error
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	var err error
	if r.vault, err = keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: random.Bytes(rand.Reader, 32)}}); err != nil {
		t.Fatal(err)
	}
	r.db, err = store.Open(t.Context(), store.Config{
		Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "oidc.db"), Vault: r.vault, Now: r.clock,
		Inject: func(step store.Step, _ string) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.inject == nil {
				return nil
			}
			return r.inject(step)
		},
	})
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
	r.keys = &signkey.Service{
		Do: store.In[signkey.Tx](r.db), View: store.InView[signkey.Tx](r.db), Keystore: r.vault, Now: r.clock, Rand: rand.Reader, Log: log,
	}
	mux := http.NewServeMux()
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	r.provider = &oidc.Provider{
		Issuer: r.server.URL, Login: r.login, Do: store.In[oidc.Tx](r.db), View: store.InView[oidc.Tx](r.db), Keys: r.keys, Vault: r.vault,
		Now: r.clock, Rand: rand.Reader, Log: log,
		Pages: oidc.Pages{
			Fail: func(w http.ResponseWriter, _ *http.Request, err error) {
				w.Header().Set("X-Fault", string(fault.Of(err).Code))
				w.WriteHeader(http.StatusTeapot)
			},
			ConfirmSignOut: func(w http.ResponseWriter, _ *http.Request, ask oidc.SignOut) {
				r.asked = &ask
				_, _ = io.WriteString(w, "sign out?")
			},
			SignedOut: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "signed out") },
			Post: func(w http.ResponseWriter, _ *http.Request, action, _ string, fields []oauth.Field) {
				_ = json.NewEncoder(w).Encode(map[string]any{"action": action, "fields": fields})
			},
		},
	}
	if err := r.provider.Check(); err != nil {
		t.Fatal(err)
	}
	r.provider.Mount(mux)
	r.admit(citizen.Person{
		GivenNames: "Oksana", Surnames: "Made-Up", BirthDate: citizen.Date{Year: 1991, Month: 9, Day: 23}, Nationality: "UKR",
		Documents: []citizen.Document{{Type: citizen.Passport, Country: "UKR", Number: "ZZ990417", Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}},
		Phone:     phone, Email: "oksana@example.org", Lang: "en", NIF: "399412840", Standing: citizen.Standing{Accompanied: citizen.No},
	})
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

func (r *rig) admit(p citizen.Person) citizen.ID {
	r.t.Helper()
	chosen, err := credential.ParsePIN(pin)
	if err != nil {
		r.t.Fatal(err)
	}
	id, err := r.enrol.Admit(r.t.Context(), enrol.Admission{Person: p, PIN: chosen, Actor: "test", At: r.clock()})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// bank is a confidential service that may refresh and learns of sign-outs.
func bank() service.Settings {
	return service.Settings{
		ID: "bank", Name: service.Text{"pt": "Banco", "en": "Bank"}, RedirectURIs: []string{back, "https://bank.example/other?tenant=1"},
		PostLogoutRedirectURIs: []string{"https://bank.example/bye"}, Secret: secret, MinLevel: service.LevelEmail, Refresh: true,
		Origins: []string{"https://bank.example"},
		Attributes: []service.Ask{
			{Name: consent.FullName, Required: true}, {Name: consent.BirthDate}, {Name: consent.Email}, {Name: consent.Phone}, {Name: consent.Document},
			{Name: consent.NIF},
		},
	}
}

// app is a public client: a program on somebody's own machine.
func app() service.Settings {
	return service.Settings{
		ID: "app", Name: service.Text{"pt": "Programa", "en": "Program"}, RedirectURIs: []string{"http://127.0.0.1/cb", "org.example.app:/cb"},
		AuthMethod: service.NoAuth, Sector: "app.example", MinLevel: service.LevelEmail, Refresh: true, Attributes: []service.Ask{{Name: consent.FullName, Required: true}},
	}
}

func (r *rig) register(s service.Settings) service.Service {
	r.t.Helper()
	made, err := service.New(s, r.vault)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.db.Do(context.Background(), func(tx *store.Tx) error { return tx.SaveService(made) }); err != nil {
		r.t.Fatal(err)
	}
	return made
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
	body     string
}

func (b *browser) do(req *http.Request) page {
	b.r.t.Helper()
	resp, err := b.http.Do(req)
	if err != nil {
		b.r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	got := page{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if resp.Header.Get("Location") != "" {
		got.location, _ = url.Parse(resp.Header.Get("Location"))
	}
	return got
}

func (b *browser) get(path string) page {
	b.r.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.r.server.URL + path
	}
	req, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) post(path string, form url.Values) page {
	b.r.t.Helper()
	req, _ := http.NewRequest(http.MethodPost, b.r.server.URL+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
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

func (b *browser) keep(session string) {
	u, _ := url.Parse(b.r.server.URL)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: "chave_session", Value: session, Path: "/"}})
}

const verifier = "a-verifier-that-is-long-enough-to-be-one-0123456789"

func s256(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ask is an authorization request that nothing is wrong with; change it to make something wrong.
func ask(change ...string) url.Values {
	q := url.Values{
		"client_id": {"bank"}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"openid profile"}, "state": {"st"}, "nonce": {"no"},
		"code_challenge": {s256(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		if change[i+1] == "" {
			q.Del(change[i])
		} else {
			q.Set(change[i], change[i+1])
		}
	}
	return q
}

func (b *browser) authorize(q url.Values) page {
	b.r.t.Helper()
	return b.get("/oauth2/authorize?" + q.Encode())
}

// transaction is the sign-in that an authorize answer leads to.
func (b *browser) transaction(p page) login.Transaction {
	b.r.t.Helper()
	if p.status != http.StatusSeeOther || p.location == nil || !strings.HasPrefix(p.location.Path, "/signin/") {
		b.r.t.Fatalf("not sent to the sign-in: %d %v %s %s", p.status, p.location, p.header.Get("X-Fault"), p.body)
	}
	t, err := b.r.login.Load(b.r.t.Context(), strings.TrimPrefix(p.location.Path, "/signin/"), b.cookie("chave_browser"))
	if err != nil {
		b.r.t.Fatal(err)
	}
	return t
}

// prove goes through identifier, PIN and code as the pages would, unless a session stands for them.
func (b *browser) prove(t login.Transaction, identifier string) login.Transaction {
	b.r.t.Helper()
	ctx, cookie, must := b.r.t.Context(), b.cookie("chave_browser"), func(err error) {
		b.r.t.Helper()
		if err != nil {
			b.r.t.Fatal(err)
		}
	}
	if t.Next(b.r.clock()) == login.StepWho {
		_, err := b.r.login.Identify(ctx, t.ID, cookie, identifier, "")
		must(err)
		typed, err := credential.ParsePIN(pin)
		must(err)
		t, err = b.r.login.EnterPIN(ctx, t.ID, cookie, "192.0.2.1", typed)
		must(err)
	}
	if t.Next(b.r.clock()) == login.StepCode {
		code, err := credential.ParseCode(b.r.code())
		must(err)
		opened, err := b.r.login.EnterCode(ctx, t.ID, cookie, login.Sessions{Modern: b.cookie("chave_session")}, code)
		must(err)
		b.keep(opened.Cookie)
		t = opened.Transaction
	}
	return t
}

// agree shares what is asked for, and goes back to the service.
func (b *browser) agree(t login.Transaction) page {
	b.r.t.Helper()
	var share []consent.Name
	for _, a := range t.Ask {
		share = append(share, a.Name)
	}
	if _, err := b.r.login.Decide(b.r.t.Context(), t.ID, b.cookie("chave_browser"), share); err != nil {
		b.r.t.Fatal(err)
	}
	return b.get(t.Resume)
}

// signIn is the whole way from request to answer, for the person with a phone.
func (b *browser) signIn(q url.Values) page {
	b.r.t.Helper()
	return b.agree(b.prove(b.transaction(b.authorize(q)), phone))
}

func (b *browser) code(q url.Values) string {
	b.r.t.Helper()
	p := b.signIn(q)
	if p.location == nil || p.location.Query().Get("code") == "" {
		b.r.t.Fatalf("no code: %d %v", p.status, p.location)
	}
	return p.location.Query().Get("code")
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

// newMailOnly is a made-up person without a phone: level 2 is all they reach.
func newMailOnly() citizen.Person {
	return citizen.Person{
		GivenNames: "Bento", Surnames: "Inventado", BirthDate: citizen.Date{Year: 1950, Month: 2, Day: 3}, Nationality: "PRT", NIC: "99999990",
		Documents: []citizen.Document{{Type: citizen.CitizenCard, Country: citizen.Portugal, Number: "99999990"}},
		Email:     "bento@example.org", Lang: "pt", Standing: citizen.Standing{Accompanied: citizen.No},
	}
}

func decoded(s string) string {
	b, _ := base64.RawURLEncoding.DecodeString(s)
	return string(b)
}
