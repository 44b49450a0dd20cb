package decode

import (
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// escapes decodes escapes of JSON, C, URLs, quoted-printable and HTML.
func escapes(in *Input, yield func(Output) bool) {
	text := in.Text
	forms, from := 0, 0
	var b strings.Builder
	for i := 0; i < len(text); {
		n := escapeLen(text[i:])
		if n == 0 {
			i++
			continue
		}
		forms++
		b.WriteString(text[from:i])
		b.WriteString(unescape(text[i : i+n]))
		i += n
		from = i
	}
	if forms < 6 && in.count['&'] < 6 {
		return
	}
	b.WriteString(text[from:])
	out := b.String()
	if query, err := url.QueryUnescape(out); err == nil {
		out = query
	}
	yield(Output{Text: html.UnescapeString(out)})
}

// escapeLen returns the length of the escape that text begins with, or 0.
func escapeLen(text string) int {
	switch text[0] {
	case '\\':
		return backslashLen(text)
	case 'u', 'U': // U+0041
		if n := hexDigits(text[1:], 1, 6); n >= 4 && text[1] == '+' {
			return 2 + n
		}
	case '=':
		if strings.HasPrefix(text, "=\n") {
			return 2
		} else if strings.HasPrefix(text, "=\r\n") {
			return 3
		}
		fallthrough
	case '%':
		if hexDigits(text, 1, 2) == 2 {
			return 3
		}
	case '&': // &#65; and &#x41;
		at := 2
		if len(text) > 2 && text[2]|0x20 == 'x' {
			at = 3
		}
		if n := hexDigits(text, at, len(text)); n > 0 && text[1] == '#' && strings.HasPrefix(text[at+n:], ";") {
			return at + n + 1
		}
	}
	return 0
}

// backslashLen returns the length of the escape with a backslash that text begins with, or 0.
func backslashLen(text string) int {
	switch {
	case len(text) < 4:
	case text[1]|0x20 == 'u':
		at := 2
		if text[2] == '{' {
			at = 3
		}
		if n := hexDigits(text, at, 6); n >= 2 {
			if at += n; at < len(text) && text[at] == '}' {
				at++
			}
			return at
		}
	case text[1]|0x20 == 'x':
		if hexDigits(text, 2, 2) == 2 {
			return 4
		}
	case isOctal(text[1]) && isOctal(text[2]) && isOctal(text[3]):
		return 4
	}
	return 0
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

// hexDigits returns how many hexadecimal digits text has from a place on, at most.
func hexDigits(text string, from, most int) (n int) {
	for n < most && from+n < len(text) && hexTable[text[from+n]] != none {
		n++
	}
	return n
}

func unescape(m string) string {
	base, body := 16, strings.Trim(m, `\uUxX%=&#+{};`+"\r\n")
	if m[0] == '=' && body == "" {
		return ""
	}
	if m[0] == '\\' && m[1] >= '0' && m[1] <= '7' {
		base = 8
	} else if strings.HasPrefix(m, "&#") && m[2] != 'x' && m[2] != 'X' {
		base = 10
	}
	v, err := strconv.ParseUint(body, base, 32)
	if err != nil || v > 0x10FFFF {
		return m
	}
	return string(rune(v))
}

// tags leaves out what stands between angle or square brackets, or else between parentheses or braces.
func tags(in *Input, yield func(Output) bool) {
	if yield(Output{Text: in.without(tagBrackets)}) {
		yield(Output{Text: in.without(otherBrackets)})
	}
}

// bracket is what begins and ends a part of a text, and how many characters are between.
type bracket struct {
	begin, end  byte
	least, most int
}

var (
	tagBrackets   = []bracket{{'<', '>', 1, 200}, {'[', ']', 1, 40}}
	otherBrackets = []bracket{{'(', ')', 0, 80}, {'{', '}', 0, 80}}
)

// without returns the text without its parts in brackets that have no other ones of their kind in them, and without
// escapes of terminals.
func (in *Input) without(brackets []bracket) string {
	text, out := in.Text, make([]byte, 0, len(in.Text))
	for i := 0; i < len(text); {
		n := 0
		for _, b := range brackets {
			if text[i] == b.begin {
				n = b.length(text[i:])
			}
		}
		if n == 0 && text[i] == '[' {
			n = colorLen(text[i:])
		}
		if n == 0 {
			out = append(out, text[i])
			n = 1
		}
		i += n
	}
	return string(out)
}

// length returns the length of the part in brackets that text begins with, or 0.
func (b bracket) length(text string) int {
	chars := 0
	for i := 1; i < len(text) && text[i] != b.begin; chars++ {
		if text[i] == b.end {
			if chars < b.least {
				return 0
			}
			return i + 1
		}
		if chars == b.most {
			return 0
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		i += size
	}
	return 0
}

// colorLen returns the length of the escape of a terminal that text begins with, as in [1;31m, or 0.
func colorLen(text string) int {
	n := 1
	for n < len(text) && n <= 8 && (text[n] == ';' || text[n] >= '0' && text[n] <= '9') {
		n++
	}
	if n > 1 && n < len(text) && text[n] == 'm' {
		return n + 1
	}
	return 0
}
