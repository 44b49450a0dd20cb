package chat

import (
	"regexp"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

// maxRouterAnswer is how many bytes of the router's answer are read.
const maxRouterAnswer = 2_000

var (
	nameWords = regexp.MustCompile(`[\p{L}\p{N}_]+(?:-[\p{L}\p{N}_]+)*`)
	// listWords may stand around the names in a list of several, as in "First email_agent, then task_agent".
	listWords = strings.Fields("agent agents answer name names output route json text plaintext markdown the is are " +
		"a an and then first second third next finally followed by after that 1 2 3")
)

// parseAgents returns the first three agents that the router's answer names, in its order and each once. Small models
// rarely answer with the names alone, so the names may be in quotes, in a JSON list, with spaces for underscores, after
// a label, or one name may stand in a sentence. It returns none where the choice is not plain: if there is an unknown
// name, or if a sentence has several names in it.
func parseAgents(answer string, agents []*agent.Agent) []*agent.Agent {
	answer = strings.ToLower(answer[:min(len(answer), maxRouterAnswer)])
	answer, _, _ = strings.Cut(answer, strings.ToLower(messageMark)) // a model may go on with more examples
	words := nameWords.FindAllString(answer, -1)
	for i, w := range words {
		words[i] = strings.Trim(w, "_") // of emphasis in Markdown
	}
	var list []*agent.Agent
	sentence := false // there are words that are neither names nor part of a list
	for i := 0; i < len(words); {
		named, length := agentAt(words[i:], agents)
		switch {
		case named != nil:
			if !slices.Contains(list, named) {
				list = append(list, named)
			}
		case strings.HasSuffix(words[i], "_agent"):
			return nil
		case !slices.Contains(listWords, words[i]):
			sentence = true
		}
		i += max(length, 1)
	}
	if sentence && len(list) > 1 {
		return nil
	}
	if len(list) == 0 && len(words) == 1 { // "calendar" for calendar_agent
		for _, a := range agents {
			if a.Name() == words[0]+"_agent" {
				return []*agent.Agent{a}
			}
		}
	}
	return list[:min(len(list), maxPipeline)]
}

// agentAt returns the agent whose name the words begin with, and how many words that are. The longest name counts.
func agentAt(words []string, agents []*agent.Agent) (found *agent.Agent, length int) {
	for _, a := range agents {
		n := strings.Count(a.Name(), "_") + 1
		for _, count := range []int{1, min(n, len(words))} {
			if count <= length {
				continue
			}
			name := strings.ReplaceAll(strings.Join(words[:count], "_"), "-", "_")
			if name == a.Name() {
				found, length = a, count
			}
		}
	}
	return found, length
}
