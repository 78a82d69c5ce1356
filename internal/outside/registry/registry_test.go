package registry_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chave/internal/core/citizen"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/outside/registry"
)

var (
	noon  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	marta = enrol.Query{Type: citizen.CitizenCard, Country: "PRT", Number: "994101376ZZ0", BirthDate: citizen.Date{Year: 1987, Month: 3, Day: 14}}
	olena = enrol.Query{Type: citizen.Passport, Country: "UKR", Number: "ZZ990417", BirthDate: citizen.Date{Year: 1990, Month: 7, Day: 2}}
)

// found is the answer of doc.go.
const found = `{"status": "found", "person": {
	"given_names": "Marta Sofia", "surnames": "Exemplo Silva", "birth_date": "1987-03-14", "nationality": "PRT",
	"nic": "99410137", "nif": "399410139", "niss": "19994201733", "nsns": "999430217",
	"document": {"expires": "2029-11-23", "state": "valid", "lifetime": false},
	"standing": {"accompanied": "no", "deceased": false, "as_of": "2026-11-23T11:59:00Z"}}}`

func secretFile(t *testing.T, content string) string {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func client(t *testing.T, address string) *registry.Client {
	t.Helper()
	c, err := registry.New(registry.Config{URL: address, SecretFile: secretFile(t, "s3cret\n"), Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// stub answers every call with one JSON text.
func stub(t *testing.T, text string) *registry.Client {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return client(t, s.URL)
}

func TestLookup_asks_as_agreed(t *testing.T) {
	var method, path, authorization, kind string
	var body map[string]string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, path, authorization, kind = r.Method, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Content-Type")
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, found)
	}))
	defer s.Close()
	if _, err := client(t, s.URL+"/civil/").Lookup(t.Context(), marta); err != nil {
		t.Fatal(err)
	}
	if method != "POST" || path != "/civil/lookup" || authorization != "Bearer s3cret" || kind != "application/json" {
		t.Errorf("%s %s, %q, %q", method, path, authorization, kind)
	}
	want := map[string]string{"document_type": "citizen_card", "country": "PRT", "number": "994101376ZZ0", "birth_date": "1987-03-14"}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
}

