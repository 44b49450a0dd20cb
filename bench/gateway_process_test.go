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
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Each gateway runs in a process of its own with one processor, so that its CPU time and memory can be measured: the
// test binary is started again with these variables and serves until its standard input is closed.
const (
	gatewayKind     = "BENCH_GATEWAY"
	gatewayUpstream = "BENCH_UPSTREAM"
	// gatewayProfileDir is a folder for CPU and memory profiles of each gateway; "" means none.
	gatewayProfileDir = "BENCH_PROFILES"
)

// gateway is a process that is measured, as the load generator sees it.
type gateway struct {
	URL       string
	Tokens    []string // one for each of accountCount accounts
	commands  io.Writer
	responses *bufio.Reader
	// process, when not 0, is the id of another program, whose usage is read from the system.
	process int
}

// usage is what a process has used so far.
type usage struct {
	CPU    time.Duration // user and system
	Memory int64         // resident, in bytesMemory
}

// startGateway starts a gateway of this kind that calls upstream.
func startGateway(b *testing.B, kind, upstream string) *gateway {
	b.Helper()
	responses, childResponses, err := os.Pipe()
	check(b, err)
	args := []string{"-test.run=^$", "-test.bench=^BenchmarkChat$", "-test.benchtime=1x"}
	if dir := os.Getenv(gatewayProfileDir); dir != "" {
		now := time.Now().UnixNano()
		args = append(args, fmt.Sprintf("-test.cpuprofile=%s/%s-%d.prof", dir, kind, now),
			fmt.Sprintf("-test.memprofile=%s/%s-%d.mem", dir, kind, now))
	}
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), os.Args[0], args...)
	cmd.Env = append(os.Environ(), gatewayKind+"="+kind, gatewayUpstream+"="+upstream, "GOMAXPROCS=1")
	cmd.ExtraFiles, cmd.Stderr = []*os.File{childResponses}, os.Stderr
	stdin, err := cmd.StdinPipe()
	check(b, err)
	check(b, cmd.Start())
	check(b, childResponses.Close())
	b.Cleanup(func() {
		_ = stdin.Close() // which makes it exit
		_ = cmd.Wait()
		_ = responses.Close()
	})
	g := &gateway{commands: stdin, responses: bufio.NewReader(responses)}
	g.read(b, g)
	return g
}

// read decodes the next response of the process.
func (g *gateway) read(b *testing.B, into any) {
	b.Helper()
	line, err := g.responses.ReadBytes('\n')
	if err != nil {
		b.Fatalf("the gateway exited: %v", err)
	}
	check(b, json.Unmarshal(line, into))
}

// usage returns what the process has used so far. freeMemory returns its garbage to the system first.
func (g *gateway) usage(b *testing.B, freeMemory bool) (u usage) {
	b.Helper()
	if g.process != 0 {
		return usageOf(b, g.process)
	}
	_, err := fmt.Fprintln(g.commands, freeMemory)
	check(b, err)
	g.read(b, &u)
	return u
}

// serveAsGateway serves if this process was started as a gateway, and reports whether it was.
func serveAsGateway(b *testing.B) bool {
	kind := os.Getenv(gatewayKind)
	if kind == "" {
		return false
	}
	handler, tokens := gatewayHandler(b, kind, os.Getenv(gatewayUpstream))
	server := httptest.NewServer(handler)
	out := json.NewEncoder(os.NewFile(3, "responses"))
	check(b, out.Encode(gateway{URL: server.URL, Tokens: tokens}))
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() == "true" {
			debug.FreeOSMemory()
		}
		var r syscall.Rusage
		check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
		cpu := time.Duration(r.Utime.Nano() + r.Stime.Nano())
		check(b, out.Encode(usage{CPU: cpu, Memory: residentMemory()}))
	}
	server.CloseClientConnections()
	return true
}

// residentMemory returns the resident memory of this process in bytes, or Go's own figure where the system has none.
func residentMemory() int64 {
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

// gatewayHandler returns the handler of a kind of gateway and access tokens for it.
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

const accountCount = 240 // of at most five sockets each

// ours returns the whole service as package app wires it, with its log written to the null device. The kind
// unfiltered has no leak filter, the kind unrouted does not ask the model for the agent.
func ours(b *testing.B, kind, upstream string) (http.Handler, []string) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	check(b, err)
	log := slog.New(slog.NewJSONHandler(null, nil))
	client, err := llm.New(llm.Config{
		APIKey: "k", BaseURL: upstream + "/v1", Model: "gpt-4o-mini", RouterModel: "gpt-4o-nano", Log: log,
	})
	check(b, err)
	var model agent.Model = client
	if kind == "unrouted" {
		model = fixedRoute{client}
	}
	cfg := apitest.Config(b)
	cfg.JWTAccessTTL, cfg.RateLimits = time.Hour, "on"
	service, err := app.New(b.Context(), cfg, app.Options{Log: log, Version: "bench", DB: pgtest.New(b), Model: model,
		Chat: func(c *chat.Config) {
			if kind == "unfiltered" {
				c.Filter = func(context.Context, identity.User, ...string) chat.Guard { return noFilter{} }
			}
		},
	})
	check(b, err)
	b.Cleanup(service.Close)
	return service.API, login(b, service.Auth)
}

// login creates the accounts, with limits that no benchmark reaches, and returns a token for each.
func login(b *testing.B, accounts *auth.Service) []string {
	var tokens []string
	for i := range accountCount {
		address := fmt.Sprintf("bench%d@example.com", i)
		_, err := accounts.CreateUser(b.Context(), address, "correct horse battery", tier.Team)
		check(b, err)
		check(b, accounts.SetTier(b.Context(), address, tier.Team, 10_000))
		t, err := accounts.Login(b.Context(), auth.Credentials{Email: address, Password: "correct horse battery"})
		check(b, err)
		tokens = append(tokens, t.AccessToken)
	}
	return tokens
}

// fixedRoute answers the router with the task agent, without the upstream.
type fixedRoute struct{ agent.Model }

func (a fixedRoute) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if call.Small {
		return agent.Answer{Text: "task_agent"}, nil
	}
	return a.Model.Generate(ctx, call, emit)
}

// noFilter is a leak filter that passes everything on.
type noFilter struct{}

func (noFilter) Text(s string) (clean, hit string)       { return s, "" }
func (noFilter) Values(...string) (hit string)           { return "" }
func (noFilter) Stream(emit agent.Emit) chat.GuardStream { return noFilterStream{emit} }

type noFilterStream struct{ emit agent.Emit }

func (p noFilterStream) Write(text string) error { return p.emit(text) }
func (noFilterStream) Close() error              { return nil }
func (noFilterStream) Hit() string               { return "" }
