package llm

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/http1"
)

// Errors of Generate besides agent.ErrModelTimeout.
var (
	ErrUnavailable = agent.ErrModelUnavailable
	ErrBadAnswer   = agent.ErrModelAnswer
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
	Transport     http.RoundTripper // default: an http1.Transport of the client's own, without a proxy
	// Sleep waits for d before a retry, or returns ctx's error if that ends first. Default: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	Now   func() time.Time // default time.Now
	Log   *slog.Logger     // default: discards everything
}

const maxRetryWait = 2 * time.Second // a longer Retry-After is passed on to the caller instead

// Client is an agent.Model over an OpenAI-compatible API. It is safe for concurrent use.
type Client struct {
	cfg      Config
	exchange *exchange
}

var _ agent.Model = (*Client)(nil)

// New returns a Client. It fails if cfg.BaseURL is not a URL that a path can be joined to.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	x, err := newExchange(cfg)
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, exchange: x}, nil
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
		cfg.Transport = http1.New(&http.Transport{
			MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 256 << 10, DisableCompression: true,
			ForceAttemptHTTP2: true,
		})
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

// Close closes idle connections.
func (c *Client) Close() {
	if t, ok := c.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Generate implements agent.Model. Its errors hold an agent.ModelFailure. Text of system prompts and tool descriptions
// is kept in memory, in a bounded cache.
func (c *Client) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	model := c.cfg.Model
	if call.Small {
		model = c.cfg.RouterModel
	}
	callCtx, cancel := context.WithTimeoutCause(ctx, c.cfg.Timeout, errTotalTimeout)
	defer cancel()
	answer, err := c.generateWithRetry(callCtx, cmp.Or(call.Attempt.Model, model), call, emit)
	if err != nil {
		return agent.Answer{}, exported(err)
	}
	return answer, nil
}

// generateWithRetry calls the model, and once more if the first attempt failed for a passing reason before any part
// of the answer had arrived.
func (c *Client) generateWithRetry(ctx context.Context, model string, call agent.ModelCall, emit agent.Emit) (
	agent.Answer, error) {
	answer, err := c.exchange.roundTrip(ctx, model, call, emit)
	var f *failure
	if call.Attempt.Once || !errors.As(err, &f) || !f.retryable() || f.retryAfter > maxRetryWait {
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
