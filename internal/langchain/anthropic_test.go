package langchain_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/langchain"
)

const sse = "text/event-stream"

func containsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// event is an event as Anthropic sends it.
func event(kind, members string) string {
	return "event: " + kind + "\ndata: {\"type\":\"" + kind + "\"" + members + "}\n\n"
}

func start() string {
	return event("message_start", `,"message":{"id":"m","type":"message","role":"assistant","content":[],`+
		`"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}`)
}

func textBlock(index int, pieces ...string) string {
	out := event("content_block_start", fmt.Sprintf(`,"index":%d,"content_block":{"type":"text","text":""}`, index))
	for _, piece := range pieces {
		out += event("content_block_delta",
			fmt.Sprintf(`,"index":%d,"delta":{"type":"text_delta","text":%s}`, index, quoted(piece)))
	}
	return out + event("content_block_stop", fmt.Sprintf(`,"index":%d`, index))
}

func toolBlock(index int, id, name string, pieces ...string) string {
	out := event("content_block_start", fmt.Sprintf(
		`,"index":%d,"content_block":{"type":"tool_use","id":%q,"name":%q,"input":{}}`, index, id, name))
	for _, piece := range pieces {
		out += event("content_block_delta",
			fmt.Sprintf(`,"index":%d,"delta":{"type":"input_json_delta","partial_json":%s}`, index, quoted(piece)))
	}
	return out + event("content_block_stop", fmt.Sprintf(`,"index":%d`, index))
}

func stop(reason string) string {
	return event("message_delta", `,"delta":{"stop_reason":"`+reason+`"},"usage":{"output_tokens":7}`) +
		event("message_stop", "")
}

func thinkingBlock() string {
	return event("content_block_start", `,"index":0,"content_block":{"type":"thinking","thinking":""}`) +
		event("content_block_delta", `,"index":0,"delta":{"type":"thinking_delta","thinking":"hidden"}`) +
		event("content_block_delta", `,"index":0,"delta":{"type":"signature_delta","signature":"hidden"}`) +
		event("content_block_start", `,"index":1,"content_block":{"type":"redacted_thinking","data":"hidden"}`)
}

func errorEvent(kind string) string {
	return event("error", `,"error":{"type":"`+kind+`","message":"`+secret+`"}`)
}

func TestAnthropicStreamsTextAndHidesThinking(t *testing.T) {
	t.Parallel()
	client, f := setup(t, langchain.NewAnthropic, send(200, sse, start(), event("ping", ""), thinkingBlock(),
		textBlock(2, "Hel", "lo\x00 \"you\""), event("of_the_future", `,"x":1`), stop("end_turn")))
	var emitted []string
	answer, err := client.Generate(t.Context(), ask("hi"), collect(&emitted))
	if err != nil || answer.Text != `Hello "you"` || answer.Truncated || answer.ToolCalls != nil {
		t.Fatalf("answer %+v, error %v", answer, err)
	}
	if !slices.Equal(emitted, []string{"Hel", `lo "you"`}) {
		t.Errorf("emitted %q", emitted)
	}
	if u := answer.Usage; u.InputTokens != 15 || u.OutputTokens != 7 || u.ModelCalls != 1 || u.Estimated {
		t.Errorf("usage %+v", u)
	}
	body, header := f.bodies[0], f.headers[0]
	wantJSON(t, "model, limit and stream",
		[]any{body["model"], body["max_tokens"], body["stream"], body["temperature"]},
		`["big",50,true,0.2]`)
	wantJSON(t, "system", body["system"], `"Be kind. Today is Monday."`)
	wantJSON(t, "messages", body["messages"], `[{"role":"user","content":[{"type":"text","text":"hi"}]}]`)
	if f.paths[0] != "/messages" || header.Get("X-Api-Key") != "sk-ours" || header.Get("Anthropic-Version") == "" {
		t.Errorf("path %s, header %v", f.paths[0], header)
	}
}

