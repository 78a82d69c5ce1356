package scmd

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pace keeps each application to a number of certificates a minute. It counts in this process only, and only applications that logged in, so its memory is as large as
// the list of registrations.
type pace struct {
	mu   sync.Mutex
	seen map[string]*rate.Limiter
}

func (p *pace) allow(application string, perMinute int, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.seen[application]
	if one == nil {
		if p.seen == nil {
			p.seen = map[string]*rate.Limiter{}
		}
		one = rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute)
		p.seen[application] = one
	}
	return one.AllowN(now, 1)
}
