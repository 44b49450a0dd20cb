package chatstream_test

import (
	"context"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

type (
	header = apitest.Header
	answer = apitest.Response
	option = apitest.Option
	stream = apitest.Stream
	frame  = apitest.Frame
)

// api is a running service with what the tests of this package ask of it.
type api struct{ *apitest.API }

func start(t *testing.T, model agent.Model, options ...option) *api {
	t.Helper()
	return &api{apitest.Start(t, model, options...)}
}

// streaming returns a model whose answers are what stream emits.
func streaming(stream streamFunc) *llmtest.Model {
	return llmtest.NewModelFunc(func(ctx context.Context, _ agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
		return agent.Answer{}, stream(ctx, emit)
	})
}

type streamFunc func(ctx context.Context, emit agent.Emit) error

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
