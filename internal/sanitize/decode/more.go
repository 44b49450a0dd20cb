package decode

import (
	"bytes"
	"compress/flate"
	"io"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// turned yields text backwards, so that encodings of it can be read.
func turned(text string, yield func(Output) bool) {
	runes := []rune(text)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	yield(Output{Text: string(runes)})
}

// swappedCase yields text with upper-case letters as lower-case ones and the other way round, for the encodings to
// which case matters.
func swappedCase(text string, yield func(Output) bool) {
	out := []byte(text)
	for i, c := range out {
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			out[i] = c ^ 0x20
		}
	}
	yield(Output{Text: string(out)})
}

// swappedPairs yields text with neighbouring characters swapped.
func swappedPairs(text string, yield func(Output) bool) {
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
func asWritten(text string, yield func(Output) bool) { yield(Output{Text: text}) }

// rot47 yields text with the visible ASCII characters turned by 47 places.
func rot47(text string, yield func(Output) bool) {
	out := []byte(text)
	for i, c := range out {
		if c > ' ' && c < 0x7F {
			out[i] = '!' + (c-'!'+47)%94
		}
	}
	yield(Output{Text: string(out)})
}

// caseBits reads the case of letters as bits.
func caseBits(text string, yield func(Output) bool) {
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
const (
	base58Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	base62Lower  = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	base36Digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	base91Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,./:;<=>?@[]^_`{|}~\""
	base45Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	z85Digits    = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
	xxDigits     = "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
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

// bigNumbers reads long rows of digits in bases 10, 36, 58 and 62 as one large number each.
func bigNumbers(text string, yield func(Output) bool) {
	for _, row := range rows(text, 20) {
		for _, digits := range []string{base58Digits, base62Digits, base62Lower, base36Digits, base36Digits[:10]} {
			if b := bigNumber(row, digits); !yieldBytes(b, yield) {
				return
			}
		}
	}
}

// maxBig is how many digits a large number has at most.
const maxBig = 4096

func bigNumber(row, digits string) []byte {
	if len(row) > maxBig {
		return nil
	}
	n, base := new(big.Int), big.NewInt(int64(len(digits)))
	for i := range len(row) {
		d := strings.IndexByte(digits, row[i])
		if d < 0 {
			return nil
		}
		n.Add(n.Mul(n, base), big.NewInt(int64(d)))
	}
	return n.Bytes()
}

// base91 reads two digits as 13 or 14 bits.
func base91(text string, yield func(Output) bool) {
	for _, row := range rows(text, 20) {
		var out []byte
		acc, n, first := uint32(0), uint(0), -1
		for i := range len(row) {
			d := strings.IndexByte(base91Digits, row[i])
			if d < 0 {
				continue
			}
			if first < 0 {
				first = d
				continue
			}
			v := uint32(first + d*91)
			acc |= v << n
			if n += 13; v&8191 <= 88 {
				n++
			}
			for ; n > 7; n -= 8 {
				out = append(out, byte(acc))
				acc >>= 8
			}
			first = -1
		}
		if !yieldBytes(out, yield) {
			return
		}
	}
}

// base45 reads three digits as two bytes.
func base45(text string, yield func(Output) bool) {
	for _, row := range append(rows(text, 20), text) {
		var out []byte
		v, factor, n := 0, 1, 0
		for i := range len(row) {
			d := strings.IndexByte(base45Digits, row[i])
			if d < 0 {
				continue
			}
			v, factor = v+d*factor, factor*45
			if n++; n == 3 {
				out = append(out, byte(v>>8), byte(v))
				v, factor, n = 0, 1, 0
			}
		}
		if !yieldBytes(out, yield) {
			return
		}
	}
}

// z85 reads five digits as four bytes.
func z85(text string, yield func(Output) bool) {
	for _, row := range rows(text, 20) {
		var out []byte
		v, n := uint32(0), 0
		for i := range len(row) {
			d := strings.IndexByte(z85Digits, row[i])
			if d < 0 {
				continue
			}
			v = v*85 + uint32(d)
			if n++; n == 5 {
				out = append(out, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
				v, n = 0, 0
			}
		}
		if !yieldBytes(out, yield) {
			return
		}
	}
}

// xxencode reads lines that begin with their length, like uuencode with other digits.
func xxencode(text string, yield func(Output) bool) {
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
		length := strings.IndexByte(xxDigits, line[0])
		values := digitsOf(line[1:], func(c byte) int { return strings.IndexByte(xxDigits, c) })
		if length <= 0 || len(values) < len(line)-1 || len(values) > (length+2)/3*4+1 {
			continue
		}
		decoded := packBits(values, 6, 0)
		out = append(out, decoded[:min(len(decoded), length)]...)
	}
	yieldBytes(out, yield)
}

var utf7Form = regexp.MustCompile(`\+([A-Za-z0-9/+]{3,})-?`)

// utf7 reads the characters that UTF-7 encodes.
func utf7(text string, yield func(Output) bool) {
	forms := 0
	out := utf7Form.ReplaceAllStringFunc(text, func(m string) string {
		b := packBits(digitsOf(strings.Trim(m, "+-"), base64Value), 6, 0)
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
func changes(text string, yield func(Output) bool) {
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
func lettersAlone(signs []uint32) (out []uint32) {
	count := map[uint32]int{}
	most := uint32(0)
	for _, s := range signs {
		if count[s]++; count[s] > count[most] {
			most = s
		}
	}
	for _, s := range signs {
		if s != most {
			out = append(out, s)
		}
	}
	return out
}

// inflaters are flate readers that are not in use.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

// inflateRaw unpacks data that deflate has packed without a header.
func inflateRaw(b []byte) string {
	if kind := b[0] >> 1 & 3; len(b) < 2*minBytes || kind != 1 && kind != 2 {
		return ""
	}
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(b), nil); err != nil {
		return ""
	}
	text, _ := io.ReadAll(io.LimitReader(r, maxInflated))
	printable := 0
	for _, c := range text {
		if c >= ' ' && c < 0x7F || c == '\n' {
			printable++
		}
	}
	if printable < minBytes || printable*4 < len(text)*3 {
		return ""
	}
	return strings.ToValidUTF8(string(text), " ")
}
