package dates

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dayForm is one way to write a day in a sentence. day returns false when the matched text is not a day after all.
type dayForm struct {
	pattern *regexp.Regexp
	day     func(m []string, today time.Time) (time.Time, bool)
}

// preposition matches the words in front of a day that belong to it.
const preposition = `(?i)(?:\b(?:due(?: date)?|by|on|until|till|before|for|to|from|since` +
	`|bis(?: zum)?|am|für|fällig|entro|per|il)\s+)*(?:the\s+)?`

var (
	anyMonth   = `(` + months.pattern(english, german, italian) + `)`
	anyWeekday = `(` + weekdays.pattern(english, german, italian) + `)`
	anyNumber  = `(\d{1,4}|` + smallNumbers.pattern(english, german, italian) + `)`
)

// dayForms are tried in this order, the more specific ones first.
var dayForms = []dayForm{
	form(preposition+`\b(\d{4}-\d{2}-\d{2})\b`, func(m []string, _ time.Time) (time.Time, bool) {
		day, err := time.Parse(time.DateOnly, m[1])
		return day, err == nil
	}),
	form(preposition+`\b(\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?`+anyMonth+`\b\.?(?:,?\s+(\d{4})\b)?`,
		func(m []string, today time.Time) (time.Time, bool) {
			return dayOfMonth(m[1], parseMonth(strings.ToLower(m[2])), m[3], today)
		}),
	form(preposition+`\b`+anyMonth+`\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4})\b)?`,
		func(m []string, today time.Time) (time.Time, bool) {
			return dayOfMonth(m[2], parseMonth(strings.ToLower(m[1])), m[3], today)
		}),
	form(`(?i)\b(?:the\s+)?day after tomorrow\b|übermorgen\b|\bdopodomani\b`, inDays(2)),
	form(preposition+`\b(?:tonight|`+relativeDays.word(0)+`)\b`, inDays(0)),
	form(preposition+`\b(?:`+relativeDays.word(1)+`)\b`, inDays(1)),
	form(preposition+`\b(?:`+relativeDays.word(-1)+`)\b`, inDays(-1)),
	form(`(?i)\b(?:due\s+)?(?:with)?(?:in|tra|fra)\s+`+anyNumber+
		`\s+(days?|weeks?|months?|tage?n?|wochen?|monate?n?|giorn[oi]|settiman[ae]|mes[ei])\b`, afterCount),
	form(preposition+`\b(?:next week|nächste woche|la prossima settimana|prossima settimana)\b`, inDays(7)),
	form(preposition+`\b(?:next month|nächsten monat|prossimo mese)\b`,
		func(_ []string, today time.Time) (time.Time, bool) { return addMonths(today, 1), true }),
	form(preposition+`\b(?:end of (?:the |this )?month|ende des monats|fine mese)\b`,
		func(_ []string, today time.Time) (time.Time, bool) { return endOfMonth(today), true }),
	form(preposition+`(?:next |this |nächsten |prossimo )?\b`+anyWeekday,
		func(m []string, today time.Time) (time.Time, bool) {
			weekday, ok := weekdays.lookup(strings.ToLower(m[1]), english, german, italian)
			return today.AddDate(0, 0, daysUntil(weekday, today)), ok
		}),
}

func form(pattern string, day func(m []string, today time.Time) (time.Time, bool)) dayForm {
	return dayForm{regexp.MustCompile(pattern), day}
}

func inDays(n int) func([]string, time.Time) (time.Time, bool) {
	return func(_ []string, today time.Time) (time.Time, bool) { return today.AddDate(0, 0, n), true }
}

// afterCount reads a number and a unit: "in 3 weeks".
func afterCount(m []string, today time.Time) (time.Time, bool) {
	n, err := strconv.Atoi(m[1])
	if err != nil {
		n, _ = smallNumbers.lookup(strings.ToLower(m[1]), english, german, italian)
	}
	if n > maxDaysAhead {
		return time.Time{}, false
	}
	switch strings.ToLower(m[2])[0] {
	case 'w', 's': // weeks, Wochen, settimane
		return today.AddDate(0, 0, 7*n), true
	case 'm': // months, Monate, mesi
		return addMonths(today, n), true
	}
	return today.AddDate(0, 0, n), true
}

// addMonths returns the same day n months later, or that month's last day.
func addMonths(today time.Time, n int) time.Time {
	last := time.Date(today.Year(), today.Month()+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC)
	return last.AddDate(0, 0, min(today.Day(), last.Day())-last.Day())
}

// Span is a part of a sentence, in bytes: sentence[Start:End].
type Span struct{ Start, End int }

// Cut returns the sentence with a space in place of the span.
func (s Span) Cut(sentence string) string { return sentence[:s.Start] + " " + sentence[s.End:] }

// FindDay returns the first day that the sentence names, as midnight UTC, and where it is written, with the preposition
// in front of it. It reads more than Parse does: all words in German and Italian too, "the day after tomorrow", "in two
// months", "next week" (in seven days). It returns false when there is none.
func FindDay(sentence string, today time.Time) (time.Time, Span, bool) {
	today = midnightUTC(today)
	for _, form := range dayForms {
		for _, at := range form.pattern.FindAllStringSubmatchIndex(sentence, -1) {
			m := make([]string, len(at)/2)
			for i := range m {
				if at[2*i] >= 0 {
					m[i] = sentence[at[2*i]:at[2*i+1]]
				}
			}
			if day, ok := form.day(m, today); ok && checkYear(day) == nil {
				return day, Span{at[0], at[1]}, true
			}
		}
	}
	return time.Time{}, Span{}, false
}

var (
	thisWeek  = regexp.MustCompile(`(?i)\b(?:this week|diese woche|questa settimana)\b`)
	nextWeek  = regexp.MustCompile(`(?i)\b(?:next week|nächste woche|prossima settimana)\b`)
	lastWeek  = regexp.MustCompile(`(?i)\b(?:last week|letzte woche|settimana scorsa)\b`)
	thisMonth = regexp.MustCompile(`(?i)\b(?:this month|diesen monat|questo mese)\b`)
	deadline  = regexp.MustCompile(`(?i)\b(?:by|until|till|before|bis|entro)\s*$` +
		`|^(?:due\s+)?(?:by|until|till|before|bis|entro)\b`)
)

// FindPeriod returns the first and last day, as midnight UTC, of the period that the sentence names: a week from
// Monday, a month, or a single day. "by Friday" has only a last day. A day that is not there is zero.
func FindPeriod(sentence string, today time.Time) (first, last time.Time) {
	today = midnightUTC(today)
	monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
	week := func(n int) (time.Time, time.Time) { return monday.AddDate(0, 0, 7*n), monday.AddDate(0, 0, 7*n+6) }
	switch {
	case thisWeek.MatchString(sentence):
		return week(0)
	case nextWeek.MatchString(sentence):
		return week(1)
	case lastWeek.MatchString(sentence):
		return week(-1)
	case thisMonth.MatchString(sentence):
		return today.AddDate(0, 0, 1-today.Day()), endOfMonth(today)
	}
	day, at, ok := FindDay(sentence, today)
	if !ok {
		return time.Time{}, time.Time{}
	}
	if deadline.MatchString(sentence[at.Start:at.End]) {
		return time.Time{}, day
	}
	return day, day
}