func TestLookup_reads_what_the_registry_holds(t *testing.T) {
	person := citizen.Person{GivenNames: "Marta Sofia", Surnames: "Exemplo Silva", BirthDate: marta.BirthDate, Nationality: "PRT",
		NIC: "99410137", NIF: "399410139", NISS: "19994201733", NSNS: "999430217",
		Standing: citizen.Standing{Accompanied: citizen.No, AsOf: noon.Add(-time.Minute)}}
	expires := citizen.Date{Year: 2029, Month: 11, Day: 23}
	for _, c := range []struct {
		name, from, to string
		want           func(*enrol.Answer)
	}{
		{"everything", "", "", func(*enrol.Answer) {}},
		{"R1.31 lost card", `"state": "valid"`, `"state": "cancelled_lost"`, func(a *enrol.Answer) { a.State = enrol.DocumentLost }},
		{"expired card", `"state": "valid"`, `"state": "expired"`, func(a *enrol.Answer) { a.State = enrol.DocumentOld }},
		{"state unknown", `"state": "valid"`, `"state": "unknown"`, func(a *enrol.Answer) { a.State = enrol.DocumentUnknown }},
		{"R1.28 lifetime document", `"expires": "2029-11-23", "state": "valid", "lifetime": false`, `"state": "valid", "lifetime": true`,
			func(a *enrol.Answer) { a.Lifetime, a.Expires = true, citizen.Date{} }},
		{"R1.04 accompanying measure", `"accompanied": "no"`, `"accompanied": "yes"`, func(a *enrol.Answer) { a.Person.Standing.Accompanied = citizen.Yes }},
		{"R1.04 unknown is not no", `"accompanied": "no"`, `"accompanied": "unknown"`, func(a *enrol.Answer) { a.Person.Standing.Accompanied = citizen.Unknown }},
		{"R1.33 deceased", `"deceased": false`, `"deceased": true`, func(a *enrol.Answer) { a.Person.Standing.Deceased = true }},
		{"as of a day", `"2026-11-23T11:59:00Z"`, `"2026-11-20"`, func(a *enrol.Answer) { a.Person.Standing.AsOf = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) }},
		{"R2.10 a number missing", `"nsns": "999430217"`, `"nsns": ""`, func(a *enrol.Answer) { a.Person.NSNS = "" }},
		{"R1.15 Brazilian with a citizen card", `"nationality": "PRT"`, `"nationality": "BRA"`, func(a *enrol.Answer) { a.Person.Nationality = "BRA" }},
		{"a single name", `"surnames": "Exemplo Silva"`, `"surnames": ""`, func(a *enrol.Answer) { a.Person.Surnames = "" }},
		{"another birth date is for core to point out", `"birth_date": "1987-03-14"`, `"birth_date": "1987-03-15"`, func(a *enrol.Answer) { a.Person.BirthDate.Day = 15 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := enrol.Answer{Coverage: enrol.Found, Person: person, Expires: expires, State: enrol.DocumentValid}
			c.want(&want)
			got, err := stub(t, strings.Replace(found, c.from, c.to, 1)).Lookup(t.Context(), marta)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a card nobody has", func(t *testing.T) {
		got, err := stub(t, `{"status": "not_found"}`).Lookup(t.Context(), marta)
		if err != nil || got.Coverage != enrol.NotFound {
			t.Errorf("%v, %v", got.Coverage, err)
		}
	})
	t.Run("R2.07 a foreign passport", func(t *testing.T) {
		got, err := stub(t, `{"status": "not_covered"}`).Lookup(t.Context(), olena)
		if err != nil || got.Coverage != enrol.NotCovered {
			t.Errorf("%v, %v", got.Coverage, err)
		}
	})
}

