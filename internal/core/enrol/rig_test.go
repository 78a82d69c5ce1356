package enrol_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/format/mrz"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
)

// counter is one installation over a real database and keystore, with a clock and a civil registry that only the test moves.
type counter struct {
	t        *testing.T
	mu       sync.Mutex
	now      time.Time
	zone     *time.Location
	db       *store.DB
	enrol    *enrol.Service
	login    *login.Service
	registry *registry
}

// registry is the civil registry as a test wants it.
type registry struct {
	holds map[string]enrol.Answer // by document number
	down  error
}

func (r *registry) Lookup(_ context.Context, q enrol.Query) (enrol.Answer, error) {
	if r.down != nil {
		return enrol.Answer{}, r.down
	}
	if a, ok := r.holds[q.Number]; ok {
		return a, nil
	}
	if q.Type == citizen.Passport {
		return enrol.Answer{Coverage: enrol.NotCovered}, nil
	}
	return enrol.Answer{Coverage: enrol.NotFound}, nil
}

func newCounter(t *testing.T, change ...func(*enrol.Rules, *credential.Policy)) *counter {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), zone: zone, registry: &registry{holds: map[string]enrol.Answer{}}}
	vault, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: random.Bytes(rand.Reader, 32)}})
	if err != nil {
		t.Fatal(err)
	}
	c.db, err = store.Open(t.Context(), store.Config{Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "enrol.db"), Vault: vault, Now: c.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.db.Close() })
	if err := c.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	policy := credential.Policy{Zone: zone, Argon2MemKB: 64, CodesPerPerson: 1000, CodesPerAddress: 1000}
	rules := enrol.Rules{MinAge: 16, Zone: zone}
	for _, f := range change {
		f(&rules, &policy)
	}
	policy = policy.Defaults()
	hasher := credential.Hasher{Vault: vault, Rand: rand.Reader, Policy: policy}
	c.enrol = &enrol.Service{
		Do: store.In[enrol.Tx](c.db), View: store.InView[enrol.Tx](c.db), Registry: c.registry, Hasher: hasher, Policy: policy,
		Rules: rules.Defaults(), Now: c.clock, Rand: rand.Reader, Wake: func() {},
	}
	c.login = &login.Service{
		Do: store.In[login.Tx](c.db), View: store.InView[login.Tx](c.db), Hasher: hasher, Policy: policy,
		Times: login.Times{Transaction: 15 * time.Minute, SessionMax: 12 * time.Hour, SessionIdle: time.Hour},
		Now:   c.clock, Rand: rand.Reader, Wake: func() {}, Log: slog.New(slog.DiscardHandler),
		AddressKey: func(a string) []byte { return vault.MAC("address", []byte(a)) },
	}
	c.do(func(tx *store.Tx) error { return tx.SaveService(area()) })
	return c
}

// area is Chave's own area, in which a temporary PIN is replaced.
func area() service.Service {
	return service.Service{FirstParty: true, Settings: service.Settings{
		ID: "chave-key", Name: service.Text{"pt": "A minha chave", "en": "My key"}, MinLevel: service.LevelEmail,
	}}
}

func (c *counter) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *counter) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *counter) do(fn func(tx *store.Tx) error) {
	c.t.Helper()
	if err := c.db.Do(context.Background(), fn); err != nil {
		c.t.Fatal(err)
	}
}

const clerk = citizen.ID("clerk")

// open begins a case at a desk.
func (c *counter) open() string {
	c.t.Helper()
	got, err := c.enrol.Open(c.t.Context(), clerk)
	if err != nil {
		c.t.Fatal(err)
	}
	return got.ID
}

func (c *counter) document(e enrol.Evidence) (enrol.Case, error) {
	c.t.Helper()
	return c.enrol.Document(c.t.Context(), c.open(), clerk, e)
}

// at takes the document, and attests it when it must be, and expects the case to stand at the contacts.
func (c *counter) atContacts(e enrol.Evidence) enrol.Case {
	c.t.Helper()
	got := c.must(c.document(e))
	if got.State == enrol.AtAttest {
		got = c.must(c.enrol.Attest(c.t.Context(), got.ID, clerk, enrol.Attestations()))
	}
	c.wantState(got, enrol.AtContacts)
	return got
}

// atNumbers goes on with a proven phone.
func (c *counter) atNumbers(e enrol.Evidence, phone string) enrol.Case {
	c.t.Helper()
	return c.prove(c.atContacts(e), phone)
}

