package calendar_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/calendar"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/agenttest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func runTool(t *testing.T, c agent.Context, name, arguments string) (string, *agent.Run) {
	t.Helper()
	return agenttest.RunTool(t, calendar.New(nil), c, name, arguments)
}

// readTime returns a time of a result as the model would write it back.
func readTime(t *testing.T, c agent.Context, text string) time.Time {
	t.Helper()
	date, err := c.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return date.Start
}

// calendarInRome returns the data of a user in Rome on Friday, 27 March 2026, 08:00; clocks go forward on Sunday.
func calendarInRome(t *testing.T) agent.Context {
	t.Helper()
	z := agenttest.Zone(t, "Europe/Rome")
	return agent.Context{Location: z, Now: time.Date(2026, 3, 27, 8, 0, 0, 0, z), Events: []agent.Event{
		{ID: "a", Title: "Review", Start: agenttest.At(t, "2026-03-27T10:00:00+01:00"),
			End:      agenttest.At(t, "2026-03-27T11:00:00+01:00"),
			Location: "Office", Attendees: []string{"Leo", "Ann"}},
		{ID: "b", Title: "Sales", Start: agenttest.At(t, "2026-03-27T05:30:00-04:00"),
			End:      agenttest.At(t, "2026-03-27T06:15:00-04:00"),
			Timezone: "America/New_York", Location: "https://meet.example", Attendees: []string{"leo"}},
		{ID: "c", Title: "Dentist", Start: agenttest.At(t, "2026-03-27T11:20:00+01:00"),
			End: agenttest.At(t, "2026-03-27T12:00:00+01:00"), Location: "Via Roma 1"},
		{ID: "x", Title: "Broken", Start: agenttest.At(t, "2026-03-27T11:20:00+01:00"),
			End: agenttest.At(t, "2026-03-27T09:00:00+01:00")},
	}}
}

const (
	rowA = `{"id":"a","title":"Review","weekday":"Friday","start":"2026-03-27T10:00",` +
		`"end":"2026-03-27T11:00","minutes":60,"location":"Office","attendees":["Leo","Ann"]}`
	rowB = `{"id":"b","title":"Sales","weekday":"Friday","start":"2026-03-27T10:30",` +
		`"end":"2026-03-27T11:15","minutes":45,` +
		`"event_zone":"America/New_York","start_in_event_zone":"2026-03-27T05:30",` +
		`"location":"https://meet.example","attendees":["leo"]}`
	rowC = `{"id":"c","title":"Dentist","weekday":"Friday","start":"2026-03-27T11:20",` +
		`"end":"2026-03-27T12:00","minutes":40,"location":"Via Roma 1"}`
	skipped = `,"skipped":[{"id":"x","title":"Broken","why":"ends before it starts"}]`
)

