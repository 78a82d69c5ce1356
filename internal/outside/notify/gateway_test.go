package notify_test

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
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chave/internal/core/message"
	"chave/internal/outside/notify"
)

var code = notify.Delivery{Channel: message.SMS, To: "+351929900001", Text: "Chave: 482913 is the code for \"Água & Luz\"\n<1> \\ ok", ID: "m7"}

// provider records what it is sent and answers as told.
type provider struct {
	*httptest.Server
	mu   sync.Mutex
	got  []string
	last *http.Request
}

func newProvider(t *testing.T, answer http.HandlerFunc) *provider {
	p := new(provider)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.got, p.last = append(p.got, string(body)), r
		p.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) received() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got
}

func answer(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, "+351929900001: 482913 was not sent") // providers echo
	}
}

func newGateway(t *testing.T, c notify.GatewayConfig) *notify.Gateway {
	t.Helper()
	g, err := notify.NewGateway(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func secretFile(t *testing.T, content string) string {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const jsonBody = `{"to": "{{.To}}", "text": "{{.Text}}", "ref": "{{.ID}}"}`

func TestGateway_fills_in_and_escapes(t *testing.T) {
	t.Run("JSON, headers, query and secret", func(t *testing.T) {
		p := newProvider(t, answer(202))
		g := newGateway(t, notify.GatewayConfig{URL: p.URL + "/v1/{{.Channel}}?to={{.To}}", Body: jsonBody,
			Headers:     map[string]string{"Authorization": "Bearer {{.Secret.token}}", "Idempotency-Key": "{{.ID}}"},
			SecretFiles: map[string]string{"token": secretFile(t, "t0p\n")}})
		if err := g.Send(t.Context(), code); err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal([]byte(p.received()[0]), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"to": code.To, "text": code.Text, "ref": "m7"}, got); diff != "" {
			t.Error(diff)
		}
		h := p.last.Header
		if h.Get("Authorization") != "Bearer t0p" || h.Get("Idempotency-Key") != "m7" || h.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", h)
		}
		if p.last.URL.Query().Get("to") != code.To || p.last.URL.Path != "/v1/sms" || p.last.Method != "POST" {
			t.Errorf("%s %s", p.last.Method, p.last.URL)
		}
	})
	t.Run("form", func(t *testing.T) {
		p := newProvider(t, answer(200))
		g := newGateway(t, notify.GatewayConfig{URL: p.URL, ContentType: "application/x-www-form-urlencoded", Body: "to={{.ToDigits}}&text={{.Text}}"})
		if err := g.Send(t.Context(), code); err != nil {
			t.Fatal(err)
		}
		got, err := url.ParseQuery(p.received()[0])
		if err != nil || got.Get("to") != "351929900001" || got.Get("text") != code.Text {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("XML", func(t *testing.T) {
		p := newProvider(t, answer(200))
		g := newGateway(t, notify.GatewayConfig{URL: p.URL, ContentType: "application/xml", Body: `<m to="{{.To}}">{{.Text}}</m>`})
		if err := g.Send(t.Context(), code); err != nil {
			t.Fatal(err)
		}
		if got := p.received()[0]; strings.Contains(got, "<1>") || !strings.Contains(got, "&amp; Luz") {
			t.Error(got)
		}
	})
	t.Run("an authority of one's own", func(t *testing.T) {
		p := httptest.NewTLSServer(answer(200))
		defer p.Close()
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw})
		if err := newGateway(t, notify.GatewayConfig{URL: p.URL, Body: jsonBody, CAFile: secretFile(t, string(ca))}).Send(t.Context(), code); err != nil {
			t.Error(err)
		}
		p.Config.ErrorLog = log.New(io.Discard, "", 0)
		if err := newGateway(t, notify.GatewayConfig{URL: p.URL, Body: jsonBody}).Send(t.Context(), code); err == nil {
			t.Error("trusted a certificate of nobody we know")
		}
	})
	t.Run("everything in the query", func(t *testing.T) {
		p := newProvider(t, answer(200))
		g := newGateway(t, notify.GatewayConfig{Method: "GET", URL: p.URL + "?to={{.To}}&text={{.Text}}"})
		if err := g.Send(t.Context(), code); err != nil {
			t.Fatal(err)
		}
		if p.last.URL.Query().Get("text") != code.Text || p.last.Header.Get("Content-Type") != "" {
			t.Errorf("%s %v", p.last.URL, p.last.Header)
		}
	})
}

func TestNewGateway_refuses(t *testing.T) {
	const good = "https://sms.example.org/send"
	for name, c := range map[string]notify.GatewayConfig{
		"no address":                   {Body: jsonBody},
		"plain http across a network":  {URL: "http://sms.example.org/", Body: jsonBody},
		"another scheme":               {URL: "ftp://127.0.0.1/", Body: jsonBody},
		"a value without quotes":       {URL: good, Body: `{"to": {{.To}}}`},
		"a field that does not exist":  {URL: good, Body: `{"to": "{{.Phone}}"}`},
		"a secret that does not exist": {URL: good, Body: `{"to": "{{.Secret.token}}"}`},
		"a template that ends early":   {URL: good, Body: `{"to": "{{.To"}`},
		"a content type without rule":  {URL: good, Body: "x", ContentType: "text/csv"},
		"XML that does not close":      {URL: good, Body: "<m>{{.Text}}", ContentType: "application/xml"},
		"text in a header":             {URL: good, Body: jsonBody, Headers: map[string]string{"X-Text": "{{.Text}}"}},
		"a secret file that is absent": {URL: good, Body: jsonBody, SecretFiles: map[string]string{"token": "/nowhere/token"}},
		"an empty secret":              {URL: good, Body: jsonBody, SecretFiles: map[string]string{"token": secretFile(t, " \n")}},
		"a method with a blank":        {URL: good, Body: jsonBody, Method: "PO ST"},
		"an authority file not there":  {URL: good, Body: jsonBody, CAFile: "/nowhere/ca.pem"},
		"a negative timeout":           {URL: good, Body: jsonBody, Timeout: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := notify.NewGateway(c); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestGateway_tells_what_is_worth_trying_again(t *testing.T) {
	for status, permanent := range map[int]bool{400: true, 404: true, 410: true, 413: true, 422: true,
		401: false, 403: false, 408: false, 429: false, 500: false, 502: false, 503: false, 302: false, 307: false} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			elsewhere := newProvider(t, answer(200))
			p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", elsewhere.URL)
				answer(status)(w, r)
			})
			err := newGateway(t, notify.GatewayConfig{URL: p.URL, Body: jsonBody}).Send(t.Context(), code)
			var e *notify.Error
			if !errors.As(err, &e) || e.Permanent != permanent || e.Status != status || errors.Is(err, message.ErrPermanent) != permanent || e.Unknown {
				t.Errorf("got %v", err)
			}
			if len(elsewhere.received()) != 0 {
				t.Error("the code followed a redirect")
			}
			noContent(t, err)
		})
	}
	t.Run("statuses by settings", func(t *testing.T) {
		p := newProvider(t, answer(200))
		c := notify.GatewayConfig{URL: p.URL, Body: jsonBody, SuccessStatus: []int{201}, PermanentStatus: []int{200}}
		if err := newGateway(t, c).Send(t.Context(), code); !errors.Is(err, message.ErrPermanent) {
			t.Errorf("got %v", err)
		}
	})
}

