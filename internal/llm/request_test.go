package llm_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
)

// recorder responds like canned and records the last request's body.
type recorder struct {
	canned
	body []byte
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.body = body
	req.Body = io.NopCloser(strings.NewReader(""))
	return r.canned.RoundTrip(req)
}

// strange has characters that JSON must escape, others that it need not, and invalid UTF-8.
const strange = "a \"quoted\" \\ back\nslash\tand\x01 <tags> & Ünï\u2028code 😀 \xff end"

// toolConversation has text, two tool calls and their results.
func toolConversation() []llms.MessageContent {
	call := func(id, name, arguments string) llms.ToolCall {
		return llms.ToolCall{ID: id, Type: "function",
			FunctionCall: &llms.FunctionCall{Name: name, Arguments: arguments}}
	}
	return []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, "Be kind."),
		llms.TextParts(llms.ChatMessageTypeHuman, strange),
		{Role: llms.ChatMessageTypeAI, Parts: []llms.ContentPart{
			llms.TextContent{Text: "Let me see."},
			call("c1", "f", `{"a":"\""}`),
			call("c2", "g", `{}`),
		}},
		toolResult("c1", "", strange),
		toolResult("c2", "", "2"),
	}
}

// TestRequestMatchesLangchaingo compares requests with those that langchaingo's own client sends for the same calls,
// except for the members that it cannot set.
func TestRequestMatchesLangchaingo(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(
		`{"type":"object","properties":{"a":{"type":"string","enum":["x<y","\"z\""]}},"required":["a"]}`)
	tools := []llms.Tool{tool("f", strange, schema), tool("g", "d", map[string]any{"type": "object"})}
	one := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "hi")}
	for name, call := range map[string]agent.ModelCall{
		"one message":  {Messages: one, Temperature: 0.2},
		"router":       {Messages: conversation().Messages, MaxTokens: 64, Small: true},
		"conversation": conversation(),
		"tools":        {Messages: toolConversation(), Tools: tools, Temperature: 0.7},
	} {
		for _, model := range []string{
			"gpt-4o-mini", "llama3.1:8b", "gpt-5-mini", "o3-mini", "o3", "odd \"name\"\n",
		} {
			want, got := langchaingoRequest(t, model, call), ourRequest(t, model, call)
			if diff := gocmp.Diff(requested(t, want), requested(t, got)); diff != "" {
				t.Errorf("%s to %s: langchaingo, we: %s", name, model, diff)
			}
		}
	}
}

// ourLimit is the limit of answers whose calls have none.
const ourLimit = 4096

func ourRequest(t *testing.T, model string, call agent.ModelCall) []byte {
	t.Helper()
	r := &recorder{canned: canned{"application/json", wholeAnswer}}
	client, err := llm.New(llm.Config{APIKey: "k", Model: model, Transport: r, MaxTokens: ourLimit})
	must(t, err)
	_, err = client.Generate(t.Context(), call, nil)
	must(t, err)
	return r.body
}

func langchaingoRequest(t *testing.T, model string, call agent.ModelCall) []byte {
	t.Helper()
	r := &recorder{canned: canned{"application/json", wholeAnswer}}
	client, err := openai.New(openai.WithToken("k"), openai.WithBaseURL("http://model/v1"), openai.WithModel(model),
		openai.WithHTTPClient(&http.Client{Transport: r}))
	must(t, err)
	_, err = client.GenerateContent(t.Context(), call.Messages, llms.WithTools(call.Tools),
		llms.WithTemperature(call.Temperature), llms.WithMaxTokens(cmp.Or(call.MaxTokens, ourLimit)))
	must(t, err)
	return r.body
}

// requested decodes a request. It leaves out what langchaingo cannot send, and joins the parts of a text.
func requested(t *testing.T, body []byte) (r map[string]any) {
	t.Helper()
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	delete(r, "stream")
	delete(r, "stream_options")
	delete(r, "store")
	for _, m := range r["messages"].([]any) {
		message := m.(map[string]any)
		if parts, ok := message["content"].([]any); ok {
			text := ""
			for _, p := range parts {
				text += p.(map[string]any)["text"].(string)
			}
			message["content"] = text
		}
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestEncoderKeepsOnlyPrompts checks that a repeated request is the same, and that nothing of a conversation is kept
// for it.
func TestEncoderKeepsOnlyPrompts(t *testing.T) {
	t.Parallel()
	tools := []llms.Tool{tool("f", "Does \"it\".", json.RawMessage(`{"type":"object"}`))}
	call := agent.ModelCall{Messages: toolConversation(), Tools: tools}
	call.Messages[0] = llms.TextParts(llms.ChatMessageTypeSystem, "Be \"kind\".", "\n\nIt is 14:05.")
	first, second, kept, err := llm.EncodeTwice("gpt-4o-mini", call)
	must(t, err)
	if !bytes.Equal(first, second) || !json.Valid(first) {
		t.Errorf("first %s, then %s", first, second)
	}
	if want := []string{"Be \"kind\".", "Does \"it\"."}; !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
}

// TestStrictSchemas sends a tool and an answer's schema, with and without strict mode. A tool whose schema strict mode
// cannot describe is sent as without it.
func TestStrictSchemas(t *testing.T) {
	t.Parallel()
	call := agent.ModelCall{Messages: []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "hi")},
		Schema: json.RawMessage(`{"type":"object","properties":{"records":{"type":"array","items":{"type":"object",` +
			`"properties":{"id":{"type":"string"},"status":{"type":"string","enum":["todo"]}},"required":["id"]}}},` +
			`"required":["records"]}`),
		Tools: []llms.Tool{
			tool("f", "d", json.RawMessage(`{"type":"object","properties":{"a":{"type":"integer"}}}`)),
			tool("g", "d", json.RawMessage(`{"type":"object","properties":{"filter":{"type":"object"}}}`)),
			tool("h", "d", json.RawMessage(`{"type":"object","properties":{}}`)),
		}}
	request := func(strict bool) map[string]any {
		r := &recorder{canned: canned{"application/json", wholeAnswer}}
		client, err := llm.New(llm.Config{BaseURL: "http://model/v1", Model: "m", Transport: r, StrictSchemas: strict})
		must(t, err)
		for range 2 { // the second time from the cache
			_, err = client.Generate(t.Context(), call, nil)
			must(t, err)
		}
		return requested(t, r.body)
	}
	var want map[string]any
	must(t, json.Unmarshal([]byte(`{
		"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":
			{"type":"object","additionalProperties":false,"required":["records"],"properties":{"records":
				{"type":"array","items":{"type":"object","additionalProperties":false,"required":["id","status"],
					"properties":{"id":{"type":"string"},
						"status":{"type":["string","null"],"enum":["todo",null]}}}}}}}},
		"tools":[
			{"type":"function","function":{"name":"f","description":"d","strict":true,"parameters":
				{"type":"object","additionalProperties":false,"required":["a"],
					"properties":{"a":{"type":["integer","null"]}}}}},
			{"type":"function","function":{"name":"g","description":"d","parameters":
				{"type":"object","properties":{"filter":{"type":"object"}}}}},
			{"type":"function","function":{"name":"h","description":"d","strict":true,"parameters":
				{"type":"object","additionalProperties":false,"required":[],"properties":{}}}}]}`), &want))
	got := request(true)
	for name := range want {
		if diff := gocmp.Diff(want[name], got[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	plain := request(false)
	if text, err := json.Marshal(plain); err != nil || strings.Contains(string(text), "strict") ||
		plain["response_format"] != nil {
		t.Errorf("without strict mode %s is sent, %v", text, err)
	}
}
