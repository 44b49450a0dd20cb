package langchain_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/langchain"
)

const ndjson = "application/x-ndjson"

// line is a line as Ollama sends it.
func line(message, more string) string {
	return `{"model":"big","created_at":"2026-11-23T09:00:00Z","message":{"role":"assistant",` + message + `}` + more +
		"}\n"
}

func end(reason string) string {
	return line(`"content":""`, `,"done":true,"done_reason":"`+reason+`","prompt_eval_count":15,"eval_count":7`)
}

func TestOllamaStreamsTextAndHidesThinking(t *testing.T) {
	t.Parallel()
	client, f := setup(t, langchain.NewOllama, send(200, ndjson, line(`"content":"","thinking":"hidden"`, ``),
		line(`"content":"Hel"`, `,"done":false`), line(`"content":"lo"`, ``), end("stop")))
	var emitted []string
	answer, err := client.Generate(t.Context(), ask("hi"), collect(&emitted))
	if err != nil || answer.Text != "Hello" || !slices.Equal(emitted, []string{"Hel", "lo"}) || answer.Truncated {
		t.Fatalf("answer %+v, error %v, emitted %q", answer, err, emitted)
	}
	if u := answer.Usage; u.InputTokens != 15 || u.OutputTokens != 7 || u.ModelCalls != 1 || u.Estimated {
		t.Errorf("usage %+v", u)
	}
	body := f.bodies[0]
	wantJSON(t, "model and stream", []any{body["model"], body["stream"], body["format"], body["tools"]},
		`["big",true,null,null]`)
	wantJSON(t, "truncate", body["truncate"], `false`)
	wantJSON(t, "options", body["options"], `{"temperature":0.2,"num_predict":50,"num_ctx":8000}`)
	wantJSON(t, "messages", body["messages"],
		`[{"role":"system","content":"Be kind. Today is Monday."},{"role":"user","content":"hi"}]`)
	if f.paths[0] != "/api/chat" || f.headers[0].Get("Authorization") != "Bearer sk-ours" {
		t.Errorf("path %s, header %v", f.paths[0], f.headers[0])
	}
}

func TestOllamaCallsTools(t *testing.T) {
	t.Parallel()
	client, f := setup(t, langchain.NewOllama, send(200, ndjson,
		line(`"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]`, ``),
		line(`"content":"","tool_calls":[{"function":{"name":"g","arguments":{}}},{"function":{"name":"f"}}]`, ``),
		end("stop")), send(200, ndjson, line(`"content":"Done."`, ``), end("stop")))
	call := ask("do it")
	call.Tools = []llms.Tool{tool("f"), tool("g")}
	answer, err := client.Generate(t.Context(), call, nil)
	if err != nil || len(answer.ToolCalls) != 3 {
		t.Fatalf("answer %+v, error %v", answer, err)
	}
	ids := map[string]bool{}
	var calls []string
	for _, c := range answer.ToolCalls {
		calls, ids[c.ID] = append(calls, c.FunctionCall.Name+c.FunctionCall.Arguments), true
	}
	if !slices.Equal(calls, []string{`f{"a":1}`, `g{}`, `f{}`}) || len(ids) != 3 || ids[""] {
		t.Errorf("calls %q with the ids %v", calls, ids)
	}
	wantJSON(t, "tools", f.bodies[0]["tools"], `[
		{"type":"function","function":{"name":"f","description":"d",
			"parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}},
		{"type":"function","function":{"name":"g","description":"d",
			"parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}]`)
	if _, err := client.Generate(t.Context(), afterCalls(), nil); err != nil {
		t.Fatal(err)
	}
	wantJSON(t, "messages", f.bodies[1]["messages"], `[
		{"role":"system","content":"Be kind. Today is Monday."},
		{"role":"user","content":"do it"},
		{"role":"assistant","content":"Looking.","tool_calls":[
			{"function":{"name":"f","arguments":{"a":1}}},{"function":{"name":"g","arguments":{}}}]},
		{"role":"tool","content":"result c1","tool_name":"f"},
		{"role":"tool","content":"result c2","tool_name":"f"}]`)
}

