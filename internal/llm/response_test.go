package llm_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// mixed has characters of one to four bytes, a sequence of them that is one emoji, and characters that JSON escapes.
const mixed = "plain, Grüße, 漢字, 🎉👩‍💻, \"quoted\"\\ and\ttab\n"

// deltas streams the given deltas and then finishes.
func deltas(reason string, list ...string) llmtest.Step {
	return func(x *llmtest.Exchange) {
		for _, delta := range list {
			x.Delta(delta)
		}
		x.Finish(reason)
	}
}

// raw sends bytes of an event stream as they are.
func raw(chunks ...string) llmtest.Step { return func(x *llmtest.Exchange) { x.Raw(chunks...) } }

const (
	hiEvent   = `data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}` + "\n\n"
	stopEvent = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	doneEvent = "data: [DONE]\n\n"

	toolCallText = `[{"id":"x","type":"function","function":{"name":"rm","arguments":"{}"}}]`
)

var longLine = strings.Repeat("x", 70_000)

var textCases = map[string]struct {
	step llmtest.Step
	want string
}{
	"split into bytes":                 {llmtest.SplitBytes(mixed), mixed},
	"split into UTF-16 units":          {llmtest.SplitSurrogates(mixed), mixed},
	"document in answer to stream":     {llmtest.WholeForStream(mixed), mixed},
	"line of 70,000 bytes":             {llmtest.Say(longLine), longLine},
	"invalid UTF-8":                    {deltas("stop", "{\"content\":\"a\xff\xfeb\xc3\"}"), "a\ufffd\ufffdb\ufffd"},
	"half a surrogate pair at the end": {deltas("stop", `{"content":"a\ud83d"}`), "a\ufffd"},
	"half a surrogate pair and then a text": {
		deltas("stop", `{"content":"a\ud83d"}`, `{"content":"b"}`), "a\ufffdb"},
	"array of parts": {
		deltas("stop", `{"content":[{"type":"text","text":"a"},{"text":"b"}]}`), "ab"},
	"refusal":                             {deltas("stop", `{"content":null,"refusal":"I can't."}`), "I can't."},
	"reasoning is not part of the answer": {deltas("stop", `{"reasoning":"hm"}`, `{"content":"42"}`), "42"},
	"text that looks like a tool call":    {llmtest.Say(toolCallText), toolCallText},
	"CRLF, comments, no space after colon": {raw(": ping\r\n\r\nevent: message\r\nid: 1\r\n",
		`data:{"choices":[{"index":0,"delta":{"content":"hi"}}]}`+"\r\n\r\n",
		strings.ReplaceAll(stopEvent, "\n", "\r\n"), "data: [DONE]"), "hi"},
	"event of several lines": {raw("data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\n",
		"data: \"hi\"}}]}\n\n", doneEvent), "hi"},
	"finished without [DONE]": {raw(hiEvent, stopEvent), "hi"},
	"last event without a blank line": {
		raw(`data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}`), "hi"},
	"other choices": {raw(`data: {"choices":[{"index":1,"delta":{"content":"no"}},`,
		`{"index":0,"delta":{"content":"hi"}}]}`+"\n\n", doneEvent), "hi"},
}

func TestTextEncodings(t *testing.T) {
	t.Parallel()
	for name, test := range textCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := setup(t)
			srv.Script(test.step)
			var emitted []string
			answer, err := client.Generate(t.Context(), ask("hi"), collect(&emitted))
			if err != nil || answer.Text != test.want || answer.ToolCalls != nil {
				t.Fatalf("text %q, tool calls %v, error %v", answer.Text, answer.ToolCalls, err)
			}
			if joined := strings.Join(emitted, ""); joined != test.want {
				t.Errorf("emitted %q, want %q", joined, test.want)
			}
			for _, text := range emitted {
				if text == "" || !utf8.ValidString(text) {
					t.Errorf("emitted %q, which is empty or not UTF-8", text)
				}
			}
		})
	}
}

// calls returns tool calls as text, which compares.
func calls(list []llms.ToolCall) (out []string) {
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s %s(%s) %s", c.Type, c.FunctionCall.Name, c.FunctionCall.Arguments, c.ID))
	}
	return out
}

var (
	weatherCall = llmtest.Call("call_a", "weather", `{"city":"Zürich"}`)
	clockCall   = llmtest.Call("call_b", "clock", `{"zone":"CET"}`)
	bothCalls   = []string{`function weather({"city":"Zürich"}) call_a`, `function clock({"zone":"CET"}) call_b`}
)

// callParts streams the given parts of tool calls and then finishes.
func callParts(list ...string) llmtest.Step {
	return func(x *llmtest.Exchange) {
		x.Calls(list...)
		x.Finish("tool_calls")
	}
}

