package llm

import (
	"bytes"
	"context"
	"encoding/json"
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

// exchange is one HTTP call under langchaingo: what it wants and what came of it.
type exchange struct {
	model  string
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
	if ex.answer, ex.err = d.carry(req, ex); ex.err != nil {
		return nil, errExchange
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: req,
		Body: io.NopCloser(strings.NewReader(emptyCompletion)), ContentLength: int64(len(emptyCompletion)),
	}, nil
}

func (d *doer) carry(req *http.Request, ex *exchange) (agent.Answer, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return agent.Answer{}, &failure{kind: internal, cause: err}
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	defer cancel(nil)
	w := newWatch(cancel, d.first, d.idle)
	defer func() { w.stop() }()
	out := req.Clone(ctx)
	setBody(out, spliced(body, ex.model, ex.stream))
	if !d.keyed {
		out.Header.Del("Authorization")
	}
	resp, err := d.http.Do(out)
	if err != nil {
		return agent.Answer{}, broken(ctx, err, false)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefuse)) // what could be read is enough to classify
		return agent.Answer{}, refusal(resp.StatusCode, resp.Header, b, d.now())
	}
	a := &assembly{emit: ex.emit, begun: w.token}
	if strings.HasPrefix(strings.ToLower(resp.Header.Get("Content-Type")), "text/event-stream") {
		err = readStream(ctx, resp.Body, a, w)
	} else {
		err = readWhole(ctx, resp.Body, a)
	}
	if err != nil {
		return agent.Answer{}, err
	}
	return a.answer()
}

// readStream reads server-sent events until [DONE] or the end.
func readStream(ctx context.Context, body io.Reader, a *assembly, w *watch) error {
	in := newEvents(io.LimitReader(body, maxStream), w.alive)
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
func readWhole(ctx context.Context, body io.Reader, a *assembly) error {
	data, err := io.ReadAll(io.LimitReader(body, maxWhole))
	if err != nil || ctx.Err() != nil {
		return broken(ctx, err, false)
	}
	a.done = true
	return a.add(data)
}

// spliced puts in the model's real name and the members langchaingo cannot set: nothing said here may be stored upstream.
func spliced(body []byte, model string, stream bool) []byte {
	out := make([]byte, 0, len(body)+len(model)+64)
	if rest, ok := bytes.CutPrefix(body, []byte(`{"model":"`+commonFamily+`",`)); ok {
		name, err := json.Marshal(model)
		if err == nil {
			out = append(append(append(out, `{"model":`...), name...), ',')
			body = rest
		}
	}
	out = append(out, bytes.TrimSuffix(bytes.TrimSpace(body), []byte("}"))...)
	if stream {
		out = append(out, `,"stream":true`...)
	}
	return append(out, `,"store":false}`...)
}

func setBody(r *http.Request, body []byte) {
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body = io.NopCloser(bytes.NewReader(body))
}
