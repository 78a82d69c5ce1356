package fasaml_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
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
	"chave/internal/wire/fasaml"
)

const (
	pin    = "861374"
	phone  = "+351929943618"
	nic    = "99999990"
	entity = "https://fa.example.test"
	issuer = "https://sp.example.test"
	acs    = "https://sp.example.test/acs"
	uriNIC = "http://interop.gov.pt/MDC/Cidadao/NIC"
	uriAll = "http://interop.gov.pt/MDC/Cidadao/NomeCompleto"
)

// rig is a whole installation: real database, real keystore, the door over HTTP with paths in any letter case, and a clock that only the test moves.
type rig struct {
	t        testing.TB
	mu       sync.Mutex
	now      time.Time
	db       *store.DB
	vault    *keystore.Soft
	login    *login.Service
	enrol    *enrol.Service
	keys     *signkey.Service
	provider *fasaml.Provider
	server   *httptest.Server
	log      *strings.Builder
	counted  map[service.Switch]int
	address  string
	inject   func(store.Step) error
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{
		t: t, now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC), log: &strings.Builder{}, counted: map[service.Switch]int{}, address: "192.0.2.10",
	}
	var err error
	if r.vault, err = keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: random.Bytes(rand.Reader, 32)}}); err != nil {
		t.Fatal(err)
	}
	r.db, err = store.Open(t.Context(), store.Config{
		Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "fa.db"), Vault: r.vault, Now: r.clock,
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
	log := slog.New(slog.NewTextHandler(&locked{r: r}, nil))
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
		Ring: "fa", Base: []string{"RSA-2048"}, Certify: func(key crypto.Signer, made time.Time) ([]byte, error) { return certify(key, made), nil },
	}
	var handler http.Handler
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { handler.ServeHTTP(w, req) }))
	t.Cleanup(r.server.Close)
	r.provider = r.newProvider()
	handler = r.mounted(r.provider)
	r.admit(maria())
	r.register(sp())
	return r
}

// locked lets handlers and tests share the log.
type locked struct{ r *rig }

func (l *locked) Write(b []byte) (int, error) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	return l.r.log.Write(b)
}

// newProvider is one node over the rig's store: another call makes another node.
func (r *rig) newProvider() *fasaml.Provider {
	r.t.Helper()
	p := &fasaml.Provider{
		Issuer: r.server.URL, EntityID: entity, Aliases: []string{"https://fa.example.test/fa/Default.aspx", "https://old.example.test"},
		Login: r.login, Do: store.In[fasaml.Tx](r.db), View: store.InView[fasaml.Tx](r.db), Keys: r.keys, Vault: r.vault,
		Jar: cookie.Jar{}.In(string(login.Compat)), Now: r.clock, Rand: rand.Reader, Log: r.login.Log,
		Address: func(*http.Request) string { return r.address },
		Count: func(_ string, used service.Switch) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.counted[used]++
		},
		Pages: fasaml.Pages{
			Fail: func(w http.ResponseWriter, _ *http.Request, status int, err error) {
				w.Header().Set("X-Fault", string(fault.Of(err).Code))
				w.WriteHeader(status)
			},
			Post: func(w http.ResponseWriter, _ *http.Request, action, _ string, fields []fasaml.Field) {
				_ = json.NewEncoder(w).Encode(posted{action, fields})
			},
		},
	}
	if err := p.Check(); err != nil {
		r.t.Fatal(err)
	}
	return p
}

// mounted routes as the application does: paths lower-cased, queries left alone.
func (r *rig) mounted(p *fasaml.Provider) http.Handler {
	mux := http.NewServeMux()
	p.Mount(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.URL.Path = strings.ToLower(req.URL.Path)
		mux.ServeHTTP(w, req)
	})
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

func (r *rig) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

