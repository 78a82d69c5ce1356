package service

import (
	"sync"
	"time"
)

// Limits of what a relying party remembers. It is a demonstration on one machine; the oldest goes
// first, so that nobody fills memory by starting sign-ins.
const (
	pendingMax  = 2_000
	pendingLife = time.Hour
	arrivalLife = time.Minute
	sessionMax  = 5_000
	sessionLife = time.Hour
)

// pending is a sign-in that was sent to Chave and has not come back.
type pending struct {
	browser  string // the browser that started it: no other may finish it
	nonce    string
	verifier string // PKCE, RFC 7636
	request  string // SAML: id of the request that the answer must name
	at       time.Time
}

// arrival is an answer that came by a form from Chave's origin, without this service's cookies; the browser fetches it in a second step, with them.
type arrival struct {
	browser string // the browser that asked
	outcome string // why nobody is signed in; "" for a success
	session session
	at      time.Time
}

// session is somebody signed in here.
type session struct {
	way     string // one of the ways; says how to sign out
	idToken string // kept for id_token_hint only
	subject string
	sid     string
	saml    samlName
	oauth   collecting
	learned learned
	at      time.Time
	ended   bool // by back-channel logout; kept a while to say so
}

// memory holds pending sign-ins by state and sessions by id. All fields below mu belong to it.
type memory struct {
	now func() time.Time

	mu       sync.Mutex
	pending  *bounded[pending]
	sessions *bounded[session]
	arrivals *bounded[arrival]
	steps    *bounded[contractStep]
	signed   *bounded[signedContract] // by session
	seen     *bounded[time.Time]      // jti of logout tokens already taken
}

func newMemory(now func() time.Time) *memory {
	m := &memory{now: now}
	m.clear()
	return m
}

func (m *memory) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending, m.sessions, m.seen = newBounded[pending](pendingMax), newBounded[session](sessionMax), newBounded[time.Time](pendingMax)
	m.arrivals = newBounded[arrival](pendingMax)
	m.steps, m.signed = newBounded[contractStep](contractMax), newBounded[signedContract](contractMax)
}

func (m *memory) begin(state string, p pending) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.at = m.now()
	m.pending.put(state, p)
}

// take hands out a pending sign-in once: a second answer with the same state finds nothing.
func (m *memory) take(state string) (pending, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.pending.get(state)
	m.pending.drop(state)
	return p, ok && m.now().Sub(p.at) < pendingLife
}

// waiting looks at a pending sign-in and leaves it where it is: what only claims to be its answer must not spend it.
func (m *memory) waiting(state string) (pending, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.pending.get(state)
	return p, ok && m.now().Sub(p.at) < pendingLife
}

func (m *memory) arrive(handle string, a arrival) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a.at = m.now()
	m.arrivals.put(handle, a)
}

// fetch hands out an arrival once.
func (m *memory) fetch(handle string) (arrival, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.arrivals.get(handle)
	m.arrivals.drop(handle)
	return a, ok && m.now().Sub(a.at) < arrivalLife
}

// change replaces what is known about a session that is still there.
func (m *memory) change(id string, f func(*session)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.sessions.items[id]; ok {
		f(s)
	}
}

func (m *memory) open(id string, s session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.at = m.now()
	m.sessions.put(id, s)
}

func (m *memory) session(id string) (session, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.sessions.get(id)
	if ok && m.now().Sub(s.at) >= sessionLife {
		m.sessions.drop(id)
		return session{}, false
	}
	return s, ok
}

func (m *memory) close(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions.drop(id)
	m.signed.drop(id)
}

// endAll marks the sessions a logout token names: those of the sid, or of the subject if it names
// no sid (OpenID Connect Back-Channel Logout 1.0 §2.6).
func (m *memory) endAll(sid, subject string) int {
	return m.end(func(s *session) bool {
		return s.way == wayOIDC && (sid != "" && s.sid == sid || sid == "" && s.subject == subject)
	})
}

// end marks the sessions that are meant as ended elsewhere and forgets what was learned in them.
func (m *memory) end(meant func(*session) bool) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	m.sessions.each(func(s *session) {
		if !s.ended && meant(s) {
			*s = session{way: s.way, at: s.at, ended: true}
			n++
		}
	})
	return n
}

// firstTime reports whether a logout token's jti was not seen before.
func (m *memory) firstTime(jti string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, seen := m.seen.get(jti); seen {
		return false
	}
	m.seen.put(jti, m.now())
	return true
}

// bounded is a map that forgets its oldest entry when full.
type bounded[T any] struct {
	max   int
	items map[string]*T
	order []string // may name dropped keys; trimmed when it grows
}

func newBounded[T any](max int) *bounded[T] {
	return &bounded[T]{max: max, items: make(map[string]*T)}
}

func (b *bounded[T]) put(key string, v T) {
	if _, there := b.items[key]; !there {
		b.order = append(b.order, key)
	}
	b.items[key] = &v
	for len(b.items) > b.max {
		delete(b.items, b.order[0])
		b.order = b.order[1:]
	}
	if len(b.order) > 2*b.max {
		kept := b.order[:0]
		for _, k := range b.order {
			if _, there := b.items[k]; there {
				kept = append(kept, k)
			}
		}
		b.order = kept
	}
}

func (b *bounded[T]) get(key string) (T, bool) {
	if v, ok := b.items[key]; ok {
		return *v, true
	}
	var none T
	return none, false
}

func (b *bounded[T]) drop(key string) { delete(b.items, key) }

func (b *bounded[T]) each(f func(*T)) {
	for _, v := range b.items {
		f(v)
	}
}
