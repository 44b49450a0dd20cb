package system_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/soak"
	"github.com/adiuva/cloud-api/internal/tier"
)

// sendResult sends a tool_result frame with that outcome, such as `"denied":true`.
func sendResult(s *apitest.EventSocket, id, outcome string) {
	s.Send(`{"type":"tool_result","id":"` + id + `",` + outcome + `}`)
}

func withToolTimeout(d time.Duration) option { return func(c *httpapi.Config) { c.ToolTimeout = d } }

// TestVersion2WaitsForTheApp answers a round of three calls in another order, with frames for calls that do not exist
// yet, that have their result, and that never were.
func TestVersion2WaitsForTheApp(t *testing.T) {
	t.Parallel()
	a := start(t, asksApp([]string{"a", "b", "c"}, []string{"d"}))
	s := a.DialEvents(a.Register("me@example.com"))
	unexpected := func(id string) {
		t.Helper()
		if e := s.Until("error"); e.Code != "tool_result_unexpected" || e.ID != id {
			t.Fatalf("%+v", e)
		}
	}
	s.Send(askInvoices)
	for i, table := range []string{"a", "b", "c"} {
		e := s.Until("tool_call")
		if e.ID != fmt.Sprint("call_", i+1) || e.Name != "query_rows" || e.Arguments["table"] != table {
			t.Fatalf("%+v", e)
		}
	}
	sendResult(s, "call_4", `"content":"before it is asked"`)
	unexpected("call_4")
	sendResult(s, "call_3", `"content":"rows of c"`)
	sendResult(s, "call_3", `"content":"again"`)
	unexpected("call_3")
	sendResult(s, "call_1", `"denied":true`)
	sendResult(s, "call_2", `"content":"`+strings.Repeat("x", 300<<10)+`"`)
	if e := s.Until("tool_call"); e.ID != "call_4" {
		t.Fatalf("%+v", e)
	}
	sendResult(s, "call_2", `"content":"late"`)
	unexpected("call_2")
	sendResult(s, "call_4", `"error":"no table d"`)
	done := s.Until("done")
	if done.Kind != "response" || !strings.Contains(*done.Response, "no table d") || done.Continuation != "" {
		t.Errorf("%+v", done)
	}
	sendResult(s, "call_4", `"content":"late"`)
	unexpected("call_4")
	s.Send(`{"message":"Hello"}`)
	s.Until("done")
}

func TestCallWithoutAnAnswerIsAnErrorForTheModel(t *testing.T) {
	t.Parallel()
	a := start(t, asksApp([]string{"a", "b"}), withToolTimeout(50*time.Millisecond))
	s := a.DialEvents(a.Register("me@example.com"))
	s.Send(askInvoices)
	s.Until("tool_call")
	s.Until("tool_call")
	sendResult(s, "call_2", `"content":"rows of b"`)
	done := s.Until("done")
	if !strings.Contains(*done.Response, "no result within 60 seconds") ||
		!strings.Contains(*done.Response, "rows of b") {
		t.Errorf("%s", *done.Response)
	}
}

func TestWaitForTheAppEndsWithCancelAndFloodsEndTheSocket(t *testing.T) {
	t.Parallel()
	a := start(t, asksApp([]string{"a"}))
	s := a.DialEvents(a.Register("me@example.com"))
	s.Send(askInvoices)
	s.Until("tool_call")
	s.Send(`{"type":"cancel"}`)
	if done := s.Until("done"); !done.Cancelled || len(done.Actions) != 0 {
		t.Errorf("%+v", done)
	}
	s.Send(askInvoices)
	s.Until("tool_call")
	for range 200 {
		sendResult(s, "call_9", `"content":"x"`)
	}
	refused := 0
	for e := s.Next(); e.ID == "call_9"; e = s.Next() {
		refused++
	}
	if refused > 100 {
		t.Errorf("%d frames were refused one by one", refused)
	}
}

// TestEveryOrderOfResultsHasOneAnswer plays random answers over version 2, of one to three rounds with one to six calls
// each. Results come in any order, twice, as errors, denied, or not at all; frames for other calls and pings come in
// between; some answers are cancelled in the middle. With the tag soak there are ten times as many.
func TestEveryOrderOfResultsHasOneAnswer(t *testing.T) {
	t.Parallel()
	seeds := uint64(20)
	if soak.Enabled {
		seeds = 200
	}
	m := llmtest.NewModel()
	a := start(t, m, withToolTimeout(500*time.Millisecond))
	s := a.DialEvents(a.Register("me@example.com"))
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 7))
		var rounds [][]string
		for round := range 1 + random.IntN(3) { // a model that repeats a call is told so, and the app is not asked
			rounds = append(rounds, strings.Split([]string{"abcdef", "ghijkl", "mnopqr"}[round], "")[:1+random.IntN(6)])
		}
		m.RespondWith(asksApp(rounds...).Generate)
		s.Send(askInvoices)
		var want []string
		cancelled := false
		for i, tables := range rounds {
			if cancelled = random.IntN(12) == 0; cancelled {
				s.Send(`{"type":"cancel"}`)
				break
			}
			want = playRound(s, random, len(tables), i)
		}
		done := s.Until("done")
		if done.Cancelled != cancelled {
			t.Fatalf("seed %d: %+v", seed, done)
		}
		for _, part := range want {
			if !cancelled && !strings.Contains(*done.Response, part) {
				t.Errorf("seed %d: %q is not in %q", seed, part, *done.Response)
			}
		}
		if strings.Contains(*done.Response, "twice") {
			t.Errorf("seed %d: a second result was read", seed)
		}
	}
}

