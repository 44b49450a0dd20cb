// Package apptools brings calls of the app's tools and their results together while an answer waits for them.
//
//	agent loop ──CallApp──▶ Desk ──send──▶ client
//	     ▲                   │ waits, at most Timeout
//	     └──── results ──────┘ ◀──Deliver── client
//
// A Desk belongs to one answer. It keeps a result only until the answer has taken it.
package apptools

import (
	"context"
	"sync"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
)

// Timeout is how long the app has for the calls of one round.
const Timeout = 60 * time.Second

// ErrUnexpected is returned for a result that no call waits for.
var ErrUnexpected = fault.New(fault.ToolResultUnexpected, "No call with this id waits for a result: it was answered "+
	"before, took too long, or was never made. The answer goes on.")

// timedOut is the result of a call that the app does not answer in time.
const timedOut = "there was no result within 60 seconds"

// Desk is an agent.AppCaller over a connection to the app. Deliver may be called from any goroutine.
type Desk struct {
	send func(ctx context.Context, call agent.AppCall) error

	mu      sync.Mutex
	waiting map[string]int // places of the calls without a result
	results []agent.AppResult
	all     chan struct{} // closed once no call waits
}

// NewDesk returns a Desk that sends each call to the app with send. An error of send ends the answer.
func NewDesk(send func(ctx context.Context, call agent.AppCall) error) *Desk {
	return &Desk{send: send}
}

// CallApp sends the calls and returns their results. A call without a result after Timeout has an Error. It returns
// the error of send, or of ctx once that has ended. Only one goroutine may call it.
func (d *Desk) CallApp(ctx context.Context, calls []agent.AppCall) ([]agent.AppResult, error) {
	all := d.open(calls)
	defer d.close()
	for _, c := range calls {
		if err := d.send(ctx, c); err != nil {
			return nil, err
		}
	}
	timer := time.NewTimer(Timeout)
	defer timer.Stop()
	select {
	case <-all:
	case <-timer.C:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return d.close(), nil
}

// Deliver hands the result to the call that waits for it. It returns ErrUnexpected if there is none. It never blocks.
func (d *Desk) Deliver(result agent.AppResult) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	place, ok := d.waiting[result.ID]
	if !ok {
		return ErrUnexpected
	}
	delete(d.waiting, result.ID)
	d.results[place] = result.Bounded()
	if len(d.waiting) == 0 {
		close(d.all)
	}
	return nil
}

// open makes the calls wait, each with a time-out as its result so far.
func (d *Desk) open(calls []agent.AppCall) (all <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting, d.results = make(map[string]int, len(calls)), make([]agent.AppResult, len(calls))
	d.all = make(chan struct{})
	for i, c := range calls {
		d.waiting[c.ID] = i
		d.results[i] = agent.AppResult{ID: c.ID, Error: timedOut}
	}
	if len(calls) == 0 {
		close(d.all)
	}
	return d.all
}

// close returns the results; from then on no call waits.
func (d *Desk) close() []agent.AppResult {
	d.mu.Lock()
	defer d.mu.Unlock()
	results := d.results
	d.waiting, d.results = nil, nil
	return results
}
