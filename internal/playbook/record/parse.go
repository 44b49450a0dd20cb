package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

var errSyntax = errors.New("not JSON")

const (
	maxDepth  = 8  // of lists and objects in each other
	maxNumber = 64 // characters of a number
)

// parser reads one JSON value from the middle of a text. It forgives what models get wrong: a comma before a closing
// bracket, line breaks within texts, and the constants of Python.
type parser struct {
	text    string
	at      int
	members int // of objects, read so far
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// next skips space and reports whether c follows. If so, it is read.
func (p *parser) next(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// value returns a map[string]any, []any, string, json.Number, bool or nil.
func (p *parser) value(depth int) (any, error) {
	if p.space(); p.at == len(p.text) || depth > maxDepth {
		return nil, errSyntax
	}
	switch c := p.text[p.at]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		return p.string()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	return p.constant()
}

func (p *parser) constant() (any, error) {
	for _, c := range []struct {
		word  string
		value any
	}{{"true", true}, {"false", false}, {"null", nil}, {"True", true}, {"False", false}, {"None", nil}} {
		if strings.HasPrefix(p.text[p.at:], c.word) {
			p.at += len(c.word)
			return c.value, nil
		}
	}
	return nil, errSyntax
}

func (p *parser) object(depth int) (any, error) {
	p.at++
	var object map[string]any // made late, as most attempts to read one from prose fail before
	for !p.next('}') {
		if len(object) > 0 && !p.next(',') {
			return nil, errSyntax
		}
		if p.next('}') {
			break
		}
		if p.at == len(p.text) || p.text[p.at] != '"' {
			return nil, errSyntax
		}
		name, err := p.string()
		if err != nil || !p.next(':') {
			return nil, errSyntax
		}
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if object == nil {
			object = map[string]any{}
		}
		object[name] = value
		p.members++
	}
	if object == nil {
		object = map[string]any{}
	}
	return object, nil
}

func (p *parser) list(depth int) (any, error) {
	p.at++
	list := []any{}
	for !p.next(']') {
		if len(list) > 0 && !p.next(',') {
			return nil, errSyntax
		}
		if len(list) > 0 && p.next(']') {
			break
		}
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

func (p *parser) number() (any, error) {
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789eE", p.text[p.at]) >= 0 {
		p.at++
	}
	digits := p.text[start:p.at]
	if len(digits) > maxNumber || !json.Valid([]byte(digits)) {
		return nil, errSyntax
	}
	return json.Number(digits), nil
}

func (p *parser) string() (string, error) {
	p.at++
	start, isPlain := p.at, true
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			inside := p.text[start:p.at]
			p.at++
			if isPlain {
				return strings.ToValidUTF8(inside, "\uFFFD"), nil
			}
			return unescape(inside)
		case c == '\\':
			isPlain = false
			p.at++
		case c < ' ':
			isPlain = false
		}
	}
	p.at = len(p.text) // a backslash at the end skips a character that is not there
	return "", errSyntax
}

// unescape returns the text that the inside of a JSON string stands for. Control characters stand for themselves.
func unescape(inside string) (out string, err error) {
	quoted := make([]byte, 1, len(inside)+2)
	quoted[0] = '"'
	for i := range len(inside) {
		if c := inside[i]; c < ' ' {
			quoted = fmt.Appendf(quoted, `\u%04x`, c)
		} else {
			quoted = append(quoted, c)
		}
	}
	if json.Unmarshal(append(quoted, '"'), &out) != nil {
		return "", errSyntax
	}
	return out, nil
}
