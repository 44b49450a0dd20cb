package analytics

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

// maxKnown limits the names that an error lists.
const maxKnown = 10

// The names under which tasks without a project or an assignee are counted, and by which a filter selects them.
const (
	noProject  = "none"
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
		id, name, err := findProject(ctx, run, project)
		if err != nil {
			return nil, scope{}, err
		}
		of.Project = name
		if tasks, err = keep(ctx, run, tasks, func(t agent.Task) bool { return t.ProjectID == id }); err != nil {
			return nil, scope{}, err
		}
	}
	if assignee = agent.Normalize(assignee); assignee != "" {
		names, err := findAssignees(ctx, run, assignee)
		if err != nil {
			return nil, scope{}, err
		}
		of.Assignee = join(names[:min(len(names), maxKnown)], len(names))
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

// findProject returns the id and the name of the project that the text means: an id, a name, or a part of a name that
// only one project has.
func findProject(ctx context.Context, run *agent.Run, text string) (id, name string, err error) {
	if p, ok := run.Project(text); ok {
		return p.ID, agent.Truncate(p.Name, maxName), nil
	}
	wanted := agent.Normalize(text)
	var same, like []agent.Project
	for _, p := range run.Context.Projects {
		if err := run.WorkOnText(ctx, p.Name); err != nil {
			return "", "", err
		}
		switch known := agent.Normalize(p.Name); {
		case known == wanted:
			same = append(same, p)
		case strings.Contains(known, wanted):
			like = append(like, p)
		}
	}
	list := same
	if len(list) == 0 {
		list = like
	}
	switch {
	case len(list) == 1:
		return list[0].ID, agent.Truncate(list[0].Name, maxName), nil
	case len(list) > 1:
		return "", "", fmt.Errorf("%d projects are like %q: %s; name one by its id", len(list),
			agent.Truncate(text, maxName), projectNames(list))
	case wanted == noProject:
		return "", noProject, nil
	}
	for _, t := range run.Context.Tasks { // of a project that was not sent
		if err := run.Work(ctx, 1); err != nil {
			return "", "", err
		}
		if t.ProjectID == text {
			return text, agent.Truncate(text, maxName), nil
		}
	}
	return "", "", fmt.Errorf("there is no project %q; there are %s", agent.Truncate(text, maxName),
		cmp.Or(projectNames(run.Context.Projects), "none"))
}

// projectNames lists the first projects by name and id.
func projectNames(projects []agent.Project) string {
	var names []string
	for _, p := range projects[:min(len(projects), maxKnown)] {
		names = append(names, fmt.Sprintf("%s (id %s)", agent.Truncate(p.Name, maxName),
			agent.Truncate(p.ID, maxName)))
	}
	return join(names, len(projects))
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
		cmp.Or(join(all[:min(len(all), maxKnown)], len(all)), "none"))
}

// assigneeOf returns the assignee of a task as the results name it.
func assigneeOf(t agent.Task) string {
	return agent.Truncate(cmp.Or(strings.TrimSpace(t.Assignee), noAssignee), maxName)
}

// join joins the first names of a list of total names.
func join(names []string, total int) string {
	text := strings.Join(names, ", ")
	if hidden := total - len(names); hidden > 0 {
		text += fmt.Sprintf(" and %d more", hidden)
	}
	return text
}
