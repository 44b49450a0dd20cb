package llm_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func TestFailures(t *testing.T) {
	t.Parallel()
	ok := llmtest.Say("fine")
	brokenHTTP := func(x *llmtest.Exchange) { x.Reset() }
	for name, test := range map[string]struct {
		script  []llmtest.Step
		want    *fault.Error // nil: an answer
		asked   int
		heard   []string
		waited  time.Duration // RetryAfter of the fault
		alerted bool
	}{
		"429 once":                  {script: []llmtest.Step{llmtest.Refuse(429), ok}, asked: 2, heard: []string{"fine"}},
		"429 twice":                 {script: []llmtest.Step{llmtest.Refuse(429), llmtest.Refuse(429)}, want: llm.ErrUnavailable, asked: 2, waited: time.Second},
		"429, come back in 2 s":     {script: []llmtest.Step{llmtest.RefuseFor(429, "2"), ok}, asked: 2, heard: []string{"fine"}},
		"429, come back in 7 s":     {script: []llmtest.Step{llmtest.RefuseFor(429, "7")}, want: llm.ErrUnavailable, asked: 1, waited: 7 * time.Second},
		"429, come back in an hour": {script: []llmtest.Step{llmtest.RefuseFor(429, "3600")}, want: llm.ErrUnavailable, asked: 1, waited: time.Minute},
		"429, unreadable wait":      {script: []llmtest.Step{llmtest.RefuseFor(429, "soon"), ok}, asked: 2, heard: []string{"fine"}},
		"500 once":                  {script: []llmtest.Step{llmtest.Refuse(500), ok}, asked: 2, heard: []string{"fine"}},
		"500 twice":                 {script: []llmtest.Step{llmtest.Refuse(500), llmtest.Refuse(500)}, want: llm.ErrUnavailable, asked: 2, waited: time.Second},
		"502 as a page":             {script: []llmtest.Step{llmtest.Send(502, "text/html", "<html>bad</html>"), llmtest.Send(503, "text/html", "")}, want: llm.ErrUnavailable, asked: 2, waited: time.Second},
		"401":                       {script: []llmtest.Step{llmtest.Refuse(401)}, want: llm.ErrUnavailable, asked: 1, waited: time.Minute, alerted: true},
		"403":                       {script: []llmtest.Step{llmtest.Refuse(403)}, want: llm.ErrUnavailable, asked: 1, waited: time.Minute, alerted: true},
		"quota spent":               {script: []llmtest.Step{llmtest.QuotaExhausted()}, want: llm.ErrUnavailable, asked: 1, waited: time.Minute, alerted: true},
		"400":                       {script: []llmtest.Step{llmtest.Refuse(400)}, want: llm.ErrBadAnswer, asked: 1},
		"404":                       {script: []llmtest.Step{llmtest.Refuse(404)}, want: llm.ErrBadAnswer, asked: 1},
		"connection cut once":       {script: []llmtest.Step{brokenHTTP, ok}, asked: 2, heard: []string{"fine"}},
		"connection cut twice":      {script: []llmtest.Step{brokenHTTP, brokenHTTP}, want: llm.ErrUnavailable, asked: 2, waited: time.Second},
		"cut after the role":        {script: []llmtest.Step{llmtest.CutMidStream(), ok}, asked: 2, heard: []string{"fine"}},
		"cut in mid-stream":         {script: []llmtest.Step{llmtest.CutMidStream("a", "b")}, want: llm.ErrUnavailable, asked: 1, heard: []string{"a", "b"}, waited: time.Second},
		"error in mid-stream":       {script: []llmtest.Step{llmtest.FailMidStream("a")}, want: llm.ErrUnavailable, asked: 1, heard: []string{"a"}, waited: time.Second},
		"error event alone, once":   {script: []llmtest.Step{llmtest.FailMidStream(), ok}, asked: 2, heard: []string{"fine"}},
		"error instead of answer":   {script: []llmtest.Step{llmtest.Send(200, "application/json", `{"error":{"message":"x","type":"invalid_request_error"}}`)}, want: llm.ErrBadAnswer, asked: 1},
		"half a document":           {script: []llmtest.Step{llmtest.GarbageJSON()}, want: llm.ErrBadAnswer, asked: 1},
		"a page":                    {script: []llmtest.Step{llmtest.Send(200, "text/html", "<html>log in</html>")}, want: llm.ErrBadAnswer, asked: 1},
		"no choices":                {script: []llmtest.Step{llmtest.Send(200, "application/json", `{"choices":[]}`)}, want: llm.ErrBadAnswer, asked: 1},
		"wrong shape":               {script: []llmtest.Step{llmtest.Send(200, "application/json", `{"choices":[{"message":{"content":7}}]}`)}, want: llm.ErrBadAnswer, asked: 1},
		"garbage in mid-stream":     {script: []llmtest.Step{llmtest.GarbageStream()}, want: llm.ErrBadAnswer, asked: 1, heard: []string{"a"}},
		"nothing":                   {script: []llmtest.Step{llmtest.EmptyStream()}, want: llm.ErrBadAnswer, asked: 1},
		"nothing, as JSON":          {script: []llmtest.Step{llmtest.Send(200, "application/json")}, want: llm.ErrBadAnswer, asked: 1},
		"no end":                    {script: []llmtest.Step{llmtest.CloseWithoutDone("a", "b")}, want: llm.ErrBadAnswer, asked: 1, heard: []string{"a", "b"}},
		"withheld":                  {script: []llmtest.Step{func(x *llmtest.Exchange) { x.Text("a"); x.Finish("content_filter") }}, want: llm.ErrBadAnswer, asked: 1, heard: []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged bytes.Buffer
			client, srv := setup(t, func(c *llm.Config) { c.Log = slog.New(slog.NewJSONHandler(&logged, nil)) })
			srv.Script(test.script...)
			var heard []string
			answer, err := client.Generate(t.Context(), ask("hi"), listen(&heard))
			if test.want == nil {
				if err != nil || answer.Text != "fine" {
					t.Errorf("answer %+v, error %v", answer, err)
				}
			} else if answer.Text != "" || answer.ToolCalls != nil || !errors.Is(err, test.want) {
				t.Errorf("answer %+v, error %v; want %s", answer, err, test.want.Code)
			} else if got := fault.From(err); got.RetryAfter != test.waited || got.Code != test.want.Code || got.Message != test.want.Message {
				t.Errorf("fault %+v, want to wait %v", got, test.waited)
			}
			if n := len(srv.Requests()); n != test.asked {
				t.Errorf("asked %d times, want %d", n, test.asked)
			}
			if !slices.Equal(heard, test.heard) {
				t.Errorf("heard %q, want %q", heard, test.heard)
			}
			if strings.Contains(logged.String(), "operator") != test.alerted {
				t.Errorf("logged %q, want an alert: %v", &logged, test.alerted)
			}
			for _, words := range []string{llmtest.Secret, "sk-upstream", "org-x9"} {
				if err != nil && strings.Contains(err.Error(), words) || strings.Contains(logged.String(), words) {
					t.Errorf("the upstream's words got out: %v; %s", err, &logged)
				}
			}
		})
	}
}

func TestAbsentServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String() + "/v1"
	listener.Close()
	client, _ := setup(t, func(c *llm.Config) { c.BaseURL = url })
	if _, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrUnavailable) {
		t.Fatalf("%v", err)
	}
}

func TestAnswerThatIsNotHTTP(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1<<10)) // net/http logs what comes before its request
			_, _ = conn.Write([]byte("HTTP/1.1 sk-upstream-key\r\n\r\n"))
			conn.Close()
		}
	}()
	client, _ := setup(t, func(c *llm.Config) { c.BaseURL = "http://" + listener.Addr().String() + "/v1" })
	_, err = client.Generate(t.Context(), ask("hi"), nil)
	if !errors.Is(err, llm.ErrUnavailable) || strings.Contains(err.Error(), "sk-upstream") {
		t.Fatalf("%v", err)
	}
}

func TestAlertOnceAMinute(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	client, srv := setup(t, func(c *llm.Config) {
		c.Now = func() time.Time { return now }
		c.Log = slog.New(slog.NewJSONHandler(&logged, nil))
	})
	for i, pause := range []time.Duration{0, time.Second, 58 * time.Second, time.Second, 59 * time.Second, time.Second} {
		now = now.Add(pause)
		srv.Script(llmtest.Refuse(401))
		if _, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrUnavailable) {
			t.Fatal(err)
		}
		if got, want := strings.Count(logged.String(), "operator"), []int{1, 1, 1, 2, 2, 3}[i]; got != want {
			t.Errorf("call %d: %d alerts, want %d", i+1, got, want)
		}
	}
}

