package sanitize

import (
	"strings"
	"unicode"
)

// digits reads lists of numbers as characters, in the bases people write them in, and as places in the alphabet.
func (q *search) digits(text string, shape shape) bool {
	if shape.digits < 20 {
		return false
	}
	found := numbers(text)
	if len(found) >= 20 {
		for _, base := range []int{10, 2, 8, 16} {
			var chars strings.Builder
			var places []byte
			for _, n := range found {
				v, ok := number(strings.TrimPrefix(strings.TrimPrefix(n, "0x"), "u"), rune(base))
				if !ok {
					continue
				}
				chars.WriteRune(v)
				if v < 27 {
					places = append(places, byte(v))
				}
			}
			if q.decoded("character numbers", chars.String()) || base == 10 && q.in(shifts, "alphabet places", steps(nil, places)) {
				return true
			}
		}
	}
	two := squeeze(text, func(c byte) int {
		if c == '0' || c == '1' {
			return int(c - '0')
		}
		return -1
	})
	return len(two)*2 > shape.visible && q.bits("binary", two)
}

// numbers returns the words of ASCII letters and digits.
func numbers(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	})
}

// number returns the number below 2²¹ that digits say in a base of at most 16.
func number(digits string, base rune) (v rune, ok bool) {
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

// bits reads zeros and ones as characters of eight or seven bits from any beginning, either way round.
func (q *search) bits(view string, two []byte) bool {
	if len(two) < 28*5 {
		return false
	}
	for _, width := range []int{8, 7} {
		for skip := 0; skip < width; skip++ {
			out, not := make([]byte, 0, len(two)/width), make([]byte, 0, len(two)/width)
			for i := skip; i+width <= len(two); i += width {
				var v byte
				for _, b := range two[i : i+width] {
					v = v<<1 | b&1
				}
				out, not = append(out, v&0x7F), append(not, ^v&0x7F)
			}
			if q.bytes(view, out) || q.bytes(view, not) {
				return true
			}
		}
	}
	var places []byte // five bits a letter
	for skip := 0; skip < 5; skip++ {
		places = places[:0]
		for i := skip; i+5 <= len(two); i += 5 {
			places = append(places, two[i]<<4|two[i+1]<<3|two[i+2]<<2|two[i+3]<<1|two[i+4])
		}
		if q.in(isomorph, view+", five bits", repeats(places)) {
			return true
		}
	}
	return false
}

// hidden reads what characters without a width say: two kinds of them as bits, tag and selector characters as letters.
func (q *search) hidden(text string, shape shape) bool {
	if shape.invisible < 24 {
		return false
	}
	var first rune
	var two []byte
	var chars strings.Builder
	for _, r := range text {
		switch {
		case r >= 0xE0100 && r <= 0xE01EF:
			chars.WriteRune(r - 0xE0100 + 16)
		case r >= 0xE0020 && r <= 0xE007E:
			chars.WriteRune(r - 0xE0000)
		case unicode.Is(unicode.Cf, r) || r == 0x3164 || r == 0x115F:
			if first == 0 {
				first = r
			}
			two = append(two, byte(btoi(r != first)))
		}
	}
	return q.bits("invisible bits", two) || q.decoded("hidden characters", chars.String())
}

// tokens reads words that each stand for one letter: Morse, spelling alphabets, code tables, emoji names.
func (q *search) tokens(text string, shape shape) bool {
	if shape.prose {
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
	common := ""
	for f, n := range count {
		if n > count[common] || n == count[common] && f < common {
			common = f
		}
	}
	letters, without := make([]string, 0, len(fields)), make([]string, 0, len(fields))
	for _, f := range fields {
		if strings.Trim(f, "/|,;_") != "" {
			letters = append(letters, f)
		}
		if f != common && f != "" {
			without = append(without, f)
		}
	}
	return q.morse(letters) || q.in(isomorph, "tokens", repeats(letters)) || q.in(isomorph, "tokens", repeats(without)) ||
		q.pairs(text)
}

// pairs reads text without spaces as signs of two or three characters each.
func (q *search) pairs(text string) bool {
	var chars []rune
	for _, r := range text {
		if !unicode.IsSpace(r) {
			chars = append(chars, unicode.ToLower(r))
		}
	}
	for width := 2; width <= 3; width++ {
		for skip := 0; skip < width; skip++ {
			var signs [][3]rune
			for i := skip; i+width <= len(chars); i += width {
				var sign [3]rune
				copy(sign[:], chars[i:i+width])
				signs = append(signs, sign)
			}
			if q.in(isomorph, "pairs", repeats(signs)) {
				return true
			}
		}
	}
	return false
}

const morseLetters = ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."

// morse reads dots and dashes, however they are drawn.
func (q *search) morse(signs []string) bool {
	codes := make(map[string]byte, 26)
	for i, code := range strings.Fields(morseLetters) {
		codes[code] = byte(i + 1)
	}
	same := strings.NewReplacer("·", ".", "•", ".", "∙", ".", "–", "-", "—", "-", "−", "-", "_", "-")
	seq := make([]byte, 0, len(signs))
	for _, s := range signs {
		if len(s) > 12 {
			continue
		}
		if code := codes[same.Replace(s)]; code != 0 {
			seq = append(seq, code)
		}
	}
	return q.letters("morse", seq)
}
