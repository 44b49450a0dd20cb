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
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// post sends a request body and returns the answer's status and body, as far as it came.
func post(t *testing.T, url, body string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/chat/completions", strings.NewReader(body))
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

type sentence struct {
	Choices []struct {
		Message struct {
			Content   string
			ToolCalls []llmtest.ToolCall `json:"tool_calls"`
		}
		Finish string `json:"finish_reason"`
	}
}

// converse sends messages and returns the assistant's text and tool calls.
func converse(t *testing.T, url, tools string, messages ...llmtest.Message) (string, []llmtest.ToolCall) {
	t.Helper()
	list := make([]map[string]string, len(messages))
	for i, m := range messages {
		list[i] = map[string]string{"role": m.Role, "content": string(m.Content)}
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	status, answer, err := post(t, url, `{"model":"m","messages":`+string(text)+`,"tools":`+tools+`}`)
	if err != nil || status != http.StatusOK {
		t.Fatal(status, answer, err)
	}
	var s sentence
	if err := json.Unmarshal([]byte(answer), &s); err != nil || len(s.Choices) != 1 {
		t.Fatalf("%s: %v", answer, err)
	}
	return s.Choices[0].Message.Content, s.Choices[0].Message.ToolCalls
}

const (
	taskTools = `[{"type":"function","function":{"name":"create_task"}},{"type":"function","function":{"name":"list_tasks"}}]`
	system    = "You manage tasks.\n\nToday is 2026-11-23 (Monday), time zone UTC. The local time is 09:00."
	router    = `Decide.` + "\n" + `[{"name":"task_agent","description":"x"},{"name":"calendar_agent","description":"x"},{"name":"email_agent","description":"x"},{"name":"analytics_agent","description":"x"},{"name":"invoice_agent","description":"x"}]`
)

func TestAssistantRoutes(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	for message, want := range map[string]string{
		"create a task 'Call Anna' for tomorrow, high priority": "task_agent",
		"list my open tasks":                "task_agent",
		"which meetings overlap on Friday?": "calendar_agent",
		"sort my inbox":                     "email_agent",
		"how is my throughput?":             "analytics_agent",
		"write the invoice for October":     "invoice_agent",
		"hello":                             "task_agent",
		"check my inbox then plan a meeting then make a task": "email_agent, calendar_agent, task_agent",
	} {
		got, calls := converse(t, srv.URL, "null", llmtest.Message{Role: "system", Content: router},
			llmtest.Message{Role: "user", Content: llmtest.Content("Message: " + message + "\nContext: {\"tasks\":3,\"emails\":2}")})
		if got != want || calls != nil {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}

func TestAssistantCallsTools(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	for message, want := range map[string]string{
		"create a task 'Call Anna' for tomorrow, high priority": `create_task {"title":"Call Anna","priority":"high","due_date":"2026-11-24"}`,
		"Add a task to water the plants by friday":              `create_task {"title":"water the plants","due_date":"2026-11-27"}`,
		"create task “Send report” due 2026-12-01":              `create_task {"title":"Send report","due_date":"2026-12-01"}`,
		"remind me to pay rent in 3 days":                       `create_task {"title":"pay rent","due_date":"2026-11-26"}`,
		"list my open tasks":                                    `list_tasks {"filters":{"status":"open"}}`,
		"Which urgent tasks are there?":                         `list_tasks {"filters":{"priority":"urgent"}}`,
	} {
		text, calls := converse(t, srv.URL, taskTools, llmtest.Message{Role: "system", Content: system},
			llmtest.Message{Role: "user", Content: llmtest.Content(message)})
		if len(calls) != 1 || calls[0].Function.Name+" "+calls[0].Function.Arguments != want || text != "" || calls[0].ID == "" {
			t.Errorf("%q: %q, %+v; want %s", message, text, calls, want)
		}
	}
}

func TestAssistantAnswersFromToolResults(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	for result, want := range map[string]string{
		`{"total":3,"tasks":[{"id":"1","title":"A"},{"id":"2","title":"B"},{"id":"3","title":"C"}]}`: `Found 3: "A", "B" and "C".`,
		`{"total":0,"tasks":[]}`: `There is nothing that fits.`,
		`{"proposed":{"title":"Call Anna"},"due_local":"2026-11-24"}`: `I prepared "Call Anna" for you to confirm.`,
		`error: the title is empty`:                                   `That did not work: error: the title is empty.`,
	} {
		text, calls := converse(t, srv.URL, taskTools, llmtest.Message{Role: "system", Content: system},
			llmtest.Message{Role: "user", Content: "list my open tasks"}, llmtest.Message{Role: "assistant"},
			llmtest.Message{Role: "tool", Content: llmtest.Content(result)})
		if text != want || calls != nil {
			t.Errorf("%s: %q, %+v", result, text, calls)
		}
	}
}

func TestAssistantMakesRecordsAndProse(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	step := llmtest.Message{Role: "system", Content: "Do the step.\n\nAnswer with one JSON array of objects and nothing around it. " +
		"Each object has exactly these members, null where unknown: title, dueDate\n\nToday is 2026-11-23 (Monday)."}
	for question, want := range map[string]string{
		"request: reply\n\nRecords:\n[{\"subject\":\"Offer\",\"id\":\"e1\"},{\"title\":\"B\",\"dueDate\":5}]": `[{"dueDate":null,"title":"Offer"},{"dueDate":5,"title":"B"}]`,
		"request: buy milk\n\nRecords:\n[]": `[{"dueDate":null,"title":"buy milk"}]`,
	} {
		if text, _ := converse(t, srv.URL, "null", step, llmtest.Message{Role: "user", Content: llmtest.Content(question)}); text != want {
			t.Errorf("%q: %s", question, text)
		}
	}
	text, _ := converse(t, srv.URL, "null", llmtest.Message{Role: "system", Content: "Merge."},
		llmtest.Message{Role: "user", Content: "Request:\nboth\n\nResult 1:\nOne mail.\n\nResult 2:\nTwo events."})
	if text != "Put together: One mail. Result 2: Two events." {
		t.Errorf("%q", text)
	}
}

func TestAssistantStreams(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	_, answer, err := post(t, srv.URL, `{"stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]}`)
	if err != nil || !strings.HasSuffix(answer, "data: [DONE]\n\n") {
		t.Fatal(answer, err)
	}
	var text strings.Builder
	for event := range strings.SplitSeq(strings.TrimSuffix(answer, "data: [DONE]\n\n"), "\n\n") {
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
			text.WriteString(c.Delta.Content)
		}
	}
	if text.String() != `You said "hello", and there is nothing I can do about that yet.` {
		t.Errorf("%q", text.String())
	}
}

func TestScriptThenAssistant(t *testing.T) {
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
	if r := srv.Requests(); len(r) != 4 || r[0].Model != "m1" || r[0].Path != "/v1/chat/completions" || r[0].Messages[0].Content != "hello" {
		t.Errorf("%+v", r)
	}
	if srv.Connections() < 1 || srv.Running() != 0 {
		t.Errorf("%d connections, %d running", srv.Connections(), srv.Running())
	}
}

func TestCutIsSeenAsOne(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	srv.Script(llmtest.CutMidStream("a"), llmtest.CutMidStream("a"))
	if _, answer, err := post(t, srv.URL, `{"stream":true}`); err == nil || !strings.Contains(answer, `"content":"a"`) {
		t.Errorf("%q, %v", answer, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://model/", bytes.NewReader([]byte(`{"stream":true}`)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := llmtest.Transport(srv.Handler).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(string(text), `"content":"a"`) {
		t.Errorf("%q, %v", text, err)
	}
}

func TestLeavingIsSeen(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer(t)
	srv.Script(llmtest.HoldHeaders())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-srv.Holding()
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
	<-srv.Gone()
}

func TestModel(t *testing.T) {
	t.Parallel()
	errAway := errors.New("away")
	m := llmtest.NewModel(llmtest.TextTurn("a", "b"), llmtest.CallTurn(llmtest.Call("c1", "f", "{}")), llmtest.ErrorTurn(errAway))
	m.Script(llmtest.Turn{Chunks: []string{"x"}, Block: true})
	var heard []string
	emit := func(s string) error { heard = append(heard, s); return nil }
	call := agent.ModelCall{Messages: []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "hi")}}
	if a, err := m.Generate(t.Context(), call, emit); err != nil || a.Text != "ab" || !slices.Equal(heard, []string{"a", "b"}) {
		t.Error(a, err, heard)
	}
	if a, err := m.Generate(t.Context(), call, nil); err != nil || len(a.ToolCalls) != 1 || a.ToolCalls[0].FunctionCall.Name != "f" {
		t.Error(a, err)
	}
	if _, err := m.Generate(t.Context(), call, nil); !errors.Is(err, errAway) {
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
