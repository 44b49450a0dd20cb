package workspace_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/openapi"
)

// schemas are the rows of the contract by the tables that tools read.
var schemas = map[string]string{"tasks": "TaskRow", "projects": "ProjectRow", "clients": "ClientRow",
	"notes": "NoteRow", "checkpoints": "CheckpointRow", "taskComments": "TaskCommentRow", "events": "EventRow",
	"emails": "EmailRow"}

// columnsOf returns the columns of a row in the contract, with their types.
func columnsOf(t *testing.T, schema string) map[string]*openapi3.Schema {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]*openapi3.Schema{}
	for name, s := range doc.Components.Schemas[schema].Value.Properties {
		columns[name] = s.Value
	}
	return columns
}

// marked returns a row of a table as JSON, with a marker in every column, and what a model must see of each.
func marked(t *testing.T, table string) (row map[string]any, seen map[string]string) {
	t.Helper()
	row, seen = map[string]any{}, map[string]string{}
	minute := 0
	columns := columnsOf(t, schemas[table])
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		s := columns[name]
		switch {
		case s.Type.Is("integer"):
			minute++
			at := time.Date(2026, 11, 25, 9, minute, 0, 0, time.UTC)
			row[name], seen[name] = at.UnixMilli(), at.Format("2006-01-02T15:04")
		case s.Type.Is("boolean"):
			row[name], seen[name] = true, fmt.Sprintf("%q:true", name)
		case s.Type.Is("array"):
			row[name], seen[name] = []string{"marker-" + name}, "marker-"+name
		default:
			row[name], seen[name] = "marker-"+name, "marker-"+name
		}
	}
	return row, seen
}

// contextOf returns a context with one row.
func contextOf(t *testing.T, table string, row map[string]any) agent.Context {
	t.Helper()
	text, err := json.Marshal([]any{row})
	if err != nil {
		t.Fatal(err)
	}
	c := agent.Context{Now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	targets := map[string]any{"tasks": &c.Tasks, "projects": &c.Projects, "clients": &c.Clients, "notes": &c.Notes,
		"checkpoints": &c.Checkpoints, "taskComments": &c.TaskComments, "events": &c.Events, "emails": &c.Emails}
	if err := json.Unmarshal(text, targets[table]); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEveryColumnReachesTheModel puts a marker into every column of the contract's rows and reads them with the tools
// that agents of all tiers have.
func TestEveryColumnReachesTheModel(t *testing.T) {
	t.Parallel()
	unreachable := 0
	for table := range schemas {
		row, seen := marked(t, table)
		delete(seen, "thread_id") // the other spelling of threadId
		c := contextOf(t, table, row)
		for _, level := range []tier.Tier{tier.Free, tier.Pro} {
			for _, call := range []string{
				fmt.Sprintf(`read_row {"table":%q,"id":"marker-id"}`, table),
				fmt.Sprintf(`find_rows {"table":%q,"words":"marker-id"}`, table),
			} {
				text := callTool(t, level, c, call)
				for name, want := range seen {
					if !strings.Contains(text, want) {
						unreachable++
						t.Errorf("%s, %s: %s lacks %s: %s", level, call, name, want, text)
					}
				}
			}
		}
	}
	c := agent.Context{RelevantDocuments: []string{"one", "marker-document"}}
	for _, call := range []string{`read_row {"table":"documents","id":"2"}`, `find_rows {"words":"marker"}`} {
		if text := callTool(t, tier.Free, c, call); !strings.Contains(text, "marker-document") {
			t.Errorf("%s: %s", call, text)
		}
	}
	t.Logf("%d columns cannot be read", unreachable)
}

// newRun starts a run of the task agent, which every tier has.
func newRun(t testing.TB, level tier.Tier, c agent.Context) (*agent.Agent, *agent.Run) {
	t.Helper()
	a := task.New(nil)
	registry, err := agent.NewRegistry(a)
	if err != nil {
		t.Fatal(err)
	}
	run := registry.NewRun(identity.User{Tier: level, Email: "mara@example.com"}, "message", agent.Context{})
	run.Context = c // text of others in the prompt would have the changes judged by the message
	return a, run
}

// callTool calls a tool, written as its name and its arguments, in a new run.
func callTool(t *testing.T, level tier.Tier, c agent.Context, call string) string {
	t.Helper()
	_, run := newRun(t, level, c)
	return callIn(t, run, call)
}

func callIn(t testing.TB, run *agent.Run, call string) string {
	t.Helper()
	name, arguments, _ := strings.Cut(call, " ")
	for _, tool := range workspace.Tools() {
		if tool.Name() == name {
			text, err := tool.Call(t.Context(), run, arguments)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
	t.Fatalf("no tool %q", name)
	return ""
}
