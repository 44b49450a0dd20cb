package chatstream_test

import (
	"context"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

type (
	header = apitest.Header
	answer = apitest.Response
	option = apitest.Option
	stream = apitest.Stream
)

// api is a running service.
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

// blockingModel returns a model that emits the words and then blocks until its call is cancelled. It sends on started
// when it blocks and on ended when it returns.
func blockingModel(words string) (model *llmtest.Model, started, ended chan struct{}) {
	started, ended = make(chan struct{}, 100), make(chan struct{}, 100)
	return streaming(func(ctx context.Context, emit agent.Emit) error {
		defer func() { ended <- struct{}{} }()
		if words != "" {
			if err := emit(words); err != nil {
				return err
			}
		}
		started <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}), started, ended
}

// waitFor waits for the event and fails the test when that takes longer than limit.
func waitFor(t *testing.T, limit time.Duration, event <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(limit):
		t.Fatalf("waited %s for %s", limit, what)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
