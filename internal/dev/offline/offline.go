// Package offline is the demonstration model: it satisfies agent.Model without any network, deterministically, by
// words. It finds an intent in English (and, for common words, German and Italian) sentences, fills the arguments of
// the tools it is offered, and puts what they return into plain sentences. It invents nothing and says in each answer
// what it is.
package offline

import (
	"context"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// Notice ends every answer that a person reads. Answers that programs read do not carry it.
const Notice = "(This answer comes from the offline demonstration model.)"

// Config is what a Model works with.
type Config struct {
	Now func() time.Time // nil means time.Now; used only for conversations that do not say what day it is
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

// Generate answers the call by its kind: a router call with agent names, a call with tools with tool calls or an answer
// from their results, a plan's step with its records or prose, a synthesis with the merged results. emit receives the
// text word by word. It fails only when ctx ends or emit fails.
func (m *Model) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if err := ctx.Err(); err != nil {
		return agent.Answer{}, err
	}
	answer := m.think(call)
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

func (m *Model) think(call agent.ModelCall) agent.Answer {
	c := read(call.Messages, m.now().UTC())
	switch {
	case call.Small:
		return agent.Answer{Text: route(c)}
	case isStep(c):
		return agent.Answer{Text: step(c)}
	case isSynthesis(c):
		return agent.Answer{Text: signed(merge(c.message))}
	}
	if calls := choose(c, toolsOf(call.Tools)); len(calls) > 0 {
		return agent.Answer{ToolCalls: calls}
	}
	return agent.Answer{Text: signed(tell(c))}
}

func signed(text string) string { return strings.TrimSpace(text) + "\n\n" + Notice }
