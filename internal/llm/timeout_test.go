package llm_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func TestRetryWaitEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := llmtest.NewHandler()
		client := newBubbleClient(t, handler)
		handler.Script(llmtest.RefuseFor(503, "2"), llmtest.Say("fine"))
		start := time.Now()
		if _, err := client.Generate(t.Context(), ask("hi"), nil); err != nil || time.Since(start) != 2*time.Second {
			t.Fatalf("error %v after %v", err, time.Since(start))
		}
		handler.Script(llmtest.RefuseFor(503, "2"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.Generate(ctx, ask("hi"), nil)
		if !errors.Is(err, agent.ErrModelTimeout) || time.Since(start) != 3*time.Second {
			t.Fatalf("error %v after %v", err, time.Since(start))
		}
	})
}

// newBubbleClient returns a client that calls handler without sockets, for a synctest bubble. Its timeouts are the
// defaults.
func newBubbleClient(t *testing.T, handler http.Handler) *llm.Client {
	t.Helper()
	client, err := llm.New(llm.Config{APIKey: "k", BaseURL: "http://model/v1", Model: "big", RouterModel: "small",
		Transport: llmtest.Transport(handler)})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	comments := func(x *llmtest.Exchange, n int) {
		for range n {
			select {
			case <-time.After(10 * time.Second):
				x.Raw(": still here\n\n")
			case <-x.Context().Done():
				return
			}
		}
	}
	for name, test := range map[string]struct {
		step  llmtest.Step
		after time.Duration
	}{
		"no headers":                      {llmtest.StallBeforeHeaders(), 20 * time.Second},
		"no token":                        {llmtest.StallMidStream(), 20 * time.Second},
		"no second token":                 {llmtest.StallMidStream("a"), 15 * time.Second},
		"comments do not start an answer": {func(x *llmtest.Exchange) { x.Role(); comments(x, 99) }, 20 * time.Second},
		"comments keep an answer alive": {func(x *llmtest.Exchange) {
			x.Text("a")
			comments(x, 3)
			x.Stall()
		}, 45 * time.Second},
		"reasoning starts an answer": {func(x *llmtest.Exchange) {
			x.Delta(`{"reasoning_content":"hm"}`)
			comments(x, 1)
			x.Stall()
		}, 25 * time.Second},
		"thoughts without text start an answer": {func(x *llmtest.Exchange) {
			x.Delta(`{"reasoning_details":[{"type":"reasoning.encrypted","data":"x"}]}`)
			x.Stall()
		}, 15 * time.Second},
		"thinking parts start an answer": {func(x *llmtest.Exchange) {
			x.Delta(`{"content":[{"type":"thinking","thinking":[]}]}`)
			x.Stall()
		}, 15 * time.Second},
		"thoughts in the text start an answer": {func(x *llmtest.Exchange) {
			x.Text("<think>")
			comments(x, 1)
			x.Stall()
		}, 25 * time.Second},
		"no end": {func(x *llmtest.Exchange) { x.Text("a"); comments(x, 99) }, 120 * time.Second},
		"half a document": {func(x *llmtest.Exchange) {
			x.Head(http.StatusOK, "application/json")
			x.Raw(`{"choices"`)
			x.Stall()
		}, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { testTimeout(t, test.step, test.after) })
		})
	}
}

// testTimeout expects a call that step serves to fail after exactly that time. It must run in a synctest bubble.
func testTimeout(t *testing.T, step llmtest.Step, after time.Duration) {
	t.Helper()
	handler := llmtest.NewHandler()
	handler.Script(step)
	client := newBubbleClient(t, handler)
	start := time.Now()
	_, err := client.Generate(t.Context(), ask("hi"), nil)
	if !errors.Is(err, agent.ErrModelTimeout) || errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want ErrModelTimeout", err)
	}
	if got := time.Since(start); got != after {
		t.Errorf("failed after %v, want %v", got, after)
	}
	if n := len(handler.Requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	synctest.Wait()
	if n := handler.Running(); n != 0 {
		t.Errorf("%d requests still run", n)
	}
}

func TestSlowButSteadyStreamSucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := llmtest.NewHandler()
		handler.Script(func(x *llmtest.Exchange) {
			<-time.After(19 * time.Second) // on the bubble's clock
			for range 6 {
				x.Text("a")
				<-time.After(14 * time.Second)
			}
			x.Finish("stop")
		})
		answer, err := newBubbleClient(t, handler).Generate(t.Context(), ask("hi"), nil)
		if err != nil || answer.Text != "aaaaaa" {
			t.Fatalf("answer %+v, error %v", answer, err)
		}
	})
}

// isCanceled reports whether err is a cancellation and no fault of the model.
func isCanceled(err error) bool {
	var f *fault.Error
	return errors.Is(err, context.Canceled) && !errors.As(err, &f)
}

func TestCancelStopsTheUpstreamCall(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]llmtest.Step{
		"before the headers": llmtest.StallBeforeHeaders(), "in mid-stream": llmtest.StallMidStream("a", "b"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := setup(t)
			srv.Script(step)
			ctx, cancel := context.WithCancelCause(t.Context())
			var left time.Time
			go func() {
				<-srv.Stalled()
				left = time.Now()
				cancel(errors.New("socket closed"))
			}()
			answer, err := client.Generate(ctx, ask("hi"), func(string) error { return nil })
			if !isCanceled(err) || answer.Text != "" {
				t.Errorf("answer %+v, error %v", answer, err)
			}
			<-srv.Canceled()
			if took := time.Since(left); took > time.Second {
				t.Errorf("the upstream call stopped after %v", took)
			}
			if n := len(srv.Requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestCancelDuringRetryWait(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	client, srv := setup(t, func(c *llm.Config) {
		c.Sleep = func(ctx context.Context, _ time.Duration) error {
			cancel(errors.New("socket closed"))
			<-ctx.Done()
			return ctx.Err()
		}
	})
	srv.Script(llmtest.Refuse(500))
	if _, err := client.Generate(ctx, ask("hi"), nil); !isCanceled(err) {
		t.Fatalf("error %v, want a cancellation", err)
	}
	if n := len(srv.Requests()); n != 1 {
		t.Fatalf("%d requests", n)
	}
}
