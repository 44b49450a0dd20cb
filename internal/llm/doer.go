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
	maxAnswer = 4 << 20               // bytes of one upstream answer, stream framing included
	maxRefuse = 64 << 10              // bytes read of an error answer
	drainTime = 50 * time.Millisecond // for the end of a body after [DONE], so that the connection is used again
)

// exchange is one HTTP call under langchaingo: what it wants and what came of it.
type exchange struct {
	emit   agent.Emit
	stream bool
	answer agent.Answer
	err    error
}

type exchangeKey struct{}

// doer is the HTTP client langchaingo is given. It reads the answer into the exchange found in the request's context,
// where it stays typed, and hands langchaingo an empty completion.
type doer struct {
	http        *http.Client
	first, idle time.Duration
	now         func() time.Time
	keyed       bool
}

const emptyCompletion = `{"choices":[{"message":{"role":"assistant","content":""},"finish_reason":"stop"}]}`

var errExchange = errors.New("exchange failed") // the reason is in exchange.err

// Do sends req and reads its answer whole.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	ex, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errors.New("request outside of a model call")
	}
	if err := d.carry(req, ex); err != nil {
		ex.err = err
		return nil, errExchange
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: req,
		Body: io.NopCloser(strings.NewReader(emptyCompletion)), ContentLength: int64(len(emptyCompletion)),
	}, nil
}

func (d *doer) carry(req *http.Request, ex *exchange) error {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return &failure{kind: internal, cause: err}
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	defer cancel(nil)
	w := &watch{cancel: cancel, idle: d.idle}
	w.start(d.first)
	defer w.stop()
	out := req.Clone(ctx)
	setBody(out, spliced(body, ex.stream))
	if !d.keyed {
		out.Header.Del("Authorization")
	}
	resp, err := d.http.Do(out)
	if err != nil {
		return broken(ctx, err, false)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefuse)) // what could be read is enough to classify
		return refusal(resp.StatusCode, resp.Header, b, d.now())
	}
	if ct := resp.Header.Get("Content-Type"); strings.HasPrefix(ct, "text/event-stream") {
		return readStream(ctx, resp, ex, w)
	}
	return readWhole(ctx, resp, ex, d.now())
}

// spliced adds the members langchaingo cannot set: nothing said here may be stored upstream.
func spliced(body []byte, stream bool) []byte {
	extra := `,"store":false}`
	if stream {
		extra = `,"store":false,"stream":true}`
	}
	return append(bytes.TrimSuffix(bytes.TrimSpace(body), []byte("}")), extra...)
}

func setBody(r *http.Request, body []byte) {
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body = io.NopCloser(bytes.NewReader(body))
}

// watch cancels an exchange that is silent for too long.
type watch struct {
	cancel context.CancelCauseFunc
	timer  *time.Timer
	idle   time.Duration
}

func (w *watch) start(first time.Duration) {
	w.timer = time.AfterFunc(first, func() { w.cancel(errFirst) })
}

// heard begins the wait between tokens anew.
func (w *watch) heard(first bool) {
	if first {
		w.timer.Stop()
		w.timer = time.AfterFunc(w.idle, func() { w.cancel(errIdle) })
		return
	}
	w.timer.Reset(w.idle)
}

func (w *watch) stop() { w.timer.Stop() }
