package llm

import (
	"net/http"
	"regexp"

	"github.com/adiuva/cloud-api/internal/agent"
)

// tooLongCodes matches the codes of a prompt that does not fit into the model's context, and tooLongTexts the messages
// of servers that have no code for it.
var (
	tooLongCodes = regexp.MustCompile(`context_length_exceeded|exceed_context_size_error|context_window_exceeded|` +
		`ContextWindowExceeded|model_max_prompt_tokens_exceeded|tokens_limit_reached`)
	tooLongTexts = regexp.MustCompile(`(?i)(?:maximum|max\.?|available|model'?s?) (?:\w+ )?` +
		`(?:context|prompt|model|input|sequence) (?:length|size|window)|` +
		`context (?:length|size|window|limit) (?:of|is|was|exceeded)|exceeds? (?:the )?(?:\w+ )?context|` +
		`(?:prompt|input|request) (?:is|was) too (?:long|large) (?:for|to fit)|prompt is too long|` +
		`input token count.{0,40} exceeds|tokens \+ .{0,3}max_(?:new_)?tokens.{0,3} must be|` +
		`number of tokens in the prompt cannot exceed|reduce the length of the (?:messages|prompt|input)|` +
		`too large for model with \d+ maximum`)
)

// promptTooLong reports whether an error response says that the prompt does not fit into the model's context. A limit
// of tokens a minute is something else.
func promptTooLong(status int, body []byte) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusTooManyRequests:
		return false
	case http.StatusRequestEntityTooLarge:
		return true
	}
	return tooLongCodes.Match(body) || tooLongTexts.Match(body)
}

// noteTooLong makes f the failure of a prompt that is too long, if the response says so: errors.Is then finds
// agent.ErrContextTooLarge in it.
func noteTooLong(f *failure, body []byte) {
	if promptTooLong(f.status, body) {
		f.kind, f.cause = rejected, agent.ErrContextTooLarge
	}
}
