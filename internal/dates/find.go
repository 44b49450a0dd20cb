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
var preposition = regexp.MustCompile(`(?i)(?:^|[^\pL])((?:(?:due(?: date)?|by|on|until|till|before|for|to|from|since` +
	`|bis(?: zum)?|am|für|fällig|entro|per|il|avant|d'ici|pour|jusqu'à|le|antes del?|hasta|para|el|até|na|voor` +
	`|tegen|uiterlijk|op|tot|vanaf)\s+)*(?:the\s+)?)$`)

// maxPrepositions is the length of the longest words in front of a day, in bytes.
const maxPrepositions = 40

// withPreposition returns the span with the preposition in front of it.
func (s Span) withPreposition(sentence string) Span {
	from := max(0, s.Start-maxPrepositions)
	if m := preposition.FindStringSubmatchIndex(sentence[from:s.Start]); m != nil {
		s.Start = from + m[2]
	}
	return s
}

// partOfToday matches a part of the present day. In Spanish, "mañana" is also the morning.
const partOfToday = `\b(?:tonight|this (?:morning|afternoon|evening)|stamattina|stasera|ce (?:matin|soir)` +
	`|cet après-midi|esta (?:mañana|tarde|noche|manhã|noite)|vanmorgen|vanochtend|vanmiddag|vanavond)`

// unit matches what afterCount counts. Its first letter says which it is.
const unit = `(days?|weeks?|months?|tage?n?|wochen?|monate?n?|giorn[oi]|settiman[ae]|mes[ei]|jours?|semaines?|mois` +
	`|d[ií]as?|semanas?|m[eê]s(?:es)?|dag(?:en)?|weken|maand(?:en)?)`

// dayForms are tried in this order, the more specific ones first.
var dayForms = []dayForm{
	form(`(?i)\b(\d{4}-\d{2}-\d{2})\b`, func(m []string, _ time.Time) (time.Time, bool) {
		day, err := time.Parse(time.DateOnly, m[1])
		return day, err == nil
	}),
	form(`(?i)\b(\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s+(?:(?:of|de)\s+)?(\pL+)\.?(?:,?\s+(?:del?\s+)?(\d{4})\b)?`,
		func(m []string, today time.Time) (time.Time, bool) {
			return dayOfMonth(m[1], time.Month(spokenMonths[strings.ToLower(m[2])]), m[3], today)
		}),
	form(`(?i)(\pL+)\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4})\b)?`,
		func(m []string, today time.Time) (time.Time, bool) {
			return dayOfMonth(m[2], time.Month(spokenMonths[strings.ToLower(m[1])]), m[3], today)
		}),
	form(`(?i)(?:\b(?:the\s+)?day after tomorrow\b|übermorgen\b|\bdopodomani\b|\baprès-demain\b|\bpasado mañana\b`+
		`|\bdepois de amanhã|\bovermorgen\b)`, inDays(2)),
	form(`(?i)(?:`+partOfToday+`|`+relativeDays.wholeWords(0)+`)`, inDays(0)),
	form(`(?i)(guten |goede |por la |de la |a la )?`+relativeDays.wholeWords(1), tomorrow),
	form(`(?i)`+relativeDays.wholeWords(-1), inDays(-1)),
	form(`(?i)\b(?:due\s+)?(?:with)?(?:in|tra|fra|dans|en|dentro de|em|daqui a|binnen|over)\s+(\d{1,4}|\pL+)\s+`+
		unit+`\b`, afterCount),
	form(`(?i)\b(?:next week|(?:nächste|kommende) woche|(?:la )?prossima settimana|(?:la )?semaine prochaine`+
		`|(?:la )?próxima semana|(?:la )?semana que (?:viene|vem)|volgende week)\b`, inDays(7)),
	form(`(?i)\b(?:next month|(?:nächsten|kommenden) monat|prossimo mese|mois prochain|próximo m[eê]s`+
		`|m[eê]s que (?:viene|vem)|volgende maand)\b`,
		func(_ []string, today time.Time) (time.Time, bool) { return addMonths(today, 1), true }),
	form(`(?i)\b(?:end of (?:the |this )?month|ende des monats|fine mese|fin du mois|fin(?:al)? de mes`+
		`|fim do mês|einde? van de maand)\b`,
		func(_ []string, today time.Time) (time.Time, bool) { return endOfMonth(today), true }),
	form(`(?i)(?:(?:next|this|nächsten|kommenden|prossimo|ce|este|próxim[oa]|volgende|komende) )?`+
		`(\pL+(?:-feira)?)(?: prochain\b)?`,
		func(m []string, today time.Time) (time.Time, bool) {
			word := strings.ToLower(m[1])
			weekday, ok := spokenWeekdays[word]
			if !ok {
				weekday, ok = spokenWeekdays[strings.TrimSuffix(word, "s")] // "on Mondays"
			}
			return today.AddDate(0, 0, daysUntil(weekday, today)), ok
		}),
}