func TestToolResults(t *testing.T) {
	t.Parallel()
	overlap := `{"kind":"overlap","events":[` + rowA + `,` + rowB +
		`],"overlap_minutes":30,"double_booked":["Leo"],"day":"2026-03-27 Friday"}`
	travel := `{"kind":"travel","events":[` + rowA + `,` + rowC +
		`],"gap_minutes":20,"needed_minutes":30,"day":"2026-03-27 Friday"}`
	for _, c := range []struct{ tool, in, want string }{
		{"list_events", `{"date_range":{"from":"today","to":"2026-03-27"}}`,
			`{"total":3,"events":[` + rowA + `,` + rowB + `,` + rowC + `]` + skipped + `}`},
		{"list_events", `{"date_range":{"from":"2026-03-27T11:15"}}`,
			`{"total":1,"events":[` + rowC + `]` + skipped + `}`},
		{"list_events", `{"date_range":{"from":"2026-03-28","to":"2026-03-27"}}`,
			`error: date_range: it ends before it begins`},
		{"list_events", `{"date_range":{"from":"whenever"}}`,
			`error: date_range.from: "whenever" is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM`},
		{"detect_conflicts", `{}`,
			`{"checked":3,"total":2,"conflicts":[` + overlap + `,` + travel + `]` + skipped + `}`},
		{"detect_conflicts", `{"events":[],"travel_minutes":20}`,
			`{"checked":3,"total":1,"conflicts":[` + overlap + `]` + skipped + `}`},
		{"detect_conflicts", `{"events":[{"id":"a"},{"id":"c"}]}`,
			`{"checked":2,"total":1,"conflicts":[` + travel + `]}`},
		{"detect_conflicts", `{"events":[{"id":"a"},{"id":"zz"}]}`, `{"checked":1,"total":0,"conflicts":[],` +
			`"skipped":[{"id":"zz","title":"","why":"no event of this request has this id, and no start is given"}]}`},
		{"list_events", `{"page":2}`, `error: page must be between 1 and 1`},
		{"detect_conflicts", `{"travel_minutes":-1}`, `error: travel_minutes must be between 0 and 1440`},
		{"suggest_reschedule", `{"conflict":{"event_ids":["a","b"]}}`, `{"event":` + rowB + `,"slots":[` +
			`{"weekday":"Friday","start":"2026-03-27T09:15","end":"2026-03-27T10:00"},` +
			`{"weekday":"Friday","start":"2026-03-27T12:00","end":"2026-03-27T12:45"},` +
			`{"weekday":"Friday","start":"2026-03-27T12:45","end":"2026-03-27T13:30"}]}`},
		{"suggest_reschedule", `{"conflict":{"move":"c"},"day_start":"09:00","day_end":"09:30"}`, `{"event":` + rowC +
			`,"slots":[],"note":"There is no free time of this length within the working hours of these days."}`},
		{"suggest_reschedule", `{"conflict":{"move":"zz"}}`,
			`error: there is no event with id "zz" and readable times in this request`},
		{"suggest_reschedule", `{"day_start":"25:00"}`, `error: day_start: "25:00" is not a time of day; write HH:MM`},
		{"move_event", `{"id":"c","start":"2026-03-26T09:00"}`, `error: start: that time is past`},
	} {
		if got, _ := runTool(t, calendarInRome(t), c.tool, c.in); got != c.want {
			t.Errorf("%s %s:\ngot  %s\nwant %s", c.tool, c.in, got, c.want)
		}
	}
	for tool, want := range map[string]string{"list_events": `{"total":0,"events":[]}`,
		"detect_conflicts":   `{"checked":0,"total":0,"conflicts":[]}`,
		"suggest_reschedule": `error: no conflict lies ahead; name an event to move`} {
		if got, _ := runTool(t, agent.Context{}, tool, ``); got != want {
			t.Errorf("%s: %s", tool, got)
		}
	}
}

func TestMoveKeepsLengthOverTheClockChange(t *testing.T) {
	t.Parallel()
	_, run := runTool(t, calendarInRome(t), "move_event", `{"id":"c","start":"2026-03-30T09:00"}`)
	got, err := json.Marshal(run.Actions())
	want := fmt.Sprintf(`[{"type":"update_record","table":"events","data":{"end":%d,"id":"c","start":%d}}]`,
		agenttest.At(t, "2026-03-30T09:40:00+02:00"), agenttest.At(t, "2026-03-30T09:00:00+02:00"))
	if err != nil || string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestSuggestedSlotsAreFree checks, for several zones, days and random events, that a suggested time is in working
// hours, keeps the length, is not past, and overlaps no other event.
func TestSuggestedSlotsAreFree(t *testing.T) {
	t.Parallel()
	for i, name := range []string{"Europe/Rome", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"} {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		z := agenttest.Zone(t, name)
		suggested := 0
		for _, start := range []time.Time{time.Date(2026, 3, 5, 10, 7, 0, 0, z), time.Date(2026, 3, 27, 16, 0, 0, 0, z),
			time.Date(2026, 4, 3, 8, 0, 0, 0, z), time.Date(2026, 9, 25, 8, 0, 0, 0, z), time.Date(2026, 10, 23, 17,
				0, 0, 0, z)} {
			c := agent.Context{Location: z, Now: start}
			for n := range 80 {
				from := start.Add(time.Duration(random.IntN(18*24*4)) * 15 * time.Minute)
				c.Events = append(c.Events,
					agent.Event{ID: fmt.Sprint(n), Title: fmt.Sprint(n), Start: from.UnixMilli(),
						End:      from.Add(time.Duration(15+random.IntN(120)) * time.Minute).UnixMilli(),
						Location: fmt.Sprint("Room ", random.IntN(3))})
			}
			suggested += checkSlots(t, c)
		}
		if suggested == 0 {
			t.Error("no slots in", name)
		}
	}
}

func checkSlots(t *testing.T, c agent.Context) int {
	t.Helper()
	text, _ := runTool(t, c, "suggest_reschedule", `{"conflict":{"move":"7"},"count":10}`)
	var out struct {
		Slots []struct {
			Start string
			End   string
		}
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err, text)
	}
	for _, s := range out.Slots {
		start, end := readTime(t, c, s.Start), readTime(t, c, s.End)
		if day := start.Weekday(); day == time.Saturday || day == time.Sunday || start.Before(c.Now) ||
			start.Hour() < 9 ||
			end.Format("15:04") > "18:00" || end.Day() != start.Day() ||
			end.Sub(start).Milliseconds() != c.Events[7].End-c.Events[7].Start {
			t.Errorf("slot from %v to %v", start, end)
		}
		for _, e := range c.Events {
			gap := int64(0)
			if e.Location != c.Events[7].Location {
				gap = 30 * 60_000
			}
			if e.ID != "7" && start.UnixMilli() < e.End+gap && e.Start < end.UnixMilli()+gap {
				t.Errorf("slot at %v overlaps event %v", start, e)
			}
		}
	}
	return len(out.Slots)
}

