package attribute_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
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
	"chave/internal/core/consent"
	"chave/internal/outside/attribute"
)

var marta = consent.Query{
	Number: "q1", Service: "hospital", Names: []consent.Name{consent.Address}, Params: map[string]string{"address.MoradaXML.k": "v"},
	Subject: consent.Subject{Person: citizen.Person{
		GivenNames: "Marta", Surnames: "Exemplo", NIC: "99410137", NIF: "399410139", NISS: "19994201733", NSNS: "999430217",
		BirthDate: citizen.Date{Year: 1987, Month: 3, Day: 14}, Phone: "+351929941207", Email: "marta@example.org",
	}},
}

const available = `{"number": "q1", "results": [{"name": "address", "result": "available", "text": "Rua do Exemplo 1", "parts": {"MoradaXML": "<Morada/>", "Distrito": "Lisboa"}}]}`

func secretFile(t testing.TB, content string) string {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func client(t testing.TB, address string, change ...func(*attribute.Config)) *attribute.Client {
	t.Helper()
	c := attribute.Config{URL: address, SecretFile: secretFile(t, "s3cret\n"), Sends: []string{"nic"}}
	for _, f := range change {
		f(&c)
	}
	made, err := attribute.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func serve(t testing.TB, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// stub answers every call with one JSON text.
func stub(t testing.TB, text string) *attribute.Client {
	return client(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, text)
	}))
}

func TestFetch_asks_as_agreed_and_tells_only_what_is_configured(t *testing.T) {
	var method, path, authorization, kind, body string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		method, path, authorization, kind, body = r.Method, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(text)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, available)
	})
	for _, c := range []struct {
		sends []string
		want  string
	}{
		{[]string{"nic"}, `{"number":"q1","service":"hospital","identifiers":{"nic":"99410137"},"attributes":["address"],"params":{"address.MoradaXML.k":"v"}}`},
		{[]string{"nif", "niss", "birth_date"}, `{"number":"q1","service":"hospital","identifiers":{"nif":"399410139","niss":"19994201733"},"birth_date":"1987-03-14","attributes":["address"],"params":{"address.MoradaXML.k":"v"}}`},
	} {
		values, err := client(t, address+"/register/", func(f *attribute.Config) { f.Sends = c.sends }).Fetch(t.Context(), marta)
		if err != nil {
			t.Fatal(err)
		}
		if method != "POST" || path != "/register/attributes" || authorization != "Bearer s3cret" || kind != "application/json" || body != c.want {
			t.Errorf("%s %s, %q, %q\n%s\n%s", method, path, authorization, kind, body, c.want)
		}
		want := map[consent.Name]consent.Value{consent.Address: {Text: "Rua do Exemplo 1", Parts: map[string]string{"MoradaXML": "<Morada/>", "Distrito": "Lisboa"}}}
		if diff := cmp.Diff(want, values); diff != "" {
			t.Error(diff)
		}
	}
}

func TestFetch_asks_nothing_about_somebody_the_source_cannot_know(t *testing.T) {
	address := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("was asked") })
	stranger := marta
	stranger.Subject.Person.NIC = ""
	values, err := client(t, address, func(c *attribute.Config) { c.Sends = []string{"nic", "birth_date"} }).Fetch(t.Context(), stranger)
	if err != nil || values != nil {
		t.Errorf("%v %v", values, err)
	}
}

func TestAnnex_the_three_results_of_the_original(t *testing.T) {
	both := marta
	both.Names = []consent.Name{consent.Address, consent.CardDetails}
	got := `{"name":"address","result":"available","text":"Rua"}`
	for _, c := range []struct {
		name, results string
		told          int
		all           bool
		some          consent.SomeWithheld
	}{
		{"available and not available", got + `,{"name":"card_details","result":"not_available"}`, 1, false, nil},
		{"a name left out", got, 1, false, nil},
		{"nothing", "", 0, false, nil},
		{"one not permitted", got + `,{"name":"card_details","result":"not_permitted"}`, 1, true, consent.SomeWithheld{consent.CardDetails}},
		{"none permitted", `{"name":"address","result":"not_permitted"},{"name":"card_details","result":"not_permitted"}`, 0, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			values, err := stub(t, `{"number":"q1","results":[`+c.results+`]}`).Fetch(t.Context(), both)
			var some consent.SomeWithheld
			errors.As(err, &some)
			if len(values) != c.told || errors.Is(err, consent.ErrWithheld) != c.all || !cmp.Equal(some, c.some) || err != nil && !c.all {
				t.Errorf("%v, %v", values, err)
			}
		})
	}
}

