package calendar_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
	"github.com/adiuva/cloud-api/internal/testing/agenttest"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// changes are days around which clocks change, or on which a zone has something else that is odd.
var changes = []struct{ zone, day string }{
	{"Europe/Berlin", "2026-03-28"}, {"Europe/Berlin", "2026-10-24"}, {"America/New_York", "2026-03-07"},
	{"America/New_York", "2026-10-31"}, {"Australia/Lord_Howe", "2026-04-04"}, {"Australia/Lord_Howe", "2026-10-03"},
	{"America/Santiago", "2026-04-03"}, {"America/Santiago", "2026-09-05"}, {"America/Havana", "2026-03-07"},
	{"America/Havana", "2026-10-31"}, {"Africa/Cairo", "2026-04-23"}, {"Africa/Casablanca", "2026-03-21"},
	{"Pacific/Chatham", "2026-04-04"}, {"America/St_Johns", "2026-03-07"}, {"Atlantic/Azores", "2026-10-24"},
	{"Africa/Lagos", "2026-06-01"}, {"UTC", "2026-12-30"}, {"Asia/Kolkata", "2026-02-27"},
	{"Pacific/Apia", "2026-01-01"}, {"Pacific/Apia", "2011-12-28"}, // there was no 30 December
}

// freeCase is a random calendar and a search in it.
type freeCase struct {
	agent.Context
	from, to           time.Time
	fromText, toText   string
	minutes            int
	open, closed       int // minutes of the day
	weekends, noAllDay bool
	travel             int
	place              string
}

func randomFreeCase(t *testing.T, random *rand.Rand) freeCase {
	change := changes[random.IntN(len(changes))]
	zone := agenttest.Zone(t, change.zone)
	day, err := time.ParseInLocation("2006-01-02 15", change.day+" 12", zone)
	if err != nil {
		t.Fatal(err)
	}
	first := dates.StartOfDay(day)
	minute := func(n int) time.Time { return first.Add(time.Duration(n) * time.Minute) }
	c := freeCase{Context: agent.Context{Location: zone, Now: minute(random.IntN(1440))},
		minutes:  []int{5, 15, 25, 30, 45, 60, 90, 120, 240}[random.IntN(9)],
		weekends: random.IntN(4) > 0, noAllDay: random.IntN(3) == 0, travel: []int{0, 10, 30, 90}[random.IntN(4)],
		place: []string{"", "Rome", "Bari"}[random.IntN(3)]}
	c.open = random.IntN(80) * 15
	if random.IntN(5) == 0 {
		c.open = random.IntN(1000)
	}
	c.closed = min(c.open+c.minutes+random.IntN(900), 1440)
	c.minutes = min(c.minutes, c.closed-c.open)
	c.from = minute(random.IntN(3000) - 500)
	c.fromText = dates.Format(c.from)
	c.to = minute(3000 + random.IntN(4000))
	if c.toText = dates.Format(c.to); random.IntN(2) == 0 {
		c.toText = c.to.Format(time.DateOnly)
		c.to = dates.StartOfDay(dates.Date{Start: dates.StartOfDay(c.to), WholeDay: true}.End().Add(time.Hour))
	}
	for n := range random.IntN(25) {
		c.Events = append(c.Events, randomEvent(random, n, zone, minute(random.IntN(7000)-1000)))
	}
	return c
}

func randomEvent(random *rand.Rand, n int, zone *time.Location, start time.Time) agent.Event {
	e := agent.Event{ID: fmt.Sprint(n % 20), Title: []string{"Talk", "Anna's Birthday"}[random.IntN(2)],
		Location: []string{"", "Rome", "rome ", "Bari", "https://meet.example"}[random.IntN(5)],
		Start:    start.UnixMilli(), End: start.Add(time.Duration(random.IntN(180)) * time.Minute).UnixMilli()}
	if random.IntN(6) > 0 {
		return e
	}
	days := 1 + random.IntN(2)
	switch random.IntN(3) {
	case 0: // as Graph writes it
		day := dates.Day(start, time.UTC).Start
		e.Start, e.End, e.AllDay = day.UnixMilli(), day.AddDate(0, 0, days).UnixMilli(), true
	case 1:
		day := dates.Day(start, time.UTC).Start
		e.Start, e.End = day.UnixMilli(), day.AddDate(0, 0, days).UnixMilli()
	default:
		noon := time.Date(start.Year(), start.Month(), start.Day()+days, 12, 0, 0, 0, zone)
		e.Start, e.End = dates.StartOfDay(start).UnixMilli(), dates.StartOfDay(noon).UnixMilli()
	}
	return e
}

// freeAnswer is what find_free_time and the checker both say: the number of free times and the first ten.
type freeAnswer struct {
	Total int
	Slots []struct {
		Weekday, Start, End string
		FreeUntil           string `json:"free_until"`
	}
}

