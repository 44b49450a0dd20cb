package llm

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
)

// Errors of Generate besides agent.ErrModelTimeout.
var (
	// ErrUnavailable is returned when the upstream refuses, fails or cannot be reached. RetryAfter says for how long.
	ErrUnavailable = fault.New(fault.LLMUnavailable,
		"The language model is unavailable at the moment. Try again shortly.")
	// ErrBadAnswer is returned when the upstream rejects the request, or when its answer is malformed, incomplete or
	// withheld by its content filter.
	ErrBadAnswer = fault.New(fault.LLMError,
		"The language model gave no usable answer. Try again, or put it differently.")
)

// Config configures a Client. A zero value means the default.
type Config struct {
	Provider          string // the provider's name, for Answer.Usage
	APIKey            string // empty for servers without keys
	APIKeyHeader      string // default Authorization, with Bearer; api-key for Azure
	BaseURL           string // default https://api.openai.com/v1; it may have a query
	Model             string
	RouterModel       string        // default Model
	MaxTokens         int           // limits an answer whose call has no limit of its own; default 4,096
	FirstTokenTimeout time.Duration // until the first part of an answer; default 20 s
	IdleTimeout       time.Duration // without any data after the first part; default 15 s
	Timeout           time.Duration // for the whole call including its retry; default 120 s
	// StrictSchemas makes the upstream enforce the schemas of tools and answers. Not every server can.
	StrictSchemas bool
	Transport     http.RoundTripper // default: a keep-alive transport of the client's own, without a proxy
	// Sleep waits for d before a retry, or returns ctx's error if that ends first. Default: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	Now   func() time.Time // default time.Now
	Log   *slog.Logger     // default: discards everything
}

const (
	breakerFailures = 20               // failures within breakerWindow that open a model's breaker
	breakerWindow   = 30 * time.Second // counting period
	breakerPause    = 10 * time.Second // from opening until one request is let through to probe
	maxRetryWait    = 2 * time.Second  // a longer Retry-After is passed on to the caller instead
)

// Client is an agent.Model over an OpenAI-compatible API. It is safe for concurrent use.
type Client struct {
	cfg         Config
	exchange    *exchange
	alerter     *alerter
	refusals    *refusals
	main, small upstream
}

// upstream is one model with its circuit breaker.
type upstream struct {
	model   string
	breaker *gobreaker.CircuitBreaker[agent.Answer]
}

var _ agent.Model = (*Client)(nil)

// New returns a Client. It fails if cfg.BaseURL is not a URL that a path can be joined to.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	x, err := newExchange(cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg:      cfg,
		exchange: x,
		alerter:  &alerter{log: cfg.Log, now: cfg.Now, last: map[string]time.Time{}},
		refusals: &refusals{now: cfg.Now},
		main:     newUpstream(cfg.Model),
	}
	c.small = c.main
	if cfg.RouterModel != cfg.Model {
		c.small = newUpstream(cfg.RouterModel)
	}
	return c, nil
}

func (cfg Config) withDefaults() Config {
	setDuration := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	setDuration(&cfg.FirstTokenTimeout, 20*time.Second)
	setDuration(&cfg.IdleTimeout, 15*time.Second)
	setDuration(&cfg.Timeout, 120*time.Second)
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://api.openai.com/v1"
	}
	if cfg.APIKeyHeader == "" {
		cfg.APIKeyHeader = keyHeader(cfg.BaseURL)
	}
	if cfg.MaxTokens <= 0 {
		cfg.MaxTokens = 4096
	}
	if cfg.RouterModel == "" {
		cfg.RouterModel = cfg.Model
	}
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{
			MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second, DisableCompression: true, ForceAttemptHTTP2: true,
			WriteBufferSize: 16 << 10, // most requests, prompt and tools included, leave in one write
		}
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg
}

func newUpstream(model string) upstream {
	return upstream{model: model, breaker: gobreaker.NewCircuitBreaker[agent.Answer](gobreaker.Settings{
		Name: model, MaxRequests: 1, Interval: breakerWindow, BucketPeriod: time.Second, Timeout: breakerPause,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.TotalFailures >= breakerFailures },
		IsExcluded:  func(err error) bool { return err != nil && !countsAgainstBreaker(err) },
	})}
}

// Close closes idle connections.
func (c *Client) Close() {
	if t, ok := c.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Generate implements agent.Model. After minRefusals of the key or the quota, other than by 403, it does not ask the
// upstream for refusalPause, and returns the same error. Text of system prompts and tool descriptions is kept in
// memory, in a bounded cache.
func (c *Client) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	up := c.main
	if call.Small {
		up = c.small
	}
	if f := c.refusals.recall(); f != nil {
		return agent.Answer{}, c.fault(ctx, f)
	}
	callCtx, cancel := context.WithTimeoutCause(ctx, c.cfg.Timeout, errTotalTimeout)
	defer cancel()
	answer, err := up.breaker.Execute(func() (agent.Answer, error) {
		return c.generateWithRetry(callCtx, up.model, call, emit)
	})
	c.refusals.note(err)
	if err != nil {
		return agent.Answer{}, c.fault(ctx, err)
	}
	return answer, nil
}

// generateWithRetry calls the model, and once more if the first attempt failed for a passing reason before any part
// of the answer had arrived.
func (c *Client) generateWithRetry(ctx context.Context, model string, call agent.ModelCall, emit agent.Emit) (
	agent.Answer, error) {
	answer, err := c.exchange.roundTrip(ctx, model, call, emit)
	var f *failure
	if !errors.As(err, &f) || !f.retryable() || f.retryAfter > maxRetryWait {
		return answer, err
	}
	jitter := 100*time.Millisecond + rand.N(200*time.Millisecond) // callers that failed together do not retry together
	if err := c.cfg.Sleep(ctx, max(jitter, f.retryAfter)); err != nil {
		return agent.Answer{}, ioFailure(ctx, err, false)
	}
	return c.exchange.roundTrip(ctx, model, call, emit)
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
