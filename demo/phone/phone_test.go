package phone

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"net/url"
	"strings"
	"testing"
	"time"

	"chave/demo/people"
	"chave/demo/services"
)

// world is a phone with everything around it replaced by something a test can look at.
type world struct {
	*Server
	http     *httptest.Server
	now      time.Time
	settled  int
	resets   int
	settling error
	sources  []Source
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 11, 23, 15, 4, 5, 0, time.UTC), sources: []Source{{"health", "ok"}}}
	list, err := people.Load(w.now)
	if err != nil {
		t.Fatal(err)
	}
	w.Server, err = New(Config{
		People: func(context.Context) ([]people.Published, error) { return people.Publish(list), nil },
		Services: func(context.Context) ([]services.Published, error) {
			return []services.Published{{Name: "Tax Portal", ClientID: "tax", ClientSecret: "x", RedirectURIs: []string{"http://localhost:8101/callback"}, URL: "http://localhost:8101/"}}, nil
		},
		AdvanceClock: func(_ context.Context, by time.Duration) (time.Time, error) { w.now = w.now.Add(by); return w.now, nil },
		Reset:        func(context.Context) error { w.resets++; return nil },
		Settle:       func(context.Context) error { w.settled++; return w.settling },
		Certificates: func(context.Context) (Certificates, error) {
			return Certificates{TLS: "-----BEGIN CERTIFICATE-----\n", SAML: "-----BEGIN CERTIFICATE-----\nAA"}, nil
		},
		SigningReady: func(context.Context) error { return nil },
		Sources:      func(context.Context) ([]Source, error) { return w.sources, nil },
		SetSource: func(_ context.Context, source, behaviour string) error {
			w.sources = []Source{{source, behaviour}}
			return nil
		},
		Now:     func() time.Time { return w.now },
		Portal:  "http://localhost:8080/",
		Landing: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "the country") }),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.http = httptest.NewServer(w.Server)
	t.Cleanup(func() { w.Close(); w.http.Close() })
	return w
}

// do sends a request and gives status and body; header is "Name: value".
func (w *world) do(t *testing.T, method, path, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, w.http.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(out)
}

func (w *world) sms(t *testing.T, id, to, text string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"id": id, "to": to, "text": text})
	if status, out := w.do(t, "POST", "/sms", string(body), "Content-Type: application/json"); status != 200 {
		t.Fatalf("%d %s", status, out)
	}
}

