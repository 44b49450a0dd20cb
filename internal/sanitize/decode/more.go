package decode

import (
	"bytes"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// turned yields text backwards, so that encodings of it can be read.
func turned(in *Input, yield func(Output) bool) {
	if in.wide == 0 {
		bytes := []byte(in.Text)
		slices.Reverse(bytes)
		yield(Output{Text: string(bytes)})
		return
	}
	runes := []rune(in.Text)
	slices.Reverse(runes)
	yield(Output{Text: string(runes)})
}

// swappedCase yields text with upper-case letters as lower-case ones and the other way round, for the encodings to
// which case matters.
func swappedCase(in *Input, yield func(Output) bool) {
	text := in.Text
	out := []byte(text)
	for i, c := range out {
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			out[i] = c ^ 0x20
		}
	}
	yield(Output{Text: string(out)})
}

// rot13 yields text with its letters turned by 13 places.
func rot13(in *Input, yield func(Output) bool) {
	yield(Output{Text: mapLetters(in.Text, func(place byte) byte { return (place + 13) % 26 })})
}

// atbash yields text with its letters mirrored in the alphabet.
func atbash(in *Input, yield func(Output) bool) {
	yield(Output{Text: mapLetters(in.Text, func(place byte) byte { return 25 - place })})
}

// mapLetters returns text with each letter replaced by that in another place of the alphabet, in the same case.
func mapLetters(text string, place func(byte) byte) string {
	out := []byte(text)
	for i, c := range out {
		if upper := c &^ 0x20; upper >= 'A' && upper <= 'Z' {
			out[i] = 'A' + place(upper-'A') | c&0x20
		}
	}
	return string(out)
}

// swappedPairs yields text with neighbouring characters swapped.
func swappedPairs(in *Input, yield func(Output) bool) {
	text := in.Text
	for skip := range 2 {
		runes := []rune(text)
		for i := skip; i+1 < len(runes); i += 2 {
			runes[i], runes[i+1] = runes[i+1], runes[i]
		}
		if !yield(Output{Text: string(runes)}) {
			return
		}
	}
}

// asWritten yields text as it is, to be read in the plain views.
func asWritten(in *Input, yield func(Output) bool) { yield(Output{Text: in.Text}) }

// rot47 yields text with the visible ASCII characters turned by 47 places.
func rot47(in *Input, yield func(Output) bool) {
	text := in.Text
	out := []byte(text)
	for i, c := range out {
		if c > ' ' && c < 0x7F {
			out[i] = '!' + (c-'!'+47)%94
		}
	}
	yield(Output{Text: string(out)})
}

// caseBits reads the case of letters as bits.
func caseBits(in *Input, yield func(Output) bool) {
	text := in.Text
	var list []byte
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'A' && c <= 'Z':
			list = append(list, 1)
		case c >= 'a' && c <= 'z':
			list = append(list, 0)
		}
	}
	yieldBits(list, yield)
}

