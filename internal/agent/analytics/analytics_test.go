package analytics_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/analytics"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/agenttest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func runTool(t *testing.T, c agent.Context, name, arguments string) (string, *agent.Run) {
	t.Helper()
	return agenttest.RunTool(t, analytics.New(nil), c, name, arguments)
}

// workspace returns the data of a user in Kolkata on Wednesday, 1 April 2026, 10:00.
func workspace(t *testing.T) agent.Context {
	t.Helper()
	z := agenttest.Zone(t, "Asia/Kolkata")
	return agent.Context{Location: z, Now: time.Date(2026, 4, 1, 10, 0, 0, 0, z),
		Projects: []agent.Project{{ID: "p", Name: "Web"}},
		Tasks: []agent.Task{
			{ID: "1", Title: "A", Status: "done", Priority: "high", Assignee: "Leo", ProjectID: "p",
				CreatedAt:   agenttest.At(t, "2026-03-28T00:00:00+05:30"),
				CompletedAt: agenttest.At(t, "2026-03-30T00:00:00+05:30")}, // the first instant of Monday
			{ID: "2", Title: "B", Status: "done", CreatedAt: agenttest.At(t, "2026-03-25T23:59:00+05:30"),
				CompletedAt: agenttest.At(t, "2026-03-29T23:59:00+05:30")},
			{ID: "3", Title: "C", Status: "todo", Assignee: "Leo",
				DueDate: agenttest.At(t, "2026-03-31T23:59:00+05:30")},
			{ID: "4", Title: "D", Status: "in_progress", DueDate: agenttest.At(t, "2026-04-03T12:00:00+05:30")},
			{ID: "5", Title: "E", Status: "done"},
		}}
}

const (
	sums = `"total":5,"done":3,"open":2,"completion_rate_percent":60,"overdue":1,"due_within_7_days":1,` +
		`"open_without_due_date":0,` +
		`"by_status":{"done":3,"in_progress":1,"todo":1},"by_priority":{"high":1,"none":4},` +
		`"by_assignee":[{"name":"Leo","total":2,"open":1,"overdue":1},{"name":"nobody","total":3,"open":1,` +
		`"overdue":0}],` +
		`"by_project":[{"name":"none","total":4,"open":2,"overdue":1},{"name":"Web","total":1,"open":0,"overdue":0}],` +
		`"completed_per_week":[{"week_from":"2026-02-09","completed":0},{"week_from":"2026-02-16",` +
		`"completed":0},{"week_from":"2026-02-23","completed":0},` +
		`{"week_from":"2026-03-02","completed":0},{"week_from":"2026-03-09","completed":0},` +
		`{"week_from":"2026-03-16","completed":0},` +
		`{"week_from":"2026-03-23","completed":1},{"week_from":"2026-03-30","completed":1}],` +
		`"lead_time":{"tasks":2,"median_days":3,"p90_days":3.8}`
	undated = `"1 of 3 done tasks do not say when they were completed; they count in no week and no lead time"`
	rule    = `"rule":"A direction needs 3 points on different times and R² of at least 0.3; a forecast needs 5 ` +
		`points and R² of at least 0.5."}`
)

