// Package span starts spans of traces. A span belongs to the trace of its context; outside a trace nothing is recorded,
// so nobody needs a tracer. Names and attributes are names of ours, numbers and codes, and never what people write.
package span

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Scope names this service's own spans among those of libraries.
const Scope = "github.com/adiuva/cloud-api"

// Start starts a span below that of ctx. The caller ends it.
func Start(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	return start(ctx, name, trace.SpanKindInternal, attributes)
}

// StartClient starts a span of a call of another service.
func StartClient(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	return start(ctx, name, trace.SpanKindClient, attributes)
}

// End ends a span. code, unless it is "", says how the work failed.
func End(s trace.Span, code string) {
	if code != "" {
		s.SetStatus(codes.Error, code)
		s.SetAttributes(attribute.String("error.type", code))
	}
	s.End()
}

func start(
	ctx context.Context, name string, kind trace.SpanKind, attributes []attribute.KeyValue,
) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, trace.SpanFromContext(context.Background()) // does nothing
	}
	return parent.TracerProvider().Tracer(Scope).Start(ctx, name, trace.WithSpanKind(kind),
		trace.WithAttributes(attributes...))
}
