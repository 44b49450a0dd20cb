// Package llm answers agents over an OpenAI-compatible API. Calls come in langchaingo's vocabulary and leave as the
// requests that its client would send; the exchange itself is this package's own, because the stock one mixes tool calls
// into the text, hides errors, passes cut answers for whole ones, and encodes every prompt twice. Failures are faults in
// the product's words, never the upstream's.
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

// What a caller may be told when the model fails.
var (
	ErrUnavailable = fault.New(fault.LLMUnavailable, "The language model is unavailable at the moment. Try again shortly.")
	ErrBadAnswer   = fault.New(fault.LLMError, "The language model gave no usable answer. Try again, or put it differently.")
)

// Config says where the models are and how long to wait for them. Zero durations take the defaults named.
type Config struct {
	APIKey            string // empty for servers without keys
	BaseURL           string // e.g. https://api.openai.com/v1, the default
	Model             string
	RouterModel       string            // default: Model
	FirstTokenTimeout time.Duration     // until the first part of an answer, default 20 s
	IdleTimeout       time.Duration     // between signs of life after it, default 15 s
	Timeout           time.Duration     // for a call as a whole, its retry included, default 120 s
	Transport         http.RoundTripper // default: a keep-alive transport of the client's own, without any proxy
	// Sleep waits before a retry, or ends early with ctx's error. Default: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	Now   func() time.Time // default time.Now
	Log   *slog.Logger     // default: discards
}

const (
	breakerFailures = 20               // failures that open a model's breaker
	breakerWindow   = 30 * time.Second // within this time
	breakerPause    = 10 * time.Second // until a probe is let through
	maxRetryWait    = 2 * time.Second  // a longer Retry-After is left to the caller
)

// Client is an agent.Model over an OpenAI-compatible API. It is safe for concurrent use.
type Client struct {
	cfg         Config
	exchange    *exchange
	alarm       *alarm
	main, small upstream
}

// upstream is one model.
type upstream struct {
	name    string
	breaker *gobreaker.CircuitBreaker[agent.Answer]
}

var _ agent.Model = (*Client)(nil)

// New returns a Client; it fails on an address that is none. No environment variable is read.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	far, err := newExchange(cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, exchange: far, alarm: &alarm{log: cfg.Log, now: cfg.Now}, main: newUpstream(cfg.Model)}
	c.small = c.main
	if cfg.RouterModel != cfg.Model {
		c.small = newUpstream(cfg.RouterModel)
	}
	return c, nil
}

func (cfg Config) withDefaults() Config {
	orDuration := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	orDuration(&cfg.FirstTokenTimeout, 20*time.Second)
	orDuration(&cfg.IdleTimeout, 15*time.Second)
	orDuration(&cfg.Timeout, 120*time.Second)
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://api.openai.com/v1"
	}
	if cfg.RouterModel == "" {
		cfg.RouterModel = cfg.Model
	}
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{
			MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second, DisableCompression: true, ForceAttemptHTTP2: true,
			WriteBufferSize: 16 << 10, // a request, which is mostly prompt and tools, leaves at once
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

func newUpstream(name string) upstream { return upstream{name: name, breaker: newBreaker(name)} }

func newBreaker(name string) *gobreaker.CircuitBreaker[agent.Answer] {
	return gobreaker.NewCircuitBreaker[agent.Answer](gobreaker.Settings{
		Name: name, MaxRequests: 1, Interval: breakerWindow, BucketPeriod: time.Second, Timeout: breakerPause,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.TotalFailures >= breakerFailures },
		IsExcluded:  func(err error) bool { return !countsAgainst(err) && err != nil },
	})
}

// Close closes connections that are not in use.
func (c *Client) Close() {
	if pool, ok := c.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		pool.CloseIdleConnections()
	}
}

// Generate implements agent.Model.
func (c *Client) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	model := c.main
	if call.Small {
		model = c.small
	}
	timed, cancel := context.WithTimeoutCause(ctx, c.cfg.Timeout, errTotal)
	defer cancel()
	answer, err := model.breaker.Execute(func() (agent.Answer, error) { return c.attempts(timed, model, call, emit) })
	if err == nil {
		return answer, nil
	}
	return agent.Answer{}, c.fault(ctx, err)
}

// attempts calls the model once, and once more when the first failure was passing and nothing had been said.
func (c *Client) attempts(ctx context.Context, model upstream, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	answer, err := c.exchange.carry(ctx, model.name, call, emit)
	var f *failure
	if err == nil || !errors.As(err, &f) || !f.retryable() {
		return answer, err
	}
	if f.retryAfter > maxRetryWait {
		return answer, err
	}
	wait := 100*time.Millisecond + rand.N(200*time.Millisecond) // apart from others who failed at the same moment
	if err := c.cfg.Sleep(ctx, max(wait, f.retryAfter)); err != nil {
		return agent.Answer{}, broken(ctx, err, false)
	}
	return c.exchange.carry(ctx, model.name, call, emit)
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
