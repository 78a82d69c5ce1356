package faoauth_test

import (
	"context"
	"crypto/rand"
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

	"chave/internal/cookie"
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
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
	"chave/internal/page/qr"
	"chave/internal/page/ui"
	"chave/internal/text"
	"chave/internal/wire/faoauth"
)

const (
	pin        = "861374"
	phone      = "+351929943618" // of a citizen with a card
	otherPhone = "+380501234567" // of somebody with a passport
	client     = "100000000001"
	back       = "https://sp.example.test/cb"
	native     = "http://127.0.0.1:50123"

	mdc      = "http://interop.gov.pt/MDC/Cidadao/"
	nic      = mdc + "NIC"
	fullName = mdc + "NomeCompleto"
	docType  = mdc + "DocType"
	docNum   = mdc + "DocNumber"
	docNat   = mdc + "DocNationality"
	address  = "http://interop.gov.pt/DadosCC/Cidadao/MoradaXML"
)

// rig is a whole installation: real database, real keystore, the door over HTTP with the phone's pages, and a clock that only the test moves.
type rig struct {
	t       testing.TB
	mu      sync.Mutex
	now     time.Time
	db      *store.DB
	vault   *keystore.Soft
	login   *login.Service
	enrol   *enrol.Service
	keys    *signkey.Service
	door    *faoauth.Provider
	server  *httptest.Server
	sources *consent.Sources
	counted map[service.Switch]int
	lines   strings.Builder // the log
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), counted: map[service.Switch]int{}}
	var err error
	if r.vault, err = keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: random.Bytes(rand.Reader, 32)}}); err != nil {
		t.Fatal(err)
	}
	r.db, err = store.Open(t.Context(), store.Config{Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "door.db"), Vault: r.vault, Now: r.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.db.Close() })
	if err := r.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(lockedWriter{r}, nil))
	policy := credential.Policy{Argon2MemKB: 64, CodesPerPerson: 1000, CodesPerAddress: 1000}.Defaults()
	hasher := credential.Hasher{Vault: r.vault, Rand: rand.Reader, Policy: policy}
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
		Ring: "fa", Base: []string{"RSA-2048"},
	}
	r.sources = &consent.Sources{Providers: map[consent.Source]consent.Provider{}, Wait: 50 * time.Millisecond, Limit: time.Minute, Log: log}
	mux := http.NewServeMux()
	r.server = httptest.NewServer(lowered(mux))
	t.Cleanup(r.server.Close)
	r.door = &faoauth.Provider{
		Issuer: r.server.URL, Login: r.login, Do: store.In[faoauth.Tx](r.db), View: store.InView[faoauth.Tx](r.db), Keys: r.keys,
		Jar: cookie.Jar{}.In(string(login.Compat)), Now: r.clock, Rand: rand.Reader, Log: log, Sources: r.sources,
		Pages: faoauth.Pages{Fail: func(w http.ResponseWriter, _ *http.Request, status int, err error) {
			w.Header().Set("X-Fault", string(fault.Of(err).Code))
			w.WriteHeader(status)
		}},
		Count: func(_ string, used service.Switch) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.counted[used]++
		},
		Times: faoauth.Times{Retry: time.Millisecond},
	}
	if err := r.door.Check(); err != nil {
		t.Fatal(err)
	}
	r.door.Mount(mux)
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	site, err := ui.New(ui.Config{Texts: texts, Now: r.clock, Sets: []ui.Set{qr.Pages()}})
	if err != nil {
		t.Fatal(err)
	}
	(&qr.Handler{Site: site, Requests: r.door, Jar: cookie.Jar{}, Rand: rand.Reader, Log: log}).Mount(mux)
	r.admit(citizen.Person{
		GivenNames: "Maria Inventada", Surnames: "da Conceição", BirthDate: citizen.Date{Year: 1991, Month: 9, Day: 23}, Nationality: "PRT", NIC: "10000000",
		Documents: []citizen.Document{{Type: citizen.CitizenCard, Country: citizen.Portugal, Number: "10000000", Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}},
		Phone:     phone, Lang: "pt", Standing: citizen.Standing{Accompanied: citizen.No},
	})
	r.admit(citizen.Person{
		GivenNames: "Oksana", Surnames: "Made-Up", BirthDate: citizen.Date{Year: 1990, Month: 9, Day: 23}, Nationality: "UKR",
		Documents: []citizen.Document{{Type: citizen.Passport, Country: "UKR", Number: "ZZ990417", Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}},
		Phone:     otherPhone, Lang: "en", Standing: citizen.Standing{Accompanied: citizen.No},
	})
	r.register(town())
	return r
}

