package workspace_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/agenttest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestChangesOfOneRowAddUp calls tools several times in one request: a later change does not undo an earlier one.
func TestChangesOfOneRowAddUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		calls []string
		last  string // the last action
		count int
	}{
		"text at the end of a note": {[]string{`append_to_note {"id":"n2","text":"Two"}`,
			`append_to_note {"id":"n2","text":"Three"}`},
			`{"type":"update_record","table":"notes","data":{"content":"One\n\nTwo\n\nThree","id":"n2"}}`, 2},
		"labels": {[]string{`change_rows {"table":"emails","ids":["m1"],"add":{"labels":"A"}}`,
			`change_rows {"table":"emails","ids":["m1"],"add":{"labels":"B"}}`},
			`{"type":"update_record","table":"emails","data":{"id":"m1","labels":["inbox","A","B"]}}`, 2},
		"a change taken back": {[]string{`change_rows {"table":"tasks","ids":["t1"],"set":{"priority":"low"}}`,
			`change_rows {"table":"tasks","ids":["t1"],"set":{"priority":"high"}}`},
			`{"type":"update_record","table":"tasks","data":{"id":"t1","priority":"high"}}`, 2},
		"a change made twice": {[]string{`change_rows {"table":"tasks","ids":["t1"],"set":{"priority":"low"}}`,
			`change_rows {"table":"tasks","ids":["Order chairs"],"set":{"priority":"low"}}`},
			`{"type":"update_record","table":"tasks","data":{"id":"t1","priority":"low"}}`, 1},
		"a row deleted twice": {[]string{`delete_rows {"table":"tasks","ids":["t1"]}`,
			`delete_rows {"table":"tasks","ids":["Order chairs"]}`},
			`{"type":"delete_record","table":"tasks","data":{"id":"t1"}}`, 1},
	} {
		_, run := newRun(t, tier.Free, office(t))
		for _, call := range c.calls {
			if text := callIn(t, run, call); strings.HasPrefix(text, "error") {
				t.Errorf("%s: %s", name, text)
			}
		}
		actions := run.Actions()
		if len(actions) != c.count || asJSON(t, actions[len(actions)-1]) != c.last {
			t.Errorf("%s: %s", name, asJSON(t, actions))
		}
	}
}

