package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"
	"go.opentelemetry.io/otel/attribute"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/span"
)

// MaxRounds limits how often a loop calls the model. In the last call the model must answer in text.
const MaxRounds = 5

// maxCalls limits the tool calls of one round. It leaves room for MaxActions proposals and a few reads.
const maxCalls = 64

// Faults of a loop.
var (
	ErrLoopLimit = fault.New(fault.AgentLoopLimit,
		"The assistant did not come to an answer in the steps it has. Ask for less at once, or rephrase.")
	ErrNoAnswer = fault.New(fault.LLMError, "The language model gave no answer. Try again.")
	// ErrModelTimeout means that a call of the model, or the whole request, took too long.
	ErrModelTimeout = fault.New(fault.LLMTimeout, "The language model took too long. Try again, or ask for "+
		"less at once.")
)

// LoopConfig configures a Loop.
type LoopConfig struct {
	Model    Model
	Run      *Run
	Tools    []Tool
	Messages []llms.MessageContent
	// History are the messages that are turns of the conversation so far: what does not fit into the model's context
	// is left out, oldest first. The person's message follows it.
	History Span
}

// Loop lets the model call tools until it answers in text, in at most MaxRounds rounds; a model that still calls tools
// then gets ErrLoopLimit. The calls of a round run in order. A call that repeats an earlier one exactly does not run
// again, and after a round of nothing else the model must answer in text. Text beside tool calls is part of the answer,
// separated by an empty line, so that the pieces that emit received add up to Result.Text.
func Loop(ctx context.Context, cfg LoopConfig, emit Emit) (Result, error) {
	definitions := make([]llms.Tool, len(cfg.Tools))
	for i, t := range cfg.Tools {
		definitions[i] = t.definition()
	}
	l := &loop{LoopConfig: cfg, out: &collector{emit: emit}, seen: map[string]bool{},
		prompt: newPrompt(cfg)}
	for round := 1; round <= MaxRounds; round++ {
		textOnly := round == MaxRounds || l.repeating || len(definitions) == 0
		answer, err := l.generate(ctx, definitions, textOnly)
		if err != nil {
			return Result{}, err
		}
		if len(answer.ToolCalls) == 0 {
			return l.result(answer)
		}
		if textOnly || len(answer.ToolCalls) > maxCalls {
			return Result{}, ErrLoopLimit
		}
		if err := l.runTools(ctx, answer); err != nil {
			return Result{}, err
		}
		if l.readRows { // what the calls of this round proposed, the model had decided before it read their results
			l.Run.SawForeignText()
		}
	}
	return Result{}, ErrLoopLimit
}

type loop struct {
	LoopConfig
	prompt    *prompt
	out       *collector
	seen      map[string]bool // calls by name and arguments
	repeating bool            // the last round only repeated earlier calls
	readRows  bool            // a tool's result may contain text that others wrote
}

func (l *loop) generate(ctx context.Context, tools []llms.Tool, textOnly bool) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	l.out.startRound()
	if answer, ok, err := l.Run.recorded(); ok || err != nil {
		return l.keep(answer, err)
	}
	messages, turns, err := l.prompt.fit()
	if err != nil {
		return Answer{}, err
	}
	if all := l.History.To - l.History.From; all > 0 && l.Run.Model != nil {
		l.Run.Model.noteTurns(turns, all)
	}
	history := Span{From: l.History.From, To: l.History.From + turns}
	answer, err := l.Model.Generate(ctx, ModelCall{Messages: messages, History: history, Tools: tools,
		ToolTokens: l.prompt.tools, TextOnly: textOnly, Temperature: 0.2, Request: l.Run.Model}, l.out.listener())
	return l.keep(answer, err)
}

// keep adds an answer to the text and to the run's Record.
func (l *loop) keep(answer Answer, err error) (Answer, error) {
	if err == nil {
		err = l.out.addRest(answer.Text)
	}
	if err != nil {
		return Answer{}, err
	}
	l.Run.keep(answer, l.out.text.String()[l.out.round:])
	return answer, nil
}

// result returns the model's answer. When the model proposed actions and then wrote nothing, the text says so.
func (l *loop) result(answer Answer) (Result, error) {
	actions, proposals := slices.Clone(l.Run.Actions()), slices.Clone(l.Run.Proposals())
	if strings.TrimSpace(l.out.text.String()) == "" {
		if len(actions)+len(proposals) == 0 {
			return Result{}, ErrNoAnswer
		}
		prepared := fmt.Sprintf("Changes prepared for you to confirm: %d.", len(actions)+len(proposals))
		if err := l.out.add(prepared); err != nil {
			return Result{}, err
		}
	}
	return Result{Text: l.out.text.String(), Actions: actions, Proposals: proposals,
		Truncated: answer.Truncated}, nil
}

