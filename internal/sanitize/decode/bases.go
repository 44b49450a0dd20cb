package decode

import (
	"encoding/ascii85"
	"strings"
)

var (
	hexPrefixes = strings.NewReplacer("0x", " ", "0X", " ", `\x`, " ")
)

func hex(text string, yield func(Output) bool) {
	text = hexPrefixes.Replace(withoutBullets(text))
	packed(digitsOf(text, hexValue), 4, 2, yield)
}

func base64(text string, yield func(Output) bool) {
	text = withoutBullets(text)
	packed(digitsOf(text, base64Value), 6, 4, yield)
}

func base32(text string, yield func(Output) bool) {
	text = withoutBullets(text)
	packed(digitsOf(text, base32Value), 5, 8, yield)
}

// packed yields digits of width bits as bytes, which may begin with any of the first phases digits.
func packed(digits []byte, width, phases int, yield func(Output) bool) {
	for skip := range phases {
		if !yieldBytes(packBits(digits, width, skip), yield) {
			return
		}
	}
}

// withoutBullets returns text without what stands before the items of a list.
func withoutBullets(text string) string {
	if !strings.Contains(text, "\n") {
		return text
	}
	var out strings.Builder
	out.Grow(len(text))
	for line := range strings.Lines(text) {
		out.WriteString(line[bullet(line):])
	}
	return out.String()
}

// bullet returns how many bytes of line are white space, a number or signs that stand before an item.
func bullet(line string) int {
	rest := strings.TrimLeft(line, " \t")
	item := strings.TrimLeft(rest, "-*>•|")
	if item == rest {
		item = strings.TrimLeft(rest, "0123456789")
		if item == rest || item == "" || !strings.Contains(".):", item[:1]) {
			return 0
		}
		item = item[1:]
	}
	if item == "" || item[0] != ' ' {
		return 0
	}
	return len(line) - len(item)
}

// uuencode decodes the lines of text, or its words if it has only one line, as when white space was collapsed.
func uuencode(text string, yield func(Output) bool) {
	if yieldBytes(uuLines(strings.Split(text, "\n")), yield) && !strings.Contains(text, "\n") {
		yieldBytes(uuLines(strings.Fields(text)), yield)
	}
}

// uuLines decodes lines that begin with their length.
func uuLines(lines []string) (out []byte) {
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
	return out
}

// base85 decodes text from several places where the data may begin, and its long rows from every digit of a group.
func base85(text string, yield func(Output) bool) {
	for _, start := range []string{"", "<~", ":", "\n", " "} {
		if _, body, ok := strings.Cut(text, start); ok && !ascii85Bytes(body, yield) {
			return
		}
	}
	for _, row := range rows(text, 40) {
		for skip := range 5 {
			if !ascii85Bytes(row[skip:], yield) {
				return
			}
		}
	}
}

// ascii85Bytes yields text up to its first character that is no digit.
func ascii85Bytes(text string, yield func(Output) bool) bool {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "~>")
	dst := make([]byte, 4*len(text)+8)
	n, _, _ := ascii85.Decode(dst, []byte(text), true)
	return yieldBytes(dst[:n], yield)
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
