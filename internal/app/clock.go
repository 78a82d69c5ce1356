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

// farthest is as far ahead as the clock goes: long past the end of every key, and far from where a Duration overflows into the past.
const farthest = 200 * 366 * 24 * time.Hour

// Advance moves the clock forward by d, at most to farthest, and returns the new time. A negative d does nothing.
func (c *Clock) Advance(d time.Duration) time.Time {
	for d > 0 {
		before := c.ahead.Load()
		after := before + int64(min(d, farthest-time.Duration(before)))
		if c.ahead.CompareAndSwap(before, after) {
			break
		}
	}
	return c.Now()
}

// Reset returns to real time.
func (c *Clock) Reset() { c.ahead.Store(0) }
