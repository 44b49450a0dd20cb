package agent

import (
	"fmt"
	"slices"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/tokens"
)

const (
	messageTokens = 4  // what a message takes beside its text: its role and its delimiters
	historyMargin = 10 // the history leaves a tenth of the prompt free, because estimates may be too low
	leastResult   = 64 // a shortened result keeps about so many tokens
)

// shortenedNote ends a tool's result that did not fit into the prompt as a whole.
const shortenedNote = "\n[Shortened: this result does not fit. Ask for less of it if you need the rest.]"

// Span is a range of messages, from From up to To, without To.
type Span struct{ From, To int }

// EstimateTokens estimates how many tokens the call's prompt has: its messages and its tools.
func (c ModelCall) EstimateTokens() int {
	n := len(c.Schema) / 3
	for _, m := range c.Messages {
		n += tokensOf(m)
	}
	return n + c.toolTokens()
}

// toolTokens returns the tokens of the tools' definitions.
func (c ModelCall) toolTokens() int {
	if c.ToolTokens > 0 {
		return c.ToolTokens
	}
	n := 0
	for _, t := range c.Tools {
		n += definitionTokens(t)
	}
	return n
}

// tokensOf estimates the tokens of a message.
func tokensOf(m llms.MessageContent) int {
	n := messageTokens
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llms.TextContent:
			n += tokens.Count(p.Text)
		case llms.ToolCall:
			n += messageTokens
			if p.FunctionCall != nil {
				n += tokens.Count(p.FunctionCall.Name) + tokens.Count(p.FunctionCall.Arguments)
			}
		case llms.ToolCallResponse:
			n += tokens.Count(p.Content)
		}
	}
	return n
}

// bytesOf returns the length of a message's texts, which is never less than its tokens.
func bytesOf(m llms.MessageContent) int {
	n := messageTokens
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llms.TextContent:
			n += len(p.Text)
		case llms.ToolCall:
			n += messageTokens
			if p.FunctionCall != nil {
				n += len(p.FunctionCall.Name) + len(p.FunctionCall.Arguments)
			}
		case llms.ToolCallResponse:
			n += len(p.Content)
		}
	}
	return n
}

// prompt is the conversation of a loop with the sizes of its messages in tokens, 0 for those not yet counted.
type prompt struct {
	messages []llms.MessageContent
	history  Span // the turns, which may be left out
	sizes    []int
	tools    int // tokens of the tools' definitions
	limits   Limits
}

func newPrompt(cfg LoopConfig) *prompt {
	p := &prompt{messages: cfg.Messages, history: cfg.History, tools: toolTokens(cfg.Tools)}
	if cfg.Run.Model != nil {
		p.limits = cfg.Run.Model.Limits
	}
	return p
}

// FitTo returns the call for a model with these limits, which may be smaller than those that it was made for: without
// the oldest turns of its history and with shorter results of tools, where that is needed. The request's Turns then say
// so. It returns ErrContextTooLarge if that is not enough.
func (c ModelCall) FitTo(limits Limits) (ModelCall, error) {
	p := &prompt{messages: slices.Clone(c.Messages), history: c.History, limits: limits,
		tools: len(c.Schema)/3 + c.toolTokens()}
	messages, turns, err := p.fit()
	if err != nil {
		return c, err
	}
	if all := c.History.To - c.History.From; turns < all && c.Request != nil {
		c.Request.noteTurns(turns, c.Request.Turns.Used+c.Request.Turns.Dropped)
	}
	c.Messages, c.History.To = messages, c.History.From+turns
	return c, nil
}

// add adds messages at the end.
func (p *prompt) add(messages ...llms.MessageContent) {
	p.messages = append(p.messages[:len(p.messages):len(p.messages)], messages...)
}

