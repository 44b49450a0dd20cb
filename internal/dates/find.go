package dates

import (
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dayForm is one way to write a day in a sentence, near words of some kinds. day returns false when the matched text is
// not a day after all.
type dayForm struct {
	kinds   kind
	pattern *regexp.Regexp
	day     func(m []string, today time.Time) (time.Time, bool)
}

// preposition matches the words in front of a day that belong to it.
const preposition = `(?i)(?:\b(?:due(?: date)?|by|on|until|till|before|for|to|from|since` +
	`|bis(?: zum)?|am|für|fällig|vom|entro|per|il|dal` +
	`|avant|d['’]ici|pour|depuis|du|antes del?|para|hasta|desde|na|em|tegen|voor|op|vanaf|tot)\s+` +
	`|\b(?:jusqu['’]au|jusqu['’]à|até)\s+)*(?:(?:the|le|el)\s+)?`

var (
	anyMonth   = `(` + months.pattern(inSentences...) + `)`
	anyWeekday = `(` + weekdays.pattern(inSentences...) + `)`
	anyNumber  = `(\d{1,4}|` + smallNumbers.pattern(inSentences...) + `)`
)

// dayForms are tried in this order, the more specific ones first.
var dayForms = slices.Concat(dateForms, relativeForms, weekdayForms)

var dateForms = []dayForm{
	form(isoDays, preposition+`\b(\d{4}-\d{2}-\d{2})\b`, func(m []string, _ time.Time) (time.Time, bool) {
		day, err := time.Parse(time.DateOnly, m[1])
		return day, err == nil
	}),
	form(monthNames, preposition+`\b(\d{1,2})(?:st|nd|rd|th|er|[.º°])?\s+(?:(?:of|de)\s+)?`+anyMonth+
		`\b\.?(?:,?\s+(?:de\s+)?(\d{4})\b)?`,
		func(m []string, today time.Time) (time.Time, bool) {
			return dayOfMonth(m[1], parseMonth(strings.ToLower(m[2])), m[3], today)
		}),
	form(monthNames, preposition+`\b`+anyMonth+`\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4})\b)?`,
		func(m []string, today time.Time) (time.Time, bool) {
			return dayOfMonth(m[2], parseMonth(strings.ToLower(m[1])), m[3], today)
		}),
}

// partOfToday are names of a part of today.
const partOfToday = `tonight|this (?:morning|afternoon|evening)|stamattina|stasera|stanotte|questo pomeriggio` +
	`|questa (?:mattina|sera)|ce (?:matin|soir)|cet après-midi|esta (?:mañana|tarde|noche|noite|manhã)` +
	`|vanmorgen|vanmiddag|vanavond`

// beforeMorning matches the words in front of "morgen" and "mañana" that make it the part of a day.
var beforeMorning = `(?i)\b(guten?|goede|am|jeden|elke|diesen|la|las|cada|` +
	weekdays.pattern(german, spanish, dutch) + `)\s+`

var relativeForms = []dayForm{
	form(dayNames, `(?i)\b(?:the\s+)?day after tomorrow\b|übermorgen\b|\bdopodomani\b|\baprès-demain\b`+
		`|\bpasado mañana\b|\bdepois de amanhã|\bovermorgen\b`, inDays(2)),
	form(dayNames, `(?i)\b(?:the\s+)?day before yesterday\b|\bvorgestern\b|\bl['’]altro ieri\b|\bavant-hier\b`+
		`|\bante(?:s de )?ayer\b|\banteontem\b|\beergisteren\b`, inDays(-2)),
	form(dayNames, preposition+`(?:\b(?:`+partOfToday+`)|`+relativeDays.word(0)+`)`, inDays(0)),
	form(dayNames, beforeMorning+`(?:morgen|mañana)\b|`+preposition+`(?:`+relativeDays.word(1)+`)`, tomorrow),
	form(dayNames, preposition+`(?:`+relativeDays.word(-1)+`|\bhier (?:soir|matin)\b)`, inDays(-1)),
	form(units, `(?i)\b(?:due\s+)?(?:with)?(?:in|tra|fra|dans|en|dentro de|em|daqui a|binnen)\s+`+anyNumber+
		`\s+(days?|weeks?|months?|tage?n?|wochen?|monate?n?|giorn[oi]|settiman[ae]|mes[ei]`+
		`|jours?|semaines?|mois|d[ií]as?|semanas?|mes(?:es)?|mês|dag(?:en)?|weken|maand(?:en)?)\b`, afterCount),
	form(units, `(?i)\bover\s+`+anyNumber+`\s+(dag(?:en)?|week|weken|maand(?:en)?)\b`, afterDutchCount),
	form(units, preposition+`(?:`+nextWeekWords+`)\b`, inDays(7)),
	form(units, preposition+`(?:`+nextMonthWords+`)\b`,
		func(_ []string, today time.Time) (time.Time, bool) { return addMonths(today, 1), true }),
	form(units, preposition+`\b(?:end of (?:the |this )?month|ende des monats|fine(?: del)? mese|(?:la )?fin du mois`+
		`|fin(?:al)?(?: de(?:l| este)?)? mes|fi(?:m|nal) do mês|eind(?:e)?(?: van)? de(?:ze)? maand)\b`,
		func(_ []string, today time.Time) (time.Time, bool) { return endOfMonth(today), true }),
}

// nextWord matches the words in front of a weekday that mean its next occurrence.
const nextWord = `(?:\b(?:next|this|nächste[rn]?|diesen|kommenden|prossim[oa]|quest[oa]|ce|prochain|este|esta` +
	`|próxim[oa]|volgende|komende|aanstaande|deze)\s+)?`

var weekdayForms = []dayForm{
	form(weekdayNames, preposition+nextWord+`\b`+anyWeekday+
		`(?:s\b)?(?:\s+(?:prossim[oa]|prochain|próxim[oa]|que viene|que vem)\b)?`,
		func(m []string, today time.Time) (time.Time, bool) {
			weekday, ok := weekdays.lookup(strings.ToLower(m[1]), inSentences...)
			return today.AddDate(0, 0, daysUntil(weekday, today)), ok
		}),
}

func form(k kind, pattern string, day func(m []string, today time.Time) (time.Time, bool)) dayForm {
	return dayForm{k, regexp.MustCompile(pattern), day}
}

func inDays(n int) func([]string, time.Time) (time.Time, bool) {
	return func(_ []string, today time.Time) (time.Time, bool) { return today.AddDate(0, 0, n), true }
}

// tomorrow reads "morgen" and "mañana", which are a part of the day after some words.
func tomorrow(m []string, today time.Time) (time.Time, bool) {
	return today.AddDate(0, 0, 1), m[1] == ""
}

// afterCount reads a number and a unit: "in 3 weeks".
func afterCount(m []string, today time.Time) (time.Time, bool) {
	n, err := strconv.Atoi(m[1])
	if err != nil {
		n, _ = smallNumbers.lookup(strings.ToLower(m[1]), inSentences...)
	}
	day := today.AddDate(0, 0, n)
	switch strings.ToLower(m[2])[0] {
	case 'w', 's': // weeks, Wochen, settimane, semaines
		day = today.AddDate(0, 0, 7*n)
	case 'm': // months, Monate, mesi, mois
		day = addMonths(today, n)
	}
	return day, !day.After(today.AddDate(0, 0, maxDaysAhead))
}

// afterDutchCount reads "over 3 weken". "over 1 week" is English and a length of time.
func afterDutchCount(m []string, today time.Time) (time.Time, bool) {
	number, unit := strings.ToLower(m[1]), strings.ToLower(m[2])
	if _, ok := smallNumbers.lookup(number, dutch); unit == "week" && !ok {
		return time.Time{}, false
	}
	return afterCount(m, today)
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
// in front of it: in every language what Parse reads, "the day after tomorrow", "in two months", "next week" (in seven
// days). It returns false when there is none. In a long text that names hundreds of months, weekdays and the like, it
// looks near the first ones of each kind only.
func FindDay(sentence string, today time.Time) (time.Time, Span, bool) {
	today = midnightUTC(today)
	hints := findHints(sentence)
	for _, form := range dayForms {
		for at, m := range form.matches(sentence, hints) {
			if day, ok := form.day(m, today); ok && checkYear(day) == nil {
				return day, at, true
			}
		}
	}
	return time.Time{}, Span{}, false
}

// The words for the next week and month, which FindDay reads as a day and FindPeriod as all of it.
const (
	nextWeekWords = `\b(?:next week|(?:nächste|kommende) woche|(?:la )?prossima settimana|settimana prossima` +
		`|(?:la )?(?:semaine prochaine|próxima semana|semana (?:próxima|que viene|que vem))|volgende week)`
	nextMonthWords = `\b(?:next month|(?:nächsten|kommenden) monat|(?:il )?prossimo mese|mese prossimo` +
		`|mois prochain|próximo m[eê]s|m[eê]s (?:próximo|que viene|que vem)|volgende maand)`
)

// matches yields what the pattern finds near the hints: where it is, and the text of each group.
func (f dayForm) matches(sentence string, hints []hint) iter.Seq2[Span, []string] {
	return func(yield func(Span, []string) bool) {
		for _, part := range near(sentence, hints, f.kinds) {
			text := sentence[part.Start:part.End]
			for _, at := range f.pattern.FindAllStringSubmatchIndex(text, -1) {
				m := make([]string, len(at)/2)
				for i := range m {
					if at[2*i] >= 0 {
						m[i] = text[at[2*i]:at[2*i+1]]
					}
				}
				if !yield(Span{part.Start + at[0], part.Start + at[1]}, m) {
					return
				}
			}
		}
	}
}

var (
	thisWeek = period(`this week|diese woche|questa settimana|cette semaine|esta semana|deze week`)
	nextWeek = period(nextWeekWords)
	lastWeek = period(`last week|(?:letzte|vergangene) woche|settimana scorsa|scorsa settimana` +
		`|semaine (?:dernière|passée)|semana pasada|semana passada|(?:vorige|afgelopen) week`)
	thisMonth = period(`this month|diesen monat|questo mese|ce mois(?:-ci)?|este m[eê]s|deze maand`)
	nextMonth = period(nextMonthWords)
	lastMonth = period(`last month|(?:letzten|vergangenen) monat|mese scorso|scorso mese|mois (?:dernier|passé)` +
		`|m[eê]s pas(?:ado|sado)|(?:vorige|afgelopen) maand`)
	deadline = regexp.MustCompile(`(?i)^(?:due\s+)?(?:by|until|till|before|bis|entro|avant|d['’]ici|jusqu['’]au` +
		`|jusqu['’]à|antes del?|hasta|até|tegen|voor|tot)\s`)
)

func period(words string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:` + words + `)(?:\P{L}|$)`)
}

// FindPeriod returns the first and last day, as midnight UTC, of the period that the sentence names: a week from
// Monday, a month, or a single day. "by Friday" has only a last day. A day that is not there is zero.
func FindPeriod(sentence string, today time.Time) (first, last time.Time) {
	today = midnightUTC(today)
	monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
	week := func(n int) (time.Time, time.Time) { return monday.AddDate(0, 0, 7*n), monday.AddDate(0, 0, 7*n+6) }
	month := func(n int) (time.Time, time.Time) {
		first := time.Date(today.Year(), today.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		return first, endOfMonth(first)
	}
	parts := near(sentence, findHints(sentence), units)
	names := func(period *regexp.Regexp) bool {
		return slices.ContainsFunc(parts, func(part Span) bool {
			return period.MatchString(sentence[part.Start:part.End])
		})
	}
	switch {
	case names(thisWeek):
		return week(0)
	case names(nextWeek):
		return week(1)
	case names(lastWeek):
		return week(-1)
	case names(thisMonth):
		return month(0)
	case names(nextMonth):
		return month(1)
	case names(lastMonth):
		return month(-1)
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
