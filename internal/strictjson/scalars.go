package strictjson

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxPlain is up to which length a number without an exponent is certainly within a float64's range (1.8e308).
const maxPlain = 300

// exactInteger is the largest whole number up to which every float64 is exact.
const exactInteger = 1 << 53

// numeral reads a number by RFC 8259's grammar and returns its text, in plain digits where it is whole.
func (r *reader) numeral() (string, *problem) {
	start := r.at
	if r.peek() == '-' {
		r.at++
	}
	if r.peek() == '0' {
		r.at++
	} else if !r.digits() {
		return "", r.expected("a digit")
	}
	whole, exponent := true, false
	if r.peek() == '.' {
		r.at++
		whole = false
		if !r.digits() {
			return "", r.expected("a digit")
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.at++
		whole, exponent = false, true
		if c := r.peek(); c == '+' || c == '-' {
			r.at++
		}
		if !r.digits() {
			return "", r.expected("a digit")
		}
	}
	token := r.text[start:r.at]
	if whole && len(token) <= maxPlain {
		return token, nil
	}
	return plain(token, start, exponent)
}

// plain returns the number as it is bound: in digits alone when it is whole and small enough to be exact.
func plain(token string, offset int, exponent bool) (string, *problem) {
	f, err := strconv.ParseFloat(token, 64)
	if err != nil {
		return "", &problem{offset: offset, what: "a number is out of range"}
	}
	written := exponent || strings.ContainsRune(token, '.')
	if written && f == math.Trunc(f) && math.Abs(f) <= exactInteger {
		return strconv.FormatFloat(f, 'f', 0, 64), nil // keeps the sign of -0
	}
	return token, nil
}

// digits reports whether it read at least one.
func (r *reader) digits() bool {
	start := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	return r.at > start
}

// quoted reads a string; the reader stands on its opening quote.
func (r *reader) quoted() (string, *problem) {
	r.at++
	start := r.at
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == '"':
			r.at++
			return r.text[start : r.at-1], nil
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			return "", r.problem("a string holds a bare control character")
		}
		r.at++
	}
	return "", r.expected("the end of a string")
}

// escaped reads on in a string that needs rewriting; the reader stands on its first backslash.
func (r *reader) escaped(start int) (string, *problem) {
	var s strings.Builder
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == '"':
			s.WriteString(r.text[start:r.at])
			r.at++
			return s.String(), nil
		case c == '\\':
			s.WriteString(r.text[start:r.at])
			char, p := r.escape()
			if p != nil {
				return "", p
			}
			s.WriteRune(char)
			start = r.at
		case c < ' ':
			return "", r.problem("a string holds a bare control character")
		default:
			r.at++
		}
	}
	return "", r.expected("the end of a string")
}

// escape reads one escape sequence, or two when they are a surrogate pair.
func (r *reader) escape() (rune, *problem) {
	start := r.at
	r.at++
	c := r.peek()
	if c == 'u' {
		r.at++
		return r.codePoint(start)
	}
	const letters, chars = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	i := strings.IndexByte(letters, c)
	if i < 0 {
		return 0, r.expected("a letter that can be escaped")
	}
	r.at++
	return rune(chars[i]), nil
}

// codePoint reads what follows \u; start is the offset of its backslash.
func (r *reader) codePoint(start int) (rune, *problem) {
	char, p := r.hex()
	if p != nil {
		return 0, p
	}
	if char == 0 {
		return 0, &problem{offset: start, what: "a string holds U+0000"}
	}
	if !utf16.IsSurrogate(char) {
		return char, nil
	}
	if strings.HasPrefix(r.text[r.at:], `\u`) {
		r.at += len(`\u`)
		low, p := r.hex()
		if p != nil {
			return 0, p
		}
		if pair := utf16.DecodeRune(char, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, &problem{offset: start, what: "a string holds half of a surrogate pair"}
}

// hex reads four hexadecimal digits.
func (r *reader) hex() (rune, *problem) {
	var char rune
	for range 4 {
		switch c := rune(r.peek()); {
		case '0' <= c && c <= '9':
			char = char<<4 + c - '0'
		case 'a' <= c && c <= 'f':
			char = char<<4 + c - 'a' + 10
		case 'A' <= c && c <= 'F':
			char = char<<4 + c - 'A' + 10
		default:
			return 0, r.expected("a hexadecimal digit")
		}
		r.at++
	}
	return char, nil
}
