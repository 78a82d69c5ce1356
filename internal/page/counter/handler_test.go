package counter_test

import (
	"context"
	"crypto/rand"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chave/internal/cookie"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/format/mrz"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
	"chave/internal/page/counter"
	"chave/internal/page/door"
	"chave/internal/page/mykey"
	"chave/internal/page/portal"
	"chave/internal/page/signin"
	"chave/internal/page/ui"
	"chave/internal/text"
)

// house is Chave's own pages over a real store, with a clock and a registry that only the test moves.
type house struct {
	t      *testing.T
	now    time.Time
	db     *store.DB
	enrol  *enrol.Service
	server *httptest.Server
	holds  map[string]enrol.Answer
	down   bool
}

func (h *house) Lookup(_ context.Context, q enrol.Query) (enrol.Answer, error) {
	if h.down {
		return enrol.Answer{}, fault.New(fault.RegistryUnavailable)
	}
	if a, ok := h.holds[q.Number]; ok {
		return a, nil
	}
	if q.Type == citizen.Passport {
		return enrol.Answer{Coverage: enrol.NotCovered}, nil
	}
	return enrol.Answer{Coverage: enrol.NotFound}, nil
}

func (h *house) clock() time.Time { return h.now }

const (
	clerkPhone, clerkPIN = "+351929941207", "861374"
	newPhone             = "+351929943618"
)

func open(t *testing.T) *house {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), holds: map[string]enrol.Answer{}}
	vault, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: random.Bytes(rand.Reader, 32)}})
	if err != nil {
		t.Fatal(err)
	}
	h.db, err = store.Open(t.Context(), store.Config{Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "desk.db"), Vault: vault, Now: h.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.db.Close() })
	if err := h.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	site, err := ui.New(ui.Config{Texts: texts, Now: h.clock, Sets: []ui.Set{signin.Pages(), portal.Pages(), mykey.Pages(), counter.Pages()}})
	if err != nil {
		t.Fatal(err)
	}
	policy := credential.Policy{Zone: zone, Argon2MemKB: 64, CodesPerPerson: 1000, CodesPerAddress: 1000}.Defaults()
	hasher := credential.Hasher{Vault: vault, Rand: rand.Reader, Policy: policy}
	in := &login.Service{
		Do: store.In[login.Tx](h.db), View: store.InView[login.Tx](h.db), Hasher: hasher, Policy: policy,
		Times: login.Times{Transaction: 15 * time.Minute, SessionMax: 12 * time.Hour, SessionIdle: time.Hour},
		Now:   h.clock, Rand: rand.Reader, Wake: func() {}, Log: slog.New(slog.DiscardHandler),
		AddressKey: func(a string) []byte { return vault.MAC("address", []byte(a)) },
	}
	h.enrol = &enrol.Service{
		Do: store.In[enrol.Tx](h.db), View: store.InView[enrol.Tx](h.db), Registry: h, Hasher: hasher, Policy: policy,
		Rules: enrol.Rules{MinAge: 16, Zone: zone}.Defaults(), Now: h.clock, Rand: rand.Reader, Wake: func() {},
	}
	h.mount(site, in)
	h.admitClerk()
	return h
}

