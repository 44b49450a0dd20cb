// Package apitest starts the whole service for tests that call it over HTTP. Package app wires it as in production,
// on a database of the test's own and with the offline model unless the test has another. It also has a client of the
// chat stream.
package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/dev/mailbox"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/metrics"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/sso"
	"github.com/adiuva/cloud-api/internal/sso/connection"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// WebhookSecret signs the webhooks that the service accepts.
const WebhookSecret = "whsec_0123456789abcdef0123456789abcdef"

// API is a running service.
type API struct {
	T      *testing.T
	Server *httpapi.Server
	URL    string
	Logs   *LogBuffer

	Accounts *auth.Service
	SSO      *sso.Service
	DB       *postgres.DB
	Stripe   *devstripe.Server
	Billing  *billing.Service
	Mailbox  *mailbox.Mailbox
	Mail     *mail.Worker
	Metrics  *metrics.Metrics
	// Connections are the providers of teams.
	Connections *connection.Service
}

// Option changes the configuration of the HTTP edge before the service starts.
type Option func(*httpapi.Config)

// WithRateLimits switches rate limits on, counted in memory.
func WithRateLimits(t *testing.T) Option {
	return func(c *httpapi.Config) {
		limiter, err := ratelimit.New(ratelimit.Config{Log: c.Log})
		check(t, err)
		c.Limiter = limiter
	}
}

// Config returns the configuration of a service in dev with secrets set, cheap password hashes, and without rate limits
// and token budgets.
func Config(t testing.TB) config.Config {
	t.Helper()
	vars := map[string]string{
		"ADIUVA_DATA_DIR":       t.TempDir(),
		"BCRYPT_COST":           "4",
		"RATE_LIMITS":           "off",
		"TOKENS_PER_DAY_FREE":   "0",
		"TOKENS_PER_DAY_PRO":    "0",
		"TOKENS_PER_DAY_POWER":  "0",
		"TOKENS_PER_DAY_TEAM":   "0",
		"JWT_SECRET":            strings.Repeat("s", 32),
		"PASSWORD_PEPPER":       strings.Repeat("p", 32),
		"SECRETS_KEY":           strings.Repeat("k", 32),
		"STRIPE_WEBHOOK_SECRET": WebhookSecret,
		"BILLING_SUCCESS_URL":   "https://app.example.com/ok",
		"BILLING_CANCEL_URL":    "https://app.example.com/no",
	}
	cfg, err := config.Load(func(name string) string { return vars[name] }, nil)
	check(t, err)
	return cfg
}

// Start starts the service until the test ends. A nil model is the offline one.
func Start(t *testing.T, model agent.Model, options ...Option) *API {
	t.Helper()
	return StartReplica(t, Replica{Config: Config(t), DB: pgtest.New(t)}, model, options...)
}

// StartConfigured starts the service with the configuration of Config after change.
func StartConfigured(t *testing.T, change func(*config.Config), options ...Option) *API {
	t.Helper()
	cfg := Config(t)
	change(&cfg)
	return StartReplica(t, Replica{Config: cfg, DB: pgtest.New(t)}, nil, options...)
}

// Replica is what the replicas of a service have in common, or differ in. Now is the clock; nil means time.Now.
// Resolver looks up issuers and the records of domains; nil means the system's.
type Replica struct {
	Config   config.Config
	DB       *postgres.DB
	Now      func() time.Time
	Resolver *net.Resolver
}

// StartReplica is Start with a configuration, a database and a clock of the test's own.
func StartReplica(t *testing.T, r Replica, model agent.Model, options ...Option) *API {
	t.Helper()
	logs := &LogBuffer{}
	log := slog.New(app.LogHandler(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	service, err := app.New(t.Context(), r.Config, app.Options{
		Log: log, Version: "test", DB: r.DB, Model: model, Now: r.Now, Resolver: r.Resolver,
		HTTP: func(c *httpapi.Config) {
			for _, o := range options {
				o(c)
			}
		},
	})
	check(t, err)
	t.Cleanup(service.Close)
	connections := service.API.Connections()
	web := httptest.NewUnstartedServer(nil)
	web.Config, web.Listener = connections.Server(service.API), connections.Listener(web.Listener)
	web.Start()
	t.Cleanup(web.Close)
	return &API{
		T: t, Server: service.API, URL: web.URL, Logs: logs,
		Accounts: service.Auth, SSO: service.SSO, DB: service.DB, Stripe: service.Stripe, Billing: service.Billing,
		Mailbox: service.Mailbox, Mail: service.Mail, Metrics: service.Metrics, Connections: service.Connections,
	}
}

// LogBuffer collects log output. It is safe for concurrent use.
type LogBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *LogBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns the output so far.
func (l *LogBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Response is a response that was read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON returns the body as an object, and fails the test if it is not one.
func (r Response) JSON(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(r.Body, &m); err != nil {
		t.Fatalf("%d with a body that is not a JSON object: %v: %s", r.Status, err, r.Body)
	}
	return m
}

// Code returns the code of a problem document, or "" for another body.
func (r Response) Code() string {
	var p struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(r.Body, &p) != nil {
		return ""
	}
	return p.Code
}

// Header is the headers of a request.
type Header map[string]string

// With returns a copy with one more header. A header of that name in h is kept.
func (h Header) With(name, value string) Header {
	c := Header{name: value}
	maps.Copy(c, h)
	return c
}

// Do sends a request with a JSON body. It does not follow redirects.
func (a *API) Do(method, path, body string, headers Header) Response {
	a.T.Helper()
	return a.Send(method, path, strings.NewReader(body), headers)
}

// Send is Do with a body that is read while it is sent.
func (a *API) Send(method, path string, body io.Reader, headers Header) Response {
	a.T.Helper()
	req, err := http.NewRequestWithContext(a.T.Context(), method, a.URL+path, body)
	check(a.T, err)
	if body != http.NoBody && headers["Content-Type"] == "" && method != http.MethodGet && method != http.MethodHead {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	check(a.T, err)
	defer func() { check(a.T, resp.Body.Close()) }()
	data, err := io.ReadAll(resp.Body)
	check(a.T, err)
	return Response{resp.StatusCode, resp.Header, data}
}

// Register registers an account and returns the header that authenticates it.
func (a *API) Register(email string) Header {
	a.T.Helper()
	got := a.Do("POST", "/api/v1/auth/register", `{"email":"`+email+`","password":"correct horse battery"}`, nil)
	if got.Status != http.StatusCreated {
		a.T.Fatalf("register: %d %s", got.Status, got.Body)
	}
	return Header{"Authorization": "Bearer " + got.JSON(a.T)["access_token"].(string)}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
