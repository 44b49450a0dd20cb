package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// Report is what a provider did when it was asked.
type Report struct {
	Provider   Provider
	Chat       bool // it answers
	Stream     bool // the answer comes in pieces
	Tools      bool // the model calls a tool with the right arguments
	Schema     bool // the model answers by a JSON schema that is sent with the question
	Usage      bool // the answer says how many tokens it took
	Router     bool // the router's model answers
	FirstToken time.Duration
	Advice     []string // what to change, one sentence each
}

// Open returns a client of the provider and a function that closes it.
type Open func(Provider) (agent.Model, func(), error)

// checkTokens is enough for the questions below, for models that think first as well.
const checkTokens = 1000

// slow is how long a first token may take before the report says something.
const slow = 10 * time.Second

// Check asks the provider a few small questions. It fails only if open does.
func Check(ctx context.Context, p Provider, open Open, now func() time.Time) (Report, error) {
	model, stop, err := open(p)
	if err != nil {
		return Report{}, err
	}
	defer stop()
	c := &checker{ctx: ctx, model: model, now: now, report: Report{Provider: p}}
	c.askText()
	if c.report.Chat {
		c.askTool()
		c.askRouter()
		if err := c.askSchema(open); err != nil {
			return Report{}, err
		}
	}
	return c.report, nil
}

type checker struct {
	ctx    context.Context
	model  agent.Model
	now    func() time.Time
	report Report
}

func (c *checker) advise(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(c.report.Advice, text) {
		c.report.Advice = append(c.report.Advice, text)
	}
}

// question returns a call. Its texts are ours, so nothing of a person is sent.
func (c *checker) question(text string, tools ...llms.Tool) agent.ModelCall {
	return agent.ModelCall{MaxTokens: min(checkTokens, c.report.Provider.MaxOutputTokens), Tools: tools,
		Attempt: agent.Attempt{Model: c.report.Provider.Agent}, Messages: []llms.MessageContent{
			llms.TextParts(llms.ChatMessageTypeSystem, "You are being tested. Do exactly what you are asked."),
			llms.TextParts(llms.ChatMessageTypeHuman, text),
		}}
}

// askText finds out whether the provider answers and streams, how soon, and whether it reports usage.
func (c *checker) askText() {
	began, pieces := c.now(), 0
	answer, err := c.model.Generate(c.ctx, c.question("Count from one to ten in English words."), func(string) error {
		if pieces++; pieces == 1 {
			c.report.FirstToken = c.now().Sub(began)
		}
		return nil
	})
	if err != nil {
		c.advise("%s", remedy(err))
		return
	}
	if strings.TrimSpace(answer.Text) == "" {
		c.advise("The answer was empty: raise max_output_tokens, or use another model.")
		return
	}
	c.report.Chat = true
	if c.report.Stream = pieces > 1; !c.report.Stream {
		c.advise("Answers come whole: people see nothing before the end. Switch streaming on in the server.")
	}
	if c.report.Usage = answer.Usage.InputTokens > 0; !c.report.Usage {
		c.advise("Tokens are not reported, so they are estimated.")
	}
	if c.report.FirstToken > slow {
		c.advise("The first token took %s: use a faster model, or raise LLM_FIRST_TOKEN_TIMEOUT.",
			c.report.FirstToken.Round(100*time.Millisecond))
	}
}

// askTool finds out whether the model calls a tool.
func (c *checker) askTool() {
	const name = "add_numbers"
	add := llms.Tool{Type: "function", Function: &llms.FunctionDefinition{Name: name,
		Description: "Adds two whole numbers.", Parameters: json.RawMessage(`{"type":"object","properties":{` +
			`"a":{"type":"integer"},"b":{"type":"integer"}},"required":["a","b"],"additionalProperties":false}`)}}
	answer, err := c.model.Generate(c.ctx, c.question("Add 17 and 25 with the tool "+name+".", add),
		func(string) error { return nil })
	for _, call := range answer.ToolCalls {
		var args struct{ A, B float64 }
		wellFormed := json.Unmarshal([]byte(call.FunctionCall.Arguments), &args) == nil
		c.report.Tools = c.report.Tools || wellFormed && call.FunctionCall.Name == name && args.A+args.B == 42
	}
	switch {
	case err != nil:
		c.advise("A question with a tool failed. %s", remedy(err))
	case !c.report.Tools:
		c.advise("The model did not call the tool: agents need a model that calls tools.")
	}
}