var toolCallCases = map[string]struct {
	step llmtest.Step
	want []string
	text string
}{
	"one after the other":  {step: llmtest.CallTools(weatherCall, clockCall), want: bothCalls},
	"interleaved by index": {step: llmtest.Interleaved(weatherCall, clockCall), want: bothCalls},
	"interleaved by id":    {step: llmtest.RepeatedIDs(weatherCall, clockCall), want: bothCalls},
	"document": {step: func(x *llmtest.Exchange) {
		x.Whole("", "tool_calls", weatherCall, clockCall)
	}, want: bothCalls},
	"document with text": {step: func(x *llmtest.Exchange) {
		x.Whole("Sure.", "tool_calls", weatherCall)
	}, want: bothCalls[:1], text: "Sure."},
	"text in the same event": {step: deltas("tool_calls", `{"content":"Sure.","tool_calls":[`+
		`{"index":0,"id":"call_a","function":{"name":"f","arguments":"{}"}}]}`),
		want: []string{"function f({}) call_a"}, text: "Sure."},
	"index never increases": {step: callParts(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"n\":"}}`,
		`{"index":0,"function":{"arguments":"1}"}}`,
		`{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}`),
		want: []string{`function f({"n":1}) a`, `function g({}) b`}},
	"type, id and name repeated": {step: callParts(
		`{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}`,
		`{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"n\":"}}`,
		`{"index":0,"id":"a","type":"function","function":{"name":null,"arguments":"1}"}}`),
		want: []string{`function f({"n":1}) a`}},
	"empty part at the end": {step: callParts(`{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}`,
		`{"index":0,"function":{"arguments":""}}`), want: []string{`function f({}) a`}},
	"empty part before any call": {step: callParts(`{"function":{"arguments":""}}`,
		`{"index":0,"id":"a","function":{"name":"f"}}`), want: []string{`function f({}) a`}},
	"id after the name": {step: callParts(`{"index":0,"function":{"name":"f"}}`,
		`{"index":0,"id":"a","function":{"arguments":"{}"}}`), want: []string{`function f({}) a`}},
	"arguments as an object": {step: callParts(`{"index":0,"id":"a","function":{"name":"f","arguments":{"n":1}}}`),
		want: []string{`function f({"n":1}) a`}},
	"arguments split in a character": {step: callParts(
		"{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"n\\\":\\\"\xc3\"}}",
		"{\"index\":0,\"function\":{\"arguments\":\"\xbc\\\"}\"}}"),
		want: []string{`function f({"n":"ü"}) a`}},
}

func TestToolCallEncodings(t *testing.T) {
	t.Parallel()
	for name, test := range toolCallCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := setup(t)
			srv.Script(test.step)
			var emitted []string
			answer, err := client.Generate(t.Context(), ask("hi"), collect(&emitted))
			if err != nil || !slices.Equal(calls(answer.ToolCalls), test.want) || answer.Text != test.text {
				t.Fatalf("tool calls %q, text %q, error %v", calls(answer.ToolCalls), answer.Text, err)
			}
			if strings.Join(emitted, "") != test.text { // tool calls are never emitted
				t.Errorf("emitted %q, want %q", emitted, test.text)
			}
		})
	}
}

func TestToolCallsWithoutIDsGetUniqueIDs(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	seen := map[string]bool{}
	for range 2 {
		srv.Script(callParts(
			`{"function":{"name":"f","arguments":"{\"n\":1}"}}`, `{"function":{"name":"f","arguments":"{\"n\":2}"}}`,
			`{"function":{"name":"g"}}`,
			`{"index":7,"id":"x","function":{"name":"h"}}`, `{"index":8,"id":"x","function":{"name":"h"}}`))
		answer, err := client.Generate(t.Context(), ask("hi"), nil)
		if err != nil || len(answer.ToolCalls) != 5 {
			t.Fatalf("tool calls %q, error %v", calls(answer.ToolCalls), err)
		}
		var got []string
		for _, c := range answer.ToolCalls {
			got = append(got, c.FunctionCall.Name+c.FunctionCall.Arguments)
			if c.ID == "" || seen[c.ID] && c.ID != "x" {
				t.Errorf("id %q is empty or repeated", c.ID)
			}
			seen[c.ID] = true
		}
		want := []string{`f{"n":1}`, `f{"n":2}`, `g{}`, `h{}`, `h{}`}
		if !slices.Equal(got, want) || answer.ToolCalls[3].ID == answer.ToolCalls[4].ID {
			t.Errorf("tool calls %q", calls(answer.ToolCalls))
		}
	}
}

func TestMalformedToolCallsAreRejected(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string][]string{
		"no name":                {`{"index":0,"id":"a","function":{"arguments":"{}"}}`},
		"no name and no id":      {`{"index":0,"function":{"arguments":"{}"}}`},
		"arguments are a number": {`{"index":0,"id":"a","function":{"name":"f","arguments":7}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := setup(t)
			srv.Script(callParts(parts...))
			if answer, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrBadAnswer) {
				t.Fatalf("tool calls %q, error %v, want ErrBadAnswer", calls(answer.ToolCalls), err)
			}
		})
	}
}
