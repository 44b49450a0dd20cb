//go:build unix

package bench_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// A gateway is measured in a process of its own, with one processor, so that its CPU time and memory are its own: the
// test binary is started anew, finds these variables and serves until its standard input ends.
const (
	gatewayKind     = "BENCH_GATEWAY"
	gatewayUpstream = "BENCH_UPSTREAM"
	// gatewayProfiles names a folder for one CPU profile a gateway; empty for none.
	gatewayProfiles = "BENCH_PROFILES"
)

// gateway is one process under measurement, seen from the load generator.
type gateway struct {
	URL    string
	Tokens []string // of as many accounts as benchAccounts
	asks   io.Writer
	says   *bufio.Reader
	// process, when not 0, is another program's, which is not asked but looked at.
	process int
}

// usage is what a gateway's process has used so far.
type usage struct {
	CPU    time.Duration // user and system
	Memory int64         // bytes resident
}

// startGateway starts a process that serves as kind and calls upstream.
func startGateway(b *testing.B, kind, upstream string) *gateway {
	b.Helper()
	says, childSays, err := os.Pipe()
	fatal(b, err)
	args := []string{"-test.run=^$", "-test.bench=^BenchmarkChat$", "-test.benchtime=1x"}
	if dir := os.Getenv(gatewayProfiles); dir != "" {
		now := time.Now().UnixNano()
		args = append(args, fmt.Sprintf("-test.cpuprofile=%s/%s-%d.prof", dir, kind, now), fmt.Sprintf("-test.memprofile=%s/%s-%d.mem", dir, kind, now))
	}
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), os.Args[0], args...)
	cmd.Env = append(os.Environ(), gatewayKind+"="+kind, gatewayUpstream+"="+upstream, "GOMAXPROCS=1")
	cmd.ExtraFiles, cmd.Stderr = []*os.File{childSays}, os.Stderr
	stdin, err := cmd.StdinPipe()
	fatal(b, err)
	fatal(b, cmd.Start())
	fatal(b, childSays.Close())
	b.Cleanup(func() {
		_ = stdin.Close() // which ends it
		_ = cmd.Wait()
		_ = says.Close()
	})
	g := &gateway{asks: stdin, says: bufio.NewReader(says)}
	g.hear(b, g)
	return g
}

// hear reads the next thing the gateway says.
func (g *gateway) hear(b *testing.B, into any) {
	b.Helper()
	line, err := g.says.ReadBytes('\n')
	if err != nil {
		b.Fatalf("the gateway ended: %v", err)
	}
	fatal(b, json.Unmarshal(line, into))
}

// usage asks what was used so far; collected when garbage is to be given back first.
func (g *gateway) usage(b *testing.B, collected bool) (u usage) {
	b.Helper()
	if g.process != 0 {
		return usageOf(b, g.process)
	}
	_, err := fmt.Fprintln(g.asks, collected)
	fatal(b, err)
	g.hear(b, &u)
	return u
}

// served turns this process into a gateway when it was started as one, and reports whether it was.
func served(b *testing.B) bool {
	kind := os.Getenv(gatewayKind)
	if kind == "" {
		return false
	}
	handler, tokens := gatewayHandler(b, kind, os.Getenv(gatewayUpstream))
	server := httptest.NewServer(handler)
	out := json.NewEncoder(os.NewFile(3, "says"))
	fatal(b, out.Encode(gateway{URL: server.URL, Tokens: tokens}))
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() == "true" {
			debug.FreeOSMemory()
		}
		var r syscall.Rusage
		fatal(b, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
		cpu := time.Duration(r.Utime.Nano() + r.Stime.Nano())
		fatal(b, out.Encode(usage{CPU: cpu, Memory: resident()}))
	}
	server.CloseClientConnections()
	return true
}