// unavailable fails unless the error is "cannot decide now" and tells nothing of anybody.
func unavailable(t *testing.T, got enrol.Answer, err error) {
	t.Helper()
	if !fault.Is(err, fault.RegistryUnavailable) || !fault.IsKind(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(enrol.Answer{}, got); diff != "" {
		t.Errorf("an answer with the error: %s", diff)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, personal := range []string{"99410137", "Exemplo", "399410139", "ZZ990417", "s3cret", "127.0.0.1"} {
			if strings.Contains(fmt.Sprintf("%v %+v", e, e), personal) {
				t.Errorf("the error holds %s: %v", personal, e)
			}
		}
	}
}

func TestA20_garbage_is_never_a_yes(t *testing.T) {
	replace := func(from, to string) string {
		if !strings.Contains(found, from) {
			t.Fatalf("%q is not in the answer", from)
		}
		return strings.Replace(found, from, to, 1)
	}
	for name, text := range map[string]string{
		"nothing":                        "",
		"a page":                         "<html>",
		"cut":                            found[:len(found)-3],
		"two answers":                    found + found,
		"null":                           "null",
		"a list":                         "[" + found + "]",
		"no status":                      `{}`,
		"another status":                 `{"status": "ok"}`,
		"found nobody":                   `{"status": "found"}`,
		"found null":                     `{"status": "found", "person": null}`,
		"not found, with a person":       replace(`"status": "found"`, `"status": "not_found"`),
		"an unknown member":              replace(`"nic":`, `"eye_colour": "green", "nic":`),
		"a member in capitals":           replace(`"deceased":`, `"Deceased":`),
		"a member twice":                 replace(`"deceased": false`, `"deceased": true, "deceased": false`),
		"a member twice, once capitals":  replace(`"deceased": false`, `"deceased": true, "DECEASED": false`),
		"not UTF-8":                      replace("Marta", "Mar\xffa"),
		"a number for a text":            replace(`"99410137"`, `99410137`),
		"no name":                        strings.Replace(replace("Marta Sofia", ""), "Exemplo Silva", "", 1),
		"no birth date":                  replace(`"birth_date": "1987-03-14", `, ""),
		"31 February":                    replace("1987-03-14", "1987-02-31"),
		"a country that does not exist":  replace(`"nationality": "PRT"`, `"nationality": "QQQ"`),
		"the NIC of somebody else":       replace("99410137", "99410274"),
		"no NIC for a card that has one": replace("99410137", ""),
		"NIF with a wrong digit":         replace("399410139", "399410138"),
		"NIF of a company":               replace("399410139", "508184509"),
		"NISS with a wrong digit":        replace("19994201733", "19994201734"),
		"NSNS too short":                 replace("999430217", "99943021"),
		"no document":                    replace(`"document": {"expires": "2029-11-23", "state": "valid", "lifetime": false},`, ""),
		"lifetime and an expiry":         replace(`"lifetime": false`, `"lifetime": true`),
		"neither lifetime nor an expiry": replace(`"expires": "2029-11-23"`, `"expires": ""`),
		"lifetime not said":              replace(`, "lifetime": false`, ""),
		"a state we do not know":         replace(`"state": "valid"`, `"state": "fine"`),
		"no state":                       replace(`"state": "valid", `, ""),
		"no standing": replace(`,
	"standing": {"accompanied": "no", "deceased": false, "as_of": "2026-11-23T11:59:00Z"}`, ""),
		"R1.04 accompanied not said": replace(`"accompanied": "no", `, ""),
		"R1.04 accompanied as false": replace(`"accompanied": "no"`, `"accompanied": "false"`),
		"R1.33 deceased not said":    replace(`"deceased": false, `, ""),
		"as of never":                replace(`"2026-11-23T11:59:00Z"`, `""`),
		"as of tomorrow":             replace("2026-11-23T11:59:00Z", "2026-11-24T12:00:00Z"),
		"too long":                   replace("Marta", strings.Repeat("Marta ", 20_000)),
		"deeper than agreed":         strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := stub(t, text).Lookup(t.Context(), marta)
			unavailable(t, got, err)
		})
	}
	t.Run("R2.07 a Portuguese document must not slip into attestation", func(t *testing.T) {
		for _, q := range []enrol.Query{marta, {Type: citizen.ResidencePermit, Country: "PRT", Number: "ZZ9941063", BirthDate: marta.BirthDate}} {
			got, err := stub(t, `{"status": "not_covered"}`).Lookup(t.Context(), q)
			unavailable(t, got, err)
		}
	})
}

func TestA20_every_other_answer_is_cannot_decide_now(t *testing.T) {
	for _, status := range []int{201, 204, 301, 302, 307, 400, 401, 403, 404, 409, 429, 500, 502, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the question followed a redirect") }))
			defer elsewhere.Close()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(status)
				if status != http.StatusNoContent {
					io.WriteString(w, found)
				}
			}))
			defer s.Close()
			got, err := client(t, s.URL).Lookup(t.Context(), marta)
			unavailable(t, got, err)
		})
	}
	t.Run("JSON that calls itself a page", func(t *testing.T) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, found)
		}))
		defer s.Close()
		got, err := client(t, s.URL).Lookup(t.Context(), marta)
		unavailable(t, got, err)
	})
}

// A lookup changes nothing, so the twins differ only in whether the registry saw the question; both are "cannot decide now".
func TestA20_twins(t *testing.T) {
	for _, twin := range []struct {
		name  string
		asked int64
		down  bool
	}{
		{name: "answer lost on the way back", asked: 1},
		{name: "never reached the registry", down: true},
	} {
		t.Run(twin.name, func(t *testing.T) {
			var asked atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Content-Length", fmt.Sprint(len(found)))
				io.WriteString(w, found[:len(found)/2])
				panic(http.ErrAbortHandler)
			}))
			defer s.Close()
			if twin.down {
				s.Close()
			}
			got, err := client(t, s.URL).Lookup(t.Context(), marta)
			unavailable(t, got, err)
			if n := asked.Load(); n != twin.asked {
				t.Errorf("asked %d times, want %d: nothing is tried twice", n, twin.asked)
			}
		})
	}
}

