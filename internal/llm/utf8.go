package llm

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Upstreams split characters: a JSON string may end with the first bytes of a character, or with the first half of a
// surrogate pair, and the next event has the rest. encoding/json would replace both halves by U+FFFD. Therefore
// unquote keeps lone surrogates, in the three bytes that UTF-8 would have for them, and utf8Joiner joins the halves.

// unquote appends the text inside a JSON string, given without its quotes, to dst. It returns false if inside is not
// valid. Invalid UTF-8 is kept.
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

// unescape returns the character that c means after a backslash, or 0.
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

// appendUnit appends a UTF-16 code unit. A surrogate takes the three bytes that are invalid in UTF-8.
func appendUnit(dst []byte, unit rune) []byte {
	if !utf16.IsSurrogate(unit) {
		return utf8.AppendRune(dst, unit)
	}
	return append(dst, 0xED, byte(0x80|unit>>6&0x3F), byte(0x80|unit&0x3F))
}

// utf8Joiner makes valid UTF-8 of pieces that may be split anywhere, as unquote returns them. The joined result does
// not depend on where they were split.
type utf8Joiner struct {
	tail []byte // the beginning of a character, or the first half of a surrogate pair
	buf  []byte
}

// add returns the characters that are complete with piece, with U+FFFD for bytes that cannot become one. The result
// is piece itself, or it is valid until the next call.
func (j *utf8Joiner) add(piece []byte) []byte {
	if len(j.tail) == 0 && utf8.Valid(piece) {
		return piece
	}
	rest := append(j.tail, piece...)
	out := j.buf[:0]
	for len(rest) > 0 && !unfinished(rest) {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			r, size = decodeInvalid(rest)
		}
		out = utf8.AppendRune(out, r)
		rest = rest[size:]
	}
	j.tail = append(j.tail[:0], rest...)
	j.buf = out
	return out
}

// flush returns U+FFFD for each incomplete character that is left.
func (j *utf8Joiner) flush() []byte {
	out := j.buf[:0]
	for rest := j.tail; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			r, size = decodeInvalid(rest)
		}
		out = utf8.AppendRune(out, r)
		rest = rest[size:]
	}
	j.tail, j.buf = j.tail[:0], out
	return out
}

// unfinished reports whether b is the beginning of a character.
func unfinished(b []byte) bool {
	if !utf8.FullRune(b) {
		return true
	}
	if b[0] != 0xED || len(b) > 5 || len(b) > 1 && b[1] < 0xA0 {
		return false
	}
	switch { // the bytes of a surrogate, each of which FullRune takes for an error
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

// decodeInvalid decodes a pair of surrogates, a lone one, or a byte that belongs to no character.
func decodeInvalid(b []byte) (r rune, size int) {
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

// unit returns the surrogate that b begins with.
func unit(b []byte) rune { return 0xD000 | rune(b[1]&0x3F)<<6 | rune(b[2]&0x3F) }
