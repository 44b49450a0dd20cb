package calendar_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// hour is an hour in milliseconds; base is a Monday, 12:00 UTC.
const (
	hour = int64(time.Hour / time.Millisecond)
	base = 1_795_435_200_000
)

// randomEvents returns events on few times, titles and places, some of them without length and some all day long.
func randomEvents(random *rand.Rand) []agent.Event {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	events := make([]agent.Event, random.IntN(40))
	for i := range events {
		start := base + int64(random.IntN(12))*hour/4
		events[i] = agent.Event{ID: fmt.Sprintf("e%02d", i), Title: pick("", "Review", "review ", "Lunch"),
			Start: start, End: start + int64(random.IntN(5))*hour/4,
			Location: pick("", "Rome", "rome", "Milan", "https://meet.example")}
		if random.IntN(6) == 0 {
			events[i].Start = base - 12*hour
			events[i].End = events[i].Start + int64(1+random.IntN(2))*24*hour
		}
	}
	return events
}

// comparePairs returns what detect_conflicts must find, by comparing every pair: the kind and the ids.
func comparePairs(events []agent.Event, travel int64) (list [][3]string) {
	slices.SortStableFunc(events, func(a, b agent.Event) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.ID, b.ID))
	})
	title := func(e agent.Event) string { return agent.Normalize(e.Title) }
	allDay := func(e agent.Event) bool { return e.End-e.Start >= 24*hour }
	place := func(e agent.Event) string {
		if e.Location == "https://meet.example" {
			return ""
		}
		return agent.Normalize(e.Location)
	}
	for i, a := range events {
		for _, b := range events[i+1:] {
			kind := ""
			switch {
			case title(a) != "" && title(a) == title(b) && a.Start == b.Start && a.End == b.End:
				kind = "duplicate"
			case allDay(a) || allDay(b):
			case a.Start < b.End && b.Start < a.End:
				kind = "overlap"
			case b.Start >= a.End && b.Start-a.End < travel && place(a) != "" && place(b) != "" && place(a) != place(b):
				kind = "travel"
			}
			if kind != "" {
				list = append(list, [3]string{kind, a.ID, b.ID})
			}
		}
	}
	return list
}

func TestConflictsAreThoseOfEveryPair(t *testing.T) {
	t.Attr("case", "S17")
	t.Parallel()
	random := rand.New(rand.NewPCG(17, 17))
	for range 300 {
		events := randomEvents(random)
		minutes := []int{0, 15, 30, 90}[random.IntN(4)]
		want := comparePairs(slices.Clone(events), int64(minutes)*hour/60)
		text, _ := runTool(t, agent.Context{Events: events, Now: time.UnixMilli(base)}, "detect_conflicts",
			fmt.Sprintf(`{"travel_minutes":%d}`, minutes))
		var got struct {
			Total     int
			Conflicts []struct {
				Kind   string
				Events [2]struct{ ID string }
			}
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if got.Total != len(want) || len(got.Conflicts) != min(len(want), 100) {
			t.Fatalf("%d conflicts, %d listed; want %d of %+v", got.Total, len(got.Conflicts), len(want), events)
		}
		for i, c := range got.Conflicts {
			if found := [3]string{c.Kind, c.Events[0].ID, c.Events[1].ID}; found != want[i] {
				t.Fatalf("conflict %d is %v, want %v", i, found, want[i])
			}
		}
	}
}

// TestSuggestionIsTheNearestFreeTime compares the first suggestion with a search that compares every time with every
// event.
func TestSuggestionIsTheNearestFreeTime(t *testing.T) {
	t.Attr("case", "S17")
	t.Parallel()
	random := rand.New(rand.NewPCG(17, 18))
	for range 200 {
		moving := agent.Event{ID: "moving", Start: base, End: base + int64(random.IntN(9))*hour/4, Location: "Rome"}
		events := append(randomEvents(random), moving)
		text, _ := runTool(t, agent.Context{Events: events, Now: time.UnixMilli(base - 2*hour)}, "suggest_reschedule",
			`{"conflict":{"move":"moving"},"count":1}`)
		var got struct {
			Slots []struct {
				Start string
			}
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Slots) != 1 {
			t.Fatal(err, text)
		}
		start := readTime(t, agent.Context{}, got.Slots[0].Start)
		if want := nearestFree(events, moving); start.UnixMilli() != want {
			t.Fatalf("suggested %v, want %v of %+v", start, time.UnixMilli(want).UTC(), events)
		}
	}
}

// nearestFree returns the start of the free time nearest to the event's own, 10:00 to 18:00 on its day, a Monday, or
// 9:00 to 18:00 on those after it, with half an hour to another place.
func nearestFree(events []agent.Event, moving agent.Event) (best int64) {
	isFree := func(start, end int64) bool {
		return !slices.ContainsFunc(events, func(e agent.Event) bool {
			way := hour / 2
			if e.End-e.Start >= 24*hour || e.Location == "" || agent.Normalize(e.Location) == "rome" ||
				e.Location == "https://meet.example" {
				way = 0
			}
			return e.ID != moving.ID && start < e.End+way && e.Start-way < end
		})
	}
	distance := func(start int64) int64 { return max(start-moving.Start, moving.Start-start) }
	length := moving.End - moving.Start
	for noon := int64(base); noon < base+5*24*hour; noon += 24 * hour {
		for start := noon - 3*hour; start+length <= noon+6*hour; start += hour / 4 {
			if start >= base-2*hour && start != moving.Start && isFree(start, start+length) &&
				(best == 0 || distance(start) < distance(best)) {
				best = start
			}
		}
	}
	return best
}
