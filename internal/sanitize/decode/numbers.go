package decode

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// numbers reads lists of numbers in bases 2, 8 and 16 as characters.
func numbers(in *Input, yield func(Output) bool) {
	fields := alnumFields(in.Text)
	if len(fields) < minBytes {
		return
	}
	signs := make([]uint32, len(fields))
	for i, field := range fields {
		for j := range len(field) {
			signs[i] = signs[i]*0x9E3779B1 + uint32(field[j])
		}
		fields[i] = strings.TrimPrefix(strings.TrimPrefix(field, "0x"), "u")
	}
	if len(signs) >= 2*minBytes && !yield(Output{Signs: lettersAlone(signs)}) {
		return
	}
	for _, base := range [...]rune{2, 8, 10, 16} {
		out := in.buf[:0]
		for _, field := range fields {
			if v, ok := parse(field, base); ok {
				out = utf8.AppendRune(out, v)
			}
		}
		in.buf = out
		if len(out) >= minBytes && mostlyLetters(out) && !yield(Output{Text: string(out)}) {
			return
		}
	}
}

// alnumFields returns the ASCII letters and digits in a row of text.
func alnumFields(text string) (fields []string) {
	from := -1
	for i := range len(text) {
		c := text[i]
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			if from < 0 {
				from = i
			}
		} else if from >= 0 {
			fields = append(fields, text[from:i])
			from = -1
		}
	}
	if from >= 0 {
		fields = append(fields, text[from:])
	}
	return fields
}

// mostlyLetters reports whether half of the characters of text are ASCII letters.
func mostlyLetters(text []byte) bool {
	letters, all := 0, 0
	for _, r := range string(text) {
		if all++; r|0x20 >= 'a' && r|0x20 <= 'z' {
			letters++
		}
	}
	return letters*2 >= all
}

// parse returns the value of digits in a base of at most 16, if it is below 2^21.
func parse(digits string, base rune) (v rune, ok bool) {
	for i := range len(digits) {
		d := rune(hexTable[digits[i]])
		if v = v*base + d; d >= base || v >= 1<<21 {
			return 0, false
		}
	}
	return v, digits != ""
}

var bitTable = newTable("01")

// bitRows reads strings of ones and zeros.
func bitRows(in *Input, yield func(Output) bool) {
	text := in.Text
	list := in.digitsOf(text, bitTable)
	yieldBits(list, yield)
}

// yieldBits reads bits as characters of eight or seven bits and as any code of five, from every offset. Ones and zeros
// may be swapped.
func yieldBits(list []byte, yield func(Output) bool) bool {
	if len(list) < 7*minBytes {
		return true
	}
	for _, width := range []int{8, 7} {
		for skip := range width {
			chars := make([]byte, 0, len(list)/width)
			swapped := make([]byte, 0, len(list)/width)
			for i := skip; i+width <= len(list); i += width {
				var v byte
				for _, b := range list[i : i+width] {
					v = v<<1 | b&1
				}
				chars = append(chars, v&0x7F)
				swapped = append(swapped, ^v&0x7F)
			}
			if !yieldBytes(chars, yield) || !yieldBytes(swapped, yield) {
				return false
			}
		}
	}
	for skip := range 5 {
		var codes []uint32
		for i := skip; i+5 <= len(list); i += 5 {
			code := uint32(0)
			for _, b := range list[i : i+5] {
				code = code<<1 | uint32(b&1)
			}
			codes = append(codes, code)
		}
		if !yield(Output{Signs: codes}) {
			return false
		}
	}
	return true
}

// invisible reads zero-width characters: tag characters and variation selectors as letters, any others as bits.
func invisible(in *Input, yield func(Output) bool) {
	text := in.Text
	var zero rune // the first kind of character seen
	var list []byte
	var chars strings.Builder
	for _, r := range text {
		switch {
		case r >= 0xE0100 && r <= 0xE01EF:
			chars.WriteRune(r - 0xE0100 + 16)
		case r >= 0xE0020 && r <= 0xE007E:
			chars.WriteRune(r - 0xE0000)
		case r > 0x7F && unicode.Is(unicode.Cf, r) || r == 0x3164 || r == 0x115F:
			if zero == 0 {
				zero = r
			}
			bit := byte(1)
			if r == zero {
				bit = 0
			}
			list = append(list, bit)
		}
	}
	if yieldBits(list, yield) && chars.Len() >= minBytes {
		yield(Output{Text: chars.String()})
	}
}
