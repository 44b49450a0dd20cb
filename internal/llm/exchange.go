package llm

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/thought"
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
	keyHeader         string        // the header with the key
	encoder           *requestEncoder
	dialects          *dialects
	provider          string
	maxTokens         int
	firstTokenTimeout time.Duration
	idleTimeout       time.Duration
	now               func() time.Time
	readers           ssePool
	bodies            bodyPool
}

func newExchange(cfg Config) (*exchange, error) {
	address, err := completionsAddress(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	post, err := http.NewRequest(http.MethodPost, address.String(), http.NoBody)
	if err != nil {
		return nil, errNoAddress // err quotes the URL, which may hold a password
	}
	post.Header.Set("Content-Type", "application/json")
	if cfg.APIKey != "" {
		setKey(post.Header, cfg.APIKeyHeader, cfg.APIKey)
	}
	encoder, err := newRequestEncoder(cfg.StrictSchemas)
	if err != nil {
		return nil, err
	}
	dialects, err := newDialects(dialectOf(address))
	if err != nil {
		return nil, err
	}
	return &exchange{
		transport:         cfg.Transport,
		post:              post,
		keyHeader:         cfg.APIKeyHeader,
		encoder:           encoder,
		dialects:          dialects,
		provider:          cfg.Provider,
		maxTokens:         cfg.MaxTokens,
		firstTokenTimeout: cfg.FirstTokenTimeout,
		idleTimeout:       cfg.IdleTimeout,
		now:               cfg.Now,
	}, nil
}

// maxAdaptations is how often a call is repeated in another dialect.
const maxAdaptations = 5

// roundTrip sends the call and reads the whole answer; errors are *failure. If the upstream refuses a member of the
// request by name, the call is repeated without it, and later calls of the model leave it out as well. A redirect is a
// failure like any other status than 200: the key and the conversation must not go to another address.
func (x *exchange) roundTrip(ctx context.Context, model string, call agent.ModelCall, emit agent.Emit) (
	agent.Answer, error) {
	d := x.dialects.of(model)
	r := request{model: model, call: call, limit: cmp.Or(call.MaxTokens, x.maxTokens), owner: x}
	for adaptations := 0; ; adaptations++ {
		r.dialect = d
		r.stream = (!call.Small || emit != nil || d.stream) && !d.whole
		answer, err := x.attempt(ctx, r, emit)
		var f *failure
		if !errors.As(err, &f) {
			if adaptations > 0 {
				x.dialects.learn(model, d)
			}
			return answer, err
		}
		said := f.complaint
		f.complaint = "" // the failure may be remembered
		if limitReached.MatchString(string(said)) && f.kind == rejected {
			answer = agent.Answer{Truncated: true, Usage: usage{}.of(model)}
			answer.Usage.Provider = x.provider
			return answer, nil
		}
		next, ok := d.adapted(f.status, said, f.sent, r.stream)
		if !ok || f.started || f.kind == auth || f.cause == agent.ErrNoTools || adaptations == maxAdaptations {
			return agent.Answer{}, f
		}
		if adaptations > 0 {
			x.dialects.learn(model, d) // the upstream complains of something else now
		}
		d = next
	}
}

// attempt sends the request once.
func (x *exchange) attempt(ctx context.Context, r request, emit agent.Emit) (agent.Answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	body := x.bodies.get()
	defer body.release()
	var sent member
	var err error
	if body.text, sent, err = x.encoder.encode(body.text, r); err != nil {
		return agent.Answer{}, &failure{kind: internal, cause: err}
	}
	firstToken := x.firstTokenTimeout
	if limit := r.call.Attempt.FirstToken; limit > 0 {
		firstToken = min(firstToken, limit)
	}
	timer := newStallTimer(cancel, firstToken, x.idleTimeout)
	defer timer.stop()
	req := x.post.WithContext(ctx)
	if key := r.call.Attempt.Key; key.IsSet() {
		req.Header = req.Header.Clone()
		setKey(req.Header, x.keyHeader, key.Reveal())
	}
	req.ContentLength, req.GetBody = int64(len(body.text)), body.open
	if req.Body, err = body.open(); err != nil {
		return agent.Answer{}, &failure{kind: internal, cause: err}
	}
	resp, err := x.transport.RoundTrip(req)
	body.release()
	if err != nil {
		return agent.Answer{}, ioFailure(ctx, err, false)
	}
	defer resp.Body.Close()
	b := &responseBuilder{emit: emit, onToken: timer.onToken,
		textCalls: newTextCalls(r.call.Tools, r.call.TextOnly)}
	if r.dialect.thinksFirst {
		b.thoughts.ExpectOpen()
	}
	if err = x.read(ctx, resp, b, timer); err == nil {
		var answer agent.Answer
		if answer, err = b.answer(r); err == nil {
			answer.Usage.Provider = x.provider
			return x.withoutLoneThought(answer, r, b.thoughts.Thought(), emit != nil), nil
		}
	}
	var f *failure
	if errors.As(err, &f) {
		if f.sent = sent; sent&memberTools != 0 {
			noteNoTools(f)
		}
	}
	return agent.Answer{}, err
}

// withoutLoneThought returns the answer without a thought that has only its end in it, and remembers that the model
// answers so, until an answer has no thought: a person may have asked for that tag, and others must not wait for it.
// What was emitted stays part of the answer.
func (x *exchange) withoutLoneThought(answer agent.Answer, r request, hasThought, emitted bool) agent.Answer {
	if r.dialect.thinksFirst && answer.Text != "" && !hasThought {
		d := x.dialects.of(r.model)
		d.thinksFirst = false
		x.dialects.learn(r.model, d)
	}
	if r.dialect.thinksFirst || !strings.Contains(answer.Text, "</think>") {
		return answer
	}
	text := thought.Without(answer.Text)
	if text == answer.Text {
		return answer
	}
	d := x.dialects.of(r.model)
	d.thinksFirst = true
	x.dialects.learn(r.model, d)
	if !emitted {
		answer.Text = text
	}
	return answer
}

// read reads the response into b. Errors are *failure.
func (x *exchange) read(ctx context.Context, resp *http.Response, b *responseBuilder, timer *stallTimer) error {
	body, err := decoded(resp)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		errorBody, _ := io.ReadAll(io.LimitReader(body, maxErrorBodyBytes)) // a part is enough to classify
		return httpFailure(resp.StatusCode, resp.Header, errorBody, x.now())
	}
	events := x.readers.get(io.LimitReader(body, maxStreamBytes), timer.onBytes)
	defer x.readers.put(events)
	switch first, err := events.first(); {
	case err != nil && (err != io.EOF || ctx.Err() != nil):
		return ioFailure(ctx, err, false)
	case first == '{' || first == '[': // whatever the content type says
		return readDocument(ctx, events, resp.ContentLength, b)
	case first == '<':
		return &failure{kind: protocol, cause: errors.New("answer is a web page")}
	}
	return x.readStream(ctx, events, b, timer)
}

// readStream reads server-sent events until [DONE] or the end of the body.
func (x *exchange) readStream(ctx context.Context, events *sseReader, b *responseBuilder, timer *stallTimer) error {
	for {
		data, err := events.next()
		if err == io.EOF && ctx.Err() == nil {
			return nil // b.answer reports whether the answer is complete
		}
		if errors.Is(err, errLongEvent) {
			return &failure{kind: protocol, started: b.started, cause: err}
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
		if events.isError {
			return b.errorEvent(data)
		}
		if err := b.add(data); err != nil {
			return err
		}
	}
}

// readDocument reads a completion that is one JSON document. Some servers send one even when asked to stream.
func readDocument(ctx context.Context, body *sseReader, length int64, b *responseBuilder) error {
	data, err := body.rest(length)
	if err != nil || ctx.Err() != nil {
		return ioFailure(ctx, err, false)
	}
	b.done = true
	return b.add(bytes.TrimSpace(data))
}
