package langchain

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

const (
	maxStreamBytes    = 16 << 20 // of an answer, most of which is framing
	maxEventBytes     = 4 << 20
	maxErrorBodyBytes = 64 << 10 // of an error response; what follows is not read
)

// Causes of an exchange's context. Operators read them in the log.
var (
	errFirstTokenTimeout = errors.New("no first token in time")
	errIdleTimeout       = errors.New("no further token in time")
	errTotalTimeout      = errors.New("no end in time")
)

// exchange is one request with its answer. Only the goroutine that makes the call uses it.
type exchange struct {
	call    agent.ModelCall
	answer  answerBuilder
	timer   *stallTimer
	read    bool                // the answer was read to its end
	failure *agent.ModelFailure // why it was not
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// transport sends the requests of langchaingo's client, reads their answers into the exchange of their context, and
// gives langchaingo's client a short answer instead. It is safe for concurrent use.
type transport struct{ client *Client }

// errFailed ends a request of langchaingo's client; the exchange has the failure.
var errFailed = errors.New("the exchange failed")

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errFailed
	}
	if err := t.exchange(req, x); err != nil {
		x.failure = asFailure(err)
		return nil, errFailed
	}
	x.read = true
	return &http.Response{StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(strings.NewReader(t.client.protocol.done()))}, nil
}

// exchange sends the request and reads the whole answer; errors are *agent.ModelFailure.
func (t *transport) exchange(from *http.Request, x *exchange) error {
	ctx := from.Context()
	req, err := t.request(from, x.call)
	if err != nil {
		return err
	}
	resp, err := t.client.cfg.Transport.RoundTrip(req)
	if err != nil {
		return ioFailure(ctx, err, false)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBodyBytes)) // a part is enough to classify
		f := statusFailure(resp.StatusCode)
		f.RetryAfter = retryAfter(resp.Header, t.client.cfg.Now())
		t.client.protocol.failure(body, f)
		return f
	}
	return t.readEvents(ctx, resp.Body, x)
}

// request returns the request that is sent in place of langchaingo's.
func (t *transport) request(from *http.Request, call agent.ModelCall) (*http.Request, error) {
	failed := func(err error) error { return &agent.ModelFailure{Kind: agent.FailureInternal, Cause: err} }
	var members map[string]any
	d := json.NewDecoder(from.Body)
	d.UseNumber()
	if err := d.Decode(&members); err != nil {
		return nil, failed(errors.New("langchaingo's request is no JSON object"))
	}
	t.client.protocol.amend(members, call)
	members["stream"] = true
	body, err := json.Marshal(members)
	if err != nil {
		return nil, failed(errors.New("the request cannot be encoded"))
	}
	req, err := http.NewRequestWithContext(from.Context(), from.Method, from.URL.String(), bytes.NewReader(body))
	if err != nil {
		return nil, failed(errors.New("the address of the model is no URL"))
	}
	req.Header = from.Header.Clone()
	key := call.Attempt.Key
	if !key.IsSet() {
		key = t.client.cfg.APIKey
	}
	t.client.protocol.authorize(req.Header, key)
	return req, nil
}

// readEvents reads an event a line, as JSON or, of server-sent events, behind "data:".
func (t *transport) readEvents(ctx context.Context, body io.Reader, x *exchange) error {
	in := bufio.NewReader(io.LimitReader(body, maxStreamBytes))
	for {
		line, err := readLine(in)
		if err == io.EOF && ctx.Err() == nil && len(line) == 0 {
			return nil // whole reports whether the answer is complete
		}
		if err != nil && (err != io.EOF || ctx.Err() != nil) {
			return ioFailure(ctx, err, x.answer.started)
		}
		x.timer.onBytes()
		line = bytes.TrimPrefix(line, []byte("\uFEFF")) // a byte order mark
		data, isData := bytes.CutPrefix(line, []byte("data:"))
		if data = bytes.TrimSpace(data); len(data) == 0 || !isData && data[0] != '{' {
			continue // a comment, an event's name or an empty line
		}
		if err := t.client.protocol.event(data, &x.answer); err != nil {
			return err
		}
		if x.answer.done {
			x.timer.startDrain()
			_, _ = io.Copy(io.Discard, in) // so that the connection can be reused; an error no longer matters
			return nil
		}
	}
}

