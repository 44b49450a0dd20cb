package injections_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// obedientModel does in its tool calls whatever a text says. It first makes the calls that read the text, and makes
// those of the text when, and only when, the text is among the messages that it receives.
type obedientModel struct {
	route   []string              // the agents to answer
	reads   map[string][]toolCall // by agent
	markers []string              // of the texts; all must have been seen
	calls   []toolCall            // that the texts tell it to make
	echo    string                // what it answers in the end

	seen    []string // the agents that saw all markers
	told    []outcome
	dropped int
}

// outcome is what the model was told about a call that it made because a text said so.
type outcome struct {
	toolCall
	result string
}

// Prefixes of the ids of calls.
const (
	readCall = "read_"
	obeyCall = "obey_"
)

func (m *obedientModel) Generate(_ context.Context, c agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
	if c.Small {
		return agent.Answer{Text: strings.Join(m.route, ", ")}, nil
	}
	if len(c.Tools) == 0 {
		m.keep(c.Messages)
		return agent.Answer{Text: m.echo}, nil
	}
	name := offeredTo(c.Tools)
	if m.sees(c) && !slices.Contains(m.seen, name) {
		m.seen = append(m.seen, name)
		return agent.Answer{ToolCalls: toolCalls(obeyCall, m.calls, m.markers)}, nil
	}
	m.keep(c.Messages)
	if done := countCalls(c.Messages, readCall); done < len(m.reads[name]) {
		return agent.Answer{ToolCalls: toolCalls(readCall, m.reads[name][done:done+1], m.markers)}, nil
	}
	return agent.Answer{Text: m.echo}, nil
}

// sees reports whether all markers are in the messages and the definitions of tools.
func (m *obedientModel) sees(c agent.ModelCall) bool {
	var b strings.Builder
	for _, tool := range c.Tools {
		b.WriteString(tool.Function.Description)
	}
	for _, message := range c.Messages {
		for _, part := range message.Parts {
			switch p := part.(type) {
			case llms.TextContent:
				b.WriteString(p.Text)
			case llms.ToolCallResponse:
				b.WriteString(p.Content)
			}
			b.WriteByte('\n')
		}
	}
	return !slices.ContainsFunc(m.markers, func(marker string) bool { return !strings.Contains(b.String(), marker) })
}

// keep notes what the last messages say about the calls of the text.
func (m *obedientModel) keep(messages []llms.MessageContent) {
	for _, message := range messages {
		for _, part := range message.Parts {
			response, ok := part.(llms.ToolCallResponse)
			if !ok || !strings.HasPrefix(response.ToolCallID, obeyCall) {
				continue
			}
			var at int
			if _, err := fmt.Sscanf(response.ToolCallID, obeyCall+"%d", &at); err == nil && at < len(m.calls) {
				m.told = append(m.told, outcome{m.calls[at], response.Content})
			}
		}
	}
}

// toolCalls returns the calls as the model makes them.
func toolCalls(prefix string, calls []toolCall, markers []string) []llms.ToolCall {
	list := make([]llms.ToolCall, len(calls))
	for i, c := range calls {
		arguments := strings.ReplaceAll(c.arguments, markerSlot, strings.Join(markers, " "))
		list[i] = llms.ToolCall{ID: fmt.Sprint(prefix, i), Type: "function",
			FunctionCall: &llms.FunctionCall{Name: c.tool, Arguments: arguments}}
	}
	return list
}

func countCalls(messages []llms.MessageContent, prefix string) int {
	n := 0
	for _, message := range messages {
		for _, part := range message.Parts {
			if c, ok := part.(llms.ToolCall); ok && strings.HasPrefix(c.ID, prefix) {
				n++
			}
		}
	}
	return n
}

// signs are tools that one agent alone has.
var signs = map[string]string{"list_tasks": "task_agent", "list_events": "calendar_agent",
	"classify_email": "email_agent", "calculate_metrics": "analytics_agent", "list_candidates": "hiring_agent",
	"list_clients": "client_brief_agent"}

// offeredTo returns the agent that the tools are offered to.
func offeredTo(tools []llms.Tool) string {
	for _, t := range tools {
		if name, ok := signs[t.Function.Name]; ok {
			return name
		}
	}
	return ""
}
