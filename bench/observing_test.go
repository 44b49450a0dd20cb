//go:build unix

package bench_test

import (
	"context"
	"log/slog"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/metrics"
	"github.com/adiuva/cloud-api/internal/span"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tracing"
)

// BenchmarkObserving measures what metrics, and tracing that is switched off, add to the CPU time of POST /chat: what
// such a request reports is done many times over in this process, in turn with requests to a gateway.
func BenchmarkObserving(b *testing.B) {
	model := startModel(b)
	model.answerWhole(prose)
	f, build := newFleet(b, model), binaries(b)[0]
	chat := batch{gateway: f.ours(build.name, build.path), bodies: []string{question(3, 0)}}
	const requests = 100
	chat.run(b, requests) // warm up
	m, answering := metrics.New("bench"), instant{}
	counted := m.Model(answering, "openai", []string{"gpt-4o-mini"})
	traced := tracing.Model(answering, "openai", []string{"gpt-4o-mini"})
	off := tracing.Off()
	statements, log := off.Database(), tracing.LogHandler(slog.DiscardHandler)
	var inMetrics, inTracing []float64
	for b.Loop() {
		before := chat.cpu(b)
		chat.run(b, requests)
		request := float64(chat.cpu(b)-before) / requests
		bare := cpuPerCall(b, func() { call(answering) })
		inMetrics = append(inMetrics, (cpuPerCall(b, func() { report(m, counted) })-2*bare)/request)
		observing := cpuPerCall(b, func() { observeOff(off, traced, statements, log) })
		inTracing = append(inTracing, (observing-2*bare)/request)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(100*median(inMetrics), "metrics-%")
	b.ReportMetric(100*median(inTracing), "tracing-off-%")
}

// instant is a model that answers at once, so that what is around it can be measured.
type instant struct{ *llmtest.Model }

func (instant) Generate(context.Context, agent.ModelCall, agent.Emit) (agent.Answer, error) {
	return agent.Answer{Text: "Fine.", Usage: agent.Usage{InputTokens: 100, OutputTokens: 10, ModelCalls: 1}}, nil
}

func call(m agent.Model) {
	_, _ = m.Generate(context.Background(), agent.ModelCall{Attempt: agent.Attempt{Model: "gpt-4o-mini"}}, nil)
}

// report reports what a chat with a router and an agent does.
func report(m *metrics.Metrics, model agent.Model) {
	m.Active(1)
	m.RateLimited("team", false)
	m.Budgeted(false)
	call(model)
	m.Budgeted(false)
	call(model)
	m.Agent("task_agent", false, time.Millisecond)
	m.Request("chat", http.StatusOK, time.Millisecond)
	m.Active(-1)
}

// observeOff does what tracing does for such a chat while it is switched off: the server's span, an agent's, two calls
// of models, four statements and a line of the log.
func observeOff(off *tracing.Tracing, model agent.Model, statements pgx.QueryTracer, log slog.Handler) {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(http.Header{}))
	ctx, s := off.Provider().Tracer(span.Scope).Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	ctx, working := span.Start(ctx, "invoke_agent task_agent")
	call(model)
	call(model)
	for range 4 {
		done := statements.TraceQueryStart(ctx, nil, pgx.TraceQueryStartData{SQL: "-- name: Me :one\nSELECT 1"})
		statements.TraceQueryEnd(done, nil, pgx.TraceQueryEndData{})
	}
	_ = log.Handle(ctx, slog.Record{})
	span.End(working, "")
	span.End(s, "")
}

// cpuPerCall returns the CPU time of a call of work in nanoseconds: the mean of many.
func cpuPerCall(b *testing.B, work func()) float64 {
	b.Helper()
	const calls = 20_000
	before := selfCPU(b)
	for range calls {
		work()
	}
	return float64(selfCPU(b)-before) / calls
}

func selfCPU(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
