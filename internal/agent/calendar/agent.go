// Package calendar is the agent for calendars: from the event metadata of the request it lists events, finds conflicts
// between them, and suggests free times to move them to.
package calendar

import (
	_ "embed"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
	"github.com/adiuva/cloud-api/internal/playbook"
)

//go:embed prompt.md
var prompt string

//go:embed templates/default.md
var defaultTemplate string

//go:embed templates/reschedule.md
var rescheduleTemplate string

// Name is the agent's name.
const Name = "calendar_agent"

// New returns the calendar agent.
func New(model agent.Model) *agent.Agent {
	return agent.New(model, agent.Definition{
		Name:        Name,
		Description: "Calendar management: events, conflicts, scheduling, free time",
		Examples:    []string{"Cancel the dentist", "Wann habe ich diese Woche eine Stunde frei?"},
		Skills:      []string{"list events", "detect conflicts", "suggest new times", "propose to move events"},
		Prompt:      prompt,
		Shared:      workspace.Tools(),
		Tools: []agent.Tool{
			agent.NewTool("list_events", "Read the person's events in order of time. Without a range: all of them.",
				listEvents).As(agent.ChecksCalendar),
			agent.NewTool("detect_conflicts", "Find overlaps, duplicates, double-booked people and too little "+
				"time to travel.", detectConflicts).As(agent.ChecksCalendar),
			agent.NewTool("find_free_time", "Find free times, the earliest first. Never look for gaps yourself.",
				findFreeTime).As(agent.ChecksCalendar),
			agent.NewTool("suggest_reschedule", "Find free times for one of two events in conflict.",
				suggestReschedule).As(agent.ChecksCalendar),
			agent.NewTool("move_event", "Propose a new time for one event, only when the person asked to move it.",
				moveEvent).As(agent.PreparesChanges),
		},
		Outlines: []agent.Outline{
			{Name: "plan_calendar_summary", Description: "Plan: read events and answer about them.",
				Template: playbook.Template{ID: "tpl_calendar_agent_default", Text: defaultTemplate,
					Reads: "events"}},
			{Name: "plan_reschedule", Description: "Plan: read events, decide which should move, move those.",
				Template: playbook.Template{ID: "tpl_calendar_agent_reschedule", Text: rescheduleTemplate,
					Reads: "events", Facts: ConflictFacts(),
					Makes: playbook.Records{Action: action.Update, Table: "events",
						Columns: []string{"start", "end"}, Needed: []string{"start", "end"}}}},
		},
	})
}
