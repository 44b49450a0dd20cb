package consent

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dates"
)

// period is a range of days, as midnight UTC, that a sentence names.
type period struct {
	first, last time.Time
	weekday     bool // a bare weekday, which may also be the one before
	month       time.Month
	word        string // its only word, which may also stand in a title
	from, to    int    // tokens
}

// maxPeriods limits how many dates of a sentence are read.
const maxPeriods = 4

// maxDateText is how many bytes of a text are searched for dates.
const maxDateText = 20_000

// periods finds the days, weeks and months that the sentence names. budget is how many bytes may still be searched; it
// is below zero afterwards where that was not enough.
func (l *language) periods(toks []token, now time.Time, budget *int) []period {
	first := slices.IndexFunc(toks, l.dated)
	if first < 0 {
		return nil
	}
	last := first
	for i := range toks {
		if l.dated(toks[i]) {
			last = i
		}
	}
	from := max(0, first-around)
	list := l.periodsIn(toks[from:min(len(toks), last+around)], now, budget)
	for i := range list {
		list[i].from, list[i].to = list[i].from+from, list[i].to+from
	}
	return list
}

// around is how many tokens around the words for days belong to a date: "on the 30th of …".
const around = 5

func (l *language) periodsIn(toks []token, now time.Time, budget *int) []period {
	text, at := l.dateText(toks)
	var list []period
	more := func() bool {
		*budget -= len(text)
		return *budget >= 0 && len(list) < maxPeriods
	}
	for l.undated(toks, list) && more() {
		_, span, ok := dates.FindDay(text, now)
		if !ok {
			break
		}
		p := period{}
		p.first, p.last = dates.FindPeriod(text[span.Start:span.End], now)
		p.from, p.to = tokensIn(at, span.Start, span.End)
		p.from = l.afterPreposition(toks, p.from, p.to-1)
		if p.to-p.from == 1 {
			p.word = toks[p.from].word
		}
		p.weekday = p.to-p.from == 1 && p.first.Equal(p.last) && l.isWeekday(toks[p.from].word)
		list = append(list, p)
		text = text[:span.Start] + strings.Repeat(".", span.End-span.Start) + text[span.End:]
	}
	if l.undated(toks, list) && more() {
		list = l.week(text, at, list, now)
	}
	return l.addMonths(toks, list)
}

// afterPreposition returns where the day begins that FindDay found with its prepositions: "due date by Friday".
func (l *language) afterPreposition(toks []token, from, last int) int {
	for i := from; i < last; i++ {
		for _, g := range []group{"target", "modifier", "start", "definite"} {
			if _, n := l.match(g, toks, i); n > 0 {
				from = min(i+n, last)
			}
		}
	}
	return from
}

// undated reports whether a token that may be part of a date is in none of the periods.
func (l *language) undated(toks []token, list []period) bool {
	for i := range toks {
		if l.dated(toks[i]) && inPeriod(list, i) < 0 {
			return true
		}
	}
	return false
}

// translates reports whether a phrase that package dates reads in translation begins with the word.
func (l *language) translates(word string) bool {
	return slices.ContainsFunc(l.phrases[word], func(p phrase) bool { return p.group == "translate" })
}

// dated reports whether the token may be part of a date.
func (l *language) dated(t token) bool {
	year := isNumber(t.word) && len(t.word) == 4
	return !t.quoted && (year || l.in(t.word, "days", "months", "units") || l.translates(t.word))
}

// isWeekday reports whether the word, after translation, is a day of the week.
func (l *language) isWeekday(word string) bool {
	if t := l.translate[word]; t != "" {
		word = t
	}
	return strings.HasSuffix(word, "day") && word != "today" && word != "yesterday" || strings.HasSuffix(word, "tag") ||
		strings.HasSuffix(word, "mittwoch") || strings.HasSuffix(word, "di") || word == "sabato" || word == "domenica"
}

// dateText returns the sentence with the words for days as package dates reads them, and where each token stands.
// Quoted words are left out.
func (l *language) dateText(toks []token) (string, [][2]int) {
	var b strings.Builder
	at := make([][2]int, len(toks))
	for i := 0; i < len(toks); {
		t := toks[i]
		if i > 0 {
			b.WriteString(cmp.Or(t.before, " "))
		}
		start := b.Len()
		p, n := l.match("translate", toks, i)
		switch {
		case t.quoted:
			b.WriteByte('_')
		case n > 0:
			b.WriteString(l.translate[strings.Join(p.words, " ")])
		default:
			b.WriteString(t.raw)
		}
		for range max(n, 1) {
			at[i] = [2]int{start, b.Len()}
			i++
		}
	}
	return b.String(), at
}

// tokensIn returns the range of tokens that touch the bytes from start to end.
func tokensIn(at [][2]int, start, end int) (from, to int) {
	from = len(at)
	for i, span := range at {
		if span[0] < end && span[1] > start {
			from, to = min(from, i), i+1
		}
	}
	return min(from, max(to-1, 0)), to
}

// week adds "this week" and the like, which FindDay does not read.
func (l *language) week(text string, at [][2]int, list []period, now time.Time) []period {
	if len(at) == 0 {
		return list
	}
	first, last := dates.FindPeriod(text, now)
	if first.IsZero() {
		return list
	}
	lower := strings.ToLower(text)
	for _, word := range []string{"week", "woche", "settimana", "month", "monat", "mese"} {
		if i := strings.Index(lower, word); i >= 0 && len(lower) == len(text) {
			_, to := tokensIn(at, i, i+len(word))
			return append(list, period{first: first, last: last, from: max(to-2, 0), to: to})
		}
	}
	return append(list, period{first: first, last: last})
}

// addMonths adds months that stand alone: "all tasks from March".
func (l *language) addMonths(toks []token, list []period) []period {
	for i, t := range toks {
		month, ok := l.months[t.word]
		if !ok || t.quoted || inPeriod(list, i) >= 0 || month == time.May && !t.named {
			continue
		}
		list = append(list, period{month: month, word: t.word, from: i, to: i + 1})
	}
	return list
}

// inPeriod returns the period that the token belongs to, or -1.
func inPeriod(list []period, i int) int {
	for k, p := range list {
		if i >= p.from && i < p.to {
			return k
		}
	}
	return -1
}

// holds reports whether one of the times is in the period, in the zone of now.
func (p period) holds(times []time.Time, zone *time.Location) bool {
	for _, t := range times {
		year, month, day := t.In(zone).Date()
		at := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		switch {
		case p.month != 0:
			if month == p.month {
				return true
			}
		case !at.Before(p.first) && !at.After(p.last):
			return true
		case p.weekday && at.Equal(p.first.AddDate(0, 0, -7)):
			return true
		}
	}
	return false
}
