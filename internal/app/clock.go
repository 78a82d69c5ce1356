package app

import (
	"sync/atomic"
	"time"
)

// Clock is real time plus what was added to it. Only the demo and tests move it, and only forward: nothing that was signed or sealed becomes future.
type Clock struct {
	ahead atomic.Int64
}

// Now is the moved time in UTC.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())).UTC() }

// Advance moves the clock forward by d and returns the new time. A negative d does nothing.
func (c *Clock) Advance(d time.Duration) time.Time {
	if d > 0 {
		c.ahead.Add(int64(d))
	}
	return c.Now()
}

// Reset returns to real time.
func (c *Clock) Reset() { c.ahead.Store(0) }
