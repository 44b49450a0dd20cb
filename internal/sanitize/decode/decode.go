// Package decode reads text that is written in another form: encoded, escaped, as numbers, or as one sign for each
// letter. A Decoder only rewrites text. It does not know what its output is searched for, and gives every reading that
// may be meant: all offsets of a digit in a byte, all bases of a number. Its output is at most four times as long as
// its input, except for compressed data, of which 64 KiB are unpacked.
package decode

import "slices"

// Output is one reading of a text. Either Text is set, or Signs, in which equal numbers stand for the same letter of an
// unknown alphabet, or Packed, which an Inflater may unpack to a text; it is valid until the next Output.
type Output struct {
	Text   string
	Signs  []uint32
	Packed []byte
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
	// decode calls yield with every reading of the input, until yield returns false.
	decode func(in *Input, yield func(Output) bool)
	// after says which rewrites the encoding is looked for in the output of.
	after rewrite
	// Words is true if the encoded text may have words of a language everywhere.
	Words bool
}

// rewrite is a set of rewrites.
type rewrite uint8

const (
	byTurning rewrite = 1 << iota
	bySwappedCase
	byROT47
	bySubstitution
)

// After reports whether an encoding is looked for in the output of a rewrite.
func (d *Decoder) After(rewrite *Decoder) bool {
	return d.Kind == Encoding && d.after&rewrite.after != 0
}

// Decode calls yield with every reading of the input, until yield returns false. It yields nothing if the input shows
// no sign of this form.
func (d *Decoder) Decode(in *Input, yield func(Output) bool) {
	if d.applies(in) {
		d.decode(in, yield)
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

	plain string   // text without bullets; "" before it is needed
	long  []string // rows of at least minRow; nil before they are needed
	buf   []byte   // memory for digits
	out   []byte   // memory for what they stand for
}

// withoutBullets returns the text without what stands before the items of a list.
func (in *Input) withoutBullets() string {
	if in.plain == "" {
		in.plain = withoutBullets(in.Text)
	}
	return in.plain
}

// minRow is how many visible characters a long row has at least.
const minRow = 20

// rows returns the parts of the text of at least minRow visible characters in a row, and all of them joined.
func (in *Input) rows() []string {
	if in.long == nil {
		in.long = append([]string{}, rows(in.withoutBullets(), minRow)...)
	}
	return in.long
}

// digits returns the values of the digits of text, without anything else. The result is valid until the next call.
func (in *Input) digitsOf(text string, t *table) []byte {
	in.buf = t.digitsOf(in.buf[:0], text)
	return in.buf
}

// packed returns digits of width bits as bytes. The result is valid until the next call.
func (in *Input) packed(digits []byte, width int) []byte {
	in.out = packBits(slices.Grow(in.out[:0], len(digits)*width/8+1), digits, width)
	return in.out
}

// table has the value of each digit, or none.
type table [256]uint8

// none is the value of what is no digit.
const none = 0xFF

// newTable returns the table of an alphabet.
func newTable(alphabet string) *table {
	t := new(table)
	for i := range t {
		t[i] = none
	}
	for i := range len(alphabet) {
		t[alphabet[i]] = uint8(i)
	}
	return t
}

// alias gives each of the characters in from the value of the one in to at the same place.
func (t *table) alias(from, to string) *table {
	for i := range len(from) {
		t[from[i]] = t[to[i]]
	}
	return t
}

// digitsOf appends the values of the digits in s.
func (t *table) digitsOf(out []byte, s string) []byte {
	n := len(out)
	out = slices.Grow(out, len(s))[:n+len(s)]
	for i := range len(s) {
		v := t[s[i]]
		out[n] = v
		if v != none {
			n++
		}
	}
	return out[:n]
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
