// Package decode reads text that is written in another form: encoded, escaped, as numbers, or as one sign for each
// letter. A Decoder only rewrites text. It does not know what its output is searched for, and gives every reading that
// may be meant: all offsets of a digit in a byte, all bases of a number. Its output is at most four times as long as
// its input, except for compressed data, of which 64 KiB are unpacked.
package decode

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
)

// Output is one reading of a text. Either Text is set or Signs, in which equal numbers stand for the same letter of an
// unknown alphabet.
type Output struct {
	Text  string
	Signs []uint32
}

// Kind says what the output of a Decoder is good for.
type Kind uint8

const (
	Encoding Kind = iota // only what was encoded gives text, which may be encoded once more
	Rewrite              // any text gives text, which may be encoded
	Final                // any text gives text, of which only the letters are of interest
	Growing              // the same, and the letters may be shifted by a number that grows
)

// Decoder is a way of decoding text.
type Decoder struct {
	Name string
	Kind Kind
	// applies reports whether a text shows signs of this form.
	applies func(*Input) bool
	// decode calls yield with every reading of text, until yield returns false.
	decode func(text string, yield func(Output) bool)
}

// Decode calls yield with every reading of the input, until yield returns false. It yields nothing if the input shows
// no sign of this form.
func (d *Decoder) Decode(in *Input, yield func(Output) bool) {
	if d.applies(in) {
		d.decode(in.Text, yield)
	}
}

// Input is a text and what it consists of.
type Input struct {
	Text                 string
	count                [256]int // of each byte
	visible              int      // bytes that are no white space
	row                  int      // visible ASCII characters in a row, at most
	distinct             int      // visible bytes that occur
	wide                 int      // bytes of characters that are not ASCII
	lower, upper, digits int
}

// NewInput returns text as an Input.
func NewInput(text string) *Input {
	in := &Input{Text: text}
	row := 0
	for i := range len(text) {
		c := text[i]
		in.count[c]++
		if row++; c <= ' ' || c >= 0x7F {
			row = 0
		}
		in.row = max(in.row, row)
	}
	for c, n := range in.count {
		switch {
		case n == 0 || c <= ' ':
			continue
		case c >= 0x80:
			in.wide += n
		case c >= 'a' && c <= 'z':
			in.lower += n
		case c >= 'A' && c <= 'Z':
			in.upper += n
		case c >= '0' && c <= '9':
			in.digits += n
		}
		in.visible += n
		in.distinct++
	}
	return in
}

// share reports whether at least percent of the visible bytes are among chars.
func (in *Input) share(percent int, chars string) bool {
	n := 0
	for i := range len(chars) {
		n += in.count[chars[i]]
	}
	return n*100 >= in.visible*percent
}

// alnum reports whether at least percent of the visible bytes are ASCII letters and digits.
func (in *Input) alnum(percent int) bool {
	return (in.lower+in.upper+in.digits)*100 >= in.visible*percent
}

// mostlyLetters reports whether three in four visible bytes are ASCII letters.
func (in *Input) mostlyLetters() bool { return (in.lower+in.upper)*4 >= in.visible*3 }

