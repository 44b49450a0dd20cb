package forwarded

import (
	"strings"
)

const (
	letters    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	tokenChars = letters + "!#$%&'*+-.^_`|~" // RFC 9110, 5.6.2
	// valueChars also has what RFC 7239 wants quoted but some proxies write bare: [2001:db8::1]:443.
	valueChars = tokenChars + ":[]/"
)

// element is one proxy's part of a Forwarded header: who sent the request to it, and by which scheme. A part that
// cannot be read has neither.
type element struct{ client, scheme string }

// parseForwarded reads the Forwarded headers of a request (RFC 7239), from the farthest proxy to the nearest. A line
// that is not well-formed becomes one element that cannot be read: inside it, what the client wrote cannot be told
// from what a proxy added.
func parseForwarded(lines []string) []element {
	var list []element
	for _, line := range lines {
		elements, ok := parseLine(line)
		if !ok {
			elements = []element{{}}
		}
		list = append(list, elements...)
	}
	return list
}

// parseLine reads one line, and returns false if it is not well-formed.
func parseLine(line string) (list []element, ok bool) {
	var one element
	empty := true // nothing of the element was read so far; empty elements do not count
	for rest := trim(line); ; {
		if rest != "" && rest[0] != ',' && rest[0] != ';' {
			name, value, after, ok := parsePair(rest)
			if !ok || !one.set(name, value) {
				return nil, false
			}
			rest, empty = trim(after), false
		}
		if rest == "" || rest[0] == ',' {
			if !empty {
				list = append(list, one)
			}
			one, empty = element{}, true
		}
		if rest == "" {
			return list, true
		}
		if rest[0] != ',' && rest[0] != ';' {
			return nil, false
		}
		rest = trim(rest[1:])
	}
}

// set keeps what is of use, and returns false for a parameter that is there twice.
func (e *element) set(name, value string) bool {
	var target *string
	switch strings.ToLower(name) {
	case "for":
		target = &e.client
	case "proto":
		target = &e.scheme
	default:
		return true
	}
	if *target != "" || value == "" {
		return false
	}
	*target = value
	return true
}

// parsePair reads name=value, of which the value may be quoted, and returns what follows.
func parsePair(text string) (name, value, rest string, ok bool) {
	name, rest, found := strings.Cut(text, "=")
	if !found || name == "" || strings.Trim(name, tokenChars) != "" {
		return "", "", "", false
	}
	if strings.HasPrefix(rest, `"`) {
		value, rest, ok = parseQuoted(rest[1:])
		return name, value, rest, ok
	}
	end := len(rest) - len(strings.TrimLeft(rest, valueChars))
	return name, rest[:end], rest[end:], end > 0
}

// parseQuoted reads a quoted string whose first quote was read.
func parseQuoted(text string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