func TestRetryWaits(t *testing.T) {
	t.Parallel()
	var waits []time.Duration
	client, srv := setup(t, func(c *llm.Config) {
		c.Now = func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }
		c.Sleep = func(_ context.Context, d time.Duration) error {
			waits = append(waits, d)
			return nil
		}
	})
	for _, retryAfter := range []string{"1", "Mon, 23 Nov 2026 09:00:02 GMT", "0"} {
		srv.Script(llmtest.RefuseFor(503, retryAfter), llmtest.Say("fine"))
		if _, err := client.Generate(t.Context(), ask("hi"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(waits) != 3 || waits[0] != time.Second || waits[1] != 2*time.Second ||
		waits[2] < 100*time.Millisecond || waits[2] >= 300*time.Millisecond {
		t.Fatalf("waited %v", waits)
	}
}

func TestRetryWaitsByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := llmtest.NewHandler()
		client := bubble(t, handler)
		handler.Script(llmtest.RefuseFor(503, "2"), llmtest.Say("fine"))
		begun := time.Now()
		if _, err := client.Generate(t.Context(), ask("hi"), nil); err != nil || time.Since(begun) != 2*time.Second {
			t.Fatal(err, time.Since(begun))
		}
		handler.Script(llmtest.RefuseFor(503, "2"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := client.Generate(ctx, ask("hi"), nil); !errors.Is(err, agent.ErrModelTimeout) || time.Since(begun) != 3*time.Second {
			t.Fatal(err, time.Since(begun))
		}
	})
}

// bubble returns a client of handler without sockets and with default deadlines, for a synctest bubble.
func bubble(t *testing.T, handler http.Handler) *llm.Client {
	t.Helper()
	client, err := llm.New(llm.Config{APIKey: "k", BaseURL: "http://model/v1", Model: "big", RouterModel: "small",
		Transport: llmtest.Transport(handler)})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestDeadlines(t *testing.T) {
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
		"comments do not begin an answer": {func(x *llmtest.Exchange) { x.Role(); comments(x, 99) }, 20 * time.Second},
		"comments keep an answer alive":   {func(x *llmtest.Exchange) { x.Text("a"); comments(x, 3); x.Stall() }, 45 * time.Second},
		"reasoning is a sign of life": {func(x *llmtest.Exchange) {
			x.Delta(`{"reasoning_content":"hm"}`)
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
			synctest.Test(t, func(t *testing.T) {
				handler := llmtest.NewHandler()
				handler.Script(test.step)
				client := bubble(t, handler)
				begun := time.Now()
				_, err := client.Generate(t.Context(), ask("hi"), nil)
				if !errors.Is(err, agent.ErrModelTimeout) || errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
				if got := time.Since(begun); got != test.after {
					t.Errorf("after %v, want %v", got, test.after)
				}
				if n := len(handler.Requests()); n != 1 {
					t.Errorf("asked %d times", n)
				}
				synctest.Wait()
				if n := handler.Running(); n != 0 {
					t.Errorf("%d requests still run", n)
				}
			})
		})
	}
}

func TestTokensInTimeMeetNoDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := llmtest.NewHandler()
		handler.Script(func(x *llmtest.Exchange) {
			<-time.After(19 * time.Second) // the bubble's clock
			for range 6 {
				x.Text("a")
				<-time.After(14 * time.Second)
			}
			x.Finish("stop")
		})
		answer, err := bubble(t, handler).Generate(t.Context(), ask("hi"), nil)
		if err != nil || answer.Text != "aaaaaa" {
			t.Fatal(answer, err)
		}
	})
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := llmtest.NewHandler()
		client := bubble(t, handler)
		fail := func() {
			t.Helper()
			handler.Script(llmtest.GarbageJSON())
			if _, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrBadAnswer) {
				t.Fatal(err)
			}
		}
		for range 19 {
			fail()
		}
		<-time.After(40 * time.Second) // out of the window: these no longer count
		for range 19 {
			fail()
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := client.Generate(ctx, ask("hi"), nil); !errors.Is(err, context.Canceled) { // says nothing about the model
			t.Fatal(err)
		}
		fail() // the twentieth
		asked := len(handler.Requests())
		_, err := client.Generate(t.Context(), ask("hi"), nil)
		if !errors.Is(err, llm.ErrUnavailable) || fault.From(err).RetryAfter != 10*time.Second || len(handler.Requests()) != asked {
			t.Fatalf("%v after %d requests, want none beyond %d", err, len(handler.Requests()), asked)
		}
		small := ask("route")
		small.Small = true
		handler.Script(llmtest.Say("task_agent"))
		if _, err := client.Generate(t.Context(), small, nil); err != nil {
			t.Fatalf("the other model's breaker: %v", err)
		}
		<-time.After(11 * time.Second)
		handler.Script(llmtest.Say("back"), llmtest.Say("again"))
		for range 2 {
			if _, err := client.Generate(t.Context(), ask("hi"), nil); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// stopped reports whether err says that the caller left, and does not blame the model for it.
func stopped(err error) bool {
	var f *fault.Error
	return errors.Is(err, context.Canceled) && !errors.As(err, &f)
}

func TestCallerLeaves(t *testing.T) {
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
			if !stopped(err) || answer.Text != "" {
				t.Errorf("answer %+v, error %v", answer, err)
			}
			<-srv.Canceled()
			if took := time.Since(left); took > time.Second {
				t.Errorf("the upstream call stopped after %v", took)
			}
			if n := len(srv.Requests()); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestCallerLeavesDuringTheWait(t *testing.T) {
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
	if _, err := client.Generate(ctx, ask("hi"), nil); !stopped(err) {
		t.Fatalf("%v", err)
	}
	if n := len(srv.Requests()); n != 1 {
		t.Fatalf("asked %d times", n)
	}
}

func TestListenerFails(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	srv.Script(llmtest.StallMidStream("a", "b"))
	errFull := errors.New("queue is full")
	heard := 0
	answer, err := client.Generate(t.Context(), ask("hi"), func(string) error {
		heard++
		return errFull
	})
	if !errors.Is(err, errFull) || answer.Text != "" || heard != 1 {
		t.Fatalf("answer %+v, error %v, heard %d", answer, err, heard)
	}
	<-srv.Canceled()
}

func TestFailingCallsAtOnce(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	var all sync.WaitGroup
	for range 8 {
		srv.Script(llmtest.Refuse(400))
		all.Go(func() {
			if _, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrBadAnswer) {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
}
