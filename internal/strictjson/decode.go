// Package strictjson decodes JSON from untrusted clients. encoding/json is lenient: the last of two members with the
// same name wins, names match regardless of case, invalid UTF-8 and lone surrogates become U+FFFD (so that different
// passwords become equal), and U+0000 passes through to a database that cannot store it. Decode rejects all of these
// in one pass, so that validation, binding and storage all see the same values.
package strictjson

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may be nested.
const MaxDepth = 32

// Decode reads the one JSON value in data: nil, bool, string, json.Number, []any or map[string]any.
//
// A number is a json.Number, so that binding it to an int64 loses nothing. It keeps its text, except that a whole
// number with a fraction or an exponent (1.0, 1e3) of at most 2^53 is rewritten in digits, so that it binds to an
// integer. Strings and numbers share memory with one copy of data.
//
// Decode returns a copy of fault.ErrInvalidJSON if data is empty, is not JSON according to RFC 8259, has something
// after the value, is not valid UTF-8, escapes half of a surrogate pair, contains U+0000, nests deeper than MaxDepth,
// has two members whose names are equal by Unicode simple case folding, or has a number outside the range of float64.
// The message gives the reason, the byte offset and, if the names on the path are simple, a JSON pointer; it never
// repeats a value.
func Decode(data []byte) (any, error) {
	value, _, err := DecodeDroppingNUL(data)
	return value, err
}

// DecodeDroppingNUL is Decode for a document whose top-level object has members with text of others, such as e-mails:
// in the members of these names, U+0000 is left out of strings instead of being an error. It returns how often it was.
func DecodeDroppingNUL(data []byte, members ...string) (value any, dropped int, err error) {
	p := parser{droppable: members}
	err = p.document(data, func() (err error) {
		value, err = p.value()
		return err
	})
	if err != nil {
		return nil, 0, asFault(err)
	}
	return value, p.dropped, nil
}

// document reads data as a whole: read reads the one value in it.
func (p *parser) document(data []byte, read func() error) error {
	if !utf8.Valid(data) {
		return &syntaxError{offset: firstInvalid(data), reason: "it is not valid UTF-8"}
	}
	p.text = string(data)
	p.skipSpace()
	if p.pos == len(p.text) {
		return p.fail("it is empty")
	}
	if err := read(); err != nil {
		return err
	}
	p.skipSpace()
	if p.pos != len(p.text) {
		return p.fail("something follows the value")
	}
	return nil
}

func firstInvalid(data []byte) int {
	for at := 0; at < len(data); {
		c, size := utf8.DecodeRune(data[at:])
		if c == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return len(data)
}

// parser parses a document of valid UTF-8.
type parser struct {
	text  string
	pos   int
	depth int
	names []string // member names of all open objects, innermost last

	droppable []string // members of the top-level object in which U+0000 is dropped
	dropping  bool     // in one of them
	dropped   int      // how often

	floats bool // value returns numbers as float64
}

func (p *parser) value() (any, error) {
	switch c := p.peek(); {
	case c == '{':
		members := map[string]any{}
		err := p.object(func(name string) (err error) {
			members[name], err = p.value()
			return err
		})
		return members, err
	case c == '[':
		items := []any{}
		err := p.array(func() error {
			item, err := p.value()
			items = append(items, item)
			return err
		})
		return items, err
	case c == '"':
		return p.parseString()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	default:
		return p.literal()
	}
}

func (p *parser) literal() (any, error) {
	rest := p.text[p.pos:]
	switch {
	case strings.HasPrefix(rest, "true"):
		p.pos += len("true")
		return true, nil
	case strings.HasPrefix(rest, "false"):
		p.pos += len("false")
		return false, nil
	case strings.HasPrefix(rest, "null"):
		p.pos += len("null")
		return nil, nil
	}
	return nil, p.expected("a value")
}

// array parses an array. read reads each of its items.
func (p *parser) array(read func() error) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	if p.take(']') {
		return nil
	}
	for i := 0; ; i++ {
		p.skipSpace()
		if err := read(); err != nil {
			return within(err, strconv.Itoa(i))
		}
		if p.take(']') {
			return nil
		}
		if !p.take(',') {
			return p.expected("a comma or the end of the array")
		}
	}
}

// object parses an object. read reads the value of each member.
func (p *parser) object(read func(name string) error) error {
	if err := p.enter(); err != nil {
		return err
	}
	first := len(p.names)
	defer func() { p.leave(); p.names = p.names[:first] }()
	seen := nameSet{first: first}
	if p.take('}') {
		return nil
	}
	for {
		p.skipSpace()
		name, err := p.name(&seen)
		if err != nil {
			return err
		}
		p.skipSpace()
		if p.depth == 1 {
			p.dropping = slices.Contains(p.droppable, name)
		}
		if err := read(name); err != nil {
			return within(err, name)
		}
		if p.depth == 1 {
			p.dropping = false
		}
		if p.take('}') {
			return nil
		}
		if !p.take(',') {
			return p.expected("a comma or the end of the object")
		}
	}
}

// name parses a member's name and the colon after it. It rejects a name that the object already has.
func (p *parser) name(seen *nameSet) (string, error) {
	offset := p.pos
	if p.peek() != '"' {
		return "", p.expected("a member name")
	}
	name, err := p.parseString()
	if err != nil {
		return "", err
	}
	if !seen.add(p, name) {
		err := &syntaxError{offset: offset, reason: "a member is named twice (upper and lower case count as one)"}
		return "", within(err, name)
	}
	if !p.take(':') {
		return "", p.expected("a colon")
	}
	return name, nil
}

func (p *parser) enter() error {
	if p.depth == MaxDepth {
		return p.fail("it nests deeper than 32")
	}
	p.depth++
	p.pos++
	return nil
}

func (p *parser) leave() { p.depth-- }

// peek returns the next byte, or NUL at the end; no JSON token starts with NUL.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

// take skips white space and consumes c if it is next.
func (p *parser) take(c byte) bool {
	p.skipSpace()
	if p.peek() != c {
		return false
	}
	p.pos++
	return true
}

func (p *parser) skipSpace() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\r', '\n':
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) number() (any, error) {
	token, err := p.parseNumber()
	if err != nil {
		return nil, err
	}
	if p.floats {
		return strconv.ParseFloat(token, 64)
	}
	return json.Number(token), nil
}
