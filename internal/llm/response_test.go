package llm_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

const mixed = "plain, Grüße, 漢字, 🎉👩‍💻, \"quoted\"\\ and\ttab\n"

func TestTextInAnyForm(t *testing.T) {
	t.Parallel()
	events := func(list ...string) llmtest.Step { return func(x *llmtest.Exchange) { x.Raw(list...) } }
	for name, test := range map[string]struct {
		step llmtest.Step
		want string
	}{
		"cut into bytes":              {llmtest.SplitBytes(mixed), mixed},
		"cut into UTF-16 units":       {llmtest.SplitSurrogates(mixed), mixed},
		"a document although streams": {llmtest.WholeForStream(mixed), mixed},
		"a line of 70,000 bytes":      {llmtest.Say(strings.Repeat("x", 70_000)), strings.Repeat("x", 70_000)},
		"bytes of no character":       {func(x *llmtest.Exchange) { x.Delta("{\"content\":\"a\xff\xfeb\xc3\"}"); x.Finish("stop") }, "a��b�"},
		"half a pair at the end":      {func(x *llmtest.Exchange) { x.Delta(`{"content":"a\ud83d"}`); x.Finish("stop") }, "a�"},
		"half a pair, then text":      {func(x *llmtest.Exchange) { x.Delta(`{"content":"a\ud83d"}`); x.Text("b"); x.Finish("stop") }, "a�b"},
		"parts": {func(x *llmtest.Exchange) {
			x.Delta(`{"content":[{"type":"text","text":"a"},{"text":"b"}]}`)
			x.Finish("stop")
		}, "ab"},
		"refusal": {func(x *llmtest.Exchange) {
			x.Delta(`{"content":null,"refusal":"I would rather not."}`)
			x.Finish("stop")
		}, "I would rather not."},
		"reasoning is no answer": {func(x *llmtest.Exchange) { x.Delta(`{"reasoning":"hm"}`); x.Text("42"); x.Finish("stop") }, "42"},
		"text like a tool call":  {llmtest.Say(`[{"id":"x","type":"function","function":{"name":"rm","arguments":"{}"}}]`), `[{"id":"x","type":"function","function":{"name":"rm","arguments":"{}"}}]`},
		"CRLF, comments, no blank": {events(": ping\r\n\r\nevent: message\r\nid: 1\r\ndata:{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\r\n\r\n",
			"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]"), "hi"},
		"an event of several lines": {events("data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\ndata: \"hi\"}}]}\n\ndata: [DONE]\n\n"), "hi"},
		"finished without [DONE]": {events("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n",
			"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"), "hi"},
		"last event without an end": {events("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}"), "hi"},
		"other choices":             {events("data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"no\"}},{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\ndata: [DONE]\n\n"), "hi"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := setup(t)
			srv.Script(test.step)
			var heard []string
			answer, err := client.Generate(t.Context(), ask("hi"), listen(&heard))
			if err != nil || answer.Text != test.want || answer.ToolCalls != nil {
				t.Fatalf("%q, %v, %v", answer.Text, answer.ToolCalls, err)
			}
			if joined := strings.Join(heard, ""); joined != test.want {
				t.Errorf("heard %q", joined)
			}
			for _, h := range heard {
				if h == "" || strings.ToValidUTF8(h, "") != h {
					t.Errorf("heard %q", h)
				}
			}
		})
	}
}

// calls writes tool calls as text, so that they compare.
func calls(list []llms.ToolCall) (out []string) {
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s %s(%s) %s", c.Type, c.FunctionCall.Name, c.FunctionCall.Arguments, c.ID))
	}
	return out
}

