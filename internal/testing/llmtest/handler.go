// Package llmtest is the language model in tests. Model is an agent.Model that answers from a script or with a
// function. Server is an OpenAI-compatible server whose responses and failures are scripted one request at a time,
// and which without a script answers as the demonstration model does; Transport reaches its Handler without a
// network.
package llmtest

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

const (
	maxRequest  = 16 << 20 // bytes
	maxRecorded = 1024     // requests or calls; older ones are dropped
)

// Handler answers chat completion requests with the next step of its script, or with Offline when none is left. It is
// safe for concurrent use.
type Handler struct {
	mu       sync.Mutex
	script   []Step
	requests []Request
	running  int
	canceled chan struct{}
	stalled  chan struct{}
}

// NewHandler returns a Handler without a script.
func NewHandler() *Handler {
	return &Handler{canceled: make(chan struct{}, 4096), stalled: make(chan struct{}, 4096)}
}

// Script appends steps. Each answers one request, in the order of arrival.
func (h *Handler) Script(steps ...Step) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.script = append(h.script, steps...)
}

// Requests returns the requests so far, oldest first; of very many, the newest.
func (h *Handler) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Request(nil), h.requests...)
}

// Running returns how many requests are being answered now.
func (h *Handler) Running() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running
}

// Canceled receives once for each request whose client disconnected before the end of the response.
func (h *Handler) Canceled() <-chan struct{} { return h.canceled }

// Stalled receives once for each request whose step starts to stall.
func (h *Handler) Stalled() <-chan struct{} { return h.stalled }

// ServeHTTP answers POST …/chat/completions and GET …/models.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "application/json")
		// the client may have disconnected
		_, _ = io.WriteString(w, `{"object":"list","data":[{"id":"fake","object":"model"}]}`)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return
	}
	x := &Exchange{handler: h, w: w, ctx: r.Context()}
	step := invalidJSON
	if err := json.Unmarshal(body, &x.Request); err == nil {
		x.Request.Path, x.Request.Header, x.Request.Body = r.URL.Path, r.Header.Clone(), body
		step = h.next(x.Request)
	} else {
		h.next(Request{Path: r.URL.Path, Header: r.Header.Clone(), Body: body})
	}
	defer func() {
		h.mu.Lock()
		h.running--
		h.mu.Unlock()
		if x.ctx.Err() != nil {
			signal(h.canceled)
		}
	}()
	step(x)
}

// next records the request and returns the step that answers it.
func (h *Handler) next(r Request) Step {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.requests) == maxRecorded {
		h.requests = append(h.requests[:0:0], h.requests[maxRecorded/2:]...)
	}
	h.requests = append(h.requests, r)
	h.running++
	if len(h.script) == 0 {
		return Offline()
	}
	step := h.script[0]
	h.script = h.script[1:]
	return step
}

// signal never blocks: a test that does not receive must not stop the server.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