func form(pattern string, day func(m []string, today time.Time) (time.Time, bool)) dayForm {
	return dayForm{regexp.MustCompile(pattern), day}
}

func inDays(n int) func([]string, time.Time) (time.Time, bool) {
	return func(_ []string, today time.Time) (time.Time, bool) { return today.AddDate(0, 0, n), true }
}

// tomorrow is the next day, unless the word means the morning: "guten Morgen", "por la mañana".
func tomorrow(m []string, today time.Time) (time.Time, bool) {
	return today.AddDate(0, 0, 1), m[1] == ""
}

// afterCount reads a number and a unit: "in 3 weeks".
func afterCount(m []string, today time.Time) (time.Time, bool) {
	n, err := strconv.Atoi(m[1])
	if err != nil {
		var ok bool
		if n, ok = spokenNumbers[strings.ToLower(m[1])]; !ok {
			return time.Time{}, false
		}
	}
	day := today.AddDate(0, 0, n)
	switch strings.ToLower(m[2])[0] {
	case 'w', 's': // weeks, Wochen, settimane, semaines, semanas
		day = today.AddDate(0, 0, 7*n)
	case 'm': // months, Monate, mesi, mois, maanden
		day = addMonths(today, n)
	}
	return day, !day.After(today.AddDate(0, 0, maxDaysAhead))
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
// in front of it. "Next week" is in seven days. It returns false when there is none.
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
				return day, Span{at[0], at[1]}.withPreposition(sentence), true
			}
		}
	}
	return time.Time{}, Span{}, false
}

var (
	thisWeek = regexp.MustCompile(`(?i)\b(?:this week|diese woche|questa settimana|cette semaine|esta semana` +
		`|deze week)\b`)
	nextWeek = regexp.MustCompile(`(?i)\b(?:next week|(?:nächste|kommende) woche|prossima settimana` +
		`|semaine prochaine|próxima semana|semana que (?:viene|vem)|volgende week)\b`)
	lastWeek = regexp.MustCompile(`(?i)\b(?:last week|letzte woche|settimana scorsa|semaine dernière|semana pasada` +
		`|semana passada|(?:vorige|afgelopen) week)\b`)
	thisMonth = regexp.MustCompile(`(?i)\b(?:this month|diesen monat|questo mese|ce mois|este m[eê]s|deze maand)\b`)
	deadline  = regexp.MustCompile(`(?i)\b(?:by|until|till|before|bis|entro|avant|d'ici|jusqu'à|antes del?|hasta` +
		`|até|voor|tegen|uiterlijk|tot)\s*$` +
		`|^(?:due\s+)?(?:by|until|till|before|bis|entro|avant|d'ici|jusqu'à|antes|hasta|até|voor|tegen` +
		`|uiterlijk|tot)(?:\s|$)`)
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
