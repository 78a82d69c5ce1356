package sign_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"fmt"
	"html"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/cookie"
	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/draft"
	"chave/internal/core/enrol"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/format/ades"
	"chave/internal/outside/keystore/keystoretest"
	"chave/internal/outside/pki"
	"chave/internal/outside/store"
	"chave/internal/page/check"
	"chave/internal/page/door"
	"chave/internal/page/mykey"
	"chave/internal/page/portal"
	"chave/internal/page/sign"
	"chave/internal/page/signin"
	"chave/internal/page/ui"
	"chave/internal/text"
)

const (
	phone     = "+351929941207"
	signInPIN = "861374"
	signPIN   = "274951"
	terms     = "2026-11"
)

// house is Chave's own pages over a real store, keystore and authority, with a clock that only the test moves.
type house struct {
	t       *testing.T
	mu      sync.Mutex
	now     time.Time
	db      *store.DB
	pki     *pki.Authority
	login   *login.Service
	enrol   *enrol.Service
	signing *signing.Service
	drafts  *draft.Service
	pages   *sign.Handler
	server  *httptest.Server
	who     citizen.ID
	stamps  func() error // nil: the timestamp authority answers
	logged  []string
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

type registry struct{}

func (registry) StandingOf(context.Context, citizen.Person) (citizen.Standing, error) {
	return citizen.Standing{Accompanied: citizen.No}, nil
}

func open(t *testing.T) *house {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	vault := keystoretest.Open(t)
	h.db, err = store.Open(t.Context(), store.Config{Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "sign.db"), Vault: vault, Now: h.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.db.Close() })
	if err := h.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	policy := credential.Policy{Zone: zone, Argon2MemKB: 64, CodesPerPerson: 1000, CodesPerAddress: 1000}.Defaults()
	hasher := credential.Hasher{Vault: vault, Rand: rand.Reader, Policy: policy}
	quiet := slog.New(slog.DiscardHandler)
	key := func(a string) []byte { return vault.MAC("address", []byte(a)) }
	h.login = &login.Service{
		Do: store.In[login.Tx](h.db), View: store.InView[login.Tx](h.db), Hasher: hasher, Policy: policy,
		Times: login.Times{Transaction: 15 * time.Minute, SessionMax: 12 * time.Hour, SessionIdle: time.Hour},
		Now:   h.clock, Rand: rand.Reader, Wake: func() {}, Log: quiet, AddressKey: key,
	}
	h.enrol = &enrol.Service{
		Do: store.In[enrol.Tx](h.db), View: store.InView[enrol.Tx](h.db), Hasher: hasher, Policy: policy,
		Rules: enrol.Rules{MinAge: 16, Zone: zone}.Defaults(), Now: h.clock, Rand: rand.Reader, Wake: func() {},
	}
	settings := pki.Settings{Address: "http://chave.example", RootAlg: "ES256", IssuingAlg: "ES256", TSAAlg: "ES256"}
	profiles, err := settings.Check()
	if err != nil {
		t.Fatal(err)
	}
	h.pki = &pki.Authority{
		Do: store.In[certificate.Tx](h.db), View: store.InView[certificate.Tx](h.db), Keys: vault, Profiles: profiles, Now: h.clock, Rand: rand.Reader, Log: quiet, MakesRoot: true,
	}
	if err := h.pki.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.signing = &signing.Service{
		Do: store.In[signing.Tx](h.db), View: store.InView[signing.Tx](h.db), Vault: vault, Hasher: hasher, Policy: policy, Rules: signing.Rules{Terms: terms},
		Authority: h.pki, Registry: registry{}, Now: h.clock, Rand: rand.Reader, Wake: func() {}, Log: quiet, AddressKey: key,
	}
	h.drafts = &draft.Service{
		Do: store.In[draft.Tx](h.db), View: store.InView[draft.Tx](h.db), Rules: draft.Rules{}.Defaults(), Now: h.clock, Rand: rand.Reader,
	}
	h.mount(zone)
	h.who = h.admit("Maria da Conceição", phone, "994110960ZY2", "99411096")
	return h
}

func (h *house) helpers() ades.Helpers {
	real := ades.Helpers{Timestamp: h.pki.Timestamp, OCSP: h.pki.Status, CRL: h.pki.List}
	stamp := real.Timestamp
	real.Timestamp = func(ctx context.Context, hash crypto.Hash, digest []byte) ([]byte, error) {
		if h.stamps != nil {
			if err := h.stamps(); err != nil {
				return nil, err
			}
		}
		return stamp(ctx, hash, digest)
	}
	return real
}

