package chatstream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

const (
	cancelFrame = `{"type":"cancel"}`
	pingFrame   = `{"type":"ping"}`
)

// longText is long enough that the leak filter lets some of it pass before its end.
var longText = strings.Repeat("many words that leave before the end ", 20)

// pipelineTurns are the answers of the router, two agents and the synthesis.
func pipelineTurns() []llmtest.Turn {
	return []llmtest.Turn{
		llmtest.TextTurn("task_agent, email_agent"),
		llmtest.CallTurn(llmtest.Call("1", "list_tasks", `{}`)),
		llmtest.TextTurn("Of ", "tasks."),
		llmtest.CallTurn(llmtest.Call("2", "ask_agent", `{"agent":"calendar_agent","query":"Any meetings?"}`)),
		llmtest.TextTurn("No meetings."),
		llmtest.TextTurn("Of ", "mails."),
		llmtest.TextTurn(strings.SplitAfter(longText, " ")...),
	}
}

// turnByTurn returns a model that answers its calls, the router's too, with the pipeline's turns. It blocks in the call
// at the index, and then sends on blocked.
func turnByTurn(at *atomic.Int32) (model *llmtest.Model, blocked chan struct{}) {
	blocked = make(chan struct{})
	turns := pipelineTurns()
	var next atomic.Int32
	model = llmtest.NewModelFunc(
		func(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
			if call.Small {
				next.Store(0)
			}
			i := next.Add(1) - 1
			answer, err := turns[i].Answer(ctx, call, emit)
			if err == nil && i == at.Load() {
				blocked <- struct{}{}
				<-ctx.Done()
				err = ctx.Err()
			}
			return answer, err
		})
	model.ScriptRouter()
	return model, blocked
}

// TestCancelEndsAnAnswerAtEveryCall lets the model block in each call of an answer in turn, cancels then, and asks
// again on the same socket. It is not parallel, because it would see goroutines of other tests.
func TestCancelEndsAnAnswerAtEveryCall(t *testing.T) {
	var at atomic.Int32
	model, blocked := turnByTurn(&at)
	a := start(t, model)
	me := a.Register("cancel@example.com")
	before := goleak.IgnoreCurrent()
	s := a.DialEvents(me)
	// The last event before each call blocks.
	for i, want := range []string{"started", "agent", "tool", "agent", "tool", "tool", "text"} {
		at.Store(int32(i))
		s.Ask("please")
		waitFor(t, 10*time.Second, blocked, "the model's call")
		s.Deadline(time.Second)
		s.Send(cancelFrame)
		events := s.Answer()
		checkCancelled(t, fmt.Sprint("call ", i), end(events))
		if last := events[len(events)-2]; last.Type != want {
			t.Errorf("call %d: the last event before the end is %+v, want %s", i, last, want)
		}
		s.Deadline(time.Minute)
	}
	at.Store(-1)
	s.Ask("once more")
	if last := end(s.Answer()); last.Type != "done" || last.Cancelled || *last.Response != longText {
		t.Errorf("after the cancelled answers: %+v", last)
	}
	check(t, s.Conn.Close())
	goleak.VerifyNone(t, before)
}

// end returns the last event of an answer.
func end(events []apitest.Event) apitest.Event { return events[len(events)-1] }

func checkCancelled(t *testing.T, name string, last apitest.Event) {
	t.Helper()
	if last.Type != "done" || !last.Cancelled || last.Kind != "response" || last.Response == nil || last.Usage == nil ||
		len(last.Actions) > 0 || last.Replaced || last.Truncated {
		t.Errorf("%s: %+v, want a cancelled answer", name, last)
	}
}

// TestCancelRightAfterTheQuestion sends both at once, so that the cancel may come before the answer has begun.
func TestCancelRightAfterTheQuestion(t *testing.T) {
	t.Parallel()
	model, _, _ := blockingModel("")
	a := start(t, model)
	s := a.DialEvents(a.Register("soon@example.com"))
	for range 50 {
		s.Ask("please")
		s.Send(cancelFrame)
		s.Deadline(5 * time.Second)
		checkCancelled(t, "right after the question", end(s.Answer()))
	}
}

