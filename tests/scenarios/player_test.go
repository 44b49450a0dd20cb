package scenarios_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// player is a model that plays one turn of a scenario: it routes as expected, makes the expected calls, and then says
// of what it must say whatever it has read. It keeps who asked it and what the tools returned.
type player struct {
	turn   scenario.Turn
	agents map[string][]string // the tools of each agent

	played int // calls of the turn that were made
	asked  []string
	made   []scenario.Made
	byID   map[string]int  // calls made, by the id they were given
	read   strings.Builder // data and results that reached the model
}

func newPlayer(turn scenario.Turn, agents map[string][]string) *player {
	return &player{turn: turn, agents: agents, byID: map[string]int{}}
}

func (p *player) answer(call agent.ModelCall) agent.Answer {
	if call.Small {
		return agent.Answer{Text: strings.Join(p.turn.Router, ", ")}
	}
	p.listen(call)
	offered := make([]string, len(call.Tools))
	for i, t := range call.Tools {
		offered[i] = t.Function.Name
	}
	var answer agent.Answer
	for p.played < len(p.turn.Calls) && slices.Contains(offered, p.turn.Calls[p.played].Tool) {
		next := p.turn.Calls[p.played]
		p.played++
		id := fmt.Sprintf("call_%d", p.played)
		p.byID[id] = len(p.made)
		p.made = append(p.made, scenario.Made{Tool: next.Tool, Arguments: next.JSON()})
		answer.ToolCalls = append(answer.ToolCalls, llms.ToolCall{ID: id, Type: "function",
			FunctionCall: &llms.FunctionCall{Name: next.Tool, Arguments: next.JSON()}})
		if next.Tool == "ask_agent" {
			break // the next calls are the colleague's
		}
	}
	if len(answer.ToolCalls) == 0 {
		answer.Text = p.say()
	}
	return answer
}

// listen records which agent asks, the data it brings and the results of tools.
func (p *player) listen(call agent.ModelCall) {
	for _, m := range call.Messages {
		text := llmtest.TextOf(m)
		if m.Role == llms.ChatMessageTypeHuman && text != p.turn.Say || m.Role == llms.ChatMessageTypeAI {
			p.read.WriteString(text + "\n")
		}
		for _, part := range m.Parts {
			if result, ok := part.(llms.ToolCallResponse); ok {
				p.read.WriteString(result.Content + "\n")
				if i, ok := p.byID[result.ToolCallID]; ok {
					p.made[i].Result = result.Content
				}
			}
		}
	}
	for name, tools := range p.agents {
		has := func(tool string) bool {
			return slices.ContainsFunc(call.Tools, func(t llms.Tool) bool { return t.Function.Name == tool })
		}
		if p.isAsked(call) && !slices.Contains(p.asked, name) && !slices.ContainsFunc(tools, func(tool string) bool {
			return !has(tool)
		}) {
			p.asked = append(p.asked, name)
		}
	}
}

// isAsked reports whether the call answers the turn's message and not a colleague's question.
func (p *player) isAsked(call agent.ModelCall) bool {
	return slices.ContainsFunc(call.Messages, func(m llms.MessageContent) bool {
		return m.Role == llms.ChatMessageTypeHuman && llmtest.TextOf(m) == p.turn.Say
	})
}

// say returns an answer that says what it must, as far as the model has read it.
func (p *player) say() string {
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

// millis matches times in milliseconds, which models cannot read.
var millis = regexp.MustCompile(`\b1[5-9]\d{11}\b`)

// failures returns the calls that were not offered, failed, or returned milliseconds.
func (p *player) failures() (wrong []string) {
	if p.played < len(p.turn.Calls) {
		wrong = append(wrong, p.turn.Calls[p.played].Tool+" is offered to no agent that answers")
	}
	for i, m := range p.made {
		if strings.HasPrefix(m.Result, "error:") && !p.turn.Calls[i].Refused {
			wrong = append(wrong, fmt.Sprintf("%s %s: %s", m.Tool, m.Arguments, m.Result))
		}
		if millis.MatchString(m.Result) {
			wrong = append(wrong, fmt.Sprintf("%s returned milliseconds: %s", m.Tool, m.Result))
		}
	}
	if len(wrong) > 0 {
		wrong = append(wrong, fmt.Sprintf("the calls were %q", p.made))
	}
	return wrong
}

type playerKey struct{}

// byContext is a model that lets the player of each request answer.
type byContext struct{}

func (byContext) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	answer := ctx.Value(playerKey{}).(*player).answer(call)
	if emit != nil && answer.Text != "" {
		if err := emit(answer.Text); err != nil {
			return agent.Answer{}, err
		}
	}
	return answer, nil
}