func (h *house) mount(zone *time.Location) {
	texts, err := text.Load()
	if err != nil {
		h.t.Fatal(err)
	}
	site, err := ui.New(ui.Config{Texts: texts, Now: h.clock, Sets: []ui.Set{signin.Pages(), portal.Pages(), mykey.Pages(), sign.Pages(), check.Pages()}})
	if err != nil {
		h.t.Fatal(err)
	}
	area := func(id string, level service.Level) service.Service {
		return service.Service{FirstParty: true, Settings: service.Settings{ID: id, Name: service.Text{"pt": id, "en": id}, MinLevel: level, Category: "key"}}
	}
	key, own := area("chave-key", service.LevelEmail), area("chave-sign", service.LevelPhone)
	bank := service.Service{Settings: service.Settings{
		ID: "bank", Name: service.Text{"pt": "Banco do Largo", "en": "Banco do Largo"}, Category: "bank", RedirectURIs: []string{"https://bank.example/back"}, MinLevel: service.LevelPhone,
	}}
	h.do(func(tx *store.Tx) error {
		for _, s := range []service.Service{key, own, bank} {
			if err := tx.SaveService(s); err != nil {
				return err
			}
		}
		return nil
	})
	one := func(ctx context.Context, id string) (found service.Service, err error) {
		err = h.db.View(ctx, func(tx *store.Tx) (err error) { found, err = tx.Service(id); return err })
		return found, err
	}
	all := func(ctx context.Context) (found []service.Service, err error) {
		err = h.db.View(ctx, func(tx *store.Tx) (err error) { found, err = tx.Services(); return err })
		return found, err
	}
	lang := func(r *http.Request) string { return string(site.Lang(r)) }
	doorOf := func(s service.Service, path string, fresh time.Duration) *door.Door {
		return &door.Door{
			Login: h.login, Jar: cookie.Jar{}, Rand: rand.Reader, Now: h.clock, Service: s, MinLevel: s.MinLevel, Fresh: fresh, Path: path + "/enter/", Home: path, Lang: lang,
		}
	}
	address := func(*http.Request) string { return "192.0.2.1" }
	mux := http.NewServeMux()
	site.Mount(mux)
	(&signin.Handler{Site: site, Login: h.login, Service: one, Jar: cookie.Jar{}, Address: address, Now: h.clock}).Mount(mux)
	(&portal.Handler{Site: site, Login: h.login, Jar: cookie.Jar{}, Services: all, MinAge: 16, Sign: true}).Mount(mux)
	(&mykey.Handler{
		Site: site, Login: h.login, Door: doorOf(key, "/key", 15*time.Minute), Services: all, Service: one, Now: h.clock, Keep: 90, Signing: h.signing, Terms: terms, Test: true,
	}).Mount(mux)
	h.pages = &sign.Handler{
		Site: site, Door: doorOf(own, "/sign", 30*time.Minute), Signing: h.signing, Drafts: h.drafts, Papers: sign.PAdES{Helpers: h.helpers()},
		Memory: draft.NewMemory(100 << 20), Handover: &bankDesk{bank: bank, hash: crypto.SHA256}, Now: h.clock, Zone: zone, Level: "B-LT", Address: address, Test: true,
		Failed: func(_ *http.Request, err error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			if err != nil {
				h.logged = append(h.logged, err.Error())
			}
		},
	}
	h.pages.Mount(mux)
	(&check.Handler{
		Site: site, Memory: draft.NewMemory(200 << 20), Now: h.clock, Test: true,
		Validate: func(ctx context.Context, file, original []byte) (ades.Report, error) {
			roots, err := h.pki.Roots(ctx)
			if err != nil {
				return ades.Report{}, err
			}
			return ades.Validate(ctx, file, ades.Validation{Roots: roots, At: h.clock(), Helpers: h.helpers(), Detached: original})
		},
	}).Mount(mux)
	h.server = httptest.NewServer(mux)
	h.t.Cleanup(h.server.Close)
}

