package llmtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// post sends a request and returns the status and the body of the response, as far as it was received.
func post(t *testing.T, url, body string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/chat/completions",
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// complete sends messages and returns the text and the tool calls of the response.
func complete(t *testing.T, url, tools string, messages ...map[string]any) (string, []llmtest.ToolCall) {
	t.Helper()
	text, err := json.Marshal(messages)
	if err != nil {
		t.Fatal(err)
	}
	status, body, err := post(t, url, `{"model":"m","messages":`+string(text)+`,"tools":`+tools+`}`)
	if err != nil || status != http.StatusOK {
		t.Fatal(status, body, err)
	}
	var completion struct {
		Choices []struct {
			Message struct {
				Content   string
				ToolCalls []llmtest.ToolCall `json:"tool_calls"`
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &completion); err != nil || len(completion.Choices) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	return completion.Choices[0].Message.Content, completion.Choices[0].Message.ToolCalls
}

func message(role, text string) map[string]any { return map[string]any{"role": role, "content": text} }

const (
	taskParameters = `{"type":"object","properties":{"title":{"type":"string"},"priority":{"type":"string"},` +
		`"due_date":{"type":"string"}}}`
	taskTools = `[{"type":"function","function":{"name":"create_task","parameters":` + taskParameters + `}},` +
		`{"type":"function","function":{"name":"list_tasks","parameters":{"type":"object",` +
		`"properties":{"filters":{"type":"object",` +
		`"properties":{"status":{"type":"string"},"priority":{"type":"string"}}}}}}}]`
	system = "You manage tasks.\n\nToday is 2026-11-23 (Monday), time zone UTC. The local time is 09:00."
	router = "Decide.\n- task_agent: x\n- calendar_agent: x\n- email_agent: x\n- analytics_agent: x\n" +
		"- invoice_agent: x\n"
)

func TestOfflineRoutes(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	for question, want := range map[string]string{
		"create a task 'Call Anna' for tomorrow, high priority": "task_agent",
		"list my open tasks":                "task_agent",
		"which meetings overlap on Friday?": "calendar_agent",
		"summarise my inbox":                "email_agent",
		"how is my throughput?":             "analytics_agent",
		"write the invoice for October":     "invoice_agent",
		"hello":                             "task_agent",
		"check my inbox then list my meetings then make a task": "email_agent, calendar_agent, task_agent",
	} {
		got, calls := complete(t, srv.URL, "null", message("system", router),
			message("user", "Message: "+question+"\nContext: {\"tasks\":3,\"emails\":2}"))
		if got != want || calls != nil {
			t.Errorf("%q: %q, want %q", question, got, want)
		}
	}
}

func TestOfflineCallsTools(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	for question, want := range map[string]string{
		"create a task 'Call Anna' for tomorrow, high priority": `create_task {"due_date":"2026-11-24",` +
			`"priority":"high","title":"Call Anna"}`,
		"Add a task to water the plants by friday": `create_task {"due_date":"2026-11-27",` +
			`"title":"Water the plants"}`,
		"create task “Send report” due 2026-12-01": `create_task {"due_date":"2026-12-01",` +
			`"title":"Send report"}`,
		"I need to pay rent in 3 days": `create_task {"due_date":"2026-11-26",` +
			`"title":"Pay rent"}`,
		"list my open tasks":            `list_tasks {"filters":{"status":"open"}}`,
		"Which urgent tasks are there?": `list_tasks {"filters":{"priority":"urgent","status":"open"}}`,
	} {
		text, calls := complete(t, srv.URL, taskTools, message("system", system), message("user", question))
		if len(calls) != 1 || calls[0].Function.Name+" "+calls[0].Function.Arguments != want || text != "" ||
			calls[0].ID == "" {
			t.Errorf("%q: %q, %+v; want %s", question, text, calls, want)
		}
	}
}

func TestOfflineAnswersFromToolResults(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	for result, want := range map[string]string{
		`{"total":1,"tasks":[{"title":"A","status":"todo"}]}`: "One task:\n- “A”: no due date",
		`{"total":0,"tasks":[]}`:                              "There are no such tasks.",
		`error: the calendar is away`:                         "That did not work: the calendar is away.",
	} {
		call := message("assistant", "")
		call["tool_calls"] = []llmtest.ToolCall{
			llmtest.Call("c1", "list_tasks", `{"filters":{"status":"open"}}`)}
		answer := message("tool", result)
		answer["tool_call_id"] = "c1"
		text, calls := complete(t, srv.URL, taskTools, message("system", system),
			message("user", "list my open tasks"), call, answer)
		if text != want+"\n\n"+offline.Notice || calls != nil {
			t.Errorf("%s: %q, %+v", result, text, calls)
		}
	}
}

func TestOfflineMakesRecordsAndProse(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	step := message("system", "Do the step.\n\nAnswer with one JSON object and nothing around it: "+
		`{"records": [...]}. These are the members of a record:`+
		"\n- title: text\n- priority: one of low, medium\n\n"+
		"Today is 2026-11-23 (Monday), time zone UTC. The local time is 09:00.")
	for question, want := range map[string]string{
		"request: reply\n\nRecords:\n[{\"subject\":\"Please pay\",\"id\":\"e1\"}]": `{"records":[` +
			`{"priority":"medium","title":"Handle Please pay"}]}`,
		"request: buy milk\n\nRecords:\n[]": `{"records":[{"priority":"medium",` +
			`"title":"Buy milk"}]}`,
	} {
		if text, _ := complete(t, srv.URL, "null", step, message("user", question)); text != want {
			t.Errorf("%q: %s", question, text)
		}
	}
	text, _ := complete(t, srv.URL, "null", message("system", "Merge."),
		message("user", "Request:\nboth\n\nResult 1:\nOne mail.\n\nResult 2:\nTwo events."))
	if text != "One mail.\n\nTwo events.\n\n"+offline.Notice {
		t.Errorf("%q", text)
	}
}

func TestOfflineStreams(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	_, body, err := post(t, srv.URL,
		`{"stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]}`)
	if err != nil || !strings.HasSuffix(body, "data: [DONE]\n\n") {
		t.Fatal(body, err)
	}
	var parts []string
	for event := range strings.SplitSeq(strings.TrimSuffix(body, "data: [DONE]\n\n"), "\n\n") {
		var e struct {
			Choices []struct{ Delta struct{ Content string } }
		}
		if event == "" {
			continue
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(event, "data: ")), &e); err != nil {
			t.Fatalf("%q: %v", event, err)
		}
		for _, c := range e.Choices {
			parts = append(parts, c.Delta.Content)
		}
	}
	want, err := offline.New(offline.Config{}).Generate(t.Context(), agent.ModelCall{Messages: []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeHuman, "hello")}}, nil)
	if err != nil || strings.Join(parts, "") != want.Text || len(parts) < 10 {
		t.Errorf("%q, want %q in words, %v", parts, want.Text, err)
	}
}

