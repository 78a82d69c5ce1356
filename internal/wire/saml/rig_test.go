package saml_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
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
	format "chave/internal/format/saml"
	"chave/internal/format/xmldsig"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
	"chave/internal/wire/saml"
)

const (
	pin    = "861374"
	secret = "rp-secret-0123456789abcdef-0123456789"
	phone  = "+351929943618"
	entity = "https://shop.example/saml"
	acs    = "https://shop.example/saml/acs"
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
	provider *saml.Provider
	server   *httptest.Server
	asked    *saml.SignOut // the last confirmation that a person was shown
	key      crypto.Signer // the services'
	cert     string        // PEM
	person   citizen.ID
	log      strings.Builder
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	var err error
	if r.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	r.cert = certified(t, r.key, r.now)
	if r.vault, err = keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: random.Bytes(rand.Reader, 32)}}); err != nil {
		t.Fatal(err)
	}
	r.db, err = store.Open(t.Context(), store.Config{Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "saml.db"), Vault: r.vault, Now: r.clock})
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
	r.provider, r.server = r.node(log)
	r.keys = r.provider.Keys
	r.person = r.admit(citizen.Person{
		GivenNames: "Oksana", Surnames: "Made-Up", BirthDate: citizen.Date{Year: 1991, Month: 9, Day: 23}, Nationality: "UKR",
		Documents: []citizen.Document{{Type: citizen.Passport, Country: "UKR", Number: "ZZ990417", Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}},
		Phone:     phone, Email: "oksana@example.org", Lang: "en", NIF: "399412840", Standing: citizen.Standing{Accompanied: citizen.No},
	})
	r.register(r.shop())
	return r
}

// node is one more server of the same installation. Its keys are RSA-2048 in name of speed.
func (r *rig) node(log *slog.Logger) (*saml.Provider, *httptest.Server) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	r.t.Cleanup(server.Close)
	issuer := server.URL
	if r.server != nil {
		issuer = r.server.URL
	}
	p := &saml.Provider{
		Issuer: issuer, Alg: "ES256", Login: r.login, Do: store.In[saml.Tx](r.db), View: store.InView[saml.Tx](r.db), Vault: r.vault, Now: r.clock, Rand: rand.Reader, Log: log,
		Keys: &signkey.Service{
			Do: store.In[signkey.Tx](r.db), View: store.InView[signkey.Tx](r.db), Keystore: r.vault, Now: r.clock, Rand: rand.Reader, Log: log,
			Ring: "saml", Base: []string{"ES256"}, Certify: func(key crypto.Signer, made time.Time) ([]byte, error) { return selfSigned(key, made) },
		},
		Pages: saml.Pages{
			Fail: func(w http.ResponseWriter, _ *http.Request, status int, err error) {
				w.Header().Set("X-Fault", string(fault.Of(err).Code))
				w.WriteHeader(status)
			},
			ConfirmSignOut: func(w http.ResponseWriter, _ *http.Request, ask saml.SignOut) {
				r.asked = &ask
				_, _ = io.WriteString(w, "sign out?")
			},
			SignedOut: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "signed out") },
			Post: func(w http.ResponseWriter, _ *http.Request, action, _ string, fields []saml.Field) {
				posted := map[string]string{"action": action}
				for _, f := range fields {
					posted[f.Name] = base64.StdEncoding.EncodeToString([]byte(f.Value))
				}
				_ = json.NewEncoder(w).Encode(posted)
			},
		},
	}
	if err := p.Check(); err != nil {
		r.t.Fatal(err)
	}
	p.Mount(mux)
	return p, server
}

// locked keeps what is logged.
type locked struct{ r *rig }

func (l *locked) Write(b []byte) (int, error) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	return l.r.log.Write(b)
}

func (r *rig) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

func selfSigned(key crypto.Signer, made time.Time) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(made.UnixNano()), Subject: pkix.Name{CommonName: "made-up"}, NotBefore: made.AddDate(-1, 0, 0), NotAfter: made.AddDate(5, 0, 0),
	}
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}

