// Package llmtest stands in for the language model in tests: an OpenAI-compatible HTTP server whose faults are scripted
// one request at a time, and which otherwise behaves like a small assistant that routes, calls the task tools and answers
// from their results; the same without a network; and a scripted agent.Model.
package llmtest

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

const (
	maxRequest = 16 << 20 // bytes
	maxKept    = 1024     // requests; older ones are dropped
)

// Handler answers chat completion requests: by the next step of its script, or as the assistant when none is left. It is
// safe for concurrent use.
type Handler struct {
	mu       sync.Mutex
	script   []Step
	requests []Request
	running  int
	gone     chan struct{}
	holding  chan struct{}
}

// NewHandler returns a Handler without a script.
func NewHandler() *Handler {
	return &Handler{gone: make(chan struct{}, 4096), holding: make(chan struct{}, 4096)}
}

// Script appends steps; each answers one request, in the order of arrival.
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

// Running is how many requests are being answered at the moment.
func (h *Handler) Running() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running
}

// Gone receives once for each request whose client left before the answer's end.
func (h *Handler) Gone() <-chan struct{} { return h.gone }

// Holding receives once for each request in which a step begins to say nothing until the client leaves.
func (h *Handler) Holding() <-chan struct{} { return h.holding }

// ServeHTTP answers POST …/chat/completions and GET …/models.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"object":"list","data":[{"id":"fake","object":"model"}]}`) // a client that left needs no list
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return
	}
	x := &Exchange{handler: h, w: w, ctx: r.Context()}
	step := unreadable
	if err := json.Unmarshal(body, &x.Request); err == nil {
		x.Request.Path, x.Request.Header, x.Request.Body = r.URL.Path, r.Header.Clone(), body
		step = h.begin(x.Request)
	} else {
		h.begin(Request{Path: r.URL.Path, Header: r.Header.Clone(), Body: body})
	}
	defer func() {
		h.mu.Lock()
		h.running--
		h.mu.Unlock()
		if x.ctx.Err() != nil {
			signal(h.gone)
		}
	}()
	step(x)
}

func (h *Handler) begin(r Request) Step {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.requests) == maxKept {
		h.requests = append(h.requests[:0:0], h.requests[maxKept/2:]...)
	}
	h.requests = append(h.requests, r)
	h.running++
	if len(h.script) == 0 {
		return Assistant()
	}
	step := h.script[0]
	h.script = h.script[1:]
	return step
}

// signal never blocks: a test that does not listen must not stop the server.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
