package dates_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/dates"
)

// at returns the time now, written in zone's local time.
func at(t testing.TB, zone, now string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	clock, err := time.ParseInLocation("2006-01-02T15:04", now, loc)
	if err != nil {
		t.Fatal(err)
	}
	return clock
}

// TestParseReadsDays parses whole days on Monday, 23 November 2026.
func TestParseReadsDays(t *testing.T) {
	t.Parallel()
	now := at(t, "Europe/Rome", "2026-11-23T09:30")
	for day, texts := range map[string][]string{
		"2027-03-30": {"March 30", "march 30th", "MARCH 30, 2027", "march 30 2027", "Mar. 30", "30 March",
			"30 March 2027",
			"30th of March", "30th march, 2027", "30.3.", "30.03.", "30.03.2027", "30. 3. 2027", "30 marzo",
			"30 marzo 2027",
			"30. März", "30. märz 2027", "30. Mrz", " 30   mar ", "2027-03-30"},
		"2026-11-23": {"23 November", "23.11.", "nov 23", "23 novembre", "today", "in 0 days"}, // today counts
		"2027-11-22": {"22 November", "22.11.", "nov 22"},                                      // past this year
		"2026-11-22": {"22 November 2026", "22.11.2026", "yesterday"},
		// a year is taken at its word
		"2028-02-29": {"February 29", "29.2.", "29 febbraio", "29. Februar"}, // the next leap year
		"2026-11-24": {"tomorrow", "Tuesday", "next tuesday", "in 1 day"},
		"2026-11-30": {"monday", "next Monday", "in 1 week", "in 7 days", "end of month",
			"end of the month", "End of this month"}, // a weekday is never today
		"2026-11-29": {"sunday", "end of week", "end of the week", "end of this week"},
		"2036-11-20": {"in 3650 days"},
		"2026-12-08": {"8 dicembre", "8. Dezember", "dec 8", "8 dic", "8. Dez.", "8.12."},
		"2027-01-05": {"5 gennaio", "5. Januar", "5. Jänner", "jan 5", "5 gen"},
		"2027-05-01": {"May 1", "1. Mai", "1 maggio", "1st of May"},
		"2027-06-02": {"june 2", "2. Juni", "2 giugno", "2 giu"},
		"2027-07-03": {"july 3", "3. Juli", "3 luglio", "3 lug"},
		"2027-08-04": {"august 4", "4. August", "4 agosto", "4 ago"},
		"2027-09-05": {"september 5", "sept 5", "5. September", "5 settembre", "5 set"},
		"2027-10-06": {"october 6", "6. Oktober", "6 ottobre", "6 ott"},
		"2027-04-07": {"april 7", "7. April", "7 aprile"},
		"2027-02-08": {"february 8", "8. Februar", "8 febbraio", "8 feb"},
	} {
		for _, text := range texts {
			d, err := dates.Parse(text, now)
			if got := d.Start.Format("2006-01-02T15:04"); err != nil || !d.WholeDay || got != day+"T00:00" {
				t.Errorf("%q is %s (whole day: %v), %v; want %s", text, got, d.WholeDay, err, day)
			}
		}
	}
}

func TestParseReadsEndsOfWeekAndMonth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ now, text, want string }{
		{"2026-11-29T23:59", "end of week", "2026-11-29"}, // a Sunday
		{"2026-11-28T12:00", "end of week", "2026-11-29"},
		{"2026-12-31T23:00", "end of month", "2026-12-31"},
		{"2026-12-28T00:00", "end of week", "2027-01-03"},
		{"2028-02-01T00:00", "end of month", "2028-02-29"},
		{"2026-12-31T12:00", "january 1", "2027-01-01"},
		{"2096-03-01T12:00", "29.2.", "2104-02-29"}, // 2100 is no leap year
	} {
		d, err := dates.Parse(c.text, at(t, "America/New_York", c.now))
		if got := d.Start.Format(time.DateOnly); err != nil || got != c.want {
			t.Errorf("%s on %s is %s, %v; want %s", c.text, c.now, got, err, c.want)
		}
	}
}