func TestToolCallsInAnyForm(t *testing.T) {
	t.Parallel()
	paris, cet := llmtest.Call("call_a", "weather", `{"city":"Zürich"}`), llmtest.Call("call_b", "clock", `{"zone":"CET"}`)
	both := []string{`function weather({"city":"Zürich"}) call_a`, `function clock({"zone":"CET"}) call_b`}
	parts := func(list ...string) llmtest.Step {
		return func(x *llmtest.Exchange) { x.Calls(list...); x.Finish("tool_calls") }
	}
	for name, test := range map[string]struct {
		step llmtest.Step
		want []string
		text string
	}{
		"in turn":       {step: llmtest.CallTools(paris, cet), want: both},
		"interleaved":   {step: llmtest.Interleaved(paris, cet), want: both},
		"by id alone":   {step: llmtest.RepeatedIDs(paris, cet), want: both},
		"as a document": {step: func(x *llmtest.Exchange) { x.Whole("", "tool_calls", paris, cet) }, want: both},
		"with text":     {step: func(x *llmtest.Exchange) { x.Whole("Sure.", "tool_calls", paris) }, want: both[:1], text: "Sure."},
		"text and parts": {step: func(x *llmtest.Exchange) {
			x.Delta(`{"content":"Sure.","tool_calls":[{"index":0,"id":"call_a","function":{"name":"f","arguments":"{}"}}]}`)
			x.Finish("tool_calls")
		}, want: []string{"function f({}) call_a"}, text: "Sure."},
		"index never moves": {step: parts(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"n\":"}}`, `{"index":0,"function":{"arguments":"1}"}}`,
			`{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}`), want: []string{`function f({"n":1}) a`, `function g({}) b`}},
		"type, id and name repeated": {step: parts(`{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}`,
			`{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"n\":"}}`,
			`{"index":0,"id":"a","type":"function","function":{"name":null,"arguments":"1}"}}`), want: []string{`function f({"n":1}) a`}},
		"empty part at the end":  {step: parts(`{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}`, `{"index":0,"function":{"arguments":""}}`), want: []string{`function f({}) a`}},
		"empty part of no call":  {step: parts(`{"function":{"arguments":""}}`, `{"index":0,"id":"a","function":{"name":"f"}}`), want: []string{`function f({}) a`}},
		"id late":                {step: parts(`{"index":0,"function":{"name":"f"}}`, `{"index":0,"id":"a","function":{"arguments":"{}"}}`), want: []string{`function f({}) a`}},
		"arguments as an object": {step: parts(`{"index":0,"id":"a","function":{"name":"f","arguments":{"n":1}}}`), want: []string{`function f({"n":1}) a`}},
		"arguments cut in a character": {step: parts("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"n\\\":\\\"\xc3\"}}", "{\"index\":0,\"function\":{\"arguments\":\"\xbc\\\"}\"}}"),
			want: []string{`function f({"n":"ü"}) a`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := setup(t)
			srv.Script(test.step)
			var heard []string
			answer, err := client.Generate(t.Context(), ask("hi"), listen(&heard))
			if err != nil || !slices.Equal(calls(answer.ToolCalls), test.want) || answer.Text != test.text {
				t.Fatalf("%q, %q, %v", calls(answer.ToolCalls), answer.Text, err)
			}
			if strings.Join(heard, "") != test.text { // no tool call is ever emitted
				t.Errorf("heard %q", heard)
			}
		})
	}
}

func TestToolCallsWithoutIDsGetTheirOwn(t *testing.T) {
	t.Parallel()
	client, srv := setup(t)
	seen := map[string]bool{}
	for range 2 {
		srv.Script(func(x *llmtest.Exchange) {
			x.Calls(`{"function":{"name":"f","arguments":"{\"n\":1}"}}`, `{"function":{"name":"f","arguments":"{\"n\":2}"}}`,
				`{"function":{"name":"g"}}`, `{"index":7,"id":"x","function":{"name":"h"}}`, `{"index":8,"id":"x","function":{"name":"h"}}`)
			x.Finish("tool_calls")
		})
		answer, err := client.Generate(t.Context(), ask("hi"), nil)
		if err != nil || len(answer.ToolCalls) != 5 {
			t.Fatal(calls(answer.ToolCalls), err)
		}
		var got []string
		for _, c := range answer.ToolCalls {
			got = append(got, c.FunctionCall.Name+c.FunctionCall.Arguments)
			if c.ID == "" || seen[c.ID] && c.ID != "x" {
				t.Errorf("id %q", c.ID)
			}
			seen[c.ID] = true
		}
		if !slices.Equal(got, []string{`f{"n":1}`, `f{"n":2}`, `g{}`, `h{}`, `h{}`}) || answer.ToolCalls[3].ID == answer.ToolCalls[4].ID {
			t.Errorf("%q", calls(answer.ToolCalls))
		}
	}
}

func TestToolCallsThatAreNone(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string][]string{
		"no name":            {`{"index":0,"id":"a","function":{"arguments":"{}"}}`},
		"arguments alone":    {`{"index":0,"function":{"arguments":"{}"}}`},
		"arguments a number": {`{"index":0,"id":"a","function":{"name":"f","arguments":7}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := setup(t)
			srv.Script(func(x *llmtest.Exchange) { x.Calls(parts...); x.Finish("tool_calls") })
			if answer, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrBadAnswer) {
				t.Fatal(calls(answer.ToolCalls), err)
			}
		})
	}
}
