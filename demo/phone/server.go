package phone

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"chave/demo/page"
	"chave/demo/people"
	"chave/demo/services"

	"github.com/emersion/go-smtp"
)

// Config connects the phone to the running demonstration. Its fields are the manual.
type Config struct {
	// People lists the made-up residents for GET /people and for the names on the phone.
	People func(ctx context.Context) ([]people.Published, error)
	// SigningReady returns when those who can sign have their keys.
	SigningReady func(ctx context.Context) error
	// Services lists the registered relying parties for GET /services.
	Services func(ctx context.Context) ([]services.Published, error)
	// AdvanceClock moves the clock of Chave and of the demo's services forward and says the new time.
	AdvanceClock func(ctx context.Context, by time.Duration) (time.Time, error)
	// Reset starts the demonstration over: people, keys, sessions. The inbox empties itself after it.
	Reset func(ctx context.Context) error
	// Settle returns when all messages that are due have been delivered. It is called before an
	// inbox is read, so that a program never has to poll.
	Settle func(ctx context.Context) error
	// Certificates are those that clients must know, for GET /certs.
	Certificates func(ctx context.Context) (Certificates, error)
	// Sources lists the stand-in attribute providers; SetSource changes how one behaves from now on.
	Sources   func(ctx context.Context) ([]Source, error)
	SetSource func(ctx context.Context, source, behaviour string) error
	// Now is the demonstration's clock.
	Now func() time.Time
	// Portal is the address of Chave's portal, linked from the phone.
	Portal string
	// Landing answers /country, /integrate and everything below them; see package landing.
	Landing http.Handler
	// Log gets one record for each failure, without message texts; discarded when nil.
	Log *slog.Logger
}

// Server is the phone. It is an http.Handler for its whole origin.
type Server struct {
	cfg     Config
	inbox   *Inbox
	texts   page.Texts
	pages   *template.Template
	assets  *page.Assets
	smtp    *smtp.Server
	handler http.Handler
}

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

//go:embed texts.yaml
var textFile []byte

// bodyLimit bounds every request body, in bytes.
const bodyLimit = 64 << 10

// New checks the configuration and parses all pages. It listens to nothing.
func New(cfg Config) (*Server, error) {
	var missing []error
	for name, absent := range map[string]bool{
		"People": cfg.People == nil, "Services": cfg.Services == nil, "AdvanceClock": cfg.AdvanceClock == nil,
		"Reset": cfg.Reset == nil, "Settle": cfg.Settle == nil, "Now": cfg.Now == nil, "Landing": cfg.Landing == nil,
		"Certificates": cfg.Certificates == nil, "Sources": cfg.Sources == nil, "SetSource": cfg.SetSource == nil, "SigningReady": cfg.SigningReady == nil,
	} {
		if absent {
			missing = append(missing, fmt.Errorf("phone: Config.%s is missing", name))
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, inbox: newInbox(cfg.Now)}
	var err error
	if s.texts, err = page.LoadTexts(textFile); err != nil {
		return nil, err
	}
	if s.assets, err = page.NewAssets(assetFiles, "assets", "/assets/"); err != nil {
		return nil, err
	}
	if s.pages, err = template.New("").Funcs(template.FuncMap{"asset": s.assets.URL}).ParseFS(templateFiles, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("parse pages: %w", err)
	}
	s.smtp = newMailServer(s.inbox)
	s.handler = guard(http.MaxBytesHandler(s.routes(), bodyLimit))
	return s, nil
}

// Inbox is the store behind the phone, for tests inside the process.
func (s *Server) Inbox() *Inbox { return s.inbox }

// ServeHTTP answers for the whole origin.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Close ends the mail server and all open event streams, which would otherwise keep an HTTP server
// from shutting down.
func (s *Server) Close() error {
	s.inbox.close()
	if err := s.smtp.Close(); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("close mail server: %w", err)
	}
	return nil
}

// routes lists everything the port answers.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	page := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, s.pageHandler(h))
	}
	page("GET /{$}", s.screen)
	mux.HandleFunc("GET /events", s.events)
	mux.Handle("GET /assets/", s.assets)
	for _, front := range []string{"/country", "/integrate"} {
		mux.Handle(front, s.cfg.Landing)
		mux.Handle(front+"/", s.cfg.Landing)
	}

	// refuse answers every method of a path that has no handler of its own.
	refuse := func(path, methods string) {
		mux.HandleFunc(path, s.doorHandler(func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Allow", methods)
			return refusal{http.StatusMethodNotAllowed, "method_not_allowed", path + " takes " + methods + " only"}
		}))
	}
	door := func(method, path string, h func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(method+" "+path, s.doorHandler(h))
	}
	for _, one := range []struct {
		method, path string
		h            func(http.ResponseWriter, *http.Request) error
	}{
		{"POST", "/sms", s.takeSMS},
		{"GET", "/people", s.people},
		{"GET", "/inbox", s.readInbox},
		{"GET", "/services", s.services},
		{"POST", "/clock", s.clock},
		{"POST", "/reset", s.reset},
		{"GET", "/certs", s.certs},
	} {
		door(one.method, one.path, one.h)
		refuse(one.path, one.method)
	}
	door("GET", "/sources", s.sources)
	door("POST", "/sources", s.setSource)
	refuse("/sources", "GET, POST")
	mux.HandleFunc("/", s.doorHandler(func(_ http.ResponseWriter, r *http.Request) error {
		return refusal{http.StatusNotFound, "not_found", "there is nothing here; see /people, /inbox, /services, /clock, /reset, /certs, /sources and, for people, /, /country and /integrate"}
	}))
	return mux
}

// refusal is an answer of the tester's door that is not a success. Code is stable.
type refusal struct {
	status int
	code   string
	says   string
}

func (r refusal) Error() string { return r.code + ": " + r.says }

// doorHandler writes JSON errors; an unforeseen cause is logged and not shown.
func (s *Server) doorHandler(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page.Harden(w, page.Policy())
		err := h(w, r)
		if err == nil {
			return
		}
		known, ok := errors.AsType[refusal](err)
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			known, ok = refusal{http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("a body may have %d bytes", bodyLimit)}, true
		}
		if !ok {
			s.cfg.Log.ErrorContext(r.Context(), "tester's door failed", "path", r.URL.Path, "cause", err)
			known = refusal{http.StatusServiceUnavailable, "unavailable", "the demonstration could not do this; its log says why"}
		}
		answer(w, known.status, map[string]string{"error": known.code, "message": known.says})
	}
}

func (s *Server) pageHandler(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page.Harden(w, page.Policy())
		if err := h(w, r); err != nil {
			s.cfg.Log.ErrorContext(r.Context(), "phone page failed", "cause", err)
			http.Error(w, "The phone could not be shown. Load the page again.", http.StatusServiceUnavailable)
		}
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, `{"error":"unavailable"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// wantsPage reports whether a browser sent this form, so that it gets a page back and not JSON.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }
