package dates_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/dates"
)

// monday is 23 November 2026.
func monday() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func TestFindDay(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"send it by 2026-12-01 please":         "2026-12-01 [by 2026-12-01]",
		"slides on the 5th of May":             "2027-05-05 [on the 5th of May]",
		"slides by December 3rd, 2027":         "2027-12-03 [by December 3rd, 2027]",
		"bis zum 5. März fertig":               "2027-03-05 [bis zum 5. März]",
		"entro il 7 gennaio":                   "2027-01-07 [entro il 7 gennaio]",
		"the day after tomorrow":               "2026-11-25 [the day after tomorrow]",
		"übermorgen":                           "2026-11-25 [übermorgen]",
		"dopodomani":                           "2026-11-25 [dopodomani]",
		"call Anna tonight":                    "2026-11-23 [tonight]",
		"anrufen für morgen":                   "2026-11-24 [für morgen]",
		"was due ieri":                         "2026-11-22 [due ieri]",
		"in 3 days":                            "2026-11-26 [in 3 days]",
		"within two weeks":                     "2026-12-07 [within two weeks]",
		"in einem Monat":                       "2026-12-23 [in einem Monat]",
		"fra tre settimane":                    "2026-12-14 [fra tre settimane]",
		"due next week":                        "2026-11-30 [due next week]",
		"nächsten Monat":                       "2026-12-23 [nächsten Monat]",
		"fine mese":                            "2026-11-30 [fine mese]",
		"on Monday":                            "2026-11-30 [on Monday]",
		"prossimo venerdi":                     "2026-11-27 [prossimo venerdi]",
		"party on 29 February":                 "2028-02-29 [on 29 February]",
		"free monday-friday":                   "2026-11-30 [monday]",
		"not on 31 April but on friday":        "2026-11-27 [on friday]",
		"buy 2 set of plates":                  "none",
		"in 3651 days":                         "none",
		"nothing to do":                        "none",
		"":                                     "none",
		"0000-01-01":                           "none",
		"tomorrow or on 3 december, who knows": "2026-12-03 [on 3 december]",
	} {
		got := "none"
		if day, at, ok := dates.FindDay(sentence, monday()); ok {
			got = fmt.Sprintf("%s [%s]", day.Format(time.DateOnly), sentence[at.Start:at.End])
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", sentence, got, want)
		}
	}
}

// TestFindDayWaitsForALeapYear also covers the end of a century: 2100 is not a leap year.
func TestFindDayWaitsForALeapYear(t *testing.T) {
	t.Parallel()
	for today, want := range map[string]string{"2026-01-01": "2028-02-29", "2028-02-29": "2028-02-29",
		"2028-03-01": "2032-02-29", "2096-03-01": "2104-02-29"} {
		now, err := time.Parse(time.DateOnly, today)
		if err != nil {
			t.Fatal(err)
		}
		for _, sentence := range []string{"on 29 February", "february 29th", "am 29. Februar", "il 29 febbraio"} {
			day, _, ok := dates.FindDay(sentence, now)
			if got := day.Format(time.DateOnly); !ok || got != want {
				t.Errorf("%q on %s: got %s, want %s", sentence, today, got, want)
			}
		}
	}
}

func TestFindDayInTwoMonthsStaysInTheMonth(t *testing.T) {
	t.Parallel()
	day, _, ok := dates.FindDay("in two months", time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC))
	if got := day.Format(time.DateOnly); !ok || got != "2027-02-28" {
		t.Errorf("got %s", got)
	}
}

func TestFindClock(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"today at 15:00":    "15h0m0s [at 15:00]",
		"at 3 pm, please":   "15h0m0s [at 3 pm]",
		"at 12am":           "0s [at 12am]",
		"at 12 pm":          "12h0m0s [at 12 pm]",
		"at 3":              "3h0m0s [at 3]",
		"at 5 o'clock":      "5h0m0s [at 5 o'clock]",
		"um 15 Uhr":         "15h0m0s [um 15 Uhr]",
		"alle ore 9":        "9h0m0s [alle ore 9]",
		"meet 9:30 or 10":   "9h30m0s [9:30]",
		"at 15 pm":          "15h0m0s [at 15 pm]",
		"at 25:99":          "none",
		"look at 3 reports": "3h0m0s [at 3 ]",
		"nothing":           "none",
	} {
		got := "none"
		if clock, at, ok := dates.FindClock(sentence); ok {
			got = fmt.Sprintf("%s [%s]", clock, sentence[at.Start:at.End])
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", sentence, got, want)
		}
	}
}