// TestCancelWithoutAnAnswerIsIgnored also cancels an answer twice; the second frame may come after its end.
func TestCancelWithoutAnAnswerIsIgnored(t *testing.T) {
	t.Parallel()
	model, started, _ := blockingModel("")
	a := start(t, model)
	s := a.DialEvents(a.Register("idle@example.com"))
	s.Send(cancelFrame)
	for range 3 {
		s.Ask("please")
		<-started
		s.Send(cancelFrame)
		s.Send(cancelFrame)
		checkCancelled(t, "twice", end(s.Answer()))
	}
	s.Send(pingFrame)
	if e := s.Next(); e.Type != "pong" {
		t.Errorf("%+v, want a pong", e)
	}
}

// TestCutAnswersEndWithAnError lets the model fail after each byte of its answer. The socket stays open.
func TestCutAnswersEndWithAnError(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	a := start(t, model)
	s := a.DialEvents(a.Register("cut2@example.com"))
	const text = "Grüße: 日本語, a {brace} and \"quotes\", then enough words that some of them leave before the end."
	for size := range len(text) + 1 {
		model.Script(llmtest.Turn{Chunks: []string{text[:size]}, Err: llm.ErrBadAnswer})
		s.Ask("please")
		events := s.Answer()
		if last := end(events); last.Type != "error" || last.Code != "llm_error" || last.Message == "" {
			t.Fatalf("cut at byte %d: %+v", size, last)
		}
		if shown := apitest.Joined(events); !strings.HasPrefix(text, strings.TrimRight(shown, "\ufffd")) {
			t.Errorf("cut at byte %d: %q was shown", size, shown)
		}
	}
	model.Script(llmtest.TextTurn("Fine."))
	s.Ask("please")
	if last := end(s.Answer()); last.Response == nil || *last.Response != "Fine." {
		t.Errorf("after the cuts: %+v", last)
	}
}

// TestFailuresLeaveTheSocketOpen asks again after each failure for which another question can succeed.
func TestFailuresLeaveTheSocketOpen(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	a := start(t, model)
	s := a.DialEvents(a.Register("open@example.com"))
	for name, c := range map[string]struct {
		frame, code string
		err         error
	}{
		"no JSON":       {"hello", "invalid_json", nil},
		"empty":         {"", "invalid_json", nil},
		"an array":      {"[]", "validation_failed", nil},
		"duplicate":     {`{"message":"x","Message":"y"}`, "invalid_json", nil},
		"no message":    {`{}`, "validation_failed", nil},
		"unknown type":  {`{"type":"dance"}`, "validation_failed", nil},
		"wrong zone":    {`{"message":"x","context":{"timezone":"Mars/Base"}}`, "validation_failed", nil},
		"wrong result":  {`{"type":"tool_result","id":"call_1"}`, "validation_failed", nil},
		"unknown model": {`{"message":"x","model":{"provider":"nobody","name":"x"}}`, "model_unknown", nil},
		"unavailable":   {`{"message":"x"}`, "llm_unavailable", llm.ErrUnavailable},
		"bad answer":    {`{"message":"x"}`, "llm_error", llm.ErrBadAnswer},
	} {
		if c.err != nil {
			model.Script(llmtest.ErrorTurn(c.err))
		}
		s.Send(c.frame)
		if last := end(s.Answer()); last.Type != "error" || last.Code != c.code || last.ID != "" ||
			last.Message == "" || last.RequestID == "" {
			t.Errorf("%s: %+v, want %s", name, last, c.code)
		}
	}
	model.Script(llmtest.TextTurn("Fine."))
	s.Ask("please")
	if last := end(s.Answer()); last.Response == nil || *last.Response != "Fine." {
		t.Errorf("after the failures: %+v", last)
	}
}

// TestUnknownFailuresCloseTheSocket lets the model fail in a way that has no code.
func TestUnknownFailuresCloseTheSocket(t *testing.T) {
	t.Parallel()
	a := start(t, llmtest.NewModel(llmtest.ErrorTurn(errors.New("several words"))))
	s := a.DialEvents(a.Register("unknown@example.com"))
	s.Ask("please")
	s.ExpectClose("internal", 1011)
}

