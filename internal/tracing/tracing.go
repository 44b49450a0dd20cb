// Package tracing sends traces to an OpenTelemetry collector, and has the spans around what other packages call:
// models, the store of backups, the database and other services. The service's own spans are started with package span.
// No span has text of a person, a model or a prompt.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Config says where traces go. Sampling, batches, headers and certificates are the OTEL_ variables of OpenTelemetry's
// own, which its library reads from the environment.
type Config struct {
	Endpoint string // of a collector, by HTTP; "" records nothing
	Version  string // of the service
}

// Tracing records traces, or nothing. It is safe for concurrent use.
type Tracing struct {
	provider trace.TracerProvider
	close    func(ctx context.Context) error
}

// Off returns a Tracing that records nothing.
func Off() *Tracing {
	return &Tracing{provider: noop.NewTracerProvider(), close: func(context.Context) error { return nil }}
}

// Open returns a Tracing for the configuration. It fails for an endpoint that is no URL; an unreachable one is no
// error, and spans are then dropped.
func Open(ctx context.Context, cfg Config) (*Tracing, error) {
	if cfg.Endpoint == "" {
		return Off(), nil
	}
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(strings.TrimSuffix(cfg.Endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "adiuva-api"),
		attribute.String("service.version", cfg.Version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return &Tracing{provider: provider, close: provider.Shutdown}, nil
}

// Close sends what is left.
func (t *Tracing) Close(ctx context.Context) error { return t.close(ctx) }

// Provider returns where the first span of a request is started.
func (t *Tracing) Provider() trace.TracerProvider { return t.provider }

// Database returns what traces the statements of a database. The spans have the text of a statement, which is ours, and
// no values.
func (t *Tracing) Database() pgx.QueryTracer {
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(t.provider), otelpgx.WithSpanNameFunc(statementName),
		otelpgx.WithDisableConnectionDetailsInAttributes())
}

// statementName returns the name of a generated query, "name: Foo :one" in its first line, and of others the first
// word.
func statementName(sql string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(sql), "\n")
	words := strings.Fields(strings.TrimPrefix(line, "--"))
	switch {
	case len(words) > 1 && words[0] == "name:":
		return "sql " + words[1]
	case len(words) > 0:
		return "sql " + words[0]
	}
	return "sql"
}

// LogHandler returns next with the trace and the span of each line's context.
func LogHandler(next slog.Handler) slog.Handler { return logHandler{next} }

type logHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h logHandler) Handle(ctx context.Context, record slog.Record) error {
	if s := trace.SpanContextFromContext(ctx); s.IsValid() {
		record.AddAttrs(slog.String("trace_id", s.TraceID().String()), slog.String("span_id", s.SpanID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }

// inject adds the trace of a request's context to its headers.
func inject(req *http.Request) {
	propagation.TraceContext{}.Inject(req.Context(), propagation.HeaderCarrier(req.Header))
}