func (c *counter) prove(at enrol.Case, phone string) enrol.Case {
	c.t.Helper()
	c.must(c.enrol.SendPhoneCode(c.t.Context(), at.ID, clerk, phone, "en"))
	c.must(c.enrol.ProvePhone(c.t.Context(), at.ID, clerk, c.code()))
	return c.must(c.enrol.ContactsDone(c.t.Context(), at.ID, clerk))
}

// issue makes the key.
func (c *counter) issue(e enrol.Evidence, phone string, n enrol.Numbers) (enrol.Case, credential.PIN) {
	c.t.Helper()
	return c.mustIssue(c.atNumbers(e, phone), n)
}

func (c *counter) mustIssue(at enrol.Case, n enrol.Numbers) (enrol.Case, credential.PIN) {
	c.t.Helper()
	got, pin, err := c.enrol.Issue(c.t.Context(), at.ID, clerk, n)
	if err != nil {
		c.t.Fatal(err)
	}
	return got, pin
}

func (c *counter) must(got enrol.Case, err error) enrol.Case {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

func (c *counter) wantState(got enrol.Case, want enrol.State) {
	c.t.Helper()
	if got.State != want {
		c.t.Fatalf("case stands at %q (reason %q), want %q", got.State, got.Reason, want)
	}
}

// wantRefused expects a stored refusal with its reason.
func wantRefused(t *testing.T, got enrol.Case, err error, reason fault.Code) {
	t.Helper()
	if err != nil || got.State != enrol.Refused || got.Reason != reason {
		t.Fatalf("state %q, reason %q, error %v; want refused for %s", got.State, got.Reason, err, reason)
	}
}

// wantProblems expects exactly these field problems, as "field code".
func wantProblems(t *testing.T, err error, want ...string) {
	t.Helper()
	var problems enrol.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want problems %v", err, want)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Field+" "+string(p.Code))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("problems %q, want %q", got, want)
	}
}