func (h *house) do(fn func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Do(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) admit(given, phone, number, nic string) citizen.ID {
	h.t.Helper()
	who, err := h.enrol.Admit(h.t.Context(), enrol.Admission{
		PIN: pinOf(h.t, signInPIN), Actor: "test", At: h.now,
		Person: citizen.Person{
			GivenNames: given, Surnames: "Gonçalves Made-Up", BirthDate: citizen.Date{Year: 1980, Month: 1, Day: 2}, Nationality: "PRT", NIC: nic, Phone: citizen.Phone(phone),
			Documents: []citizen.Document{{Type: citizen.CitizenCard, Country: "PRT", Number: number, Expires: citizen.Date{Year: 2030, Month: 1, Day: 1}}},
			Standing:  citizen.Standing{Accompanied: citizen.No},
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return who
}

func pinOf(t *testing.T, digits string) credential.PIN {
	t.Helper()
	pin, err := credential.ParsePIN(digits)
	if err != nil {
		t.Fatal(err)
	}
	return pin
}

// active switches signing on as a counter would, with the quicker sort of key.
func (h *house) active() *house {
	h.t.Helper()
	pin := pinOf(h.t, signPIN)
	if _, err := h.signing.Activate(h.t.Context(), signing.Activation{Person: h.who, Operator: "clerk", Alg: signing.P256, PIN: pin, Again: pin, Terms: terms}); err != nil {
		h.t.Fatal(err)
	}
	return h
}

// browser is one person's, without script. It follows no redirect to another site.
type browser struct {
	h    *house
	http *http.Client
	at   string // where it rests
	body string
	raw  []byte
	code int
	head http.Header
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{h: h, http: &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), h.server.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

func (b *browser) get(path string) *browser {
	b.h.t.Helper()
	return b.rest(b.http.Get(b.h.server.URL + path))
}

// post answers the form on this page.
func (b *browser) post(path string, pairs ...string) *browser {
	b.h.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	if path == "" {
		path = b.at
	}
	return b.rest(b.http.PostForm(b.h.server.URL+path, form))
}

type file struct {
	name    string
	content []byte
}

func (b *browser) upload(path, field string, files ...file) *browser {
	b.h.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range files {
		part, err := w.CreateFormFile(field, f.name)
		if err == nil {
			_, err = part.Write(f.content)
		}
		if err != nil {
			b.h.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.h.t.Fatal(err)
	}
	return b.rest(b.http.Post(b.h.server.URL+path, w.FormDataContentType(), &body))
}

func (b *browser) rest(res *http.Response, err error) *browser {
	b.h.t.Helper()
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer res.Body.Close()
	if b.raw, err = io.ReadAll(res.Body); err != nil {
		b.h.t.Fatal(err)
	}
	b.at, b.body, b.code, b.head = res.Request.URL.Path, html.UnescapeString(string(b.raw)), res.StatusCode, res.Header
	return b
}

// shows fails unless the page has this status and holds every text.
func (b *browser) shows(status int, texts ...string) *browser {
	b.h.t.Helper()
	for _, s := range texts {
		if !strings.Contains(b.body, s) {
			b.h.t.Fatalf("%s (%d) does not say %q:\n%s\n%s", b.at, b.code, s, plain(b.body), b.h.logged)
		}
	}
	if b.code != status {
		b.h.t.Fatalf("%s answers %d, want %d:\n%s", b.at, b.code, status, plain(b.body))
	}
	return b
}

func (b *browser) not(texts ...string) *browser {
	b.h.t.Helper()
	for _, s := range texts {
		if strings.Contains(b.body, s) {
			b.h.t.Fatalf("%s says %q", b.at, s)
		}
	}
	return b
}

var tags = regexp.MustCompile(`(?s)<head.*?</head>|<[^>]*>`)

func plain(page string) string {
	return strings.Join(strings.Fields(tags.ReplaceAllString(page, " ")), " ")
}

// code reads the newest code out of the outbox, with the message's data.
func (h *house) code() (string, map[string]string) {
	h.t.Helper()
	code, data := "", map[string]string(nil)
	h.do(func(tx *store.Tx) error {
		got, err := tx.LeaseMessages("test", 1000, h.clock(), h.clock().Add(time.Minute))
		var ids []string
		for _, m := range got {
			ids = append(ids, m.ID)
			if c := m.Data["code"]; c != "" {
				code, data = c, m.Data
			}
		}
		if err != nil {
			return err
		}
		return tx.DoneMessages("test", ids)
	})
	if code == "" {
		h.t.Fatal("no code was sent")
	}
	return code, data
}

// signIn answers who, PIN and code of the sign-in this browser stands at.
func (b *browser) signIn() *browser {
	b.h.t.Helper()
	b.post("", "step", "who", "identifier", phone)
	b.post("", "step", "pin", "pin", signInPIN)
	code, _ := b.h.code()
	return b.post("", "step", "code", "code", code)
}

// paper is a small PDF of so many pages.
func paper(pages int) []byte {
	var b bytes.Buffer
	var at []int
	object := func(format string, args ...any) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(at)}, args...)...)
	}
	b.WriteString("%PDF-1.7\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	var kids []string
	for i := range pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", 3+i))
	}
	object("<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 595 842] >>", strings.Join(kids, " "), pages)
	for range pages {
		object("<< /Type /Page /Parent 2 0 R >>")
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}
