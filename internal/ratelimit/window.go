package ratelimit

import (
	"math/bits"
	"strconv"
	"time"

	"github.com/ulule/limiter/v3"
)

// window is the part of time that a request falls into, and what has to be known to weigh it. Windows of one length
// begin at the same multiples of it, so that replicas agree about them.
type window struct {
	current, previous string        // names of the counts of this window and of the one before
	rate              limiter.Rate  // how long counts are kept: a count is needed until the next window ends
	length            time.Duration // from the window's start to its end
	left              time.Duration // until it ends
}

// window returns the window of the bucket at now. Name identifies the bucket's counts in their store.
func (b Bucket) window(name []byte, now time.Time) window {
	nanos := now.UnixNano()
	index := nanos / int64(b.Window)
	length := len(name)
	text := strconv.AppendInt(append(name, ':'), index, 10)
	split := len(text)
	text = append(append(text, text[:length]...), ':')
	both := string(strconv.AppendInt(text, index-1, 10)) // one string serves both
	return window{
		current: both[:split], previous: both[split:],
		rate:   limiter.Rate{Period: 2 * b.Window, Limit: int64(b.Limit)},
		length: b.Window,
		left:   b.Window - time.Duration(nanos%int64(b.Window)),
	}
}

// localWindow returns the bucket's window in memory.
func (b Bucket) localWindow(now time.Time) window {
	var buffer [160]byte // on the stack
	return b.window(b.appendName(buffer[:0]), now)
}

// appendName appends the bucket's name. It includes the rate, so that a caller whose plan changes starts a new count
// under the new limit.
func (b Bucket) appendName(text []byte) []byte {
	text = append(append(text, b.Key...), ':')
	text = append(strconv.AppendInt(text, int64(b.Limit), 10), ':')
	return strconv.AppendInt(text, b.Window.Milliseconds(), 10)
}

// decide weighs a request that costs so much of the limit. Current is the count with it, and previous that of the
// window before, of which as much counts as lies within one length from now, rounded up.
func (w window) decide(current, previous, cost int64) Decision {
	limit := w.rate.Limit
	previous = min(previous, limit)
	weight := mulDiv(previous, int64(w.left), int64(w.length), true)
	d := Decision{Allowed: weight+current <= limit, Limit: int(limit), Reset: w.left}
	if !d.Allowed {
		current = min(current-cost, limit)
	}
	d.Remaining = int(max(limit-weight-current, 0) / cost)
	if d.Remaining == 0 {
		d.Reset = w.wait(current, previous, cost)
	}
	return d
}

// wait returns how long it takes until a request of this cost fits, if nothing else is counted until then.
func (w window) wait(current, previous, cost int64) time.Duration {
	free, length := w.rate.Limit-cost, int64(w.length)
	if room := free - current; room >= 0 { // it fits into this window, once enough of the previous one has passed
		if room >= previous {
			return 1
		}
		return max(w.left-time.Duration(mulDiv(room, length, previous, false)), 1)
	}
	return w.left + w.length - time.Duration(mulDiv(free, length, current, false))
}

// mulDiv returns a*b/c, rounded up or down, for a result that fits into 63 bits.
func mulDiv(a, b, c int64, up bool) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	quotient, rest := bits.Div64(high, low, uint64(c))
	if up && rest > 0 {
		quotient++
	}
	return int64(quotient)
}
