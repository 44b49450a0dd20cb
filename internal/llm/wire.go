package llm

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// chunk is what the package reads of a streamed event, or of a completion sent as one document.
type chunk struct {
	isError bool // the upstream reports an error instead
	choices []choice
	usage   usage
	padding span // OpenAI's "obfuscation", a random string
}

// usage is the tokens that a server reports, 0 where it reports none.
type usage struct{ input, output, total int64 }

// choice has its message in delta if the completion is streamed, else in message.
type choice struct {
	index   int
	delta   message
	message message
	finish  string // why the answer ended, "" if it goes on
}

type message struct {
	content   text
	refusal   text
	toolCalls []toolCallPart
	reasoning bool        // the model's reasoning has arrived, which is not part of the answer
	thoughts  []rawMember // the members that hold it
}

type toolCallPart struct {
	index     int
	hasIndex  bool
	id, name  string
	arguments []byte
	extras    callExtras
}

// rawMember is a member of an object as it was received. Its value may share the event's memory.
type rawMember struct {
	name  string
	value []byte
}

// callExtras are the members of a tool call, and of its function, that are not in OpenAI's protocol.
type callExtras struct{ call, function []rawMember }

// text is a piece of text, which may begin or end inside a character.
type text struct {
	bytes    []byte
	span     span // where it is in the event, if it is a string there and not an array of parts
	thoughts bool // there are parts that hold thoughts
}

// span is the inside of a JSON string, between its quotes: event[start:end]. The zero span means none.
type span struct{ start, end int }

var (
	errShape        = errors.New("unexpected JSON type")
	errTrailingData = errors.New("data after the JSON value")
)

// decodeEvent sets c to the contents of event, with which c may share memory. Like encoding/json it accepts names in
// any case and invalid UTF-8, and takes the last of several members with the same name.
func decodeEvent(event []byte, c *chunk) error {
	d := decoders.Get().(*eventDecoder)
	d.event, d.buf = event, *bytes.NewBuffer(event)
	d.json.Reset(&d.buf, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	*c = chunk{choices: c.choices[:0]}
	err := d.chunk(c)
	if err == nil {
		err = d.end()
	}
	d.event, d.buf = nil, bytes.Buffer{}
	d.json.Reset(&d.buf) // the pool must not keep text of a conversation
	decoders.Put(d)
	return err
}

var decoders = sync.Pool{New: func() any { return &eventDecoder{json: jsontext.NewDecoder(bytes.NewReader(nil))} }}

// eventDecoder reads one event token by token. Its methods expect the decoder to be before a value.
type eventDecoder struct {
	event []byte
	buf   bytes.Buffer
	json  *jsontext.Decoder
}

func (d *eventDecoder) chunk(c *chunk) error {
	hasChoices, complains := false, false
	err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case "error":
			c.isError, err = d.present()
		case "object":
			var value jsontext.Value
			value, err = d.json.ReadValue()
			complains = complains || strings.EqualFold(string(value), `"error"`)
		case "detail", "errors", "error_msg", "error_message":
			var says bool
			says, err = d.says()
			complains = complains || says
		case "choices":
			hasChoices = d.json.PeekKind() == jsontext.KindBeginArray
			c.choices = c.choices[:0]
			return d.array(func() error {
				c.choices = append(c.choices, choice{})
				isError, err := d.choice(&c.choices[len(c.choices)-1], &c.usage)
				complains = complains || isError
				return err
			})
		case "usage":
			return d.usage(&c.usage)
		case "x_groq":
			return d.objectOrSkip(func(name []byte) error {
				if string(name) == "usage" {
					return d.usage(&c.usage)
				}
				return d.json.SkipValue()
			})
		case "obfuscation":
			var value jsontext.Value
			value, err = d.json.ReadValue()
			c.padding = d.spanOf(value)
		default:
			err = d.json.SkipValue()
		}
		return err
	})
	c.isError = c.isError || complains && (!hasChoices || len(c.choices) > 0)
	return err
}

// present reads any value and reports whether it is more than null.
func (d *eventDecoder) present() (bool, error) {
	value, err := d.json.ReadValue()
	return err == nil && value.Kind() != jsontext.KindNull, err
}

// says reads any value and reports whether it says something: some servers send an empty list of errors with every
// answer.
func (d *eventDecoder) says() (bool, error) {
	value, err := d.json.ReadValue()
	switch {
	case err != nil || value.Kind() == jsontext.KindNull:
		return false, err
	case strings.Contains(`"[{`, string(value[:1])):
		return len(bytes.TrimSpace(value[1:len(value)-1])) > 0, nil
	}
	return true, nil
}