// runTools runs the calls of a round and adds the calls and their results to the conversation.
func (l *loop) runTools(ctx context.Context, answer Answer) error {
	message := llms.MessageContent{Role: llms.ChatMessageTypeAI}
	if answer.State != nil {
		message.Parts = append(message.Parts, ModelState{Value: answer.State})
	}
	if answer.Text != "" {
		message.Parts = append(message.Parts, llms.TextContent{Text: answer.Text})
	}
	results := make([]llms.MessageContent, 0, len(answer.ToolCalls))
	var ofApp []AppCall
	var places []int // of their results
	l.repeating = true
	for i, call := range answer.ToolCalls {
		if call.FunctionCall == nil {
			call.FunctionCall = &llms.FunctionCall{}
		}
		if call.ID == "" {
			call.ID = fmt.Sprintf("call_%d_%d", len(l.prompt.messages), i)
		}
		call.Type = "function"
		text, appCall, err := l.runTool(ctx, call.FunctionCall)
		if err != nil {
			return l.suspended(err)
		}
		if appCall != nil {
			ofApp, places = append(ofApp, *appCall), append(places, i)
		}
		message.Parts = append(message.Parts, call)
		results = append(results, llms.MessageContent{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{
			llms.ToolCallResponse{ToolCallID: call.ID, Name: call.FunctionCall.Name, Content: text}}})
	}
	if err := l.appResults(ctx, ofApp, results, places); err != nil {
		return l.suspended(err)
	}
	l.prompt.add(append([]llms.MessageContent{message}, results...)...)
	return nil
}

// suspended adds the text so far to a Suspended. The loop that began the answer is the last one to do so.
func (l *loop) suspended(err error) error {
	var s *Suspended
	if errors.As(err, &s) {
		s.Text = l.out.text.String()
	}
	return err
}

// runTool returns the tool's result as text for the model, or the call that the app has to run.
func (l *loop) runTool(ctx context.Context, call *llms.FunctionCall) (string, *AppCall, error) {
	key := call.Name + "\x00" + strings.TrimSpace(call.Arguments)
	if l.seen[key] {
		return "error: you made exactly this call before; use its result and answer", nil, nil
	}
	l.seen[key] = true
	l.repeating = false
	for _, t := range l.Tools {
		if t.name == call.Name && t.app != nil {
			appCall, err := l.Run.newAppCall(t, call.Arguments)
			if err != nil {
				return "error: " + err.Error(), nil, nil
			}
			return "", &appCall, nil
		}
		if t.name == call.Name {
			l.readRows = l.readRows || !t.withoutRows
			known := len(l.Run.Proposals())
			text, err := l.call(ctx, t, call.Arguments)
			if notice := l.Run.settle(ctx, known); notice != "" {
				text += "\n" + notice
			}
			return text, nil, err
		}
	}
	names := make([]string, len(l.Tools))
	for i, t := range l.Tools {
		names[i] = t.name
	}
	return fmt.Sprintf("error: there is no tool %q; there are %s", call.Name, strings.Join(names, ", ")), nil, nil
}

// call runs the tool and tells the run's watcher.
func (l *loop) call(ctx context.Context, t Tool, arguments string) (string, error) {
	if err := l.Run.use(t, ToolRunning); err != nil {
		return "", err
	}
	ctx, s := span.Start(ctx, "execute_tool "+t.name, attribute.String("gen_ai.operation.name", "execute_tool"),
		attribute.String("gen_ai.tool.name", t.name))
	text, err := t.Call(ctx, l.Run, arguments)
	if err != nil {
		span.End(s, failureCode(err))
		return "", err
	}
	state, code := ToolDone, ""
	if strings.HasPrefix(text, errorPrefix) {
		state, code = ToolFailed, "tool"
	}
	span.End(s, code)
	return text, l.Run.use(t, state)
}

// failureCode returns the public code of err for a span, or "". An answer that waits for the app has not failed.
func failureCode(err error) string {
	var suspended *Suspended
	switch {
	case err == nil, errors.As(err, &suspended):
		return ""
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return string(fault.From(err).Code)
}

// collector joins the text of all rounds and emits it as it arrives.
type collector struct {
	emit      Emit
	text      strings.Builder
	round     int  // the length of text when the current round began
	separator bool // the next text needs an empty line before it
}

func (c *collector) startRound() {
	c.separator = strings.TrimSpace(c.text.String()) != "" && !strings.HasSuffix(c.text.String(), "\n\n")
	c.round = c.text.Len()
}

func (c *collector) listener() Emit {
	if c.emit == nil {
		return nil
	}
	return c.add
}

func (c *collector) add(text string) error {
	if text == "" {
		return nil
	}
	if c.separator {
		text = "\n\n" + text
		c.separator = false
		c.round += 2
	}
	c.text.WriteString(text)
	if c.emit == nil {
		return nil
	}
	return c.emit(text)
}

// addRest adds the part of the answer that was not emitted: all of it when the model does not stream.
func (c *collector) addRest(answer string) error {
	emitted := c.text.String()[c.round:]
	if !strings.HasPrefix(answer, emitted) {
		return nil // the text that was emitted counts
	}
	return c.add(answer[len(emitted):])
}