func (w *world) read(t *testing.T, to string) []Message {
	t.Helper()
	status, out := w.do(t, "GET", "/inbox?to="+to, "")
	if status != 200 {
		t.Fatalf("%d %s", status, out)
	}
	var list []Message
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestInbox_gives_messages_newest_first_with_their_code(t *testing.T) {
	w := newWorld(t)
	w.sms(t, "1", "+351929941207", "Tax Portal: your code is 123456. Valid until 15:09.")
	w.now = w.now.Add(time.Minute)
	w.sms(t, "2", "+351929941207", "Your key is blocked.")
	w.sms(t, "2", "+351929941207", "Your key is blocked.")
	list := w.read(t, url.QueryEscape("+351929941207"))
	if len(list) != 2 || list[0].ID != "2" || list[0].Code != nil || *list[1].Code != "123456" || list[1].Channel != SMS || list[1].To != "+351929941207" {
		t.Errorf("%+v", list)
	}
	if !list[1].At.Equal(w.now.Add(-time.Minute)) {
		t.Errorf("at %v, want the demo's clock", list[1].At)
	}
	if w.settled != 1 {
		t.Errorf("settled %d times", w.settled)
	}
	t.Run("whatever the spelling of the number", func(t *testing.T) {
		for _, to := range []string{"%2B351%20929%20941%20207", "00351929941207", "+351929941207", "351-929-941-207", "%20351929941207"} {
			if n := len(w.read(t, to)); n != 2 {
				t.Errorf("%s: %d messages", to, n)
			}
		}
	})
	t.Run("nobody's inbox is an empty array", func(t *testing.T) {
		if _, out := w.do(t, "GET", "/inbox?to=a@example.org", ""); strings.TrimSpace(out) != "[]" {
			t.Errorf("%q", out)
		}
	})
	t.Run("a program is told when messages cannot settle", func(t *testing.T) {
		w.settling = errors.New("private cause")
		status, out := w.do(t, "GET", "/inbox?to=1", "")
		if status != 503 || strings.Contains(out, "private") {
			t.Errorf("%d %s", status, out)
		}
	})
}

func TestReadCode_finds_six_digits_as_a_phone_would(t *testing.T) {
	for text, want := range map[string]string{
		"código 123456 para o Portal":    "123456",
		"123456":                         "123456",
		"code: 123456, until 12:34":      "123456",
		"(123456)":                       "123456",
		"your number 929941207":          "",
		"12345 1234567":                  "",
		"call +123456":                   "",
		"first 1234567 then 654321 here": "654321",
		"":                               "",
	} {
		if got, _ := readCode(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func FuzzReadCode(f *testing.F) {
	f.Add("your code is 123456")
	f.Fuzz(func(t *testing.T, text string) {
		if code, ok := readCode(text); ok && (len(code) != 6 || !strings.Contains(text, code)) {
			t.Errorf("%q gives %q", text, code)
		}
	})
}

func TestDoor_lists_people_services_and_certificates(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]string{"/people": `"id": "beatriz"`, "/services": `"client_secret": "x"`, "/certs": `"tls_ca": "-----BEGIN`} {
		status, out := w.do(t, "GET", path, "")
		if status != 200 || !strings.Contains(out, want) || !json.Valid([]byte(out)) {
			t.Errorf("%s: %d %s", path, status, out)
		}
	}
}

func TestDoor_moves_the_clock_forward_only(t *testing.T) {
	w := newWorld(t)
	start := w.now
	if status, out := w.do(t, "POST", "/clock", `{"advance": "5m"}`, "Content-Type: application/json"); status != 200 || !strings.Contains(out, "15:09:05Z") {
		t.Errorf("%d %s", status, out)
	}
	if status, _ := w.do(t, "POST", "/clock", `{"advance":"1h"}`, "Content-Type: application/x-www-form-urlencoded"); status != 200 {
		t.Errorf("JSON without its header: %d", status)
	}
	if status, _ := w.do(t, "POST", "/clock", "advance=24h", "Content-Type: application/x-www-form-urlencoded", "Accept: text/html"); status != 303 {
		t.Errorf("a form: %d", status)
	}
	if want := start.Add(25*time.Hour + 5*time.Minute); !w.now.Equal(want) {
		t.Errorf("now %v, want %v", w.now, want)
	}
	for body, code := range map[string]string{
		`{"advance": "-5m"}`: "bad_duration", `{"advance": "0s"}`: "bad_duration", `{"advance": "soon"}`: "bad_duration", `{"advance": "999999h"}`: "bad_duration",
		`{"advance": 5}`: "bad_json", `{}`: "bad_json", `{"advance": "1m"} x`: "bad_json", `{"advance":"1m","x":"y"}`: "bad_json", ``: "bad_json", `[]`: "bad_json",
	} {
		if status, out := w.do(t, "POST", "/clock", body, "Content-Type: application/json"); status != 400 || !strings.Contains(out, code) {
			t.Errorf("%s: %d %s", body, status, out)
		}
	}
}

func TestDoor_starts_over_with_an_empty_inbox(t *testing.T) {
	w := newWorld(t)
	w.sms(t, "1", "+351929941207", "123456")
	if status, _ := w.do(t, "POST", "/reset", ""); status != 200 || w.resets != 1 {
		t.Errorf("%d, %d resets", status, w.resets)
	}
	if n := len(w.read(t, "351929941207")); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}

func TestDoor_refuses_foreign_hosts_and_origins(t *testing.T) {
	w := newWorld(t)
	_, port, _ := net.SplitHostPort(w.http.Listener.Addr().String())
	for name, c := range map[string]struct {
		method, path string
		header       []string
		status       int
		code         string
	}{
		"DNS rebinding":                     {"GET", "/people", []string{"Host: evil.example:" + port}, 403, "foreign_host"},
		"another port":                      {"GET", "/people", []string{"Host: localhost:1"}, 403, "foreign_host"},
		"no port":                           {"GET", "/people", []string{"Host: localhost"}, 403, "foreign_host"},
		"localhost by name":                 {"GET", "/people", []string{"Host: localhost:" + port}, 200, "beatriz"},
		"a foreign page reads":              {"GET", "/inbox?to=1", []string{"Origin: https://evil.example"}, 403, "foreign_origin"},
		"a foreign page posts a text":       {"POST", "/sms", []string{"Origin: https://evil.example", "Content-Type: text/plain"}, 403, "foreign_origin"},
		"a sandboxed page":                  {"POST", "/reset", []string{"Origin: null"}, 403, "foreign_origin"},
		"one of the demo's own other ports": {"POST", "/clock", []string{"Origin: http://127.0.0.1:8101"}, 403, "foreign_origin"},
		"a foreign page without Origin":     {"GET", "/people", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"}, 403, "foreign_origin"},
		"a foreign frame":                   {"GET", "/", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, 403, "foreign_origin"},
		"following a link":                  {"GET", "/country", []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, 200, "the country"},
		"its own page":                      {"POST", "/reset", []string{"Origin: " + w.http.URL, "Sec-Fetch-Site: same-origin"}, 200, "true"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := w.do(t, c.method, c.path, "", c.header...)
			if status != c.status || !strings.Contains(out, c.code) {
				t.Errorf("%d %s", status, out)
			}
		})
	}
}

func TestDoor_answers_bad_requests_with_stable_codes(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"inbox of nobody":         {"GET", "/inbox", "", 400, "missing_to"},
		"inbox of blanks":         {"GET", "/inbox?to=%20", "", 400, "missing_to"},
		"inbox of two":            {"GET", "/inbox?to=1&to=2", "", 400, "repeated_to"},
		"inbox, bad escape":       {"GET", "/inbox?to=%zz", "", 400, "bad_query"},
		"message without id":      {"POST", "/sms", `{"to":"1","text":"x"}`, 400, "incomplete_message"},
		"message, unknown member": {"POST", "/sms", `{"to":"1","text":"x","id":"1","from":"me"}`, 400, "bad_json"},
		"message too large":       {"POST", "/sms", `{"text":"` + strings.Repeat("x", bodyLimit) + `"}`, 413, "body_too_large"},
		"wrong method":            {"POST", "/people", "", 405, "method_not_allowed"},
		"nothing there":           {"GET", "/nowhere", "", 404, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := w.do(t, c.method, c.path, c.body)
			var e struct{ Error, Message string }
			if err := json.Unmarshal([]byte(out), &e); err != nil || status != c.status || e.Error != c.code || e.Message == "" {
				t.Errorf("%d %s", status, out)
			}
		})
	}
}

func TestInbox_is_bounded(t *testing.T) {
	b := newInbox(time.Now)
	for i := range keptPerRecipient + 10 {
		b.Put(fmt.Sprint(i), "+1", SMS, "x")
	}
	if list := b.To("+1"); len(list) != keptPerRecipient || list[0].ID != fmt.Sprint(keptPerRecipient+9) {
		t.Errorf("%d messages are kept", len(list))
	}
	for i := range keptRecipients + 10 {
		b.Put("x", fmt.Sprint("+2", i), SMS, "x")
	}
	if n := len(b.Recipients()); n != keptRecipients {
		t.Errorf("%d recipients are kept", n)
	}
	if len(b.To("+1")) != 0 {
		t.Error("the oldest recipient is still there")
	}
	if len(b.seen) > keptIDs {
		t.Errorf("%d ids are remembered", len(b.seen))
	}
}

func TestMail_arrives_in_the_same_inbox(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- w.ServeSMTP(l) }()
	send := func(body string) {
		t.Helper()
		if err := smtp.SendMail(l.Addr().String(), nil, "key@example.org", []string{"Anibal.Lobo@example.org"}, []byte(strings.ReplaceAll(body, "\n", "\r\n"))); err != nil {
			t.Fatal(err)
		}
	}
	send("Message-ID: <m-1@example.org>\nSubject: =?utf-8?q?O_seu_c=C3=B3digo?=\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<b>000000</b>\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nO c=C3=B3digo =C3=A9 =\n654321.\n--b--\n")
	send("Message-ID: <m-1@example.org>\nSubject: again\n\nthe same once more\n")
	send("Message-ID: <m-2@example.org>\nSubject: plain\nContent-Transfer-Encoding: base64\n\nYWJjIDEyMzQ1Ng==\n")
	list := w.read(t, "anibal.lobo@EXAMPLE.org")
	if len(list) != 2 {
		t.Fatalf("%+v", list)
	}
	if got := list[1]; got.Text != "O seu código\n\nO código é 654321." || *got.Code != "654321" || got.Channel != Email || got.ID != "m-1@example.org" {
		t.Errorf("%+v", got)
	}
	if got := list[0]; got.Text != "plain\n\nabc 123456" || *got.Code != "123456" {
		t.Errorf("%+v", got)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func FuzzParseMail(f *testing.F) {
	f.Add("Message-ID: <a@b>\nSubject: x\n\nbody")
	f.Add("Message-ID: <a@b>\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b--")
	f.Fuzz(func(t *testing.T, text string) {
		id, out, err := parseMail(strings.NewReader(text))
		if err == nil && (id == "" || len(out) > mailLimit+len(text)+2) {
			t.Errorf("id %q, %d bytes", id, len(out))
		}
	})
}

func TestScreen_shows_messages_without_script(t *testing.T) {
	w := newWorld(t)
	w.sms(t, "1", "+351929941207", "Tax Portal: your code is 123456. <b>Tell nobody.</b>")
	w.sms(t, "2", "+4570000000", "see http://localhost:8080/key and http://evil.example/")
	for path, wants := range map[string][]string{
		"/?lang=en":          {"Beatriz Amélia Conceição Sequeira", "<b class=\"code\">123456</b>", "&lt;b&gt;Tell nobody", `href="http://localhost:8080/key"`, "Everybody", "15:04", "Monday 23 November 2026"},
		"/?who=beatriz":      {"Messages for Beatriz", "<output>123456</output>"},
		"/?to=%2B4570000000": {"Messages for &#43;4570000000"},
		"/?who=oksana":       {"No messages yet"},
		"/?who=nobody":       {"Everybody"},
		"/?lang=pt":          {`<html lang="pt">`, "Mensagens de toda a gente", "segunda-feira, 23 de novembro de 2026", `href="/?lang=en"`},
	} {
		status, out := w.do(t, "GET", path, "")
		if status != 200 {
			t.Fatalf("%s: %d %s", path, status, out)
		}
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not hold %q", path, want)
			}
		}
		if strings.Contains(out, `href="http://evil`) || strings.Contains(out, "<b>Tell") {
			t.Errorf("%s: a message writes into the page", path)
		}
	}
}