func TestScriptThenOffline(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	srv.Script(llmtest.Refuse(500), llmtest.Say("scripted"))
	var got []int
	for range 3 {
		status, _, err := post(t, srv.URL, `{"model":"m1","messages":[{"role":"user","content":"hello"}]}`)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, status)
	}
	if status, _, err := post(t, srv.URL, `{`); err != nil || status != http.StatusBadRequest {
		t.Error(status, err)
	}
	if !slices.Equal(got, []int{500, 200, 200}) {
		t.Errorf("%v", got)
	}
	if r := srv.Requests(); len(r) != 4 || r[0].Model != "m1" || r[0].Path != "/v1/chat/completions" ||
		r[0].Messages[0].Content != "hello" {
		t.Errorf("%+v", r)
	}
	if srv.Connections() < 1 || srv.Running() != 0 {
		t.Errorf("%d connections, %d running", srv.Connections(), srv.Running())
	}
}

func TestResetMidStreamIsNoEndOfStream(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	srv.Script(llmtest.CutMidStream("a"), llmtest.CutMidStream("a"))
	if _, answer, err := post(t, srv.URL, `{"stream":true}`); err == nil || !strings.Contains(answer, `"content":"a"`) {
		t.Errorf("%q, %v", answer, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://model/",
		bytes.NewReader([]byte(`{"stream":true}`)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := llmtest.Transport(srv.Handler).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) ||
		!strings.Contains(string(text), `"content":"a"`) {
		t.Errorf("%q, %v", text, err)
	}
}

func TestDisconnectIsReported(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	srv.Script(llmtest.StallBeforeHeaders())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-srv.Stalled()
		if srv.Running() != 1 {
			t.Errorf("%d running", srv.Running())
		}
		cancel()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+"/chat/completions", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Fatal("an answer")
	}
	<-srv.Canceled()
}

func human(text string) agent.ModelCall {
	return agent.ModelCall{Messages: []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, text)}}
}

