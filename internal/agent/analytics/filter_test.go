package analytics_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// studio returns the data of a person called Mara with three projects, of which two are called alike.
func studio() agent.Context {
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	past := now.AddDate(0, 0, -3).UnixMilli()
	return agent.Context{Now: now, UserProfile: map[string]any{"name": "Mara"},
		Projects: []agent.Project{{ID: "p1", Name: "Website relaunch"}, {ID: "p2", Name: "Website hosting"},
			{ID: "p3", Name: "Office"}},
		Tasks: []agent.Task{
			{ID: "1", Title: "A", ProjectID: "p1", Assignee: "Mara", DueDate: past},
			{ID: "2", Title: "B", ProjectID: "p1", Assignee: "Leo", Status: "done", CompletedAt: past},
			{ID: "3", Title: "C", ProjectID: "p3", Assignee: "Leonie"},
			{ID: "4", Title: "D", ProjectID: "p9"},
			{ID: "5", Title: "E", Assignee: " leo ", Status: "done"},
		}}
}

func TestMetricsOfAProjectAndAnAssignee(t *testing.T) {
	t.Parallel()
	for arguments, want := range map[string]string{
		`{"project":"p1"}`:                    `{"project":"Website relaunch","total":2,"done":1,"open":1,`,
		`{"project":" website  RELAUNCH"}`:    `{"project":"Website relaunch","total":2,"done":1,"open":1,`,
		`{"project":"office"}`:                `{"project":"Office","total":1,"done":0,"open":1,`,
		`{"project":"hosting"}`:               `{"project":"Website hosting","total":0,"done":0,"open":0,`,
		`{"project":"p9"}`:                    `{"project":"p9","total":1,"done":0,"open":1,`,
		`{"project":"none"}`:                  `{"project":"none","total":1,"done":1,"open":0,`,
		`{"project":""}`:                      `{"total":5,"done":2,"open":3,`,
		`{"assignee":"me"}`:                   `{"assignee":"Mara","total":1,"done":0,"open":1,`,
		`{"assignee":"Leo"}`:                  `{"assignee":"Leo","total":2,"done":2,"open":0,`,
		`{"assignee":"leon"}`:                 `{"assignee":"Leonie","total":1,"done":0,"open":1,`,
		`{"assignee":"nobody"}`:               `{"assignee":"nobody","total":1,"done":0,"open":1,`,
		`{"project":"p1","assignee":"Mara"}`:  `{"project":"Website relaunch","assignee":"Mara","total":1,`,
		`{"project":"Office","task_data":[]}`: `{"project":"Office","total":1,`,
		`{"task_data":[{}]}`:                  `{"total":5,`,
		`{"project":"Office","task_data":[{"id":"1"},{"id":"3"}]}`: `{"project":"Office","total":1,`,
		`{"project":"website"}`: `error: 2 projects have "website" in their name: "Website relaunch" (id p1), ` +
			`"Website hosting" (id p2); ask the person which one they mean`,
		`{"project":"Garden"}`: `error: projects has no row "Garden"; there are "Website relaunch" (id p1), ` +
			`"Website hosting" (id p2), "Office" (id p3)`,
		`{"assignee":"Ann"}`: `error: no task has the assignee "ann"; there are Mara, Leo, Leonie, nobody`,
	} {
		if got, _ := runTool(t, studio(), "calculate_metrics", arguments); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", arguments, got)
		}
	}
}

func TestReportAndTrendOfAProject(t *testing.T) {
	t.Parallel()
	report, _ := runTool(t, studio(), "generate_report", `{"period":"week","project":"Website relaunch"}`)
	var out struct {
		Project   string
		Completed struct{ Count int }
		Overdue   struct{ Count int } `json:"overdue_now"`
		All       struct{ Total int } `json:"all_tasks"`
	}
	err := json.Unmarshal([]byte(report), &out)
	if err != nil || out.Project != "Website relaunch" || out.Overdue.Count != 1 || out.All.Total != 2 {
		t.Errorf("%v %s", err, report)
	}
	for arguments, want := range map[string]string{
		`{"project":"p1"}`: `{"project":"Website relaunch","points":28,"series":"tasks completed per day",`,
		`{"assignee":"me"}`: `{"assignee":"Mara","points":0,"series":"tasks completed per day",` +
			`"direction":"unknown","note":"No task says that it was completed in the last 28 days."`,
		`{"assignee":"Zoe"}`: `error: no task has the assignee "zoe"; `,
	} {
		if got, _ := runTool(t, studio(), "trend_analysis", arguments); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", arguments, got)
		}
	}
}

func TestFiltersNameFewOfManyAssignees(t *testing.T) {
	t.Parallel()
	c := studio()
	c.Tasks = nil
	for i := range 5_000 {
		c.Tasks = append(c.Tasks, agent.Task{ID: fmt.Sprint(i), Assignee: fmt.Sprintf("Person %d", i)})
	}
	got, _ := runTool(t, c, "calculate_metrics", `{"assignee":"person"}`)
	if !strings.HasPrefix(got, `{"assignee":"Person 0, Person 1, Person 2, Person 3, Person 4, Person 5, Person 6, `+
		`Person 7, Person 8, Person 9 and 4990 more","total":5000,`) {
		t.Error(agent.Truncate(got, 300))
	}
}