// playRound answers the calls of one round at random, and returns what the model must read of them.
func playRound(s *apitest.EventSocket, random *rand.Rand, calls, round int) (want []string) {
	var ids []string
	for range calls {
		ids = append(ids, s.Until("tool_call").ID)
	}
	for _, i := range random.Perm(len(ids)) {
		switch random.IntN(8) {
		case 0:
			want = append(want, "no result within")
		case 1, 2:
			sendResult(s, ids[i], `"denied":true`)
			want = append(want, "did not agree")
		case 3:
			want = append(want, fmt.Sprintf("broken %d %d", round, i))
			sendResult(s, ids[i], `"error":"`+want[len(want)-1]+`"`)
		default:
			want = append(want, fmt.Sprintf("rows %d %d", round, i))
			sendResult(s, ids[i], `"content":"`+want[len(want)-1]+`"`)
		}
		switch random.IntN(6) {
		case 0:
			if want[len(want)-1] != "no result within" {
				sendResult(s, ids[i], `"content":"twice"`)
			}
		case 1:
			sendResult(s, "call_99", `"content":"of no call"`)
		case 2:
			s.Send(`{"type":"ping"}`)
		}
	}
	return want
}

// TestServerSentEventsEndWithCalls asks over SSE and goes on there: no event is told twice.
func TestServerSentEventsEndWithCalls(t *testing.T) {
	t.Parallel()
	a := start(t, asksApp([]string{"invoices"}))
	me := a.Register("me@example.com")
	ask := func(body string) []apitest.Event {
		t.Helper()
		stream, refused := a.AskEvents(body, me)
		if stream == nil {
			t.Fatalf("%d %s", refused.Status, refused.Body)
		}
		return stream.Answer()
	}
	first := ask(askInvoices)
	done := first[len(first)-1]
	if done.Kind != "tool_calls" || len(done.Calls) != 1 || slices.Contains(apitest.Types(first), "tool_call") ||
		*done.Response != "Step 1." || apitest.Joined(first) != "Step 1." {
		t.Fatalf("%+v", first)
	}
	token, err := json.Marshal(done.Continuation)
	check(t, err)
	second := ask(`{"continuation":` + string(token) + `,"tool_results":` + invoicesRead + `}`)
	done = second[len(second)-1]
	if done.Kind != "response" || apitest.Joined(second) != *done.Response ||
		!strings.HasPrefix(*done.Response, "\n\nI found: ") || slices.Contains(apitest.Types(second), "agent") {
		t.Errorf("%+v", second)
	}
}

// TestPromptInArgumentsOfTheAppIsHeldBack has a model that writes its prompt into the arguments of a call, over POST
// /chat and version 2.
func TestPromptInArgumentsOfTheAppIsHeldBack(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModel()
	m.Respond(func(call agent.ModelCall) agent.Answer {
		if len(call.Tools) == 0 {
			return agent.Answer{Text: "Hello."}
		}
		return toolCalls("query_rows", map[string]any{"table": llmtest.TextOf(call.Messages[0])})
	})
	a := start(t, m)
	me := a.createUser("me@example.com", tier.Pro)
	if got := a.Do("POST", "/api/v1/chat", askInvoices, me).JSON(t); got["replaced"] != true || got["calls"] != nil ||
		got["continuation"] != nil || got["kind"] != "response" {
		t.Errorf("POST /chat: %v", got)
	}
	s := a.DialEvents(me)
	s.Send(askInvoices)
	events := s.Answer()
	if last := events[len(events)-1]; !last.Replaced || slices.Contains(apitest.Types(events), "tool_call") {
		t.Errorf("version 2: %+v", events)
	}
}

// TestPipelineAndColleaguesUseTheApp suspends the second agent of a pipeline, and the colleague that an agent asks.
func TestPipelineAndColleaguesUseTheApp(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModel()
	asked := 0
	m.Respond(func(call agent.ModelCall) agent.Answer {
		asked++
		names := map[string]bool{}
		for _, tool := range call.Tools {
			names[tool.Function.Name] = true
		}
		switch {
		case len(call.Tools) == 0:
			return agent.Answer{Text: "Together: " + llmtest.TextOf(call.Messages[len(call.Messages)-1])}
		case toolsWereCalled(call):
			last := call.Messages[len(call.Messages)-1].Parts[0].(llms.ToolCallResponse)
			return agent.Answer{Text: "Read " + last.Content}
		case names["list_tasks"]:
			return toolCalls("ask_agent", map[string]any{"agent": "email_agent", "query": "Which mails?"})
		case names["list_events"]:
			return toolCalls("query_rows", map[string]any{"table": "events"})
		}
		return toolCalls("query_rows", map[string]any{"table": "mails"})
	})
	m.Route("task_agent, calendar_agent")
	a := start(t, m)
	me := a.createUser("me@example.com", tier.Pro)
	first := a.Do("POST", "/api/v1/chat", askInvoices, me)
	second := a.Do("POST", "/api/v1/chat", goOn(first, t, `[{"id":"call_1","content":"mail from Bob"}]`, ""), me)
	third := a.Do("POST", "/api/v1/chat", goOn(second, t, `[{"id":"call_2","content":"dinner at eight"}]`, ""), me)
	text, _ := third.JSON(t)["response"].(string)
	if !strings.HasPrefix(text, "Together: ") || !strings.Contains(text, "mail from Bob") ||
		!strings.Contains(text, "dinner at eight") {
		t.Errorf("%s\n%s\n%s", first.Body, second.Body, third.Body)
	}
	if asked != 7 { // task, mail twice, task; calendar twice; synthesis: no answer is asked for again
		t.Errorf("models were asked %d times", asked)
	}
}
