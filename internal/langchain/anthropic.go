package langchain

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/anthropic"

	"github.com/adiuva/cloud-api/internal/agent"
)

// NewAnthropic returns a client of Anthropic's messages API. It fails if langchaingo's client cannot be made.
func NewAnthropic(cfg Config) (*Client, error) {
	c := newClient(cfg, anthropicProtocol{})
	model, err := anthropic.New(anthropic.WithToken("set-by-authorize"), anthropic.WithModel(cfg.Model),
		anthropic.WithBaseURL(cfg.BaseURL), anthropic.WithHTTPClient(c.httpClient()))
	if err != nil {
		return nil, err
	}
	c.model = model
	return c, nil
}

type anthropicProtocol struct{}

// messages returns one message a part: langchaingo's client drops the others. Empty texts, which Anthropic refuses, are
// left out, and a conversation that the assistant began gets a user's turn before it.
func (anthropicProtocol) messages(call agent.ModelCall) (list []llms.MessageContent) {
	begun := false
	add := func(role llms.ChatMessageType, part llms.ContentPart) {
		if !begun && role == llms.ChatMessageTypeAI {
			list = append(list, llms.TextParts(llms.ChatMessageTypeHuman, "(The conversation began earlier.)"))
		}
		begun = begun || role != llms.ChatMessageTypeSystem
		list = append(list, llms.MessageContent{Role: role, Parts: []llms.ContentPart{part}})
	}
	for _, m := range call.Messages {
		for _, p := range m.Parts {
			switch part := p.(type) {
			case llms.TextContent:
				if len(bytes.TrimSpace([]byte(part.Text))) > 0 {
					add(m.Role, part)
				}
			case llms.ToolCall:
				if !isObject(part.FunctionCall.Arguments) {
					part.FunctionCall = &llms.FunctionCall{Name: part.FunctionCall.Name, Arguments: "{}"}
				}
				add(m.Role, part)
			case agent.ModelState: // of another client
			default:
				add(m.Role, part)
			}
		}
	}
	return list
}

func isObject(text string) bool {
	var members map[string]any
	return json.Unmarshal([]byte(text), &members) == nil && members != nil
}

// amend defines the tools of earlier calls where the model shall not call any more: Anthropic refuses a conversation
// with calls of tools that are not defined.
func (anthropicProtocol) amend(request map[string]any, call agent.ModelCall) {
	if len(call.Tools) > 0 {
		return
	}
	var tools []any
	seen := map[string]bool{}
	for _, m := range call.Messages {
		for _, p := range m.Parts {
			if t, ok := p.(llms.ToolCall); ok && !seen[t.FunctionCall.Name] {
				seen[t.FunctionCall.Name] = true
				tools = append(tools, map[string]any{"name": t.FunctionCall.Name,
					"input_schema": map[string]any{"type": "object"}})
			}
		}
	}
	if tools != nil {
		request["tools"], request["tool_choice"] = tools, map[string]any{"type": "none"}
	}
}

func (anthropicProtocol) authorize(h http.Header, key agent.Key) { h.Set("X-Api-Key", key.Reveal()) }

func (anthropicProtocol) done() string {
	return `{"type":"message","role":"assistant","content":[{"type":"text","text":"read"}],"stop_reason":"end_turn"}`
}

// anthropicEvent is what we read of an event.
type anthropicEvent struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		Usage anthropicUsage `json:"usage"`
	} `json:"message"`
	Block struct {
		Type  string          `json:"type"`
		ID    string          `json:"id"`
		Name  string          `json:"name"`
		Text  string          `json:"text"`
		Input json.RawMessage `json:"input"`
	} `json:"content_block"`
	Delta struct {
		Type        string `json:"type"`
		Text        string `json:"text"`
		PartialJSON string `json:"partial_json"`
		StopReason  string `json:"stop_reason"`
	} `json:"delta"`
	Usage anthropicUsage  `json:"usage"`
	Error *anthropicError `json:"error"`
}

type anthropicUsage struct {
	Input      int64 `json:"input_tokens"`
	CacheWrite int64 `json:"cache_creation_input_tokens"`
	CacheRead  int64 `json:"cache_read_input_tokens"`
	Output     int64 `json:"output_tokens"`
}

