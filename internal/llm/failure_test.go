package llm_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// failureCase is a script for the upstream and what the caller gets.
type failureCase struct {
	script     []llmtest.Step
	want       *fault.Error // nil: the answer "fine"
	requests   int
	emitted    []string
	retryAfter time.Duration // of the error
}

func steps(list ...llmtest.Step) []llmtest.Step { return list }

func cut(x *llmtest.Exchange) { x.Reset() }

func withhold(x *llmtest.Exchange) {
	x.Text("a")
	x.Finish("content_filter")
}

var fine = llmtest.Say("fine")

var failureCases = map[string]failureCase{
	"429 once": {script: steps(llmtest.Refuse(429), fine), requests: 2, emitted: []string{"fine"}},
	"429 twice": {
		script: steps(llmtest.Refuse(429), llmtest.Refuse(429)),
		want:   llm.ErrUnavailable, requests: 2, retryAfter: time.Second,
	},
	"429, Retry-After 2 s": {
		script:   steps(llmtest.RefuseFor(429, "2"), fine),
		requests: 2, emitted: []string{"fine"},
	},
	"429, Retry-After 7 s": {
		script: steps(llmtest.RefuseFor(429, "7")),
		want:   llm.ErrUnavailable, requests: 1, retryAfter: 7 * time.Second,
	},
	"429, Retry-After one hour": {
		script: steps(llmtest.RefuseFor(429, "3600")),
		want:   llm.ErrUnavailable, requests: 1, retryAfter: time.Minute,
	},
	"429, malformed Retry-After": {
		script:   steps(llmtest.RefuseFor(429, "soon"), fine),
		requests: 2, emitted: []string{"fine"},
	},
	"500 once": {script: steps(llmtest.Refuse(500), fine), requests: 2, emitted: []string{"fine"}},
	"500 twice": {
		script: steps(llmtest.Refuse(500), llmtest.Refuse(500)),
		want:   llm.ErrUnavailable, requests: 2, retryAfter: time.Second,
	},
	"502 and 503 as HTML pages": {
		script: steps(llmtest.Send(502, "text/html", "<html>bad</html>"), llmtest.Send(503, "text/html", "")),
		want:   llm.ErrUnavailable, requests: 2, retryAfter: time.Second,
	},
	"401": {
		script: steps(llmtest.Refuse(401)),
		want:   llm.ErrUnavailable, requests: 1, retryAfter: time.Minute,
	},
	"403": {
		script: steps(llmtest.Refuse(403)),
		want:   llm.ErrUnavailable, requests: 1, retryAfter: time.Minute,
	},
	"quota spent": {
		script: steps(llmtest.QuotaExhausted()),
		want:   llm.ErrUnavailable, requests: 1, retryAfter: time.Minute,
	},
	"400":                 {script: steps(llmtest.Refuse(400)), want: llm.ErrBadAnswer, requests: 1},
	"404":                 {script: steps(llmtest.Refuse(404)), want: llm.ErrBadAnswer, requests: 1},
	"connection cut once": {script: steps(cut, fine), requests: 2, emitted: []string{"fine"}},
	"connection cut twice": {
		script: steps(cut, cut),
		want:   llm.ErrUnavailable, requests: 2, retryAfter: time.Second,
	},
	"cut after the role": {script: steps(llmtest.CutMidStream(), fine), requests: 2, emitted: []string{"fine"}},
	"cut in mid-stream": {
		script: steps(llmtest.CutMidStream("a", "b")),
		want:   llm.ErrUnavailable, requests: 1, emitted: []string{"a", "b"}, retryAfter: time.Second,
	},
	"error in mid-stream": {
		script: steps(llmtest.FailMidStream("a")),
		want:   llm.ErrUnavailable, requests: 1, emitted: []string{"a"}, retryAfter: time.Second,
	},
	"error event alone, once": {
		script:   steps(llmtest.FailMidStream(), fine),
		requests: 2, emitted: []string{"fine"},
	},
	"error instead of an answer": {
		script: steps(
			llmtest.Send(200, "application/json", `{"error":{"message":"x","type":"invalid_request_error"}}`),
		),
		want: llm.ErrBadAnswer, requests: 1,
	},
	"half a document": {script: steps(llmtest.GarbageJSON()), want: llm.ErrBadAnswer, requests: 1},
	"HTML page": {
		script: steps(llmtest.Send(200, "text/html", "<html>log in</html>")),
		want:   llm.ErrBadAnswer, requests: 1,
	},
	"no choices": {
		script: steps(llmtest.Send(200, "application/json", `{"choices":[]}`)),
		want:   llm.ErrBadAnswer, requests: 1,
	},
	"unexpected JSON type": {
		script: steps(llmtest.Send(200, "application/json", `{"choices":[{"message":{"content":7}}]}`)),
		want:   llm.ErrBadAnswer, requests: 1,
	},
	"garbage in mid-stream": {
		script: steps(llmtest.GarbageStream()),
		want:   llm.ErrBadAnswer, requests: 1, emitted: []string{"a"},
	},
	"empty stream": {script: steps(llmtest.EmptyStream()), want: llm.ErrBadAnswer, requests: 1},
	"empty document": {
		script: steps(llmtest.Send(200, "application/json")),
		want:   llm.ErrBadAnswer, requests: 1,
	},
	"closed without [DONE]": {
		script: steps(llmtest.CloseWithoutDone("a", "b")),
		want:   llm.ErrBadAnswer, requests: 1, emitted: []string{"a", "b"},
	},
	"withheld by the content filter": {
		script: steps(withhold),
		want:   llm.ErrBadAnswer, requests: 1, emitted: []string{"a"},
	},
}

