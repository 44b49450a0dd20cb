package decode

import (
	"bytes"
	"compress/flate"
	"io"
	"math/bits"
	"strings"
	"sync"
)

// Kinds of block of deflate.
const (
	fixedCodes   = 1
	dynamicCodes = 2
)

// mayInflate reports whether data may be packed by deflate without a header, and give text. Most other data is told
// apart by its first symbols.
func mayInflate(b []byte) bool {
	if len(b) < 2*minBytes {
		return false
	}
	in := bitReader{data: b, n: 3}
	switch b[0] >> 1 & 3 {
	case fixedCodes:
		return in.fixedBegins()
	case dynamicCodes:
		return in.dynamicBegins()
	}
	return false
}

// bitReader reads the bits of deflate, of which data has enough.
type bitReader struct {
	data []byte
	n    int // bits read
}

func (r *bitReader) read(n int) (v int) {
	for i := range n {
		v |= int(r.data[r.n>>3]>>(r.n&7)&1) << i
		r.n++
	}
	return v
}

// code returns n bits of a code, which has its highest bit first.
func (r *bitReader) code(n int) int {
	return int(bits.Reverse16(uint16(r.read(n))) >> (16 - n))
}

// fixedBegins reports whether codes of fixed lengths begin with letters, up to a copy of something before it.
func (r *bitReader) fixedBegins() bool {
	for read := range minBytes {
		c := r.code(7)
		switch {
		case c >= 100: // a letter of 9 bits
			r.read(2)
			continue
		case c >= 96: // a length of 8 bits
			c = 24 + 2*(c-96) + r.read(1)
		case c >= 24: // a letter of 8 bits
			r.read(1)
			continue
		case c == 0: // the end of a block
			return true
		}
		if c >= 9 && c < 29 {
			r.read((c - 5) / 4) // the rest of the length
		}
		distance := r.code(5)
		nearest := distance + 1
		if distance >= 4 {
			nearest = (2+distance&1)<<(distance/2-1) + 1
		}
		return c < 30 && distance < 30 && nearest <= read
	}
	return true
}

// dynamicBegins reports whether the lengths of the codes in which codes are written make a code.
func (r *bitReader) dynamicBegins() bool {
	literals, distances, n := r.read(5), r.read(5), r.read(4)+4
	left, codes := 1<<7, 0
	for range n {
		if length := r.read(3); length > 0 {
			left -= 1 << (7 - length)
			codes++
		}
	}
	return literals < 30 && distances < 30 && (left == 0 || codes == 1)
}

// Inflater unpacks data that deflate has packed without a header. Its zero value is ready. It is safe for concurrent
// use.
type Inflater struct {
	unused sync.Pool // of io.ReadCloser
}

// Unpack returns the text that was packed, or "" if b is something else.
func (f *Inflater) Unpack(b []byte) string {
	r, ok := f.unused.Get().(io.ReadCloser)
	if !ok {
		r = flate.NewReader(bytes.NewReader(nil))
	}
	defer func() {
		if r.(flate.Resetter).Reset(bytes.NewReader(nil), nil) == nil { // it keeps nothing of b
			f.unused.Put(r)
		}
	}()
	if err := r.(flate.Resetter).Reset(bytes.NewReader(b), nil); err != nil {
		return ""
	}
	var start [2 * minBytes]byte
	n, _ := io.ReadFull(r, start[:])
	if n < minBytes || !mostlyPrintable(start[:n]) {
		return ""
	}
	rest, _ := io.ReadAll(io.LimitReader(r, maxInflated))
	text := append(start[:n:n], rest...)
	if !mostlyPrintable(text) || written(text) < minBytes {
		return "" // as when JSON is taken for packed data, which often gives one letter forty times
	}
	return strings.ToValidUTF8(string(text), " ")
}

// written returns how many visible ASCII characters text has, of which no more than two equal ones in a row count.
func written(text []byte) (n int) {
	for i, c := range text {
		if c > ' ' && c < 0x7F && (i < 2 || c != text[i-1] || c != text[i-2]) {
			n++
		}
	}
	return n
}

// mostlyPrintable reports whether three in four bytes are printable ASCII.
func mostlyPrintable(b []byte) bool {
	printable := 0
	for _, c := range b {
		if c >= ' ' && c < 0x7F || c == '\n' {
			printable++
		}
	}
	return printable*4 >= len(b)*3
}
