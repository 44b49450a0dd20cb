package playbook_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
)

func templates(t *testing.T) *playbook.Templates {
	t.Helper()
	set, err := playbook.NewTemplates(
		playbook.Template{ID: "tpl_rows", Text: "secret", Required: []string{"request"},
			Reads: "emails", Makes: playbook.Records{Action: action.Create, Table: "tasks",
				Columns: []string{"title", "dueDate"}}},
		playbook.Template{ID: "tpl_prose", Text: "secret", Variables: []string{"period"}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestBuilderRejectsWhatAClientCannotExecute(t *testing.T) {
	t.Parallel()
	request := map[string]any{"request": "x"}
	task := action.CreateRecord("tasks", map[string]any{"title": "{{title}}", "dueDate": "{{dueDate}}"})
	for _, c := range []struct {
		name  string
		build func(b *playbook.Builder) *playbook.Builder
		fault string
	}{
		{"complete plan", func(b *playbook.Builder) *playbook.Builder {
			return b.Select("emails", map[string]any{"from": "a"}).Generate("tpl_rows", request,
				playbook.From(0)).Act(task, playbook.From(1))
		}, ""},
		{"prose into a note", func(b *playbook.Builder) *playbook.Builder {
			return b.Generate("tpl_prose", nil,
				nil).Act(action.CreateRecord("notes", map[string]any{"title": "R", "content": "{{output}}"}),
				playbook.From(0))
		}, ""},
		{"no steps", func(b *playbook.Builder) *playbook.Builder { return b }, "a plan needs at least one step"},
		{"a step as its own source", func(b *playbook.Builder) *playbook.Builder {
			return b.Generate("tpl_prose", nil,
				playbook.From(0))
		}, "step 0 (generate): data_from_step 0 is not an earlier step"},
		{"negative source", func(b *playbook.Builder) *playbook.Builder {
			return b.Generate("tpl_prose", nil,
				playbook.From(-1))
		}, "step 0 (generate): data_from_step -1 is not an earlier step"},
		{"unknown template", func(b *playbook.Builder) *playbook.Builder { return b.Generate("tpl_x", nil, nil) },
			`step 0 (generate): there is no template "tpl_x"`},
		{"rows of another table", func(b *playbook.Builder) *playbook.Builder {
			return b.Select("tasks", nil).Generate("tpl_rows", request, playbook.From(0))
		}, `step 1 (generate): template tpl_rows reads rows of "emails", but its step reads "tasks"`},
		{"missing variable", func(b *playbook.Builder) *playbook.Builder {
			return b.Generate("tpl_rows", nil,
				nil)
		}, `step 0 (generate): template tpl_rows needs the variable "request"`},
		{"unknown variable", func(b *playbook.Builder) *playbook.Builder {
			return b.Generate("tpl_prose", map[string]any{"x": 1}, nil)
		}, `step 0 (generate): template tpl_prose has no variable "x"`},
		{"unknown table", func(b *playbook.Builder) *playbook.Builder { return b.Select("users", nil) },
			`step 0 (select): there is no table "users"`},
		{"unknown filter", func(b *playbook.Builder) *playbook.Builder {
			return b.Select("tasks",
				map[string]any{"x": 1})
		}, `step 0 (select): tasks has no column "x"`},
		{"placeholder without source", func(b *playbook.Builder) *playbook.Builder { return b.Act(task, nil) },
			"needs a data_from_step"},
		{"column the source lacks", func(b *playbook.Builder) *playbook.Builder {
			return b.Select("notes", nil).Act(action.CreateRecord("tasks", map[string]any{"title": "{{name}}"}),
				playbook.From(0))
		}, `step 1 (create_record): title: step 0 has no column "name"`},
		{"bad literal", func(b *playbook.Builder) *playbook.Builder {
			return b.Act(action.CreateRecord("tasks", map[string]any{"title": "A", "status": "x"}), nil)
		}, `step 0 (create_record): tasks.status: "x" is not one of todo, in_progress, done`},
		{"unknown kind",
			func(b *playbook.Builder) *playbook.Builder { return b.Step(playbook.Step{Action: "call_agent"}) },
			"step 0 (call_agent): unknown kind of step"},
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
	if diff := cmp.Diff([]string{"tpl_prose", "tpl_rows"}, set.IDs()); diff != "" {
		t.Error(diff)
	}
	if found, err := set.Get("tpl_rows"); err != nil || found.Text != "secret" {
		t.Errorf("got %+v, %v", found, err)
	}
	if _, err := set.Get("tpl_no"); err == nil {
		t.Error("found a template that does not exist")
	}
	twice := playbook.Template{ID: "tpl_a", Text: "x"}
	if _, err := playbook.NewTemplates(twice, twice); err == nil {
		t.Error("accepted a duplicate id")
	}
	if _, err := playbook.NewTemplates(playbook.Template{ID: "tpl_a"}); err == nil {
		t.Error("accepted a template without text")
	}
	for _, wrong := range []playbook.Template{
		{Reads: "users"},
		{Makes: playbook.Records{Action: "select", Table: "tasks"}},
		{Makes: playbook.Records{Action: action.Update, Table: "users"}},
		{Makes: playbook.Records{Action: action.Update, Table: "tasks", Columns: []string{"due"}}},
		{Makes: playbook.Records{Action: action.Update, Table: "tasks", Columns: []string{"id"}}},
		{Makes: playbook.Records{Action: action.Create, Table: "tasks"}},
	} {
		wrong.ID, wrong.Text = "tpl_a", "x"
		if _, err := playbook.NewTemplates(wrong); err == nil {
			t.Errorf("accepted %+v", wrong)
		}
	}
}

func TestCacheKeepsNoValues(t *testing.T) {
	t.Parallel()
	cache := playbook.NewCache()
	for name, s := range map[string]playbook.Step{
		"variables": {Action: playbook.Generate, Variables: map[string]any{"request": "secret"}},
		"filter":    {Action: playbook.Select, Filter: map[string]any{"assignee": "Anna"}},
		"data":      {Action: action.Create, Data: map[string]any{"title": "Call {{name}}"}},
		"numbers":   {Action: action.Create, Data: map[string]any{"dueDate": int64(1)}},
	} {
		if err := cache.Put(playbook.Key{Agent: name}, playbook.Plan{Steps: []playbook.Step{s}}); err == nil {
			t.Errorf("the cache accepted %s", name)
		}
	}
	key := playbook.Key{Agent: "a", Outline: "o"}
	if err := cache.Put(key, playbook.Plan{Steps: []playbook.Step{{Action: action.Create,
		Data: map[string]any{"title": "{{title}}"}}}}); err != nil {
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

func TestLibraryGatesByTier(t *testing.T) {
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
		t.Error("accepted a duplicate id")
	}
}
