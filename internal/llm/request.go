package llm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// requestEncoder writes calls as JSON. It is safe for concurrent use.
type requestEncoder struct {
	escapes *lru.Cache[string, string]
	// strict has the strict form of schemas, nil for those that have none. Without strict mode it is nil.
	strict *lru.Cache[string, json.RawMessage]
}

// maxEscapes bounds how many texts are kept in escaped form: the prompts and tool descriptions of some forty agents.
const maxEscapes = 512

// newRequestEncoder returns an encoder. With strict, schemas of tools and answers are sent for the upstream to enforce;
// otherwise those of tools are sent as a description, and those of answers not at all.
func newRequestEncoder(strict bool) (*requestEncoder, error) {
	escapes, err := lru.New[string, string](maxEscapes)
	e := &requestEncoder{escapes: escapes}
	if err == nil && strict {
		e.strict, err = lru.New[string, json.RawMessage](maxEscapes)
	}
	return e, err
}

// strictSchema returns the schema in the form of strict mode, or nil if there is none or strict mode is off.
func (e *requestEncoder) strictSchema(schema json.RawMessage) json.RawMessage {
	if e.strict == nil || len(schema) == 0 {
		return nil
	}
	strict, ok := e.strict.Get(string(schema))
	if !ok {
		strict = strictSchema(schema)
		e.strict.Add(string(schema), strict)
	}
	return strict
}

// request is one call as it is sent to a server.
type request struct {
	model   string
	call    agent.ModelCall
	stream  bool
	dialect dialect
	limit   int // of the answer, in tokens; 0 is none
	// owner is what the state of earlier answers must have come from to be sent.
	owner *exchange
}

// encode appends the body of a chat completions request to b, and returns which members it has that a server may
// refuse. To OpenAI it is the request that langchaingo's own client would send, as a test checks, written in one pass:
// reflection and a second encoding of kilobytes of prompt and tool schemas would be a fifth of what an answer costs.
// The upstream is told to store nothing.
func (e *requestEncoder) encode(b []byte, r request) (body []byte, sent member, err error) {
	d, call := r.dialect, r.call
	b = slices.Grow(b, sizeOf(call))
	b = appendString(append(b, `{"model":`...), r.model)
	w := messageWriter{encoder: e, dialect: d, model: r.model, owner: r.owner, b: append(b, `,"messages":[`...)}
	if err := w.write(call.Messages); err != nil {
		return nil, 0, err
	}
	b, sent = append(w.b, ']'), w.sent
	if d.takes(memberTemperature) {
		sent |= memberTemperature
		b = strconv.AppendFloat(append(b, `,"temperature":`...), call.Temperature, 'g', -1, 64)
	}
	if limit := r.limit; limit > 0 && d.takes(memberMaxTokens) {
		sent |= memberMaxTokens
		if d.limit > 0 {
			limit = min(limit, d.limit)
		}
		b = append(appendString(append(b, ','), d.maxTokens), ':')
		b = strconv.AppendInt(b, int64(limit), 10)
	}
	if !call.TextOnly || w.called && d.takes(memberToolChoice) {
		var strict bool
		if b, strict, err = e.appendTools(b, call.Tools, d); err != nil {
			return nil, 0, err
		}
		if strict {
			sent |= memberStrict
		}
		if len(call.Tools) > 0 {
			sent |= memberTools
		}
		if call.TextOnly && len(call.Tools) > 0 {
			sent |= memberToolChoice
			b = append(b, `,"tool_choice":"none"`...)
		}
	}
	if schema := e.strictSchema(call.Schema); schema != nil && d.takes(memberResponseFormat) {
		sent |= memberResponseFormat
		b = append(b, `,"response_format":{"type":"json_schema","json_schema":`...)
		b = append(b, `{"name":"answer","strict":true,"schema":`...)
		b = append(append(b, schema...), `}}`...)
	}
	if r.stream {
		b = append(b, `,"stream":true`...)
		if d.takes(memberStreamOptions) {
			sent |= memberStreamOptions
			b = append(b, `,"stream_options":{"include_usage":true}`...)
		}
	}
	if d.takes(memberStore) {
		sent |= memberStore
		b = append(b, `,"store":false`...)
	}
	return append(b, '}'), sent, nil
}

// appendFixed is appendEscaped for a text that calls repeat: it is escaped once and copied from then on. Nothing that a
// person wrote may come here, as the encoder keeps it.
func (e *requestEncoder) appendFixed(b []byte, s string) []byte {
	escaped, ok := e.escapes.Get(s)
	if !ok {
		escaped = string(appendEscaped(nil, s))
		e.escapes.Add(s, escaped)
	}
	return append(b, escaped...)
}

// sizeOf estimates the length of the request in bytes.
func sizeOf(call agent.ModelCall) int {
	n := 512
	for _, m := range call.Messages {
		for _, p := range m.Parts {
			switch part := p.(type) {
			case llms.TextContent:
				n += len(part.Text) + len(part.Text)/16
			case llms.ToolCallResponse:
				n += len(part.Content) + len(part.Content)/8
			}
		}
		n += 128
	}
	for _, t := range call.Tools {
		schema, _ := t.Function.Parameters.(json.RawMessage)
		n += len(schema) + len(t.Function.Description) + 128
	}
	return n
}

// appendTools writes the tools' definitions, and reports whether one is for the upstream to enforce. Agents give their
// schemas as JSON already.
func (e *requestEncoder) appendTools(b []byte, tools []llms.Tool, d dialect) (_ []byte, anyStrict bool, err error) {
	for i, t := range tools {
		if i == 0 {
			b = append(b, `,"tools":[`...)
		} else {
			b = append(b, ',')
		}
		schema, isJSON := t.Function.Parameters.(json.RawMessage)
		if !isJSON {
			if schema, err = json.Marshal(t.Function.Parameters); err != nil {
				return nil, false, fmt.Errorf("tool %s: %w", t.Function.Name, err)
			}
		}
		b = appendString(append(b, `{"type":"function","function":{"name":`...), t.Function.Name)
		b = e.appendFixed(append(b, `,"description":"`...), t.Function.Description)
		b = append(b, '"')
		if strict := e.strictSchema(schema); strict != nil && d.takes(memberStrict) {
			schema, anyStrict = strict, true
			b = append(b, `,"strict":true`...)
		}
		b = append(append(append(b, `,"parameters":`...), schema...), `}}`...)
	}
	if len(tools) > 0 {
		b = append(b, ']')
	}
	return b, anyStrict, nil
}

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string. Invalid UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	return append(appendEscaped(append(b, '"'), s), '"')
}

// appendEscaped writes the inside of a JSON string, between the quotes.
func appendEscaped(b []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, s[from:i]...)
		switch {
		case c >= utf8.RuneSelf:
			b = append(b, `\ufffd`...)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
		i += size
		from = i
	}
	return append(b, s[from:]...)
}
