package tracing

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/span"
)

// Model returns model with a span for each call, as one of the provider. Names of models are only in it if known has
// them: callers with a key of their own may name any.
func Model(model agent.Model, provider string, known []string) agent.Model {
	return &tracedModel{Model: model, provider: provider, known: known}
}

type tracedModel struct {
	agent.Model
	provider string
	known    []string
}

// Generate implements agent.Model.
func (m *tracedModel) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	name := call.Attempt.Model
	if !slices.Contains(m.known, name) {
		name = "other"
	}
	ctx, s := span.StartClient(ctx, "chat "+name, attribute.String("gen_ai.operation.name", "chat"),
		attribute.String("gen_ai.provider.name", m.provider), attribute.String("gen_ai.request.model", name),
		attribute.Bool("gen_ai.request.stream", emit != nil))
	if next := emit; next != nil && s.IsRecording() {
		first := true
		emit = func(text string) error {
			if first && text != "" {
				first = false
				s.AddEvent("first text")
			}
			return next(text)
		}
	}
	answer, err := m.Model.Generate(ctx, call, emit)
	s.SetAttributes(attribute.Int64("gen_ai.usage.input_tokens", answer.Usage.InputTokens),
		attribute.Int64("gen_ai.usage.output_tokens", answer.Usage.OutputTokens))
	endCall(s, err, agent.Outcome(err))
	return answer, err
}

// Store returns store with a span for each call. The spans do not have the keys, which name accounts.
func Store(store backup.Store) backup.Store { return tracedStore{store} }

type tracedStore struct{ backup.Store }

// Put implements backup.Store.
func (t tracedStore) Put(ctx context.Context, key string, body io.Reader, size int64) error {
	ctx, s := span.StartClient(ctx, "store put", attribute.Int64("adiuva.bytes", size))
	err := t.Store.Put(ctx, key, body, size)
	endCall(s, err, "error")
	return err
}

// Get implements backup.Store. The span ends before the bytes are read.
func (t tracedStore) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	ctx, s := span.StartClient(ctx, "store get", attribute.Int64("adiuva.bytes", length))
	body, err := t.Store.Get(ctx, key, offset, length)
	endCall(s, err, "error")
	return body, err
}

// Stat implements backup.Store.
func (t tracedStore) Stat(ctx context.Context, key string) (int64, error) {
	ctx, s := span.StartClient(ctx, "store stat")
	size, err := t.Store.Stat(ctx, key)
	endCall(s, err, "error")
	return size, err
}

// Delete implements backup.Store.
func (t tracedStore) Delete(ctx context.Context, key string) error {
	ctx, s := span.StartClient(ctx, "store delete")
	err := t.Store.Delete(ctx, key)
	endCall(s, err, "error")
	return err
}

// endCall ends the span of a call, which failed with code if err is not nil.
func endCall(s trace.Span, err error, code string) {
	if err == nil {
		code = ""
	}
	span.End(s, code)
}

// Transport returns next with a span for each request to a service of that name, and with the trace in its headers.
func Transport(next http.RoundTripper, service string) http.RoundTripper {
	return transport{next, service}
}

type transport struct {
	next    http.RoundTripper
	service string
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, s := span.StartClient(req.Context(), t.service+" "+req.Method,
		attribute.String("http.request.method", req.Method), attribute.String("server.address", t.service))
	if !s.IsRecording() {
		return t.next.RoundTrip(req)
	}
	req = req.Clone(ctx)
	inject(req)
	resp, err := t.next.RoundTrip(req)
	switch {
	case err != nil:
		span.End(s, "network")
	case resp.StatusCode >= http.StatusBadRequest:
		s.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
		span.End(s, strconv.Itoa(resp.StatusCode))
	default:
		s.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
		s.End()
	}
	return resp, err
}
