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
