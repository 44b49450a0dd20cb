package declared_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// validHead is the beginning of a valid manifest.
const validHead = "name: test_agent\ndescription: Tests\ntier: free\nprompt: Test.\n"

// arguments is a schema with an argument of each type.
const arguments = `
    schema:
      type: object
      properties:
        s: {type: string}
        e: {type: string, enum: [low, high]}
        i: {type: integer}
        n: {type: number}
        b: {type: boolean}
        l: {type: array, items: {type: string}}
        o: {type: object}
        ol: {type: array, items: {type: object}}
`

// call runs the tool of a manifest with the given action or rows. It returns the tool's result and the run.
func call(t *testing.T, body, args string) (string, *agent.Run) {
	t.Helper()
	manifest := validHead + "tools:\n  - name: do\n    description: Does." + arguments + "    " +
		strings.ReplaceAll(body, "\n", "\n    ") + "\n"
	_, registry := load(t, folder(t, map[string]string{"a.yaml": manifest}), llmtest.NewModel())
	a, ok := registry.Get("test_agent")
	if !ok {
		t.Fatal("there is no test_agent")
	}
	run := registry.NewRun(identity.User{Tier: tier.Pro}, "message", agent.Context{})
	run.Context = request(t) // text of others in the prompt would have the changes judged by the message
	for _, tool := range a.Tools() {
		if tool.Name() == "do" {
			text, err := tool.Call(t.Context(), run, args)
			if err != nil {
				t.Fatal(err)
			}
			return text, run
		}
	}
	t.Fatal("there is no tool")
	return "", nil
}

