package decode

import (
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var (
	escapeForms = regexp.MustCompile(`(?i)\\u\{?[0-9a-f]{2,6}\}?|\\x[0-9a-f]{2}|\\[0-7]{3}|u\+[0-9a-f]{4,6}|` +
		`%[0-9a-f]{2}|=[0-9a-f]{2}|=\r?\n|&#x?[0-9a-f]+;`)
	tagForm     = regexp.MustCompile(`<[^<>]{1,200}>|\[[^\[\]]{1,40}\]|\[[0-9;]{1,8}m`)
	bracketForm = regexp.MustCompile(`\([^()]{0,80}\)|\{[^{}]{0,80}\}|\[[0-9;]{1,8}m`)
)

// escapes decodes escapes of JSON, C, URLs, quoted-printable and HTML.
func escapes(in *Input, yield func(Output) bool) {
	text := in.Text
	forms := 0
	out := escapeForms.ReplaceAllStringFunc(text, func(m string) string {
		forms++
		return unescape(m)
	})
	if forms < 6 && strings.Count(text, "&") < 6 {
		return
	}
	if query, err := url.QueryUnescape(out); err == nil {
		out = query
	}
	yield(Output{Text: html.UnescapeString(out)})
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
	if yield(Output{Text: tagForm.ReplaceAllString(in.Text, "")}) {
		yield(Output{Text: bracketForm.ReplaceAllString(in.Text, "")})
	}
}
