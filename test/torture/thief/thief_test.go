//go:build torture

package thief

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/app"
	"chave/internal/core/audit"
	"chave/internal/core/enrol"
	"chave/internal/outside/store"
	"chave/test/drive"
	"chave/test/population"
	"chave/test/rig"
)

const (
	residents = 40
	newcomers = 60_000 // the first who comes to the counter; every sixth holds a passport
)

func TestA4_the_database_as_bytes_yields_nobody(t *testing.T) {
	dir, drop, err := rig.Folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	binary, err := rig.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, driver := range []string{store.SQLite, store.Postgres} {
		t.Run(driver, func(t *testing.T) { steal(t, binary, driver) })
	}
}

// victim is a server, and everything the test knows that a thief must not learn.
type victim struct {
	*rig.Rig
	options population.Options

	mu      sync.Mutex
	needles []Needle
	digits  map[string]bool // PINs and codes
}

func (v *victim) secret(all ...Needle) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.needles = append(v.needles, all...)
}

func (v *victim) digit(code string) {
	if len(code) != 6 { // a temporary PIN has eight and is looked for like a name
		v.secret(Written("temporary PIN", code)...)
	}
	v.mu.Lock()
	v.digits[code] = true
	v.mu.Unlock()
	v.secret(Hashed("PIN or code", code)...)
}

func steal(t *testing.T, binary, driver string) {
	dir, drop, err := rig.Folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	v := &victim{options: population.Options{Email: true, Today: time.Now().UTC().Truncate(24 * time.Hour)}, digits: map[string]bool{}}
	v.Rig, err = rig.New(t.Context(), rig.Options{Dir: dir, Driver: driver, Binary: binary, Mail: true, Counter: true, Change: func(s *app.Settings) {
		s.Policy.CodesPerAddress, s.Policy.CodesPerPerson, s.RequestsPerAddress = 1_000_000, 1000, 1_000_000
	}})
	if errors.Is(err, rig.ErrNoPostgres) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	v.Service.Scope = "openid profile nif offline_access"
	v.secret(Held("client secret", v.Service.Secret)...)
	v.Sink.Heard = func(m drive.Message) { v.digit(drive.CodeIn(m.Text)) }
	v.Sink.Refuse = v.refuse

	// What the empty database holds already is no betrayal.
	if err := v.With(t.Context(), func(*app.App) error { return nil }); err != nil {
		t.Fatal(err)
	}
	empty, err := Steal(t.Context(), v.Rig)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.With(t.Context(), v.populate); err != nil {
		t.Fatal(err)
	}
	if err := v.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	taken := v.live(t)
	v.judge(t, empty, taken)
}

// refuse is a network that cannot reach three of the phones: their codes stay in the outbox.
func (v *victim) refuse(m drive.Message) bool {
	for n := residents - 3; n < residents; n++ {
		if m.To == string(population.Of(n, v.options).Phone) {
			if code := drive.CodeIn(m.Text); code != "" {
				v.digit(code)
			}
			return true
		}
	}
	return false
}

func (v *victim) populate(node *app.App) error {
	ctx := context.Background()
	if err := population.Admit(ctx, node, population.Of(0, v.options), v.options, enrol.Operator); err != nil {
		return err
	}
	return population.Seed(ctx, node, 1, residents, false, v.options)
}