func TestAllDayEventsOnlyDuplicateEachOther(t *testing.T) {
	t.Parallel()
	z := agenttest.Zone(t, "Pacific/Auckland") // clocks go back on 5 April 2026: the day has 25 hours
	c := agent.Context{Location: z, Now: time.Date(2026, 4, 1, 8, 0, 0, 0, z)}
	c.Events = []agent.Event{
		{ID: "d", Title: "Off", Start: time.Date(2026, 4, 5, 0, 0, 0, 0, z).UnixMilli(),
			End: time.Date(2026, 4, 6, 0, 0, 0, 0, z).UnixMilli()},
		{ID: "e", Title: "Run", Start: time.Date(2026, 4, 5, 8, 0, 0, 0, z).UnixMilli(),
			End: time.Date(2026, 4, 5, 9, 0, 0, 0, z).UnixMilli()},
		{ID: "f", Title: "off ", Start: time.Date(2026, 4, 5, 0, 0, 0, 0, z).UnixMilli(),
			End: time.Date(2026, 4, 6, 0, 0, 0, 0, z).UnixMilli()},
	}
	day := func(id, title string) string {
		return `{"id":"` + id + `","title":"` + title + `","weekday":"Sunday","start":"2026-04-05",` +
			`"end":"2026-04-05","all_day":true,"days":1}`
	}
	want := `{"checked":3,"total":1,"conflicts":[{"kind":"duplicate","events":[` + day("d", "Off") + `,` + day("f",
		"off ") +
		`],"overlap_minutes":1500,"day":"2026-04-05 Sunday"}]}`
	if got, _ := runTool(t, c, "detect_conflicts", ``); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestAllDayEventsAreTheirDays reads events of Microsoft Graph and of others in the caller's zone.
func TestAllDayEventsAreTheirDays(t *testing.T) {
	t.Attr("case", "M16")
	t.Parallel()
	event := func(start, end, zone string, allDay bool) agent.Event {
		return agent.Event{ID: "d", Title: "Off", Start: agenttest.At(t, start), End: agenttest.At(t, end),
			Timezone: zone, AllDay: allDay}
	}
	graph := event("2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z", "W. Europe Standard Time", true)
	twoDays := `"weekday":"Saturday","start":"2026-11-28","end":"2026-11-29","all_day":true,"days":2}`
	oneDay := `"weekday":"Saturday","start":"2026-11-28","end":"2026-11-28","all_day":true,"days":1}`
	for _, c := range []struct {
		name, zone string
		event      agent.Event
		want       string
	}{
		{"Graph", "Europe/Berlin", graph, oneDay},
		{"Graph, caller in the west", "America/New_York", graph, oneDay},
		{"Graph, caller in the east", "Pacific/Kiritimati", graph, oneDay},
		{"without the mark", "America/New_York",
			event("2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z", "Eastern Standard Time", false), oneDay},
		{"without a zone", "America/Santiago", event("2026-11-28T00:00:00Z", "2026-11-30T00:00:00Z", "", false),
			twoDays},
		{"midnights of its own zone", "Europe/Rome",
			event("2026-11-28T00:00:00+13:00", "2026-11-30T00:00:00+13:00", "New Zealand Standard Time", false),
			twoDays},
		{"midnights of an unknown zone are the caller's", "Europe/Rome",
			event("2026-11-28T00:00:00+01:00", "2026-11-29T00:00:00+01:00", "Mars Standard Time", false), oneDay},
		{"the caller's midnights, although Graph names UTC", "Europe/Rome",
			event("2026-11-28T00:00:00+01:00", "2026-11-29T00:00:00+01:00", "UTC", true), oneDay},
		{"the caller's midnights without the mark", "America/New_York",
			event("2026-11-28T00:00:00-05:00", "2026-11-29T00:00:00-05:00", "UTC", false), oneDay},
		{"the caller's midnight and last second", "Europe/Rome",
			event("2026-11-28T00:00:00+01:00", "2026-11-29T23:59:59+01:00", "UTC", true), twoDays},
		{"ends at its own start", "Europe/Rome",
			event("2026-11-28T00:00:00+01:00", "2026-11-28T00:00:00+01:00", "", true), oneDay},
		{"ends with the last second", "Europe/Rome",
			event("2026-11-28T00:00:00+01:00", "2026-11-29T23:59:59+01:00", "", true), twoDays},
		{"midnights of another zone", "Europe/Rome",
			event("2026-11-28T00:00:00-05:00", "2026-11-29T00:00:00-05:00", "", true), oneDay},
		{"a day of working hours", "Europe/Rome",
			event("2026-11-28T09:00:00+01:00", "2026-11-28T17:00:00+01:00", "", true), oneDay},
	} {
		text, _ := runTool(t, agent.Context{Location: agenttest.Zone(t, c.zone), Events: []agent.Event{c.event}},
			"list_events", `{"date_range":{"from":"2026-11-28","to":"2026-11-28"}}`)
		if !strings.Contains(text, `"title":"Off",`+c.want) {
			t.Errorf("%s: got %s, want %s", c.name, text, c.want)
		}
	}
}

func TestMovedDaysKeepTheMidnightsOfTheirRow(t *testing.T) {
	t.Attr("case", "M16")
	t.Parallel()
	for _, c := range []struct{ name, zone, start, end, wantStart, wantEnd string }{
		{"of UTC", "W. Europe Standard Time", "2026-03-27T00:00:00Z", "2026-03-28T00:00:00Z",
			"2026-03-30T00:00:00Z", "2026-03-31T00:00:00Z"},
		{"of its own zone", "America/New_York", "2026-03-27T00:00:00-04:00", "2026-03-28T00:00:00-04:00",
			"2026-03-30T00:00:00-04:00", "2026-03-31T00:00:00-04:00"},
		{"of the caller's zone", "UTC", "2026-03-27T00:00:00+01:00", "2026-03-28T00:00:00+01:00",
			"2026-03-30T00:00:00+02:00", "2026-03-31T00:00:00+02:00"},
		{"to the last second", "UTC", "2026-03-27T00:00:00+01:00", "2026-03-27T23:59:59+01:00",
			"2026-03-30T00:00:00+02:00", "2026-03-31T00:00:00+02:00"},
	} {
		rome := calendarInRome(t)
		rome.Events = []agent.Event{{ID: "d", Title: "Off", Start: agenttest.At(t, c.start),
			End: agenttest.At(t, c.end), Timezone: c.zone, AllDay: true}}
		text, run := runTool(t, rome, "move_event", `{"id":"d","start":"2026-03-30"}`)
		want := fmt.Sprintf(`[{"type":"update_record","table":"events","data":{"end":%d,"id":"d","start":%d}}]`,
			agenttest.At(t, c.wantEnd), agenttest.At(t, c.wantStart))
		if got, err := json.Marshal(run.Actions()); err != nil || string(got) != want {
			t.Errorf("midnights %s: got %s, %v, want %s; %s", c.name, got, err, want, text)
		}
	}
}

func TestFreeTimeOnAWeekendThatThePersonNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, first string }{
		{`{"from":"2026-03-28","to":"2026-03-28"}`, "2026-03-28T09:00"},
		{`{"from":"saturday","to":"sunday"}`, "2026-03-28T09:00"},
		{`{"from":"2026-03-28"}`, "2026-03-30T09:00"},
		{`{"from":"2026-03-28","weekends":true}`, "2026-03-28T09:00"},
	} {
		text, _ := runTool(t, calendarInRome(t), "find_free_time", c.in)
		var got struct{ Slots []struct{ Start string } }
		err := json.Unmarshal([]byte(text), &got)
		if err != nil || len(got.Slots) == 0 || got.Slots[0].Start != c.first {
			t.Errorf("%s: got %s, want %s first", c.in, text, c.first)
		}
	}
}

