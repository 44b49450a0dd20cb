package dates

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is a set of the kinds of words that name days.
type kind uint8

const (
	isoDays kind = 1 << iota
	monthNames
	dayNames // such as "today"
	weekdayNames
	units // days, weeks and months
)

// hint is a word in a text that may be a part of a date, in bytes.
type hint struct {
	kinds      kind
	start, end int
}

// hintKinds has the kinds of words by their hintKey.
var hintKinds = newHintKinds()

func newHintKinds() map[string]kind {
	kinds := map[string]kind{}
	add := func(k kind, words string) {
		for _, word := range strings.FieldsFunc(words, func(r rune) bool { return !unicode.IsLetter(r) }) {
			kinds[hintKey(word)] |= k
		}
	}
	add(monthNames, months.pattern(inSentences...))
	add(dayNames, relativeDays.pattern(inSentences...))
	add(dayNames, partOfToday+" übermorgen dopodomani overmorgen vorgestern anteayer anteontem eergisteren hier")
	add(weekdayNames, weekdays.pattern(inSentences...))
	add(units, "day days week weeks month months tag tage woche monat giorni settimana mese mesi jour jours "+
		"semaine mois día días dia dias semana mes meses mês dag dagen weken maand")
	return kinds
}

// hintKey returns the first bytes of a word in lower case. Words with the same key are taken for each other, since a
// hint only says where to look.
func hintKey(word string) string { return word[:min(len(word), 4)] }

// maxHints limits the hints of each kind, and so the time that a text of nothing but such words takes.
const maxHints = 64

// findHints returns the words of the text that may be parts of dates, the first maxHints of each kind. Searching the
// whole text for the patterns of all languages takes a hundred times as long.
func findHints(text string) (hints []hint) {
	left := map[kind]int{isoDays: maxHints, monthNames: maxHints, dayNames: maxHints, weekdayNames: maxHints,
		units: maxHints}
	add := func(kinds kind, start, end int) {
		wanted := kind(0)
		for k, n := range left {
			if kinds&k != 0 && n > 0 {
				wanted |= k
				left[k]--
			}
		}
		if wanted != 0 {
			hints = append(hints, hint{wanted, start, end})
		}
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		end := i + size
		switch {
		case unicode.IsLetter(r):
			if length := strings.IndexFunc(text[i:], func(r rune) bool { return !unicode.IsLetter(r) }); length >= 0 {
				end = i + length
			} else {
				end = len(text)
			}
			head := text[i:min(end, i+2*utf8.UTFMax)]
			if kinds := hintKinds[hintKey(strings.ToLower(head))]; kinds != 0 {
				add(kinds, i, end)
			}
		case r == '-' && i > 0 && isDigit(text[i-1]) && end < len(text) && isDigit(text[end]):
			add(isoDays, i, end)
		}
		i = end
	}
	return hints
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// hintMargin is how far from its hint a date may begin or end, in bytes.
const hintMargin = 80

// near returns the parts of the text around the hints of these kinds. They are cut at spaces, where there are any.
func near(text string, hints []hint, kinds kind) (parts []Span) {
	for _, h := range hints {
		if h.kinds&kinds == 0 {
			continue
		}
		part := Span{max(0, h.start-hintMargin), min(len(text), h.end+hintMargin)}
		if cut := strings.IndexByte(text[part.Start:h.start], ' '); part.Start > 0 && cut >= 0 {
			part.Start += cut
		}
		if cut := strings.LastIndexByte(text[h.end:part.End], ' '); part.End < len(text) && cut >= 0 {
			part.End = h.end + cut
		}
		if last := len(parts) - 1; last >= 0 && part.Start <= parts[last].End {
			parts[last].End = max(parts[last].End, part.End)
			continue
		}
		parts = append(parts, part)
	}
	return parts
}