// TestFramesDuringAnAnswerAreRefusedAlone sends what has no place while an answer runs. The answer goes on.
func TestFramesDuringAnAnswerAreRefusedAlone(t *testing.T) {
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	a := start(t, streaming(func(ctx context.Context, emit agent.Emit) error {
		close(started)
		select {
		case <-release:
		case <-ctx.Done():
			return ctx.Err()
		}
		return emit("The whole answer.")
	}))
	s := a.DialEvents(a.Register("busy@example.com"))
	s.Ask("one")
	<-started
	s.Ask("two")
	s.Send(`{"type":"tool_result","id":"call_9","content":"x"}`)
	s.Send(pingFrame)
	var seen, refused []apitest.Event
	for e := s.Next(); e.Type != "pong"; e = s.Next() {
		if e.Type == "error" {
			refused = append(refused, e)
		} else {
			seen = append(seen, e)
		}
	}
	if len(refused) != 2 || refused[0].Code != "busy" || refused[0].ID != "" ||
		refused[1].Code != "tool_result_unexpected" || refused[1].ID != "call_9" {
		t.Errorf("refused: %+v", refused)
	}
	close(release)
	if last := end(s.Answer(seen...)); last.Response == nil || *last.Response != "The whole answer." {
		t.Errorf("the answer did not go on: %+v", last)
	}
}

// TestAFloodOfFramesClosesTheSocket sends questions without end while an answer runs.
func TestAFloodOfFramesClosesTheSocket(t *testing.T) {
	t.Parallel()
	model, started, ended := blockingModel("")
	a := start(t, model)
	s := a.DialEvents(a.Register("flood@example.com"))
	s.Ask("one")
	<-started
	go func() {
		for s.Conn.WriteMessage(websocket.TextMessage, []byte(`{"message":"more"}`)) == nil {
		}
	}()
	for {
		_, _, err := s.Conn.ReadMessage()
		if err != nil {
			if !websocket.IsCloseError(err, 1008, 4429) {
				t.Errorf("the socket was closed with %v", err)
			}
			break
		}
	}
	waitFor(t, time.Second, ended, "the end of the model's call")
}

// TestHeartbeatsComeWhileAnAnswerRuns, and none after it.
func TestHeartbeatsComeWhileAnAnswerRuns(t *testing.T) {
	t.Parallel()
	model, _, _ := blockingModel("")
	a := start(t, model, func(c *httpapi.Config) { c.Heartbeat = 5 * time.Millisecond })
	s := a.DialEvents(a.Register("beats@example.com"))
	for range 3 {
		s.Ask("please")
		seen := []apitest.Event{s.Until("started")}
		for range 5 {
			seen = append(seen, s.Until("heartbeat"))
		}
		s.Send(cancelFrame)
		checkCancelled(t, "after heartbeats", end(s.Answer(seen...)))
		for range 20 {
			s.Send(pingFrame)
			if e := s.Next(); e.Type != "pong" {
				t.Fatalf("after the answer: %+v", e)
			}
		}
	}
}

// TestEachRequestHasAnIDOfItsOwn also looks for it in the log.
func TestEachRequestHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	s := a.DialEvents(a.Register("ids@example.com"))
	ids := map[string]bool{s.Resp.Header.Get("X-Request-Id"): true}
	before := ""
	for range 3 {
		s.Ask("list my open tasks")
		id := s.Answer()[0].RequestID
		if ids[id] {
			t.Errorf("the id %q came before", id)
		}
		// The line of an answer is written after its last event and before the next answer.
		if before != "" && !strings.Contains(a.Logs.String(), `"request_id":"`+before+`"`) {
			t.Errorf("the id %q is not in the log", before)
		}
		ids[id], before = true, id
	}
	s.Send(`{}`)
	if last := end(s.Answer()); ids[last.RequestID] {
		t.Errorf("the error has the id of another request: %+v", last)
	}
}
