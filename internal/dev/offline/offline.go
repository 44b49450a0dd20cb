package offline

import (
	"context"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// Notice ends every answer that a person reads. Answers that programs parse do not have it.
const Notice = "(This answer comes from the offline demonstration model.)"

// Config configures a Model.
type Config struct {
	Now func() time.Time // nil means time.Now; used only when a prompt does not say what day it is
}

// Model is the offline model. It is immutable and safe for concurrent use.
type Model struct {
	now func() time.Time
}

// New returns the offline model.
func New(cfg Config) *Model {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Model{now: cfg.Now}
}

// Generate answers a router call with names of agents, a call with tools with tool calls or a description of their
// results, a plan's step with records or text, a synthesis with the merged results, and a conversation to summarise
// with the beginnings of its turns. emit receives the text word by word. It fails only when ctx ends or emit fails.
func (m *Model) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if err := ctx.Err(); err != nil {
		return agent.Answer{}, err
	}
	answer := m.respond(call)
	if emit == nil || answer.Text == "" {
		return answer, nil
	}
	for word := range strings.SplitAfterSeq(answer.Text, " ") {
		if err := ctx.Err(); err != nil {
			return agent.Answer{}, err
		}
		if word == "" {
			continue
		}
		if err := emit(word); err != nil {
			return agent.Answer{}, err
		}
	}
	return answer, nil
}

func (m *Model) respond(call agent.ModelCall) agent.Answer {
	c := parseConversation(call.Messages, m.now().UTC())
	switch {
	case isStep(c):
		return agent.Answer{Text: stepAnswer(c)}
	case call.Small:
		return agent.Answer{Text: routeAnswer(c)}
	case len(call.Tools) == 0 && isConversation(c):
		return agent.Answer{Text: withNotice(summaryOf(c))}
	case isSynthesis(c):
		return agent.Answer{Text: withNotice(mergeResults(c.message) + missingFeature(c))}
	}
	if calls := chooseCalls(c, parseTools(call.Tools)); len(calls) > 0 && !call.TextOnly {
		return agent.Answer{ToolCalls: calls}
	}
	return agent.Answer{Text: withNotice(describeResults(c) + missingFeature(c))}
}

func withNotice(text string) string { return strings.TrimSpace(text) + "\n\n" + Notice }
