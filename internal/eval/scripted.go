package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/scenario"
)

// Scripted returns sessions of a model that plays what the scenario expects: it routes as expected, makes the expected
// calls, the refused ones included, and then says of what it must say whatever it has read. So it shows whether the
// expectations can be met, and whether the data and the changes get through.
func Scripted() Open {
	return func(s scenario.Scenario) (Session, error) { return &scripted{scenario: s}, nil }
}

type scripted struct {
	scenario scenario.Scenario

	turn   scenario.Turn
	played int             // calls of the turn that were made
	read   strings.Builder // data and results that reached the model
}

// Begin implements Session.
func (p *scripted) Begin(turn int) {
	p.turn, p.played = p.scenario.Turns[turn], 0
	p.read.Reset()
}

// End implements Session.
func (p *scripted) End() error { return nil }

// Generate implements agent.Model.
func (p *scripted) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if err := ctx.Err(); err != nil {
		return agent.Answer{}, err
	}
	if call.Small {
		return emitWhole(agent.Answer{Text: strings.Join(p.turn.Router, ", ")}, emit)
	}
	p.listen(call)
	var answer agent.Answer
	for p.played < len(p.turn.Calls) && offers(call, p.turn.Calls[p.played].Tool) {
		next := p.turn.Calls[p.played]
		p.played++
		answer.ToolCalls = append(answer.ToolCalls, llms.ToolCall{ID: fmt.Sprintf("call_%d", p.played),
			Type: "function", FunctionCall: &llms.FunctionCall{Name: next.Tool, Arguments: next.JSON()}})
		if next.Tool == "ask_agent" {
			break // the next calls are the colleague's
		}
	}
	if len(answer.ToolCalls) == 0 {
		answer.Text = p.say()
	}
	return emitWhole(answer, emit)
}

func offers(call agent.ModelCall, tool string) bool {
	return slices.ContainsFunc(call.Tools, func(t llms.Tool) bool { return t.Function.Name == tool })
}

// listen keeps the data that the call brings: everything but the message itself and the prompts.
func (p *scripted) listen(call agent.ModelCall) {
	for _, m := range call.Messages {
		text := textOf(m)
		if m.Role == llms.ChatMessageTypeHuman && text != p.turn.Say || m.Role == llms.ChatMessageTypeAI {
			p.read.WriteString(text + "\n")
		}
		for _, part := range m.Parts {
			if result, ok := part.(llms.ToolCallResponse); ok {
				p.read.WriteString(result.Content + "\n")
			}
		}
	}
}

// say returns an answer that says what it must, as far as the model has read it.
func (p *scripted) say() string {
	var words []string
	for _, alternatives := range p.turn.MustSay {
		for _, one := range alternatives {
			if scenario.Holds(p.read.String(), one) {
				words = append(words, one)
				break
			}
		}
	}
	return "All right. " + strings.Join(words, ". ")
}
