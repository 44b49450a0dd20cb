// Package decode reads text that is written in another form: encoded, escaped, as numbers, or as one sign for each letter.
// A Decoder only rewrites text. It does not know what its output is searched for, and gives every reading that may be
// meant: all offsets of a digit in a byte, all bases of a number. Its output is at most four times as long as its input,
// except for compressed data, of which 64 KiB are unpacked.
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
)

// Decoder is a way of decoding text.
type Decoder struct {
	Name string
	Kind Kind
	// Decode calls yield with every reading of text, until yield returns false. It yields nothing if text shows no sign
	// of this form.
	Decode func(text string, yield func(Output) bool)
}

// All are the decoders, the cheapest first.
func All() []Decoder {
	return []Decoder{
		{"invisible characters", Encoding, invisible},
		{"escapes", Encoding, escapes},
		{"tags", Final, tags},
		{"hex", Encoding, hex},
		{"base64", Encoding, base64},
		{"base32", Encoding, base32},
		{"uuencode", Encoding, uuencode},
		{"base85", Encoding, base85},
		{"character numbers", Encoding, numbers},
		{"bits", Encoding, bits},
		{"morse", Final, morse},
		{"xxencode", Encoding, xxencode},
		{"base91", Encoding, base91},
		{"base45", Encoding, base45},
		{"z85", Encoding, z85},
		{"large numbers", Encoding, bigNumbers},
		{"punycode", Final, punycode},
		{"UTF-7", Encoding, utf7},
		{"differences", Final, changes},
		{"case of letters", Encoding, caseBits},
		{"turned", Rewrite, turned},
		{"swapped case", Rewrite, swappedCase},
		{"growing shift", Final, asWritten},
		{"swapped pairs", Final, swappedPairs},
		{"ROT47", Rewrite, rot47},
		{"tokens", Final, tokens},
		{"pairs", Final, pairs},
		{"every nth character", Final, everyNth},
	}
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
	if text := inflateRaw(b); text != "" && !yield(Output{Text: text}) {
		return false
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
	return longest < minBytes || yield(Output{Text: strings.ToValidUTF8(string(b), " ")})
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
