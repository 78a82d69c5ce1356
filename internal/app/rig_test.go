package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
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
	"sync"
	"testing"
	"time"

	"chave/demo/people"
	"chave/internal/core/random"
)

// node is one running installation: the real composition over a temporary database, with an SMS gateway that the test reads and can break.
type node struct {
	t        *testing.T
	app      *App
	clock    *Clock
	settings Settings
	root     []byte
	gateway  *gateway
	server   *httptest.Server
	log      *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// gateway is the SMS provider's side.
type gateway struct {
	mu   sync.Mutex
	sent []struct{ To, Text string }
	down bool
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var m struct{ To, Text string }
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	g.sent = append(g.sent, m)
}

func (g *gateway) setDown(down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = down
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code waits for the newest code to a phone.
func (n *node) code(to string) string {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), 5*time.Second)
	defer cancel()
	if err := n.app.Settle(ctx); err != nil {
		n.t.Fatal(err)
	}
	n.gateway.mu.Lock()
	defer n.gateway.mu.Unlock()
	for i := len(n.gateway.sent) - 1; i >= 0; i-- {
		if n.gateway.sent[i].To == to {
			if code := sixDigits.FindString(n.gateway.sent[i].Text); code != "" {
				return code
			}
		}
	}
	n.t.Fatalf("no code reached the phone; %d messages in all", len(n.gateway.sent))
	return ""
}

func newNode(t *testing.T, change ...func(*Settings)) *node {
	t.Helper()
	n := &node{t: t, clock: new(Clock), root: random.Bytes(rand.Reader, 32), gateway: &gateway{}, log: new(lockedBuffer)}
	sink := httptest.NewServer(n.gateway)
	t.Cleanup(sink.Close)
	n.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { n.app.Handler().ServeHTTP(w, r) }))
	n.settings.Issuer = "http://" + n.server.Listener.Addr().String()
	n.settings.Database.Driver, n.settings.Database.Path = "sqlite", filepath.Join(t.TempDir(), "chave.db")
	n.settings.SMS = GatewaySettings{URL: sink.URL, Body: `{"To":"{{.To}}","Text":"{{.Text}}"}`}
	n.settings.Policy.CodesPerPerson, n.settings.Policy.CodesPerAddress = 1000, 1000
	n.settings.RequestsPerAddress = 10000
	for _, c := range change {
		c(&n.settings)
	}
	n.open()
	list, err := people.Load(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.app.Seed(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	n.server.Start()
	t.Cleanup(func() {
		n.server.Close()
		_ = n.app.Close()
	})
	return n
}

func (n *node) open() {
	n.t.Helper()
	log := slog.New(slog.NewJSONHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	made, err := New(n.t.Context(), Config{Settings: n.settings, Log: log, Now: n.clock.Now, Root: n.root})
	if err != nil {
		n.t.Fatal(err)
	}
	made.Start()
	n.app = made
}

// restart is a process that ends and begins again on the same database.
func (n *node) restart() {
	n.t.Helper()
	if err := n.app.Close(); err != nil {
		n.t.Fatal(err)
	}
	n.open()
}

// visitor is a browser without script.
type visitor struct {
	n      *node
	client *http.Client
	at     *url.URL
	page   string
	status int
}

func (n *node) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		n.t.Fatal(err)
	}
	at, err := url.Parse(n.server.URL)
	if err != nil {
		n.t.Fatal(err)
	}
	return &visitor{n: n, client: &http.Client{Jar: jar, Timeout: 10 * time.Second}, at: at}
}

func (v *visitor) do(req *http.Request) {
	v.n.t.Helper()
	resp, err := v.client.Do(req)
	if err != nil {
		v.n.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.n.t.Fatal(err)
	}
	v.at, v.page, v.status = resp.Request.URL, html.UnescapeString(string(body)), resp.StatusCode
}

func (v *visitor) open(path string) {
	v.n.t.Helper()
	req, err := http.NewRequestWithContext(v.n.t.Context(), http.MethodGet, v.resolve(path), nil)
	if err != nil {
		v.n.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", "en")
	v.do(req)
}

func (v *visitor) post(path string, form url.Values) {
	v.postRaw(path, form.Encode(), "application/x-www-form-urlencoded")
}

func (v *visitor) postRaw(path, body, contentType string) {
	v.n.t.Helper()
	req, err := http.NewRequestWithContext(v.n.t.Context(), http.MethodPost, v.resolve(path), strings.NewReader(body))
	if err != nil {
		v.n.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept-Language", "en")
	v.do(req)
}

func (v *visitor) resolve(path string) string {
	u, err := v.at.Parse(path)
	if err != nil {
		v.n.t.Fatal(err)
	}
	return u.String()
}

// answer posts one field of the step at hand, as the one form of the page does.
func (v *visitor) answer(name, value string, more ...string) {
	v.n.t.Helper()
	if !strings.Contains(v.page, `name="`+name+`"`) {
		v.n.t.Fatalf("the page at %s has no field %q: %s", v.at, name, v.heading())
	}
	form := url.Values{name: {value}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	v.post(v.at.Path, form)
}

var heading = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)

func (v *visitor) heading() string {
	if m := heading.FindStringSubmatch(v.page); m != nil {
		return strings.TrimSpace(regexp.MustCompile(`<[^>]+>`).ReplaceAllString(m[1], ""))
	}
	return ""
}

// beatriz is the demo's plain citizen.
const beatrizPhone, beatrizPIN = "+351929941207", "274951"

func (v *visitor) toPIN(phone string) {
	v.n.t.Helper()
	v.open("/key")
	v.answer("identifier", phone, "country", "")
}

func (v *visitor) signIn() {
	v.n.t.Helper()
	v.toPIN(beatrizPhone)
	v.answer("pin", beatrizPIN)
	v.answer("code", v.n.code(beatrizPhone))
	if v.at.Path != "/key" {
		v.n.t.Fatalf("signed in, but at %s: %s", v.at, v.heading())
	}
}