func TestEvents_say_that_something_changed_and_end_at_close(t *testing.T) {
	w := newWorld(t)
	resp, err := http.Get(w.http.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Scan() // the stream is open: the watcher is registered
	w.sms(t, "1", "+351929941207", "secret 123456")
	seen := ""
	for lines.Scan() {
		seen += lines.Text() + "\n"
		if strings.Contains(seen, "event: changed") {
			break
		}
	}
	if !strings.Contains(seen, "event: changed") || strings.Contains(seen, "123456") {
		t.Errorf("stream says %q", seen)
	}
	w.Inbox().close()
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream broke instead of ending: %v", err)
	}
}

func TestDoor_certs_says_null_where_there_is_none(t *testing.T) {
	w := newWorld(t)
	_, out := w.do(t, "GET", "/certs", "")
	var got map[string]*string
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got["saml_idp"] == nil || !strings.HasSuffix(*got["saml_idp"], "AA") || got["saml_idp_standard"] != nil || got["scmd_cipher"] != nil || got["root"] != nil || len(got) != 7 {
		t.Errorf("%s", out)
	}
}

func TestDoor_changes_how_a_source_behaves(t *testing.T) {
	w := newWorld(t)
	if _, out := w.do(t, "GET", "/sources", ""); !strings.Contains(out, `"source": "health"`) {
		t.Error(out)
	}
	if status, out := w.do(t, "POST", "/sources", `{"source": "health", "behaviour": "silent"}`, "Content-Type: application/json"); status != 200 || !strings.Contains(out, "silent") {
		t.Errorf("%d %s", status, out)
	}
	if w.sources[0].Behaviour != "silent" {
		t.Errorf("%+v", w.sources)
	}
	if status, _ := w.do(t, "POST", "/sources", "source=health&behaviour=slow", "Content-Type: application/x-www-form-urlencoded", "Accept: text/html"); status != 303 || w.sources[0].Behaviour != "slow" {
		t.Errorf("a form: %d", status)
	}
	for body, code := range map[string]string{
		`{"source": "weather", "behaviour": "ok"}`: "unknown_source", `{"source": "health", "behaviour": "rude"}`: "unknown_behaviour",
		`{"source": "health"}`: "bad_json", `{"source": "health", "behaviour": "ok", "x": "y"}`: "bad_json", `[]`: "bad_json",
	} {
		if status, out := w.do(t, "POST", "/sources", body, "Content-Type: application/json"); status != 400 || !strings.Contains(out, code) {
			t.Errorf("%s: %d %s", body, status, out)
		}
	}
	if status, _ := w.do(t, "DELETE", "/sources", ""); status != 405 {
		t.Errorf("DELETE answers %d", status)
	}
}