func TestOllamaGetsTheSchemaOfAnAnswer(t *testing.T) {
	t.Parallel()
	client, f := setup(t, langchain.NewOllama, send(200, ndjson, line(`"content":"{}"`, ``), end("stop")))
	call := ask("records")
	call.Schema = []byte(`{"type":"object"}`)
	if _, err := client.Generate(t.Context(), call, nil); err != nil {
		t.Fatal(err)
	}
	wantJSON(t, "format", f.bodies[0]["format"], `{"type":"object"}`)
}

func TestOllamaMarksTruncatedAnswers(t *testing.T) {
	t.Parallel()
	client, _ := setup(t, langchain.NewOllama, send(200, ndjson, line(`"content":"As far as"`, ``), end("length")))
	answer, err := client.Generate(t.Context(), ask("hi"), nil)
	if err != nil || !answer.Truncated || answer.Text != "As far as" {
		t.Errorf("answer %+v, error %v", answer, err)
	}
}

// TestByteOrderMarkLosesNothing sends a mark before the first line, with a wrong content type.
func TestByteOrderMarkLosesNothing(t *testing.T) {
	t.Parallel()
	client, _ := setup(t, langchain.NewOllama,
		send(200, "text/html", "\uFEFF"+line(`"content":"Hel"`, ``), line(`"content":"lo"`, ``), end("stop")))
	if answer, err := client.Generate(t.Context(), ask("hi"), nil); err != nil || answer.Text != "Hello" {
		t.Errorf("answer %+v, error %v", answer, err)
	}
}

func TestOllamaFailures(t *testing.T) {
	t.Parallel()
	words := `{"error":"` + secret + `"}` + "\n"
	a, text := []string{"a"}, line(`"content":"a"`, ``)
	testBadAnswers(t, langchain.NewOllama, map[string]badAnswer{
		"404": {[]step{refuse(404, words)}, agent.FailureRejected, 404, 1, nil, nil},
		"400": {[]step{refuse(400, words)}, agent.FailureRejected, 400, 1, nil, nil},
		"401": {[]step{refuse(401, words)}, agent.FailureRefused, 401, 1, nil, nil},
		"too long": {[]step{refuse(400, `{"error":"the input length exceeds the context length"}`)},
			agent.FailureRejected, 400, 1, nil, tooLong},
		"too long, as a failure": {[]step{refuse(500, `{"error":"the request exceeds the available context size"}`)},
			agent.FailureRejected, 500, 1, nil, tooLong},
		"too long, in the stream": {[]step{send(200, ndjson,
			`{"error":"prompt too long; exceeded max context length"}`)},
			agent.FailureRejected, 500, 1, nil, tooLong},
		"no tools": {[]step{refuse(400, `{"error":"registry.ollama.ai/library/gemma3:4b does not support tools"}`)},
			agent.FailureRejected, 400, 1, nil,
			func(f *agent.ModelFailure) bool { return errors.Is(f, agent.ErrNoTools) }},
		"500 twice": {[]step{refuse(500, words), refuse(500, words)}, agent.FailureBusy, 500, 2, nil, nil},
		"error":     {[]step{send(200, ndjson, text, words)}, agent.FailureBusy, 500, 1, a, nil},
		"no end":    {[]step{send(200, ndjson, text)}, agent.FailureProtocol, 0, 1, a, nil},
		"only load": {[]step{send(200, ndjson, end("load"))}, agent.FailureProtocol, 0, 1, nil, nil},
		"half a line": {[]step{send(200, ndjson, text, `{"message":{"content":"`+secret)},
			agent.FailureProtocol, 0, 1, a,
			nil},
		"HTML": {[]step{send(200, "text/html", "<html>"+secret)}, agent.FailureProtocol, 0, 1, nil, nil},
		"cut":  {[]step{sendAndCut(ndjson, text)}, agent.FailureNetwork, 0, 1, a, nil},
	})
}
