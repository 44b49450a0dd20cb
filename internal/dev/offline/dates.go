package offline

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dayForm is one way of writing a day; read returns false when what matched is no day after all.
type dayForm struct {
	pattern *regexp.Regexp
	read    func(m []string, today time.Time) (time.Time, bool)
}

const (
	// before is what stands before a day and belongs to it.
	before = `(?i)(?:\b(?:due(?: date)?|by|on|until|till|before|for|to|from|since|bis(?: zum)?|am|für|fällig|entro|per|il)\s+)*(?:the\s+)?`
	number = `(\d{1,4}|an?|one|two|three|four|five|six|seven|ten|einem|einer|zwei|drei|un|una|due|tre)`
	months = `(jan(?:uary|uar)?|gennaio|feb(?:ruary|ruar)?|febbraio|mar(?:ch|zo)?|märz|apr(?:il|ile)?|mai|may|maggio|june?|juni|giugno` +
		`|july?|juli|luglio|aug(?:ust)?|agosto|sep(?:t|tember)?|settembre|oct(?:ober)?|oktober|ottobre|nov(?:ember|embre)?` +
		`|dec(?:ember)?|dezember|dicembre)`
	weekdays = `(monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag` +
		`|luned[iì]|marted[iì]|mercoled[iì]|gioved[iì]|venerd[iì]|sabato|domenica)`
)

// dayForms are tried in this order, the more particular ones first.
var dayForms = []dayForm{
	{regexp.MustCompile(before + `\b(\d{4}-\d{2}-\d{2})\b`), func(m []string, _ time.Time) (time.Time, bool) {
		day, err := time.Parse("2006-01-02", m[1])
		return day, err == nil
	}},
	{regexp.MustCompile(before + `\b(\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?` + months + `\b\.?(?:,?\s+(\d{4})\b)?`), func(m []string, today time.Time) (time.Time, bool) {
		return dayOfMonth(m[1], m[2], m[3], today)
	}},
	{regexp.MustCompile(before + `\b` + months + `\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4})\b)?`), func(m []string, today time.Time) (time.Time, bool) {
		return dayOfMonth(m[2], m[1], m[3], today)
	}},
	{regexp.MustCompile(`(?i)\b(?:the\s+)?day after tomorrow\b|übermorgen\b|\bdopodomani\b`), ahead(2)},
	{regexp.MustCompile(before + `\b(?:today|tonight|heute|oggi)\b`), ahead(0)},
	{regexp.MustCompile(before + `\b(?:tomorrow|morgen|domani)\b`), ahead(1)},
	{regexp.MustCompile(before + `\b(?:yesterday|gestern|ieri)\b`), ahead(-1)},
	{regexp.MustCompile(`(?i)\b(?:due\s+)?(?:with)?(?:in|tra|fra)\s+` + number + `\s+(days?|weeks?|months?|tage?n?|wochen?|monate?n?|giorn[oi]|settiman[ae]|mes[ei])\b`), readAhead},
	{regexp.MustCompile(before + `\b(?:next week|nächste woche|la prossima settimana|prossima settimana)\b`), ahead(7)},
	{regexp.MustCompile(before + `\b(?:next month|nächsten monat|prossimo mese)\b`), func(_ []string, today time.Time) (time.Time, bool) {
		return monthsAhead(today, 1), true
	}},
	{regexp.MustCompile(before + `\b(?:end of (?:the |this )?month|ende des monats|fine mese)\b`), func(_ []string, today time.Time) (time.Time, bool) {
		return time.Date(today.Year(), today.Month()+1, 0, 0, 0, 0, 0, time.UTC), true
	}},
	{regexp.MustCompile(before + `(?:next |this |nächsten |prossimo )?\b` + weekdays), func(m []string, today time.Time) (time.Time, bool) {
		return today.AddDate(0, 0, (weekdayOf(m[1])-int(today.Weekday())+6)%7+1), true
	}},
}

func ahead(days int) func([]string, time.Time) (time.Time, bool) {
	return func(_ []string, today time.Time) (time.Time, bool) { return today.AddDate(0, 0, days), true }
}

func readAhead(m []string, today time.Time) (time.Time, bool) {
	n, err := strconv.Atoi(m[1])
	if err != nil {
		n = numberOf(strings.ToLower(m[1]))
	}
	switch unit := strings.ToLower(m[2]); {
	case n > 3650:
		return time.Time{}, false
	case strings.HasPrefix(unit, "w"), strings.HasPrefix(unit, "s"):
		return today.AddDate(0, 0, 7*n), true
	case strings.HasPrefix(unit, "m"):
		return monthsAhead(today, n), true
	}
	return today.AddDate(0, 0, n), true
}

func numberOf(word string) int {
	for n, words := range []string{1: "a an one einem einer un una", 2: "two zwei due", 3: "three drei tre", 4: "four",
		5: "five", 6: "six", 7: "seven", 10: "ten"} {
		if slices.Contains(strings.Fields(words), word) {
			return n
		}
	}
	return 1
}

// monthsAhead is the same day n months later, or that month's last day.
func monthsAhead(today time.Time, n int) time.Time {
	last := time.Date(today.Year(), today.Month()+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC)
	return last.AddDate(0, 0, min(today.Day(), last.Day())-last.Day())
}