func TestParseReadsTimesOfDay(t *testing.T) {
	t.Parallel()
	now := at(t, "Europe/Rome", "2026-11-23T09:30")
	for text, want := range map[string]string{
		"tomorrow 15:00":         "2026-11-24T15:00:00+01:00",
		"tomorrow at 3pm":        "2026-11-24T15:00:00+01:00",
		"Tomorrow, 3 PM":         "2026-11-24T15:00:00+01:00",
		"tomorrow 3:45pm":        "2026-11-24T15:45:00+01:00",
		"tomorrow at 12am":       "2026-11-24T00:00:00+01:00",
		"tomorrow at 12pm":       "2026-11-24T12:00:00+01:00",
		"next monday 09:05":      "2026-11-30T09:05:00+01:00",
		"30 March 2027 at 11:00": "2027-03-30T11:00:00+02:00",
		"30.3. 15:00":            "2027-03-30T15:00:00+02:00",
		"30. März um 15 Uhr":     "2027-03-30T15:00:00+02:00",
		"30 marzo alle 15:30":    "2027-03-30T15:30:00+02:00",
		"30 marzo ore 7:30":      "2027-03-30T07:30:00+02:00",
		"March 30, 2027, 8am":    "2027-03-30T08:00:00+02:00",
		"2026-11-24 3pm":         "2026-11-24T15:00:00+01:00",
		"2026-11-24 15:00:30":    "2026-11-24T15:00:30+01:00",
		"in 3 days 0:00":         "2026-11-26T00:00:00+01:00",
		"end of week 23:59":      "2026-11-29T23:59:00+01:00",
	} {
		d, err := dates.Parse(text, now)
		if got := d.Start.Format(time.RFC3339); err != nil || d.WholeDay || got != want {
			t.Errorf("%q is %s (whole day: %v), %v; want %s", text, got, d.WholeDay, err, want)
		}
		if !d.End().Equal(d.Start) {
			t.Errorf("%q ends at %s", text, d.End())
		}
	}
}

// TestParseAcrossClockChanges parses times that clocks skip or show twice, east and west of Greenwich.
func TestParseAcrossClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, text, want string }{
		{"Europe/Rome", "2026-03-29T02:30", "2026-03-29T03:30:00+02:00"}, // skipped
		{"Europe/Rome", "29 march 2026 at 2:30", "2026-03-29T03:30:00+02:00"},
		{"Europe/Rome", "29.3.2026 1:59", "2026-03-29T01:59:00+01:00"},
		{"Europe/Rome", "29.3.2026 3:00", "2026-03-29T03:00:00+02:00"},
		{"Europe/Rome", "2026-10-25 02:30", "2026-10-25T02:30:00+02:00"}, // the first of two
		{"Europe/Rome", "25 ottobre 2026 alle 3:00", "2026-10-25T03:00:00+01:00"},
		{"America/New_York", "2026-03-08T02:30", "2026-03-08T03:30:00-04:00"},
		{"America/New_York", "march 8, 2026 2:30am", "2026-03-08T03:30:00-04:00"},
		{"America/New_York", "november 1, 2026 1:30am", "2026-11-01T01:30:00-04:00"},
		{"America/New_York", "november 1, 2026 2am", "2026-11-01T02:00:00-05:00"},
		{"America/Santiago", "2026-09-06", "2026-09-06T01:00:00-03:00"}, // no midnight
		{"America/Santiago", "6 september 2026 0:15", "2026-09-06T01:15:00-03:00"},
		{"Asia/Kolkata", "24.11. 0:15", "2026-11-24T00:15:00+05:30"},
		{"Pacific/Kiritimati", "24.11. 23:45", "2026-11-24T23:45:00+14:00"},
	} {
		d, err := dates.Parse(c.text, at(t, c.zone, "2026-11-23T12:00"))
		if got := d.Start.Format(time.RFC3339); err != nil || got != c.want {
			t.Errorf("%s in %s is %s, %v; want %s", c.text, c.zone, got, err, c.want)
		}
	}
}

