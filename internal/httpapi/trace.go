package httpapi

import (
	"context"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/adiuva/cloud-api/internal/span"
)

// startTrace starts the span of a request. It goes on with the trace of a valid traceparent header. A tracestate is not
// taken over: it would be a caller's text in our traces and in calls of others.
func (s *Server) startTrace(ctx context.Context, r *http.Request) (context.Context, trace.Span) {
	if _, silent := s.cfg.Traces.(noop.TracerProvider); silent && len(r.Header["Traceparent"]) == 0 {
		return ctx, trace.SpanFromContext(ctx) // which records nothing either
	}
	if remote := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(),
		propagation.HeaderCarrier(r.Header))); remote.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, remote.WithTraceState(trace.TraceState{}))
	}
	return s.cfg.Traces.Tracer(span.Scope).Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
}

// endTrace ends the span of a request, with the operation as its name.
func endTrace(traced trace.Span, method string, info *requestInfo) {
	if traced.IsRecording() {
		traced.SetName(info.route)
		traced.SetAttributes(attribute.String("http.request.method", method),
			attribute.String("http.route", info.route), attribute.Int("http.response.status_code", info.status),
			attribute.String("adiuva.request_id", info.id))
		if info.code != "" {
			traced.SetAttributes(attribute.String("error.type", string(info.code)))
		}
		if info.status >= http.StatusInternalServerError {
			traced.SetStatus(codes.Error, string(info.code))
		}
	}
	traced.End()
}

// LogHandler returns next with the request's id in every line of a request.
func LogHandler(next slog.Handler) slog.Handler { return requestIDs{next} }

type requestIDs struct{ slog.Handler }

// Handle implements slog.Handler.
func (h requestIDs) Handle(ctx context.Context, record slog.Record) error {
	info, inRequest := ctx.Value(requestInfoKey{}).(*requestInfo)
	if inRequest {
		record.Attrs(func(a slog.Attr) bool {
			inRequest = inRequest && a.Key != "request_id"
			return inRequest
		})
	}
	if inRequest {
		record.AddAttrs(slog.String("request_id", info.id))
	}
	return h.Handler.Handle(ctx, record)
}

func (h requestIDs) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestIDs{h.Handler.WithAttrs(attrs)}
}
func (h requestIDs) WithGroup(name string) slog.Handler { return requestIDs{h.Handler.WithGroup(name)} }
