package oidc

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"chave/internal/core/service"
)

// originRule says which pages of other sites may read an endpoint's answers from script.
type originRule string

// Documents that everybody may read are open to any origin; endpoints that browser clients need are open to registered origins; the rest to none.
const (
	noOrigin         originRule = ""
	anyOrigin        originRule = "any"
	registeredOrigin originRule = "registered"
)

// originsFor is how long the list of registered origins is kept.
const originsFor = 10 * time.Second

type origins struct {
	mu   sync.Mutex
	read time.Time
	all  map[string]bool
}

// shareWith sets what lets a script of another origin read the answer. Credentials of the browser are never allowed: clients prove themselves, cookies
// prove nothing here. A preflight names no client, so there any registered origin will do; unshare narrows it once the client is known.
func (p *Provider) shareWith(w http.ResponseWriter, r *http.Request, e endpoint) {
	h := w.Header()
	origin := r.Header.Get("Origin")
	switch {
	case e.origin == anyOrigin:
		h.Set("Access-Control-Allow-Origin", "*")
	case e.origin == noOrigin:
		return
	default:
		h.Add("Vary", "Origin")
		if origin == "" || !p.registered(r.Context(), origin) {
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "WWW-Authenticate")
	}
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", strings.Join(e.methods, ", "))
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "3600")
	}
}

// unshare keeps the answer from an origin that is registered, but by another service.
func unshare(w http.ResponseWriter, r *http.Request, s service.Service) {
	if origin := r.Header.Get("Origin"); origin != "" && !slices.Contains(s.Origins, origin) {
		w.Header().Del("Access-Control-Allow-Origin")
	}
}

// registered tells whether any service registered the origin. When the store does not answer, nobody did.
func (p *Provider) registered(ctx context.Context, origin string) bool {
	p.origins.mu.Lock()
	defer p.origins.mu.Unlock()
	now := p.Now()
	if age := now.Sub(p.origins.read); p.origins.all == nil || age < 0 || age >= originsFor {
		var all []service.Service
		err := p.View(ctx, func(tx Tx) (err error) {
			all, err = tx.Services()
			return err
		})
		if err != nil {
			p.Log.WarnContext(ctx, "registered origins could not be read", "err", err)
			return false
		}
		p.origins.all, p.origins.read = map[string]bool{}, now
		for _, s := range all {
			for _, o := range s.Origins {
				p.origins.all[o] = true
			}
		}
	}
	return p.origins.all[origin]
}
