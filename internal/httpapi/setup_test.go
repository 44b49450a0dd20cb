package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/analytics"
	"github.com/adiuva/cloud-api/internal/agent/calendar"
	"github.com/adiuva/cloud-api/internal/agent/email"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// api is a server with everything real behind it but the language model.
type api struct {
	t      *testing.T
	server *httpapi.Server
	url    string
	logs   *lines

	accounts *auth.Service
	db       *postgres.DB
	stripe   *devstripe.Server
	bills    *billing.Service
}

// lines collects log output.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

type option func(*httpapi.Config)

// limited switches rate limits on, in memory.
func limited(t *testing.T) option {
	return func(c *httpapi.Config) {
		limiter, err := ratelimit.New(ratelimit.Config{Log: c.Log})
		if err != nil {
			t.Fatal(err)
		}
		c.Limiter = limiter
	}
}

// builtin returns the agents written in Go on that model, and every template there is.
func builtin(t testing.TB, model agent.Model) (*agent.Registry, *playbook.Templates) {
	t.Helper()
	agents, err := agent.NewRegistry(task.New(model), calendar.New(model), email.New(model), analytics.New(model))
	check(t, err)
	catalogue, err := playbook.Catalogue()
	check(t, err)
	templates, err := playbook.NewTemplates(append(catalogue, agents.Templates()...)...)
	check(t, err)
	return agents, templates
}

func start(t *testing.T, model agent.Model, options ...option) *api {
	t.Helper()
	if model == nil {
		model = offline.New(offline.Config{})
	}
	logs := &lines{}
	log := slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	db := pgtest.New(t)
	accounts, err := auth.New(auth.Config{DB: db, Secret: strings.Repeat("s", 32), Pepper: strings.Repeat("p", 32), BcryptCost: 4, Log: log})
	check(t, err)
	agents, templates := builtin(t, model)
	library, err := playbook.Playbooks(templates)
	check(t, err)
	site, err := docsite.New(docsite.Config{Version: "test"})
	check(t, err)
	cfg := httpapi.Config{
		Auth: accounts, Agents: agents, Playbooks: library, Docs: site, Ready: db.Ping, Version: "test", Log: log,
		CORSOrigins: []string{"app://adiuva", "http://localhost:*"},
		Chat: chat.New(chat.Config{Agents: agents, Model: model, Templates: templates,
			Filter: chat.Sanitized(sanitize.New(chat.Secrets(agents, templates)...)), Log: log}),
	}
	blobs, err := diskblob.New(t.TempDir())
	check(t, err)
	cfg.Backups = backup.New(backup.Config{DB: db, Store: blobs, Log: log})
	stripe, bills := newShop(t, db, log)
	cfg.Billing = bills
	for _, o := range options {
		o(&cfg)
	}
	server, err := httpapi.New(cfg)
	check(t, err)
	ts := httptest.NewServer(server)
	t.Cleanup(ts.Close)
	return &api{t: t, server: server, url: ts.URL, logs: logs, accounts: accounts, db: db, stripe: stripe, bills: bills}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatalf("%d: not a JSON object: %v: %s", a.status, err, a.body)
	}
	return m
}

// code is the problem's code, or "".
func (a answer) code() string {
	var p struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(a.body, &p) != nil {
		return ""
	}
	return p.Code
}

type header map[string]string

func (a *api) do(method, path, body string, headers header) answer {
	a.t.Helper()
	return a.send(method, path, strings.NewReader(body), headers)
}

func (a *api) send(method, path string, body io.Reader, headers header) answer {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, body)
	check(a.t, err)
	if body != http.NoBody && headers["Content-Type"] == "" && method != http.MethodGet && method != http.MethodHead {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	check(a.t, err)
	defer func() { check(a.t, resp.Body.Close()) }()
	data, err := io.ReadAll(resp.Body)
	check(a.t, err)
	return answer{resp.StatusCode, resp.Header, data}
}

// register opens an account and returns the header that speaks for it.
func (a *api) register(email string) header {
	a.t.Helper()
	got := a.do("POST", "/api/v1/auth/register", `{"email":"`+email+`","password":"correct horse battery"}`, nil)
	if got.status != http.StatusCreated {
		a.t.Fatalf("register: %d %s", got.status, got.body)
	}
	return header{"Authorization": "Bearer " + got.json(a.t)["access_token"].(string)}
}
