package playbook_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		action playbook.Action
		want   map[string]any
		fault  string
	}{
		{"numbers become milliseconds", playbook.CreateRecord("tasks", map[string]any{"title": "A", "dueDate": 1.5e12}), map[string]any{"title": "A", "dueDate": int64(1500000000000)}, ""},
		{"digits become milliseconds", playbook.CreateRecord("tasks", map[string]any{"title": "A", "dueDate": "1500000000000"}), map[string]any{"title": "A", "dueDate": int64(1500000000000)}, ""},
		{"lists", playbook.CreateRecord("events", map[string]any{"title": "A", "start": 1, "end": 2, "attendees": []any{"x"}}), map[string]any{"title": "A", "start": int64(1), "end": int64(2), "attendees": []string{"x"}}, ""},
		{"null clears", playbook.UpdateRecord("tasks", map[string]any{"id": "1", "dueDate": nil}), map[string]any{"id": "1", "dueDate": nil}, ""},
		{"no id on create", playbook.CreateRecord("notes", map[string]any{"id": "1", "title": "A"}), map[string]any{"title": "A"}, ""},
		{"delete", playbook.DeleteRecord("notes", "1"), map[string]any{"id": "1"}, ""},
		{"index", playbook.IndexDocument("notes", "1", "A"), map[string]any{"id": "1", "title": "A"}, ""},
		{"notify", playbook.SendNotification("A", "B", 5), map[string]any{"title": "A", "body": "B", "at": int64(5)}, ""},
		{"snake case is no column", playbook.CreateRecord("tasks", map[string]any{"title": "A", "due_date": 1}), nil, `tasks has no column "due_date"; it has projectId, title, description, status, priority, assignee, dueDate, createdAt`},
		{"title needed", playbook.CreateRecord("tasks", map[string]any{"title": ""}), nil, "tasks needs title"},
		{"title not emptied", playbook.UpdateRecord("tasks", map[string]any{"id": "1", "title": ""}), nil, "tasks needs title"},
		{"id needed", playbook.UpdateRecord("tasks", map[string]any{"id": " ", "status": "done"}), nil, "tasks needs id"},
		{"delete carries nothing else", playbook.Action{Type: playbook.Delete, Table: "tasks", Data: map[string]any{"id": "1", "title": "A"}}, nil, `tasks has no column "title"; it has id`},
		{"fraction", playbook.CreateRecord("tasks", map[string]any{"title": "A", "dueDate": 1.5}), nil, "tasks.dueDate: must be a whole number of milliseconds"},
		{"too far", playbook.CreateRecord("tasks", map[string]any{"title": "A", "dueDate": "8640000000000001"}), nil, "tasks.dueDate: is too far away"},
		{"object", playbook.CreateRecord("tasks", map[string]any{"title": map[string]any{}}), nil, "tasks.title: must be text"},
		{"too long", playbook.CreateRecord("notes", map[string]any{"title": strings.Repeat("é", 32_001)}), nil, "notes.title: is longer than 32000 characters"},
		{"not UTF-8", playbook.CreateRecord("notes", map[string]any{"title": "\xff"}), nil, "notes.title: is not valid UTF-8"},
		{"bool", playbook.CreateRecord("checkpoints", map[string]any{"title": "A", "isApproved": "yes"}), nil, "checkpoints.isApproved: must be true or false"},
		{"select is no action", playbook.Action{Type: playbook.Select, Table: "tasks"}, nil, `"select" is not an action type`},
		{"notification with table", playbook.Action{Type: playbook.Notify, Table: "tasks"}, nil, "send_notification names no table"},
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
		a := playbook.Action{Type: playbook.Kind(kind), Table: table}
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

func templates(t *testing.T) *playbook.Templates {
	t.Helper()
	set, err := playbook.NewTemplates(
		playbook.Template{ID: "tpl_rows", Text: "secret", Required: []string{"request"}, Columns: []string{"title", "dueDate"}},
		playbook.Template{ID: "tpl_prose", Text: "secret", Variables: []string{"period"}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestBuilder(t *testing.T) {
	t.Parallel()
	request := map[string]any{"request": "x"}
	task := playbook.CreateRecord("tasks", map[string]any{"title": "{{title}}", "dueDate": "{{dueDate}}"})
	for _, c := range []struct {
		name  string
		build func(b *playbook.Builder) *playbook.Builder
		fault string
	}{
		{"whole", func(b *playbook.Builder) *playbook.Builder {
			return b.Select("emails", map[string]any{"from": "a"}).Generate("tpl_rows", request, playbook.From(0)).Act(task, playbook.From(1))
		}, ""},
		{"prose into a note", func(b *playbook.Builder) *playbook.Builder {
			return b.Generate("tpl_prose", nil, nil).Act(playbook.CreateRecord("notes", map[string]any{"title": "R", "content": "{{output}}"}), playbook.From(0))
		}, ""},
		{"empty", func(b *playbook.Builder) *playbook.Builder { return b }, "a plan needs at least one step"},
		{"itself", func(b *playbook.Builder) *playbook.Builder { return b.Generate("tpl_prose", nil, playbook.From(0)) }, "step 0 (generate): data_from_step 0 is not an earlier step"},
		{"negative", func(b *playbook.Builder) *playbook.Builder { return b.Generate("tpl_prose", nil, playbook.From(-1)) }, "step 0 (generate): data_from_step -1 is not an earlier step"},
		{"unknown template", func(b *playbook.Builder) *playbook.Builder { return b.Generate("tpl_x", nil, nil) }, `step 0 (generate): there is no template "tpl_x"`},
		{"lacking variable", func(b *playbook.Builder) *playbook.Builder { return b.Generate("tpl_rows", nil, nil) }, `step 0 (generate): template tpl_rows needs the variable "request"`},
		{"strange variable", func(b *playbook.Builder) *playbook.Builder {
			return b.Generate("tpl_prose", map[string]any{"x": 1}, nil)
		}, `step 0 (generate): template tpl_prose has no variable "x"`},
		{"unknown table", func(b *playbook.Builder) *playbook.Builder { return b.Select("users", nil) }, `step 0 (select): there is no table "users"`},
		{"unknown filter", func(b *playbook.Builder) *playbook.Builder { return b.Select("tasks", map[string]any{"x": 1}) }, `step 0 (select): tasks has no column "x"`},
		{"placeholder without source", func(b *playbook.Builder) *playbook.Builder { return b.Act(task, nil) }, "needs a data_from_step"},
		{"column the source lacks", func(b *playbook.Builder) *playbook.Builder {
			return b.Select("notes", nil).Act(playbook.CreateRecord("tasks", map[string]any{"title": "{{name}}"}), playbook.From(0))
		}, `step 1 (create_record): title: step 0 has no column "name"`},
		{"bad literal", func(b *playbook.Builder) *playbook.Builder {
			return b.Act(playbook.CreateRecord("tasks", map[string]any{"title": "A", "status": "x"}), nil)
		}, `step 0 (create_record): tasks.status: "x" is not one of todo, in_progress, done`},
		{"unknown kind", func(b *playbook.Builder) *playbook.Builder { return b.Step(playbook.Step{Action: "call_agent"}) }, "step 0 (call_agent): unknown kind of step"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			plan, err := c.build(playbook.NewBuilder("task_agent", templates(t))).Build()
			if c.fault == "" && (err != nil || len(plan.Steps) == 0) {
				t.Errorf("got %v", err)
			}
			if c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("got %v, want %s", err, c.fault)
			}
		})
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	set := templates(t)
	if diff := cmp.Diff([]string{"tpl_prose", "tpl_rows"}, set.IDs()); diff != "" || !set.Has("tpl_rows") || set.Has("tpl_no") {
		t.Error(diff)
	}
	twice := playbook.Template{ID: "tpl_a", Text: "x"}
	if _, err := playbook.NewTemplates(twice, twice); err == nil {
		t.Error("took an id twice")
	}
	if _, err := playbook.NewTemplates(playbook.Template{ID: "tpl_a"}); err == nil {
		t.Error("took a template without text")
	}
}

func TestCacheKeepsNoValues(t *testing.T) {
	t.Parallel()
	cache := playbook.NewCache()
	for name, s := range map[string]playbook.Step{
		"variables": {Action: playbook.Generate, Variables: map[string]any{"request": "secret"}},
		"filter":    {Action: playbook.Select, Filter: map[string]any{"assignee": "Anna"}},
		"data":      {Action: playbook.Create, Data: map[string]any{"title": "Call {{name}}"}},
		"numbers":   {Action: playbook.Create, Data: map[string]any{"dueDate": int64(1)}},
	} {
		if err := cache.Put(playbook.Key{Agent: name}, playbook.Plan{Steps: []playbook.Step{s}}); err == nil {
			t.Errorf("kept %s", name)
		}
	}
	key := playbook.Key{Agent: "a", Outline: "o"}
	if err := cache.Put(key, playbook.Plan{Steps: []playbook.Step{{Action: playbook.Create, Data: map[string]any{"title": "{{title}}"}}}}); err != nil {
		t.Fatal(err)
	}
	mine, _ := cache.Get(key)
	mine.Steps[0].Data["title"], mine.Steps[0].Table = "mine", "tasks"
	yours, ok := cache.Get(key)
	if !ok || yours.Steps[0].Data["title"] != "{{title}}" || yours.Steps[0].Table != "" {
		t.Errorf("one user's values reached another: %+v", yours.Steps[0])
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	cache := playbook.NewCache()
	for i := range playbook.CacheSize + 10 {
		if err := cache.Put(playbook.Key{Agent: fmt.Sprint(i)}, playbook.Plan{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := cache.Get(playbook.Key{Agent: "0"}); ok || cache.Len() != playbook.CacheSize {
		t.Errorf("%d kept, the oldest: %v", cache.Len(), ok)
	}
}

func TestLibrary(t *testing.T) {
	t.Parallel()
	free := playbook.Plan{ID: "a", Title: "A", Description: "d", Tier: tier.Free}
	pro := playbook.Plan{ID: "b", Title: "B", Description: "d", Tier: tier.Pro}
	lib, err := playbook.NewLibrary(free, pro)
	if err != nil {
		t.Fatal(err)
	}
	if n, m := len(lib.For(tier.Free)), len(lib.For(tier.Team)); n != 1 || m != 2 {
		t.Errorf("%d for free, %d for team", n, m)
	}
	if _, err := lib.Get("b", tier.Free); !errors.Is(err, fault.ErrTierRequired) {
		t.Errorf("got %v", err)
	}
	if _, err := lib.Get("c", tier.Team); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if p, err := lib.Get("b", tier.Power); err != nil || p.ID != "b" {
		t.Errorf("got %v", err)
	}
	if _, err := playbook.NewLibrary(free, free); err == nil {
		t.Error("took an id twice")
	}
}