func TestGraphDaysAreInNoConflict(t *testing.T) {
	t.Attr("case", "M16")
	t.Parallel()
	z := agenttest.Zone(t, "America/New_York")
	c := agent.Context{Location: z, Now: time.Date(2026, 11, 27, 8, 0, 0, 0, z), Events: []agent.Event{
		{ID: "d", Title: "Off", Start: agenttest.At(t, "2026-11-28T00:00:00Z"),
			End: agenttest.At(t, "2026-11-29T00:00:00Z"), Timezone: "Eastern Standard Time", AllDay: true},
		{ID: "e", Title: "Dinner", Start: agenttest.At(t, "2026-11-27T19:00:00-05:00"),
			End: agenttest.At(t, "2026-11-27T21:00:00-05:00"), Timezone: "Eastern Standard Time"}}}
	want := `{"checked":2,"total":0,"conflicts":[]}`
	if got, _ := runTool(t, c, "detect_conflicts", ``); got != want {
		t.Errorf("got %s", got)
	}
}

func TestConflictsAmongManyEvents(t *testing.T) {
	t.Parallel()
	c := calendarInRome(t)
	for i := range 5000 {
		c.Events = append(c.Events, agent.Event{ID: fmt.Sprint(i), Title: fmt.Sprint(i), Start: int64(i+1) * 60_000,
			End: int64(i+31) * 60_000})
	}
	c.Events = append(c.Events, agent.Event{ID: "h", Title: "H", Start: 1 << 62, End: 1 << 62},
		agent.Event{ID: "m", Title: "M"})
	text, _ := runTool(t, c, "detect_conflicts", ``)
	var out struct{ Total int }
	// Each event overlaps the 29 after it, except the last ones. The calendar itself has two conflicts.
	if err := json.Unmarshal([]byte(text), &out); err != nil || out.Total != 5000*29-29*30/2+2 {
		t.Error(out.Total, err)
	}
	if strings.Count(text, `"why":"start or end is missing or out of range"`) != 2 {
		t.Error("events without valid times are not listed")
	}
}