// askRouter finds out whether the router's model answers.
func (c *checker) askRouter() {
	p := c.report.Provider
	call := c.question("Answer with the one word: calendar_agent")
	call.Small, call.Attempt.Model = true, p.Router
	answer, err := c.model.Generate(c.ctx, call, nil)
	c.report.Router = err == nil && strings.Contains(answer.Text, "calendar_agent")
	switch {
	case err != nil:
		c.advise("models.router (%s) failed. %s", p.Router, remedy(err))
	case !c.report.Router:
		c.advise("models.router (%s) does not follow a simple order: use a larger model.", p.Router)
	}
}

// askSchema finds out whether the provider enforces JSON schemas, with a client that sends them.
func (c *checker) askSchema(open Open) error {
	p := c.report.Provider
	configured := p.StrictSchemas
	p.StrictSchemas = true
	model, stop, err := open(p)
	if err != nil {
		return err
	}
	defer stop()
	call := c.question("What is the sum of 17 and 25?")
	call.Schema = json.RawMessage(`{"type":"object","properties":{"sum":{"type":"integer"}},"required":["sum"],` +
		`"additionalProperties":false}`)
	answer, err := model.Generate(c.ctx, call, nil)
	var members map[string]any
	decoded := json.Unmarshal([]byte(answer.Text), &members)
	_, isNumber := members["sum"].(float64)
	c.report.Schema = err == nil && decoded == nil && len(members) == 1 && isNumber
	switch sends := p.Kind != Ollama && p.Kind != Anthropic; {
	case sends && c.report.Schema && !configured:
		c.advise("JSON schemas work: set strict_schemas: true (LLM_STRICT_SCHEMAS without a providers file).")
	case sends && !c.report.Schema && configured:
		c.advise("JSON schemas do not work: set strict_schemas: false (LLM_STRICT_SCHEMAS without a providers file).")
	}
	return nil
}

// remedy says what to change after a failure.
func remedy(err error) string {
	var f *agent.ModelFailure
	if !errors.As(err, &f) {
		return "The call failed on our side; run it again."
	}
	switch {
	case errors.Is(f, agent.ErrNoTools):
		return "The model or its server cannot call tools, which agents need: use another model, or switch tools on."
	case f.Kind == agent.FailureRefused && f.Quota:
		return "The quota is spent: add credit, or use another key."
	case f.Kind == agent.FailureRefused && f.Model:
		return "The key may not use the model: allow it, or change models."
	case f.Kind == agent.FailureRefused:
		return fmt.Sprintf("The key is refused (status %d): check it.", f.Status)
	case f.Kind == agent.FailureNetwork:
		return "There is no connection: check base_url, and the network in between."
	case f.Kind == agent.FailureTimeout:
		return "It took too long: use a faster model, or raise LLM_FIRST_TOKEN_TIMEOUT and LLM_TIMEOUT."
	case f.Kind == agent.FailureBusy:
		return fmt.Sprintf("It is overloaded or limits us (status %d): wait, or raise the limit.", f.Status)
	case f.Kind == agent.FailureProtocol:
		return "The answer is not of this kind's protocol: check kind and base_url."
	case f.Status == http.StatusNotFound:
		return "There is no such model or path (status 404): check models and base_url."
	case f.Kind == agent.FailureRejected:
		return fmt.Sprintf("It rejects the request (status %d): check kind, models and max_output_tokens.", f.Status)
	}
	return "The call was stopped."
}
