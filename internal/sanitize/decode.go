package sanitize

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/json"
	"html"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// maxInflated is how many bytes of compressed data are unpacked.
const maxInflated = 64 << 10

var (
	escapes = regexp.MustCompile(`(?i)\\u\{?[0-9a-f]{2,6}\}?|\\x[0-9a-f]{2}|\\[0-7]{3}|u\+[0-9a-f]{4,6}|` +
		`%[0-9a-f]{2}|=[0-9a-f]{2}|=\r?\n|&#x?[0-9a-f]+;`)
	bullets     = regexp.MustCompile(`(?m)^\s*(?:[-*>•|]+|\d+[.):])\s+`)
	tags        = regexp.MustCompile(`<[^<>]{1,200}>`)
	hexPrefixes = strings.NewReplacer("0x", " ", "0X", " ", `\x`, " ")
)

// searchDecoded searches text, the output of a decoder, through all views that do not need a whole answer.
func (q *search) searchDecoded(view, text string) bool {
	if text == "" || q.depth >= maxDepth {
		return false
	}
	if *q.decodeBudget -= len(text); *q.decodeBudget < 0 {
		q.hit = &Hit{View: "too much to decode"}
		return true
	}
	inner := &search{Scope: q.Scope, depth: q.depth + 1, decodeBudget: q.decodeBudget}
	if !inner.run(text, false) {
		return false
	}
	q.hit = &Hit{SecretID: inner.hit.SecretID, View: view + " > " + inner.hit.View}
	return true
}

// encodings decodes text in every way for which it shows signs, and searches the results.
func (q *search) encodings(text string, shape shape) bool {
	if q.invisible(text, shape) {
		return true
	}
	if shape.escapes >= 6 && q.searchDecoded("escapes", unescape(text)) {
		return true
	}
	if strings.Count(text, "<") >= 6 && q.searchDecoded("tags", tags.ReplaceAllString(text, "")) {
		return true
	}
	if shape.braces >= 2 && q.jsonDocument(text) {
		return true
	}
	if shape.natural && shape.longestRun < 24 {
		return false
	}
	return q.numberLists(text, shape) || q.baseN(text) || q.tokens(text, shape)
}

// unescape decodes escapes of JSON, C, URLs, quoted-printable and HTML.
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
	if query, err := url.QueryUnescape(out); err == nil {
		return html.UnescapeString(query)
	}
	return html.UnescapeString(out)
}

// baseN decodes base64, base32, hex, base85 and uuencoding, however the lines are wrapped.
func (q *search) baseN(text string) bool {
	bare := bullets.ReplaceAllString(text, "")
	for _, base := range []struct {
		view   string
		text   string
		value  func(byte) int // of a digit, or -1
		width  int            // bits of a digit
		phases int            // digits until a byte begins with a digit again
	}{
		{"hex", hexPrefixes.Replace(bare), hexValue, 4, 2},
		{"base64", bare, base64Value, 6, 4},
		{"base32", bare, base32Value, 5, 8},
	} {
		digits := extractDigits(base.text, base.value)
		for skip := 0; skip < base.phases; skip++ {
			if q.searchBytes(base.view, packBits(digits, base.width, skip)) {
				return true
			}
		}
	}
	return q.uuencoded(text) || q.base85(bare)
}

// uuencoded decodes the lines of text, or its words if it has only one line, as when white space was collapsed.
func (q *search) uuencoded(text string) bool {
	return q.uuLines(strings.Split(text, "\n")) || !strings.Contains(text, "\n") && q.uuLines(strings.Fields(text))
}

// uuLines decodes lines that begin with their length.
func (q *search) uuLines(lines []string) bool {
	var out []byte
	for _, line := range lines {
		if len(line) < 9 || line[0] < 33 || line[0] > 96 || len(line)-1 > (int(line[0]-32)+2)/3*4+1 {
			continue
		}
		values := make([]byte, 0, len(line))
		for i := 1; i < len(line); i++ {
			values = append(values, (line[i]-32)&63)
		}
		decoded := packBits(values, 6, 0)
		out = append(out, decoded[:min(len(decoded), int(line[0]-32))]...)
	}
	return q.searchBytes("uuencode", out)
}

// base85 decodes text from several places where the data may begin.
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
		if q.searchBytes("base85", dst[:n]) {
			return true
		}
	}
	return false
}

// extractDigits returns the values of the digits in s; value returns -1 for anything else.
func extractDigits(s string, value func(byte) int) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if v := value(s[i]); v >= 0 {
			out = append(out, byte(v))
		}
	}
	return out
}

// packBits packs digits of width bits into bytes, without the first skip digits.
func packBits(digits []byte, width, skip int) []byte {
	out := make([]byte, 0, len(digits)*width/8+1)
	acc, bits := uint32(0), 0
	for _, d := range digits[min(skip, len(digits)):] {
		acc = acc<<width | uint32(d)
		bits += width
		if bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits))
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

// searchBytes searches decoded bytes: unpacked if they are compressed, and as text if they contain 20 characters of
// it.
func (q *search) searchBytes(view string, b []byte) bool {
	if len(b) < 20 {
		return false
	}
	for _, magic := range []string{"\x1f\x8b\x08", "\x78\x9c", "\x78\xda", "\x78\x01"} {
		if at := bytes.Index(b, []byte(magic)); at >= 0 && q.searchCompressed(view, b[at:]) {
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
	return longest >= 20 && q.searchDecoded(view, strings.ToValidUTF8(string(b), " "))
}

// searchCompressed searches gzip or zlib data.
func (q *search) searchCompressed(view string, b []byte) bool {
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
	text, _ := io.ReadAll(io.LimitReader(r, maxInflated)) // after an error, the data unpacked before it
	return q.searchDecoded(view+", compressed", strings.ToValidUTF8(string(text), " "))
}

// jsonDocument searches the joined strings of a JSON text: all of them, and those of each member name.
func (q *search) jsonDocument(text string) bool {
	dec := json.NewDecoder(strings.NewReader(text[strings.IndexAny(text, "{["):]))
	values := jsonStrings{byName: map[string]*strings.Builder{}}
	for {
		tok, err := dec.Token()
		if err != nil {
			break
		}
		values.add(tok)
	}
	if q.searchDecoded("document", values.all.String()) {
		return true
	}
	for _, named := range values.byName {
		if named.Len() < values.all.Len() && q.searchDecoded("document", named.String()) {
			return true
		}
	}
	return false
}

// jsonStrings collects the string values of a JSON document.
type jsonStrings struct {
	all     strings.Builder
	byName  map[string]*strings.Builder
	name    string // of the latest member
	objects []bool // for each open bracket, whether it is an object's
	isName  bool   // whether the next string is a member's name
}

func (s *jsonStrings) add(token json.Token) {
	switch v := token.(type) {
	case json.Delim:
		if v == '{' || v == '[' {
			s.objects = append(s.objects, v == '{')
		} else if len(s.objects) > 0 {
			s.objects = s.objects[:len(s.objects)-1]
		}
	case string:
		if s.isName {
			s.name, s.isName = v, false
			return
		}
		s.all.WriteString(v + " ")
		if s.byName[s.name] == nil {
			s.byName[s.name] = &strings.Builder{}
		}
		s.byName[s.name].WriteString(v + " ")
	}
	s.isName = len(s.objects) > 0 && s.objects[len(s.objects)-1]
}