// messages drains the outbox.
func (c *counter) messages() []message.Message {
	c.t.Helper()
	var all []message.Message
	c.do(func(tx *store.Tx) error {
		got, err := tx.LeaseMessages("test", 1000, c.clock(), c.clock().Add(time.Minute))
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

func (c *counter) code() credential.Code {
	c.t.Helper()
	digits := ""
	for _, m := range c.messages() {
		if d := m.Data["code"]; d != "" {
			digits = d
		}
	}
	code, err := credential.ParseCode(digits)
	if err != nil {
		c.t.Fatalf("no code was sent: %v", err)
	}
	return code
}

func (c *counter) key(who citizen.ID) (credential.Key, citizen.Person) {
	c.t.Helper()
	var key credential.Key
	var person citizen.Person
	c.do(func(tx *store.Tx) (err error) {
		if key, err = tx.Key(who); err != nil {
			return err
		}
		person, err = tx.Person(who)
		return err
	})
	return key, person
}

func (c *counter) status(who citizen.ID) credential.Status {
	c.t.Helper()
	key, person := c.key(who)
	return c.enrol.Policy.Status(key, person, c.clock())
}

// firstSignIn is what the resident does with the temporary PIN; at is the transaction after the code.
func (c *counter) firstSignIn(phone string, pin credential.PIN) (at login.Transaction, browser string) {
	c.t.Helper()
	browser = random.Handle(rand.Reader)
	ctx := c.t.Context()
	fifteen := 15 * time.Minute
	t, err := c.login.Begin(ctx, login.Request{
		Wire: login.FirstParty, Purpose: login.SignIn, Service: area(), MinLevel: service.LevelEmail, MaxAge: &fifteen, Lang: "en",
		Resume: func(id string) string { return "/key/enter/" + id }, Browser: browser,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err = c.login.Identify(ctx, t.ID, browser, phone, ""); err != nil {
		c.t.Fatal(err)
	}
	if t, err = c.login.EnterPIN(ctx, t.ID, browser, "192.0.2.7", pin); err != nil {
		c.t.Fatal(err)
	}
	if t.Next(c.clock()) != login.StepCode {
		return t, browser
	}
	opened, err := c.login.EnterCode(ctx, t.ID, browser, login.Sessions{}, c.code())
	if err != nil {
		c.t.Fatal(err)
	}
	return opened.Transaction, browser
}

// choose ends the journey with a PIN of the resident's own.
func (c *counter) choose(phone string, pin credential.PIN, own string) login.Opened {
	c.t.Helper()
	t, browser := c.firstSignIn(phone, pin)
	chosen, err := credential.ParsePIN(own)
	if err != nil {
		c.t.Fatal(err)
	}
	opened, err := c.login.ChoosePIN(c.t.Context(), t.ID, browser, login.Sessions{}, chosen, chosen)
	if err != nil {
		c.t.Fatal(err)
	}
	return opened
}

// audited counts what the record says of a kind.
func (c *counter) audited(kind audit.Kind) int {
	c.t.Helper()
	n := 0
	c.do(func(tx *store.Tx) error {
		n = 0
		rows, err := tx.UnsealedAudit(1000)
		for _, e := range rows {
			if e.Kind == kind {
				n++
			}
		}
		return err
	})
	return n
}

// People. None exists; numbers lie in ranges that nobody is given.

func date(y int, m time.Month, d int) citizen.Date { return citizen.Date{Year: y, Month: m, Day: d} }

// passport is a foreigner's, with the zone a reader would type.
func passport() enrol.Evidence {
	e := enrol.Evidence{
		Type: citizen.Passport, Country: "UKR", Number: "ZZ990417", Expires: date(2030, 1, 31),
		GivenNames: "Oksana Mykolaivna", Surnames: "Tkachenko", BirthDate: date(1991, 9, 23), Nationality: "UKR",
	}
	return withZone(e)
}

func withZone(e enrol.Evidence) enrol.Evidence {
	zoned := func(d citizen.Date) mrz.Date { return mrz.Date{Year: d.Year, Month: d.Month, Day: d.Day} }
	if e.Type == citizen.Passport {
		e.Zone = mrz.Passport{
			Issuer: string(e.Country), Nationality: string(e.Nationality), Number: e.Number, Surnames: e.Surnames, GivenNames: e.GivenNames,
			BirthDate: zoned(e.BirthDate), Expiry: zoned(e.Expires),
		}.String()
		return e
	}
	e.Zone = mrz.Card{
		Issuer: string(e.Country), Nationality: string(e.Nationality), Number: e.Number, Surnames: e.Surnames, GivenNames: e.GivenNames,
		BirthDate: zoned(e.BirthDate), Expiry: zoned(e.Expires),
	}.String()
	return e
}

// citizenCard is a Portuguese citizen's, whom the registry knows.
func (c *counter) citizenCard() enrol.Evidence {
	e := enrol.Evidence{
		Type: citizen.CitizenCard, Country: "PRT", Number: "994101376ZZ0", Expires: date(2029, 11, 23),
		GivenNames: "Beatriz Amélia", Surnames: "Conceição Sequeira", BirthDate: date(1987, 4, 12), Nationality: "PRT",
	}
	c.registry.holds[e.Number] = c.known(e, "99410137", "399410139", "19994201733", "999430217")
	return withZone(e)
}

// permit is a Brazilian's residence permit: issued here, whatever the holder's nationality.
func (c *counter) permit() enrol.Evidence {
	e := enrol.Evidence{
		Type: citizen.ResidencePermit, Country: "PRT", Number: "ZZ9941063", Expires: date(2027, 11, 23),
		GivenNames: "Harpreet", Surnames: "Made Up", BirthDate: date(1995, 2, 28), Nationality: "BRA",
	}
	c.registry.holds[e.Number] = c.known(e, "", "", "", "")
	return withZone(e)
}

func (c *counter) known(e enrol.Evidence, nic, nif, niss, nsns string) enrol.Answer {
	return enrol.Answer{
		Coverage: enrol.Found, State: enrol.DocumentValid, Expires: e.Expires, Lifetime: e.Lifetime,
		Person: citizen.Person{
			GivenNames: e.GivenNames, Surnames: e.Surnames, BirthDate: e.BirthDate, Nationality: e.Nationality, NIC: nic, NIF: nif, NISS: niss, NSNS: nsns,
			Standing: citizen.Standing{Accompanied: citizen.No, AsOf: c.clock()},
		},
	}
}

// says changes what the registry answers for a document.
func (c *counter) says(e enrol.Evidence, change func(*enrol.Answer)) {
	a := c.registry.holds[e.Number]
	change(&a)
	c.registry.holds[e.Number] = a
}
