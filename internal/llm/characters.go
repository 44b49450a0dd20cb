package llm

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Upstreams cut characters: a JSON string may end in the first bytes of one, or in the first half of a surrogate pair,
// and go on in the next event. encoding/json would turn both halves into U+FFFD. So strings are unquoted here into bytes
// that keep lone surrogates in UTF-8's three-byte form, and characters puts the halves together again.

// unquote appends the text of a JSON string's inside to dst; ok is false when it is not one.
func unquote(dst, inside []byte) (text []byte, ok bool) {
	for i := 0; i < len(inside); {
		c := inside[i]
		if c != '\\' {
			if c < ' ' || c == '"' {
				return dst, false
			}
			dst = append(dst, c)
			i++
			continue
		}
		if i+1 >= len(inside) {
			return dst, false
		}
		if inside[i+1] != 'u' {
			if c = unescape(inside[i+1]); c == 0 {
				return dst, false
			}
			dst = append(dst, c)
			i += 2
			continue
		}
		unit, ok := hex4(inside[i+2:])
		if !ok {
			return dst, false
		}
		dst = appendUnit(dst, unit)
		i += 6
	}
	return dst, true
}

func unescape(c byte) byte {
	switch c {
	case '"', '\\', '/':
		return c
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return 0
}

func hex4(b []byte) (unit rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | rune(c)
	}
	return unit, true
}

// appendUnit appends a UTF-16 unit, and a surrogate in the three bytes that UTF-8 has no use for.
func appendUnit(dst []byte, unit rune) []byte {
	if !utf16.IsSurrogate(unit) {
		return utf8.AppendRune(dst, unit)
	}
	return append(dst, 0xED, byte(0x80|unit>>6&0x3F), byte(0x80|unit&0x3F))
}

// characters makes text out of pieces that may be cut anywhere. What it returns, joined, does not depend on where.
type characters struct {
	tail []byte // the beginning of a character, or the first half of a surrogate pair
	buf  []byte
}

// add returns the whole characters so far, as valid UTF-8 with U+FFFD for what cannot become one. The bytes are piece's
// own or valid until the next call.
func (c *characters) add(piece []byte) []byte {
	if len(c.tail) == 0 && utf8.Valid(piece) {
		return piece
	}
	rest := append(c.tail, piece...)
	out := c.buf[:0]
	for len(rest) > 0 && !unfinished(rest) {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			r, size = surrogates(rest)
		}
		out = utf8.AppendRune(out, r)
		rest = rest[size:]
	}
	c.tail = append(c.tail[:0], rest...)
	c.buf = out
	return out
}

// end returns what stands for a character that never came whole.
func (c *characters) end() []byte {
	out := c.buf[:0]
	for rest := c.tail; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			r, size = surrogates(rest)
		}
		out = utf8.AppendRune(out, r)
		rest = rest[size:]
	}
	c.tail, c.buf = c.tail[:0], out
	return out
}

// unfinished reports whether b could become a character with more bytes behind it.
func unfinished(b []byte) bool {
	if !utf8.FullRune(b) {
		return true
	}
	if b[0] != 0xED || len(b) > 5 || len(b) > 1 && b[1] < 0xA0 {
		return false
	}
	switch { // a surrogate's bytes, which FullRune takes for three mistakes
	case len(b) == 2:
		return b[1] <= 0xBF
	case !isHigh(b):
		return false
	case len(b) == 3:
		return true
	case len(b) == 4:
		return b[3] == 0xED
	}
	return b[3] == 0xED && b[4] >= 0xB0 && b[4] <= 0xBF
}

// surrogates reads a pair of surrogates, a lone one, or one byte that is no character.
func surrogates(b []byte) (r rune, size int) {
	switch {
	case isHigh(b) && isLow(b[3:]):
		return utf16.DecodeRune(unit(b), unit(b[3:])), 6
	case isHigh(b), isLow(b):
		return utf8.RuneError, 3
	}
	return utf8.RuneError, 1
}

func isHigh(b []byte) bool {
	return len(b) >= 3 && b[0] == 0xED && b[1] >= 0xA0 && b[1] <= 0xAF && b[2]&0xC0 == 0x80
}

func isLow(b []byte) bool {
	return len(b) >= 3 && b[0] == 0xED && b[1] >= 0xB0 && b[1] <= 0xBF && b[2]&0xC0 == 0x80
}

func unit(b []byte) rune { return 0xD000 | rune(b[1]&0x3F)<<6 | rune(b[2]&0x3F) }
