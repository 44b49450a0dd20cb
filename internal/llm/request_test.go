package llm_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
)

// recorder answers like canned and keeps the last request's body.
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

// strange holds what JSON escapes, what it may leave alone, and a byte that is no text.
const strange = "a \"quoted\" \\ back\nslash\tand\x01 <tags> & Ünï\u2028code 😀 \xff end"

func toolTalk() []llms.MessageContent {
	return []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, "Be kind."), llms.TextParts(llms.ChatMessageTypeHuman, strange),
		{Role: llms.ChatMessageTypeAI, Parts: []llms.ContentPart{llms.TextContent{Text: "Let me see."},
			llms.ToolCall{ID: "c1", Type: "function", FunctionCall: &llms.FunctionCall{Name: "f", Arguments: `{"a":"` + `\"` + `"}`}},
			llms.ToolCall{ID: "c2", Type: "function", FunctionCall: &llms.FunctionCall{Name: "g", Arguments: `{}`}}}},
		{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{llms.ToolCallResponse{ToolCallID: "c1", Content: strange}}},
		{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{llms.ToolCallResponse{ToolCallID: "c2", Content: "2"}}},
	}
}

// TestRequestIsLangchaingos holds what is sent against what langchaingo's own client sends for the same call, but for the
// two members it cannot set.
func TestRequestIsLangchaingos(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"type":"object","properties":{"a":{"type":"string","enum":["x<y","\"z\""]}},"required":["a"]}`)
	tools := []llms.Tool{
		{Type: "function", Function: &llms.FunctionDefinition{Name: "f", Description: strange, Parameters: schema}},
		{Type: "function", Function: &llms.FunctionDefinition{Name: "g", Description: "d", Parameters: map[string]any{"type": "object"}}},
	}
	for name, call := range map[string]agent.ModelCall{
		"one message":  {Messages: []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "hi")}, Temperature: 0.2},
		"a router's":   {Messages: conversation().Messages, MaxTokens: 64, Small: true},
		"conversation": conversation(),
		"tools":        {Messages: toolTalk(), Tools: tools, Temperature: 0.7},
	} {
		for _, model := range []string{"gpt-4o-mini", "llama3.1:8b", "gpt-5-mini", "o3-mini", "o3", "odd \"name\"\n"} {
			ours, theirs := &recorder{canned: canned{"application/json", wholeAnswer}}, &recorder{canned: canned{"application/json", wholeAnswer}}
			client, err := llm.New(llm.Config{APIKey: "k", BaseURL: "http://model/v1", Model: model, Transport: ours})
			fatal(t, err)
			_, err = client.Generate(t.Context(), call, nil)
			fatal(t, err)
			plain, err := openai.New(openai.WithToken("k"), openai.WithBaseURL("http://model/v1"), openai.WithModel(model),
				openai.WithHTTPClient(&http.Client{Transport: theirs}))
			fatal(t, err)
			_, err = plain.GenerateContent(t.Context(), call.Messages, llms.WithTools(call.Tools), llms.WithTemperature(call.Temperature), llms.WithMaxTokens(call.MaxTokens))
			fatal(t, err)
			if diff := cmp.Diff(requested(t, theirs.body), requested(t, ours.body)); diff != "" {
				t.Errorf("%s to %s: %s", name, model, diff)
			}
		}
	}
}

// requested reads a request, leaving out what langchaingo cannot say, with texts in several parts joined.
func requested(t *testing.T, body []byte) (r map[string]any) {
	t.Helper()
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	delete(r, "stream")
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

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestEncoderKeepsOnlyPrompts checks that a repeated request is the same, and that nothing of a conversation is kept for it.
func TestEncoderKeepsOnlyPrompts(t *testing.T) {
	t.Parallel()
	call := agent.ModelCall{Messages: toolTalk(), Tools: []llms.Tool{{Type: "function", Function: &llms.FunctionDefinition{
		Name: "f", Description: strange, Parameters: json.RawMessage(`{"type":"object"}`)}}}}
	call.Messages[0] = llms.TextParts(llms.ChatMessageTypeSystem, "Be \"kind\".", "\n\nIt is 14:05.")
	first, second, kept, err := llm.EncodeTwice("gpt-4o-mini", call)
	fatal(t, err)
	if !bytes.Equal(first, second) || !json.Valid(first) {
		t.Errorf("first %s, then %s", first, second)
	}
	if want := []string{"Be \"kind\".", strange}; !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
}
