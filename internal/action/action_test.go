package action_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
)

func TestCheckConvertsOrRejects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		action action.Action
		want   map[string]any
		fault  string
	}{
		{"numbers become milliseconds", action.CreateRecord("tasks",
			map[string]any{"title": "A", "dueDate": 1.5e12}),
			map[string]any{"title": "A", "dueDate": int64(1500000000000)}, ""},
		{"digits become milliseconds", action.CreateRecord("tasks",
			map[string]any{"title": "A", "dueDate": "1500000000000"}),
			map[string]any{"title": "A", "dueDate": int64(1500000000000)}, ""},
		{"seconds become milliseconds", action.CreateRecord("tasks",
			map[string]any{"title": "A", "dueDate": "1798120800"}),
			map[string]any{"title": "A", "dueDate": int64(1798120800000)}, ""},
		{"lists", action.CreateRecord("events",
			map[string]any{"title": "A", "start": 1, "end": 2, "attendees": []any{"x"}}),
			map[string]any{"title": "A", "start": int64(1), "end": int64(2), "attendees": []string{"x"}}, ""},
		{"null clears", action.UpdateRecord("tasks", map[string]any{"id": "1", "dueDate": nil}),
			map[string]any{"id": "1", "dueDate": nil}, ""},
		{"no id on create", action.CreateRecord("notes", map[string]any{"id": "1", "title": "A"}),
			map[string]any{"title": "A"}, ""},
		{"delete", action.Action{Type: action.Delete, Table: "notes", Data: map[string]any{"id": "1"}},
			map[string]any{"id": "1"}, ""},
		{"delete of one of a series", action.Action{Type: action.Delete, Table: "events",
			Data: map[string]any{"id": "1", "originalStart": 1798120800000}},
			map[string]any{"id": "1", "originalStart": int64(1798120800000)}, ""},
		{"an original start is not created", action.CreateRecord("events",
			map[string]any{"title": "A", "start": 1, "end": 2, "originalStart": 1}), nil,
			`events has no column "originalStart"; it has title, start, end, timezone, allDay, attendees, location, ` +
				`recurringEventId`},
		{"index", action.IndexDocument("notes", "1", "A"), map[string]any{"id": "1", "title": "A"}, ""},
		{"notify", action.SendNotification("A", "B", 5), map[string]any{"title": "A", "body": "B", "at": int64(5)}, ""},
		{"snake case is no column", action.CreateRecord("tasks", map[string]any{"title": "A", "due_date": 1}), nil,
			`tasks has no column "due_date"; it has projectId, title, description, status, priority, assignee, ` +
				`dueDate, completedAt, createdAt`},
		{"title needed", action.CreateRecord("tasks", map[string]any{"title": ""}), nil, "tasks needs title"},
		{"title not emptied", action.UpdateRecord("tasks", map[string]any{"id": "1", "title": ""}), nil,
			"tasks needs title"},
		{"id needed", action.UpdateRecord("tasks", map[string]any{"id": " ", "status": "done"}), nil, "tasks needs id"},
		{"delete carries nothing else", action.Action{Type: action.Delete, Table: "tasks",
			Data: map[string]any{"id": "1", "title": "A"}}, nil, `tasks has no column "title"; it has id`},
		{"fraction", action.CreateRecord("tasks", map[string]any{"title": "A", "dueDate": 1.5}), nil,
			"tasks.dueDate: must be a whole number of milliseconds"},
		{"too far", action.CreateRecord("tasks", map[string]any{"title": "A", "dueDate": "8640000000000001"}), nil,
			"tasks.dueDate: is too far away"},
		{"year 9999", action.CreateRecord("tasks", map[string]any{"title": "A", "dueDate": 253402300799000}), nil,
			"tasks.dueDate: is too far away"},
		{"year 1", action.CreateRecord("tasks", map[string]any{"title": "A", "dueDate": -62135596800000}), nil,
			"tasks.dueDate: is too far away"},
		{"object", action.CreateRecord("tasks", map[string]any{"title": map[string]any{}}), nil,
			"tasks.title: must be text"},
		{"too long", action.CreateRecord("notes", map[string]any{"title": strings.Repeat("é", 32_001)}), nil,
			"notes.title: is longer than 32000 characters"},
		{"not UTF-8", action.CreateRecord("notes", map[string]any{"title": "\xff"}), nil,
			"notes.title: is not valid UTF-8"},
		{"bool", action.CreateRecord("checkpoints", map[string]any{"title": "A", "isApproved": "yes"}), nil,
			"checkpoints.isApproved: must be true or false"},
		{"select is no action", action.Action{Type: "select", Table: "tasks"}, nil, `"select" is not an action type`},
		{"notification with table", action.Action{Type: action.Notify, Table: "tasks"}, nil,
			"send_notification names no table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := c.action.Check()
			if c.fault != "" {
				if err == nil || err.Error() != c.fault {
					t.Errorf("got %v, want %s", err, c.fault)
				}
				return
			}
			if diff := cmp.Diff(c.want, got.Data); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("create_record", "tasks", `{"title":"A","dueDate":1e300,"assignee":["x"]}`)
	f.Add("update_record", "events", `{"id":"1","attendees":[null]}`)
	f.Fuzz(func(t *testing.T, kind, table, data string) {
		a := action.Action{Type: action.Kind(kind), Table: table}
		if json.Unmarshal([]byte(data), &a.Data) != nil {
			return
		}
		once, err := a.Check()
		if err != nil {
			return
		}
		twice, err := once.Check()
		if diff := cmp.Diff(once, twice); err != nil || diff != "" {
			t.Errorf("a checked action does not stay as it is: %v %s", err, diff)
		}
	})
}
