package civilregistry

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"chave/demo/people"
)

// Mood is how the registry behaves, for tests of what the counter does then.
type Mood int32

// The moods. A counter must decide nothing in any but Well.
const (
	Well    Mood = iota // answers at once
	Slow                // answers after Config.Delay
	Silent              // takes the question and never answers, until the asker hangs up
	Down                // answers 503
	Garbled             // answers 200 with half a JSON object
	Lost                // does the work, then drops the connection: the asker hears nothing
)

// Config is all the registry needs.
type Config struct {
	// People returns the records; asked at each lookup, so that a demonstration that starts over
	// may change them.
	People func() []people.Person
	// Secret is the bearer token askers must show; at least 32 characters.
	Secret string
	// Now is the demonstration's clock.
	Now func() time.Time
	// Delay is how slow Slow is, in real time; one second when zero.
	Delay time.Duration
}

// Server is the registry. It is an http.Handler for its whole origin.
type Server struct {
	cfg    Config
	secret [sha256.Size]byte
	mood   atomic.Int32
	asked  atomic.Int64
}

// New checks the configuration.
func New(cfg Config) (*Server, error) {
	if cfg.People == nil || cfg.Now == nil || len(cfg.Secret) < 32 {
		return nil, errors.New("civil registry: needs people, a clock and a secret of at least 32 characters")
	}
	if cfg.Delay == 0 {
		cfg.Delay = time.Second
	}
	s := &Server{cfg: cfg, secret: sha256.Sum256([]byte(cfg.Secret))}
	s.cfg.Secret = ""
	return s, nil
}

// Behave changes the mood for all lookups from now on.
func (s *Server) Behave(m Mood) { s.mood.Store(int32(m)) }

// Asked is how many authorised questions arrived.
func (s *Server) Asked() int64 { return s.asked.Load() }

// ServeHTTP answers POST /lookup and nothing else. Problems are JSON: {"error": code}.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case r.URL.Path != "/lookup":
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
	// Taken before the body is judged: a mood is about the whole server.
	mood := Mood(s.mood.Load())
	s.asked.Add(1)
	switch mood {
	case Down:
		refuse(w, http.StatusServiceUnavailable, "down")
		return
	case Silent:
		// The body is read so that the server notices when the asker hangs up.
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 16<<10))
		<-r.Context().Done()
		return
	case Garbled:
		_, _ = w.Write([]byte(`{"status":"found","person":{"given_na`))
		return
	case Slow:
		wait := time.NewTimer(s.cfg.Delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return
		}
	}
	q, ok := read(w, r)
	if !ok {
		refuse(w, http.StatusBadRequest, "bad_query")
		return
	}
	reply := lookup(s.cfg.People(), q, s.cfg.Now())
	if mood == Lost {
		panic(http.ErrAbortHandler) // net/http drops the connection and logs nothing
	}
	_ = json.NewEncoder(w).Encode(reply)
}

// allowed compares digests, so that neither length nor content of the secret shows in time.
func (s *Server) allowed(r *http.Request) bool {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	given := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(given[:], s.secret[:]) == 1 && found
}

func read(w http.ResponseWriter, r *http.Request) (Query, bool) {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10))
	dec.DisallowUnknownFields()
	var q Query
	if err := dec.Decode(&q); err != nil {
		return q, false
	}
	_, err := time.Parse(time.DateOnly, q.BirthDate)
	return q, err == nil && q.DocumentType != "" && len(q.Country) == 3 && normal(q.Number) != "" && len(q.Number) <= 40
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code})
}