func certified(t testing.TB, key crypto.Signer, made time.Time) string {
	t.Helper()
	der, err := selfSigned(key, made)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
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

// shop is a service of the standard's profile.
func (r *rig) shop() service.Settings {
	return service.Settings{
		ID: "shop", Name: service.Text{"pt": "Loja", "en": "Shop"}, RedirectURIs: []string{"https://shop.example/callback"}, Secret: secret, MinLevel: service.LevelEmail,
		Attributes: []service.Ask{{Name: consent.FullName, Required: true}, {Name: consent.BirthDate}, {Name: consent.Phone}, {Name: consent.Document}, {Name: consent.NIF}},
		SAML: &service.SAML{
			Wire: service.WireSAML, Issuer: entity, ACS: []string{acs, "https://shop.example/saml/other"}, Certificates: []string{r.cert},
			Logout: "https://shop.example/saml/slo", Also: []consent.Name{consent.Email},
		},
	}
}

// other is one more such service, on a host of its own.
func (r *rig) other(id, binding string) service.Settings {
	s := r.shop()
	s.ID, s.RedirectURIs = id, []string{"https://" + id + ".example/callback"}
	one := *s.SAML
	one.Issuer, one.ACS, one.Logout, one.LogoutBinding = "https://"+id+".example/saml", []string{"https://" + id + ".example/acs"}, "https://"+id+".example/slo?x=1", binding
	s.SAML = &one
	return s
}

func (r *rig) register(s service.Settings) service.Service {
	r.t.Helper()
	made, err := service.NewAt(s, r.vault, r.clock())
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.db.Do(context.Background(), func(tx *store.Tx) error { return tx.SaveService(made) }); err != nil {
		r.t.Fatal(err)
	}
	return made
}

// ask is an AuthnRequest that nothing is wrong with; change its fields, or its document, to make something wrong.
type ask struct {
	ID, Version, Issuer, Destination, ACS, Attrs, Inside string
	At                                                   time.Time
}

func (r *rig) ask() ask {
	return ask{
		ID: format.NewID(rand.Reader), Version: "2.0", Issuer: entity, Destination: r.server.URL + saml.PathSSO, At: r.clock(),
		ACS: ` AssertionConsumerServiceURL="` + acs + `"`,
	}
}

func (a ask) xml() string {
	return `<samlp:AuthnRequest xmlns:samlp="` + format.NSProtocol + `" xmlns:saml="` + format.NSAssertion + `" ID="` + a.ID + `" Version="` + a.Version +
		`" IssueInstant="` + format.Second(a.At) + `" Destination="` + a.Destination + `"` + a.ACS + a.Attrs + `><saml:Issuer>` + a.Issuer + `</saml:Issuer>` + a.Inside + `</samlp:AuthnRequest>`
}

func (r *rig) signed(doc string) string {
	r.t.Helper()
	out, err := xmldsig.Signer{Key: r.key}.Sign([]byte(doc))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(out)
}

// form is a document by the POST binding.
func form(name, doc, state string) url.Values {
	v := url.Values{name: {format.EncodePOST([]byte(doc))}}
	if state != "" {
		v.Set("RelayState", state)
	}
	return v
}

// query is a document by the Redirect binding, signed.
func (r *rig) query(name, doc, state string) string {
	r.t.Helper()
	pairs := []format.Pair{{Name: name, Value: format.EncodeRedirect([]byte(doc))}}
	if state != "" {
		pairs = append(pairs, format.Pair{Name: "RelayState", Value: state})
	}
	q, err := format.SignQuery(r.key, 0, pairs...)
	if err != nil {
		r.t.Fatal(err)
	}
	return q
}

// browser is one person's browser: it keeps cookies and follows no redirect by itself.
type browser struct {
	r    *rig
	base string
	http *http.Client
}

func (r *rig) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{r, r.server.URL, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type page struct {
	status   int
	header   http.Header
	location *url.URL
	body     string
	posted   map[string]string // what the page posts to a service by itself
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
	raw := map[string]string{}
	if json.Unmarshal(body, &raw) == nil {
		got.posted = map[string]string{}
		for name, value := range raw {
			if name != "action" {
				plain, _ := base64.StdEncoding.DecodeString(value)
				value = string(plain)
			}
			got.posted[name] = value
		}
	}
	return got
}

func (b *browser) get(path string) page {
	b.r.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.base + path
	}
	req, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) post(path string, form url.Values) page {
	b.r.t.Helper()
	req, _ := http.NewRequest(http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// crossPost is a form on another site's page: the browser keeps our cookies at home (SameSite=Lax).
func (b *browser) crossPost(path string, form url.Values) page {
	b.r.t.Helper()
	bare := *b
	bare.http = &http.Client{CheckRedirect: b.http.CheckRedirect}
	return bare.post(path, form)
}

// follow goes on to our own addresses.
func (b *browser) follow(p page) page {
	b.r.t.Helper()
	for n := 0; p.status == http.StatusSeeOther && p.location.Host == "" && strings.HasPrefix(p.location.Path, "/saml/"); n++ {
		if n > 40 {
			b.r.t.Fatal("a redirect loop")
		}
		p = b.get(p.location.String())
	}
	if refresh, ok := strings.CutPrefix(p.header.Get("Refresh"), "0; url="); ok {
		return b.follow(b.get(refresh))
	}
	return p
}

func (b *browser) cookie(name string) string {
	u, _ := url.Parse(b.base)
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) keep(session string) {
	u, _ := url.Parse(b.base)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: "chave_session", Value: session, Path: "/"}})
}

func (b *browser) session() (login.Session, bool) {
	s, _, err := b.r.login.SessionOf(b.r.t.Context(), b.cookie("chave_session"))
	return s, err == nil
}

// transaction is the sign-in that a request leads to.
func (b *browser) transaction(p page) login.Transaction {
	b.r.t.Helper()
	if p.status != http.StatusSeeOther || p.location == nil || !strings.HasPrefix(p.location.Path, "/signin/") {
		b.r.t.Fatalf("not sent to the sign-in: %d %v %s %s\n%s", p.status, p.location, p.header.Get("X-Fault"), p.message("SAMLResponse"), b.r.logged())
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

// agree shares what is asked for, but for what is named, and goes back to the service.
func (b *browser) agree(t login.Transaction, but ...consent.Name) page {
	b.r.t.Helper()
	var share []consent.Name
next:
	for _, a := range t.Ask {
		for _, name := range but {
			if a.Name == name {
				continue next
			}
		}
		share = append(share, a.Name)
	}
	if _, err := b.r.login.Decide(b.r.t.Context(), t.ID, b.cookie("chave_browser"), share); err != nil {
		b.r.t.Fatal(err)
	}
	return b.get(t.Resume)
}

// begin posts a request as a service's page does, and follows to the sign-in.
func (b *browser) begin(doc, state string) page {
	b.r.t.Helper()
	return b.follow(b.crossPost(saml.PathSSO, form("SAMLRequest", doc, state)))
}

// signIn is the whole way from request to answer, for the person with a phone.
func (b *browser) signIn(a ask) page {
	b.r.t.Helper()
	return b.agree(b.prove(b.transaction(b.begin(b.r.signed(a.xml()), "st")), phone))
}

// message is a document that a page posts.
func (p page) message(field string) string {
	doc, err := format.DecodePOST(p.posted[field], 1<<20)
	if err != nil {
		return ""
	}
	return string(doc)
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