// From our side both twins are a temporary failure, and the outbox sends again. The provider can tell them apart by the
// ID, and so can an operator by Unknown.
func TestGateway_twins(t *testing.T) {
	for _, twin := range []struct {
		name          string
		first         func(http.ResponseWriter, *http.Request) // what happens at the first try
		down          bool
		unknown       bool
		copiesArrived int // with the second try, of the same ID
	}{
		{name: "reply lost after delivery", first: cut, unknown: true, copiesArrived: 2},
		{name: "never reached the provider", down: true, unknown: false, copiesArrived: 1},
	} {
		t.Run(twin.name, func(t *testing.T) {
			tries := 0
			p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
				if tries++; tries == 1 && twin.first != nil {
					twin.first(w, r)
				}
			})
			address := p.URL
			if twin.down {
				address = unused(t)
			}
			err := newGateway(t, notify.GatewayConfig{URL: address, Body: jsonBody}).Send(t.Context(), code)
			var e *notify.Error
			if !errors.As(err, &e) || e.Permanent || e.Unknown != twin.unknown {
				t.Fatalf("got %#v", e)
			}
			noContent(t, err)
			if err := newGateway(t, notify.GatewayConfig{URL: p.URL, Body: jsonBody}).Send(t.Context(), code); err != nil {
				t.Fatal(err)
			}
			got := p.received()
			if len(got) != twin.copiesArrived {
				t.Errorf("%d copies arrived", len(got))
			}
			for _, body := range got {
				if !strings.Contains(body, `"ref": "m7"`) {
					t.Errorf("a copy without the ID: %s", body)
				}
			}
		})
	}
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

// unused is the address of a server that was closed.
func unused(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	return s.URL
}

func TestGateway_does_not_wait_for_ever(t *testing.T) {
	release := make(chan struct{})
	p := newProvider(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	err := newGateway(t, notify.GatewayConfig{URL: p.URL, Body: jsonBody, Timeout: 50 * time.Millisecond}).Send(t.Context(), code)
	var e *notify.Error
	if !errors.As(err, &e) || e.Reason != "timed out" || !e.Unknown || e.Permanent {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = newGateway(t, notify.GatewayConfig{URL: p.URL, Body: jsonBody}).Send(ctx, code)
	if !errors.As(err, &e) || e.Reason != "stopped" || e.Permanent {
		t.Errorf("got %v", err)
	}
}

// noContent fails when an error tells what was said, or to whom.
func noContent(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		if printed := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(printed, "482913") || strings.Contains(printed, "9299") || strings.Contains(printed, "marta") {
			t.Errorf("the error holds content: %s", printed)
		}
	}
}

func TestNothing_prints_secrets_or_content(t *testing.T) {
	g := newGateway(t, notify.GatewayConfig{URL: "https://sms.example.org", Body: jsonBody, SecretFiles: map[string]string{"token": secretFile(t, "hunter2")}})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if printed := fmt.Sprintf(verb, g) + fmt.Sprintf(verb, code); strings.Contains(printed, "hunter2") || strings.Contains(printed, "482913") {
			t.Errorf("%s: %s", verb, printed)
		}
	}
}
