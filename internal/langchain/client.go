package langchain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// Config configures a Client. A zero value means the default.
type Config struct {
	APIKey            agent.Key
	BaseURL           string
	Model             string
	RouterModel       string            // default Model
	ContextTokens     int               // the context that Ollama makes room for; 0 leaves it to the server
	FirstTokenTimeout time.Duration     // until the first part of an answer; default 20 s
	IdleTimeout       time.Duration     // without any data after the first part; default 20 s
	Timeout           time.Duration     // for the whole call including its retry; default 120 s
	Transport         http.RoundTripper // default: a keep-alive transport of the client's own, without a proxy
	// Sleep waits for d before a retry, or returns ctx's error if that ends first. Default: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	Now   func() time.Time // default time.Now
}

const maxRetryWait = 2 * time.Second // a longer Retry-After is passed on to the caller instead

// Client is an agent.Model over one of langchaingo's clients. It is safe for concurrent use.
type Client struct {
	cfg      Config
	protocol protocol
	model    llms.Model
}

var _ agent.Model = (*Client)(nil)

// protocol is what differs between providers.
type protocol interface {
	// messages returns the conversation as langchaingo's client takes it.
	messages(call agent.ModelCall) []llms.MessageContent
	// amend adds to a request what langchaingo's client leaves out.
	amend(request map[string]any, call agent.ModelCall)
	authorize(h http.Header, key agent.Key)
	// event reads the data of one event of the stream.
	event(data []byte, a *answerBuilder) error
	// done is a whole answer for langchaingo's client.
	done() string
	// failure adds to f what the body of an error response says.
	failure(body []byte, f *agent.ModelFailure)
}

func newClient(cfg Config, p protocol) *Client {
	cfg.FirstTokenTimeout = cmp.Or(cfg.FirstTokenTimeout, 20*time.Second)
	cfg.IdleTimeout = cmp.Or(cfg.IdleTimeout, 20*time.Second)
	cfg.Timeout = cmp.Or(cfg.Timeout, 120*time.Second)
	cfg.RouterModel = cmp.Or(cfg.RouterModel, cfg.Model)
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{
			MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second, DisableCompression: true, ForceAttemptHTTP2: true,
		}
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Client{cfg: cfg, protocol: p}
}

// httpClient is the client that langchaingo sends its requests with.
func (c *Client) httpClient() *http.Client {
	return &http.Client{Transport: &transport{c},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Close closes idle connections.
func (c *Client) Close() {
	if t, ok := c.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Generate implements agent.Model. Its errors hold an agent.ModelFailure.
func (c *Client) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.Timeout, errTotalTimeout)
	defer cancel()
	if call.TextOnly {
		call.Tools = nil
	}
	answer, failure := c.ask(ctx, call, emit)
	if failure != nil && !call.Attempt.Once && retryable(failure) {
		jitter := 100*time.Millisecond + rand.N(200*time.Millisecond)
		if err := c.cfg.Sleep(ctx, max(jitter, failure.RetryAfter)); err != nil {
			return agent.Answer{}, ioFailure(ctx, err, false).Err()
		}
		answer, failure = c.ask(ctx, call, emit)
	}
	if failure != nil {
		return agent.Answer{}, failure.Err()
	}
	return answer, nil
}

func retryable(f *agent.ModelFailure) bool {
	return !f.Started && (f.Kind == agent.FailureBusy || f.Kind == agent.FailureNetwork) && f.RetryAfter <= maxRetryWait
}

// ask makes one request.
func (c *Client) ask(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, *agent.ModelFailure) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	model := c.cfg.Model
	if call.Small {
		model = c.cfg.RouterModel
	}
	firstToken := c.cfg.FirstTokenTimeout
	if limit := call.Attempt.FirstToken; limit > 0 {
		firstToken = min(firstToken, limit)
	}
	x := &exchange{call: call, answer: answerBuilder{emit: emit},
		timer: newStallTimer(cancel, firstToken, c.cfg.IdleTimeout)}
	defer x.timer.stop()
	x.answer.onToken = x.timer.onToken
	options := []llms.CallOption{llms.WithModel(cmp.Or(call.Attempt.Model, model)),
		llms.WithTemperature(call.Temperature), llms.WithTools(call.Tools)}
	if call.MaxTokens > 0 {
		options = append(options, llms.WithMaxTokens(call.MaxTokens))
	}
	_, err := c.model.GenerateContent(withExchange(ctx, x), c.protocol.messages(call), options...)
	switch {
	case x.failure != nil:
		return agent.Answer{}, x.failure
	case err != nil && ctx.Err() != nil:
		return agent.Answer{}, ioFailure(ctx, err, x.answer.started)
	case err != nil || !x.read: // err may quote the conversation
		return agent.Answer{}, &agent.ModelFailure{Kind: agent.FailureInternal,
			Cause: fmt.Errorf("langchaingo's client fails with a %T", err)}
	}
	answer, err := x.answer.whole()
	if err != nil {
		return agent.Answer{}, asFailure(err)
	}
	return answer, nil
}

func asFailure(err error) *agent.ModelFailure {
	var f *agent.ModelFailure
	if errors.As(err, &f) {
		return f
	}
	return &agent.ModelFailure{Kind: agent.FailureInternal, Cause: err}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