func TestA20_a_slow_registry_is_given_up(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, found[:20])
		w.(http.Flusher).Flush()
		<-r.Context().Done() // the rest never comes
	}))
	defer s.Close()
	c, err := registry.New(registry.Config{URL: s.URL, SecretFile: secretFile(t, "s3cret"), Timeout: 50 * time.Millisecond, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Lookup(t.Context(), marta)
	unavailable(t, got, err)
	if !strings.Contains(err.Error(), "in time") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err = client(t, s.URL).Lookup(ctx, marta)
	unavailable(t, got, err)
}

func TestNew(t *testing.T) {
	good := registry.Config{URL: "https://registry.example.org", SecretFile: secretFile(t, "s3cret"), Now: time.Now}
	c, err := registry.New(good)
	if err != nil {
		t.Fatal(err)
	}
	if printed := fmt.Sprintf("%v %+v %#v %s", c, c, c, c); strings.Contains(printed, "s3cret") {
		t.Error("the secret is printed")
	}
	for name, change := range map[string]func(*registry.Config){
		"no address":                  func(c *registry.Config) { c.URL = "" },
		"plain http across a network": func(c *registry.Config) { c.URL = "http://registry.example.org" },
		"a password in the address":   func(c *registry.Config) { c.URL = "https://a:b@registry.example.org" },
		"a query in the address":      func(c *registry.Config) { c.URL += "?x=1" },
		"no secret":                   func(c *registry.Config) { c.SecretFile = "" },
		"an empty secret":             func(c *registry.Config) { c.SecretFile = secretFile(t, "\n") },
		"two lines of secret":         func(c *registry.Config) { c.SecretFile = secretFile(t, "a\nb") },
		"an authority file of text":   func(c *registry.Config) { c.CAFile = secretFile(t, "no certificate") },
		"no clock":                    func(c *registry.Config) { c.Now = nil },
		"a negative timeout":          func(c *registry.Config) { c.Timeout = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			if _, err := registry.New(c); err == nil {
				t.Error("accepted")
			}
		})
	}
	t.Run("reports every problem at once", func(t *testing.T) {
		_, err := registry.New(registry.Config{})
		for _, part := range []string{"url", "secret", "Now"} {
			if !strings.Contains(fmt.Sprint(err), part) {
				t.Errorf("%s is not in %v", part, err)
			}
		}
	})
	t.Run("an authority of one's own", func(t *testing.T) {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, found)
		}))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		defer s.Close()
		trusting := good
		trusting.URL, trusting.Now = s.URL, func() time.Time { return noon }
		trusting.CAFile = secretFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
		c, err := registry.New(trusting)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Lookup(t.Context(), marta); err != nil {
			t.Error(err)
		}
		got, err := client(t, s.URL).Lookup(t.Context(), marta)
		unavailable(t, got, err)
	})
}

// Whatever comes, it is an answer that holds together or "cannot decide now".
func FuzzLookup(f *testing.F) {
	f.Add(found)
	f.Add(`{"status": "not_found"}`)
	f.Add(`{"status": "not_covered"}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := registry.Read([]byte(text), marta, noon)
		if err != nil {
			return
		}
		switch got.Coverage {
		case enrol.NotFound:
		case enrol.Found:
			s := got.Person.Standing
			if got.Person.FullName() == "" || got.Person.NIC != "99410137" || got.State == "" || got.Lifetime != got.Expires.IsZero() || s.AsOf.IsZero() {
				t.Errorf("%q reads as %+v", text, got)
			}
			if s.Accompanied == citizen.No && !strings.Contains(text, `"no"`) && !strings.Contains(text, `\u`) {
				t.Errorf("no measure, which %q does not say", text)
			}
		default:
			t.Errorf("%q reads as %s", text, got.Coverage)
		}
	})
}