func TestEventsHavePages(t *testing.T) {
	t.Parallel()
	c := agent.Context{}
	for i := range 250 {
		start := int64(1_795_400_000_000 + i*60_000)
		c.Events = append(c.Events, agent.Event{ID: fmt.Sprint(i), Title: "E", Start: start, End: start + 1})
	}
	for page, first := range map[int]int{1: 0, 2: 100, 3: 200} {
		text, _ := runTool(t, c, "list_events", fmt.Sprintf(`{"page":%d}`, page))
		want := fmt.Sprintf(`{"total":250,"page":%d,"pages":3,"events":[{"id":"%d",`, page, first)
		if n := strings.Count(text, `"title"`); !strings.HasPrefix(text, want) || n != min(100, 250-first) {
			t.Errorf("page %d has %d events: %.100s", page, n, text)
		}
	}
}

func TestDefaultPlan(t *testing.T) {
	t.Parallel()
	a := calendar.New(llmtest.NewModel(llmtest.TextTurn("ok")))
	plan := agenttest.Plan(t, a)
	if len(plan.Steps) != 2 || plan.Agent != calendar.Name {
		t.Fatal(plan)
	}
	if plan.Steps[0].Action != playbook.Select || plan.Steps[1].PromptTemplate != "tpl_calendar_agent_default" {
		t.Error(plan.Steps)
	}
}

func TestReschedulePlanUpdatesEvents(t *testing.T) {
	t.Parallel()
	a := calendar.New(llmtest.NewModel(llmtest.CallTurn(llmtest.Call("1", "plan_reschedule", `{}`)),
		llmtest.TextTurn("ok")))
	plan := agenttest.Plan(t, a)
	want := `{"action":"update_record","data_from_step":1,"table":"events",` +
		`"data":{"end":"{{end}}","id":"{{id}}","start":"{{start}}"}}`
	if got, err := json.Marshal(plan.Steps[2]); err != nil || len(plan.Steps) != 3 || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestModelReadsToolResults(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel(llmtest.CallTurn(llmtest.Call("1", "detect_conflicts", `{}`)),
		llmtest.TextTurn("Two conflicts."))
	a := calendar.New(model)
	result, err := a.Handle(t.Context(), agenttest.NewRun(t, a, calendarInRome(t)), nil)
	if err != nil || result.Text != "Two conflicts." || len(model.Calls()) != 2 {
		t.Fatal(result, err)
	}
	if prompt := fmt.Sprint(model.Calls()[1].Messages); !strings.Contains(prompt,
		`overlap_minutes`) || !strings.Contains(prompt, "Dentist") {
		t.Errorf("the model was not sent the result: %s", prompt)
	}
}