func TestActionToolFillsInArguments(t *testing.T) {
	t.Parallel()
	create := func(table string, data map[string]any) []action.Action {
		return []action.Action{action.CreateRecord(table, data)}
	}
	at := func(day, hour, minute, second, milli int) int64 { // UTC; Berlin is one hour ahead
		return time.Date(2026, 11, day, hour, minute, second, milli*1e6, time.UTC).UnixMilli()
	}
	for name, tc := range map[string]struct {
		body, args string
		want       []action.Action
		text       string // "" is "Proposed."
	}{
		"types inside a text": {`action: {type: create_record, table: notes, data: {title: ` +
			`"{{s}}/{{i}}/{{n}}/{{b}}/{{l}}/{{ e }}"}}`,
			`{"s":"x","i":1700000000000,"n":1.5,"b":true,"l":["a","b"]}`,
			create("notes", map[string]any{"title": "x/1700000000000/1.5/true/a, b/"}), ""},
		"an argument is not a template": {`action: {type: create_record, table: notes, data: {title: "{{s}}-{{e}}"}}`,
			`{"s":"{{e}}","e":"low"}`, create("notes", map[string]any{"title": "{{e}}-low"}), ""},
		"types kept": {`action: {type: create_record, table: checkpoints, data: {title: T, isApproved: "{{b}}",` +
			` date: "{{i}}", isAiSuggested: false}}`,
			`{"b":"true","i":"1700000000000"}`, create("checkpoints",
				map[string]any{"title": "T", "isApproved": true, "date": int64(1700000000000),
					"isAiSuggested": false}), ""},
		"left out stays out": {`action: {type: create_record, table: tasks, data: {title: T, dueDate: "{{s}}", ` +
			`priority: "{{e}}", projectId: "{{s}}", description: "{{s}}"}}`,
			`{"s":"","e":""}`, create("tasks", map[string]any{"title": "T", "description": ""}), ""},
		"a bare date is due at its end": {`action: {type: create_record, table: tasks, data: {title: T, ` +
			`dueDate: "{{s}}", createdAt: 5}}`,
			`{"s":"2026-11-24"}`, create("tasks",
				map[string]any{"title": "T", "dueDate": at(24, 22, 59, 59, 999), "createdAt": int64(5)}), ""},
		"a bare date begins at its start": {`action: {type: create_record, table: events, data: {title: T, ` +
			`start: "{{s}}", end: "{{s}}"}}`,
			`{"s":"tomorrow"}`, create("events",
				map[string]any{"title": "T", "start": at(23, 23, 0, 0, 0), "end": at(24, 22, 59, 59, 999)}), ""},
		"a constant date": {`action: {type: send_notification, data: {title: T, body: "{{s}}", at: in 2 days}}`,
			`{"s":"B"}`,
			[]action.Action{action.SendNotification("T", "B", at(24, 23, 0, 0, 0))}, ""},
		"a list of texts": {`action: {type: create_record, table: events, data: {title: T, start: 1, end: 2, ` +
			`attendees: ["{{s}}", b]}}`,
			`{"s":"a"}`, create("events",
				map[string]any{"title": "T", "start": int64(1), "end": int64(2), "attendees": []string{"a", "b"}}), ""},
		"no texts": {`action: {type: update_record, table: events, data: {id: "{{s}}", attendees: []}}`, `{"s":"e1"}`,
			[]action.Action{action.UpdateRecord("events", map[string]any{"id": "e1", "attendees": []string{}})}, ""},
		"one text for a list": {`action: {type: create_record, table: emails, data: {to: "{{s}}", body: Hi}}`,
			`{"s":"a@x.org"}`,
			create("emails", map[string]any{"to": []string{"a@x.org"}, "body": "Hi"}), ""},
		"cleared": {`action: {type: update_record, table: tasks, data: {id: "{{s}}", dueDate: null}}`, `{"s":"t1"}`,
			[]action.Action{action.UpdateRecord("tasks", map[string]any{"id": "t1", "dueDate": nil})}, ""},
		"delete": {`action: {type: delete_record, table: notes, data: {id: "{{s}}"}}`, `{"s":"n1"}`,
			[]action.Action{action.Action{Type: action.Delete, Table: "notes", Data: map[string]any{"id": "n1"}}}, ""},
		"index": {`action: {type: index_document, table: notes, data: {id: "{{s}}", title: N}}`, `{"s":"n1"}`,
			[]action.Action{action.IndexDocument("notes", "n1", "N")}, ""},
		"unknown row": {`action: {type: delete_record, table: notes, data: {id: "{{s}}"}}`, `{"s":"n9"}`, nil,
			`error: not proposed: there is no notes row with id "n9" in this request`},
		"no date": {`action: {type: create_record, table: tasks, data: {title: T, dueDate: "{{s}}"}}`,
			`{"s":"soon"}`, nil,
			`error: dueDate: "soon" is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM`},
		"required argument left out": {`action: {type: create_record, table: tasks, data: {title: "{{s}}"}}`, `{}`, nil,
			`error: not proposed: tasks needs title`},
		"against the schema": {`action: {type: create_record, table: tasks, data: {title: "{{s}}"}}`,
			`{"s":"x","zz":1}`, nil,
			`error: arguments has no member "zz"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, run := call(t, tc.body, tc.args)
			if want := map[bool]string{true: "Proposed.", false: tc.text}[tc.text == ""]; text != want {
				t.Errorf("text %q, want %q", text, want)
			}
			if diff := cmp.Diff(tc.want, run.Actions()); diff != "" {
				t.Errorf("actions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRowsToolFilters(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ body, args, want string }{
		"all": {"rows: clients", `{}`, `{"clients":[{"id":"c1","name":"Acme"}],"total":1}`},
		"none": {"rows: clients\nfilter: {name: \"{{s}}\"}", `{"s":"Nobody"}`,
			`{"clients":[],"total":0}`},
		"texts without regard to case": {"rows: projects\nfilter: {name: \"{{s}}\"}", `{"s":" fence "}`,
			`{"projects":[{"clientId":"c1","id":"p1","name":"Fence"}],"total":1}`},
		"left out": {"rows: projects\nfilter: {name: \"{{s}}\", clientId: null}", `{}`,
			`{"projects":[{"id":"p2","name":"Roof"}],"total":1}`},
		"a time is added in the caller's zone": {"rows: tasks\nfilter: {id: t2}", `{}`,
			`{"tasks":[{"assignee":"hiring","completedAt":1795161600000,` +
				`"completedAtLocal":"2026-11-20T09:00:00+01:00","id":"t2","status":"done","title":"Candidate: ` +
				`Bob"}],"total":1}`},
		"a bare date is the whole day": {"rows: tasks\nfilter: {dueDate: \"{{s}}\", projectId: p1}", `{"s":"tomorrow"}`,
			`{"tasks":[{"assignee":"me","dueDate":1795474800000,"dueDateLocal":"2026-11-24T00:00:00+01:00",` +
				`"id":"t3","projectId":"p1","status":"todo","title":"Paint fence"}],"total":1}`},
		"a time is that time": {"rows: events\nfilter: {start: \"{{s}}\"}", `{"s":"2026-11-24T09:01"}`,
			`{"events":[],"total":0}`},
		"milliseconds": {"rows: events\nfilter: {start: \"{{i}}\"}", `{"i":1795507200000}`,
			`{"events":[{"attendees":["a@x.org","b@x.org"],"end":1795510800000,` +
				`"endLocal":"2026-11-24T10:00:00+01:00","id":"e1","start":1795507200000,` +
				`"startLocal":"2026-11-24T09:00:00+01:00","title":"Call"}],"total":1}`},
		"one of a list": {"rows: events\nfilter: {attendees: \"{{s}}\", start: 1}", `{"s":"b@x.org"}`,
			`{"events":[],"total":0}`},
		"true": {"rows: checkpoints\nfilter: {isApproved: \"{{b}}\"}", `{"b":true}`,
			`{"checkpoints":[{"id":"k1","isApproved":true,"title":"Done"}],"total":1}`},
		"false is what is absent": {"rows: checkpoints\nfilter: {isApproved: false}", `{}`,
			`{"checkpoints":[{"id":"k2","title":"Soon"}],"total":1}`},
		"a label": {"rows: emails\nfilter: {labels: WORK}", `{}`,
			`{"emails":[{"from":"Ann \u003cann@acme.com\u003e","id":"m1","labels":["work"],` +
				`"subject":"Colour"}],"total":1}`},
		"long texts are truncated": {"rows: tasks\nfilter: {id: t4}", `{}`,
			`{"tasks":[{"dueDate":1795561200000,"dueDateLocal":"2026-11-25T00:00:00+01:00","id":"t4",` +
				`"projectId":"p1","title":"` + strings.Repeat("ä", 500) + `"}],"total":1}`},
		"no date": {"rows: tasks\nfilter: {dueDate: \"{{s}}\"}", `{"s":"soon"}`,
			`error: "soon" is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, run := call(t, tc.body, tc.args)
			if diff := cmp.Diff(tc.want, text); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			if len(run.Actions()) > 0 {
				t.Errorf("a reading tool proposed %v", run.Actions())
			}
		})
	}
}

// TestRowsToolReturnsAHundredRows also checks that the result has the number of all rows.
func TestRowsToolReturnsAHundredRows(t *testing.T) {
	t.Parallel()
	manifest := validHead + "tools:\n  - {name: do, description: Does., rows: clients}\n"
	_, registry := load(t, folder(t, map[string]string{"a.yaml": manifest}), llmtest.NewModel())
	a, _ := registry.Get("test_agent")
	run := registry.NewRun(identity.User{Tier: tier.Pro}, "message", agent.Context{Clients: make([]agent.Client, 130)})
	text, err := a.Tools()[0].Call(t.Context(), run, "")
	if err != nil || !strings.HasSuffix(text, `,"total":130}`) || strings.Count(text, `"name"`) != 100 {
		t.Errorf("%d rows, error %v: %s", strings.Count(text, `"name"`), err, text)
	}
}
