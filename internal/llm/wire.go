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
	padding span // OpenAI's "obfuscation", a random string
}

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
	reasoning bool // the model's reasoning has arrived, which is not part of the answer
}

type toolCallPart struct {
	index     int
	hasIndex  bool
	id, name  string
	arguments []byte
}

// text is a piece of text, which may begin or end inside a character.
type text struct {
	bytes []byte
	span  span // where it is in the event, if it is a string there and not an array of parts
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
	return d.object(func(name []byte) error {
		switch string(name) {
		case "error":
			value, err := d.json.ReadValue()
			c.isError = err == nil && value.Kind() != jsontext.KindNull
			return err
		case "choices":
			c.choices = c.choices[:0]
			return d.array(func() error {
				c.choices = append(c.choices, choice{})
				return d.choice(&c.choices[len(c.choices)-1])
			})
		case "obfuscation":
			value, err := d.json.ReadValue()
			c.padding = d.spanOf(value)
			return err
		}
		return d.json.SkipValue()
	})
}

func (d *eventDecoder) choice(c *choice) error {
	return d.object(func(name []byte) error {
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
		}
		return d.json.SkipValue()
	})
}

func (d *eventDecoder) message(m *message) error {
	return d.object(func(name []byte) (err error) {
		switch string(name) {
		case "content":
			m.content, err = d.text()
		case "refusal":
			m.refusal, err = d.text()
		case "reasoning", "reasoning_content": // servers differ
			var present bool
			present, err = d.notEmpty()
			m.reasoning = m.reasoning || present
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
		case "function":
			err = d.object(func(name []byte) (err error) {
				switch string(name) {
				case "name":
					err = d.string(&p.name)
				case "arguments":
					p.arguments, err = d.arguments()
				default:
					err = d.json.SkipValue()
				}
				return err
			})
		default:
			err = d.json.SkipValue()
		}
		return err
	})
}

// text reads a string, null, or an array of text parts.
func (d *eventDecoder) text() (t text, err error) {
	switch d.json.PeekKind() {
	case jsontext.KindBeginArray:
		err = d.array(func() error {
			return d.object(func(name []byte) error {
				if string(name) != "text" {
					return d.json.SkipValue()
				}
				part, err := d.text()
				t.bytes = append(t.bytes, part.bytes...)
				return err
			})
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

// notEmpty reads any value and reports whether it is more than null or an empty string, array or object.
func (d *eventDecoder) notEmpty() (bool, error) {
	value, err := d.json.ReadValue()
	switch string(value) {
	case "", "null", `""`, "[]", "{}":
		return false, err
	}
	return true, err
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
	"reasoning", "reasoning_content", "tool_calls", "id", "function", "name", "arguments", "text"}

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
