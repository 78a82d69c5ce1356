package service

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"chave/demo/page"
	"chave/demo/saml"
	"chave/demo/services"
)

// Config is all a relying party needs. Its fields are the manual.
type Config struct {
	// Registration is this service's own file: client id and secret, addresses, attributes, category.
	Registration services.Registration
	// Issuer is Chave's issuer, exactly as it names itself in discovery.
	Issuer string
	// Scopes to ask for; Registration.Scopes() when empty.
	Scopes []string
	// ACRValues to ask for, the lowest acceptable level first. Levels end in their number. What
	// comes back must not be lower. Empty asks for none and accepts any.
	ACRValues []string
	// PushRequests sends the authorization request through PAR (RFC 9126) when discovery offers it.
	PushRequests bool
	// HTTPClient reaches Chave; it trusts the demo's own CA when TLS is on. http.DefaultClient when nil.
	HTTPClient *http.Client
	// Now is the demonstration's clock; time.Now when nil.
	Now func() time.Time
	// Pause waits between two questions to the attribute API; a timer when nil.
	Pause func(context.Context, time.Duration) error
	// Rand makes state, nonce, session ids; crypto/rand when nil.
	Rand io.Reader
	// Home is the demonstration's landing page, linked in the band on top; no link when empty.
	Home string
	// Log gets one record for each failure, without personal data; discarded when nil.
	Log *slog.Logger
}

// Service is a running relying party. It is an http.Handler for its whole origin.
type Service struct {
	cfg     Config
	origin  string
	cookie  string // prefix of this service's cookies: all ports of localhost share one jar
	secure  bool
	op      *provider
	way     string         // how the main button signs in; one of the ways
	asks    []services.Ask // what that way asks for
	party   *saml.Party    // nil without a SAML registration
	door    *door          // nil without one for CMD's OAuth door
	csc     *csc           // nil where nothing is signed
	memory  *memory
	texts   page.Texts
	pages   *template.Template
	assets  *page.Assets
	policy  string
	handler http.Handler
}

// bodyLimit bounds every request body, in bytes: a SAML response with addresses and photographs in it is the largest.
const bodyLimit = 512 << 10

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

//go:embed texts.yaml
var textFile []byte

// New checks the configuration and parses all pages. It does not contact Chave: a relying party
// starts also when its provider is down, and says so when somebody signs in.
func New(cfg Config) (*Service, error) {
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = http.DefaultClient
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if len(cfg.Scopes) == 0 {
		cfg.Scopes = cfg.Registration.Scopes()
	}
	u, err := url.Parse(cfg.Registration.URL)
	if err != nil || u.Host == "" || len(cfg.Registration.RedirectURIs) == 0 || len(cfg.Registration.PostLogoutRedirectURIs) == 0 {
		return nil, errors.New("the registration lacks addresses")
	}
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, fmt.Errorf("issuer %q is not an address", cfg.Issuer)
	}
	theme, ok := themes[cfg.Registration.Category]
	if !ok {
		return nil, fmt.Errorf("no look for category %q", cfg.Registration.Category)
	}

	s := &Service{
		cfg: cfg, origin: u.Scheme + "://" + u.Host, secure: u.Scheme == "https",
		cookie: "demo_" + strings.ReplaceAll(cfg.Registration.ID, "-", "_") + "_",
		op:     &provider{cfg: cfg},
		memory: newMemory(cfg.Now),
		// The sign-in and sign-out forms end at Chave after a redirect, which form-action covers too.
		policy: page.Policy(issuer.Scheme + "://" + issuer.Host),
	}
	if err = s.openWays(); err != nil {
		return nil, err
	}
	if cfg.Registration.CSC != nil && cfg.Registration.Category == "bank" {
		s.csc = &csc{cfg: cfg, base: strings.TrimRight(cfg.Issuer, "/") + "/csc/v2", back: s.origin + "/contract/callback"}
	}
	if s.texts, err = page.LoadTexts(textFile); err != nil {
		return nil, err
	}
	if s.assets, err = page.NewAssets(assetFiles, "assets", "/assets/"); err != nil {
		return nil, err
	}
	s.assets.Add("/assets/", "theme.css", theme.css())
	s.pages, err = template.New("").Funcs(template.FuncMap{"asset": s.assets.URL}).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse pages: %w", err)
	}
	s.handler = s.routes()
	return s, nil
}

// ServeHTTP answers for the whole origin.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Forget ends all sessions and pending sign-ins, for a demonstration that starts over.
func (s *Service) Forget() {
	s.memory.clear()
	if s.party != nil {
		s.party.Forget()
	}
}

func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.wrap(s.front))
	mux.HandleFunc("POST /signin", s.wrap(s.signIn))
	mux.HandleFunc("GET /callback", s.wrap(s.callback))
	mux.HandleFunc("POST /signout", s.wrap(s.signOut))
	mux.HandleFunc("GET /signed-out", s.wrap(s.signedOut))
	mux.HandleFunc("POST /backchannel-logout", s.backchannelLogout)
	mux.Handle("GET /assets/", s.assets)
	mux.HandleFunc("/", s.wrap(s.lost))
	// A stranger's page must not start or end a sign-in in this browser.
	guard := http.NewCrossOriginProtection()
	if s.party != nil {
		mux.HandleFunc("POST /saml/signin", s.wrap(s.samlBegin))
		mux.HandleFunc("GET /saml/send", s.wrap(s.samlSend))
		mux.HandleFunc("POST /saml/acs", s.wrap(s.samlAnswer))
		mux.HandleFunc("GET /saml/arrived", s.wrap(s.samlArrived))
		mux.HandleFunc("POST /saml/logout", s.wrap(s.samlLogout))
		// These two come from Chave's pages. They prove themselves by their signature, and only store what they say.
		guard.AddInsecureBypassPattern("POST /saml/acs")
		guard.AddInsecureBypassPattern("POST /saml/logout")
	}
	if s.csc != nil {
		mux.HandleFunc("POST /contract", s.wrap(s.startContract))
		mux.HandleFunc("GET /contract/callback", s.wrap(s.contractBack))
		mux.HandleFunc("GET /contract.pdf", s.wrap(s.contractFile))
	}
	if s.door != nil {
		mux.HandleFunc("POST /oauth/signin", s.wrap(s.oauthBegin))
		mux.HandleFunc("GET /oauth/callback", s.wrap(s.oauthFragment))
		mux.HandleFunc("POST /oauth/callback", s.wrap(s.oauthAnswer))
		mux.HandleFunc("POST /oauth/qr", s.wrap(s.qrDecision))
	}
	return guard.Handler(http.MaxBytesHandler(mux, bodyLimit))
}

// wrap sets headers and turns a returned error into a page; the cause goes to the log only.
func (s *Service) wrap(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page.Harden(w, s.policy)
		if err := h(w, r); err != nil {
			s.cfg.Log.ErrorContext(r.Context(), "demo service failed", "service", s.cfg.Registration.ID, "path", r.URL.Path, "cause", err)
			http.Error(w, "This page could not be shown. Go back to the front page.", http.StatusInternalServerError)
		}
	}
}
