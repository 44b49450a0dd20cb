package calendar_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/agenttest"
)

// series returns the calendar of a user in Berlin on Monday, 30 November 2026, 08:00: a stand-up every day at 9:00,
// whose rows share an id, and a review at the time of the second one.
func series(t *testing.T, days int) agent.Context {
	t.Helper()
	z := agenttest.Zone(t, "Europe/Berlin")
	c := agent.Context{Location: z, Now: time.Date(2026, 11, 30, 8, 0, 0, 0, z)}
	for day := range days {
		start := time.Date(2026, 11, 30+day, 9, 0, 0, 0, z)
		c.Events = append(c.Events, agent.Event{ID: "s", Title: "Stand-up", RecurringEventID: "r",
			Start: start.UnixMilli(), End: start.Add(30 * time.Minute).UnixMilli()})
	}
	review := time.Date(2026, 12, 1, 9, 15, 0, 0, z)
	c.Events = append(c.Events, agent.Event{ID: "v", Title: "Review", Start: review.UnixMilli(),
		End: review.Add(time.Hour).UnixMilli(), Attendees: []string{"Ann"}})
	return c
}

// callWithActions runs a tool and returns its text and, where there are any, the actions.
func callWithActions(t *testing.T, c agent.Context, tool, arguments string) string {
	t.Helper()
	text, run := runTool(t, c, tool, arguments)
	if len(run.Actions()) == 0 {
		return text
	}
	actions, err := json.Marshal(run.Actions())
	if err != nil {
		t.Fatal(err)
	}
	return text + " " + string(actions)
}

func TestEventsThatShareAnIDAreToldApartByStart(t *testing.T) {
	t.Parallel()
	standUp := func(weekday, day, start, end string) string {
		return `{"id":"s","title":"Stand-up","weekday":"` + weekday + `","start":"2026-12-` + day + `T` + start +
			`","end":"2026-12-` + day + `T` + end + `","minutes":30,"recurring_event_id":"r"}`
	}
	starts := `2026-11-30T09:00, 2026-12-01T09:00, 2026-12-02T09:00`
	moved := fmt.Sprintf(`{"proposed":%s} [{"type":"update_record","table":"events","data":`+
		`{"end":%d,"id":"s","originalStart":%d,"start":%d}}]`, standUp("Wednesday", "02", "11:00", "11:30"),
		agenttest.At(t, "2026-12-02T11:30:00+01:00"), agenttest.At(t, "2026-12-02T09:00:00+01:00"),
		agenttest.At(t, "2026-12-02T11:00:00+01:00"))
	for _, c := range []struct{ tool, in, want string }{
		{"move_event", `{"id":"s","start":"2026-12-02T11:00"}`,
			`error: several events have the id "s"; say in old_start which one you mean: ` + starts},
		{"move_event", `{"id":"s","start":"2026-12-02T11:00","old_start":"2026-12-02T09:00"}`, moved},
		{"move_event", `{"id":"s","start":"2026-12-02T11:00","old_start":"wednesday"}`, moved},
		{"move_event", `{"id":"s","start":"2026-12-02T11:00","old_start":"2026-12-02T10:00"}`,
			`error: old_start: no event with the id "s" starts then; they start at ` + starts},
		{"move_event", `{"id":"s","start":"2026-12-02T11:00","old_start":"sometime"}`,
			`error: old_start: "sometime" is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM`},
		{"suggest_reschedule", `{"conflict":{"event_ids":["s","v"]}}`,
			`error: several events have the id "s"; say in conflict.start which one you mean: ` + starts},
		{"suggest_reschedule", `{"conflict":{"move":"s","start":"2026-12-01T09:00"},"count":1}`,
			`{"event":` + standUp("Tuesday", "01", "09:00", "09:30") + `,"slots":[{"weekday":"Tuesday",` +
				`"start":"2026-12-01T10:15","end":"2026-12-01T10:45"}]}`},
		{"suggest_reschedule", `{"conflict":{"move":"s","start":"2026-12-02T09:00"},"count":1,"day_end":"09:45"}`,
			`{"event":` + standUp("Wednesday", "02", "09:00", "09:30") + `,"slots":[{"weekday":"Wednesday",` +
				`"start":"2026-12-02T09:15","end":"2026-12-02T09:45"}]}`},
		{"detect_conflicts", `{"events":[{"id":"s"},{"id":"v"}]}`,
			`error: events[0]: several events have the id "s"; say in start which one you mean: ` + starts},
		{"detect_conflicts", `{"events":[{"id":"s","start":"2026-12-02T09:00"},{"id":"v"}]}`,
			`{"checked":2,"total":0,"conflicts":[]}`},
	} {
		if got := callWithActions(t, series(t, 3), c.tool, c.in); got != c.want {
			t.Errorf("%s %s:\ngot  %s\nwant %s", c.tool, c.in, got, c.want)
		}
	}
}

func TestErrorNamesTheNextStartsOfALongSeries(t *testing.T) {
	t.Parallel()
	c := series(t, 300)
	c.Now = c.Now.AddDate(0, 1, 0)
	want := `error: several events have the id "s"; say in old_start which one you mean: 2026-12-25T09:00, ` +
		`2026-12-26T09:00, 2026-12-27T09:00, 2026-12-28T09:00, 2026-12-29T09:00, 2026-12-30T09:00, 2026-12-31T09:00, ` +
		`2027-01-01T09:00, 2027-01-02T09:00, 2027-01-03T09:00, and 290 more`
	if got, _ := runTool(t, c, "move_event", `{"id":"s","start":"2027-02-01T11:00"}`); got != want {
		t.Errorf("got %s", got)
	}
}

func TestRowSentTwiceIsOneEvent(t *testing.T) {
	t.Parallel()
	c := series(t, 1)
	c.Events = append(c.Events, c.Events[0])
	want := fmt.Sprintf(`{"proposed":{"id":"s","title":"Stand-up","weekday":"Monday","start":"2026-11-30T11:00",`+
		`"end":"2026-11-30T11:30","minutes":30,"recurring_event_id":"r"}} [{"type":"update_record","table":"events",`+
		`"data":{"end":%d,"id":"s","start":%d}}]`, agenttest.At(t, "2026-11-30T11:30:00+01:00"),
		agenttest.At(t, "2026-11-30T11:00:00+01:00"))
	if got := callWithActions(t, c, "move_event", `{"id":"s","start":"2026-11-30T11:00"}`); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
