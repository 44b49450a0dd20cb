package dates

import (
	"cmp"
	"regexp"
	"strings"
	"time"
)

var (
	isoDay      = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)
	deadlineDay = regexp.MustCompile(`(?i)(?:^|\s)(?:by|before|until|on|due|entro|prima di|bis|vor|am|zum` +
		`|avant|d['’]ici|pour|le|jusqu['’]au?|jusqu['’]à|antes del?|para|hasta|el|até|na` +
		`|tegen|voor|vóór|op|uiterlijk)\s+` +
		`(?:the\s+|il\s+|zum\s+|le\s+|el\s+|à\s+|a\s+|op\s+)?` +
		`(aujourd['’]hui|(?:segunda|ter[çc]a|quarta|quinta|sexta)-feira|\p{L}+|\d{4}-\d{2}-\d{2})`)
	todayOrTomorrow = regexp.MustCompile(`(?i)(?:^|\s)(` + relativeDays.word(0) + `|` + relativeDays.word(1) +
		`)(?:$|[\s,.!?])`)
	englishDueDay = regexp.MustCompile(`(?i)\b(?:today|tomorrow|(?:by|on|until|next) (` +
		weekdays.pattern(english) + `))\b`)
)

// FindDeadline returns the day in now's zone that a sentence names as a deadline: YYYY-MM-DD anywhere, a day's name
// after a word such as "by", "entro" or "bis", or "today" or "tomorrow". It returns false when there is none.
func FindDeadline(sentence string, now time.Time) (Date, bool) {
	hints := findHints(sentence)
	var words []string
	for _, part := range near(sentence, hints, isoDays) {
		words = append(words, isoDay.FindString(sentence[part.Start:part.End]))
	}
	for _, part := range near(sentence, hints, dayNames|weekdayNames|isoDays) {
		for _, m := range deadlineDay.FindAllStringSubmatch(sentence[part.Start:part.End], -1) {
			words = append(words, m[1])
		}
	}
	for _, part := range near(sentence, hints, dayNames) {
		if m := todayOrTomorrow.FindStringSubmatch(sentence[part.Start:part.End]); m != nil {
			words = append(words, m[1])
		}
	}
	for _, word := range words {
		if day, ok := parseDayName(strings.ToLower(word), midnightUTC(now)); ok {
			return Day(day, now.Location()), true
		}
	}
	return Date{}, false
}

// parseDayName reads YYYY-MM-DD or a single word in any language.
func parseDayName(word string, today time.Time) (time.Time, bool) {
	if day, err := time.Parse(time.DateOnly, word); err == nil {
		return day, checkYear(day) == nil
	}
	if days, ok := relativeDays.lookup(word, inSentences...); ok {
		return today.AddDate(0, 0, days), true
	}
	weekday, ok := weekdays.lookup(word, inSentences...)
	return today.AddDate(0, 0, daysUntil(weekday, today)), ok
}

// FindDueDay returns the day in now's zone that a note in English names: YYYY-MM-DD or else the first of "today",
// "tomorrow" and a weekday after "by", "on", "until" or "next". It returns false when there is none.
func FindDueDay(text string, now time.Time) (Date, bool) {
	word := isoDay.FindString(text)
	if m := englishDueDay.FindStringSubmatch(text); word == "" && m != nil {
		word = cmp.Or(m[1], m[0])
	}
	day, ok := parseDayName(strings.ToLower(word), midnightUTC(now))
	if !ok {
		return Date{}, false
	}
	return Day(day, now.Location()), true
}
