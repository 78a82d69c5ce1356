package faoauth

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	paceBurst = 5
	paceSeen  = 50_000 // bounds the memory of pace; past it all are forgotten, which at worst gives each token a fresh burst
)

// pace keeps services to one request a second for each token and context, after a burst of five (§2.3.2): the one limit that the reference documents. It counts in this
// process only, and only tokens that stand, so that made-up ones cost nobody anything.
type pace struct {
	mu   sync.Mutex
	seen map[string]*rate.Limiter
}

func (p *pace) allow(key string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.seen[key]
	if one == nil {
		if p.seen == nil || len(p.seen) >= paceSeen {
			p.seen = map[string]*rate.Limiter{}
		}
		one = rate.NewLimiter(1, paceBurst)
		p.seen[key] = one
	}
	return one.AllowN(now, 1)
}