func TestFailureClassification(t *testing.T) {
	t.Attr("case", "L11")
	t.Parallel()
	for name, test := range failureCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testFailure(t, test)
		})
	}
}

func testFailure(t *testing.T, test failureCase) {
	t.Helper()
	client, srv := setup(t)
	srv.Script(test.script...)
	var emitted []string
	answer, err := client.Generate(t.Context(), ask("hi"), collect(&emitted))
	if test.want == nil {
		if err != nil || answer.Text != "fine" {
			t.Errorf("answer %+v, error %v", answer, err)
		}
	} else {
		if answer.Text != "" || answer.ToolCalls != nil {
			t.Errorf("answer %+v beside error %v", answer, err)
		}
		checkFault(t, err, test)
	}
	if n := len(srv.Requests()); n != test.requests {
		t.Errorf("%d requests, want %d", n, test.requests)
	}
	if !slices.Equal(emitted, test.emitted) {
		t.Errorf("emitted %q, want %q", emitted, test.emitted)
	}
	for _, secret := range []string{llmtest.Secret, "sk-upstream", "org-x9"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the upstream's message got out: %v", err)
		}
	}
}

func checkFault(t *testing.T, err error, test failureCase) {
	t.Helper()
	if !errors.Is(err, test.want) {
		t.Errorf("error %v, want %s", err, test.want.Code)
		return
	}
	got := fault.From(err)
	if got.RetryAfter != test.retryAfter || got.Code != test.want.Code || got.Message != test.want.Message {
		t.Errorf("fault %+v, want Retry-After %v", got, test.retryAfter)
	}
}

func TestRefusedConnectionIsUnavailable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String() + "/v1"
	listener.Close()
	client, _ := setup(t, func(c *llm.Config) { c.BaseURL = url })
	if _, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrUnavailable) {
		t.Fatalf("error %v", err)
	}
}

func TestMalformedHTTPIsRedacted(t *testing.T) {
	t.Attr("case", "L11")
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
			_, _ = conn.Read(make([]byte, 1<<10)) // net/http logs a response that precedes the request
			_, _ = conn.Write([]byte("HTTP/1.1 sk-upstream-key\r\n\r\n"))
			conn.Close()
		}
	}()
	client, _ := setup(t, func(c *llm.Config) { c.BaseURL = "http://" + listener.Addr().String() + "/v1" })
	_, err = client.Generate(t.Context(), ask("hi"), nil)
	if !errors.Is(err, llm.ErrUnavailable) || strings.Contains(err.Error(), "sk-upstream") {
		t.Fatalf("error %v", err)
	}
}

func TestRetryHonoursRetryAfter(t *testing.T) {
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

func TestOneTryIsNotRepeated(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	srv.Script(llmtest.Refuse(503), fine)
	call := ask("hi")
	call.Attempt.Once = true
	_, err := client.Generate(t.Context(), call, nil)
	var f *agent.ModelFailure
	if !errors.Is(err, llm.ErrUnavailable) || !errors.As(err, &f) || f.Kind != agent.FailureBusy || f.Status != 503 {
		t.Errorf("error %v, failure %+v", err, f)
	}
	if n := len(srv.Requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestCallersKeyReplacesOursForOneCall(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	own := ask("hi")
	own.Attempt = agent.Attempt{Key: agent.NewKey("sk-caller"), Model: "other"}
	for _, call := range []agent.ModelCall{own, ask("hi")} {
		srv.Script(fine)
		if _, err := client.Generate(t.Context(), call, nil); err != nil {
			t.Fatal(err)
		}
	}
	first, second := srv.Requests()[0], srv.Requests()[1]
	if first.Model != "other" || first.Header.Get("Authorization") != "Bearer sk-caller" {
		t.Errorf("the caller's call: model %q, header %v", first.Model, first.Header)
	}
	if second.Model != "big" || second.Header.Get("Authorization") != "Bearer sk-test" {
		t.Errorf("our call: model %q, header %v", second.Model, second.Header)
	}
}

func TestEmitErrorStopsTheCall(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	srv.Script(llmtest.StallMidStream("a", "b"))
	errFull := errors.New("queue is full")
	emitted := 0
	answer, err := client.Generate(t.Context(), ask("hi"), func(string) error {
		emitted++
		return errFull
	})
	if !errors.Is(err, errFull) || answer.Text != "" || emitted != 1 {
		t.Fatalf("answer %+v, error %v, emitted %d", answer, err, emitted)
	}
	<-srv.Canceled()
}

func TestConcurrentFailures(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	var all sync.WaitGroup
	for range 8 {
		srv.Script(llmtest.Refuse(400))
		all.Go(func() {
			if _, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrBadAnswer) {
				t.Errorf("error %v, want ErrBadAnswer", err)
			}
		})
	}
	all.Wait()
}
