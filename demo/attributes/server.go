package attributes

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chave/demo/people"
)

// The sources. Each is a path of the server.
const (
	Address        = "address"         // address register: knows holders of a citizen card by NIC
	Card           = "card"            // the card's issuer: the same people
	SocialSecurity = "social_security" // knows whoever has a NISS
	Health         = "health"          // the civil servants' scheme: knows some citizens by NIF, and tells banks nothing
)

// Behaviour is how a source takes a question.
type Behaviour string

// The behaviours.
const (
	OK      Behaviour = "ok"      // answers at once
	Slow    Behaviour = "slow"    // answers after Config.Delay
	Silent  Behaviour = "silent"  // never answers, until the asker hangs up
	Failing Behaviour = "failing" // answers 500
)

// Config is all the server needs.
type Config struct {
	// People returns the residents; asked at each question, so that a demonstration that starts over may change them.
	People func() []people.Person
	// Secret is the bearer token askers must show; at least 32 characters.
	Secret string
	// Now is the demonstration's clock.
	Now func() time.Time
	// Delay is how slow Slow is, in real time; 2.5 s when zero.
	Delay time.Duration
}

// Server is all sources. It is an http.Handler for its whole origin.
type Server struct {
	cfg    Config
	secret [sha256.Size]byte
	asked  atomic.Int64

	mu      sync.Mutex
	behaves map[string]Behaviour
}

// New checks the configuration.
func New(cfg Config) (*Server, error) {
	if cfg.People == nil || cfg.Now == nil || len(cfg.Secret) < 32 {
		return nil, errors.New("attributes: needs people, a clock and a secret of at least 32 characters")
	}
	if cfg.Delay == 0 {
		cfg.Delay = 2500 * time.Millisecond
	}
	s := &Server{cfg: cfg, secret: sha256.Sum256([]byte(cfg.Secret)), behaves: map[string]Behaviour{Address: OK, Card: OK, SocialSecurity: Slow, Health: Failing}}
	s.cfg.Secret = ""
	return s, nil
}

// Sources lists the sources by name.
func Sources() []string { return []string{Address, Card, SocialSecurity, Health} }

// Set changes how a source behaves from its next question on.
func (s *Server) Set(source string, b Behaviour) error {
	if !slices.Contains(Sources(), source) {
		return fmt.Errorf("attributes: %q is none of %v", source, Sources())
	}
	if !slices.Contains([]Behaviour{OK, Slow, Silent, Failing}, b) {
		return fmt.Errorf("attributes: %q is none of ok, slow, silent, failing", b)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behaves[source] = b
	return nil
}

// Behaviours tells how each source behaves now.
func (s *Server) Behaviours() map[string]Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]Behaviour{}
	for source, b := range s.behaves {
		all[source] = b
	}
	return all
}

// Asked is how many authorised questions arrived.
func (s *Server) Asked() int64 { return s.asked.Load() }

// question and reply are the contract's two sides.
type question struct {
	Number      string            `json:"number"`
	Service     string            `json:"service"`
	Identifiers map[string]string `json:"identifiers"`
	BirthDate   string            `json:"birth_date"`
	Attributes  []string          `json:"attributes"`
	Params      map[string]string `json:"params"`
}

type reply struct {
	Number  string   `json:"number"`
	Results []result `json:"results"`
}

type result struct {
	Name   string            `json:"name"`
	Result string            `json:"result"`
	Text   string            `json:"text,omitempty"`
	Parts  map[string]string `json:"parts,omitempty"`
}

// ServeHTTP answers POST /{source}/attributes and nothing else. Problems are JSON: {"error": code}.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	source, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case rest != "attributes" || !slices.Contains(Sources(), source):
		refuse(w, http.StatusNotFound, "not_found")
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "method_not_allowed")
		return
	case !s.allowed(r):
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, http.StatusUnauthorized, "unauthorized")
		return
	}
	s.asked.Add(1)
	// Read first in every case: only then does the server notice when the asker hangs up.
	q, ok := read(w, r)
	switch s.Behaviours()[source] {
	case Failing:
		refuse(w, http.StatusInternalServerError, "down")
		return
	case Silent:
		<-r.Context().Done()
		return
	case Slow:
		wait := time.NewTimer(s.cfg.Delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return
		}
	case OK:
	}
	if !ok {
		refuse(w, http.StatusBadRequest, "bad_question")
		return
	}
	_ = json.NewEncoder(w).Encode(s.answer(source, q))
}

// allowed compares digests, so that neither length nor content of the secret shows in time.
func (s *Server) allowed(r *http.Request) bool {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	given := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(given[:], s.secret[:]) == 1 && found
}

func read(w http.ResponseWriter, r *http.Request) (question, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	var q question
	understood := dec.Decode(&q) == nil
	_, _ = io.Copy(io.Discard, r.Body)
	return q, understood && q.Number != "" && len(q.Identifiers) > 0 && len(q.Attributes) > 0
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code})
}