// TestMovedEventsKeepTheirLength moves events over the days on which clocks change in Rome.
func TestMovedEventsKeepTheirLength(t *testing.T) {
	t.Parallel()
	c := agent.Context{Location: agenttest.Zone(t, "Europe/Rome"), Now: time.UnixMilli(at(t, "2026-03-01T09:00")),
		Events: []agent.Event{
			{ID: "day", Start: at(t, "2026-03-27T00:00"), End: at(t, "2026-03-28T00:00")},
			{ID: "fair", Start: at(t, "2026-03-20T00:00"), End: at(t, "2026-03-23T00:00"), AllDay: true},
			{ID: "talk", Start: at(t, "2026-03-28T10:00"), End: at(t, "2026-03-28T11:30")},
			{ID: "night", Start: at(t, "2026-03-27T23:00"), End: at(t, "2026-03-28T03:00")},
			{ID: "open", Title: "Without times"}}}
	for _, m := range []struct{ id, set, start, end string }{
		{"day", `"start":"2026-03-29"`, "2026-03-29T00:00", "2026-03-30T00:00"},
		{"day", `"start":"2026-10-25"`, "2026-10-25T00:00", "2026-10-26T00:00"},
		{"fair", `"start":"2026-03-28"`, "2026-03-28T00:00", "2026-03-31T00:00"},
		{"fair", `"end":"2026-03-24"`, "2026-03-20T00:00", "2026-03-25T00:00"},
		{"fair", `"allDay":false,"start":"2026-03-21T09:00","end":"2026-03-21T10:00"`, "2026-03-21T09:00",
			"2026-03-21T10:00"},
		{"talk", `"start":"2026-03-30"`, "2026-03-30T10:00", "2026-03-30T11:30"},
		{"talk", `"start":"2026-03-28T08:00"`, "2026-03-28T08:00", "2026-03-28T09:30"},
		{"talk", `"end":"2026-03-28T12:00"`, "2026-03-28T10:00", "2026-03-28T12:00"},
		{"night", `"start":"2026-03-28T23:00"`, "2026-03-28T23:00", "2026-03-29T04:00"}, // four hours
		{"open", `"start":"2026-03-28T23:00","end":"2026-03-28T23:30"`, "2026-03-28T23:00", "2026-03-28T23:30"},
	} {
		_, run := newRun(t, tier.Free, c)
		text := callIn(t, run, fmt.Sprintf(`change_rows {"table":"events","ids":[%q],"set":{%s}}`, m.id, m.set))
		if len(run.Actions()) != 1 {
			t.Errorf("%s %s: %s", m.id, m.set, text)
			continue
		}
		start, end := c.Events[0].Start, c.Events[0].End
		for _, e := range c.Events {
			if e.ID == m.id {
				start, end = e.Start, e.End
			}
		}
		data := run.Actions()[0].Data
		if ms, ok := data["start"].(int64); ok {
			start = ms
		}
		if ms, ok := data["end"].(int64); ok {
			end = ms
		}
		if start != at(t, m.start) || end != at(t, m.end) {
			t.Errorf("%s %s: %s", m.id, m.set, text)
		}
	}
	_, run := newRun(t, tier.Free, c)
	for _, set := range []string{`"end":"2026-03-28T09:00"`, `"start":"2026-03-28T12:00","end":"2026-03-28T12:00"`} {
		text := callIn(t, run, `change_rows {"table":"events","ids":["talk"],"set":{`+set+`}}`)
		if text != "error: the event ends before it starts" {
			t.Errorf("%s: %s", set, text)
		}
	}
}

// TestRowsWithPoorIDs reads and changes rows whose ids are doubled or missing.
func TestRowsWithPoorIDs(t *testing.T) {
	t.Parallel()
	c := agent.Context{Location: rome(t), Now: time.UnixMilli(at(t, "2026-11-23T09:00")),
		Tasks: []agent.Task{{ID: "t", Title: "One"}, {ID: "t", Title: "Two"}, {Title: "Three"}},
		Notes: []agent.Note{{Title: "Loose", Content: "x"}},
		Events: []agent.Event{{ID: "e", Title: "Standup", Start: at(t, "2026-11-25T09:00")},
			{ID: "e", Title: "Standup", Start: at(t, "2026-11-26T09:00")},
			{ID: "f", Title: "Same", Start: 1}, {ID: "f", Title: "Same", Start: 1}}}
	for call, want := range map[string]string{
		`read_row {"table":"tasks","id":"t"}`:     `{"id":"t","title":"One"}`,
		`read_row {"table":"tasks","id":"three"}`: `{"title":"Three"}`,
		`read_row {"table":"events","id":"f"}`:    `{"id":"f","title":"Same","start":"1970-01-01T01:00"}`,
		`read_row {"table":"events","id":"e","start":"2026-11-27"}`: `error: none of these starts at 2026-11-27: ` +
			`"Standup" (id e, start 2026-11-25T09:00), "Standup" (id e, start 2026-11-26T09:00)`,
		`change_rows {"table":"tasks","ids":["three"],"set":{"priority":"low"}}`: `error: this row has no id, so it ` +
			`can only be read`,
		`delete_rows {"table":"tasks","ids":["three","two"]}`: `{"prepared":0,"rows":[{"id":"","title":"Three",` +
			`"error":"this row has no id, so it can only be read"},{"id":"t","title":"Two","error":"another row, ` +
			`\"One\", has the same id, so it can only be read"}]}`,
		`delete_rows {"table":"events","ids":["f"]}`: `{"prepared":1,"rows":[{"id":"f","title":"Same","result":` +
			`"prepared to delete; name it in your answer"}]}`,
		`append_to_note {"id":"loose","text":"y"}`: `error: this row has no id, so it can only be read`,
	} {
		if got := callTool(t, tier.Free, c, call); got != want {
			t.Errorf("%s: %s", call, got)
		}
	}
}

