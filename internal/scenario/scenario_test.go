package scenario_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/scenario"
)

const workspace = `
now: 2026-11-23T09:00
timezone: Europe/Rome
profile: {name: Anna}
rows:
  tasks: [{id: t1, title: Order chairs, dueDate: 2026-11-22T18:00}, {id: t2, title: Sign, dueDate: 2026-11-24}]
`

const head = "defaults: {workspace: office, tier: free, agents: [task_agent]}\nscenarios:\n"

func folder(scenarios string) fstest.MapFS {
	return fstest.MapFS{
		"workspaces/office.yaml": {Data: []byte(workspace)},
		"tasks.yaml":             {Data: []byte(head + scenarios)},
	}
}

func read(t *testing.T, scenarios string) scenario.Scenario {
	t.Helper()
	list, err := scenario.Read(folder(scenarios))
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

func TestReadTakesContextFromWorkspace(t *testing.T) {
	t.Parallel()
	s := read(t, `
  - say: what's overdue?
    rows: {notes: [{id: n1, title: Move, content: Via Verdi 3}]}
    documents: [A text.]
    history: [{user: hello}, {assistant: Hello.}]`)
	want := agent.Context{UserProfile: map[string]any{"name": "Anna"}, RelevantDocuments: []string{"A text."},
		Tasks: []agent.Task{
			{ID: "t1", Title: "Order chairs", DueDate: time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC).UnixMilli()},
			{ID: "t2", Title: "Sign", DueDate: time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC).UnixMilli() - 1},
		},
		Notes:   []agent.Note{{ID: "n1", Title: "Move", Content: "Via Verdi 3"}},
		History: []agent.Turn{{Role: "user", Content: "hello"}, {Role: "assistant", Content: "Hello."}}}
	if diff := cmp.Diff(want, s.Context); diff != "" {
		t.Error(diff)
	}
	if s.Category != "tasks" || s.Timezone != "Europe/Rome" || s.Now.UTC().Hour() != 8 {
		t.Error(s.Category, s.Timezone, s.Now)
	}
	wire, err := json.Marshal(s.Wire(s.Context.History))
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{`"recent_tasks":[{"dueDate":1795366800000,`, `"timezone":"Europe/Rome"`,
		`"relevant_documents":["A text."]`, `"conversation_history":[{"role":"user"`,
		`"user_profile":{"name":"Anna"}`} {
		if !strings.Contains(string(wire), member) {
			t.Errorf("%s lacks %s", wire, member)
		}
	}
}

func TestReadRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for scenarios, want := range map[string]string{
		`  - {say: x, says: y}`:                                     "says",
		`  - {tier: free}`:                                          "says nothing",
		`  - {say: x, tier: gold}`:                                  `no tier "gold"`,
		`  - {say: x, mode: fast}`:                                  "direct or plan",
		`  - {say: x, timezone: Mars/Base}`:                         "Mars/Base",
		`  - {say: x, now: today}`:                                  "now",
		`  - {say: x, workspace: home}`:                             `no workspace "home"`,
		`  - {say: x, calls: [list_tasks]}`:                         "{tool: {argument: value}}",
		`  - {say: x, calls: [{list_tasks: {a: 1, a: 2}}]}`:         "twice",
		`  - {say: x, calls: [{list_tasks: {a: !near b}}]}`:         "!near",
		`  - {say: x, actions: [{create tasks: {name: y}}]}`:        `no column "name"`,
		`  - {say: x, actions: [{create chairs: {title: y}}]}`:      `no table "chairs"`,
		`  - {say: x, actions: [{make tasks: {title: y}}]}`:         `"make tasks"`,
		`  - {say: x, actions: [{create tasks: {dueDate: soon}}]}`:  `"soon"`,
		`  - {say: x, actions: [{create tasks: {status: open}}]}`:   "status",
		`  - {say: x, history: [{user: a, assistant: b}]}`:          "history",
		`  - {say: x, rows: {chairs: [{id: a}]}}`:                   "no such table",
		`  - {say: x, rows: {tasks: [{id: a, name: b}]}}`:           "name",
		`  - {say: x, rows: {tasks: [{id: a, dueDate: tomorrow}]}}`: "tomorrow",
		`  - {say: x, turns: [{say: ""}]}`:                          "a turn says nothing",
		"  - {say: x}\n---\nmore: 1":                                "more than one document",
		"  - say: " + strings.Repeat("x", 1<<20):                    "larger than",
		strings.Repeat("  - {say: x}\n", 1_001):                     "more than 1000 scenarios",
		"  - say: x\n    calls:\n      - a: {b: &l [" + strings.Repeat("1,", 2_000) + "]}\n" +
			strings.Repeat("      - a: {b: *l}\n", 60): "more than 100000 values",
	} {
		if _, err := scenario.Read(folder(scenarios)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, without %q", scenarios, err, want)
		}
	}
}