func TestFindPeriod(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"tasks due this week":   "2026-11-23 to 2026-11-29",
		"nächste Woche":         "2026-11-30 to 2026-12-06",
		"la settimana scorsa":   "2026-11-16 to 2026-11-22",
		"questo mese":           "2026-11-01 to 2026-11-30",
		"due tomorrow":          "2026-11-24 to 2026-11-24",
		"due by friday":         "0001-01-01 to 2026-11-27",
		"entro venerdì":         "0001-01-01 to 2026-11-27",
		"all of them, whenever": "0001-01-01 to 0001-01-01",
	} {
		first, last := dates.FindPeriod(sentence, monday())
		if got := first.Format(time.DateOnly) + " to " + last.Format(time.DateOnly); got != want {
			t.Errorf("%q: got %s, want %s", sentence, got, want)
		}
	}
}

func TestFindDeadline(t *testing.T) {
	t.Parallel()
	rome := at(t, "Europe/Rome", "2026-03-27T09:00") // Friday; clocks go forward on Sunday
	for sentence, want := range map[string]string{
		"send the offer by Sunday?":      "2026-03-29",
		"pagare entro venerdì":           "2026-04-03",
		"pagare entro venerdi":           "2026-04-03",
		"das Angebot bis morgen prüfen":  "2026-03-28",
		"due 2026-05-01 or so":           "2026-05-01",
		"on 2026-02-30, before the 4th":  "none",
		"on 2026-02-30, before saturday": "2026-03-28",
		"it was due yesterday":           "2026-03-26",
		"war am gestern fällig":          "2026-03-26",
		"call me today.":                 "2026-03-27",
		"chiamami domani!":               "2026-03-28",
		"until further notice":           "none",
		"Monday was fine":                "none",
	} {
		got := "none"
		if d, ok := dates.FindDeadline(sentence, rome); ok {
			got = d.Start.Format(time.DateOnly)
			if !d.WholeDay || !d.Start.Equal(dates.StartOfDay(d.Start)) {
				t.Errorf("%q is not a whole day: %v", sentence, d)
			}
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", sentence, got, want)
		}
	}
}

func TestFindDueDay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"send contract by Monday":       "2026-11-30",
		"renew domain 2027-04-02":       "2027-04-02",
		"2026-02-30, that is by monday": "none", // a malformed day is not replaced by another
		"next friday or today":          "2026-11-27",
		"Today!":                        "2026-11-23",
		"Monday was fine":               "none",
		"bis Freitag":                   "none",
		"":                              "none",
	} {
		got := "none"
		if d, ok := dates.FindDueDay(text, monday()); ok {
			got = d.Start.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// FuzzFind looks for sentences that panic, spans outside the sentence, and days that Parse does not read back.
func FuzzFind(f *testing.F) {
	for _, sentence := range []string{"by the 5th of May at 3 pm", "bis übermorgen um 25:99", "entro fine mese",
		"29 february",
		"in 3650 months", "due this week", "9999-12-31", "in ten weeks, at 12am", "\xff on monday"} {
		f.Add(sentence, int64(1795400000))
	}
	f.Fuzz(func(t *testing.T, sentence string, unix int64) {
		now := time.Unix(unix%(1<<35), 0).UTC()
		if day, at, ok := dates.FindDay(sentence, now); ok {
			if at.Start < 0 || at.End <= at.Start || at.End > len(sentence) {
				t.Errorf("%q: span %v", sentence, at)
			}
			d, err := dates.Parse(day.Format(time.DateOnly), now)
			if err != nil || !d.Start.Equal(day) {
				t.Errorf("%q: %s is read back as %s, %v", sentence, day, d.Start, err)
			}
		}
		if clock, at, ok := dates.FindClock(sentence); ok && (clock < 0 || clock >= 24*time.Hour ||
			at.End > len(sentence)) {
			t.Errorf("%q: %s at %v", sentence, clock, at)
		}
		if first, last := dates.FindPeriod(sentence, now); !first.IsZero() && last.Before(first) {
			t.Errorf("%q: from %s to %s", sentence, first, last)
		}
		dates.FindDeadline(sentence, now)
		dates.FindDueDay(sentence, now)
	})
}