func TestA20_an_answer_that_is_not_as_agreed_is_worthless_and_its_error_says_nothing_of_anybody(t *testing.T) {
	one := func(result string) string { return `{"number":"q1","results":[` + result + `]}` }
	for name, text := range map[string]string{
		"nothing":                "",
		"half":                   available[:60],
		"two":                    available + available,
		"a list":                 `["99410137"]`,
		"another number":         strings.Replace(available, "q1", "q2", 1),
		"unknown member":         `{"number":"q1","person":"99410137","results":[]}`,
		"repeated member":        `{"number":"q1","number":"q1","results":[]}`,
		"member in another case": `{"Number":"q1","results":[]}`,
		"a name not asked":       one(`{"name":"nic","result":"available","text":"99410137"}`),
		"a name twice":           one(`{"name":"address","result":"available","text":"99410137"},{"name":"address","result":"not_available"}`),
		"unknown result":         one(`{"name":"address","result":"99410137"}`),
		"no text":                one(`{"name":"address","result":"available","parts":{"a":"99410137"}}`),
		"text beside a no":       one(`{"name":"address","result":"not_available","text":"99410137"}`),
		"two lines":              one(`{"name":"address","result":"available","text":"99410137\n2"}`),
		"a letter XML lacks":     one(`{"name":"address","result":"available","text":"99410137\u0000"}`),
		"half a letter":          one(`{"name":"address","result":"available","text":"99410137\ud800"}`),
		"not UTF-8":              one("{\"name\":\"address\",\"result\":\"available\",\"text\":\"99410137\xff\"}"),
		"a long text":            one(`{"name":"address","result":"available","text":"` + strings.Repeat("99410137", 300) + `"}`),
		"a part's name":          one(`{"name":"address","result":"available","text":"x","parts":{"../99410137":""}}`),
		"a broken document":      one(`{"name":"address","result":"available","text":"x","parts":{"MoradaXML":"<a>99410137</b>"}}`),
		"a document type":        one(`{"name":"address","result":"available","text":"x","parts":{"MoradaXML":"<!DOCTYPE a [<!ENTITY b '99410137'>]><a>&b;</a>"}}`),
		"a declaration":          one(`{"name":"address","result":"available","text":"x","parts":{"MoradaXML":"<?xml version='1.0'?><a>99410137</a>"}}`),
		"two documents":          one(`{"name":"address","result":"available","text":"x","parts":{"MoradaXML":"<a/><b/>"}}`),
		"too deep":               `{"number":"q1","results":[[[[[[["99410137"]]]]]]]}`,
		"huge":                   one(`{"name":"address","result":"available","text":"x","parts":{"a":"` + strings.Repeat("99410137", 40<<10) + `"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			values, err := stub(t, text).Fetch(t.Context(), marta)
			if err == nil || len(values) > 0 || errors.Is(err, consent.ErrWithheld) {
				t.Fatalf("%v %v", values, err)
			}
			if strings.Contains(err.Error(), "99410137") {
				t.Errorf("the error repeats what was read: %v", err)
			}
		})
	}
}

func TestA20_statuses_redirects_and_other_kinds_of_answer_are_no_answers(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"failing":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"not found": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"moved": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusSeeOther)
		},
		"not JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, available) },
		"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half written": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "999")
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "{")
		},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			values, err := client(t, serve(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); h(w, r) })).Fetch(t.Context(), marta)
			if err == nil || values != nil || asked.Load() != 1 {
				t.Errorf("%v %v, asked %d times", values, err, asked.Load())
			}
		})
	}
}

func TestA20_a_silent_source_is_left_when_time_is_up_and_holds_up_only_so_many_questions(t *testing.T) {
	arrived := make(chan struct{}, 8)
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	c := client(t, address, func(c *attribute.Config) { c.AtOnce = 2 })
	ctx, hangUp := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := c.Fetch(ctx, marta)
			done <- err
		}()
	}
	<-arrived
	<-arrived
	if _, err := c.Fetch(t.Context(), marta); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third question while two are under way: %v", err)
	}
	hangUp()
	for range 2 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("left with %v", err)
		}
	}
	brief, cancel := context.WithDeadline(t.Context(), time.Now().Add(20*time.Millisecond))
	defer cancel()
	if _, err := c.Fetch(brief, marta); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after its time: %v", err)
	}
}

func TestA20_a_refused_connection_is_an_error_that_names_no_address(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	_ = l.Close()
	if _, err := client(t, address).Fetch(t.Context(), marta); err == nil || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestNew_reports_every_problem_and_the_secret_is_never_shown(t *testing.T) {
	_, err := attribute.New(attribute.Config{URL: "http://source.example", SecretFile: filepath.Join(t.TempDir(), "none"), CAFile: secretFile(t, "no"), Sends: []string{"phone"}, AtOnce: -1})
	for _, want := range []string{"https", "secret file", "holds no certificate", `"phone"`, "at least one number", "negative"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	for _, url := range []string{"", "https://user:s3cret@source.example", "https://source.example?x=1", "ftp://127.0.0.1"} {
		if _, err := attribute.New(attribute.Config{URL: url, SecretFile: secretFile(t, "x"), Sends: []string{"nic"}}); err == nil {
			t.Errorf("%q is accepted", url)
		}
	}
	if _, err := attribute.New(attribute.Config{URL: "https://source.example", SecretFile: secretFile(t, "a\nb"), Sends: []string{"nic"}}); err == nil {
		t.Error("a secret of two lines is accepted")
	}
	var logged bytes.Buffer
	c := client(t, "https://source.example")
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("made", "client", c)
	if text := fmt.Sprintf("%v %+v %#v %s", c, c, c, c) + logged.String(); strings.Contains(text, "s3cret") {
		t.Error(text)
	}
}

func TestTLS_only_the_named_authority_is_trusted(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, available)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	authority := secretFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	if _, err := client(t, s.URL, func(c *attribute.Config) { c.CAFile = authority }).Fetch(t.Context(), marta); err != nil {
		t.Error(err)
	}
	if _, err := client(t, s.URL).Fetch(t.Context(), marta); err == nil {
		t.Error("a stranger's certificate is trusted")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(available))
	f.Add([]byte(`{"number":"q1","results":[{"name":"address","result":"not_permitted"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		values, err := attribute.Read(body, marta)
		if err != nil && len(values) > 0 {
			t.Fatalf("both %v and %v", values, err)
		}
		for name, v := range values {
			if name != consent.Address || v.Text == "" {
				t.Fatalf("%s: %q", name, v.Text)
			}
			if _, err := json.Marshal(v); err != nil {
				t.Fatal(err)
			}
		}
	})
}
