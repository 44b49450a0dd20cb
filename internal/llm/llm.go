// Package llm answers agents over an OpenAI-compatible API. langchaingo maps messages and tools to the request; this
// package carries the HTTP exchange under it, because the stock streaming mixes tool calls into the text, hides errors
// and passes cut answers for whole ones. Failures are faults in the product's words, never the upstream's.
package llm

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"
	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
)

// What a caller may be told when the model fails.
var (
	ErrUnavailable = fault.New(fault.Unavailable, "llm_unavailable", "The language model is unavailable at the moment. Try again shortly.")
	ErrBadAnswer   = fault.New(fault.BadUpstream, "llm_error", "The language model gave no usable answer. Try again, or put it differently.")
	ErrTooSlow     = fault.New(fault.UpstreamTimeout, "llm_timeout", "The language model took too long. Try again, or ask for less at once.")
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
	doer        *doer
	alarm       *alarm
	main, small upstream
}

// upstream is one model.
type upstream struct {
	name    string
	llm     *openai.LLM
	breaker *gobreaker.CircuitBreaker[agent.Answer]
}

var _ agent.Model = (*Client)(nil)

// New returns a Client; it fails only on a configuration langchaingo refuses. No environment variable is read.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	c := &Client{cfg: cfg, doer: &doer{
		http:  &http.Client{Transport: cfg.Transport, CheckRedirect: refuseRedirect},
		first: cfg.FirstTokenTimeout, idle: cfg.IdleTimeout, now: cfg.Now, keyed: cfg.APIKey != "",
	}, alarm: &alarm{log: cfg.Log, now: cfg.Now}}
	var err error
	if c.main, err = c.upstream(cfg.Model); err != nil {
		return nil, err
	}
	c.small = c.main
	if cfg.RouterModel != cfg.Model {
		if c.small, err = c.upstream(cfg.RouterModel); err != nil {
			return nil, err
		}
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

// refuseRedirect leaves a redirect to be classified: neither the key nor what a person said goes to another address.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// upstream names every setting that langchaingo would otherwise take from OPENAI_* variables.
func (c *Client) upstream(model string) (upstream, error) {
	key := c.cfg.APIKey
	if key == "" {
		key = "none" // langchaingo refuses an empty one; the doer takes the header off again
	}
	client, err := openai.New(openai.WithToken(key), openai.WithBaseURL(strings.TrimRight(c.cfg.BaseURL, "/")),
		openai.WithModel(familyOf(model)), openai.WithOrganization(""), openai.WithHTTPClient(c.doer))
	return upstream{name: model, llm: client, breaker: newBreaker(model)}, err
}

// commonFamily is the model langchaingo is told of unless it must know better. At every call it compiles regular
// expressions until one matches the name, a third of a call's CPU for names it does not know; the doer puts the real name
// into the request.
const commonFamily = "gpt-4"

// familyOf keeps the names of the families for which langchaingo leaves out what they refuse.
func familyOf(model string) string {
	for _, family := range []string{"o1", "o3", "gpt-5"} {
		if strings.HasPrefix(strings.ToLower(model), family) {
			return model
		}
	}
	return commonFamily
}

func newBreaker(name string) *gobreaker.CircuitBreaker[agent.Answer] {
	return gobreaker.NewCircuitBreaker[agent.Answer](gobreaker.Settings{
		Name: name, MaxRequests: 1, Interval: breakerWindow, BucketPeriod: time.Second, Timeout: breakerPause,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.TotalFailures >= breakerFailures },
		IsExcluded:  func(err error) bool { return !countsAgainst(err) && err != nil },
	})
}

// Close closes connections that are not in use.
func (c *Client) Close() { c.doer.http.CloseIdleConnections() }

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
	answer, err := once(ctx, model, call, emit)
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
	return once(ctx, model, call, emit)
}

func once(ctx context.Context, model upstream, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	ex := &exchange{model: model.name, emit: emit, stream: !call.Small || emit != nil}
	opts := []llms.CallOption{llms.WithTemperature(call.Temperature)}
	if call.MaxTokens > 0 {
		opts = append(opts, llms.WithMaxTokens(call.MaxTokens))
	}
	if len(call.Tools) > 0 {
		opts = append(opts, llms.WithTools(call.Tools))
	}
	_, err := model.llm.GenerateContent(context.WithValue(ctx, exchangeKey{}, ex), call.Messages, opts...)
	switch {
	case ex.err != nil:
		return agent.Answer{}, ex.err
	case err != nil:
		return agent.Answer{}, &failure{kind: internal, cause: err}
	}
	return ex.answer, nil
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