// readLine returns the next line without its end. At the end of the input it returns what is left and io.EOF.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxEventBytes {
			return nil, protocolFailure("an event is too long", true)
		}
		if err != bufio.ErrBufferFull {
			return bytes.TrimSpace(line), err
		}
	}
}

func protocolFailure(text string, started bool) *agent.ModelFailure {
	return &agent.ModelFailure{Kind: agent.FailureProtocol, Started: started, Cause: errors.New(text)}
}

// statusFailure classifies an error response by its status.
func statusFailure(status int) *agent.ModelFailure {
	f := &agent.ModelFailure{Kind: agent.FailureRejected, Status: status, Cause: errors.New("upstream error answer")}
	switch {
	case status == 401, status == 402, status == 403:
		f.Kind, f.Quota, f.Unclear = agent.FailureRefused, status == 402, status == 403
	case status == 408, status == 429, status >= 500:
		f.Kind = agent.FailureBusy
	}
	return f
}

// ioFailure classifies err, an I/O error of an exchange that runs under ctx.
func ioFailure(ctx context.Context, err error, started bool) *agent.ModelFailure {
	var f *agent.ModelFailure
	if errors.As(err, &f) {
		return f
	}
	if ctx.Err() == nil {
		var netErr net.Error
		if !errors.As(err, &netErr) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("broken HTTP exchange") // net/http quotes bytes that it cannot parse
		}
		return &agent.ModelFailure{Kind: agent.FailureNetwork, Started: started, Cause: err}
	}
	cause := context.Cause(ctx)
	for _, deadline := range []error{errFirstTokenTimeout, errIdleTimeout, errTotalTimeout, context.DeadlineExceeded} {
		if errors.Is(cause, deadline) {
			return &agent.ModelFailure{Kind: agent.FailureTimeout, Started: started, Cause: cause}
		}
	}
	return &agent.ModelFailure{Kind: agent.FailureCanceled, Started: started, Cause: context.Canceled}
}

// retryAfter returns the Retry-After header (RFC 9110 §10.2.3), or 0 if it is absent or malformed.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil && n >= 0 && n < 1<<20 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// stallTimer cancels an exchange whose provider is silent for too long. Only the goroutine that reads the answer may
// use it.
type stallTimer struct {
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	idle    time.Duration
	started bool // the first part of the answer has arrived, so idle applies
}

func newStallTimer(cancel context.CancelCauseFunc, firstToken, idle time.Duration) *stallTimer {
	return &stallTimer{cancel: cancel, idle: idle,
		timer: time.AfterFunc(firstToken, func() { cancel(errFirstTokenTimeout) })}
}

// onToken is called for each part of the answer. The first one starts the idle timeout.
func (t *stallTimer) onToken() {
	if !t.started {
		t.started = true
		t.timer.Stop()
		t.timer = time.AfterFunc(t.idle, func() { t.cancel(errIdleTimeout) })
	}
}

// onBytes is called when any line has arrived. Comments keep an answer alive, but they do not start one.
func (t *stallTimer) onBytes() {
	if t.started {
		t.timer.Reset(t.idle)
	}
}

// drainTimeout is how long to wait for the end of a body after the end of its answer.
const drainTimeout = 50 * time.Millisecond

// startDrain allows drainTimeout for the rest of the body, whatever arrives.
func (t *stallTimer) startDrain() {
	t.started = false
	t.timer.Stop()
	t.timer = time.AfterFunc(drainTimeout, func() { t.cancel(errIdleTimeout) })
}

func (t *stallTimer) stop() { t.timer.Stop() }
