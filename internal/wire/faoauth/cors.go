package faoauth

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"chave/internal/core/service"
)

// domainsFor is how long the list of services is kept for preflights.
const domainsFor = 10 * time.Second

// domains remembers the services of this door for a moment.
type domains struct {
	mu   sync.Mutex
	read time.Time
	all  []service.Service
}

// preflight answers a browser that asks before a script's request. It names no token, so there any service's page will do; share narrows it once the token is known.
func (p *Provider) preflight(w http.ResponseWriter, r *http.Request, methods []string) {
	origin := r.Header.Get("Origin")
	if origin != "" && slices.ContainsFunc(p.services(r.Context()), func(s service.Service) bool { return ownPage(s, origin) }) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
		h.Set("Access-Control-Allow-Headers", "Content-Type")
		h.Set("Access-Control-Max-Age", "3600")
	}
	w.WriteHeader(http.StatusNoContent)
}

// share lets a script read the answer when its page belongs to the service that owns the token, and to no other (question 5.42). The browser's cookies are never
// allowed: they prove nothing here.
func share(w http.ResponseWriter, r *http.Request, s service.Service) {
	if origin := r.Header.Get("Origin"); origin != "" && ownPage(s, origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
}

// ownPage tells whether an origin lies in a service's registered domain, or is that of one of its addresses.
func ownPage(s service.Service, origin string) bool {
	u, ok := readAddress(origin)
	if !ok || s.OAuth == nil || origin != u.Scheme+"://"+u.Host {
		return false
	}
	if u.Scheme == "https" && under(u.Hostname(), s.OAuth.Domain) || slices.Contains(s.Origins, origin) {
		return true
	}
	return slices.ContainsFunc(s.OAuth.RedirectURIs, func(address string) bool {
		r, err := url.Parse(address)
		return err == nil && r.Host != "" && r.Scheme+"://"+r.Host == origin
	})
}

// services lists those of this door. When the store does not answer, there are none.
func (p *Provider) services(ctx context.Context) []service.Service {
	p.domains.mu.Lock()
	defer p.domains.mu.Unlock()
	now := p.Now()
	if age := now.Sub(p.domains.read); p.domains.all == nil || age < 0 || age >= domainsFor {
		var all []service.Service
		if err := p.View(ctx, func(tx Tx) (err error) {
			all, err = tx.Services()
			return err
		}); err != nil {
			p.Log.WarnContext(ctx, "registered domains could not be read", "err", err)
			return nil
		}
		p.domains.all, p.domains.read = []service.Service{}, now
		for _, s := range all {
			if s.OAuth != nil {
				p.domains.all = append(p.domains.all, s)
			}
		}
	}
	return p.domains.all
}
