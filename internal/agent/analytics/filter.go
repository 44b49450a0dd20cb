package analytics

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
)

// maxKnown limits the assignees that a result or an error names.
const maxKnown = 10

// The names under which tasks without a project or an assignee are counted. A filter takes them too.
const (
	noProject  = workspace.NoProject
	noAssignee = "nobody"
)

// scope says which tasks a result is about. It is empty for all of them.
type scope struct {
	Project  string `json:"project,omitempty"`
	Assignee string `json:"assignee,omitempty"`
}

// filterTasks returns the tasks of a project, given by id or name, and of an assignee, with the names of both as the
// rows have them. Empty texts select all tasks.
func filterTasks(ctx context.Context, run *agent.Run, tasks []agent.Task, project, assignee string) ([]agent.Task,
	scope, error) {
	var of scope
	if project = strings.TrimSpace(project); project != "" {
		p, err := workspace.FindProject(ctx, run, project)
		if err != nil {
			return nil, scope{}, err
		}
		of.Project = agent.Truncate(cmp.Or(p.Name, p.ID, noProject), maxName)
		if tasks, err = keep(ctx, run, tasks, func(t agent.Task) bool { return t.ProjectID == p.ID }); err != nil {
			return nil, scope{}, err
		}
	}
	if assignee = agent.Normalize(assignee); assignee != "" {
		names, err := findAssignees(ctx, run, assignee)
		if err != nil {
			return nil, scope{}, err
		}
		of.Assignee = join(names)
		wanted := map[string]bool{}
		for _, name := range names {
			wanted[agent.Normalize(name)] = true
		}
		tasks, err = keep(ctx, run, tasks, func(t agent.Task) bool { return wanted[agent.Normalize(assigneeOf(t))] })
		if err != nil {
			return nil, scope{}, err
		}
	}
	return tasks, of, nil
}

func keep(ctx context.Context, run *agent.Run, tasks []agent.Task, wanted func(agent.Task) bool) ([]agent.Task,
	error) {
	list := make([]agent.Task, 0, len(tasks))
	for _, t := range tasks {
		if err := run.Work(ctx, 1); err != nil {
			return nil, err
		}
		if wanted(t) {
			list = append(list, t)
		}
	}
	return list, nil
}

// findAssignees returns the assignees of the request's tasks that the normalized name means, in their first spelling:
// those of exactly this name, or else all whose name has it as a part. "me" is the person asking.
func findAssignees(ctx context.Context, run *agent.Run, name string) ([]string, error) {
	wanted := []string{name}
	if mine := run.PersonNames(); name == "me" && len(mine) > 0 {
		wanted = mine
	}
	var same, like, all []string
	seen := map[string]bool{}
	for _, t := range run.Context.Tasks {
		if err := run.WorkOnText(ctx, t.Assignee); err != nil {
			return nil, err
		}
		known := assigneeOf(t)
		folded := agent.Normalize(known)
		if seen[folded] {
			continue
		}
		seen[folded] = true
		all = append(all, known)
		if slices.Contains(wanted, folded) {
			same = append(same, known)
		} else if slices.ContainsFunc(wanted, func(part string) bool { return strings.Contains(folded, part) }) {
			like = append(like, known)
		}
	}
	switch {
	case len(same) > 0:
		return same, nil
	case len(like) > 0:
		return like, nil
	}
	return nil, fmt.Errorf("no task has the assignee %q; there are %s", agent.Truncate(name, maxName),
		cmp.Or(join(all), "none"))
}

// assigneeOf returns the assignee of a task as the results name it.
func assigneeOf(t agent.Task) string {
	return agent.Truncate(cmp.Or(strings.TrimSpace(t.Assignee), noAssignee), maxName)
}

// join lists the first maxKnown names.
func join(names []string) string {
	text := strings.Join(names[:min(len(names), maxKnown)], ", ")
	if hidden := len(names) - maxKnown; hidden > 0 {
		text += fmt.Sprintf(" and %d more", hidden)
	}
	return text
}
