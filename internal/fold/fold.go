// Package fold compares texts as people do: without case, accents and ligatures.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Text returns the text in lower case, without accents and invisible characters, with ß as ss and ligatures as letters.
func Text(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(s) {
		switch {
		case r < utf8.RuneSelf:
			b.WriteByte(byte(unicode.ToLower(r)))
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r):
		case r == 'ß', r == 'ẞ':
			b.WriteString("ss")
		case r == 'œ', r == 'Œ':
			b.WriteString("oe")
		case r == 'æ', r == 'Æ':
			b.WriteString("ae")
		case r == 'ø', r == 'Ø':
			b.WriteByte('o')
		case r == 'ł', r == 'Ł':
			b.WriteByte('l')
		case r == 'đ', r == 'Đ':
			b.WriteByte('d')
		case r == 'ı':
			b.WriteByte('i')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Line is Text in one line, with single spaces between words.
func Line(s string) string { return strings.Join(strings.Fields(Text(s)), " ") }

// Contains reports whether the folded phrase begins a word of the folded text. In scripts that write no spaces between
// words, it may begin anywhere.
func Contains(text, phrase string) bool { return Index(text, phrase) >= 0 }

// Index returns where Contains finds the phrase, in bytes, or -1.
func Index(text, phrase string) int {
	if phrase == "" {
		return 0
	}
	anywhere := withoutSpaces(phrase)
	for from := 0; ; {
		at := strings.Index(text[from:], phrase)
		if at < 0 {
			return -1
		}
		if at += from; anywhere || at == 0 || !endsInWord(text[:at]) {
			return at
		}
		from = at + 1
	}
}

// Has reports whether the folded phrase is in the folded text as whole words. In scripts that write no spaces between
// words, it may be anywhere.
func Has(text, phrase string) bool {
	for {
		at := Index(text, phrase)
		if at < 0 {
			return false
		}
		text = text[at+len(phrase):]
		rest := strings.TrimLeftFunc(text, inWord)
		if phrase == "" || withoutSpaces(phrase) || len(rest) == len(text) {
			return true
		}
		text = rest // Index takes the beginning of a text for that of a word
	}
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func withoutSpaces(phrase string) bool {
	for _, r := range phrase {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
	}
	return false
}

func endsInWord(text string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	return inWord(last)
}

// Near reports whether the folded words differ by at most one letter that is missing, added or another.
func Near(a, b string) bool {
	if min(len(a), len(b)) >= utf8.UTFMax && a[0] != b[0] && a[len(a)-1] != b[len(b)-1] {
		return false // one change leaves the first or the last letter
	}
	if n := utf8.RuneCountInString(a) - utf8.RuneCountInString(b); n < -1 || n > 1 {
		return false
	}
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(x) == len(y) {
		return i == len(x) || string(x[i+1:]) == string(y[i+1:])
	}
	return string(x[i:]) == string(y[i+1:])
}
