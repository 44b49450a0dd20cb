package sanitize

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/ascii85"
	"html"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// maxInflated bounds what a compressed answer may unpack to.
const maxInflated = 64 << 10

var (
	escapes  = regexp.MustCompile(`(?i)\\u\{?[0-9a-f]{2,6}\}?|\\x[0-9a-f]{2}|\\[0-7]{3}|u\+[0-9a-f]{4,6}|%[0-9a-f]{2}|=[0-9a-f]{2}|=\r?\n|&#x?[0-9a-f]+;`)
	bullets  = regexp.MustCompile(`(?m)^\s*(?:[-*>•|]+|\d+[.):])\s+`)
	tags     = regexp.MustCompile(`<[^<>]{1,200}>`)
	hexMarks = strings.NewReplacer("0x", " ", "0X", " ", `\x`, " ")
)

// decoded reads the result of one decoder through all views again.
func (q *search) decoded(view, text string) bool {
	if text == "" || q.depth >= maxDepth {
		return false
	}
	if *q.budget -= len(text); *q.budget < 0 {
		q.hit = &Hit{View: "too much to decode"}
		return true
	}
	inner := &search{Scope: q.Scope, depth: q.depth + 1, budget: q.budget}
	if !inner.everything(text, false) {
		return false
	}
	q.hit = &Hit{SecretID: inner.hit.SecretID, View: view + " > " + inner.hit.View}
	return true
}

// decoders undoes the encodings that text has the marks of.
func (q *search) decoders(text string, shape shape) bool {
	if q.hidden(text, shape) {
		return true
	}
	if shape.escapes >= 6 && q.decoded("escapes", unescape(text)) {
		return true
	}
	if strings.Count(text, "<") >= 6 && q.decoded("tags", tags.ReplaceAllString(text, "")) {
		return true
	}
	if shape.braces >= 2 && q.document(text) {
		return true
	}
	if shape.prose && shape.longest < 24 {
		return false
	}
	return q.digits(text, shape) || q.radix(text, shape) || q.tokens(text, shape)
}

func unescape(text string) string {
	out := escapes.ReplaceAllStringFunc(text, func(m string) string {
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
	})
	if plus, err := url.QueryUnescape(out); err == nil {
		return html.UnescapeString(plus)
	}
	return html.UnescapeString(out)
}

// radix undoes base64, base32, base 16, base85 and uuencoding, however they are wrapped.
func (q *search) radix(text string, shape shape) bool {
	bare := bullets.ReplaceAllString(text, "")
	six := squeeze(hexMarks.Replace(bare), hexValue)
	for skip := 0; skip < 2; skip++ {
		if q.bytes("hex", pack(six, 4, skip)) {
			return true
		}
	}
	for _, c := range []struct {
		view  string
		value func(byte) int
		width int
		turns int
	}{{"base64", base64Value, 6, 4}, {"base32", base32Value, 5, 8}} {
		values := squeeze(bare, c.value)
		for skip := 0; skip < c.turns; skip++ {
			if q.bytes(c.view, pack(values, c.width, skip)) {
				return true
			}
		}
	}
	return q.uuencoded(text) || q.base85(bare)
}

// uuencoded reads lines, and words, which lines become where white space collapses.
func (q *search) uuencoded(text string) bool {
	return q.uulines(strings.Split(text, "\n")) || !strings.Contains(text, "\n") && q.uulines(strings.Fields(text))
}

func (q *search) uulines(lines []string) bool {
	var out []byte
	for _, line := range lines {
		if len(line) < 9 || line[0] < 33 || line[0] > 96 || len(line)-1 > (int(line[0]-32)+2)/3*4+1 {
			continue
		}
		values := make([]byte, 0, len(line))
		for i := 1; i < len(line); i++ {
			values = append(values, (line[i]-32)&63)
		}
		plainBytes := pack(values, 6, 0)
		out = append(out, plainBytes[:min(len(plainBytes), int(line[0]-32))]...)
	}
	return q.bytes("uuencode", out)
}

func (q *search) base85(text string) bool {
	for _, start := range []string{"", "<~", ":", "\n", " "} {
		at := strings.Index(text, start)
		if at < 0 {
			continue
		}
		body := strings.TrimSpace(text[at+len(start):])
		if end := strings.Index(body, "~>"); end >= 0 {
			body = body[:end]
		}
		dst := make([]byte, 4*len(body)+8)
		n, _, _ := ascii85.Decode(dst, []byte(body), true)
		if q.bytes("base85", dst[:n]) {
			return true
		}
	}
	return false
}

// squeeze returns the digits of s and leaves out everything else.
func squeeze(s string, value func(byte) int) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if v := value(s[i]); v >= 0 {
			out = append(out, byte(v))
		}
	}
	return out
}

// pack joins digits of width bits to bytes, leaving out the first skip digits.
func pack(values []byte, width, skip int) []byte {
	out := make([]byte, 0, len(values)*width/8+1)
	acc, held := uint32(0), 0
	for _, v := range values[min(skip, len(values)):] {
		acc, held = acc<<width|uint32(v), held+width
		if held >= 8 {
			held -= 8
			out = append(out, byte(acc>>held))
		}
	}
	return out
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func base64Value(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}

func base32Value(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c - 'a')
	case c >= '2' && c <= '7':
		return int(c-'2') + 26
	}
	return -1
}

// bytes reads decoded bytes: unpacked when compressed, as text when they hold a stretch of it.
func (q *search) bytes(view string, b []byte) bool {
	if len(b) < 20 {
		return false
	}
	for _, magic := range []string{"\x1f\x8b\x08", "\x78\x9c", "\x78\xda", "\x78\x01"} {
		if at := bytes.Index(b, []byte(magic)); at >= 0 && q.inflated(view, b[at:]) {
			return true
		}
	}
	run, longest := 0, 0
	for _, c := range b {
		if c >= ' ' && c < 0x7F || c == '\n' || c == '\t' || c == '\r' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest >= 20 && q.decoded(view, strings.ToValidUTF8(string(b), " "))
}

func (q *search) inflated(view string, b []byte) bool {
	var r io.Reader
	var err error
	if b[0] == 0x1f {
		r, err = gzip.NewReader(bytes.NewReader(b))
	} else {
		r, err = zlib.NewReader(bytes.NewReader(b))
	}
	if err != nil {
		return false
	}
	text, _ := io.ReadAll(io.LimitReader(r, maxInflated)) // a damaged tail still shows its head
	return q.decoded(view+", compressed", strings.ToValidUTF8(string(text), " "))
}