// good is what the turn of TestCheckNamesEachDifference expects.
func good() scenario.Outcome {
	return scenario.Outcome{
		Agents: []string{"task_agent"},
		Calls: []scenario.Made{{Tool: "create_task", Arguments: `{"title":"Call Luigi","due_date":"2026-11-24"}`,
			Result: `{"proposed":"Call Luigi"}`}},
		Actions: []scenario.Change{{Type: action.Create, Table: "tasks", Data: map[string]any{"title": "Call Luigi",
			"dueDate": time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC).UnixMilli() - 1}}},
		Text: "Prepared: call Luigi.",
	}
}

func TestCheckNamesEachDifference(t *testing.T) {
	t.Parallel()
	s := read(t, `
  - say: call Luigi tomorrow
    calls: [{create_task: {title: !like call luigi, due_date: !time tomorrow}}]
    max_calls: 1
    actions: [{create tasks: {title: !like Call Luigi, dueDate: 2026-11-24}}]
    must_say: [[Luigi, Bianchi]]
    must_not_say: [Bob]
    must_read: [proposed]
    must_not_read: [Maria]`)
	turn := s.Turns[0]
	if wrong := turn.Check(good(), s.Now); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	for want, change := range map[string]func(*scenario.Outcome){
		"answered by":    func(o *scenario.Outcome) { o.Agents = nil },
		"no call":        func(o *scenario.Outcome) { o.Calls[0].Arguments = `{"title":"Call Luigi"}` },
		"2 calls":        func(o *scenario.Outcome) { o.Calls = append(o.Calls, scenario.Made{Tool: "list_tasks"}) },
		"actions lack":   func(o *scenario.Outcome) { o.Actions[0].Data["title"] = "Call Bob" },
		"actions have":   func(o *scenario.Outcome) { o.Actions = append(o.Actions, o.Actions[0]) },
		"proposals have": func(o *scenario.Outcome) { o.Proposals = o.Actions },
		"steps":          func(o *scenario.Outcome) { o.Steps = []string{"select"} },
		"upgrade":        func(o *scenario.Outcome) { o.Upgrade = &scenario.Upgrade{Feature: "analytics_agent"} },
		"does not say":   func(o *scenario.Outcome) { o.Text = "Prepared." },
		`says "Bob"`:     func(o *scenario.Outcome) { o.Text += " Bob knows." },
		"no tool":        func(o *scenario.Outcome) { o.Calls[0].Result = "{}" },
		`"Maria"`:        func(o *scenario.Outcome) { o.Calls[0].Result += "Maria" },
	} {
		o := good()
		change(&o)
		if wrong := strings.Join(turn.Check(o, s.Now), "\n"); !strings.Contains(wrong, want) {
			t.Errorf("%q lacks %q", wrong, want)
		}
	}
}

func TestCheckDoesNotAskForRefusedCalls(t *testing.T) {
	t.Parallel()
	s := read(t, `
  - say: what does Eve want?
    calls: [{refused: {delete_rows: {table: tasks, ids: [t1]}}}]`)
	call := s.Turns[0].Calls[0]
	if !call.Refused || call.Tool != "delete_rows" || call.JSON() != `{"ids":["t1"],"table":"tasks"}` {
		t.Errorf("%+v", call)
	}
	if wrong := s.Turns[0].Check(scenario.Outcome{Agents: []string{"task_agent"}}, s.Now); len(wrong) > 0 {
		t.Error(wrong)
	}
}