func TestFreeTimesAreThoseOfEveryMinute(t *testing.T) {
	t.Parallel()
	calendars := 500
	if soak.Enabled {
		calendars = 10_000
	}
	random := rand.New(rand.NewPCG(16, 4))
	found := 0
	for n := range calendars {
		c := randomFreeCase(t, random)
		arguments := fmt.Sprintf(`{"from":%q,"to":%q,"minutes":%d,"day_start":"%02d:%02d","day_end":"%02d:%02d",`+
			`"weekends":%v,"ignore_all_day":%v,"travel_minutes":%d,"place":%q,"count":10}`, c.fromText, c.toText,
			c.minutes, c.open/60, c.open%60, c.closed/60, c.closed%60, c.weekends, c.noAllDay, c.travel, c.place)
		text, _ := runTool(t, c.Context, "find_free_time", arguments)
		var got freeAnswer
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(n, arguments, text)
		}
		want := searchEveryMinute(c)
		if found += want.Total; got.Total != want.Total || !slices.Equal(got.Slots, want.Slots) {
			t.Fatalf("calendar %d in %s, at %s: %s\ngot  %+v\nwant %+v\nevents %+v", n, c.Location, c.LocalNow(),
				arguments, got, want, c.Events)
		}
	}
	if found < calendars {
		t.Errorf("only %d free times", found)
	}
}

// searchEveryMinute looks at every minute of every day for itself, by what the zone's clocks show.
func searchEveryMinute(c freeCase) (out freeAnswer) {
	first := c.from.Add(-48 * time.Hour)
	minutes := make([]time.Time, 0, 12_000)
	for m := first; m.Before(c.to.Add(24 * time.Hour)); m = m.Add(time.Minute) {
		minutes = append(minutes, m.In(c.Location))
	}
	dayOf := make([]int, len(minutes))
	for i, m := range minutes {
		dayOf[i] = dayNumber(m)
	}
	busy, points := busyMinutes(c, minutes, dayOf)
	weekends := c.weekends || !slices.ContainsFunc(minutes, func(m time.Time) bool {
		return !isWeekend(m) && !m.Before(c.from) && !m.Before(c.Now) && m.Before(c.to)
	})
	var last time.Time
	for i := 0; i < len(minutes); {
		day := i
		for i < len(minutes) && dayOf[i] == dayOf[day] {
			i++
		}
		if isWeekend(minutes[day]) && !weekends || minutes[i-1].Before(c.from) || minutes[day].After(c.to) {
			continue
		}
		shows := func(minute int) int {
			for k := day; k < i; k++ {
				if minutes[k].Hour()*60+minutes[k].Minute() >= minute {
					return k
				}
			}
			return i
		}
		closed := shows(c.closed)
		for closed > 0 && minutes[min(closed, len(minutes)-1)].After(c.to) {
			closed--
		}
		for k := shows(c.open); k+c.minutes <= closed; k += 15 {
			if minutes[k].Before(c.from) || minutes[k].Before(c.Now) || minutes[k].Before(last) ||
				slices.Contains(busy[k:k+c.minutes], true) || slices.Contains(points[k+1:k+c.minutes], true) {
				continue
			}
			last = minutes[k+c.minutes]
			out.add(minutes, k, k+c.minutes, freeEnd(busy, points, k+c.minutes, closed))
		}
	}
	return out
}

func isWeekend(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday }

func (a *freeAnswer) add(minutes []time.Time, start, end, until int) {
	if a.Total++; a.Total > 10 {
		return
	}
	a.Slots = append(a.Slots, struct {
		Weekday, Start, End string
		FreeUntil           string `json:"free_until"`
	}{minutes[start].Weekday().String(), dates.Format(minutes[start]), dates.Format(minutes[end]), ""})
	if until > end {
		a.Slots[len(a.Slots)-1].FreeUntil = dates.Format(minutes[until])
	}
}

func freeEnd(busy, points []bool, from, closed int) int {
	for from < closed && !busy[from] && !points[from] {
		from++
	}
	return from
}

// busyMinutes says for each minute whether an event takes it, and whether an event without length is at its start.
func busyMinutes(c freeCase, minutes []time.Time, dayOf []int) (busy, points []bool) {
	busy, points = make([]bool, len(minutes)), make([]bool, len(minutes))
	for _, e := range c.Events {
		if days := daysOf(e, c.Location); days != nil {
			for k := range minutes {
				busy[k] = busy[k] || !c.noAllDay && e.Title == "Talk" && slices.Contains(days, dayOf[k])
			}
			continue
		}
		way := int64(0)
		if there := agent.Normalize(e.Location); c.place != "" && (there == "rome" || there == "bari") &&
			there != agent.Normalize(c.place) {
			way = int64(c.travel) * 60_000
		}
		for k, m := range minutes {
			at := m.UnixMilli()
			busy[k] = busy[k] || e.Start-way <= at && at < e.End+way
			points[k] = points[k] || at == e.Start && e.Start == e.End && way == 0
		}
	}
	return busy, points
}

// dayNumber is the same for all times of one calendar day, and larger for later days.
func dayNumber(t time.Time) int { return t.Year()*1000 + t.YearDay() }

// daysOf returns the days of an event that lasts all day, and nil for one of at most three hours.
func daysOf(e agent.Event, zone *time.Location) (days []int) {
	if e.End-e.Start < 20*3_600_000 {
		return nil
	}
	first, last := time.UnixMilli(e.Start).UTC(), time.UnixMilli(e.End).UTC()
	if first.Hour()+first.Minute() > 0 || last.Hour()+last.Minute() > 0 {
		first, last = first.In(zone), last.In(zone)
	}
	for n := 0; ; n++ {
		day := dayNumber(time.Date(first.Year(), first.Month(), first.Day()+n, 0, 0, 0, 0, time.UTC))
		if n > 0 && day >= dayNumber(last) {
			return days
		}
		days = append(days, day)
	}
}
