package reading

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dates"
	"github.com/adiuva/cloud-api/internal/fold"
)

var (
	plainClock = regexp.MustCompile(`(?i)\b(\d{1,2}(?:[:.]\d{2})?)\s*(am|pm|uhr)\b`)
	bareHour   = regexp.MustCompile(`(?i)\b(?:to|auf|alle|for|at|um|at) (\d{1,2})$`)
)

// findTimes sets the day, the period, the time of day and the length that the clause names.
func (c *Clause) findTimes(today time.Time) {
	text := c.Text
	c.First, c.Last = dates.FindPeriod(text, today)
	cut := func(at dates.Span) {
		for i, t := range c.tokens {
			if t.start < at.End && t.end > at.Start {
				c.dated[i] = true
			}
		}
		text = text[:at.Start] + strings.Repeat(" ", at.End-at.Start) + text[at.End:]
	}
	c.findLength(cut)
	if c.findRange(text, cut) {
		text = c.without(text)
	}
	clock, at, ok := dates.FindClock(text)
	if m := plainClock.FindStringSubmatchIndex(text); !ok && m != nil {
		read, err := dates.ParseClock(strings.ToLower(strings.TrimSuffix(strings.ToLower(text[m[2]:m[1]]), "uhr")))
		clock, at, ok = read, dates.Span{Start: m[0], End: m[1]}, err == nil
	}
	if m := bareHour.FindStringSubmatchIndex(strings.TrimRight(text, " .!?")); !ok && m != nil {
		read, err := dates.ParseClock(text[m[2]:m[3]])
		clock, at, ok = read, dates.Span{Start: m[0], End: m[1]}, err == nil
	}
	if ok && !c.clock {
		if c.Has("afternoon") && clock > 0 && clock < 8*time.Hour {
			clock += 12 * time.Hour
		}
		c.Clock, c.clock = clock, true
		cut(at)
	}
	for range 3 {
		day, at, ok := dates.FindDay(text, today)
		if !ok {
			break
		}
		if c.Day.IsZero() {
			c.Day = day
		}
		cut(at)
	}
	if c.First.IsZero() && c.Last.IsZero() && !c.Day.IsZero() {
		c.First, c.Last = c.Day, c.Day
	}
	c.findDayOfMonth(text, today, cut)
	c.findMonth(today)
	c.findPartsOfDay(today)
}

// findPartsOfDay reads "Mittwochnachmittag" and "three in the afternoon", and marks the words of parts of days, weeks
// and months.
func (c *Clause) findPartsOfDay(today time.Time) {
	for i, t := range c.tokens {
		if n := c.Language.Numbers[t.folded]; n > 1 && i > 0 && i+1 < len(c.tokens) && !c.clock &&
			c.HasAny("afternoon|evening|morning") && slices.Contains(c.Language.To, c.tokens[i-1].folded) {
			if c.HasAny("afternoon|evening") {
				n += 12
			}
			c.Clock, c.clock, c.dated[i] = time.Duration(n)*time.Hour, true, true
		}
		for _, part := range []string{"nachmittag", "vormittag", "abend"} {
			if name, ok := strings.CutSuffix(t.folded, part); ok && name != "" && c.Day.IsZero() {
				if day, _, found := dates.FindDay(name, today); found {
					c.Day, c.First, c.Last, c.dated[i] = day, day, day, true
				}
			}
		}
	}
	for _, m := range c.marks {
		if slices.Contains([]string{"week", "month", "afternoon", "morning", "evening"}, m.concept) {
			for i := m.from; i < m.to; i++ {
				c.dated[i] = c.dated[i] || m.concept != "morning" || !c.Day.IsZero()
			}
		}
	}
}

// findLength sets Minutes from a number before a word for hours or minutes.
func (c *Clause) findLength(cut func(dates.Span)) {
	for _, m := range c.marks {
		minutes := map[string]int{"hours": 60, "minutes": 1, "half": 30}[m.concept]
		if minutes == 0 || c.Minutes != 0 {
			continue
		}
		from := m.from
		n := 1
		for back := 1; back <= 2 && m.concept != "half" && m.from-back >= 0; back++ {
			word := c.tokens[m.from-back].folded
			number, err := strconv.Atoi(word)
			if known := c.Language.Numbers[word]; err != nil {
				number = known
			}
			if number > 0 {
				n, from = number, m.from-back
				break
			}
		}
		if n > 600/minutes {
			continue
		}
		c.Minutes = n * minutes
		before := []string{"for", "fur", "per", "in", "tra", "fra", "by", "um"}
		if from > 0 && slices.Contains(before, c.tokens[from-1].folded) {
			from--
		}
		cut(dates.Span{Start: c.tokens[from].start, End: c.tokens[m.to-1].end})
	}
}