func TestToolResults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tool, in, want string }{
		{"calculate_metrics", `{}`, `{` + sums + `,"unknown":[` + undated + `]}`},
		{"generate_report", `{"period":"week"}`, `{"period":"week","from":"2026-03-30T00:00:00+05:30",` +
			`"to":"2026-04-06T00:00:00+05:30",` +
			`"created":{"count":0,"tasks":[]},"completed":{"count":1,"tasks":[{"title":"A","priority":"high",` +
			`"assignee":"Leo"}]},` +
			`"in_progress_now":{"count":1,"tasks":[{"title":"D","due_local":"2026-04-03T12:00:00+05:30"}]},` +
			`"open_and_due_in_period":{"count":2,"tasks":[{"title":"C","assignee":"Leo",` +
			`"due_local":"2026-03-31T23:59:00+05:30"},{"title":"D","due_local":"2026-04-03T12:00:00+05:30"}]},` +
			`"overdue_now":{"count":1,"tasks":[{"title":"C","assignee":"Leo",` +
			`"due_local":"2026-03-31T23:59:00+05:30"}]},` +
			`"all_tasks":{` + sums + `},"unknown":[` + undated + `,"3 of 5 tasks do not say when they were created"]}`},
		{"generate_report", `{"period":"ever"}`, `error: period must be day, week, month or YYYY-MM-DD..YYYY-MM-DD`},
		{"trend_analysis", `{"data_points":[{"at":"2026-03-01","value":1},{"at":"2026-03-02","value":2}]}`,
			`{"points":2,"series":"given points","from":"2026-03-01","to":"2026-03-02","direction":"unknown",` +
				`"note":"Too few points on different times to tell a trend.",` + rule},
		{"trend_analysis", `{"data_points":[{"at":"2026-03-09","value":17},{"at":"2026-03-01","value":1},` +
			`{"at":"2026-03-02","value":3},{"at":"2026-03-03","value":5},{"at":"2026-03-05","value":9}]}`,
			`{"points":5,"series":"given points","from":"2026-03-01","to":"2026-03-09","direction":"up",` +
				`"slope_per_day":2,"r_squared":1,"mean":7,` +
				`"forecast":{"at":"2026-03-16","value":31},"irregular_spacing":true,` + rule},
		{"trend_analysis", `{"data_points":[{"at":"2026-03-01","value":4},{"at":"2026-03-02","value":4},` +
			`{"at":"2026-03-03","value":4}]}`,
			`{"points":3,"series":"given points","from":"2026-03-01","to":"2026-03-03","direction":"flat",` +
				`"slope_per_day":0,"r_squared":0,"mean":4,` + rule},
		{"trend_analysis", `{"data_points":[{"at":"2026-03-01","value":1},{"at":"2026-03-02","value":2},` +
			`{"at":"2026-03-03","value":1},{"at":"2026-03-04","value":2}]}`,
			`{"points":4,"series":"given points","from":"2026-03-01","to":"2026-03-04","direction":"no clear ` +
				`trend","slope_per_day":0.2,"r_squared":0.2,"mean":1.5,` +
				`"note":"The points scatter more than they rise or fall.",` + rule},
		{"trend_analysis", `{"data_points":[{"at":"2026-03-01","value":1e300}]}`,
			`error: data_points[0]: the value is out of range`},
	} {
		if got, _ := runTool(t, workspace(t), c.tool, c.in); got != c.want {
			t.Errorf("%s %s:\ngot  %s\nwant %s", c.tool, c.in, got, c.want)
		}
	}
	if got, _ := runTool(t, agent.Context{}, "calculate_metrics", ``); !strings.HasPrefix(got,
		`{"total":0,"done":0,"open":0,"completion_rate_percent":null,`) {
		t.Error(got)
	}
}