type anthropicError struct {
	Type    string `json:"type"`
	Message string `json:"message"` // only searched
}

// event reads one event of https://docs.anthropic.com/en/api/messages-streaming. Unknown ones are ignored, as it asks.
func (anthropicProtocol) event(data []byte, b *answerBuilder) error {
	var e anthropicEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return protocolFailure("event is not JSON of the expected shape", b.started) // err may quote the event
	}
	switch e.Type {
	case "message_start":
		e.Message.Usage.addTo(b)
	case "content_block_start":
		return e.startBlock(b)
	case "content_block_delta":
		return e.addDelta(b)
	case "message_delta":
		e.Usage.addTo(b)
		if e.Delta.StopReason != "" {
			b.ending = anthropicEnding(e.Delta.StopReason)
		}
	case "message_stop":
		b.done = true
	case "error":
		return e.failure(b.started)
	}
	return nil
}

func (e *anthropicEvent) startBlock(b *answerBuilder) error {
	switch e.Block.Type {
	case "text":
		return b.addText(e.Block.Text)
	case "tool_use":
		call, err := b.addCall(e.Index, e.Block.ID, e.Block.Name)
		if err == nil && len(e.Block.Input) > 2 { // whole at once, which compatible servers do
			call.args.Write(e.Block.Input)
		}
		return err
	}
	b.markStarted() // thinking, which is not part of the answer
	return nil
}

func (e *anthropicEvent) addDelta(b *answerBuilder) error {
	switch e.Delta.Type {
	case "text_delta":
		return b.addText(e.Delta.Text)
	case "input_json_delta":
		call := b.call(e.Index)
		if call == nil {
			return protocolFailure("arguments without a tool call", b.started)
		}
		call.args.WriteString(e.Delta.PartialJSON)
	}
	b.markStarted()
	return nil
}

// failure classifies an error that comes in the stream.
func (e *anthropicEvent) failure(started bool) *agent.ModelFailure {
	f := statusFailure(http.StatusInternalServerError)
	if e.Error != nil {
		f = statusFailure(anthropicStatus(e.Error.Type))
		anthropicProtocol{}.failure([]byte(e.Error.Message), f)
	}
	f.Started = started
	return f
}

// anthropicStatus returns the status that an error of the type has outside a stream.
func anthropicStatus(errorType string) int {
	switch errorType {
	case "invalid_request_error":
		return http.StatusBadRequest
	case "authentication_error":
		return http.StatusUnauthorized
	case "billing_error":
		return http.StatusPaymentRequired
	case "permission_error":
		return http.StatusForbidden
	case "not_found_error":
		return http.StatusNotFound
	case "request_too_large":
		return http.StatusRequestEntityTooLarge
	case "rate_limit_error":
		return http.StatusTooManyRequests
	}
	return http.StatusServiceUnavailable // overloaded_error, api_error
}

func (u anthropicUsage) addTo(b *answerBuilder) {
	b.usage.InputTokens = max(b.usage.InputTokens, u.Input+u.CacheWrite+u.CacheRead)
	b.usage.OutputTokens = max(b.usage.OutputTokens, u.Output)
}

// anthropicEnding returns what a stop reason means. An unknown one is a cut.
func anthropicEnding(reason string) ending {
	switch reason {
	case "end_turn", "stop_sequence", "tool_use":
		return finished
	case "max_tokens", "model_context_window_exceeded":
		return truncated
	case "refusal":
		return withheld
	}
	return unfinished
}

// anthropicTooLong matches what Anthropic says of a prompt that does not fit, alone or with the answer.
var anthropicTooLong = regexp.MustCompile(`(?i)(?:prompt|input) is too long|exceeds? (?:the )?context (?:limit|window)`)

// failure finds spent credit and prompts that are too long, which Anthropic reports as bad requests.
func (anthropicProtocol) failure(body []byte, f *agent.ModelFailure) {
	switch {
	case f.Status == http.StatusRequestEntityTooLarge,
		f.Status == http.StatusBadRequest && anthropicTooLong.Match(body):
		f.Cause = agent.ErrContextTooLarge
	case f.Status == http.StatusBadRequest && bytes.Contains(body, []byte("credit balance is too low")):
		f.Kind, f.Quota = agent.FailureRefused, true
	}
}
