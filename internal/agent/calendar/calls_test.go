package calendar_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
	"github.com/adiuva/cloud-api/internal/testing/agenttest"
)

// at returns a context in the zone, now being a local time there.
func at(t *testing.T, zone, now string, events ...agent.Event) agent.Context {
	t.Helper()
	c := agent.Context{Location: agenttest.Zone(t, zone), Events: events}
	date, err := dates.Parse(now, time.Date(2026, 1, 1, 0, 0, 0, 0, c.Location))
	if err != nil {
		t.Fatal(err)
	}
	c.Now = date.Start
	return c
}

// event returns an event between two RFC 3339 times.
func event(t *testing.T, id, title, start, end string) agent.Event {
	t.Helper()
	return agent.Event{ID: id, Title: title, Start: agenttest.At(t, start), End: agenttest.At(t, end)}
}

func in(e agent.Event, zone, place string, attendees ...string) agent.Event {
	e.Timezone, e.Location, e.Attendees = zone, place, attendees
	return e
}

// checkCalls makes the calls of a file: a name, the tool with its arguments, and the text and actions expected of it.
func checkCalls(t *testing.T, c agent.Context, file string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		lines := strings.Split(call, "\n")
		if len(lines) != 3 {
			t.Fatalf("%s: a call has three lines: %q", file, call)
		}
		tool, arguments, _ := strings.Cut(lines[1], " ")
		if got := callWithActions(t, c, tool, arguments); got != lines[2] {
			t.Errorf("%s: %s %s:\ngot  %s\nwant %s", lines[0], tool, arguments, got, lines[2])
		}
	}
}

// TestCallsWhileClocksGoBack is on the weekend of 25 October 2026 in Berlin; the clocks go back at 3:00.
func TestCallsWhileClocksGoBack(t *testing.T) {
	t.Parallel()
	fair := in(event(t, "d", "Fair", "2026-10-26T00:00:00Z", "2026-10-28T00:00:00Z"), "W. Europe Standard Time",
		"Hall 3")
	fair.AllDay = true
	checkCalls(t, at(t, "Europe/Berlin", "2026-10-24T08:00",
		in(event(t, "n", "Night watch", "2026-10-24T23:00:00+02:00", "2026-10-25T02:30:00+01:00"),
			"W. Europe Standard Time", "Depot"), fair,
		in(event(t, "l", "Call with Lagos", "2026-10-28T09:00:00+01:00", "2026-10-28T10:00:00+01:00"),
			"W. Central Africa Standard Time", "", "Ada Obi <ada@example.com>")), "calls-clocks-go-back.txt")
}

// TestCallsWithNamesOfWindows is on the weekend of 8 March 2026 in New York; the clocks go forward at 2:00.
func TestCallsWithNamesOfWindows(t *testing.T) {
	t.Attr("case", "M16")
	t.Parallel()
	checkCalls(t, at(t, "America/New_York", "2026-03-06T16:50",
		in(event(t, "a", "Review", "2026-03-09T09:00:00-04:00", "2026-03-09T10:00:00-04:00"), "Eastern Standard Time",
			"Office", "Leo", "Ann"),
		in(event(t, "b", "Sales", "2026-03-09T14:30:00+01:00", "2026-03-09T15:30:00+01:00"), "Romance Standard Time",
			"https://meet.example", "leo"),
		in(event(t, "o", "Off", "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"), "Eastern Standard Time", ""),
		event(t, "y", "Ann's birthday", "2026-03-11T00:00:00-04:00", "2026-03-12T00:00:00-04:00")),
		"calls-windows-names.txt")
}

// TestCallsInOddZones has clocks that change by half an hour, at midnight, and not at all.
func TestCallsInOddZones(t *testing.T) {
	t.Parallel()
	checkCalls(t, at(t, "Australia/Lord_Howe", "2026-04-04T08:00",
		event(t, "e", "Early", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z")), "calls-lord-howe.txt")
	checkCalls(t, at(t, "America/Santiago", "2026-09-05T08:00",
		event(t, "d", "Off", "2026-09-06T00:00:00Z", "2026-09-07T00:00:00Z")), "calls-santiago.txt")
	checkCalls(t, at(t, "Asia/Kolkata", "2026-11-30T08:00",
		in(event(t, "k", "Call", "2026-11-30T09:10:00+05:30", "2026-11-30T09:40:00+05:30"), "India Standard Time", "")),
		"calls-kolkata.txt")
}