func TestParseRejectsWhatIsNotADate(t *testing.T) {
	t.Parallel()
	now := at(t, "Europe/Rome", "2026-11-23T09:30")
	for _, text := range []string{
		"", " ", "soon", "March", "30", "march 2027", "march 32", "32 march", "31 april", "31.4.", "30 February",
		"30.2.2028",
		"29 february 2027", "0 march", "march 0", "1.0.", "1.13.", "30.3", "30/3/2027", "3/30", "30.3.27",
		"30 marzipan",
		"2027-02-29", "next", "next week day", "in 3651 days", "in 522 weeks", "in -1 days", "in 3 daysies",
		"in 99999 days",
		"end of", "end of day", "end of time", "monday monday", "tomorrow at 3", "tomorrow 24:00", "tomorrow 12:60",
		"tomorrow 13pm", "tomorrow 0am", "tomorrow 9:5", "tomorrow25:00", "15:00", "at 3pm", "31 april 15:00",
		"tomorrow 15:00 16:00",
	} {
		if d, err := dates.Parse(text, now); err == nil {
			t.Errorf("%q was read as %v", text, d)
		}
	}
	_, err := dates.Parse(strings.Repeat("Ü", 5000), now)
	want := `"` + strings.Repeat("ü", 40) + `" is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParseExplainsDatesThatDoNotExist(t *testing.T) {
	t.Attr("case", "M15")
	t.Parallel()
	now := at(t, "Europe/Rome", "2026-11-23T09:30")
	for text, want := range map[string]string{
		"2026-02-30":       `"2026-02-30" does not exist: February 2026 has 28 days`,
		"2026-06-31T10:00": `"2026-06-31t10:00" does not exist: June 2026 has 30 days`,
		"2027-02-29 9:00":  `"2027-02-29" does not exist: February 2027 has 28 days`,
		"30 February":      `"30 february" does not exist: February has 29 days`,
		"31.4.":            `"31.4." does not exist: April has 30 days`,
		"0 march":          `"0 march" does not exist: March has 31 days`,
		"June 31, 2027":    `"june 31, 2027" does not exist: June 2027 has 30 days`,
		"31. Juni um 9:00": `"31. juni" does not exist: June has 30 days`,
		"2026-11-30T25:00": `"2026-11-30t25:00" does not exist: 25:00 is not a time of day, which is 00:00 to 23:59`,
		"tomorrow 24:00":   `"tomorrow 24:00" does not exist: 24:00 is not a time of day, which is 00:00 to 23:59`,
		"2026-13-01":       `"2026-13-01" is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM`,
		"0001-01-01":       `the year 1 is out of range; write a date from 1970 to 2200`,
		"9999-12-31T10:00": `the year 9999 is out of range; write a date from 1970 to 2200`,
		"1. Mai 2201":      `the year 2201 is out of range; write a date from 1970 to 2200`,
		"253402300799000":  `the year 10000 is out of range; write a date from 1970 to 2200`,
		"1969-12-31":       `the year 1969 is out of range; write a date from 1970 to 2200`,
	} {
		if d, err := dates.Parse(text, now); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, %v; want %s", text, d, err, want)
		}
	}
}

func TestParseReadsSecondsSinceTheEpoch(t *testing.T) {
	t.Attr("case", "M15")
	t.Parallel()
	for text, want := range map[string]string{
		"1798120800":             "2026-12-24T15:00:00+01:00",
		"1798120800000":          "2026-12-24T15:00:00+01:00",
		"100000000":              "1973-03-03T10:46:40+01:00",
		"2026-12-24T15:00+01:00": "2026-12-24T15:00:00+01:00",
		"2026-12-24T14:00Z":      "2026-12-24T15:00:00+01:00",
	} {
		d, err := dates.Parse(text, at(t, "Europe/Rome", "2026-11-23T09:30"))
		if got := d.Start.Format(time.RFC3339); err != nil || d.WholeDay || got != want {
			t.Errorf("%q is %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestTimesOfRows(t *testing.T) {
	t.Attr("case", "M15")
	t.Parallel()
	for n, want := range map[int64]int64{
		0: 0, 1798120800000: 1798120800000, 1798120800: 1798120800000,
		-62135596800000: 0, // the year 1
		-62135596800:    0,
		253402300799000: 0, // the year 9999
		253402300799:    253402300799,
		-1:              0,
		1 << 62:         0, -1 << 63: 0,
	} {
		if got := dates.RowTime(n); got != want {
			t.Errorf("%d is %d, want %d", n, got, want)
		}
	}
}

// TestFormatIsReadBack formats every quarter of an hour over clock changes.
func TestFormatIsReadBack(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Europe/Rome", "America/New_York", "America/Santiago", "Australia/Lord_Howe",
		"Asia/Kolkata", "UTC"} {
		for _, day := range []string{"2026-03-29T00:00", "2026-10-25T00:00", "2026-11-01T00:00", "2026-04-05T00:00",
			"2026-04-04T12:00", "2026-09-06T01:00"} {
			start := at(t, zone, day)
			for n := range 100 {
				want := start.Add(time.Duration(n) * 15 * time.Minute)
				text := dates.Format(want)
				if d, err := dates.Parse(text, start); err != nil || !d.Start.Equal(want) {
					t.Errorf("%s in %s is written %s and read %s, %v", want, zone, text, d.Start, err)
				}
			}
		}
	}
	rome := at(t, "Europe/Rome", "2026-10-25T01:30").Add(time.Hour) // the clocks go back half an hour later
	for want, when := range map[string]time.Time{"2026-10-25T02:30": rome,
		"2026-10-25T02:30+01:00": rome.Add(time.Hour), "2026-10-25T02:30:05": rome.Add(5 * time.Second)} {
		if got := dates.Format(when); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestZoneNames(t *testing.T) {
	t.Attr("case", "M16")
	t.Parallel()
	for name, want := range map[string]string{
		"Europe/Berlin":                      "Europe/Berlin",
		"W. Europe Standard Time":            "Europe/Berlin",
		"w. europe standard time":            "Europe/Berlin",
		"Eastern Standard Time":              "America/New_York",
		"India Standard Time":                "Asia/Kolkata",
		"Tokyo Standard Time":                "Asia/Tokyo",
		"W. Central Africa Standard Time":    "Africa/Lagos",
		"Lord Howe Standard Time":            "Australia/Lord_Howe",
		"Pacific SA Standard Time":           "America/Santiago",
		"Samoa Standard Time":                "Pacific/Apia",
		"UTC":                                "UTC",
		"utc":                                "UTC",
		"tzone://Microsoft/Utc":              "UTC",
		"UTC+12":                             "Etc/GMT-12",
		"":                                   "none",
		"Local":                              "none",
		"right/Europe/Rome":                  "none",
		"posixrules":                         "none",
		"Mars Standard Time":                 "none",
		strings.Repeat("x", 100):             "none",
		"../../etc/passwd":                   "none",
		"tzone://Microsoft/Custom":           "none",
		"# Windows time zones and the IANA ": "none",
	} {
		got := "none"
		if zone, err := dates.LoadZone(name); err == nil {
			got = zone.String()
		}
		if got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
}

// TestEveryWindowsZoneLoads reads the names from the table itself.
func TestEveryWindowsZoneLoads(t *testing.T) {
	t.Attr("case", "M16")
	t.Parallel()
	table, err := os.ReadFile("windows_zones.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(table)) {
		name, want, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue
		}
		n++
		if zone, err := dates.LoadZone(name); err != nil || zone.String() != want {
			t.Errorf("%s: %v, %v", name, zone, err)
		}
	}
	if n < 130 {
		t.Errorf("only %d zones", n)
	}
}

// TestParseReturnsStartAndEndOfDay parses on Monday, 23 November 2026, 23:30 UTC.
func TestParseReturnsStartAndEndOfDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, text, start, end string }{
		{"UTC", "tomorrow", "2026-11-24T00:00:00Z", "2026-11-24T23:59:59.999Z"},
		{"UTC", "Monday", "2026-11-30T00:00:00Z", "2026-11-30T23:59:59.999Z"},
		{"UTC", "next friday", "2026-11-27T00:00:00Z", "2026-11-27T23:59:59.999Z"},
		{"UTC", "in 3 days", "2026-11-26T00:00:00Z", "2026-11-26T23:59:59.999Z"},
		// 23:30 UTC is the next day there.
		{"Asia/Tokyo", "today", "2026-11-24T00:00:00+09:00", "2026-11-24T23:59:59.999+09:00"},
		{"Europe/Berlin", "2026-03-29", "2026-03-29T00:00:00+01:00", "2026-03-29T23:59:59.999+02:00"},
		{"Europe/Berlin", "2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-25T23:59:59.999+01:00"},
		{"Europe/Berlin", "2026-03-29T08:15", "2026-03-29T08:15:00+02:00", "2026-03-29T08:15:00+02:00"},
		{"Europe/Berlin", "2026-03-29T08:15:00Z", "2026-03-29T10:15:00+02:00", "2026-03-29T10:15:00+02:00"},
		// A day without a midnight, one with two, and a change of half an hour.
		{"Africa/Cairo", "2026-04-24", "2026-04-24T01:00:00+03:00", "2026-04-24T23:59:59.999+03:00"},
		{"America/Havana", "2026-11-01", "2026-11-01T00:00:00-04:00", "2026-11-01T23:59:59.999-05:00"},
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-05T00:00:00+11:00", "2026-04-05T23:59:59.999+10:30"},
		{"UTC", "1795824000000", "2026-11-28T00:00:00Z", "2026-11-28T00:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		d, err := dates.Parse(c.text, time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC).In(zone))
		got := []string{d.Start.Format(time.RFC3339Nano), d.End().Format(time.RFC3339Nano)}
		if diff := cmp.Diff([]string{c.start, c.end}, got); err != nil || diff != "" {
			t.Errorf("%s in %s: %v %s", c.text, c.zone, err, diff)
		}
	}
	for _, text := range []string{"", "soon", "2026-02-30", "in -1 days", "12"} {
		if d, err := dates.Parse(text, time.Unix(0, 0).UTC()); err == nil {
			t.Errorf("%q was read as %v", text, d.Start)
		}
	}
}

// FuzzParse looks for text that panics, a day that does not begin at its first instant, an end before its start, and a
// date that is not read back from its RFC 3339 form.
func FuzzParse(f *testing.F) {
	zones := []string{"UTC", "Europe/Rome", "America/New_York", "America/Santiago", "Australia/Lord_Howe",
		"Pacific/Apia"}
	for i, text := range []string{"march 30", "30.3. 15:00", "30. märz 2027", "tomorrow at 3pm", "end of month",
		"in 3 days",
		"2026-03-29T02:30", "1795824000000", "-9223372036854775808", "2026-11-24t15:00:00+23:59", "30.12.2011", "29.2.",
		"next monday", "0000-01-01", "9999-12-31 23:59"} {
		f.Add(text, uint8(i), int64(1795400000+i*86400))
	}
	f.Fuzz(func(t *testing.T, text string, zone uint8, unix int64) {
		loc, err := time.LoadLocation(zones[int(zone)%len(zones)])
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(unix%(1<<35), 0).In(loc)
		d, err := dates.Parse(text, now)
		if err != nil {
			return
		}
		if d.End().Before(d.Start) {
			t.Errorf("%q ends at %s, before its start %s", text, d.End(), d.Start)
		}
		if d.WholeDay && !d.Start.Equal(dates.StartOfDay(d.Start)) {
			t.Errorf("%q begins at %s", text, d.Start)
		}
		if year := d.Start.Year(); year < 1900 || year > 9998 {
			return // offsets with seconds and years of five digits have no RFC 3339 form
		}
		seconds := d.Start.Truncate(time.Second)
		if again, err := dates.Parse(seconds.Format(time.RFC3339), now); err != nil || !again.Start.Equal(seconds) {
			t.Errorf("%q became %s and then %s, %v", text, d.Start, again.Start, err)
		}
	})
}
