package llm

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

const (
	maxWhole  = 4 << 20               // bytes of an answer sent as one document
	maxStream = 16 << 20              // bytes of a streamed answer, most of which is framing
	maxRefuse = 64 << 10              // bytes read of an error answer
	drainTime = 50 * time.Millisecond // for the end of a body after [DONE], so that the connection is used again
)

// exchange is the HTTP side of a Client: what every call has in common.
type exchange struct {
	transport   http.RoundTripper
	post        *http.Request // without context and body
	first, idle time.Duration
	now         func() time.Time
	readers     readers
	requests    *requestEncoder
}

// newExchange returns an exchange with the chat completions of the API at base. No key means no Authorization.
func newExchange(cfg Config) (*exchange, error) {
	post, err := http.NewRequest(http.MethodPost, strings.TrimRight(cfg.BaseURL, "/")+"/chat/completions", http.NoBody)
	if err != nil {
		return nil, errors.New("the address of the model is no URL") // its text may hold a password
	}
	post.Header.Set("Content-Type", "application/json")
	if cfg.APIKey != "" {
		post.Header.Set("Authorization", "Bearer "+cfg.APIKey)
	}
	requests, err := newRequestEncoder()
	if err != nil {
		return nil, err
	}
	return &exchange{transport: cfg.Transport, post: post, requests: requests,
		first: cfg.FirstTokenTimeout, idle: cfg.IdleTimeout, now: cfg.Now}, nil
}

// carry sends the call and reads the answer whole. A redirect is an answer like any other that is not 200: neither the key
// nor what a person said goes to another address.
func (x *exchange) carry(ctx context.Context, model string, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	body, err := x.requests.encode(model, call, !call.Small || emit != nil)
	if err != nil {
		return agent.Answer{}, &failure{kind: internal, cause: err}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := newWatch(cancel, x.first, x.idle)
	defer w.stop()
	req := x.post.WithContext(ctx)
	req.ContentLength = int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return &sending{body}, nil }
	req.Body = &sending{body}
	resp, err := x.transport.RoundTrip(req)
	body = nil // GetBody serves RoundTrip alone, and would keep it as long as the answer streams
	if err != nil {
		return agent.Answer{}, broken(ctx, err, false)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefuse)) // what could be read is enough to classify
		return agent.Answer{}, refusal(resp.StatusCode, resp.Header, b, x.now())
	}
	a := &assembly{emit: emit, begun: w.token}
	if strings.HasPrefix(strings.ToLower(resp.Header.Get("Content-Type")), "text/event-stream") {
		err = x.readStream(ctx, resp.Body, a, w)
	} else {
		err = readWhole(ctx, resp, a)
	}
	if err != nil {
		return agent.Answer{}, err
	}
	return a.answer()
}

// sending is a request's body, which is not kept once it is sent: an answer may stream for minutes, and what was asked is
// the largest part of it.
type sending struct{ rest []byte }

// Read implements io.Reader.
func (s *sending) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		s.rest = nil
		return 0, io.EOF
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// Close implements io.Closer.
func (s *sending) Close() error {
	s.rest = nil
	return nil
}

// readStream reads server-sent events until [DONE] or the end.
func (x *exchange) readStream(ctx context.Context, body io.Reader, a *assembly, w *watch) error {
	in := x.readers.of(io.LimitReader(body, maxStream), w.alive)
	defer x.readers.free(in)
	for {
		data, err := in.next()
		if err == io.EOF && ctx.Err() == nil {
			return nil // whether it was the end, the assembly knows
		}
		if err != nil {
			return broken(ctx, err, a.some)
		}
		data = bytes.TrimSpace(data)
		if string(data) == "[DONE]" {
			a.done = true
			w.drain(drainTime)
			_, _ = io.Copy(io.Discard, in.in) // the answer is whole already
			return nil
		}
		if len(data) == 0 {
			continue
		}
		if err := a.add(data); err != nil {
			return err
		}
	}
}

// readWhole reads a completion sent as one JSON document, asked for or not.
func readWhole(ctx context.Context, resp *http.Response, a *assembly) error {
	var data bytes.Buffer
	data.Grow(int(min(max(resp.ContentLength, 0), maxWhole)) + bytes.MinRead)
	_, err := data.ReadFrom(io.LimitReader(resp.Body, maxWhole))
	if err != nil || ctx.Err() != nil {
		return broken(ctx, err, false)
	}
	a.done = true
	return a.add(data.Bytes())
}