// All returns the decoders.
func All() []Decoder {
	return []Decoder{
		{"invisible characters", Encoding, func(in *Input) bool { return in.wide >= 48 }, invisible},
		{"escapes", Encoding, hasEscapes, escapes},
		{"tags", Final, func(in *Input) bool { return in.count['<'] >= 4 }, tags},
		{"hex", Encoding, func(in *Input) bool { return in.share(60, "0123456789abcdefABCDEF") }, hex},
		{"base64", Encoding, func(in *Input) bool { return in.alnum(60) && in.row >= 4 }, base64},
		{"base32", Encoding, func(in *Input) bool {
			return in.alnum(80) && (in.upper*10 < in.lower || in.lower*10 < in.upper) && in.row >= 8
		}, base32},
		{"uuencode", Encoding, func(in *Input) bool { return in.row >= 20 && in.lower*10 < in.visible*3 }, uuencode},
		{"base85", Encoding, func(in *Input) bool { return in.row >= 20 && !in.alnum(92) }, base85},
		{"character numbers", Encoding, func(in *Input) bool { return in.digits*100 >= in.visible*30 }, numbers},
		{"bits", Encoding, func(in *Input) bool { return in.share(50, "01") }, bits},
		{"morse", Final, func(in *Input) bool { return !in.alnum(40) }, morse},
		{"xxencode", Encoding, func(in *Input) bool { return in.row >= 20 && in.alnum(60) }, xxencode},
		{"base91", Encoding, func(in *Input) bool { return in.row >= 20 && !in.alnum(90) && in.alnum(40) }, base91},
		{"base45", Encoding, func(in *Input) bool { return in.lower*20 < in.visible && in.alnum(50) }, base45},
		{"z85", Encoding, func(in *Input) bool { return in.row >= 20 && !in.alnum(92) }, z85},
		{"large numbers", Encoding, func(in *Input) bool { return in.row >= 20 && in.alnum(60) }, bigNumbers},
		{"punycode", Final, func(in *Input) bool { return in.count['-'] >= 4 && in.count['x'] >= 2 }, punycode},
		{"UTF-7", Encoding, func(in *Input) bool { return in.count['+'] >= 4 }, utf7},
		{"differences", Final, func(in *Input) bool { return in.digits*2 >= in.visible }, changes},
		{"case of letters", Encoding, func(in *Input) bool {
			return in.upper*5 > in.lower && in.lower*5 > in.upper && in.digits*10 < in.visible
		}, caseBits},
		{"turned", Rewrite, func(in *Input) bool { return in.alnum(60) && in.row >= 8 }, turned},
		{"swapped case", Rewrite, func(in *Input) bool { return in.alnum(60) && in.row >= 20 }, swappedCase},
		{"growing shift", Growing, (*Input).mostlyLetters, asWritten},
		{"swapped pairs", Final, (*Input).mostlyLetters, swappedPairs},
		{"ROT47", Rewrite, func(in *Input) bool { return in.lower*6 < in.visible }, rot47},
		{"tokens", Final, func(in *Input) bool { return in.row <= 20 }, tokens},
		{"groups of characters", Final, func(in *Input) bool { return in.distinct <= 64 || in.wide > 0 }, groups},
		{"every nth character", Final, func(in *Input) bool { return in.alnum(40) }, everyNth},
	}
}

// hasEscapes reports whether the input has characters that begin an escape.
func hasEscapes(in *Input) bool {
	return in.count['\\']+in.count['%']+in.count['=']+in.count['&']+in.count['+'] >= 6
}

// maxInflated is how many bytes of compressed data are unpacked.
const maxInflated = 64 << 10

// minBytes is how many bytes of text a decoder yields at least.
const minBytes = 16

// yieldBytes yields decoded bytes: unpacked if they are compressed, and as text if they contain minBytes characters of
// it in a row.
func yieldBytes(b []byte, yield func(Output) bool) bool {
	if len(b) < minBytes {
		return true
	}
	for _, magic := range []string{"\x1f\x8b\x08", "\x78\x9c", "\x78\xda", "\x78\x01"} {
		if at := bytes.Index(b, []byte(magic)); at >= 0 {
			if text := inflate(b[at:]); text != "" && !yield(Output{Text: text}) {
				return false
			}
		}
	}
	run, longest, zeros := 0, 0, 0
	for _, c := range b {
		if c >= ' ' && c < 0x7F || c == '\n' || c == '\t' || c == '\r' {
			run++
			longest = max(longest, run)
			continue
		}
		if c == 0 {
			zeros++
		}
		run = 0
	}
	if zeros*3 > len(b) { // UTF-16 or UTF-32
		return yieldBytes(bytes.ReplaceAll(b, []byte{0}, nil), yield)
	}
	if longest < minBytes {
		text := inflateRaw(b)
		return text == "" || yield(Output{Text: text})
	}
	return yield(Output{Text: strings.ToValidUTF8(string(b), " ")})
}

// inflate unpacks gzip or zlib data; after an error it returns what was unpacked before.
func inflate(b []byte) string {
	var r io.Reader
	var err error
	if b[0] == 0x1f {
		r, err = gzip.NewReader(bytes.NewReader(b))
	} else {
		r, err = zlib.NewReader(bytes.NewReader(b))
	}
	if err != nil {
		return ""
	}
	text, _ := io.ReadAll(io.LimitReader(r, maxInflated))
	return strings.ToValidUTF8(string(text), " ")
}

// digitsOf returns the values of the digits in s; value returns -1 for anything else.
func digitsOf(s string, value func(byte) int) []byte {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if v := value(s[i]); v >= 0 {
			out = append(out, byte(v))
		}
	}
	return out
}

// packBits packs digits of width bits into bytes, without the first skip digits.
func packBits(digits []byte, width, skip int) []byte {
	out := make([]byte, 0, len(digits)*width/8+1)
	acc, n := uint32(0), 0
	for i := skip; i < len(digits); i++ {
		acc = acc<<width | uint32(digits[i])
		if n += width; n >= 8 {
			n -= 8
			out = append(out, byte(acc>>n))
		}
	}
	return out
}