func TestAnthropicCallsTools(t *testing.T) {
	t.Parallel()
	client, f := setup(t, langchain.NewAnthropic, send(200, sse, start(), textBlock(0, "Looking."),
		toolBlock(1, "c1", "f", `{"a"`, `:1}`), toolBlock(2, "c2", "g"), toolBlock(3, "c2", "f", `{"b":[2,`, `"x"]}`),
		stop("tool_use")))
	call := ask("do it")
	call.Tools = []llms.Tool{tool("f"), tool("g")}
	var emitted []string
	answer, err := client.Generate(t.Context(), call, collect(&emitted))
	if err != nil || answer.Text != "Looking." || !slices.Equal(emitted, []string{"Looking."}) {
		t.Fatalf("answer %+v, error %v, emitted %q", answer, err, emitted)
	}
	var calls []string
	ids := map[string]bool{}
	for _, c := range answer.ToolCalls {
		calls, ids[c.ID] = append(calls, c.FunctionCall.Name+c.FunctionCall.Arguments), true
	}
	if !slices.Equal(calls, []string{`f{"a":1}`, `g{}`, `f{"b":[2,"x"]}`}) || len(ids) != 3 {
		t.Errorf("calls %q with the ids %v", calls, ids)
	}
	wantJSON(t, "tools", f.bodies[0]["tools"], `[
		{"name":"f","description":"d","input_schema":{"type":"object","properties":{"a":{"type":"integer"}}}},
		{"name":"g","description":"d","input_schema":{"type":"object","properties":{"a":{"type":"integer"}}}}]`)
}

// TestAnthropicGetsEarlierCalls shows that no part of an assistant's turn is lost, that arguments which are no JSON
// object do not end the request, and that earlier calls have definitions where the model shall not call any more.
func TestAnthropicGetsEarlierCalls(t *testing.T) {
	t.Parallel()
	client, f := setup(t, langchain.NewAnthropic, send(200, sse, start(), textBlock(0, "Done."), stop("end_turn")))
	if _, err := client.Generate(t.Context(), afterCalls(), nil); err != nil {
		t.Fatal(err)
	}
	wantJSON(t, "messages", f.bodies[0]["messages"], `[
		{"role":"user","content":[{"type":"text","text":"do it"}]},
		{"role":"assistant","content":[{"type":"text","text":"Looking."}]},
		{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{"a":1}}]},
		{"role":"assistant","content":[{"type":"tool_use","id":"c2","name":"g","input":{}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"result c1"}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"c2","content":"result c2"}]}]`)
	wantJSON(t, "tools", []any{f.bodies[0]["tools"], f.bodies[0]["tool_choice"]}, `[[
		{"name":"f","input_schema":{"type":"object"}},{"name":"g","input_schema":{"type":"object"}}],{"type":"none"}]`)
}

func TestAnthropicConversationBeginsWithTheUser(t *testing.T) {
	t.Parallel()
	client, f := setup(t, langchain.NewAnthropic, send(200, sse, start(), textBlock(0, "Hi."), stop("end_turn")))
	call := ask("and now?")
	call.Messages = slices.Insert(call.Messages, 1, llms.TextParts(llms.ChatMessageTypeAI, "Earlier answer."),
		llms.TextParts(llms.ChatMessageTypeHuman, " "))
	if _, err := client.Generate(t.Context(), call, nil); err != nil {
		t.Fatal(err)
	}
	wantJSON(t, "messages", f.bodies[0]["messages"], `[
		{"role":"user","content":[{"type":"text","text":"(The conversation began earlier.)"}]},
		{"role":"assistant","content":[{"type":"text","text":"Earlier answer."}]},
		{"role":"user","content":[{"type":"text","text":"and now?"}]}]`)
}

func TestAnthropicMarksTruncatedAnswers(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{"max_tokens", "model_context_window_exceeded"} {
		client, _ := setup(t, langchain.NewAnthropic, send(200, sse, start(), textBlock(0, "As far as"), stop(reason)))
		answer, err := client.Generate(t.Context(), ask("hi"), nil)
		if err != nil || !answer.Truncated || answer.Text != "As far as" {
			t.Errorf("%s: answer %+v, error %v", reason, answer, err)
		}
	}
}

