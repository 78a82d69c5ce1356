package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/page/check"
	"chave/internal/page/qr"
	"chave/internal/page/sign"
	"chave/internal/wire/csc"

	"golang.org/x/time/rate"
)

// middle is what every request passes: a number, one log record, limits, and a wall against posts from other sites.
type middle struct {
	app     *App
	trusted []*net.IPNet
	metrics []*net.IPNet
	limits  *addressLimits
}

// bodyLimit is the largest body any route takes, in bytes; routes that need less say so themselves.
const bodyLimit = 1 << 20

// photoLimit is for the one route that takes a phone's photograph, in bytes.
const photoLimit = 11 << 20

// documentLimit is for whole documents in JSON, in bytes; the wire has its own limit a little below.
const documentLimit = 72 << 20

func (m *middle) wrap(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	// Services post to these from their own pages and servers; each checks its caller itself (client login, PKCE, registered origins).
	crossOrigin.AddInsecureBypassPattern("/oauth2/")
	crossOrigin.AddInsecureBypassPattern("/saml/")
	crossOrigin.AddInsecureBypassPattern("/csc/")
	crossOrigin.AddInsecureBypassPattern("/pki/")
	for _, p := range compatPrefixes() {
		crossOrigin.AddInsecureBypassPattern(p)
	}
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.app.Site.Fail(w, r, fault.New(fault.CrossOriginRefused))
	}))
	inner := anyCase(crossOrigin.Handler(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now() // how long a request took is real time, also in a demo whose clock was moved
		number := random.ID(m.app.rand)
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		rec.Header().Set("X-Request-Id", number)
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, number))
		defer m.finish(rec, r, number, began)
		if !m.limits.allow(m.source(r)) {
			rec.Header().Set("Retry-After", "1")
			m.app.Site.Fail(rec, r, fault.New(fault.TooManyRequests))
			return
		}
		if m.app.secure {
			rec.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		limit := int64(bodyLimit)
		switch {
		case r.URL.Path == qr.PathPhoto:
			limit = photoLimit
		case r.URL.Path == "/sign":
			limit = sign.BodyLimit
		case r.URL.Path == "/check":
			limit = check.BodyLimit
		case strings.EqualFold(r.URL.Path, csc.Base+"signatures/signDoc"), strings.EqualFold(r.URL.Path, csc.Base+"signatures/calculateHash"):
			limit = documentLimit
		}
		r.Body = http.MaxBytesReader(rec, r.Body, limit)
		inner.ServeHTTP(rec, r)
	})
}

type requestKey struct{}

// finish writes the one record of a request. It names the route's pattern, never the path or query: paths hold transaction ids, queries hold whatever a
// stranger puts there.
func (m *middle) finish(rec *recorder, r *http.Request, number string, began time.Time) {
	if cause := recover(); cause != nil {
		m.app.Log.ErrorContext(r.Context(), "handler panicked", "request", number, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		if !rec.wrote {
			m.app.Site.Fail(rec, r, fault.New(fault.InternalError))
		}
	}
	took := time.Since(began)
	route := r.Pattern
	if route == "" {
		route = "none"
	}
	m.app.metrics.request(route, rec.status, took)
	level := slog.LevelInfo
	if strings.HasPrefix(route, "GET /assets/") || route == "GET /healthz" || route == "GET /readyz" {
		level = slog.LevelDebug
	}
	m.app.Log.LogAttrs(r.Context(), level, "request", slog.String("request", number), slog.String("route", route),
		slog.Int("status", rec.status), slog.Int64("us", took.Microseconds()))
}

// address is who is asking: the peer, or what a trusted proxy says of its peer. The rightmost untrusted entry counts: anything left of it is hearsay.
func (m *middle) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if !within(m.trusted, host) {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		if net.ParseIP(hop) == nil {
			break
		}
		if !within(m.trusted, hop) {
			return hop
		}
	}
	return host
}

// source is the address as limits count it. One customer's line or one rented machine holds a whole IPv6 /64, 2^64 addresses: counted one by one, no limit would
// ever be reached.
func (m *middle) source(r *http.Request) string {
	text := m.address(r)
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return text
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return text
	}
	return network.String()
}

// relayed tells whether a request came through a proxy that no setting names: its own address says nothing of who asks.
func (m *middle) relayed(r *http.Request) bool {
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	return err != nil || !within(m.trusted, peer) && (r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "")
}

func within(list []*net.IPNet, address string) bool {
	ip := net.ParseIP(address)
	for _, n := range list {
		if ip != nil && n.Contains(ip) {
			return true
		}
	}
	return false
}

// recorder notes the status for the record.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the real writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// addressLimits sheds floods cheaply, per process and address. What must hold across nodes is counted in the database (core/credential).
type addressLimits struct {
	mu    sync.Mutex
	per   rate.Limit
	burst int
	seen  map[string]*rate.Limiter
}

// seenLimit bounds the memory of addressLimits; past it all are forgotten, which at worst gives each address a fresh burst.
const seenLimit = 50_000

func (l *addressLimits) allow(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.seen[address]
	if one == nil {
		if len(l.seen) >= seenLimit {
			clear(l.seen)
		}
		one = rate.NewLimiter(l.per, l.burst)
		l.seen[address] = one
	}
	return one.Allow()
}
