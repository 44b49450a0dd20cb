package langchain

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/ollama"

	"github.com/adiuva/cloud-api/internal/agent"
)

// NewOllama returns a client of Ollama's chat API. It fails if cfg.BaseURL is not a URL.
func NewOllama(cfg Config) (*Client, error) {
	if _, err := url.Parse(cfg.BaseURL); err != nil {
		return nil, errors.New("the address of the model is no URL") // err quotes the URL, which may hold a password
	}
	c := newClient(cfg, ollamaProtocol{contextTokens: cfg.ContextTokens})
	model, err := ollama.New(ollama.WithServerURL(strings.TrimRight(cfg.BaseURL, "/")), ollama.WithModel(cfg.Model),
		ollama.WithHTTPClient(c.httpClient()))
	if err != nil {
		return nil, err
	}
	c.model = model
	return c, nil
}

type ollamaProtocol struct{ contextTokens int }

// messages returns one text a message, which is all that langchaingo's client takes; amend adds tool calls.
func (ollamaProtocol) messages(call agent.ModelCall) []llms.MessageContent {
	list := make([]llms.MessageContent, 0, len(call.Messages))
	for _, m := range call.Messages {
		var text strings.Builder
		for _, p := range m.Parts {
			switch part := p.(type) {
			case llms.TextContent:
				text.WriteString(part.Text)
			case llms.ToolCallResponse:
				text.WriteString(part.Content)
			}
		}
		list = append(list, llms.TextParts(m.Role, text.String()))
	}
	return list
}

// amend adds tools, tool calls and the options that we know.
func (p ollamaProtocol) amend(request map[string]any, call agent.ModelCall) {
	messages, _ := request["messages"].([]any)
	for i, m := range call.Messages {
		if i < len(messages) {
			if message, ok := messages[i].(map[string]any); ok {
				amendMessage(message, m)
			}
		}
	}
	if len(call.Tools) > 0 {
		request["tools"] = call.Tools
	}
	delete(request, "format")
	if len(call.Schema) > 0 && len(call.Tools) == 0 {
		request["format"] = call.Schema
	}
	options := map[string]any{"temperature": call.Temperature}
	if call.MaxTokens > 0 {
		options["num_predict"] = call.MaxTokens
	}
	if p.contextTokens > 0 { // without it Ollama cuts long prompts to its default, which is small
		options["num_ctx"] = p.contextTokens
	}
	request["options"] = options
	request["truncate"] = false // newer versions then refuse a prompt that is too long
}

// amendMessage adds the parts of m that are not text.
func amendMessage(message map[string]any, m llms.MessageContent) {
	var calls []any
	for _, p := range m.Parts {
		switch part := p.(type) {
		case llms.ToolCall:
			args := json.RawMessage("{}")
			if isObject(part.FunctionCall.Arguments) {
				args = json.RawMessage(part.FunctionCall.Arguments)
			}
			calls = append(calls, map[string]any{"function": map[string]any{
				"name": part.FunctionCall.Name, "arguments": args}})
		case llms.ToolCallResponse:
			message["tool_name"] = part.Name
		}
	}
	if calls != nil {
		message["tool_calls"] = calls
	}
}

func (ollamaProtocol) authorize(h http.Header, key agent.Key) {
	if key.IsSet() {
		h.Set("Authorization", "Bearer "+key.Reveal())
	}
}

func (ollamaProtocol) done() string {
	return `{"message":{"role":"assistant","content":"read"},"done":true,"done_reason":"stop"}` + "\n"
}

// ollamaEvent is what we read of a line. The model's thinking is left out.
type ollamaEvent struct {
	Error   string `json:"error"`
	Message struct {
		Content  string `json:"content"`
		Thinking string `json:"thinking"`
		Calls    []struct {
			ID       string `json:"id"`
			Function struct {
				Name      string          `json:"name"`
				Arguments json.RawMessage `json:"arguments"`
			} `json:"function"`
		} `json:"tool_calls"`
	} `json:"message"`
	Done   bool   `json:"done"`
	Reason string `json:"done_reason"`
	Input  int64  `json:"prompt_eval_count"`
	Output int64  `json:"eval_count"`
}

// event reads one line of https://github.com/ollama/ollama/blob/main/docs/api.md.
func (ollamaProtocol) event(data []byte, b *answerBuilder) error {
	var e ollamaEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return protocolFailure("event is not JSON of the expected shape", b.started) // err may quote the event
	}
	if e.Error != "" {
		f := statusFailure(http.StatusInternalServerError)
		ollamaProtocol{}.failure([]byte(e.Error), f)
		f.Started = b.started
		return f
	}
	if e.Message.Thinking != "" {
		b.markStarted()
	}
	if err := b.addText(e.Message.Content); err != nil {
		return err
	}
	for _, c := range e.Message.Calls {
		call, err := b.addCall(len(b.calls), c.ID, c.Function.Name)
		if err != nil {
			return err
		}
		call.args.Write(c.Function.Arguments)
	}
	if e.Done {
		b.done = true
		b.ending = ollamaEnding(e.Reason)
		b.usage.InputTokens, b.usage.OutputTokens = e.Input, e.Output
	}
	return nil
}

// ollamaEnding returns what a reason means; older servers give none. "load" means that nothing was generated.
func ollamaEnding(reason string) ending {
	switch reason {
	case "stop", "":
		return finished
	case "length":
		return truncated
	}
	return unfinished
}

var (
	ollamaTooLong = regexp.MustCompile(`(?i)exceed\w* (?:the )?(?:maximum |available )?context|prompt (?:is )?too long`)
	ollamaNoTools = regexp.MustCompile(`(?i)does not support tools`)
)

// failure finds prompts that are too long, whatever the status, and models that cannot call tools.
func (ollamaProtocol) failure(body []byte, f *agent.ModelFailure) {
	switch {
	case f.Kind == agent.FailureRefused || f.Status == http.StatusTooManyRequests:
	case f.Status == http.StatusRequestEntityTooLarge, ollamaTooLong.Match(body):
		f.Kind, f.Cause = agent.FailureRejected, agent.ErrContextTooLarge
	case f.Status == http.StatusBadRequest && ollamaNoTools.Match(body):
		f.Cause = agent.ErrNoTools
	}
}
