package chat

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/tokens"
)

// maxSummaryTokens limits a summary.
const maxSummaryTokens = 2_000

// conversationMark begins the conversation that a model summarises.
const conversationMark = "Conversation:\n"

// Summary is what a conversation says, in one text.
type Summary struct {
	Text string
	// Truncated is true if the model reached its output limit.
	Truncated bool
	// Replaced is true if the leak filter blocked the model's summary and Text is FallbackAnswer.
	Replaced bool
	Usage    agent.Usage
	Turns    agent.HistoryUse
}

// Compact summarises a conversation, of which it leaves out the oldest turns that do not fit into the model's context.
// Errors are faults: validation_failed with pointers into the body, context_too_large if not even the newest turn fits,
// ErrBadAnswer for an empty summary, and those of the model.
func (o *Orchestrator) Compact(ctx context.Context, u identity.User, history []agent.Turn) (Summary, error) {
	if err := checkTurns(history, "/conversation_history"); err != nil {
		return Summary{}, fault.ErrValidation.WithDetails(err...)
	}
	request := &agent.ModelRequest{User: u}
	request.Limits = o.limits(request)
	conversation, used, err := conversationText(history, request.Limits)
	if err != nil {
		return Summary{}, err
	}
	sent := make([]string, len(history))
	for i, turn := range history {
		sent[i] = turn.Content
	}
	guard := o.cfg.Filter(ctx, u, sent...)
	defer request.End(ctx)
	answer, err := o.cfg.Model.Generate(ctx, agent.ModelCall{
		Request: request, MaxTokens: summaryTokens(request.Limits), Messages: []llms.MessageContent{
			llms.TextParts(llms.ChatMessageTypeSystem, compactSecret().Text),
			llms.TextParts(llms.ChatMessageTypeHuman, conversation),
		}}, nil)
	if err != nil {
		return Summary{}, ctxError(ctx, nameTooLong(err, "/conversation_history"))
	}
	if strings.TrimSpace(answer.Text) == "" {
		return Summary{}, ErrBadAnswer
	}
	summary := Summary{Truncated: answer.Truncated, Usage: request.Usage,
		Turns: agent.HistoryUse{Used: used, Dropped: len(history) - used}}
	text, hit := guard.Text(answer.Text)
	switch hit {
	case "":
		summary.Text = text
	case describeHit(&sanitize.Hit{View: sanitize.Canceled}):
		return Summary{}, ctx.Err()
	default:
		o.cfg.Log.WarnContext(ctx, "summary replaced by the leak filter", slog.String("secret", hit))
		summary.Text, summary.Replaced, summary.Truncated = FallbackAnswer, true, false
	}
	return summary, nil
}

// summaryTokens is the limit of a summary, which is not longer than the model's answers may be.
func summaryTokens(limits agent.Limits) int {
	if limits.MaxOutputTokens > 0 {
		return min(maxSummaryTokens, limits.MaxOutputTokens)
	}
	return maxSummaryTokens
}

// conversationText returns the newest turns that have room in the prompt as one text, and how many they are.
func conversationText(history []agent.Turn, limits agent.Limits) (text string, used int, err error) {
	first := 0
	if room := limits.PromptTokens(); room > 0 {
		left := room - room/10 - tokens.Count(compactSecret().Text) - 2*tokens.Count(conversationMark)
		first = len(history)
		for first > 0 {
			left -= tokens.Count(history[first-1].Content) + turnTokens
			if left < 0 {
				break
			}
			first--
		}
		if first == len(history) {
			return "", 0, agent.ErrContextTooLarge.WithDetails(fault.Detail{
				Pointer: fmt.Sprintf("/conversation_history/%d/content", first-1),
				Message: fmt.Sprintf("does not fit into the model's context of %d tokens; shorten it", room)})
		}
	}
	var b strings.Builder
	b.WriteString(conversationMark)
	for _, turn := range history[first:] {
		fmt.Fprintf(&b, "%s: %s\n", turn.Role, turn.Content)
	}
	return b.String(), len(history) - first, nil
}

// turnTokens is what a turn takes beside its text.
const turnTokens = 4

func compactSecret() sanitize.Secret { return sanitize.WithCanary("chat/compact", compactPrompt) }