// live lets people use their keys, and steals three times meanwhile and once at the end.
func (v *victim) live(t *testing.T) []Loot {
	for n := range residents {
		v.person(fmt.Sprintf("resident %d", n), population.Of(n, v.options))
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var work sync.WaitGroup
	act := func(name string, fn func(context.Context) error) {
		work.Go(func() {
			if err := fn(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for n := 1; n < 9; n++ {
		act("sign in", func(ctx context.Context) error {
			for ctx.Err() == nil {
				if err := v.signIn(ctx, n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	act("counter", v.counter)
	for n := 9; n < 15; n++ {
		act("change PIN", func(ctx context.Context) error { return v.changePIN(ctx, n) })
	}
	for n := 15; n < residents; n++ {
		act("half a sign-in", func(ctx context.Context) error { return v.half(ctx, n) })
	}
	var taken []Loot
	take := func() {
		loot, err := Steal(t.Context(), v.Rig)
		if err != nil {
			t.Error(err)
		}
		taken = append(taken, loot)
	}
	for range 3 {
		time.Sleep(time.Second)
		take()
	}
	stop()
	work.Wait()
	take()
	return taken
}

// person adds everything about one.
func (v *victim) person(who string, r population.Resident) {
	v.digit(r.PIN)
	v.secret(Phone(who+"'s phone", r.Phone)...)
	v.secret(Birth(who+"'s birth date", r.BirthDate)...)
	for name, text := range map[string]string{
		"full name": r.FullName(), "given names": r.GivenNames, "surnames": r.Surnames, "e-mail": string(r.Email), "NIC": r.NIC, "NIF": r.NIF, "NISS": r.NISS,
		"NSNS": r.NSNS, "document number": r.Document().Number,
	} {
		v.secret(Written(who+"'s "+name, text)...)
		if text != "" && name != "given names" && name != "surnames" {
			v.secret(Hashed(who+"'s "+name, text)...)
		}
	}
	for _, part := range strings.Fields(r.FullName()) {
		v.secret(Written("name "+part, part)...)
	}
}

// cookies adds what a browser holds.
func (v *victim) cookies(b *drive.Browser) {
	for _, name := range []string{"chave_browser", "chave_session"} {
		if value := b.Cookie("127.0.0.1", name); value != "" {
			v.secret(Held(name, value)...)
		}
	}
}

// signIn is a whole sign-in with tokens, and a refresh.
func (v *victim) signIn(ctx context.Context, n int) error {
	start, flow, err := v.Service.Ask()
	if err != nil {
		return err
	}
	b := &drive.Browser{Lines: v.Service.Lines}
	w := drive.Walk{Browser: b, Inbox: v.Sink, Person: population.Of(n, v.options).Signer(), Stop: v.Service.Back}
	back, err := w.From(ctx, start)
	v.cookies(b)
	if err != nil {
		return err
	}
	code, err := v.Service.Code(flow, back)
	if err != nil {
		return err
	}
	v.secret(Held("authorization code", code)...)
	v.secret(Held("PKCE verifier", flow.Verifier)...)
	tokens, err := v.Service.Redeem(ctx, flow, code)
	if err != nil {
		return err
	}
	again, err := v.Service.Refresh(ctx, tokens.RefreshToken)
	for _, one := range []drive.Tokens{tokens, again} {
		v.secret(Held("access token", one.AccessToken)...)
		v.secret(Held("refresh token", one.RefreshToken)...)
		v.secret(Held("ID token", one.IDToken)...)
	}
	if err != nil {
		return err
	}
	_, err = v.Service.UserInfo(ctx, again.AccessToken)
	return err
}

func (v *victim) address(path string) *url.URL {
	u, err := url.Parse(v.Settings.Issuer + path)
	if err != nil {
		panic(err)
	}
	return u
}

func (v *victim) changePIN(ctx context.Context, n int) error {
	r := population.Of(n, v.options)
	b := &drive.Browser{Lines: v.Service.Lines}
	defer v.cookies(b)
	w := drive.Walk{Browser: b, Inbox: v.Sink, Person: r.Signer(), Stop: func(u *url.URL) bool { return u.Path == "/key" }}
	if _, err := w.From(ctx, v.address("/key")); err != nil {
		return err
	}
	page, err := b.Post(ctx, v.address("/key/pin"), url.Values{})
	if err == nil {
		page, err = b.Follow(ctx, page, nil)
	}
	if err != nil {
		return err
	}
	w.Person.NewPIN = r.OtherPIN(1)
	v.digit(w.Person.NewPIN)
	w.Stop = func(u *url.URL) bool { return strings.HasPrefix(u.Path, "/key/done") }
	_, err = w.On(ctx, page, "change")
	return err
}

// half leaves a sign-in in the middle: somebody who has no key, a wrong PIN, a code that is never typed, in every way to say who one is.
func (v *victim) half(ctx context.Context, n int) error {
	r := population.Of(n, v.options)
	p := r.Signer()
	switch n % 4 {
	case 0:
		p.Identifier = string(r.Email)
	case 1:
		p.Identifier, p.Country = r.Document().Number, string(r.Document().Country)
	case 2:
		nobody := population.Of(90_000+n, v.options)
		v.person(fmt.Sprintf("stranger %d", n), nobody)
		p.Identifier = "00" + string(nobody.Phone)[1:]
	}
	enough := errors.New("enough")
	stopAt := map[int]string{0: "code", 1: "code", 2: "", 3: "pin"}[n%4]
	b := &drive.Browser{Lines: v.Service.Lines}
	w := drive.Walk{Browser: b, Inbox: never{enough}, Person: p, Stop: v.Service.Back}
	tries := 0
	w.Before = func(step string, _ *url.URL, form url.Values) {
		if step == "pin" && (stopAt == "pin" || stopAt == "") {
			if tries++; tries > 2 {
				form.Set("cancel", "1")
				return
			}
			wrong := r.OtherPIN(100 + n + tries)
			v.digit(wrong)
			form.Set("pin", wrong)
		}
	}
	start, _, err := v.Service.Ask()
	if err != nil {
		return err
	}
	_, err = w.From(ctx, start)
	v.cookies(b)
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// never is somebody who does not look at their phone.
type never struct{ err error }

func (n never) Code(context.Context, string) (string, error) { return "", n.err }

// counter registers three newcomers and leaves three cases half done.
func (v *victim) counter(ctx context.Context) error {
	b := &drive.Browser{Lines: v.Service.Lines}
	home := v.address("/counter")
	w := drive.Walk{Browser: b, Inbox: v.Sink, Person: population.Of(0, v.options).Signer(), Stop: func(u *url.URL) bool { return u.Path == home.Path }}
	if _, err := w.From(ctx, home); err != nil {
		return err
	}
	v.cookies(b)
	for i, stop := range []string{"", "document", "", "attest", "", "send_phone"} {
		r := population.Of(newcomers+6*i, v.options)
		v.person(fmt.Sprintf("newcomer %d", i), r)
		n := r.Newcomer()
		n.StopAfter = stop
		v.secret(Written("machine-readable zone", strings.Fields(n.Zone)[0])...)
		pin, err := drive.Desk{Browser: b, Inbox: v.Sink, Home: home}.Register(ctx, n)
		if err != nil {
			return err
		}
		if pin != "" {
			v.digit(pin)
		}
	}
	return nil
}

// judge searches everything that was taken.
func (v *victim) judge(t *testing.T, empty Loot, taken []Loot) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.digits, "")
	search := NewSearch(v.needles)
	innocent := map[string]bool{}
	for name, data := range empty {
		for _, hit := range search.In(name, data) {
			innocent[string(hit.Bytes)] = true
		}
	}
	betrayed := map[string]Hit{}
	found := map[string][]Digits{}
	size, files := 0, 0
	for _, loot := range taken {
		size += loot.Size()
		files += len(loot)
		for name, data := range loot {
			SixDigits(name, data, found)
			for _, hit := range search.In(name, data) {
				if !innocent[string(hit.Bytes)] {
					betrayed[hit.What] = hit
				}
			}
		}
	}
	if last := taken[len(taken)-1]; !last.holds(string(audit.KeyIssued)) {
		t.Error("what was taken does not even hold the audit log: the wrong files were searched")
	}
	for what, hit := range betrayed {
		t.Errorf("%s is in %s: %q", what, hit.Where, hit.Near)
	}
	var known []string
	for code := range v.digits {
		if len(code) == 6 {
			known = append(known, code)
		}
	}
	sort.Strings(known)
	controls := v.controls(20_000)
	digits, expected, inLong := Verdict(found, known, controls)
	for _, d := range digits {
		t.Errorf("PIN or code %s", d)
	}
	t.Logf("searched %d files, %.1f MB in all, for %d byte strings (spellings, encodings and bare hashes of what the test knows) and for %d PINs and codes", files, float64(size)/1e6,
		search.Size(), len(known))
	t.Logf("six digits inside long random words: %d of the known ones, %.2f would be chance; %d spellings were there before anybody was registered", inLong, expected,
		len(innocent))
}

func (l Loot) holds(text string) bool {
	for _, data := range l {
		if bytes.Contains(data, []byte(text)) {
			return true
		}
	}
	return false
}

// controls are codes that were never used.
func (v *victim) controls(n int) []string {
	var all []string
	for len(all) < n {
		if code := fmt.Sprintf("%06d", rand.IntN(1_000_000)); !v.digits[code] {
			all = append(all, code)
		}
	}
	return all
}
