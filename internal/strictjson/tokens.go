package strictjson

import (
	"errors"
	"strings"
)

// ErrKind is the error where the next value is of another kind than the one asked for.
var ErrKind = errors.New("the value is of another kind")

// Tokens reads the value of a document piece by piece. Each call of a method but IsNull reads one value whole. It must
// not be used after an error.
type Tokens struct{ p parser }

// Read reads a document that Decode accepts without building the values that it would return. read reads the one value
// in it and fails where the value is not what it needs; that failure is returned as it is. U+0000 is dropped as
// DecodeDroppingNUL does it, in members of the top-level object with one of the names given.
//
// Read accepts no document that Decode does not. Of the errors of a document that has several, it may return another.
func Read(data []byte, members []string, read func(*Tokens) error) (dropped int, err error) {
	t := Tokens{parser{droppable: members}}
	if err := t.p.document(data, func() error { return read(&t) }); err != nil {
		return 0, asFault(err)
	}
	return t.p.dropped, nil
}

// IsNull reports whether the next value begins as null does. It reads nothing.
func (t *Tokens) IsNull() bool { return t.p.peek() == 'n' }

// Null reads null.
func (t *Tokens) Null() error {
	value, err := t.p.literal()
	if err == nil && value != nil {
		return ErrKind
	}
	return err
}

// Bool reads true or false.
func (t *Tokens) Bool() (bool, error) {
	value, err := t.p.literal()
	if err != nil {
		return false, err
	}
	is, ok := value.(bool)
	if !ok {
		return false, ErrKind
	}
	return is, nil
}

// String reads a string, which shares memory with one copy of the document.
func (t *Tokens) String() (string, error) {
	if t.p.peek() != '"' {
		return "", ErrKind
	}
	return t.p.parseString()
}

// Number reads a number and returns its text, rewritten as by Decode.
func (t *Tokens) Number() (string, error) {
	if !strings.ContainsRune("-0123456789", rune(t.p.peek())) {
		return "", ErrKind
	}
	return t.p.parseNumber()
}

// Array reads an array. It calls read for each item, which has to read the item.
func (t *Tokens) Array(read func() error) error {
	if t.p.peek() != '[' {
		return ErrKind
	}
	return t.p.array(read)
}

// Object reads an object. It calls read for each member, which has to read the member's value.
func (t *Tokens) Object(read func(name string) error) error {
	if t.p.peek() != '{' {
		return ErrKind
	}
	return t.p.object(read)
}

// Value reads any value and returns it as Decode does.
func (t *Tokens) Value() (any, error) { return t.p.value() }

// Plain is Value with every number as a float64, as encoding/json has it.
func (t *Tokens) Plain() (any, error) {
	t.p.floats = true
	defer func() { t.p.floats = false }()
	return t.p.value()
}

// Skip reads any value and drops it.
func (t *Tokens) Skip() error { return t.p.skip() }

// skip checks the next value without building it.
func (p *parser) skip() (err error) {
	switch c := p.peek(); {
	case c == '{':
		return p.object(func(string) error { return p.skip() })
	case c == '[':
		return p.array(p.skip)
	case c == '"':
		_, err = p.parseString()
	case c == '-' || '0' <= c && c <= '9':
		_, err = p.parseNumber()
	default:
		_, err = p.literal()
	}
	return err
}
