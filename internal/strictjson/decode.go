// Package strictjson reads JSON that came from outside. encoding/json is lenient: the last of two equal members wins,
// member names match whatever their case, broken UTF-8 and lone surrogates all become U+FFFD (so that different
// passwords turn into one), and U+0000 passes through to a database that cannot store it. Decode refuses all of that
// in one pass, so that everything behind it — validation, binding, storage — sees exactly one reading of the bytes.
package strictjson

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/fault"
)

// MaxDepth is how many arrays and objects may lie inside each other.
const MaxDepth = 32

// Decode reads the one JSON value in data: nil, bool, string, json.Number, []any or map[string]any.
//
// A number is a json.Number, because binding it to an int64 must lose nothing; its text is that of the document, save
// that a whole number written with a fraction or an exponent (1.0, 1e3) and no larger than 2^53 is given in plain
// digits, so that it binds to an integer. Strings and numbers share memory with one copy of data.
//
// It answers a copy of fault.ErrInvalidJSON when data is empty, is not JSON by RFC 8259, is followed by more, is not
// valid UTF-8, escapes half of a surrogate pair, contains U+0000, nests deeper than MaxDepth, names a member twice (by
// Unicode simple case folding) or holds a number that no float64 can. The message says what and where, by byte offset
// and, when the names on the way are plain words, JSON pointer; it never repeats a value.
func Decode(data []byte) (any, error) {
	value, p := decode(data)
	if p != nil {
		return nil, fault.ErrInvalidJSON.WithMessage(p.message())
	}
	return value, nil
}

func decode(data []byte) (any, *problem) {
	if !utf8.Valid(data) {
		return nil, &problem{offset: firstInvalid(data), what: "it is not valid UTF-8"}
	}
	r := reader{text: string(data)}
	r.skipSpace()
	if r.at == len(r.text) {
		return nil, r.problem("it is empty")
	}
	value, p := r.value()
	if p != nil {
		return nil, p
	}
	r.skipSpace()
	if r.at != len(r.text) {
		return nil, r.problem("something follows the value")
	}
	return value, nil
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

// reader is a position in a document of valid UTF-8.
type reader struct {
	text  string
	at    int
	depth int
	names []string // member names of all open objects, innermost last: one slice serves the whole document
}

func (r *reader) value() (any, *problem) {
	switch c := r.peek(); {
	case c == '{':
		return r.object()
	case c == '[':
		return r.array()
	case c == '"':
		return r.string()
	case c == '-' || '0' <= c && c <= '9':
		return r.number()
	default:
		return r.literal()
	}
}

func (r *reader) literal() (any, *problem) {
	rest := r.text[r.at:]
	switch {
	case strings.HasPrefix(rest, "true"):
		r.at += len("true")
		return true, nil
	case strings.HasPrefix(rest, "false"):
		r.at += len("false")
		return false, nil
	case strings.HasPrefix(rest, "null"):
		r.at += len("null")
		return nil, nil
	}
	return nil, r.expected("a value")
}

func (r *reader) array() (any, *problem) {
	if p := r.enter(); p != nil {
		return nil, p
	}
	defer r.leave()
	items := []any{}
	if r.take(']') {
		return items, nil
	}
	for {
		r.skipSpace()
		item, p := r.value()
		if p != nil {
			return nil, p.within(index(len(items)))
		}
		items = append(items, item)
		if r.take(']') {
			return items, nil
		}
		if !r.take(',') {
			return nil, r.expected("a comma or the end of the array")
		}
	}
}

func (r *reader) object() (any, *problem) {
	if p := r.enter(); p != nil {
		return nil, p
	}
	first := len(r.names)
	defer func() { r.leave(); r.names = r.names[:first] }()
	members, seen := map[string]any{}, known{first: first}
	if r.take('}') {
		return members, nil
	}
	for {
		r.skipSpace()
		name, p := r.name(&seen)
		if p != nil {
			return nil, p
		}
		r.skipSpace()
		value, p := r.value()
		if p != nil {
			return nil, p.within(name)
		}
		members[name] = value
		if r.take('}') {
			return members, nil
		}
		if !r.take(',') {
			return nil, r.expected("a comma or the end of the object")
		}
	}
}

// name reads a member's name and the colon behind it, and refuses a name the object has already.
func (r *reader) name(seen *known) (string, *problem) {
	at := r.at
	if r.peek() != '"' {
		return "", r.expected("a member name")
	}
	name, p := r.quoted()
	if p != nil {
		return "", p
	}
	if !seen.add(r, name) {
		return "", (&problem{offset: at, what: "a member is named twice (upper and lower case count as one)"}).within(name)
	}
	if !r.take(':') {
		return "", r.expected("a colon")
	}
	return name, nil
}

func (r *reader) enter() *problem {
	if r.depth == MaxDepth {
		return r.problem("it nests deeper than 32")
	}
	r.depth++
	r.at++
	return nil
}

func (r *reader) leave() { r.depth-- }

// peek returns the next byte, or NUL at the end; NUL begins nothing in JSON.
func (r *reader) peek() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

// take skips white space and consumes c if it comes next.
func (r *reader) take(c byte) bool {
	r.skipSpace()
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

func (r *reader) skipSpace() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

func (r *reader) number() (any, *problem) {
	token, p := r.numeral()
	if p != nil {
		return nil, p
	}
	return json.Number(token), nil
}

func (r *reader) string() (any, *problem) {
	s, p := r.quoted()
	if p != nil {
		return nil, p
	}
	return s, nil
}
