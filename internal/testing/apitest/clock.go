package apitest

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that only Advance moves. It is safe for concurrent use.
type Clock struct{ nanos atomic.Int64 }

// NewClock returns a clock at noon of 1 March 2026 in UTC.
func NewClock() *Clock {
	c := &Clock{}
	c.nanos.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

// Now returns the clock's time in UTC.
func (c *Clock) Now() time.Time { return time.Unix(0, c.nanos.Load()).UTC() }

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) { c.nanos.Add(int64(d)) }