func TestAnthropicFailures(t *testing.T) {
	t.Attr("case", "L10")
	t.Parallel()
	words := `{"type":"error","error":{"type":"x","message":"` + secret + `"}}`
	credit := `{"error":{"type":"invalid_request_error","message":"Your credit balance is too low. ` + secret + `"}}`
	a := []string{"a"}
	quota := func(f *agent.ModelFailure) bool { return f.Quota && f.RefusesKey() }
	started := func(f *agent.ModelFailure) bool { return f.Started }
	testBadAnswers(t, langchain.NewAnthropic, map[string]badAnswer{
		"401":       {[]step{refuse(401, words)}, agent.FailureRefused, 401, 1, nil, nil},
		"403":       {[]step{refuse(403, words)}, agent.FailureRefused, 403, 1, nil, nil},
		"no credit": {[]step{refuse(400, credit)}, agent.FailureRefused, 400, 1, nil, quota},
		"400":       {[]step{refuse(400, words)}, agent.FailureRejected, 400, 1, nil, nil},
		"404":       {[]step{refuse(404, words)}, agent.FailureRejected, 404, 1, nil, nil},
		"413":       {[]step{refuse(413, words)}, agent.FailureRejected, 413, 1, nil, tooLong},
		"too long": {[]step{refuse(400, `{"type":"error","error":{"type":"invalid_request_error","message":`+
			`"prompt is too long: 215004 tokens > 200000 maximum; `+secret+`"}}`)},
			agent.FailureRejected, 400, 1, nil, tooLong},
		"too long with the answer": {[]step{refuse(400, `{"type":"error","error":{"type":"invalid_request_error",`+
			"\"message\":\"input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000\"}}")},
			agent.FailureRejected, 400, 1, nil, tooLong},
		"too long, in the stream": {[]step{send(200, sse, event("error", `,"error":{"type":"invalid_request_error",`+
			`"message":"Prompt is too long"}`))}, agent.FailureRejected, 400, 1, nil, tooLong},
		"429 that speaks of length": {[]step{refuse(429, `{"error":{"message":"prompt is too long"}}`, "60")},
			agent.FailureBusy, 429, 1, nil, notTooLong},
		"429 for a minute": {[]step{refuse(429, words, "60")}, agent.FailureBusy, 429, 1, nil,
			func(f *agent.ModelFailure) bool { return f.RetryAfter == time.Minute }},
		"529 twice": {[]step{refuse(529, words), refuse(529, words)}, agent.FailureBusy, 529, 2, nil, nil},
		"redirect":  {[]step{refuse(307, words)}, agent.FailureRejected, 307, 1, nil, nil},
		"overloaded": {[]step{send(200, sse, start(), textBlock(0, "a"), errorEvent("overloaded_error"))},
			agent.FailureBusy, 503, 1, a, started},
		"refused in it": {[]step{send(200, sse, errorEvent("authentication_error"))},
			agent.FailureRefused, 401, 1, nil, nil},
		"rejected in it": {[]step{send(200, sse, errorEvent("invalid_request_error"))},
			agent.FailureRejected, 400, 1, nil, nil},
		"withheld": {[]step{send(200, sse, start(), textBlock(0, "a"), stop("refusal"))},
			agent.FailureRejected, 0, 1, a, started},
		"unknown end": {[]step{send(200, sse, start(), textBlock(0, "a"), stop("pause_turn"))},
			agent.FailureProtocol, 0, 1, a, started},
		"no end": {[]step{send(200, sse, start(), textBlock(0, "a"))},
			agent.FailureProtocol, 0, 1, a, started},
		"cut": {[]step{sendAndCut(sse, start(), textBlock(0, "a"))},
			agent.FailureNetwork, 0, 1, a, started},
		"HTML": {[]step{send(200, "text/html", "<html>"+secret+"</html>")},
			agent.FailureProtocol, 0, 1, nil, nil},
		"empty": {[]step{send(200, sse)}, agent.FailureProtocol, 0, 1, nil, nil},
		"no JSON": {[]step{send(200, sse, start(), "data: {\""+secret+"\n\n")},
			agent.FailureProtocol, 0, 1, nil, nil},
		"one huge event": {[]step{send(200, sse, "data: {\"x\":\""+strings.Repeat("y", 10<<20))},
			agent.FailureProtocol, 0, 1, nil, nil},
		"a million pings": {[]step{send(200, sse, strings.Repeat(event("ping", ""), 1e6))},
			agent.FailureProtocol, 0, 1, nil, nil},
		"nameless call": {[]step{send(200, sse, toolBlock(0, "c", ""))}, agent.FailureProtocol, 0, 1, nil, nil},
	})
}