// TestNewestRows orders rows by when they were added, or by the time that the model names.
func TestNewestRows(t *testing.T) {
	t.Parallel()
	c := agent.Context{Tasks: []agent.Task{{ID: "a", CreatedAt: 10, DueDate: 30, CompletedAt: 20},
		{ID: "b", CreatedAt: 20, DueDate: 20, CompletedAt: 30}, {ID: "c", CreatedAt: 30, DueDate: 10, CompletedAt: 10}}}
	for arguments, want := range map[string]string{
		`{"table":"tasks"}`:                                                 "cba",
		`{"table":"tasks","order":"newest"}`:                                "cba",
		`{"table":"tasks","order":"oldest"}`:                                "abc",
		`{"table":"tasks","order":"newest","time_column":"completedAt"}`:    "bac",
		`{"table":"tasks","order":"oldest","time_column":"due"}`:            "cba",
		`{"table":"tasks","time_column":"completedAt","from":"1970-01-01"}`: "cab",
	} {
		text := callTool(t, tier.Free, c, "find_rows "+arguments)
		got := ""
		for part := range strings.SplitSeq(text, `"id":"`) {
			got += part[:1]
		}
		if got != "{"+want {
			t.Errorf("%s: %s", arguments, text)
		}
	}
}

// TestManySearchesOfALargeWorkspace searches 5,000 tasks more often than a request can: rows are read once.
func TestManySearchesOfALargeWorkspace(t *testing.T) {
	t.Parallel()
	_, run := newRun(t, tier.Free, manyRows(5_000))
	for i := range 60 {
		call := fmt.Sprintf(`find_rows {"table":"tasks","words":"%d lorem"}`, i)
		if text := callIn(t, run, call); strings.HasPrefix(text, "error") {
			t.Fatalf("search %d: %s", i, text)
		}
	}
}

// manyRows returns a workspace with n rows in every table.
func manyRows(n int) agent.Context {
	c := agent.Context{Now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	at := c.Now.UnixMilli()
	for i := range n {
		id, text := fmt.Sprint("r", i), strings.Repeat("lorem ipsum ", 50)
		title := fmt.Sprintf("Row %d of the office", i)
		c.Tasks = append(c.Tasks, agent.Task{ID: id, ProjectID: id, Title: title, Description: text, Assignee: "Leo",
			DueDate: at})
		c.TaskComments = append(c.TaskComments, agent.TaskComment{ID: id, TaskID: id, Content: title, CreatedAt: at})
		c.Projects = append(c.Projects, agent.Project{ID: id, ClientID: id, Name: title})
		c.Clients = append(c.Clients, agent.Client{ID: id, Name: title})
		c.Notes = append(c.Notes, agent.Note{ID: id, ProjectID: id, Title: title, Content: text, UpdatedAt: at})
		c.Checkpoints = append(c.Checkpoints, agent.Checkpoint{ID: id, ProjectID: id, Title: title, Date: at})
		c.Events = append(c.Events, agent.Event{ID: id, Title: title, Start: at, End: at + 3_600_000})
		c.Emails = append(c.Emails, agent.Email{ID: id, From: "leo@example.com", Subject: title, Snippet: text,
			Date: at})
	}
	return c
}

// BenchmarkReading reads workspaces of several sizes. The time an answer takes is linear in the rows.
func BenchmarkReading(b *testing.B) {
	for _, n := range []int{100, 1_000, 5_000} {
		c := manyRows(n)
		for name, call := range map[string]string{"find_rows": `find_rows {"words":"office ipsum"}`,
			"title":            `find_rows {"order":"title"}`,
			"project_overview": `project_overview {"project":"r7"}`} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					_, run := newRun(b, tier.Free, c)
					callIn(b, run, call)
				}
			})
		}
	}
}
