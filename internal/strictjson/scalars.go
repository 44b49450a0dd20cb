package strictjson

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDigits is a length up to which a number without an exponent is surely within the range of float64 (1.8e308).
const maxDigits = 300

// maxExactInteger is the largest integer up to which float64 represents every integer.
const maxExactInteger = 1 << 53

// parseNumber parses a number by the grammar of RFC 8259 and returns its text, normalized.
func (p *parser) parseNumber() (string, error) {
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++
	} else if !p.digits() {
		return "", p.expected("a digit")
	}
	whole, exponent := true, false
	if p.peek() == '.' {
		p.pos++
		whole = false
		if !p.digits() {
			return "", p.expected("a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		whole, exponent = false, true
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if !p.digits() {
			return "", p.expected("a digit")
		}
	}
	token := p.text[start:p.pos]
	if whole && len(token) <= maxDigits {
		return token, nil
	}
	return normalizeNumber(token, start, exponent)
}

// normalizeNumber rewrites a whole number that is small enough to be exact in digits.
func normalizeNumber(token string, offset int, exponent bool) (string, error) {
	f, err := strconv.ParseFloat(token, 64)
	if err != nil {
		return "", &syntaxError{offset: offset, reason: "a number is out of range"}
	}
	rewritable := exponent || strings.ContainsRune(token, '.')
	if rewritable && f == math.Trunc(f) && math.Abs(f) <= maxExactInteger {
		return strconv.FormatFloat(f, 'f', 0, 64), nil // keeps the sign of -0
	}
	return token, nil
}

// digits skips digits and reports whether there was at least one.
func (p *parser) digits() bool {
	start := p.pos
	for p.pos < len(p.text) && '0' <= p.text[p.pos] && p.text[p.pos] <= '9' {
		p.pos++
	}
	return p.pos > start
}

// parseString parses a string, starting at its opening quote.
func (p *parser) parseString() (string, error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			p.pos++
			return p.text[start : p.pos-1], nil
		case c == '\\':
			return p.parseEscapedString(start)
		case c < ' ':
			return "", p.fail("a string holds a bare control character")
		}
		p.pos++
	}
	return "", p.expected("the end of a string")
}

// parseEscapedString parses the rest of a string that starts at start, from its first backslash.
func (p *parser) parseEscapedString(start int) (string, error) {
	var s strings.Builder
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			s.WriteString(p.text[start:p.pos])
			p.pos++
			return s.String(), nil
		case c == '\\':
			s.WriteString(p.text[start:p.pos])
			char, err := p.escape()
			if err != nil {
				return "", err
			}
			if char == 0 {
				p.dropped++
			} else {
				s.WriteRune(char)
			}
			start = p.pos
		case c < ' ':
			return "", p.fail("a string holds a bare control character")
		default:
			p.pos++
		}
	}
	return "", p.expected("the end of a string")
}

// escape parses one escape sequence, or two if they form a surrogate pair. It returns 0 for a U+0000 to drop.
func (p *parser) escape() (rune, error) {
	start := p.pos
	p.pos++
	c := p.peek()
	if c == 'u' {
		p.pos++
		return p.codePoint(start)
	}
	const letters, chars = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	i := strings.IndexByte(letters, c)
	if i < 0 {
		return 0, p.expected("a letter that can be escaped")
	}
	p.pos++
	return rune(chars[i]), nil
}

// codePoint parses what follows \u; start is the offset of the backslash.
func (p *parser) codePoint(start int) (rune, error) {
	char, err := p.hex()
	if err != nil {
		return 0, err
	}
	if char == 0 && !p.dropping {
		return 0, &syntaxError{offset: start, reason: "a string holds U+0000"}
	}
	if !utf16.IsSurrogate(char) {
		return char, nil
	}
	if strings.HasPrefix(p.text[p.pos:], `\u`) {
		p.pos += len(`\u`)
		low, err := p.hex()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(char, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, &syntaxError{offset: start, reason: "a string holds half of a surrogate pair"}
}

// hex parses four hexadecimal digits.
func (p *parser) hex() (rune, error) {
	var char rune
	for range 4 {
		switch c := rune(p.peek()); {
		case '0' <= c && c <= '9':
			char = char<<4 + c - '0'
		case 'a' <= c && c <= 'f':
			char = char<<4 + c - 'a' + 10
		case 'A' <= c && c <= 'F':
			char = char<<4 + c - 'A' + 10
		default:
			return 0, p.expected("a hexadecimal digit")
		}
		p.pos++
	}
	return char, nil
}
