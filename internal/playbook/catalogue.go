package playbook

import (
	"embed"
	"errors"
	"fmt"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/tier"
)

//go:embed templates/*.md
var templateFiles embed.FS

// Catalogue returns the templates of the ready-made playbooks.
func Catalogue() ([]Template, error) {
	list := []Template{
		{ID: "tpl_email_tasks", Columns: []string{"title", "description", "priority", "dueDate"}},
		{ID: "tpl_note_tasks", Columns: []string{"title", "description", "priority", "dueDate"}},
		{ID: "tpl_weekly_report", Variables: []string{"period"}},
		{ID: "tpl_standup"},
		{ID: "tpl_calendar_conflicts", Columns: []string{"id", "title", "start", "end"}},
		{ID: "tpl_inbox_triage", Columns: []string{"id", "labels"}},
		{ID: "tpl_meeting_preparation", Variables: []string{"meeting"}},
		{ID: "tpl_overdue_cleanup", Columns: []string{"id", "dueDate", "priority"}},
		{ID: "tpl_project_status", Variables: []string{"project"}},
	}
	for i, t := range list {
		text, err := templateFiles.ReadFile("templates/" + t.ID[len("tpl_"):] + ".md")
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", t.ID, err)
		}
		list[i].Text = string(text)
	}
	return list, nil
}

// Playbooks returns the library of ready-made plans. templates must include those of Catalogue.
func Playbooks(templates *Templates) (*Library, error) {
	var plans []Plan
	var problems []error
	for _, build := range []func(*Templates) *Builder{emailTasks, noteTasks, standup, inboxTriage, calendarConflicts,
		meetingPreparation, overdueCleanup, weeklyReport, projectStatus} {
		plan, err := build(templates).Build()
		if err != nil {
			problems = append(problems, err)
		}
		plans = append(plans, plan)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return NewLibrary(plans...)
}

// tasksFrom returns the action that creates a task for each record of the source step.
func tasksFrom() action.Action {
	return action.CreateRecord("tasks", map[string]any{"title": "{{title}}", "description": "{{description}}",
		"status": "todo", "priority": "{{priority}}", "dueDate": "{{dueDate}}"})
}

// noteFrom returns the action that saves the text of the source step as a note.
func noteFrom(title string) action.Action {
	return action.CreateRecord("notes", map[string]any{"title": title, "content": "{{output}}"})
}

func emailTasks(t *Templates) *Builder {
	return NewBuilder("email_agent", t).
		Describe("task_from_email", "Create tasks from e-mails",
			"Reads e-mails and creates a task for everything they ask of you.", tier.Free).
		Select("emails", nil).Generate("tpl_email_tasks", nil, From(0)).Act(tasksFrom(), From(1))
}

func noteTasks(t *Templates) *Builder {
	return NewBuilder("task_agent", t).
		Describe("tasks_from_notes", "Create tasks from notes",
			"Reads notes and creates a task for the work they mention.", tier.Free).
		Select("notes", nil).Generate("tpl_note_tasks", nil, From(0)).Act(tasksFrom(), From(1))
}

func standup(t *Templates) *Builder {
	return NewBuilder("task_agent", t).
		Describe("daily_standup", "Daily stand-up",
			"Sums up who did, does and waits for what, as a note.", tier.Free).
		Select("tasks", nil).Generate("tpl_standup", nil, From(0)).Act(noteFrom("Stand-up"), From(1))
}

func inboxTriage(t *Templates) *Builder {
	return NewBuilder("email_agent", t).
		Describe("triage_inbox", "Triage the inbox",
			"Labels each e-mail by what it needs from you.", tier.Free).
		Select("emails", nil).Generate("tpl_inbox_triage", nil, From(0)).
		Act(action.UpdateRecord("emails", map[string]any{"id": "{{id}}", "labels": "{{labels}}"}), From(1))
}

func calendarConflicts(t *Templates) *Builder {
	return NewBuilder("calendar_agent", t).
		Describe("resolve_calendar_conflicts", "Resolve calendar conflicts",
			"Finds overlapping events and moves the ones easier to move.", tier.Free).
		Select("events", nil).Generate("tpl_calendar_conflicts", nil, From(0)).
		Act(action.UpdateRecord("events", map[string]any{"id": "{{id}}", "start": "{{start}}", "end": "{{end}}"}),
			From(1))
}

func meetingPreparation(t *Templates) *Builder {
	return NewBuilder("calendar_agent", t).
		Describe("meeting_preparation", "Prepare a meeting",
			"Writes a preparation sheet for the next meeting, as a note.", tier.Pro).
		Select("events", nil).Generate("tpl_meeting_preparation", nil, From(0)).
		Act(noteFrom("Meeting preparation"), From(1))
}

func overdueCleanup(t *Templates) *Builder {
	return NewBuilder("task_agent", t).
		Describe("overdue_cleanup", "Clean up overdue tasks",
			"Gives overdue tasks a realistic date and the priority they need.", tier.Free).
		Select("tasks", map[string]any{"status": "todo"}).Generate("tpl_overdue_cleanup", nil, From(0)).
		Act(action.UpdateRecord("tasks", map[string]any{"id": "{{id}}", "dueDate": "{{dueDate}}",
			"priority": "{{priority}}"}), From(1))
}

func weeklyReport(t *Templates) *Builder {
	return NewBuilder("analytics_agent", t).
		Describe("weekly_report", "Weekly report",
			"Writes the week's report from the tasks, as a note, and tells you.", tier.Pro).
		Select("tasks", nil).Generate("tpl_weekly_report", nil, From(0)).Act(noteFrom("Weekly report"), From(1)).
		Act(action.SendNotification("Weekly report", "Your weekly report is in the notes.", 0), nil)
}

func projectStatus(t *Templates) *Builder {
	return NewBuilder("analytics_agent", t).
		Describe("project_status_note", "Project status note",
			"Writes a status note for the customer of a project.", tier.Pro).
		Select("tasks", nil).Generate("tpl_project_status", nil, From(0)).Act(noteFrom("Project status"), From(1))
}