func (h *house) mount(site *ui.Site, in *login.Service) {
	jar := cookie.Jar{}
	named := func(id, pt string, level service.Level, asks ...service.Ask) service.Service {
		return service.Service{FirstParty: len(asks) == 0, Settings: service.Settings{
			ID: id, Name: service.Text{"pt": pt, "en": pt}, MinLevel: level, Attributes: asks, Category: "other",
		}}
	}
	must := func(n consent.Name) service.Ask { return service.Ask{Name: n, Required: true} }
	key, desk := named("chave-key", "A minha chave", service.LevelEmail), named("chave-counter", "Balcão", service.LevelPhone)
	registered := []service.Service{
		key, desk, named("tax", "Finanças de Brincar", service.LevelPhone, must(consent.NIF)), named("library", "Biblioteca Estreita", service.LevelEmail, must(consent.NIC)),
	}
	h.do(func(tx *store.Tx) error {
		for _, one := range registered {
			if err := tx.SaveService(one); err != nil {
				return err
			}
		}
		return nil
	})
	one := func(ctx context.Context, id string) (found service.Service, err error) {
		err = h.db.View(ctx, func(tx *store.Tx) (err error) {
			found, err = tx.Service(id)
			return err
		})
		return found, err
	}
	all := func(ctx context.Context) (found []service.Service, err error) {
		err = h.db.View(ctx, func(tx *store.Tx) (err error) {
			found, err = tx.Services()
			return err
		})
		return found, err
	}
	lang := func(r *http.Request) string { return string(site.Lang(r)) }
	doorOf := func(s service.Service, path string, fresh time.Duration) *door.Door {
		return &door.Door{
			Login: in, Jar: jar, Rand: rand.Reader, Now: h.clock, Service: s, MinLevel: s.MinLevel, Fresh: fresh, Path: path + "/enter/", Home: path, Lang: lang,
		}
	}
	mux := http.NewServeMux()
	site.Mount(mux)
	(&signin.Handler{Site: site, Login: in, Service: one, Jar: jar, Address: func(*http.Request) string { return "192.0.2.1" }, Now: h.clock}).Mount(mux)
	(&portal.Handler{Site: site, Login: in, Jar: jar, Services: all, MinAge: 16, Counter: "/counter"}).Mount(mux)
	(&mykey.Handler{Site: site, Login: in, Door: doorOf(key, "/key", 15*time.Minute), Services: all, Service: one, Now: h.clock, Keep: 90}).Mount(mux)
	(&counter.Handler{
		Site: site, Enrol: h.enrol, Door: doorOf(desk, "/counter", time.Hour), Services: all, SignIn: "https://chave.example/key", Now: h.clock,
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

func (h *house) admitClerk() {
	h.t.Helper()
	pin, err := credential.ParsePIN(clerkPIN)
	if err != nil {
		h.t.Fatal(err)
	}
	_, err = h.enrol.Admit(h.t.Context(), enrol.Admission{
		PIN: pin, Actor: "test", At: h.now, Roles: []string{enrol.Operator},
		Person: citizen.Person{
			GivenNames: "Rui", Surnames: "Made Up", BirthDate: citizen.Date{Year: 1980, Month: 1, Day: 2}, Nationality: "PRT", NIC: "99411096", Phone: clerkPhone,
			Documents: []citizen.Document{{Type: citizen.CitizenCard, Country: "PRT", Number: "994110960ZY2", Expires: citizen.Date{Year: 2030, Month: 1, Day: 1}}},
			Standing:  citizen.Standing{Accompanied: citizen.No},
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// browser is one person's, without script.
type browser struct {
	h    *house
	http *http.Client
	at   string // where it rests
	body string
	code int
	head http.Header
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{h: h, http: &http.Client{Jar: jar}}
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

func (b *browser) rest(res *http.Response, err error) *browser {
	b.h.t.Helper()
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	b.at, b.body, b.code, b.head = res.Request.URL.Path, html.UnescapeString(string(raw)), res.StatusCode, res.Header
	return b
}

// shows fails unless the page has this status and holds every text.
func (b *browser) shows(status int, texts ...string) *browser {
	b.h.t.Helper()
	for _, s := range texts {
		if !strings.Contains(b.body, s) {
			b.h.t.Fatalf("%s (%d) does not say %q:\n%s", b.at, b.code, s, plain(b.body))
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

// smsCode reads the newest code out of the outbox.
func (h *house) smsCode() string {
	h.t.Helper()
	code := ""
	h.do(func(tx *store.Tx) error {
		got, err := tx.LeaseMessages("test", 1000, h.now, h.now.Add(time.Minute))
		var ids []string
		for _, m := range got {
			ids = append(ids, m.ID)
			if c := m.Data["code"]; c != "" {
				code = c
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
	return code
}

// signIn answers who, PIN and code of the sign-in this browser stands at.
func (b *browser) signIn(identifier, country, pin string) *browser {
	b.h.t.Helper()
	b.post("", "step", "who", "identifier", identifier, "country", country)
	b.post("", "step", "pin", "pin", pin)
	return b.post("", "step", "code", "code", b.h.smsCode())
}

func (h *house) clerk() *browser {
	b := h.browser()
	b.get("/counter").signIn(clerkPhone, "", clerkPIN)
	return b.shows(http.StatusOK, "/counter/cases")
}

func passport() map[string]string {
	zone := mrz.Passport{
		Issuer: "UKR", Nationality: "UKR", Number: "ZZ990417", Surnames: "Tkachenko", GivenNames: "Oksana Mykolaivna",
		BirthDate: mrz.Date{Year: 1991, Month: 9, Day: 23}, Expiry: mrz.Date{Year: 2030, Month: 1, Day: 31},
	}
	return map[string]string{
		"type": "passport", "issuer": "UKR", "number": "ZZ990417", "expires": "2030-01-31", "given_names": "Oksana Mykolaivna", "surnames": "Tkachenko",
		"birth_date": "1991-09-23", "nationality": "UKR", "zone": zone.String(),
	}
}

func (b *browser) document(fields map[string]string, change ...string) *browser {
	pairs := []string{"step", "document"}
	for i := 0; i+1 < len(change); i += 2 {
		fields[change[i]] = change[i+1]
	}
	for name, value := range fields {
		pairs = append(pairs, name, value)
	}
	return b.post("", pairs...)
}

var printedPIN = regexp.MustCompile(`secret-pin[^>]*>\s*([0-9]{8})\s*<`)

func (b *browser) slip() string {
	b.h.t.Helper()
	m := printedPIN.FindStringSubmatch(b.body)
	if m == nil {
		b.h.t.Fatalf("no temporary PIN on %s: %s", b.at, plain(b.body))
	}
	return m[1]
}

// attested is a case at the contacts, after a passport was attested.
func (b *browser) attested() string {
	b.h.t.Helper()
	b.post("/counter/cases").post("", "step", "type", "type", "passport")
	path := b.at
	b.document(passport())
	return b.get(path).at
}

// register takes a passport through the whole journey and gives the temporary PIN.
func (h *house) register(clerk *browser, phone string) string {
	h.t.Helper()
	path := clerk.attested()
	clerk.post(path, attest()...)
	clerk.post("", "step", "contacts", "do", "send_phone", "phone", phone)
	clerk.post("", "step", "contacts", "do", "prove_phone", "phone_code", h.smsCode())
	clerk.post("", "step", "contacts", "do", "done")
	return clerk.post("", "step", "numbers").shows(http.StatusOK).slip()
}

func (h *house) takeRole() {
	h.do(func(tx *store.Tx) error {
		who, err := tx.PeopleWith(citizen.Identifier{Kind: citizen.ByPhone, Value: clerkPhone})
		if err != nil {
			return err
		}
		return tx.TakeRole(who[0], enrol.Operator)
	})
}

var sessionField = regexp.MustCompile(`(?s)<h2[^>]*>(.*?)</h2>.*?name="session" value="([a-z2-7]+)"`)

// otherSession is the id of a session that is not this browser's.
func otherSession(page string) string {
	for _, m := range sessionField.FindAllStringSubmatch(page, -1) {
		if strings.Contains(m[1], "Outro navegador") {
			return m[2]
		}
	}
	return ""
}
