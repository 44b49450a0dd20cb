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
	maxDocumentBytes  = 4 << 20  // of an answer sent as one document
	maxStreamBytes    = 16 << 20 // of a streamed answer, most of which is framing
	maxErrorBodyBytes = 64 << 10 // of an error response; what follows is not read

	// drainTimeout is how long to wait for the end of a body after [DONE], so that its connection can be reused.
	drainTimeout = 50 * time.Millisecond
)

// exchange sends requests to one upstream and reads its responses. It is safe for concurrent use.
type exchange struct {
	transport         http.RoundTripper
	post              *http.Request // the template of every request, without context and body
	keyHeader         string        // "" means Authorization
	encoder           *requestEncoder
	firstTokenTimeout time.Duration
	idleTimeout       time.Duration
	now               func() time.Time
	readers           ssePool
}

func newExchange(cfg Config) (*exchange, error) {
	base, query, hasQuery := strings.Cut(cfg.BaseURL, "?")
	address := strings.TrimRight(base, "/") + "/chat/completions"
	if hasQuery {
		address += "?" + query
	}
	post, err := http.NewRequest(http.MethodPost, address, http.NoBody)
	if err != nil {
		return nil, errors.New("the address of the model is no URL") // err quotes the URL, which may hold a password
	}
	post.Header.Set("Content-Type", "application/json")
	if cfg.APIKey != "" {
		setKey(post.Header, cfg.APIKeyHeader, cfg.APIKey)
	}
	encoder, err := newRequestEncoder(cfg.StrictSchemas)
	if err != nil {
		return nil, err
	}
	return &exchange{
		transport:         cfg.Transport,
		post:              post,
		keyHeader:         cfg.APIKeyHeader,
		encoder:           encoder,
		firstTokenTimeout: cfg.FirstTokenTimeout,
		idleTimeout:       cfg.IdleTimeout,
		now:               cfg.Now,
	}, nil
}

// setKey sets the key in the header of that name, which is Authorization if it is "".
func setKey(h http.Header, header, key string) {
	if header == "" || strings.EqualFold(header, "Authorization") {
		header, key = "Authorization", "Bearer "+key
	}
	h.Set(header, key)
}

// roundTrip sends the call and reads the whole answer; errors are *failure. A redirect is a failure like any other
// status than 200: the key and the conversation must not go to another address.
func (x *exchange) roundTrip(ctx context.Context, model string, call agent.ModelCall, emit agent.Emit) (
	agent.Answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	body, err := x.encoder.encode(model, call, !call.Small || emit != nil)
	if err != nil {
		return agent.Answer{}, &failure{kind: internal, cause: err}
	}
	firstToken := x.firstTokenTimeout
	if limit := call.Attempt.FirstToken; limit > 0 {
		firstToken = min(firstToken, limit)
	}
	timer := newStallTimer(cancel, firstToken, x.idleTimeout)
	defer timer.stop()
	req := x.post.WithContext(ctx)
	if key := call.Attempt.Key; key.IsSet() {
		req.Header = req.Header.Clone()
		setKey(req.Header, x.keyHeader, key.Reveal())
	}
	req.ContentLength = int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return &requestBody{body}, nil }
	req.Body = &requestBody{body}
	resp, err := x.transport.RoundTrip(req)
	body = nil // req.GetBody, which only RoundTrip calls, would keep it alive while the answer streams
	if err != nil {
		return agent.Answer{}, ioFailure(ctx, err, false)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		errorBody, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBodyBytes)) // a part is enough to classify
		return agent.Answer{}, httpFailure(resp.StatusCode, resp.Header, errorBody, x.now())
	}
	b := &responseBuilder{emit: emit, onToken: timer.onToken}
	if strings.HasPrefix(strings.ToLower(resp.Header.Get("Content-Type")), "text/event-stream") {
		err = x.readStream(ctx, resp.Body, b, timer)
	} else {
		err = readDocument(ctx, resp, b)
	}
	if err != nil {
		return agent.Answer{}, err
	}
	return b.answer()
}

// requestBody is a request's body that releases its memory once it is sent: the request is larger than all else that
// a call holds, and its answer may stream for minutes.
type requestBody struct{ unread []byte }

func (r *requestBody) Read(p []byte) (int, error) {
	if len(r.unread) == 0 {
		r.unread = nil
		return 0, io.EOF
	}
	n := copy(p, r.unread)
	r.unread = r.unread[n:]
	return n, nil
}

func (r *requestBody) Close() error {
	r.unread = nil
	return nil
}

// readStream reads server-sent events until [DONE] or the end of the body.
func (x *exchange) readStream(ctx context.Context, body io.Reader, b *responseBuilder, timer *stallTimer) error {
	events := x.readers.get(io.LimitReader(body, maxStreamBytes), timer.onBytes)
	defer x.readers.put(events)
	for {
		data, err := events.next()
		if err == io.EOF && ctx.Err() == nil {
			return nil // b.answer reports whether the answer is complete
		}
		if err != nil {
			return ioFailure(ctx, err, b.started)
		}
		data = bytes.TrimSpace(data)
		if string(data) == "[DONE]" {
			b.done = true
			timer.startDrain(drainTimeout)
			_, _ = io.Copy(io.Discard, events.in) // an error no longer matters
			return nil
		}
		if len(data) == 0 {
			continue
		}
		if err := b.add(data); err != nil {
			return err
		}
	}
}

// readDocument reads a completion that is one JSON document. Some servers send one even when asked to stream.
func readDocument(ctx context.Context, resp *http.Response, b *responseBuilder) error {
	var data bytes.Buffer
	data.Grow(int(min(max(resp.ContentLength, 0), maxDocumentBytes)) + bytes.MinRead)
	_, err := data.ReadFrom(io.LimitReader(resp.Body, maxDocumentBytes))
	if err != nil || ctx.Err() != nil {
		return ioFailure(ctx, err, false)
	}
	b.done = true
	return b.add(data.Bytes())
}

// stallTimer cancels an exchange whose upstream is silent for too long. Only the goroutine that reads the answer may
// use it.
type stallTimer struct {
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	idle    time.Duration
	started bool // the first part of the answer has arrived, so idle applies
}

// newStallTimer starts a timer that allows firstToken until the first part of the answer and idle between reads after
// it.
func newStallTimer(cancel context.CancelCauseFunc, firstToken, idle time.Duration) *stallTimer {
	return &stallTimer{
		cancel: cancel,
		idle:   idle,
		timer:  time.AfterFunc(firstToken, func() { cancel(errFirstTokenTimeout) }),
	}
}

// onToken is called for each part of the answer. The first one starts the idle timeout.
func (t *stallTimer) onToken() {
	if t.started {
		return
	}
	t.started = true
	t.timer.Stop()
	t.timer = time.AfterFunc(t.idle, func() { t.cancel(errIdleTimeout) })
}

// onBytes is called when any line has arrived. Comments keep an answer alive, but they do not start one.
func (t *stallTimer) onBytes() {
	if t.started {
		t.timer.Reset(t.idle)
	}
}

// startDrain allows d for the rest of the body, whatever arrives.
func (t *stallTimer) startDrain(d time.Duration) {
	t.started = false
	t.timer.Stop()
	t.timer = time.AfterFunc(d, func() { t.cancel(errIdleTimeout) })
}

func (t *stallTimer) stop() { t.timer.Stop() }