// dayOfMonth is that day in the year given, or else the next one from today on.
func dayOfMonth(day, month, year string, today time.Time) (time.Time, bool) {
	d, _ := strconv.Atoi(day)
	y, err := strconv.Atoi(year)
	if err != nil {
		y = today.Year()
	}
	t := time.Date(y, monthOf(month), d, 0, 0, 0, 0, time.UTC)
	if year == "" && t.Before(today) {
		t = time.Date(y+1, monthOf(month), d, 0, 0, 0, 0, time.UTC)
	}
	return t, t.Day() == d && d > 0
}

func monthOf(word string) time.Month {
	word = strings.ToLower(word)
	for m, starts := range []string{1: "jan gen", 2: "feb", 3: "mar mär", 4: "apr", 5: "may mai mag", 6: "jun giu", 7: "jul lug",
		8: "aug ago", 9: "sep set", 10: "oct okt ott", 11: "nov", 12: "dec dez dic"} {
		for _, start := range strings.Fields(starts) {
			if strings.HasPrefix(word, start) {
				return time.Month(m)
			}
		}
	}
	return time.January
}

// weekdayOf counts from Sunday, 0.
func weekdayOf(word string) int {
	word = strings.ToLower(word)
	for d, starts := range []string{"sun son dom", "mon lun", "tue die mar", "wed mit mer", "thu don gio", "fri fre ven", "sat sam sab"} {
		for _, start := range strings.Fields(starts) {
			if strings.HasPrefix(word, start) {
				return d
			}
		}
	}
	return 0
}

// findDay returns the first form of day that s holds and where it stands, or ok false.
func findDay(s string, today time.Time) (day time.Time, at []int, ok bool) {
	for _, form := range dayForms {
		for _, span := range form.pattern.FindAllStringSubmatchIndex(s, -1) {
			m := make([]string, len(span)/2)
			for i := range m {
				if span[2*i] >= 0 {
					m[i] = s[span[2*i]:span[2*i+1]]
				}
			}
			if day, ok := form.read(m, today); ok && day.Year() > 0 && day.Year() < 10_000 {
				return day, span[:2], true
			}
		}
	}
	return time.Time{}, nil, false
}

var clock = regexp.MustCompile(`(?i)(?:\b(?:at|um|alle(?: ore)?)\s+(\d{1,2})(?::(\d{2}))?\s*(am|pm|uhr|o'clock)?\b|\b(\d{1,2}):(\d{2})\b)`)

// findTime returns the time of day that s names as "15:04" and where it stands.
func findTime(s string) (text string, at []int, ok bool) {
	m := clock.FindStringSubmatch(s)
	if m == nil {
		return "", nil, false
	}
	hour, _ := strconv.Atoi(m[1] + m[4])
	minute, _ := strconv.Atoi(m[2] + m[5])
	switch half := strings.ToLower(m[3]); {
	case half == "pm" && hour < 12:
		hour += 12
	case half == "am" && hour == 12:
		hour = 0
	}
	if hour > 23 || minute > 59 {
		return "", nil, false
	}
	return time.Date(2000, 1, 1, hour, minute, 0, 0, time.UTC).Format("15:04"), clock.FindStringIndex(s), true
}

// takeDue removes the due date from s and returns it as YYYY-MM-DD, or YYYY-MM-DDTHH:MM, or "" when there is none.
func takeDue(s string, today time.Time) (due, rest string) {
	clockText, span, timed := findTime(s)
	if timed {
		s = s[:span[0]] + " " + s[span[1]:]
	}
	day, at, ok := findDay(s, today)
	switch {
	case ok:
		due, s = day.Format("2006-01-02"), s[:at[0]]+" "+s[at[1]:]
	case timed:
		due = today.Format("2006-01-02")
	}
	if timed {
		due += "T" + clockText
	}
	return due, s
}

const iso = "2006-01-02"

var (
	thisWeek  = regexp.MustCompile(`(?i)\b(?:this week|diese woche|questa settimana)\b`)
	nextWeek  = regexp.MustCompile(`(?i)\b(?:next week|nächste woche|prossima settimana)\b`)
	lastWeek  = regexp.MustCompile(`(?i)\b(?:last week|letzte woche|settimana scorsa)\b`)
	thisMonth = regexp.MustCompile(`(?i)\b(?:this month|diesen monat|questo mese)\b`)
	upTo      = regexp.MustCompile(`(?i)\b(?:by|until|till|before|bis|entro)\s*$|^(?:due\s+)?(?:by|until|till|before|bis|entro)\b`)
)

// period returns the first and last day, YYYY-MM-DD, of the time that s names; either may be "". Weeks begin on Monday.
func period(s string, today time.Time) (from, to string) {
	monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
	week := func(n int) (string, string) {
		return monday.AddDate(0, 0, 7*n).Format(iso), monday.AddDate(0, 0, 7*n+6).Format(iso)
	}
	switch {
	case thisWeek.MatchString(s):
		return week(0)
	case nextWeek.MatchString(s):
		return week(1)
	case lastWeek.MatchString(s):
		return week(-1)
	case thisMonth.MatchString(s):
		first := today.AddDate(0, 0, 1-today.Day())
		return first.Format(iso), first.AddDate(0, 1, -1).Format(iso)
	}
	day, at, ok := findDay(s, today)
	if !ok {
		return "", ""
	}
	if upTo.MatchString(s[at[0]:at[1]]) {
		return "", day.Format(iso)
	}
	return day.Format(iso), day.Format(iso)
}
