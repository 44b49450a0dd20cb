package dates

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// clockAtEnd matches a day followed by a time of day: hour, minutes and "am", "pm" or a word such as "uhr".
var clockAtEnd = regexp.MustCompile(`^(.+?),? (?:(?:at|um|alle|ore|à|a las?|às?|as|om) )?` +
	`(\d{1,2})(?:[:h](\d{2}))? ?(am|pm|uhr|h|heures?|horas?|uur)?$`)

// cutClock splits a time of day from the end of text and returns it as the time since midnight. A number alone is not a
// time: "at 3" does not say which half of the day.
func cutClock(text string) (rest string, clock time.Duration, ok bool) {
	m := clockAtEnd.FindStringSubmatch(text)
	if m == nil || m[3] == "" && m[4] == "" {
		return "", 0, false
	}
	clock, ok = parseClock(m[2], m[3], m[4])
	return m[1], clock, ok
}

// parseClock returns the time since midnight. minute and suffix may be ""; "am" and "pm" need an hour from 1 to 12.
func parseClock(hour, minute, suffix string) (time.Duration, bool) {
	h, err := strconv.Atoi(hour)
	if err != nil {
		return 0, false
	}
	m := 0
	if minute != "" {
		if m, err = strconv.Atoi(minute); err != nil {
			return 0, false
		}
	}
	if suffix == "am" || suffix == "pm" {
		if h < 1 || h > 12 {
			return 0, false
		}
		h %= 12
		if suffix == "pm" {
			h += 12
		}
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, h < 24 && m < 60
}

var clockAlone = regexp.MustCompile(`^(\d{1,2})(?::(\d{2}))? ?(am|pm|uhr)?$`)

// ParseClock reads a time of day, such as "9:30", "17" or "5pm", and returns the time since midnight. "24:00" is the
// end of the day.
func ParseClock(text string) (time.Duration, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if m := clockAlone.FindStringSubmatch(text); m != nil {
		if clock, ok := parseClock(m[1], m[2], m[3]); ok {
			return clock, nil
		}
	}
	if text == "24:00" {
		return 24 * time.Hour, nil
	}
	return 0, fmt.Errorf("%.20q is not a time of day; write HH:MM", text)
}

// ClockOn returns the first instant of t's day, in t's zone, at which clocks show the time since midnight or a later
// one, and the end of the day when it is not shown any more.
func ClockOn(t time.Time, clock time.Duration) time.Time {
	year, month, day := t.Date()
	start := StartOfDay(t)
	end := StartOfDay(time.Date(year, month, day+1, 12, 0, 0, 0, t.Location()))
	shown := func(at time.Time) bool {
		hour, minute, second := at.Clock()
		since := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
		return since >= clock
	}
	at := inZone(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Add(clock), t.Location())
	if at.Before(start) {
		at = start
	}
	// A time that the clocks skip is read as a later one. They skip less than a day, in whole minutes.
	for at.After(start) && !at.After(end) && shown(at.Add(-time.Minute)) && at.Add(-time.Minute).Day() == day {
		at = at.Add(-time.Minute)
	}
	if at.After(end) {
		return end
	}
	return at
}

var clockInSentence = regexp.MustCompile(
	`(?i)(?:(?:\b(?:at|um|alle(?: ore)?|a las?|om)|às)\s+(\d{1,2})(?:[:h](\d{2}))?\s*` +
		`(am|pm|uhr|uur|horas?|h|o'clock)?\b` +
		`|à\s+(\d{1,2})(?:[:h](\d{2})|\s*h(?:eures?)?)\b|\b(\d{1,2})[:h](\d{2})\b)`)

// FindClock returns the first time of day that the sentence names, as the time since midnight, and where it is written.
// Unlike in Parse, "at 3" is three in the morning. It returns false when there is none.
func FindClock(sentence string) (time.Duration, Span, bool) {
	at := clockInSentence.FindStringIndex(sentence)
	if at == nil {
		return 0, Span{}, false
	}
	m := clockInSentence.FindStringSubmatch(sentence)
	hour, minute, suffix := m[1]+m[4]+m[6], m[2]+m[5]+m[7], strings.ToLower(m[3])
	if n, err := strconv.Atoi(hour); err == nil && (n == 0 || n > 12) {
		suffix = "" // the hour alone says which half of the day
	}
	clock, ok := parseClock(hour, minute, suffix)
	return clock, Span{at[0], at[1]}, ok
}