// TestReportOfAMonthWithAClockChange checks that a period begins and ends at local midnight before and after a clock
// change.
func TestReportOfAMonthWithAClockChange(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Europe/Rome":      `"from":"2026-03-01T00:00:00+01:00","to":"2026-04-01T00:00:00+02:00"`,
		"America/New_York": `"from":"2026-03-01T00:00:00-05:00","to":"2026-04-01T00:00:00-04:00"`,
		"Pacific/Auckland": `"from":"2026-03-01T00:00:00+13:00","to":"2026-04-01T00:00:00+13:00"`,
	} {
		z := agenttest.Zone(t, name)
		c := agent.Context{Location: z, Now: time.Date(2026, 3, 31, 23, 0, 0, 0, z)}
		if got, _ := runTool(t, c, "generate_report", `{"period":"month"}`); !strings.Contains(got, want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestTrendOfCompletedTasks(t *testing.T) {
	t.Parallel()
	c := workspace(t)
	c.Tasks = nil
	for day := range 28 {
		for range day {
			done := time.Date(2026, 3, 4+day, 20, 0, 0, 0, c.Location)
			c.Tasks = append(c.Tasks, agent.Task{Status: "done", CompletedAt: done.UnixMilli()})
		}
	}
	want := `{"points":28,"series":"tasks completed per day","from":"2026-03-04","to":"2026-03-31",` +
		`"direction":"up","slope_per_day":1,` +
		`"r_squared":1,"mean":13.5,"forecast":{"at":"2026-04-07","value":34},` + rule
	if got, _ := runTool(t, c, "trend_analysis", ``); got != want {
		t.Error(got)
	}
}

func TestTrendListsOutliers(t *testing.T) {
	t.Parallel()
	points := []string{}
	for i, value := range []int{10, 11, 10, 12, 11, 90, 10, 11, 12, 10} {
		points = append(points, fmt.Sprintf(`{"at":"2026-03-%02d","value":%d}`, i+1, value))
	}
	got, _ := runTool(t, agent.Context{}, "trend_analysis", `{"data_points":[`+strings.Join(points, ",")+`]}`)
	if !strings.Contains(got, `"outliers":[{"at":"2026-03-06","value":90}]`) || !strings.Contains(got,
		`"direction":"no clear trend"`) {
		t.Error(got)
	}
}

func TestMetricsOfExtremeTasks(t *testing.T) {
	t.Parallel()
	c := agent.Context{Now: time.Unix(1_800_000_000, 0)}
	for i := range 5000 {
		c.Tasks = append(c.Tasks, agent.Task{Status: "done", Assignee: fmt.Sprint(i), DueDate: -1 << 63,
			CreatedAt: 1<<63 - 1, CompletedAt: int64(i - 2500)})
	}
	text, _ := runTool(t, c, "calculate_metrics", ``)
	var out struct {
		Total     int
		Assignees []any `json:"by_assignee"`
		Unknown   []string
	}
	if err := json.Unmarshal([]byte(text),
		&out); err != nil || out.Total != 5000 || len(out.Assignees) != 51 || len(out.Unknown) != 2 {
		t.Error(err, text)
	}
}

func TestDefaultPlan(t *testing.T) {
	t.Parallel()
	a := analytics.New(llmtest.NewModel(llmtest.TextTurn("ok")))
	plan := agenttest.Plan(t, a)
	if len(plan.Steps) != 2 || plan.Agent != analytics.Name {
		t.Fatal(plan)
	}
	if plan.Steps[0].Action != playbook.Select || plan.Steps[1].PromptTemplate != "tpl_analytics_agent_default" {
		t.Error(plan.Steps)
	}
}

func TestReportPlanCreatesANote(t *testing.T) {
	t.Parallel()
	a := analytics.New(
		llmtest.NewModel(llmtest.CallTurn(llmtest.Call("1", "plan_report_note", `{}`)), llmtest.TextTurn("ok")),
	)
	plan := agenttest.Plan(t, a)
	want := `{"action":"create_record","data_from_step":1,"table":"notes",` +
		`"data":{"content":"{{content}}","title":"{{title}}"}}`
	if got, err := json.Marshal(plan.Steps[2]); err != nil || len(plan.Steps) != 3 || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestModelReadsToolResults(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel(llmtest.CallTurn(llmtest.Call("1", "calculate_metrics", `{}`)),
		llmtest.TextTurn("60 % are done."))
	a := analytics.New(model)
	result, err := a.Handle(t.Context(), agenttest.NewRun(t, a, workspace(t)), nil)
	if err != nil || result.Text != "60 % are done." || len(model.Calls()) != 2 {
		t.Fatal(result, err)
	}
	if prompt := fmt.Sprint(model.Calls()[1].Messages); !strings.Contains(prompt, "completion_rate_percent") {
		t.Errorf("the model was not sent the result: %s", prompt)
	}
}