// fit returns the messages that the model reads, which have room in its context, and how many turns of the history are
// among them: as many of the newest as fit after everything else. Results of tools that do not fit are shortened for
// good, the oldest first. It returns ErrContextTooLarge if the prompt does not fit without history and results. The
// work is linear in the length of the messages.
func (p *prompt) fit() ([]llms.MessageContent, int, error) {
	room, turns := p.limits.PromptTokens(), p.history.To-p.history.From
	if room == 0 || p.surelyFits(room) {
		return p.messages, turns, nil
	}
	fixed := p.tools
	for i := range p.messages {
		if i < p.history.From || i >= p.history.To {
			fixed += p.size(i)
		}
	}
	if fixed > room {
		fixed = p.shortenResults(fixed, room)
	}
	if fixed > room {
		return nil, 0, p.tooLarge()
	}
	first, left := p.history.To, room-fixed-room/historyMargin
	for first > p.history.From && p.size(first-1) <= left {
		first--
		left -= p.size(first)
	}
	if first == p.history.From {
		return p.messages, turns, nil
	}
	kept := append(p.messages[:p.history.From:p.history.From], p.messages[first:]...)
	return kept, p.history.To - first, nil
}

// surelyFits reports whether even a token for each byte would fit, so that nothing needs to be counted.
func (p *prompt) surelyFits(room int) bool {
	left := room - room/historyMargin - p.tools
	for _, m := range p.messages {
		if left -= bytesOf(m); left < 0 {
			return false
		}
	}
	return true
}

func (p *prompt) size(i int) int {
	if len(p.sizes) < len(p.messages) {
		p.sizes = append(p.sizes, make([]int, len(p.messages)-len(p.sizes))...)
	}
	if p.sizes[i] == 0 {
		p.sizes[i] = tokensOf(p.messages[i])
	}
	return p.sizes[i]
}

// shortenResults shortens results of tools, the oldest first, until the messages without the history, which have that
// many tokens, fit into room. It returns how many they have then.
func (p *prompt) shortenResults(total, room int) int {
	for i := p.history.To; i < len(p.messages) && total > room; i++ {
		m := p.messages[i]
		if m.Role != llms.ChatMessageTypeTool || len(m.Parts) != 1 {
			continue
		}
		result, ok := m.Parts[0].(llms.ToolCallResponse)
		if !ok || p.size(i) <= leastResult {
			continue
		}
		keep := max(p.size(i)-(total-room)-leastResult, 0)
		share := int(int64(len(result.Content)) * int64(keep) / int64(p.size(i)))
		result.Content = cutBytes(result.Content, share) + shortenedNote
		before := p.size(i)
		p.messages[i] = llms.MessageContent{Role: m.Role, Parts: []llms.ContentPart{result}}
		p.sizes[i] = 0
		total += p.size(i) - before
	}
	return total
}

// cutBytes returns the first n bytes of s, without a character that they would split.
func cutBytes(s string, n int) string {
	for n > 0 && n < len(s) && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:min(n, len(s))]
}

// tooLarge returns the error of a prompt that does not fit: it names the message if that is longer than the rest of
// what the request brought, and the context otherwise.
func (p *prompt) tooLarge() error {
	message, data := 0, 0
	if i := p.history.To; i < len(p.messages) {
		message = p.size(i)
	}
	for i := 1; i < p.history.From; i++ {
		data += p.size(i)
	}
	return contextTooLarge(message, data, p.limits)
}

func contextTooLarge(message, data int, limits Limits) error {
	member, size := "/message", message
	if data > message {
		member, size = "/context", data
	}
	return ErrContextTooLarge.WithDetails(fault.Detail{Pointer: member, Message: fmt.Sprintf(
		"has about %d tokens, and the whole prompt may have %d; shorten it", size, limits.PromptTokens())})
}

// CheckSize returns ErrContextTooLarge if the request does not fit into the model's context beside a prompt with tools
// of that many tokens, however much of the history is left out.
func (r *Run) CheckSize(promptTokens int) error {
	limits := r.Model.Limits
	room := limits.PromptTokens()
	if room == 0 || promptTokens+len(r.Message)+messageTokens <= room-maxDataBytes {
		return nil
	}
	message, data := tokens.Count(r.Message)+messageTokens, tokens.Count(contextPrompt(r))+messageTokens
	if promptTokens+message+data > room {
		return contextTooLarge(message, data, limits)
	}
	return nil
}
