package chatstream

import (
	"context"
	"sync"
	"time"
)

// calls are the calls of tools in the app that wait for their results. It is safe for concurrent use.
type calls struct {
	mu   sync.Mutex
	open map[string]chan Result // each has room for its one result
}

// expect opens a call.
func (c *calls) expect(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[string]chan Result{}
	}
	c.open[id] = make(chan Result, 1)
}

// deliver passes on a result, and reports whether its call was open and had none.
func (c *calls) deliver(r Result) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting, ok := c.open[r.ID]
	if !ok {
		return false
	}
	select {
	case waiting <- r:
		return true
	default:
		return false
	}
}

// wait returns the result of an open call and closes the call. It is false if none came within the time, or ctx ended.
func (c *calls) wait(ctx context.Context, id string, within time.Duration) (Result, bool) {
	c.mu.Lock()
	waiting := c.open[id]
	c.mu.Unlock()
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	select {
	case r := <-waiting:
		c.close(id)
		return r, true
	case <-timeout.C:
	case <-ctx.Done():
	}
	c.close(id)
	select {
	case r := <-waiting: // it came in time, while another call was waited for
		return r, true
	default:
		return Result{}, false
	}
}

// close closes a call: a result that comes later is not taken.
func (c *calls) close(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, id)
}

func (c *calls) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = nil
}
