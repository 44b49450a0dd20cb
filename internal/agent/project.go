package agent

import (
	"cmp"
	"context"
	"fmt"
	"strings"
)

// NoProject is what FindProject and the results of tools call the project of a row that belongs to none.
const NoProject = "none"

// Limits on the projects that an error of FindProject names.
const (
	maxKnownProjects = 10
	maxProjectName   = 120 // characters of a name or an id
)

// FindProject returns the project that a model means by an id, a name or a part of a name that only one project has.
// A project that rows refer to but that was not sent has an id alone, and NoProject is the zero Project. The error
// names the projects of the request, or those that the text may mean.
func (r *Run) FindProject(ctx context.Context, text string) (Project, error) {
	text = strings.TrimSpace(text)
	if p, ok := r.Project(text); ok {
		return p, nil
	}
	names, err := r.projectNames(ctx)
	if err != nil {
		return Project{}, err
	}
	wanted := Normalize(text)
	var same, like []Project
	for i, p := range r.Context.Projects {
		if err := r.Work(ctx, 1); err != nil {
			return Project{}, err
		}
		switch name := names[i]; {
		case name == wanted:
			same = append(same, p)
		case strings.Contains(name, wanted):
			like = append(like, p)
		}
	}
	if len(same) > 0 {
		like = same
	}
	switch {
	case len(like) == 1:
		return like[0], nil
	case len(like) > 1:
		return Project{}, fmt.Errorf("%d projects are like %q: %s; name one by its id", len(like),
			Truncate(text, maxProjectName), nameProjects(like))
	case r.index().mayRefer("projects", text):
		return Project{ID: text}, nil
	case wanted == NoProject:
		return Project{}, nil
	}
	return Project{}, fmt.Errorf("there is no project %q; there are %s", Truncate(text, maxProjectName),
		cmp.Or(nameProjects(r.Context.Projects), "none"))
}

// projectNames returns the normalized names of the request's projects, in their order.
func (r *Run) projectNames(ctx context.Context) ([]string, error) {
	return Once(r, "agent.project_names", func() ([]string, error) {
		names := make([]string, len(r.Context.Projects))
		for i, p := range r.Context.Projects {
			if err := r.WorkOnText(ctx, p.Name); err != nil {
				return nil, err
			}
			names[i] = Normalize(p.Name)
		}
		return names, nil
	})
}

// nameProjects lists the first projects by name and id.
func nameProjects(projects []Project) string {
	var names []string
	for _, p := range projects[:min(len(projects), maxKnownProjects)] {
		names = append(names, fmt.Sprintf("%s (id %s)", Truncate(p.Name, maxProjectName),
			Truncate(p.ID, maxProjectName)))
	}
	if hidden := len(projects) - len(names); hidden > 0 {
		names = append(names, fmt.Sprintf("and %d more", hidden))
	}
	return strings.Join(names, ", ")
}
