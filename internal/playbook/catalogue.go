package playbook

import (
	"embed"
	"errors"
	"fmt"
	"maps"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/tier"
)

//go:embed templates/*.md
var templateFiles embed.FS

// Catalogue returns the templates of the ready-made playbooks.
func Catalogue() ([]Template, error) {
	newTasks := Records{Action: action.Create, Table: "tasks",
		Columns: []string{"title", "description", "priority", "dueDate"}}
	tasksOfNotes := newTasks
	tasksOfNotes.Columns = append([]string{"projectId"}, newTasks.Columns...)
	list := []Template{
		{ID: "tpl_email_tasks", Reads: "emails", Makes: newTasks},
		{ID: "tpl_note_tasks", Reads: "notes", Makes: tasksOfNotes},
		{ID: "tpl_weekly_report", Reads: "tasks", Variables: []string{"period"}},
		{ID: "tpl_standup", Reads: "tasks"},
		{ID: "tpl_calendar_conflicts", Reads: "events", Makes: Records{Action: action.Update, Table: "events",
			Columns: []string{"start", "end"}, Needed: []string{"start", "end"}}},
		{ID: "tpl_inbox_triage", Reads: "emails", Makes: Records{Action: action.Update, Table: "emails",
			Columns: []string{"labels"}}},
		{ID: "tpl_meeting_preparation", Reads: "events", Variables: []string{"meeting"}},
		{ID: "tpl_overdue_cleanup", Reads: "tasks", Makes: Records{Action: action.Update, Table: "tasks",
			Columns: []string{"dueDate", "priority"}}},
		{ID: "tpl_project_status", Reads: "tasks", Variables: []string{"project"}},
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

// act returns the action of the template's records, with more columns that are the same for all.
func (t *Templates) act(id string, fixed map[string]any) action.Action {
	template, err := t.Get(id)
	if err != nil {
		return action.Action{} // which the builder refuses
	}
	act := template.Makes.Act()
	maps.Copy(act.Data, fixed)
	return act
}

// noteFrom returns the action that saves the text of the source step as a note.
func noteFrom(title string) action.Action {
	return action.CreateRecord("notes", map[string]any{"title": title, "content": "{{output}}"})
}

func emailTasks(t *Templates) *Builder {
	return NewBuilder("email_agent", t).
		Describe("task_from_email", "Create tasks from e-mails",
			"Reads e-mails and creates a task for everything they ask of you.", tier.Free).
		Select("emails", nil).Generate("tpl_email_tasks", nil, From(0)).
		Act(t.act("tpl_email_tasks", map[string]any{"status": "todo"}), From(1))
}

func noteTasks(t *Templates) *Builder {
	return NewBuilder("task_agent", t).
		Describe("tasks_from_notes", "Create tasks from notes",
			"Reads notes and creates a task for the work they mention.", tier.Free).
		Select("notes", nil).Generate("tpl_note_tasks", nil, From(0)).
		Act(t.act("tpl_note_tasks", map[string]any{"status": "todo"}), From(1))
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
		Act(t.act("tpl_inbox_triage", nil), From(1))
}

func calendarConflicts(t *Templates) *Builder {
	return NewBuilder("calendar_agent", t).
		Describe("resolve_calendar_conflicts", "Resolve calendar conflicts",
			"Finds overlapping events and moves the ones easier to move.", tier.Free).
		Select("events", nil).Generate("tpl_calendar_conflicts", nil, From(0)).
		Act(t.act("tpl_calendar_conflicts", nil), From(1))
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
		Act(t.act("tpl_overdue_cleanup", nil), From(1))
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
