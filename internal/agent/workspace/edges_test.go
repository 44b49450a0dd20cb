package workspace_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/tier"
)

// oddRows is the office with rows that clients rarely send.
func oddRows(t *testing.T) agent.Context {
	t.Helper()
	c := office(t)
	c.Emails = append(c.Emails, agent.Email{ID: "m2", Labels: []string{"inbox"}})
	c.Clients = append(c.Clients, agent.Client{ID: "k3", Name: "Child", ParentID: "k1"},
		agent.Client{ID: "k4", Name: "Loop", ParentID: "k5"}, agent.Client{ID: "k5", Name: "Pool", ParentID: "k4"})
	c.Projects = append(c.Projects, agent.Project{Name: "Without id"})
	c.Tasks = append(c.Tasks, agent.Task{ID: "t5", Title: "Belongs to no project"})
	c.Checkpoints = append(c.Checkpoints, agent.Checkpoint{ID: "q2", Title: "Of no project",
		Date: at(t, "2026-12-04T09:00")})
	c.Events = append(c.Events, agent.Event{ID: "e3", Title: "No end", Start: at(t, "2026-11-25T09:00")},
		agent.Event{ID: "e4", Title: "Alone", Start: at(t, "2026-11-25T09:00"), End: at(t, "2026-11-25T10:00"),
			Attendees: []string{}})
	c.Notes = append(c.Notes, agent.Note{ID: "n4", Title: "Two too long", Content: strings.Repeat("a", 4_002)})
	return c
}

// TestCallsOnOddRows makes calls in one request and looks at the text of the last one and at all actions.
func TestCallsOnOddRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		calls         []string
		text, actions string // parts
	}{
		"a list that is set and shortened on several rows": {
			[]string{`change_rows {"table":"emails","ids":["m1","m2"],"set":{"labels":["A","B","C"]},` +
				`"remove":{"labels":["A"]}}`}, `"prepared":2`, `"id":"m2","labels":["B","C"]}`},
		"nothing added to a list": {[]string{`change_rows {"table":"emails","ids":["m1"],"add":{"labels":[""," "]}}`},
			"nothing to change", "null"},
		"an empty list cleared": {[]string{`change_rows {"table":"events","ids":["e4"],"set":{"attendees":null}}`},
			"nothing to change", "null"},
		"a new start and then a new end": {[]string{
			`change_rows {"table":"events","ids":["e2"],"set":{"start":"2026-11-25T14:00"}}`,
			`change_rows {"table":"events","ids":["e2"],"set":{"end":"2026-11-25T15:30"}}`},
			`"prepared":{"end":"2026-11-25T15:30"}`, `{"end":1795617000000,"id":"e2"}`},
		"an event without an end": {[]string{
			`change_rows {"table":"events","ids":["e3"],"set":{"start":"2026-11-25T10:00"}}`},
			`"end":"2026-11-25T11:00"`, "e3"},
		"a task done and reopened": {[]string{`change_rows {"table":"tasks","ids":["t1"],"set":{"status":"done"}}`,
			`change_rows {"table":"tasks","ids":["t1"],"set":{"status":"todo"}}`}, `"completedAt":null`,
			`{"completedAt":null,"id":"t1","status":"todo"}`},
		"a change, its opposite and the change again": {[]string{
			`change_rows {"table":"tasks","ids":["t1"],"set":{"priority":"low"}}`,
			`change_rows {"table":"tasks","ids":["t1"],"set":{"priority":"high"}}`,
			`change_rows {"table":"tasks","ids":["t1"],"set":{"priority":"low"}}`}, `"prepared":1`,
			`"priority":"high"}},{"type":"update_record","table":"tasks","data":{"id":"t1","priority":"low"}}]`},
		"a column spelled twice": {
			[]string{`create_row {"table":"notes","data":{"title":"x","text":"A","content":"B"}}`},
			`"content":"B"`, `"content":"B"`},
		"an invisible title": {
			[]string{`create_row {"table":"notes","data":{"title":"\u200b\u200d"}}`}, "is empty", "null"},
		"a title of NUL bytes": {
			[]string{`create_row {"table":"tasks","data":{"title":"\u0000"}}`}, "is empty", "null"},
		"NUL bytes in a title": {
			[]string{`create_row {"table":"tasks","data":{"title":"a\u0000b"}}`}, `"a b"`, `"a b"`},
		"a title of emoji": {[]string{`create_row {"table":"notes","data":{"title":"🎉"}}`}, "🎉", "🎉"},
		"an invisible comment": {[]string{`create_row {"table":"taskComments","data":{"taskId":"t1",` +
			`"content":"\u200b"}}`}, "is empty", "null"},
		"invisible text for a note": {[]string{`append_to_note {"id":"n1","text":"\u200b"}`}, "is empty", "null"},
		"invisible words":           {[]string{`find_rows {"words":"\u200b"}`}, "no word to search for", "null"},
		"a filter named twice": {[]string{`find_rows {"table":"notes","where":{"content":"x","Content":"x"}}`},
			"where names content twice", "null"},
		"words of quotes": {[]string{`find_rows {"table":"emails","words":"\"\""}`}, `"total":2`, "null"},
		"a client below itself": {[]string{`change_rows {"table":"clients","ids":["k1"],"set":{"parent":"k3"}}`},
			`"Child" is below this client`, "null"},
		"a client below itself by two changes": {[]string{
			`change_rows {"table":"clients","ids":["k2"],"set":{"parent":"k1"}}`,
			`change_rows {"table":"clients","ids":["k1"],"set":{"parent":"k2"}}`}, "is below this client", `"id":"k2"`},
		"a client in a loop": {[]string{`change_rows {"table":"clients","ids":["k1"],"set":{"parent":"k4"}}`},
			`"prepared":1`, `"parentId":"k4"`},
		"a project without an id": {[]string{`project_overview {"project":"Without id"}`},
			`"open":0,"overdue":0,"done":0,"openTasks":[],"people":[],"checkpoints":0,"nextCheckpoints":[],"notes":0`,
			"null"},
		"all projects": {
			[]string{`project_overview {}`}, `"name":"Without id","open":0,"overdue":0,"done":0}]`, "null"},
		"a text just too long": {[]string{`read_row {"table":"notes","id":"n4"}`},
			`"contentLength":4002,"contentNextFrom":4000`, "null"},
	} {
		_, run := newRun(t, tier.Free, oddRows(t))
		text := ""
		for _, call := range c.calls {
			text = callIn(t, run, call)
		}
		actions := asJSON(t, run.Actions())
		if !strings.Contains(text, c.text) || !strings.Contains(actions, c.actions) {
			t.Errorf("%s: %s\n%s", name, text, actions)
		}
	}
}
