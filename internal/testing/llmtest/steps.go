package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"
)

// Secret is the message of every error response and error event. No caller of ours may ever see it.
const Secret = "upstream-words: rate limit reached for organization org-x9 on sk-upstream-key"

// Say answers in text, one event for each part when streaming was asked for.
func Say(parts ...string) Step { return sayUntil("stop", parts...) }

// SayTruncated is Say by a model that stopped for length.
func SayTruncated(parts ...string) Step { return sayUntil("length", parts...) }

func sayUntil(reason string, parts ...string) Step {
	return func(x *Exchange) {
		if !x.Request.Stream {
			x.Whole(strings.Join(parts, ""), reason)
			return
		}
		x.Role()
		x.Text(parts...)
		x.Finish(reason)
	}
}

// CallTools answers with tool calls, in OpenAI's own deltas when streaming was asked for.
func CallTools(calls ...ToolCall) Step {
	return func(x *Exchange) {
		if !x.Request.Stream {
			x.Whole("", "tool_calls", calls...)
			return
		}
		x.Role()
		for i, c := range calls {
			x.Calls(fmt.Sprintf(`{"index":%d,"id":%s,"type":"function","function":{"name":%s,"arguments":""}}`,
				i, quoted(c.ID), quoted(c.Function.Name)))
			for _, half := range halves(c.Function.Arguments) {
				x.Calls(fmt.Sprintf(`{"index":%d,"function":{"arguments":%s}}`, i, quoted(half)))
			}
		}
		x.Finish("tool_calls")
	}
}

// Interleaved answers with tool calls whose arguments arrive interleaved, distinguished by index alone.
func Interleaved(calls ...ToolCall) Step {
	return func(x *Exchange) {
		for i, c := range calls {
			x.Calls(fmt.Sprintf(`{"index":%d,"id":%s,"type":"function","function":{"name":%s,"arguments":""}}`,
				i, quoted(c.ID), quoted(c.Function.Name)))
		}
		for half := range 2 {
			for i, c := range calls {
				x.Calls(fmt.Sprintf(`{"index":%d,"function":{"arguments":%s}}`,
					i, quoted(halves(c.Function.Arguments)[half])))
			}
		}
		x.Finish("tool_calls")
	}
}

// RepeatedIDs answers with tool calls whose arguments arrive interleaved, without an index, each part with id and type.
func RepeatedIDs(calls ...ToolCall) Step {
	return func(x *Exchange) {
		for half := range 2 {
			for _, c := range calls {
				name := ""
				if half == 0 {
					name = c.Function.Name
				}
				part, err := json.Marshal(Call(c.ID, name, halves(c.Function.Arguments)[half]))
				if err == nil {
					x.Calls(string(part))
				}
			}
		}
		x.Finish("tool_calls")
	}
}

// halves splits s in two between characters.
func halves(s string) [2]string {
	r := []rune(s)
	return [2]string{string(r[:len(r)/2]), string(r[len(r)/2:])}
}

// Refuse answers with that status and an OpenAI error.
func Refuse(status int) Step {
	return func(x *Exchange) { x.Refuse(status, "requests", "some_code") }
}

// RefuseFor is Refuse with a Retry-After header.
func RefuseFor(status int, retryAfter string) Step {
	return func(x *Exchange) {
		x.Header().Set("Retry-After", retryAfter)
		x.Refuse(status, "requests", "rate_limit_exceeded")
	}
}

// QuotaExhausted answers 429 as OpenAI does when the account is out of credit.
func QuotaExhausted() Step {
	return func(x *Exchange) { x.Refuse(http.StatusTooManyRequests, "insufficient_quota", "insufficient_quota") }
}

// invalidJSON answers a request that is not JSON.
func invalidJSON(x *Exchange) {
	x.Refuse(http.StatusBadRequest, "invalid_request_error", "invalid_json")
}

// Send answers with this body, in chunks.
func Send(status int, contentType string, chunks ...string) Step {
	return func(x *Exchange) {
		x.Head(status, contentType)
		x.Raw(chunks...)
	}
}

// GarbageJSON answers with a truncated JSON document.
func GarbageJSON() Step {
	return Send(http.StatusOK, "application/json", `{"id":"c1","choices":[{"message":{"con`)
}

// GarbageStream answers with a stream whose second event is not JSON.
func GarbageStream() Step {
	return func(x *Exchange) {
		x.Text("a")
		x.Event(`{"choices":[{"delta":{"content":"` + Secret)
		x.Finish("stop")
	}
}

// EmptyStream answers with an event stream without events.
func EmptyStream() Step { return Send(http.StatusOK, "text/event-stream") }

// FailMidStream sends an error object after the parts.
func FailMidStream(parts ...string) Step {
	return func(x *Exchange) {
		x.Text(parts...)
		x.Event(`{"error":{"message":` + quoted(Secret) + `,"type":"server_error","code":503}}`)
		x.Event("[DONE]")
	}
}

// CutMidStream resets the connection after the parts.
func CutMidStream(parts ...string) Step {
	return func(x *Exchange) {
		x.Role()
		x.Text(parts...)
		x.Reset()
	}
}

// CloseWithoutDone ends the stream after the parts, with neither finish reason nor [DONE].
func CloseWithoutDone(parts ...string) Step {
	return func(x *Exchange) { x.Text(parts...) }
}

// StallBeforeHeaders never answers.
func StallBeforeHeaders() Step { return func(x *Exchange) { x.Stall() } }

// StallMidStream sends nothing more after the role and the parts.
func StallMidStream(parts ...string) Step {
	return func(x *Exchange) {
		x.Role()
		x.Text(parts...)
		x.Stall()
	}
}

// LateEnd streams the parts and [DONE], and ends the body when release is closed.
func LateEnd(release <-chan struct{}, parts ...string) Step {
	return func(x *Exchange) {
		x.Text(parts...)
		x.Finish("stop")
		select {
		case <-release:
		case <-x.ctx.Done():
		}
	}
}

// Tokens streams each token as it is received, and ends when tokens is closed.
func Tokens(tokens <-chan string) Step {
	return func(x *Exchange) {
		x.Role()
		for {
			select {
			case token, more := <-tokens:
				if !more {
					x.Finish("stop")
					return
				}
				x.Text(token)
			case <-x.ctx.Done():
				return
			}
		}
	}
}

// SplitBytes streams text one byte per event, so that events of multi-byte characters are not valid UTF-8.
func SplitBytes(text string) Step {
	return func(x *Exchange) {
		for i := range len(text) {
			b := text[i : i+1]
			if b[0] < 0x80 {
				b = strings.Trim(quoted(b), `"`)
				if text[i] == '"' {
					b = `\"`
				}
			}
			x.Delta(`{"content":"` + b + `"}`)
		}
		x.Finish("stop")
	}
}

// SplitSurrogates streams text one escaped UTF-16 unit per event, which splits surrogate pairs.
func SplitSurrogates(text string) Step {
	return func(x *Exchange) {
		for _, unit := range utf16.Encode([]rune(text)) {
			x.Delta(fmt.Sprintf(`{"content":"\u%04x"}`, unit))
		}
		x.Finish("stop")
	}
}

// WholeForStream answers with one JSON document although a stream was asked for.
func WholeForStream(text string) Step { return func(x *Exchange) { x.Whole(text, "stop") } }
