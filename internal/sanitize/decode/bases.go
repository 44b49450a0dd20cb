package decode

import (
	"slices"
	"strings"
)

// Digits of encodings that stand for bits.
var (
	hexTable     = anyCase("0123456789abcdef")
	base64Table  = newTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").alias("-_", "+/")
	base32Tables = []*table{
		anyCase("abcdefghijklmnopqrstuvwxyz234567"), anyCase("0123456789abcdefghijklmnopqrstuv"),
		anyCase("0123456789abcdefghjkmnpqrstvwxyz"), anyCase("ybndrfg8ejkmcpqxot1uwisza345h769"),
		anyCase("0123456789bcdefghjkmnpqrstuvwxyz"),
	}
	hexPrefixes = strings.NewReplacer("0x", " ", "0X", " ", `\x`, " ")
)

// anyCase returns the table of an alphabet in lower case, with the same digits in upper case.
func anyCase(alphabet string) *table {
	return newTable(alphabet).alias(strings.ToUpper(alphabet), alphabet)
}

func hex(in *Input, yield func(Output) bool) {
	text := in.withoutBullets()
	if in.count['x']+in.count['X'] > 0 {
		text = hexPrefixes.Replace(text)
	}
	in.yieldPacked(in.digitsOf(text, hexTable), 4, 2, yield)
}

func base64(in *Input, yield func(Output) bool) {
	in.yieldPacked(in.digitsOf(in.withoutBullets(), base64Table), 6, 4, yield)
}

// base32 reads the alphabets of RFC 4648, of Crockford, of z-base-32 and of geohashes.
func base32(in *Input, yield func(Output) bool) {
	more := true
	tables := base32Tables
	if in.row < minRow {
		tables = tables[:1]
	}
	for _, t := range tables {
		in.yieldPacked(in.digitsOf(in.withoutBullets(), t), 5, 8, func(out Output) bool {
			more = yield(out)
			return more
		})
		if !more {
			return
		}
	}
}

// yieldPacked yields digits of width bits as bytes, which may begin with any of the first phases digits.
func (in *Input) yieldPacked(digits []byte, width, phases int, yield func(Output) bool) {
	if len(digits)*width < minBytes*8 {
		return
	}
	for skip := range phases {
		if !yieldBytes(in.packed(digits[skip:], width), yield) {
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

var base85Table = newTable(base85Digits())

// base85Digits returns the characters from ! to u.
func base85Digits() string {
	digits := make([]byte, 85)
	for i := range digits {
		digits[i] = '!' + byte(i)
	}
	return string(digits)
}

// base85 reads five digits as four bytes, from every digit of a group.
func base85(in *Input, yield func(Output) bool) {
	rows := in.rows()
	if len(rows) == 0 {
		return
	}
	digits := in.digitsOf(rows[len(rows)-1], base85Table) // all rows joined, if there are several
	for skip := 0; skip < 5 && skip < len(digits); skip++ {
		if hasASCII(digits[skip:]) && !yieldBytes(in.fives(digits[skip:]), yield) {
			return
		}
	}
}

// hasASCII reports whether minBytes bytes in a row may be ASCII text, of which the first of five digits tells for the
// first of four bytes, or whether compressed data begins.
func hasASCII(digits []byte) bool {
	run := 0
	var group [4]byte
	for i := 0; i < len(digits); i += 5 {
		if run++; digits[i] < 2 || digits[i] > 41 {
			run = 0
		}
		if run >= minBytes/4 || i+5 <= len(digits) && isCompressed(appendFives(group[:0], digits[i:i+5])) {
			return true
		}
	}
	return false
}

// fives returns five digits of base 85 each as four bytes, and what fewer digits have of them. The result is valid
// until the next call.
func (in *Input) fives(digits []byte) []byte {
	in.out = appendFives(slices.Grow(in.out[:0], len(digits)/5*4+4), digits)
	return in.out
}

func appendFives(out, digits []byte) []byte {
	for len(digits) > 1 {
		n, v := min(5, len(digits)), uint32(0)
		for i := range 5 {
			d := uint32(84)
			if i < n {
				d = uint32(digits[i])
			}
			v = v*85 + d
		}
		out = append(out, []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}[:n-1]...)
		digits = digits[n:]
	}
	return out
}