// clockRange is a range such as "from 9 to 10:30", "von 8 bis 9" or "9-10".
var clockRange = regexp.MustCompile(`(?i)(?:\b(?:from|between|von|zwischen|dalle|tra le|fra le)\s+)?` +
	`\b(\d{1,2})(?:[:.](\d{2}))?\s*(?:am|pm|uhr)?\s*(?:-|–|\b(?:to|until|till|and|bis|und|alle|e le)\b)\s*` +
	`(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm|uhr)?\b`)

// findRange sets the time of day and the length from a range of hours, and reports whether there is one.
func (c *Clause) findRange(text string, cut func(dates.Span)) bool {
	at := clockRange.FindStringSubmatchIndex(text)
	if at == nil || strings.ContainsAny(text[at[0]:at[1]], ".") {
		return false
	}
	m := clockRange.FindStringSubmatch(text)
	opened := len(m[0]) > 0 && !unicodeDigit(m[0][0])
	if !opened && m[2] == "" && m[4] == "" && m[5] == "" && !c.Has("hours") {
		return false // "pages 9-10"
	}
	from, end := minutesOf(m[1], m[2]), minutesOf(m[3], m[4])
	if strings.EqualFold(m[5], "pm") && end <= 12*60 {
		end += 12 * 60
		if from+12*60 < end {
			from += 12 * 60
		}
	}
	if from >= 24*60 || end > 24*60 || end <= from {
		return false
	}
	c.Clock, c.clock, c.Minutes = time.Duration(from)*time.Minute, true, end-from
	cut(dates.Span{Start: at[0], End: at[1]})
	return true
}

func unicodeDigit(b byte) bool { return b >= '0' && b <= '9' }

func minutesOf(hour, minute string) int {
	h, _ := strconv.Atoi(hour)   // digits
	m, _ := strconv.Atoi(minute) // digits, or "" for a full hour
	return h*60 + m
}

// without returns the text with spaces in place of the parts of days and times.
func (c *Clause) without(text string) string {
	out := []byte(text)
	for i, t := range c.tokens {
		if c.dated[i] {
			for k := t.start; k < t.end; k++ {
				out[k] = ' '
			}
		}
	}
	return string(out)
}

// dayOfMonth is a day such as "on the 1st", "am 15." or "il 20".
var dayOfMonth = regexp.MustCompile(`(?i)\b(?:(?:on|by|until|for) the (\d{1,2})(?:st|nd|rd|th)\b` +
	`|(?:am|bis zum|zum) (\d{1,2})\.(?:\s|$)|(?:il|entro il) (\d{1,2})\b)`)

// findDayOfMonth sets the day to the next one with that number.
func (c *Clause) findDayOfMonth(text string, today time.Time, cut func(dates.Span)) {
	at := dayOfMonth.FindStringSubmatchIndex(text)
	if at == nil || !c.Day.IsZero() || !c.First.IsZero() || !c.Last.IsZero() {
		return
	}
	m := dayOfMonth.FindStringSubmatch(text)
	n, _ := strconv.Atoi(m[1] + m[2] + m[3]) // digits
	for month := range 12 {
		day := time.Date(today.Year(), today.Month()+time.Month(month), n, 0, 0, 0, 0, time.UTC)
		if day.Day() == n && !day.Before(today) {
			c.Day, c.First, c.Last = day, day, day
			cut(dates.Span{Start: at[0], End: at[1]})
			return
		}
	}
}

// findMonth sets the period to a month that the clause names without a day: the one that is or comes, or for what has
// been done the last one.
func (c *Clause) findMonth(today time.Time) {
	asks := c.HasAny("report|productive|metrics|question|show|count|summarize|trend")
	if !asks || !c.First.IsZero() || !c.Last.IsZero() {
		return
	}
	months := strings.Fields(fold.Line(c.Language.Text("months")))
	for i, t := range c.tokens {
		n := slices.Index(months, t.folded)
		if n < 0 || i == c.start {
			continue
		}
		first := time.Date(today.Year(), time.Month(n+1), 1, 0, 0, 0, 0, time.UTC)
		past := c.HasAny("report|done|productive|finish|metrics")
		switch {
		case past && first.After(today):
			first = first.AddDate(-1, 0, 0)
		case !past && first.AddDate(0, 1, 0).Before(today):
			first = first.AddDate(1, 0, 0)
		}
		c.First, c.Last, c.dated[i] = first, first.AddDate(0, 1, -1), true
		return
	}
}