// lowered does what the app does before it routes: paths in lower case, queries as they came.
func lowered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, prefix := range []string{"/oauth/", "/oauthresourceserver/", "/authorizationsystemfrontend/"} {
			if path := strings.ToLower(r.URL.Path); strings.HasPrefix(path, prefix) {
				r.URL.Path, r.URL.RawPath = path, ""
			}
		}
		next.ServeHTTP(w, r)
	})
}

type lockedWriter struct{ r *rig }

func (w lockedWriter) Write(b []byte) (int, error) {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	return w.r.lines.Write(b)
}

func (r *rig) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines.String()
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

// settle waits for what is done in the background.
func (r *rig) settle() {
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	r.door.Settle(ctx)
	if ctx.Err() != nil {
		r.t.Fatal("work in the background did not end")
	}
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

// town is a service with the two switches that most integrations need.
func town() service.Settings {
	return service.Settings{
		ID: "town", Name: service.Text{"pt": "Câmara", "en": "Town Hall"}, RedirectURIs: []string{"https://sp.example.test/oidc"}, AuthMethod: service.NoAuth,
		Attributes: []service.Ask{{Name: consent.NIC}, {Name: consent.FullName}, {Name: consent.Document}, {Name: consent.Address}, {Name: consent.Employment}, {Name: consent.HealthScheme}},
		OAuth:      &service.OAuth{ClientID: client, Domain: "sp.example.test", RedirectURIs: []string{"http://127.0.0.1:8103/back"}, Native: true},
		Compat:     map[service.Switch]service.Allowance{service.ImplicitToken: {}, service.LongToken: {}, service.NoState: {}},
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
	location string
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
	return page{resp.StatusCode, resp.Header, resp.Header.Get("Location"), string(body)}
}

func (b *browser) get(path string) page {
	b.r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.r.server.URL+path, nil)
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

func (b *browser) keep(name, session string) {
	u, _ := url.Parse(b.r.server.URL)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: session, Path: "/"}})
}

// ask is the path of an authorization request as clients write it: nothing is encoded. Parameters are name, value pairs; an empty value leaves one out.
func ask(change ...string) string {
	values := map[string]string{
		"client_id": client, "response_type": "token", "redirect_uri": back, "scope": nic + "%20" + fullName, "state": "st",
	}
	order := []string{"client_id", "response_type", "redirect_uri", "scope", "state"}
	for i := 0; i+1 < len(change); i += 2 {
		if _, known := values[change[i]]; !known {
			order = append(order, change[i])
		}
		values[change[i]] = change[i+1]
	}
	var parts []string
	for _, name := range order {
		if values[name] != "" {
			parts = append(parts, name+"="+values[name])
		}
	}
	return "/OAuth/AskAuthorization?" + strings.Join(parts, "&")
}

// transaction is the sign-in that an answer leads to.
func (b *browser) transaction(p page) login.Transaction {
	b.r.t.Helper()
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/signin/") {
		b.r.t.Fatalf("not sent to the sign-in: %d %s %s %s", p.status, p.location, p.header.Get("X-Fault"), p.body)
	}
	t, err := b.r.login.Load(b.r.t.Context(), strings.TrimPrefix(p.location, "/signin/"), b.cookie("chave_browser"))
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
		opened, err := b.r.login.EnterCode(ctx, t.ID, cookie, login.Sessions{Modern: b.cookie("chave_session"), Compat: b.cookie("chave_compat")}, code)
		must(err)
		name := "chave_session"
		if opened.Transaction.Realm == login.Compat {
			name = "chave_compat"
		}
		b.keep(name, opened.Cookie)
		t = opened.Transaction
	}
	return t
}

// agree shares what is asked for, or only some of it, and goes back to the service.
func (b *browser) agree(t login.Transaction, only ...consent.Name) page {
	b.r.t.Helper()
	share := only
	for _, a := range t.Ask {
		if only == nil {
			share = append(share, a.Name)
		}
	}
	if _, err := b.r.login.Decide(b.r.t.Context(), t.ID, b.cookie("chave_browser"), share); err != nil {
		b.r.t.Fatal(err)
	}
	return b.get(t.Resume)
}

// signIn is the whole way from request to answer.
func (b *browser) signIn(path, who string) page {
	b.r.t.Helper()
	return b.agree(b.prove(b.transaction(b.get(path)), who))
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
