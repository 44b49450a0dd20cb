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
		`  - {say: x, says: y}`:                                     `:3: there is no member "says"; `,
		`  - {tier: free}`:                                          "tasks.yaml:3: \"\": says nothing",
		`  - {say: x, tier: gold}`:                                  `no tier "gold"; there are free, pro`,
		`  - {say: x, mode: fast}`:                                  "direct or plan",
		`  - {say: x, timezone: Mars/Base}`:                         "Mars/Base",
		`  - {say: x, now: today}`:                                  "now",
		`  - {say: x, workspace: home}`:                             `no workspace "home"; there are office`,
		`  - {say: x, calls: [list_tasks]}`:                         "{tool: {argument: value}}",
		`  - {say: x, calls: [{list_tasks: {a: 1, a: 2}}]}`:         "twice",
		`  - {say: x, calls: [{list_tasks: {a: !near b}}]}`:         "!near",
		`  - {say: x, actions: [{create tasks: {name: y}}]}`:        `no column "name"; there are projectId, title`,
		`  - {say: x, actions: [{create chairs: {title: y}}]}`:      `no table "chairs"; there are tasks`,
		`  - {say: x, actions: [{make tasks: {title: y}}]}`:         `"make tasks"`,
		`  - {say: x, actions: [{create tasks: {dueDate: soon}}]}`:  `"soon"`,
		`  - {say: x, actions: [{create tasks: {status: open}}]}`:   "status",
		`  - {say: x, history: [{user: a, assistant: b}]}`:          "history",
		`  - {say: x, rows: {chairs: [{id: a}]}}`:                   "no such table",
		`  - {say: x, rows: {tasks: [{id: a, name: b}]}}`:           `rows of tasks have no column "name"; there are`,
		`  - {say: x, rows: {tasks: [{id: a, dueDate: tomorrow}]}}`: "tomorrow",
		`  - {say: x, turns: [{say: ""}]}`:                          "a turn says nothing",
		"  - say: x\n    turns:\n      - {say: y, says: z}":         "tasks.yaml:5: ",
		"  - say: x\n    calls:\n      - a: {b: !near c}":           "tasks.yaml:5: ",
		"  - say: x\n    actions:\n      - create x: {}":            "tasks.yaml:5: ",
		"  - say: x\n    rows:\n      x:\n        - {}":             "tasks.yaml:6: ",
		"  - say: x\n  bad":                                         "tasks.yaml:4: ",
		"  - {say: x, max_calls: many}":                             "tasks.yaml:3: ",
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
    max_tokens: 900
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
		"901 tokens":     func(o *scenario.Outcome) { o.Tokens = 901 },
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

func TestCheckResultLeavesOutTheCalls(t *testing.T) {
	t.Parallel()
	turn := read(t, `
  - say: what is overdue?
    calls: [{list_tasks: {}}]
    max_calls: 0
    max_tokens: 1
    must_read: [Order chairs]
    must_say: [Order chairs]`).Turns[0]
	o := scenario.Outcome{Agents: []string{"task_agent"}, Text: "Order chairs.", Tokens: 2}
	if all, result := turn.Check(o, time.Now()), turn.CheckResult(o, time.Now()); len(all) != 3 || len(result) != 0 {
		t.Errorf("%q %q", all, result)
	}
	o.Text = "Nothing."
	if result := turn.CheckResult(o, time.Now()); len(result) != 1 {
		t.Error(result)
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

func TestReadTakesScenariosWithoutWorkspace(t *testing.T) {
	t.Parallel()
	s := read(t, `
  - say: hello
    workspace: ""
    turns: [{say: and then}]`)
	if s.File != "tasks.yaml" || s.Line != 4 || s.Turns[1].Line != 6 {
		t.Errorf("%s:%d, turn at %d", s.File, s.Line, s.Turns[1].Line)
	}
	list, err := scenario.Read(fstest.MapFS{"own.yaml": {Data: []byte(`scenarios:
  - {say: hi, agents: [task_agent], tier: free, timezone: Asia/Tokyo, now: 2026-11-23T09:00, profile: {name: Eve},
     rows: {tasks: [{id: t1, title: Sign, dueDate: 2026-11-24T09:00}]}}`)}})
	if err != nil {
		t.Fatal(err)
	}
	c := list[0].Context
	if c.UserProfile["name"] != "Eve" || time.UnixMilli(c.Tasks[0].DueDate).UTC().Hour() != 0 {
		t.Errorf("%+v", c)
	}
}

func TestReadNamesTheLineOfAWorkspace(t *testing.T) {
	t.Parallel()
	files := folder("  - {say: x}")
	files["workspaces/office.yaml"].Data = []byte(workspace + "  notes:\n    - {id: n1, text: x}\n")
	_, err := scenario.Read(files)
	if err == nil || !strings.Contains(err.Error(), `workspaces/office.yaml:8: rows of notes have no column`) {
		t.Error(err)
	}
}

func TestValidateNamesWhatIsUnknown(t *testing.T) {
	t.Parallel()
	known := scenario.Known{Agents: []string{"task_agent"}, Tools: map[string][]string{"list_tasks": {"status"}}}
	for scenarios, want := range map[string]string{
		"  - {say: x, agents: [chess_agent]}": `:3: there is no agent "chess_agent"; there are task_agent`,
		"  - {say: x, router: [chess_agent]}": `tasks.yaml:3: there is no agent "chess_agent"`,
		"  - say: x\n    calls: [{play: {}}]": `tasks.yaml:4: there is no tool "play"; there are list_tasks`,
		"  - say: x\n    calls:\n      - list_tasks: {state: done}": "tasks.yaml:5: list_tasks has no argument " +
			`"state"; there are status`,
		strings.Repeat("  - {say: x, agents: [chess_agent]}\n", 22): "and 23 more mistakes",
		"  - {say: x}\n  - {say: x, must_say: [y]}":                 ":4: is the same request as in tasks.yaml:3",
		"  - {say: x, calls: [{list_tasks: {status: done}}]}":       "",
		"  - {say: x, calls: [{refused: {list_tasks: {a: b}}}]}":    "",
	} {
		list, err := scenario.Read(folder(scenarios))
		if err != nil {
			t.Fatal(err)
		}
		err = scenario.Validate(list, known)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.80s: %v, without %q", scenarios, err, want)
		}
	}
}

func TestIDTellsRequestsApart(t *testing.T) {
	t.Parallel()
	base := read(t, "  - {say: 'Was ist überfällig?'}")
	if id := base.ID(); !strings.HasPrefix(id, "tasks/was-ist-berf-llig-") {
		t.Error(id)
	}
	for scenarios, same := range map[string]bool{
		"\n  - {say: 'Was ist überfällig?', must_say: [Order]}": true,
		"  - {say: 'Was ist überfällig?', tier: pro}":           false,
		"  - {say: 'Was ist überfällig!'}":                      false,
		"  - {say: 'Was ist überfällig?', documents: [x]}":      false,
	} {
		other := read(t, scenarios)
		if (other.ID() == base.ID()) != same {
			t.Errorf("%s: %s and %s", scenarios, other.ID(), base.ID())
		}
		if moreExpected := strings.Contains(scenarios, "must_say"); moreExpected !=
			(other.Expectation() != base.Expectation()) && !strings.Contains(scenarios, "!") {
			t.Errorf("%s: expectations %s and %s", scenarios, other.Expectation(), base.Expectation())
		}
	}
}
