package workspace

import (
	"context"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fold"
)

// NoProject is what FindProject calls the project of rows that belong to none.
const NoProject = "none"

// FindProject returns the project that a model means by an id, a name or a part of a name that only one project has.
// A project that rows refer to but that was not sent has an id alone, and that of NoProject is empty. The error names
// the projects of the request, or those that the text may mean.
func FindProject(ctx context.Context, run *agent.Run, text string) (agent.Project, error) {
	text = strings.TrimSpace(text)
	t, err := tables.table("projects")
	if err != nil {
		return agent.Project{}, err
	}
	r, err := tables.findProject(ctx, run, t, text)
	switch {
	case err == nil:
		return run.Context.Projects[r.row], nil
	case run.MayRefer("projects", text):
		return agent.Project{ID: text}, nil
	case fold.Line(text) == NoProject:
		return agent.Project{}, nil
	}
	return agent.Project{}, err
}

// CreateTask proposes a new task. data has the columns as create_row takes them. It returns the columns of the action,
// and a note for the model, which may be empty.
func CreateTask(ctx context.Context, run *agent.Run, data map[string]any) (created map[string]any, note string,
	err error) {
	t, err := tables.table("tasks")
	if err != nil {
		return nil, "", err
	}
	return tables.create(ctx, run, t, data)
}

// ChangeTask proposes new values for columns of a task, given by id or title; set has them as change_rows takes them.
// It returns the title of the task and the columns of the action, none when the task has these values already.
func ChangeTask(ctx context.Context, run *agent.Run, id string, set map[string]any) (title string,
	changed map[string]any, err error) {
	t, err := tables.table("tasks")
	if err != nil {
		return "", nil, err
	}
	r, err := tables.find(ctx, run, t, id, "")
	if err != nil {
		return "", nil, err
	}
	if err := tables.checkID(ctx, run, r); err != nil {
		return "", nil, err
	}
	values, err := tables.values(ctx, run, t, set)
	if err != nil {
		return "", nil, err
	}
	changed, err = tables.change(ctx, run, r, values, changeInput{})
	return r.heading(run.Context), changed, err
}