// Alphabets of encodings that take the text for one large number, or two digits for thirteen bits.
var (
	base91Table = newTable(
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,./:;<=>?@[]^_`{|}~\"")
	base45Table = newTable("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
	z85Table    = newTable("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#")
	xxTable     = newTable("+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	bigBases    = []bigBase{
		newBigBase("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"),
		newBigBase("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
		newBigBase("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
		newBigBase("0123456789abcdefghijklmnopqrstuvwxyz"),
		newBigBase("0123456789"),
	}
)

// rows returns the parts of text of at least n visible ASCII characters in a row, and all of them joined.
func rows(text string, n int) (list []string) {
	fields := strings.Fields(withoutBullets(text))
	var all strings.Builder
	for _, f := range fields {
		if len(f) >= n {
			list = append(list, f)
		}
		if len(f) >= 4 {
			all.WriteString(f)
		}
	}
	if len(list) != 1 && all.Len() >= n {
		list = append(list, all.String())
	}
	return list
}

// bigBase is a base in which a text is one large number.
type bigBase struct {
	table *table
	base  uint64
}

func newBigBase(alphabet string) bigBase { return bigBase{newTable(alphabet), uint64(len(alphabet))} }

// bigNumbers reads long rows of digits in bases 10, 36, 58 and 62 as one large number each.
func bigNumbers(in *Input, yield func(Output) bool) {
	for _, row := range in.rows() {
		for _, b := range bigBases {
			if digits := in.digitsOf(row, b.table); len(digits) == len(row) && len(row) <= maxBig {
				if !yieldBytes(b.number(digits), yield) {
					return
				}
			}
		}
	}
}

// maxBig is how many digits a large number has at most.
const maxBig = 4096

// number returns the bytes of the number with these digits.
func (b bigBase) number(digits []byte) []byte {
	n, factor, part := new(big.Int), new(big.Int), new(big.Int)
	for len(digits) > 0 {
		group, power := uint64(0), uint64(1)
		for n := 0; n < 10 && len(digits) > 0; n++ { // 62 to the tenth fits in 64 bits
			group, power = group*b.base+uint64(digits[0]), power*b.base
			digits = digits[1:]
		}
		n.Add(n.Mul(n, factor.SetUint64(power)), part.SetUint64(group))
	}
	return n.Bytes()
}

// base91 reads two digits as 13 or 14 bits.
func base91(in *Input, yield func(Output) bool) {
	for _, row := range in.rows() {
		digits := in.digitsOf(row, base91Table)
		out := slices.Grow(in.out[:0], len(digits))
		acc, n := uint32(0), uint(0)
		for ; len(digits) >= 2; digits = digits[2:] {
			v := uint32(digits[0]) + uint32(digits[1])*91
			acc |= v << n
			if n += 13; v&8191 <= 88 {
				n++
			}
			for ; n > 7; n -= 8 {
				out = append(out, byte(acc))
				acc >>= 8
			}
		}
		in.out = out
		if !yieldBytes(out, yield) {
			return
		}
	}
}

// base45 reads three digits as two bytes.
func base45(in *Input, yield func(Output) bool) {
	for _, row := range append(in.rows(), in.Text) {
		digits := in.digitsOf(row, base45Table)
		out := make([]byte, 0, len(digits))
		for ; len(digits) >= 3; digits = digits[3:] {
			v := int(digits[0]) + 45*int(digits[1]) + 45*45*int(digits[2])
			out = append(out, byte(v>>8), byte(v))
		}
		if !yieldBytes(out, yield) {
			return
		}
	}
}

// z85 reads five digits as four bytes.
func z85(in *Input, yield func(Output) bool) {
	for _, row := range in.rows() {
		if !yieldBytes(in.fives(in.digitsOf(row, z85Table)), yield) {
			return
		}
	}
}

// xxencode reads lines that begin with their length, like uuencode with other digits.
func xxencode(in *Input, yield func(Output) bool) {
	text := in.Text
	var out []byte
	lines := strings.Split(text, "\n")
	if len(lines) == 1 {
		lines = strings.Fields(text)
	}
	for _, line := range lines {
		line = strings.TrimRight(line, " \r")
		if len(line) < 9 {
			continue
		}
		length := int(xxTable[line[0]])
		values := in.digitsOf(line[1:], xxTable)
		if length == 0 || length == none || len(values) < len(line)-1 || len(values) > (length+2)/3*4+1 {
			continue
		}
		decoded := packBits(nil, values, 6)
		out = append(out, decoded[:min(len(decoded), length)]...)
	}
	yieldBytes(out, yield)
}

var utf7Form = regexp.MustCompile(`\+([A-Za-z0-9/+]{3,})-?`)

// utf7 reads the characters that UTF-7 encodes.
func utf7(in *Input, yield func(Output) bool) {
	text := in.Text
	forms := 0
	out := utf7Form.ReplaceAllStringFunc(text, func(m string) string {
		b := packBits(nil, base64Table.digitsOf(nil, strings.Trim(m, "+-")), 6)
		if len(b) > 1 && b[0] == 0 {
			forms++
		}
		return string(bytes.ReplaceAll(b, []byte{0}, nil))
	})
	if forms >= 4 {
		yield(Output{Text: out})
	}
}

// changes reads numbers as the differences of neighbouring characters, and as characters with an offset.
func changes(in *Input, yield func(Output) bool) {
	text := in.Text
	var list []int
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return r != '-' && (r < '0' || r > '9') }) {
		if v, err := strconv.Atoi(field); err == nil && v > -1000 && v < 1000 {
			list = append(list, v)
		}
	}
	if len(list) < minBytes {
		return
	}
	var sums []uint32
	sum := 0
	for _, v := range list {
		sum += v
		sums = append(sums, uint32(sum))
	}
	if !yield(Output{Signs: signsOf(list)}) || !yield(Output{Signs: lettersAlone(sums)}) {
		return
	}
	var out strings.Builder
	for _, s := range sums {
		if s < unicode.MaxASCII {
			out.WriteByte(byte(s))
		}
	}
	if out.Len() >= minBytes {
		yield(Output{Text: out.String()})
	}
}

func signsOf(list []int) (signs []uint32) {
	for _, v := range list {
		signs = append(signs, uint32(v))
	}
	return lettersAlone(signs)
}

// lettersAlone leaves out the most frequent sign, which may stand for a space.
func lettersAlone(signs []uint32) []uint32 {
	count := newCounter(len(signs))
	most, times := uint32(0), uint32(0)
	for _, s := range signs {
		if n := count.add(s); n > times {
			most, times = s, n
		}
	}
	out := make([]uint32, 0, len(signs))
	for _, s := range signs {
		if s != most {
			out = append(out, s)
		}
	}
	return out
}