func tooLong(f *agent.ModelFailure) bool    { return errors.Is(f.Err(), agent.ErrContextTooLarge) }
func notTooLong(f *agent.ModelFailure) bool { return !tooLong(f) }

func TestAnthropicIsAskedAgainOnce(t *testing.T) {
	t.Parallel()
	good := send(200, sse, start(), textBlock(0, "fine"), stop("end_turn"))
	client, f := setup(t, langchain.NewAnthropic, refuse(529, ""), good, refuse(529, ""))
	if answer, err := client.Generate(t.Context(), ask("hi"), nil); err != nil || answer.Text != "fine" {
		t.Fatalf("answer %+v, error %v", answer, err)
	}
	call := ask("hi")
	call.Attempt.Once = true
	if _, err := client.Generate(t.Context(), call, nil); !errors.Is(err, agent.ErrModelUnavailable) {
		t.Fatalf("error %v", err)
	}
	if len(f.bodies) != 3 {
		t.Errorf("%d requests, want 3", len(f.bodies))
	}
}

func TestCallersKeyAndModelAreUsedForOneCall(t *testing.T) {
	t.Parallel()
	good := send(200, sse, start(), textBlock(0, "fine"), stop("end_turn"))
	client, f := setup(t, langchain.NewAnthropic, good, good)
	own, small := ask("hi"), ask("route")
	own.Attempt = agent.Attempt{Key: agent.NewKey("sk-caller"), Model: "other"}
	small.Small = true
	for _, call := range []agent.ModelCall{own, small} {
		if _, err := client.Generate(t.Context(), call, nil); err != nil {
			t.Fatal(err)
		}
	}
	wantJSON(t, "models", []any{f.bodies[0]["model"], f.bodies[1]["model"]}, `["other","small"]`)
	if a, b := f.headers[0].Get("X-Api-Key"), f.headers[1].Get("X-Api-Key"); a != "sk-caller" || b != "sk-ours" {
		t.Errorf("keys %q and %q", a, b)
	}
}

// silent says nothing until the client leaves.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestSilenceEndsInTime(t *testing.T) {
	t.Attr("case", "L10")
	t.Parallel()
	whole := start() + textBlock(0, "a") + stop("end_turn")
	for name, c := range map[string]struct {
		script step
		limit  time.Duration // of the call
		took   time.Duration
	}{
		"nothing":            {silent, 0, 20 * time.Second},
		"nothing, less time": {silent, 7e9, 7 * time.Second},
		"no more":            {sendAndStall(sse, start(), textBlock(0, "a")), 0, 20 * time.Second},
		"late end":           {sendAndStall(sse, whole), 0, 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, _ := bubble(t, langchain.NewAnthropic, c.script)
				call := ask("hi")
				call.Attempt.FirstToken = c.limit
				began := time.Now()
				_, err := client.Generate(t.Context(), call, nil)
				if took := time.Since(began); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
				late := c.took < time.Second
				if late != (err == nil) || !late && !errors.Is(err, agent.ErrModelTimeout) {
					t.Errorf("error %v", err)
				}
				synctest.Wait()
			})
		})
	}
}

func TestCallerWhoLeavesEndsTheRequest(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	client, _ := setup(t, langchain.NewAnthropic, func(w http.ResponseWriter, r *http.Request) {
		sendAndStall(sse, start(), textBlock(0, "a"))(w, r)
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := client.Generate(ctx, ask("hi"), func(string) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	<-gone
}

func TestEmitErrorEndsTheCall(t *testing.T) {
	t.Parallel()
	client, _ := setup(t, langchain.NewAnthropic, sendAndStall(sse, start(), textBlock(0, "a", "b")))
	full := errors.New("queue is full")
	emitted := 0
	_, err := client.Generate(t.Context(), ask("hi"), func(string) error {
		emitted++
		return full
	})
	if !errors.Is(err, full) || emitted != 1 {
		t.Errorf("error %v, emitted %d", err, emitted)
	}
}