// choice reports whether the choice is an error. Some servers put the usage into it.
func (d *eventDecoder) choice(c *choice, u *usage) (isError bool, err error) {
	err = d.object(func(name []byte) error {
		switch string(name) {
		case "index":
			_, err := d.int(&c.index)
			return err
		case "delta":
			return d.message(&c.delta)
		case "message":
			return d.message(&c.message)
		case "finish_reason":
			return d.string(&c.finish)
		case "error":
			isError, err = d.present()
			return err
		case "usage":
			return d.usage(u)
		}
		return d.json.SkipValue()
	})
	return isError, err
}

func (d *eventDecoder) message(m *message) error {
	return d.object(func(name []byte) (err error) {
		switch string(name) {
		case "content":
			m.content, err = d.text()
			m.reasoning = m.reasoning || m.content.thoughts
		case "refusal":
			m.refusal, err = d.text()
		case "reasoning", reasoningContent, "reasoning_details", "thinking_blocks": // servers differ
			member := rawMember{name: string(name)}
			var present bool
			member.value, present, err = d.notEmpty()
			if present {
				m.reasoning = true
				m.thoughts = append(m.thoughts, member)
			}
		case "extra_content":
			var present bool
			member := rawMember{name: "extra_content"}
			if member.value, present, err = d.notEmpty(); present {
				m.thoughts = append(m.thoughts, member)
			}
		case "tool_calls":
			m.toolCalls = nil
			err = d.array(func() error {
				m.toolCalls = append(m.toolCalls, toolCallPart{})
				return d.toolCall(&m.toolCalls[len(m.toolCalls)-1])
			})
		default:
			err = d.json.SkipValue()
		}
		return err
	})
}

func (d *eventDecoder) toolCall(p *toolCallPart) error {
	return d.object(func(name []byte) (err error) {
		switch string(name) {
		case "index":
			p.hasIndex, err = d.int(&p.index)
		case "id":
			err = d.string(&p.id)
		case "type":
			err = d.json.SkipValue()
		case "function":
			err = d.object(func(name []byte) (err error) {
				switch string(name) {
				case "name":
					err = d.string(&p.name)
				case "arguments":
					p.arguments, err = d.arguments()
				default:
					err = d.extra(name, &p.extras.function)
				}
				return err
			})
		default:
			err = d.extra(name, &p.extras.call)
		}
		return err
	})
}

// extra adds a member that is not in OpenAI's protocol to list, unless it is empty.
func (d *eventDecoder) extra(name []byte, list *[]rawMember) error {
	member := rawMember{name: string(name)}
	value, present, err := d.notEmpty()
	if member.value = value; present {
		*list = append(*list, member)
	}
	return err
}

// usage reads the counts of a usage object. What is no count is skipped: an answer is not lost for it.
func (d *eventDecoder) usage(u *usage) error {
	return d.objectOrSkip(func(name []byte) error {
		value, err := d.json.ReadValue()
		count, parseErr := strconv.ParseFloat(string(value), 64)
		if err != nil || parseErr != nil || count < 1 || count > 1<<40 {
			return err
		}
		switch string(name) {
		case "prompt_tokens", "input_tokens":
			u.input = int64(count)
		case "completion_tokens", "output_tokens":
			u.output = int64(count)
		case "total_tokens":
			u.total = int64(count)
		}
		return nil
	})
}

// objectOrSkip is object for a value that may be of any kind.
func (d *eventDecoder) objectOrSkip(member func(name []byte) error) error {
	if d.json.PeekKind() != jsontext.KindBeginObject {
		return d.json.SkipValue()
	}
	return d.object(member)
}

// text reads a string, null, or an array of text parts. Parts that hold thoughts are left out.
func (d *eventDecoder) text() (t text, err error) {
	switch d.json.PeekKind() {
	case jsontext.KindBeginArray:
		err = d.array(func() error {
			part, kind := text{}, ""
			err := d.object(func(name []byte) (err error) {
				switch string(name) {
				case "text":
					part, err = d.text()
				case "type":
					err = d.kindOfPart(&kind)
				default:
					err = d.json.SkipValue()
				}
				return err
			})
			if isThought(kind) {
				t.thoughts = true
				return err
			}
			t.thoughts = t.thoughts || part.thoughts
			t.bytes = append(t.bytes, part.bytes...)
			return err
		})
		return t, err
	case jsontext.KindString:
		value, err := d.json.ReadValue()
		if err != nil {
			return t, err
		}
		t.span = d.spanOf(value)
		t.bytes = d.unquote(t.span)
		return t, nil
	}
	return t, d.null()
}

// kindOfPart reads the type of a part, which is "" unless it is a string.
func (d *eventDecoder) kindOfPart(kind *string) error {
	value, err := d.json.ReadValue()
	if s := d.spanOf(value); err == nil && s != (span{}) {
		*kind = string(d.unquote(s))
	}
	return err
}