// resident returns how many bytes of this process lie in memory; where the system does not say, what Go holds of it.
func resident() int64 {
	var pages, inMemory int64
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		if _, err := fmt.Sscan(string(text), &pages, &inMemory); err == nil {
			return inMemory * int64(os.Getpagesize())
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

// gatewayHandler returns the handler of that kind and access tokens for it.
func gatewayHandler(b *testing.B, kind, upstream string) (http.Handler, []string) {
	switch kind {
	case "ours", "unfiltered", "unrouted":
		return ours(b, kind, upstream)
	case "langchaingo":
		return langchaingoGateway(b, upstream), referenceTokens()
	case "echofull":
		return echofullGateway(upstream), referenceTokens()
	case "proxy":
		return proxyGateway(b, upstream), referenceTokens()
	}
	b.Fatalf("no gateway %q", kind)
	return nil, nil
}

const benchAccounts = 240 // with five sockets each

// ours is the whole service as package app wires it, its log written to the null device. The kind unfiltered lets every
// text through, the kind unrouted does not ask the model which agent a message is for.
func ours(b *testing.B, kind, upstream string) (http.Handler, []string) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	fatal(b, err)
	log := slog.New(slog.NewJSONHandler(null, nil))
	client, err := llm.New(llm.Config{
		APIKey: "k", BaseURL: upstream + "/v1", Model: "gpt-4o-mini", RouterModel: "gpt-4o-nano", Log: log,
	})
	fatal(b, err)
	var model agent.Model = client
	if kind == "unrouted" {
		model = alwaysTask{client}
	}
	cfg := apitest.Config(b)
	cfg.JWTAccessTTL, cfg.RateLimits = time.Hour, "on"
	service, err := app.New(b.Context(), cfg, app.Options{Log: log, Version: "bench", DB: pgtest.New(b), Model: model,
		HTTP: func(c *httpapi.Config) {
			if kind == "unfiltered" {
				c.Chat = unfiltered(b, model, log)
			}
		},
	})
	fatal(b, err)
	b.Cleanup(service.Close)
	return service.API, login(b, service.Auth)
}

// unfiltered returns an orchestrator whose leak filter lets everything through.
func unfiltered(b *testing.B, model agent.Model, log *slog.Logger) *chat.Orchestrator {
	agents, err := app.NewAgents(model, nil)
	fatal(b, err)
	templates, err := app.NewTemplates(agents)
	fatal(b, err)
	return chat.New(chat.Config{Agents: agents, Model: model, Templates: templates, Log: log,
		Filter: func(...string) chat.Guard { return passing{} }})
}

// login opens the accounts, with limits that no benchmark reaches, and returns a token of each.
func login(b *testing.B, accounts *auth.Service) []string {
	var tokens []string
	for i := range benchAccounts {
		address := fmt.Sprintf("bench%d@example.com", i)
		_, err := accounts.CreateUser(b.Context(), address, "correct horse battery", tier.Team)
		fatal(b, err)
		fatal(b, accounts.SetTier(b.Context(), address, tier.Team, 10_000))
		t, err := accounts.Login(b.Context(), address, "correct horse battery")
		fatal(b, err)
		tokens = append(tokens, t.AccessToken)
	}
	return tokens
}

// alwaysTask is a model that needs no upstream to name the task agent.
type alwaysTask struct{ agent.Model }

// Generate implements agent.Model.
func (a alwaysTask) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if call.Small {
		return agent.Answer{Text: "task_agent"}, nil
	}
	return a.Model.Generate(ctx, call, emit)
}

// passing is a guard that lets everything through.
type passing struct{}

func (passing) Text(s string) (clean, hit string)       { return s, "" }
func (passing) Values(...string) (hit string)           { return "" }
func (passing) Stream(emit agent.Emit) chat.GuardStream { return passingStream{emit} }

type passingStream struct{ emit agent.Emit }

func (p passingStream) Write(text string) error { return p.emit(text) }
func (passingStream) Close() error              { return nil }
func (passingStream) Hit() string               { return "" }

func fatal(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
