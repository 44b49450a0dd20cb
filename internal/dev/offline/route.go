package offline

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
	"github.com/adiuva/cloud-api/internal/fold"
)

// maxRouted limits the agents for one message.
const maxRouted = 3

// routeAnswer returns the names of the agents for the message, at most three, in the order of its clauses.
func (m *Model) routeAnswer(c conversation) string {
	names := parseAgentNames(c.system)
	text, earlier, answer := routerQuestion(c.message)
	message := m.reader.Read(text, earlier, nil, c.today)
	if offer, ok := m.reader.Offer(answer, nil, c.today); ok && message.Clauses[0].Intent == "yes" {
		message = offer
	}
	var chosen []string
	for _, clause := range message.Clauses {
		if clause.Intent == "" && len(message.Clauses) > 1 {
			continue
		}
		name := agentFor(clause, names)
		if name != "" && !slices.Contains(chosen, name) && len(chosen) < maxRouted {
			chosen = append(chosen, name)
		}
	}
	if len(chosen) == 0 {
		return reading.DefaultAgent
	}
	return strings.Join(chosen, ", ")
}

// agentFor returns the agent for a clause: one that the clause calls by its name, or else the one that the reader says.
func agentFor(clause reading.Clause, names []string) string {
	folded := fold.Line(clause.Text)
	for _, name := range names {
		own := strings.Fields(strings.ReplaceAll(strings.TrimSuffix(name, "_agent"), "_", " "))
		own = slices.DeleteFunc(own, func(word string) bool { return !fold.Has(folded, word) })
		if len(own) > 0 && !slices.Contains([]string{"task_agent", "calendar_agent", "email_agent", "analytics_agent"},
			name) {
			return name
		}
	}
	switch {
	case slices.Contains(names, clause.Agent) || len(names) == 0:
		return clause.Agent
	case slices.Contains(names, reading.DefaultAgent):
		return reading.DefaultAgent
	}
	return names[0]
}

// agentLine is a line of the router's list of agents.
var agentLine = regexp.MustCompile(`(?m)^- ([a-z][a-z0-9_]*): `)

// parseAgentNames returns the names in the list of agents in the router's prompt, those that the tier lacks as well.
func parseAgentNames(system string) []string {
	var names []string
	for _, line := range agentLine.FindAllStringSubmatch(system, -1) {
		names = append(names, line[1])
	}
	return names
}

var turn = regexp.MustCompile(`"(user|assistant): ((?:[^"\\]|\\.)*)"`)

// routerQuestion returns the person's message in the question to the router, the message before it and the answer to
// that.
func routerQuestion(question string) (message, earlier, answer string) {
	message = strings.TrimPrefix(question, "Message: ")
	if i := strings.LastIndex(message, "\nContext: "); i >= 0 {
		for _, found := range turn.FindAllStringSubmatch(message[i:], 2) {
			var text string
			if json.Unmarshal([]byte(`"`+found[2]+`"`), &text) != nil {
				continue
			}
			if found[1] == "user" {
				earlier = text
			} else {
				answer = text
			}
		}
		message = message[:i]
	}
	return message, earlier, answer
}
