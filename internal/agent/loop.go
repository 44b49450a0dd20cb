package agent

import (
	"context"
	"fmt"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/fault"
)

// MaxRounds is how often a loop calls the model. The last call offers no tools, so that the model answers in text.
const MaxRounds = 5

// maxCalls bounds the tool calls of one round; MaxActions could be proposed at once, and a few rows read beside.
const maxCalls = 64

// Faults of a loop.
var (
	ErrLoopLimit = fault.New(fault.AgentLoopLimit,
		"The assistant did not come to an answer in the steps it has. Ask for less at once, or rephrase.")
	ErrNoAnswer = fault.New(fault.LLMError, "The language model gave no answer. Try again.")
	// ErrModelTimeout is returned when a model call, or the whole request, took too long.
	ErrModelTimeout = fault.New(fault.LLMTimeout, "The language model took too long. Try again, or ask for less at once.")
)

// LoopConfig is what a Loop works with.
type LoopConfig struct {
	Model    Model
	Run      *Run
	Tools    []Tool
	Messages []llms.MessageContent
}

// Loop lets the model call tools until it answers in text, in at most MaxRounds calls; a model that still wants tools
// then ends in ErrLoopLimit. Calls of one round run in their order. A call that repeats an earlier one exactly is not run
// again, and a round of nothing else takes the tools away. Text that the model writes beside tool calls is part of the
// answer, set off by an empty line, so that what emit received, joined, equals Result.Text.
func Loop(ctx context.Context, cfg LoopConfig, emit Emit) (Result, error) {
	l := &loop{LoopConfig: cfg, out: &collector{emit: emit}, seen: map[string]bool{}}
	l.wire = make([]llms.Tool, len(cfg.Tools))
	for i, t := range cfg.Tools {
		l.wire[i] = t.wire()
	}
	for round := 1; round <= MaxRounds; round++ {
		offered := l.wire
		if round == MaxRounds || l.stuck {
			offered = nil
		}
		answer, err := l.ask(ctx, offered)
		if err != nil {
			return Result{}, err
		}
		if len(answer.ToolCalls) == 0 {
			return l.result(answer)
		}
		if offered == nil || len(answer.ToolCalls) > maxCalls {
			return Result{}, ErrLoopLimit
		}
		if err := l.run(ctx, answer); err != nil {
			return Result{}, err
		}
	}
	return Result{}, ErrLoopLimit
}

type loop struct {
	LoopConfig
	wire  []llms.Tool
	out   *collector
	seen  map[string]bool
	stuck bool // the last round only repeated earlier calls
}

func (l *loop) ask(ctx context.Context, tools []llms.Tool) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	l.out.nextRound()
	answer, err := l.Model.Generate(ctx, ModelCall{Messages: l.Messages, Tools: tools, Temperature: 0.2}, l.out.listener())
	if err != nil {
		return Answer{}, err
	}
	return answer, l.out.rest(answer.Text)
}

// result ends the loop with the model's answer. A model that proposed something and then said nothing is given the one
// sentence that is true.
func (l *loop) result(answer Answer) (Result, error) {
	actions := append([]action.Action(nil), l.Run.Actions()...)
	if strings.TrimSpace(l.out.text.String()) == "" {
		if len(actions) == 0 {
			return Result{}, ErrNoAnswer
		}
		if err := l.out.add(fmt.Sprintf("Changes prepared for you to confirm: %d.", len(actions))); err != nil {
			return Result{}, err
		}
	}
	return Result{Text: l.out.text.String(), Actions: actions, Truncated: answer.Truncated}, nil
}

// run carries out the calls of one round and puts the calls and their results into the conversation.
func (l *loop) run(ctx context.Context, answer Answer) error {
	said := llms.MessageContent{Role: llms.ChatMessageTypeAI}
	if answer.Text != "" {
		said.Parts = append(said.Parts, llms.TextContent{Text: answer.Text})
	}
	results := make([]llms.MessageContent, 0, len(answer.ToolCalls))
	l.stuck = true
	for i, call := range answer.ToolCalls {
		if call.FunctionCall == nil {
			call.FunctionCall = &llms.FunctionCall{}
		}
		if call.ID == "" {
			call.ID = fmt.Sprintf("call_%d_%d", len(l.Messages), i)
		}
		call.Type = "function"
		text, err := l.once(ctx, call.FunctionCall)
		if err != nil {
			return err
		}
		said.Parts = append(said.Parts, call)
		results = append(results, llms.MessageContent{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{
			llms.ToolCallResponse{ToolCallID: call.ID, Name: call.FunctionCall.Name, Content: text}}})
	}
	l.Messages = append(append(l.Messages[:len(l.Messages):len(l.Messages)], said), results...)
	return nil
}

func (l *loop) once(ctx context.Context, call *llms.FunctionCall) (string, error) {
	key := call.Name + "\x00" + strings.TrimSpace(call.Arguments)
	if l.seen[key] {
		return "error: you made exactly this call before; use its result and answer", nil
	}
	l.seen[key], l.stuck = true, false
	for _, t := range l.Tools {
		if t.name == call.Name {
			return t.Call(ctx, l.Run, call.Arguments)
		}
	}
	names := make([]string, len(l.Tools))
	for i, t := range l.Tools {
		names[i] = t.name
	}
	return fmt.Sprintf("error: there is no tool %q; there are %s", call.Name, strings.Join(names, ", ")), nil
}

// collector joins the text of all rounds and passes it on as it comes.
type collector struct {
	emit  Emit
	text  strings.Builder
	round int // where the present round's text begins
	gap   bool
}

func (c *collector) nextRound() {
	c.gap = strings.TrimSpace(c.text.String()) != "" && !strings.HasSuffix(c.text.String(), "\n\n")
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
	if c.gap {
		text, c.gap = "\n\n"+text, false
		c.round += 2
	}
	c.text.WriteString(text)
	if c.emit == nil {
		return nil
	}
	return c.emit(text)
}

// rest adds what the answer says beyond what was emitted: all of it when the model does not stream.
func (c *collector) rest(answer string) error {
	emitted := c.text.String()[c.round:]
	if !strings.HasPrefix(answer, emitted) {
		return nil // what went out is the answer
	}
	return c.add(answer[len(emitted):])
}
