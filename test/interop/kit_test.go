//go:build interop

package interop

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"chave/test/browser/country"
	"chave/test/drive"
)

// program is the chave that everything here meets, built once; work is a folder that is gone at the end.
var program, work string

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if work, err = os.MkdirTemp("", "chave-interop-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(work)
	if program, err = country.Build(ctx, work); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// need skips a test by name when a tool is missing. Where everything was promised to run, it fails.
func need(t *testing.T, name string, have bool) {
	t.Helper()
	switch {
	case have:
	case os.Getenv("CI") == "true":
		t.Fatalf("needs %s", name)
	default:
		t.Skipf("needs %s", name)
	}
}

func installed(name string) bool { _, err := exec.LookPath(name); return err == nil }

// exists tells whether a file of this folder is there.
func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// visit is a demonstration of a test's own, with one of its people and one of its services.
type visit struct {
	*country.Country
	client country.Client
	person country.Person
	lines  *drive.Lines
}

// arrive starts a demonstration on free ports, until the test ends.
func arrive(t *testing.T, service string, flags ...string) visit {
	t.Helper()
	home, err := country.Start(t.Context(), program, t.TempDir(), flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		home.Stop()
		if t.Failed() {
			t.Logf("the demonstration said:\n%s", home.Said())
		}
	})
	v := visit{Country: home, lines: new(drive.Lines)}
	if home.CA != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(home.CA))
		v.lines.TLS = &tls.Config{RootCAs: pool}
	}
	people, err := home.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v.person = people[0] // the contract: the first can sign in without further ado
	clients, err := home.Clients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		if c.ID == service {
			v.client = c
			return v
		}
	}
	t.Fatalf("there is no service %q", service)
	return v
}

// callback is the service's registered address.
func (v visit) callback() string { return v.client.RedirectURIs[0] }

// goodbye is where the five services are returned to after signing out.
func (v visit) goodbye() string { return v.client.URL + "signed-out" }

// browser is a fresh one, with no cookies.
func (v visit) browser() *drive.Browser { return &drive.Browser{Lines: v.lines, Language: "en"} }

// walker is the person at a browser.
func (v visit) walker(with *drive.Browser) drive.Walk {
	return drive.Walk{
		Browser: with, Inbox: drive.Door{URL: v.Tester, Lines: v.lines},
		Person: drive.Person{Identifier: *v.person.Phone, PIN: *v.person.PIN, Contact: *v.person.Phone},
	}
}

// walk lets the person go from an address through every page, until the service's callback.
func (v visit) walk(t *testing.T, with *drive.Browser, from string) url.Values {
	t.Helper()
	w := v.walker(with)
	w.Stop = before(v.callback())
	start, err := url.Parse(from)
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.From(t.Context(), start)
	if err != nil {
		t.Fatal(err)
	}
	return back.Query()
}

// before stops a browser short of an address: what it brings there is the test's to read.
func before(address string) func(*url.URL) bool {
	return func(u *url.URL) bool { return strings.HasPrefix(u.String(), address) }
}

// follow opens an address and goes on until stop, and gives what was brought there.
func follow(t *testing.T, with *drive.Browser, from, stop string) url.Values {
	t.Helper()
	start, err := url.Parse(from)
	if err != nil {
		t.Fatal(err)
	}
	page, err := with.Get(t.Context(), start)
	if err == nil {
		page, err = with.Follow(t.Context(), page, before(stop))
	}
	if err != nil {
		t.Fatal(err)
	}
	if page.Next == nil {
		t.Fatalf("%s answers %d and does not lead to %s", page.URL.Path, page.Status, stop)
	}
	return page.Next.Query()
}

// form writes name and value, in turns, as a query.
func form(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q.Encode()
}
