package decode

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
)

// maxInflated is how many bytes of compressed data are unpacked.
const maxInflated = 64 << 10

// minBytes is how many bytes of text a decoder yields at least.
const minBytes = 16

// What a byte is in decoded data: text, zero, or the first or second byte of a header of gzip or of zlib.
const (
	isText uint8 = 1 << iota
	isZero
	firstOfGzip
	firstOfZlib
	secondOfGzip
	secondOfZlib

	firsts, toSecond = firstOfGzip | firstOfZlib, 2 // a first byte's bit is this far from its second one's
)

// byteKinds has what each byte is.
var byteKinds = func() (kinds [256]uint8) {
	for c := ' '; c < 0x7F; c++ {
		kinds[c] = isText
	}
	kinds['\n'], kinds['\t'], kinds['\r'] = isText, isText, isText
	kinds[0] = isZero
	kinds[0x1f] = firstOfGzip
	kinds[0x78] |= firstOfZlib
	kinds[0x8b] = secondOfGzip
	kinds[0x01], kinds[0x9c], kinds[0xda] = secondOfZlib, secondOfZlib, secondOfZlib
	return kinds
}()

// scan returns how many bytes of text b has in a row, how many zeros, and whether it has a header of compressed data.
func scan(b []byte) (longest, zeros int, header bool) {
	run := 0
	var last, seen uint8
	for _, c := range b {
		kind := byteKinds[c]
		run = (run + 1) & -int(kind&isText)
		longest = max(longest, run)
		zeros += int(kind >> 1 & 1)
		seen |= last & firsts << toSecond & kind
		last = kind
	}
	return longest, zeros, seen != 0
}

// yieldBytes yields decoded bytes: unpacked if they are compressed, and as text if they contain minBytes characters of
// it in a row.
func yieldBytes(b []byte, yield func(Output) bool) bool {
	if len(b) < minBytes {
		return true
	}
	longest, zeros, header := scan(b)
	for i := 1; header && i < len(b); i++ {
		if isCompressed(b[i-1:]) {
			if text := inflate(b[i-1:]); text != "" && !yield(Output{Text: text}) {
				return false
			}
		}
	}
	if at := bytes.Index(b, []byte("BZh")); at >= 0 {
		if text := readSome(bzip2.NewReader(bytes.NewReader(b[at:]))); text != "" && !yield(Output{Text: text}) {
			return false
		}
	}
	if zeros*3 > len(b) { // UTF-16 or UTF-32
		return yieldBytes(bytes.ReplaceAll(b, []byte{0}, nil), yield)
	}
	if longest < minBytes {
		return (!mayInflate(b) || yield(Output{Packed: b})) && yieldSigns(b, yield)
	}
	return yield(Output{Text: strings.ToValidUTF8(string(b), " ")}) && yieldSigns(b, yield)
}

// maxSigns is how many different bytes a text has at most of which each byte stands for a character.
const maxSigns = 36

// yieldSigns yields bytes as signs, as if each stood for a character, if they are no more different than those of a
// text, and not letters that are read anyway.
func yieldSigns(b []byte, yield func(Output) bool) bool {
	if len(b) < 2*minBytes {
		return true
	}
	distinct, letters := distinctBytes(b)
	if distinct > maxSigns || distinct*2 > len(b) || letters*4 > len(b)*3 {
		return true
	}
	var count [256]uint16
	for _, c := range b {
		count[c]++
	}
	space := byte(0) // the most frequent byte, which may stand for a space
	for c, n := range count {
		if n > count[space] {
			space = byte(c)
		}
	}
	signs := make([]uint32, 0, len(b))
	for _, c := range b {
		if c != space {
			signs = append(signs, uint32(c))
		}
	}
	return yield(Output{Signs: signs})
}

// isCompressed reports whether b begins like data of gzip or zlib. The second byte of both is none of a text.
func isCompressed(b []byte) bool {
	switch b[0] {
	case 0x1f:
		return b[1] == 0x8b
	case 0x78:
		return b[1] == 0x01 || b[1] == 0x9c || b[1] == 0xda
	}
	return false
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
	return readSome(r)
}

// readSome returns at most maxInflated bytes of unpacked text, up to the first error.
func readSome(r io.Reader) string {
	text, _ := io.ReadAll(io.LimitReader(r, maxInflated))
	return strings.ToValidUTF8(string(text), " ")
}

// distinctBytes returns how many different bytes b has and how many letters, or more than maxSigns as soon as it has as
// many.
func distinctBytes(b []byte) (distinct, letters int) {
	var seen [4]uint64
	for _, c := range b {
		if bit := uint64(1) << (c & 63); seen[c>>6]&bit == 0 {
			seen[c>>6] |= bit
			if distinct++; distinct > maxSigns { // soon, if the bytes are of another kind
				break
			}
		}
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			letters++
		}
	}
	return distinct, letters
}

// packBits appends digits of width bits to out as bytes.
func packBits(out, digits []byte, width int) []byte {
	switch width {
	case 6:
		for ; len(digits) >= 4; digits = digits[4:] {
			v := uint32(digits[0])<<18 | uint32(digits[1])<<12 | uint32(digits[2])<<6 | uint32(digits[3])
			out = append(out, byte(v>>16), byte(v>>8), byte(v))
		}
	case 5:
		for ; len(digits) >= 8; digits = digits[8:] {
			v := uint64(0)
			for _, d := range digits[:8] {
				v = v<<5 | uint64(d)
			}
			out = append(out, byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
		}
	case 4:
		for ; len(digits) >= 2; digits = digits[2:] {
			out = append(out, digits[0]<<4|digits[1])
		}
	}
	acc, n := uint32(0), 0
	for _, d := range digits {
		acc = acc<<width | uint32(d)
		if n += width; n >= 8 {
			n -= 8
			out = append(out, byte(acc>>n))
		}
	}
	return out
}