// isThought reports whether parts of that type hold thoughts.
func isThought(kind string) bool {
	switch kind {
	case "thinking", "reasoning", "redacted_thinking", "thought", "reasoning_text":
		return true
	}
	return false
}

// arguments reads JSON inside a string or, from some servers, the object itself.
func (d *eventDecoder) arguments() ([]byte, error) {
	switch d.json.PeekKind() {
	case jsontext.KindString:
		value, err := d.json.ReadValue()
		if err != nil {
			return nil, err
		}
		return d.unquote(d.spanOf(value)), nil
	case jsontext.KindBeginObject:
		value, err := d.json.ReadValue()
		return bytes.Clone(value), err
	}
	return nil, d.null()
}

// notEmpty reads any value, and reports whether it is more than null or an empty string, array or object. The value
// shares the event's memory.
func (d *eventDecoder) notEmpty() ([]byte, bool, error) {
	value, err := d.json.ReadValue()
	switch string(value) {
	case "", "null", `""`, "[]", "{}":
		return nil, false, err
	}
	end := int(d.json.InputOffset())
	return d.event[end-len(value) : end], true, err
}

// string reads a string into s, which null leaves as it is.
func (d *eventDecoder) string(s *string) error {
	if d.json.PeekKind() != jsontext.KindString {
		return d.null()
	}
	token, err := d.json.ReadToken()
	if err == nil {
		*s = token.String()
	}
	return err
}

// int reads an integer into n and reports true; null leaves n as it is.
func (d *eventDecoder) int(n *int) (bool, error) {
	if d.json.PeekKind() != jsontext.KindNumber {
		return false, d.null()
	}
	value, err := d.json.ReadValue()
	if err != nil {
		return false, err
	}
	*n, err = strconv.Atoi(string(value))
	return err == nil, err
}

// null reads null, which any member may have. Other values are errShape.
func (d *eventDecoder) null() error {
	token, err := d.json.ReadToken()
	if err == nil && token.Kind() != jsontext.KindNull {
		return errShape
	}
	return err
}

// object reads an object, or null, and calls member with each name before its value. The name is valid until the
// value is read.
func (d *eventDecoder) object(member func(name []byte) error) error {
	if d.json.PeekKind() != jsontext.KindBeginObject {
		return d.null()
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for d.json.PeekKind() != jsontext.KindEndObject {
		name, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		if err := member(canonicalName(name)); err != nil {
			return err
		}
	}
	_, err := d.json.ReadToken()
	return err
}

// array reads an array, or null, and calls element before each value.
func (d *eventDecoder) array(element func() error) error {
	if d.json.PeekKind() != jsontext.KindBeginArray {
		return d.null()
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for d.json.PeekKind() != jsontext.KindEndArray {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := d.json.ReadToken()
	return err
}

// end returns an error if anything follows the event's value.
func (d *eventDecoder) end() error {
	_, err := d.json.ReadToken()
	switch err {
	case io.EOF:
		return nil
	case nil:
		return errTrailingData
	}
	return err
}

// spanOf returns where the value just read is in the event, or the zero span if it is not a string.
func (d *eventDecoder) spanOf(value jsontext.Value) span {
	if value.Kind() != jsontext.KindString {
		return span{}
	}
	end := int(d.json.InputOffset())
	return span{start: end - len(value) + 1, end: end - 1}
}

// unquote returns the text of the string at s, a valid one. It shares the event's memory if it has no escapes.
func (d *eventDecoder) unquote(s span) []byte {
	inside := d.event[s.start:s.end]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	text, _ := unquote(make([]byte, 0, len(inside)), inside)
	return text
}

// knownNames are the members that eventDecoder reads.
var knownNames = []string{"error", "choices", "index", "delta", "message", "finish_reason", "content", "refusal",
	"reasoning", reasoningContent, "reasoning_details", "thinking_blocks", "tool_calls", "id", "type", "function",
	"name", "arguments", "text"}

// reasoningContent is the member in which most servers send the model's reasoning.
const reasoningContent = "reasoning_content"

// canonicalName returns a name without its quotes. If it differs from a known one in case only, it returns that one.
func canonicalName(quoted []byte) []byte {
	name := quoted[1 : len(quoted)-1]
	isLower := func(c byte) bool { return c < utf8.RuneSelf && c != '\\' && (c < 'A' || 'Z' < c) }
	if !slices.ContainsFunc(name, func(c byte) bool { return !isLower(c) }) {
		return name
	}
	name, _ = jsontext.AppendUnquote(nil, quoted) // fails on invalid UTF-8, which no known name has
	for _, known := range knownNames {
		if strings.EqualFold(string(name), known) {
			return []byte(known)
		}
	}
	return name
}
