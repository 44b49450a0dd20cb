package llm

import "strings"

// ending is why an answer ended.
type ending uint8

const (
	noEnding    ending = iota // the answer goes on
	whole                     // the answer is whole
	lengthLimit               // the answer reached the limit of its length
	filtered                  // the upstream's filter withholds the answer
	cutOff                    // anything else: the answer must not be taken for a whole one
)

// endings are the reasons that servers give, in lower case. An unknown one is a cut.
var endings = map[string]ending{
	"stop": whole, "tool_calls": whole, "tool_call": whole, "tool_use": whole, "function_call": whole,
	"end_turn":      whole,
	"stop_sequence": whole, "eos": whole, "eos_token": whole, "complete": whole, "completed": whole, "end": whole,
	"length": lengthLimit, "max_tokens": lengthLimit, "model_length": lengthLimit, "max_length": lengthLimit,
	"max_output_tokens": lengthLimit, "max_completion_tokens": lengthLimit, "token_limit": lengthLimit,
	"model_context_window_exceeded": lengthLimit,
	"content_filter":                filtered, "content_filtered": filtered, "safety": filtered, "sensitive": filtered,
	"recitation": filtered, "blocklist": filtered, "prohibited_content": filtered, "spii": filtered,
	"refusal": filtered, "guardrail_intervened": filtered, "error_toxic": filtered, "moderation": filtered,
}

// endingOf returns the meaning of a finish reason.
func endingOf(reason string) ending {
	if e, ok := endings[strings.ToLower(reason)]; ok {
		return e
	}
	return cutOff
}