func TestModelAnswersFromItsScript(t *testing.T) {
	t.Parallel()
	errFailed := errors.New("failed")
	m := llmtest.NewModel(llmtest.TextTurn("a", "b"), llmtest.CallTurn(llmtest.Call("c1", "f", "{}")),
		llmtest.ErrorTurn(errFailed))
	m.Script(llmtest.Turn{Chunks: []string{"x"}, Block: true})
	var emitted []string
	emit := func(s string) error { emitted = append(emitted, s); return nil }
	call := human("hi")
	if a, err := m.Generate(t.Context(), call, emit); err != nil || a.Text != "ab" ||
		!slices.Equal(emitted, []string{"a", "b"}) {
		t.Error(a, err, emitted)
	}
	if a, err := m.Generate(t.Context(), call, nil); err != nil || len(a.ToolCalls) != 1 ||
		a.ToolCalls[0].FunctionCall.Name != "f" {
		t.Error(a, err)
	}
	if _, err := m.Generate(t.Context(), call, nil); !errors.Is(err, errFailed) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := m.Generate(ctx, call, func(string) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := m.Generate(t.Context(), call, nil); err == nil || len(m.Calls()) != 5 {
		t.Error(err, len(m.Calls()))
	}
}

func TestModelAnswersTheRouterApartFromItsScript(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModel(llmtest.TextTurn("scripted"))
	router := human("Which agent?")
	router.Small = true
	if a, err := m.Generate(t.Context(), router, nil); err != nil || a.Text != "task_agent" ||
		m.RouterPrompt() != "Which agent?" {
		t.Error(a, err, m.RouterPrompt())
	}
	m.Route("email_agent, task_agent")
	if a, err := m.Generate(t.Context(), router, nil); err != nil || a.Text != "email_agent, task_agent" {
		t.Error(a, err)
	}
	if a, err := m.Generate(t.Context(), human("hi"), nil); err != nil || a.Text != "scripted" || len(m.Calls()) != 3 {
		t.Error(a, err, len(m.Calls()))
	}
}

func TestModelAnswersWithAFunction(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModelFunc(func(_ context.Context, _ agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
		return agent.Answer{Text: "rest"}, emit("start ")
	})
	m.SetChunkSize(3)
	var emitted []string
	emit := func(s string) error { emitted = append(emitted, s); return nil }
	if a, err := m.Generate(t.Context(), human("hi"), emit); err != nil || a.Text != "start rest" ||
		!slices.Equal(emitted, []string{"start ", "res", "t"}) {
		t.Error(a, err, emitted)
	}
	m.Respond(func(call agent.ModelCall) agent.Answer {
		return agent.Answer{Text: "You said " + llmtest.TextOf(call.Messages[0])}
	})
	if a, err := m.Generate(t.Context(), human("hi"), nil); err != nil || a.Text != "You said hi" {
		t.Error(a, err)
	}
}
