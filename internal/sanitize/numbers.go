package sanitize

import (
	"strings"
	"unicode"
)

// numberLists reads lists of numbers in bases 2, 8, 10 and 16 as characters, decimal ones as positions in the
// alphabet as well, and strings of binary digits.
func (q *search) numberLists(text string, shape shape) bool {
	if shape.digits < 20 {
		return false
	}
	fields := alphanumericFields(text)
	if len(fields) >= 20 {
		for _, base := range []int{10, 2, 8, 16} {
			chars, letters := charactersOf(fields, base)
			if q.searchDecoded("character numbers", chars) ||
				base == 10 && q.match(stepAlphabet, "alphabet places", letterSteps(nil, letters)) {
				return true
			}
		}
	}
	bits := extractDigits(text, func(c byte) int {
		if c == '0' || c == '1' {
			return int(c - '0')
		}
		return -1
	})
	return len(bits)*2 > shape.visible && q.bitString("binary", bits)
}

// charactersOf returns the characters with the numbers in fields, and as letter codes those numbers that are small
// enough.
func charactersOf(fields []string, base int) (chars string, letters []byte) {
	var out strings.Builder
	for _, field := range fields {
		v, ok := parseNumber(strings.TrimPrefix(strings.TrimPrefix(field, "0x"), "u"), rune(base))
		if !ok {
			continue
		}
		out.WriteRune(v)
		if v < 27 {
			letters = append(letters, byte(v))
		}
	}
	return out.String(), letters
}

// alphanumericFields splits text into runs of ASCII letters and digits.
func alphanumericFields(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	})
}

// parseNumber returns the value of digits in a base of at most 16, if it is below 2^21.
func parseNumber(digits string, base rune) (v rune, ok bool) {
	for i := range len(digits) {
		d := rune(hexValue(digits[i]))
		if v = v*base + d; d < 0 || d >= base || v >= 1<<21 {
			return 0, false
		}
	}
	return v, digits != ""
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// bitString reads bits as characters of eight or seven bits and as any code of five, from every offset. Ones and
// zeros may be swapped.
func (q *search) bitString(view string, bits []byte) bool {
	if len(bits) < 28*5 {
		return false
	}
	for _, width := range []int{8, 7} {
		for skip := 0; skip < width; skip++ {
			chars := make([]byte, 0, len(bits)/width)
			swapped := make([]byte, 0, len(bits)/width)
			for i := skip; i+width <= len(bits); i += width {
				var v byte
				for _, b := range bits[i : i+width] {
					v = v<<1 | b&1
				}
				chars = append(chars, v&0x7F)
				swapped = append(swapped, ^v&0x7F)
			}
			if q.searchBytes(view, chars) || q.searchBytes(view, swapped) {
				return true
			}
		}
	}
	var codes []byte
	for skip := 0; skip < 5; skip++ {
		codes = codes[:0]
		for i := skip; i+5 <= len(bits); i += 5 {
			codes = append(codes, bits[i]<<4|bits[i+1]<<3|bits[i+2]<<2|bits[i+3]<<1|bits[i+4])
		}
		if q.match(patternAlphabet, view+", five bits", repeatPattern(codes)) {
			return true
		}
	}
	return false
}

// invisible reads zero-width characters: tag characters and variation selectors as letters, any others as bits.
func (q *search) invisible(text string, shape shape) bool {
	if shape.invisible < 24 {
		return false
	}
	var zero rune // the first kind of character seen
	var bits []byte
	var chars strings.Builder
	for _, r := range text {
		switch {
		case r >= 0xE0100 && r <= 0xE01EF:
			chars.WriteRune(r - 0xE0100 + 16)
		case r >= 0xE0020 && r <= 0xE007E:
			chars.WriteRune(r - 0xE0000)
		case unicode.Is(unicode.Cf, r) || r == 0x3164 || r == 0x115F:
			if zero == 0 {
				zero = r
			}
			bits = append(bits, byte(btoi(r != zero)))
		}
	}
	return q.bitString("invisible bits", bits) || q.searchDecoded("hidden characters", chars.String())
}

// tokens reads words that each encode one letter: Morse, spelling alphabets, code tables, emoji names. The most
// frequent word may be a separator.
func (q *search) tokens(text string, shape shape) bool {
	if shape.natural {
		return false
	}
	fields := strings.Fields(text)
	if len(fields) < 28 {
		return false
	}
	count := map[string]int{}
	for i, f := range fields {
		fields[i] = strings.ToLower(strings.Trim(f, ",;"))
		count[fields[i]]++
	}
	separator := ""
	for f, n := range count {
		if n > count[separator] || n == count[separator] && f < separator {
			separator = f
		}
	}
	letters := make([]string, 0, len(fields))
	separated := make([]string, 0, len(fields))
	for _, f := range fields {
		if strings.Trim(f, "/|,;_") != "" {
			letters = append(letters, f)
		}
		if f != separator && f != "" {
			separated = append(separated, f)
		}
	}
	return q.morse(letters) ||
		q.match(patternAlphabet, "tokens", repeatPattern(letters)) ||
		q.match(patternAlphabet, "tokens", repeatPattern(separated)) ||
		q.symbolGroups(text)
}

// symbolGroups reads text without spaces in groups of two or three characters, each of which encodes one letter.
func (q *search) symbolGroups(text string) bool {
	var chars []rune
	for _, r := range text {
		if !unicode.IsSpace(r) {
			chars = append(chars, unicode.ToLower(r))
		}
	}
	for width := 2; width <= 3; width++ {
		for skip := 0; skip < width; skip++ {
			var groups [][3]rune
			for i := skip; i+width <= len(chars); i += width {
				var group [3]rune
				copy(group[:], chars[i:i+width])
				groups = append(groups, group)
			}
			if q.match(patternAlphabet, "pairs", repeatPattern(groups)) {
				return true
			}
		}
	}
	return false
}

// morseLetters has the codes of a to z.
const morseLetters = ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- " +
	"-. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."

// morse reads tokens of dots and dashes in any typography.
func (q *search) morse(tokens []string) bool {
	codes := make(map[string]byte, 26)
	for i, code := range strings.Fields(morseLetters) {
		codes[code] = byte(i + 1)
	}
	normalize := strings.NewReplacer("·", ".", "•", ".", "∙", ".", "–", "-", "—", "-", "−", "-", "_", "-")
	letters := make([]byte, 0, len(tokens))
	for _, token := range tokens {
		if len(token) > 12 {
			continue
		}
		if code := codes[normalize.Replace(token)]; code != 0 {
			letters = append(letters, code)
		}
	}
	return q.matchLetters("morse", letters)
}
