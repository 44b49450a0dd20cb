package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"
)

// Secret stands in every error answer and error event as the upstream's own words, which must reach nobody.
const Secret = "upstream-words: rate limit reached for organization org-x9 on sk-upstream-key"

// Say answers in text, one event for each part when streaming was asked for.
func Say(parts ...string) Step { return ending("stop", parts...) }

// SayTooMuch is Say by a model that stopped for length.
func SayTooMuch(parts ...string) Step { return ending("length", parts...) }

func ending(reason string, parts ...string) Step {
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

// Interleaved answers with tool calls whose arguments arrive in turns, told apart by index alone.
func Interleaved(calls ...ToolCall) Step {
	return func(x *Exchange) {
		for i, c := range calls {
			x.Calls(fmt.Sprintf(`{"index":%d,"id":%s,"type":"function","function":{"name":%s,"arguments":""}}`,
				i, quoted(c.ID), quoted(c.Function.Name)))
		}
		for half := range 2 {
			for i, c := range calls {
				x.Calls(fmt.Sprintf(`{"index":%d,"function":{"arguments":%s}}`, i, quoted(halves(c.Function.Arguments)[half])))
			}
		}
		x.Finish("tool_calls")
	}
}

// RepeatedIDs answers with tool calls whose arguments arrive in turns, without an index, each part naming id and type.
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

// halves splits s in two at a character.
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

// QuotaSpent answers 429 as OpenAI does when the account is out of credit.
func QuotaSpent() Step {
	return func(x *Exchange) { x.Refuse(http.StatusTooManyRequests, "insufficient_quota", "insufficient_quota") }
}

// unreadable refuses a request that is not JSON.
func unreadable(x *Exchange) {
	x.Refuse(http.StatusBadRequest, "invalid_request_error", "invalid_json")
}

// Send answers with this body.
func Send(status int, contentType string, chunks ...string) Step {
	return func(x *Exchange) {
		x.Head(status, contentType)
		x.Raw(chunks...)
	}
}

// GarbageJSON answers with half a JSON document.
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

// Nothing answers with no body at all.
func Nothing() Step { return Send(http.StatusOK, "text/event-stream") }

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
		x.Cut()
	}
}

// CloseWithoutDone ends the stream after the parts, with neither finish reason nor [DONE].
func CloseWithoutDone(parts ...string) Step {
	return func(x *Exchange) { x.Text(parts...) }
}

// HoldHeaders never answers.
func HoldHeaders() Step { return func(x *Exchange) { x.Hold() } }

// HoldMidStream says nothing more after the role and the parts.
func HoldMidStream(parts ...string) Step {
	return func(x *Exchange) {
		x.Role()
		x.Text(parts...)
		x.Hold()
	}
}

// LateEnd streams the parts and [DONE], and ends the body only when release is closed.
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

// Slow streams each token as it is received, and ends when tokens is closed.
func Slow(tokens <-chan string) Step {
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

// SplitBytes streams text one byte an event, so that characters are cut into bytes that are no UTF-8.
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

// SplitSurrogates streams text one UTF-16 unit an event, escaped, so that surrogate pairs are cut.
func SplitSurrogates(text string) Step {
	return func(x *Exchange) {
		for _, unit := range utf16.Encode([]rune(text)) {
			x.Delta(fmt.Sprintf(`{"content":"\u%04x"}`, unit))
		}
		x.Finish("stop")
	}
}

// WholeForStream answers in one JSON document although a stream was asked for.
func WholeForStream(text string) Step { return func(x *Exchange) { x.Whole(text, "stop") } }
