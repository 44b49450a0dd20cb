package offline

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dev/offline/answering"
	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// Notice ends every answer that a person reads. Answers that programs parse do not have it.
const Notice = "(This answer comes from the offline demonstration model.)"

// Config configures a Model.
type Config struct {
	Now  func() time.Time // nil means time.Now; used only when a prompt does not say what day it is
	Pace time.Duration    // between two words of an answer that is streamed
}

// Model is the offline model. It is immutable and safe for concurrent use.
type Model struct {
	now    func() time.Time
	pace   time.Duration
	reader *reading.Reader
}

// New returns the offline model. It panics if the embedded words and rules are no valid data, which tests exclude.
func New(cfg Config) *Model {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	reader, err := reading.New()
	if err != nil {
		panic("offline model: " + err.Error())
	}
	return &Model{now: cfg.Now, pace: cfg.Pace, reader: reader}
}

// Generate answers a router call with names of agents, a call with tools with tool calls or a description of their
// results, a plan's step with records or text, a synthesis with the merged results, and a conversation to summarise
// with the beginnings of its turns. emit receives the text word by word, with Pace between the words. It fails only
// when ctx ends or emit fails.
func (m *Model) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if err := ctx.Err(); err != nil {
		return agent.Answer{}, err
	}
	answer := m.respond(call)
	if emit == nil || answer.Text == "" {
		return answer, nil
	}
	for word := range strings.SplitAfterSeq(answer.Text, " ") {
		if word == "" {
			continue
		}
		if err := emit(word); err != nil {
			return agent.Answer{}, err
		}
		if err := m.wait(ctx); err != nil {
			return agent.Answer{}, err
		}
	}
	return answer, nil
}

// wait waits for as long as the next word takes.
func (m *Model) wait(ctx context.Context) error {
	if m.pace <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(m.pace)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (m *Model) respond(call agent.ModelCall) agent.Answer {
	c := parseConversation(call.Messages, m.now().UTC())
	switch {
	case isStep(c):
		return agent.Answer{Text: m.stepAnswer(c)}
	case call.Small:
		return agent.Answer{Text: m.routeAnswer(c)}
	case len(call.Tools) == 0 && isConversation(c):
		return agent.Answer{Text: withNotice(summaryOf(c))}
	case isSynthesis(c):
		return agent.Answer{Text: withNotice(mergeResults(c.message) + m.missingFeature(c, ""))}
	}
	return m.agentAnswer(c, call)
}

// agentAnswer answers as an agent: with the next calls, or in text.
func (m *Model) agentAnswer(c conversation, call agent.ModelCall) agent.Answer {
	tools := parseTools(call.Tools)
	message := m.read(c)
	if calls, done := m.planCalls(c, message, tools); done {
		if len(calls) > 0 && !call.TextOnly {
			return agent.Answer{ToolCalls: calls}
		}
		return agent.Answer{Text: withNotice(message.Language.Text("planned"))}
	}
	if of, ok := foreignTool(c.message, tools); ok {
		return m.foreignAnswer(c, message, of, call.TextOnly)
	}
	facts := c.facts(m, tools)
	name := agentOf(tools)
	answer := answering.Respond(m.reader, message, facts, name, call.TextOnly)
	if len(answer.Calls) > 0 {
		return agent.Answer{ToolCalls: toolCalls(answer.Calls)}
	}
	return agent.Answer{Text: withNotice(answer.Text + m.missingFeature(c, answer.Text))}
}

// agentOf returns the agent that has the tools, or "".
func agentOf(tools []tool) string {
	for _, known := range [][2]string{{"create_task", "task_agent"}, {"detect_conflicts", "calendar_agent"},
		{"classify_email", "email_agent"}, {"calculate_metrics", "analytics_agent"}} {
		if slices.ContainsFunc(tools, func(t tool) bool { return t.name == known[0] }) {
			return known[1]
		}
	}
	return ""
}

// read reads the person's message. A message in which no word tells the language is in that of the turn before.
func (m *Model) read(c conversation) reading.Message {
	var names []string
	for _, n := range slices.Concat(c.projects, c.clients) {
		names = append(names, n.Name)
	}
	earlier := ""
	for _, said := range c.history {
		if !said.Assistant {
			earlier = said.Text
		}
	}
	return m.reader.Read(c.message, earlier, names, c.today)
}

func withNotice(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(text, Notice, ""))
	return strings.TrimSpace(text) + "\n\n" + Notice
}
