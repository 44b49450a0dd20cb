package decode

import (
	"encoding/ascii85"
	"strings"
)

// Digits of encodings that stand for bits.
var (
	hexTable    = newTable("0123456789abcdef").alias("ABCDEF", "abcdef")
	base64Table = newTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").alias("-_", "+/")
	base32Table = newTable("abcdefghijklmnopqrstuvwxyz234567").alias(
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
	hexPrefixes = strings.NewReplacer("0x", " ", "0X", " ", `\x`, " ")
)

func hex(in *Input, yield func(Output) bool) {
	text := in.withoutBullets()
	if in.count['x']+in.count['X'] > 0 {
		text = hexPrefixes.Replace(text)
	}
	packed(in.digitsOf(text, hexTable), 4, 2, yield)
}

func base64(in *Input, yield func(Output) bool) {
	packed(in.digitsOf(in.withoutBullets(), base64Table), 6, 4, yield)
}

func base32(in *Input, yield func(Output) bool) {
	packed(in.digitsOf(in.withoutBullets(), base32Table), 5, 8, yield)
}

// packed yields digits of width bits as bytes, which may begin with any of the first phases digits.
func packed(digits []byte, width, phases int, yield func(Output) bool) {
	if len(digits)*width < minBytes*8 {
		return
	}
	out := make([]byte, 0, len(digits)*width/8+1)
	for skip := range phases {
		if !yieldBytes(packBits(out, digits[skip:], width), yield) {
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
func uuencode(in *Input, yield func(Output) bool) {
	text := in.Text
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
		decoded := packBits(nil, values, 6)
		out = append(out, decoded[:min(len(decoded), int(line[0]-32))]...)
	}
	return out
}

// base85 decodes text from several places where the data may begin, and its long rows from every digit of a group.
func base85(in *Input, yield func(Output) bool) {
	text := in.Text
	for _, start := range []string{"", "<~", ":", "\n", " "} {
		if _, body, ok := strings.Cut(text, start); ok && !ascii85Bytes(body, yield) {
			return
		}
	}
	for _, row := range in.rows() {
		for skip := 0; skip < 5 && len(row) >= 2*minRow; skip++ {
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
