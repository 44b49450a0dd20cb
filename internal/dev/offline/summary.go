package offline

import (
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

// conversationMark begins a conversation that is to be summarised.
const conversationMark = "Conversation:\n"

// Limits of a summary.
const (
	maxSummaryTurns = 20  // the newest ones
	maxSummaryTurn  = 200 // characters of each
)

func isConversation(c conversation) bool { return strings.HasPrefix(c.message, conversationMark) }

// summaryOf returns the beginnings of the newest turns.
func summaryOf(c conversation) string {
	lines := strings.Split(strings.TrimSpace(strings.TrimPrefix(c.message, conversationMark)), "\n")
	lines = lines[max(len(lines)-maxSummaryTurns, 0):]
	for i, line := range lines {
		lines[i] = agent.Truncate(line, maxSummaryTurn)
	}
	return "Earlier in this conversation:\n" + strings.Join(lines, "\n")
}
