package fasaml

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
)

// originsFor is how long the list of registered origins is kept.
const originsFor = 10 * time.Second

// origins are the sites whose pages may ask whether there is a session.
type origins struct {
	mu   sync.Mutex
	read time.Time
	all  map[string]bool
}

// probe tells a registered service's page whether this browser has a session of this wire: "1" or "0" (§1.5.3). To everybody else it says "0", without looking, so that
// strangers cannot watch people.
func (p *Provider) probe(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Origin")
	answer := "0"
	if origin := r.Header.Get("Origin"); origin != "" && p.mayProbe(r.Context(), origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		_, _, err := p.Login.SessionIn(r.Context(), login.Compat, p.Jar.Session(r))
		switch {
		case err == nil:
			answer = "1"
		case !fault.Is(err, fault.SessionNeeded):
			p.Log.WarnContext(r.Context(), "fa: session could not be read", "code", fault.Of(err).Code, "err", err)
		}
	}
	_, _ = w.Write([]byte(answer)) // the page that asked is gone; nothing to do
}

// mayProbe tells whether a service of this wire takes answers at an origin, or registered it. When the store does not answer, none does.
func (p *Provider) mayProbe(ctx context.Context, origin string) bool {
	p.probing.mu.Lock()
	defer p.probing.mu.Unlock()
	now := p.Now()
	if age := now.Sub(p.probing.read); p.probing.all == nil || age < 0 || age >= originsFor {
		var all []service.Service
		err := p.View(ctx, func(tx Tx) (err error) {
			all, err = tx.Services()
			return err
		})
		if err != nil {
			p.Log.WarnContext(ctx, "fa: registered origins could not be read", "err", err)
			return false
		}
		p.probing.all, p.probing.read = map[string]bool{}, now
		for _, s := range all {
			for _, o := range originsOf(s) {
				p.probing.all[o] = true
			}
		}
	}
	return p.probing.all[origin]
}

func originsOf(s service.Service) []string {
	if s.Closed || s.SAML == nil || s.SAML.Wire != service.WireFA {
		return nil
	}
	list := append([]string(nil), s.Origins...)
	for _, to := range s.SAML.ACS {
		if u, err := url.Parse(to); err == nil && u.Host != "" {
			list = append(list, u.Scheme+"://"+u.Host)
		}
	}
	return list
}