func maria() citizen.Person {
	return citizen.Person{
		GivenNames: "Maria", Surnames: "Exemplo", BirthDate: citizen.Date{Year: 1991, Month: 9, Day: 23}, Nationality: "PRT", NIC: nic,
		Documents: []citizen.Document{{Type: citizen.CitizenCard, Country: citizen.Portugal, Number: nic, Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}},
		Phone:     phone, Email: "maria@example.org", Lang: "pt", NIF: "399412840", Standing: citizen.Standing{Accompanied: citizen.No},
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

// sp is a service of this wire with which nothing is wrong; change it to make something so.
func sp(change ...func(*service.Settings)) service.Settings {
	s := service.Settings{
		ID: "portal", Name: service.Text{"pt": "Portal de Exemplo", "en": "Example portal"}, RedirectURIs: []string{"https://sp.example.test/oidc"},
		Secret: "rp-secret-0123456789abcdef-0123456789", MinLevel: service.LevelEmail, Origins: []string{"https://www.sp.example.test"},
		Attributes: []service.Ask{{Name: consent.NIC, Required: true}, {Name: consent.FullName}, {Name: consent.Email}},
		SAML: &service.SAML{
			Wire: service.WireFA, Issuer: issuer, ACS: []string{acs}, Certificates: []string{spKey().pem}, Logout: "https://sp.example.test/bye",
			LogoutDomain: "sp.example.test",
		},
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

func (r *rig) register(s service.Settings) service.Service {
	r.t.Helper()
	made, err := service.New(s, r.vault)
	if err != nil {
		r.t.Fatalf("%+v", err)
	}
	if err := r.db.Do(context.Background(), func(tx *store.Tx) error { return tx.SaveService(made) }); err != nil {
		r.t.Fatal(err)
	}
	return made
}

// pair is a key with its certificate.
type pair struct {
	key *rsa.PrivateKey
	der []byte
	pem string
}

func newPair() pair {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der := certify(key, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	return pair{key, der, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// spKey is the service's; otherKey is anybody's. Making keys takes time, so all tests share them.
var (
	spKey    = sync.OnceValue(newPair)
	otherKey = sync.OnceValue(newPair)
)

func certify(key crypto.Signer, from time.Time) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "made-up.example.test"}, NotBefore: from.Add(-time.Hour), NotAfter: from.AddDate(5, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return der
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

// posted is what the rig's page says of the form it would send.
type posted struct {
	Action string
	Fields []fasaml.Field
}

type page struct {
	status   int
	header   http.Header
	location *url.URL
	body     string
	posted   posted
}

func (p page) fault() string { return p.header.Get("X-Fault") }

func (b *browser) do(req *http.Request) page {
	b.r.t.Helper()
	resp, err := b.http.Do(req)
	if err != nil {
		b.r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return pageOf(resp.StatusCode, resp.Header, body)
}

func pageOf(status int, header http.Header, body []byte) page {
	p := page{status: status, header: header, body: string(body)}
	if header.Get("Location") != "" {
		p.location, _ = url.Parse(header.Get("Location"))
	}
	_ = json.Unmarshal(body, &p.posted)
	return p
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
	req.Header.Set("Origin", issuer)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	return b.do(req)
}

// send posts a document as a service's page does.
func (b *browser) send(doc []byte) page {
	b.r.t.Helper()
	return b.post("/fa/Default.aspx", url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(doc)}, "RelayState": {"cmVsYXk="}})
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

func (b *browser) keep(name, value string) {
	u, _ := url.Parse(b.r.server.URL)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// transaction is the sign-in that an answer of the entrance leads to.
func (b *browser) transaction(p page) login.Transaction {
	b.r.t.Helper()
	if p.status != http.StatusSeeOther || p.location == nil || p.location.Path != "/fa/begin" {
		b.r.t.Fatalf("not taken: %d %s %s", p.status, p.fault(), b.r.reading(p))
	}
	p = b.get(p.location.String())
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location.Path, "/signin/") {
		b.r.t.Fatalf("not sent to the sign-in: %d %s %s", p.status, p.fault(), p.body)
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

// agree shares what is asked for, but for names to leave out, and goes back to the service.
func (b *browser) agree(t login.Transaction, without ...consent.Name) page {
	b.r.t.Helper()
	var share []consent.Name
	for _, a := range t.Ask {
		if len(without) == 0 || without[0] != a.Name {
			share = append(share, a.Name)
		}
	}
	if _, err := b.r.login.Decide(b.r.t.Context(), t.ID, b.cookie("chave_browser"), share); err != nil {
		b.r.t.Fatal(err)
	}
	return b.get(t.Resume)
}

// signIn is the whole way from request to answer, for the person with a phone.
func (b *browser) signIn(doc []byte) page {
	b.r.t.Helper()
	return b.agree(b.prove(b.transaction(b.send(doc)), phone))
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
