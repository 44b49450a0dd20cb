package workspace

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fold"
)

// Limits on the rows that an overview shows.
const (
	maxOverview = 10
	maxProjects = 50
)

// counts are the tasks of a project.
type counts struct{ open, overdue, done int }

// addTo adds the counts as members.
func (n counts) addTo(o *object) {
	o.add("open", n.open)
	o.add("overdue", n.overdue)
	o.add("done", n.done)
}

// allProjects returns a line about every project.
func (w *workspace) allProjects(ctx context.Context, run *agent.Run) (string, error) {
	c := run.Context
	byProject := map[string]counts{}
	for _, t := range c.Tasks {
		if err := run.Work(ctx, 1); err != nil {
			return "", err
		}
		if t.ProjectID == "" {
			continue
		}
		n := byProject[t.ProjectID]
		n.count(c, t)
		byProject[t.ProjectID] = n
	}
	next := map[string]agent.Checkpoint{}
	for _, k := range c.Checkpoints {
		if err := run.Work(ctx, 1); err != nil {
			return "", err
		}
		if k.ProjectID != "" && isAhead(c, k) && (next[k.ProjectID].Date == 0 || k.Date < next[k.ProjectID].Date) {
			next[k.ProjectID] = k
		}
	}
	list := []object{}
	for _, p := range c.Projects[:min(len(c.Projects), maxProjects)] {
		o := object{{"id", agent.Truncate(p.ID, maxMember)}, {"name", agent.Truncate(p.Name, maxTitle)}}
		w.addProject(run, &o, p)
		byProject[p.ID].addTo(&o)
		if k := next[p.ID]; k.Date != 0 {
			o.add("nextCheckpoint", agent.Truncate(k.Title, maxTitle)+", "+localTime(c, k.Date, "date"))
		}
		list = append(list, o)
	}
	return agent.JSON(object{{"total", len(c.Projects)}, {"projects", list}})
}

func (n *counts) count(c agent.Context, t agent.Task) {
	switch {
	case t.Done():
		n.done++
	default:
		n.open++
		if c.Overdue(t) {
			n.overdue++
		}
	}
}

func (w *workspace) addProject(run *agent.Run, o *object, p agent.Project) {
	if p.Status != "" {
		o.add("status", agent.Truncate(p.Status, maxTitle))
	}
	if client := w.nameOf(run, "clients", p.ClientID); client != "" {
		o.add("client", client)
	}
}

// oneProject returns what stands in the rows about a project.
func (w *workspace) oneProject(ctx context.Context, run *agent.Run, p agent.Project) (string, error) {
	c := run.Context
	var all counts
	var open []agent.Task
	for _, t := range c.Tasks {
		if err := run.Work(ctx, 1); err != nil {
			return "", err
		}
		if !belongs(t.ProjectID, p) {
			continue
		}
		all.count(c, t)
		if !t.Done() {
			open = append(open, t)
		}
	}
	if err := run.WorkOnSort(ctx, len(open)); err != nil {
		return "", err
	}
	slices.SortStableFunc(open, func(a, b agent.Task) int {
		if (a.DueDate == 0) != (b.DueDate == 0) {
			return cmp.Compare(b.DueDate, a.DueDate)
		}
		return cmp.Compare(a.DueDate, b.DueDate)
	})
	o := object{{"id", agent.Truncate(p.ID, maxMember)}, {"name", agent.Truncate(p.Name, maxTitle)}}
	w.addProject(run, &o, p)
	if p.AISummary != "" {
		o.add("aiSummary", around(p.AISummary, excerpt, nil))
	}
	all.addTo(&o)
	o.add("openTasks", taskLines(c, open))
	o.add("people", people(open))
	for _, add := range []func(context.Context, *agent.Run, *object, agent.Project) error{w.addCheckpoints, w.addNotes,
		w.addMentions} {
		if err := add(ctx, run, &o, p); err != nil {
			return "", err
		}
	}
	return agent.JSON(o)
}

// belongs reports whether a row with that projectId is one of the project's. A project without an id has no rows.
func belongs(projectID string, p agent.Project) bool { return projectID != "" && projectID == p.ID }

// taskLines returns the first tasks with what matters about them.
func taskLines(c agent.Context, tasks []agent.Task) []object {
	list := []object{}
	for _, t := range tasks[:min(len(tasks), maxOverview)] {
		o := object{{"title", agent.Truncate(t.Title, maxTitle)}}
		if t.Status != "" {
			o.add("status", t.Status)
		}
		if due := localTime(c, t.DueDate, "dueDate"); due != "" {
			o.add("dueDate", due)
		}
		if c.Overdue(t) {
			o.add("overdue", true)
		}
		if t.Assignee != "" {
			o.add("assignee", agent.Truncate(t.Assignee, maxTitle))
		}
		list = append(list, o)
	}
	return list
}

// people says who works on what: the titles of the open tasks by assignee.
func people(open []agent.Task) []object {
	var names []string
	titles := map[string][]string{}
	for _, t := range open {
		name := cmp.Or(strings.TrimSpace(agent.Truncate(t.Assignee, maxTitle)), "nobody")
		if titles[name] == nil {
			names = append(names, name)
		}
		titles[name] = append(titles[name], agent.Truncate(t.Title, maxTitle))
	}
	list := []object{}
	for _, name := range names[:min(len(names), maxOverview)] {
		list = append(list, object{{"name", name}, {"open", len(titles[name])},
			{"titles", titles[name][:min(len(titles[name]), maxOverview)]}})
	}
	return list
}

// isAhead reports whether the date of a checkpoint has not passed. A date without a time of day is the whole day.
func isAhead(c agent.Context, k agent.Checkpoint) bool {
	return k.Date != 0 && !c.Due(k.Date).Before(c.Now)
}

func (w *workspace) addCheckpoints(ctx context.Context, run *agent.Run, o *object, p agent.Project) error {
	c := run.Context
	var next []agent.Checkpoint
	total := 0
	for _, k := range c.Checkpoints {
		if err := run.Work(ctx, 1); err != nil {
			return err
		}
		if !belongs(k.ProjectID, p) {
			continue
		}
		if total++; isAhead(c, k) {
			next = append(next, k)
		}
	}
	slices.SortStableFunc(next, func(a, b agent.Checkpoint) int { return cmp.Compare(a.Date, b.Date) })
	list := []object{}
	for _, k := range next[:min(len(next), maxOverview)] {
		list = append(list, object{{"title", agent.Truncate(k.Title, maxTitle)},
			{"date", localTime(c, k.Date, "date")}})
	}
	o.add("checkpoints", total)
	o.add("nextCheckpoints", list)
	return nil
}

func (w *workspace) addNotes(ctx context.Context, run *agent.Run, o *object, p agent.Project) error {
	c := run.Context
	var notes []agent.Note
	for _, n := range c.Notes {
		if err := run.Work(ctx, 1); err != nil {
			return err
		}
		if belongs(n.ProjectID, p) {
			notes = append(notes, n)
		}
	}
	slices.SortStableFunc(notes, func(a, b agent.Note) int {
		return cmp.Compare(max(b.CreatedAt, b.UpdatedAt), max(a.CreatedAt, a.UpdatedAt))
	})
	list := []object{}
	for _, n := range notes[:min(len(notes), maxOverview)] {
		one := object{{"id", agent.Truncate(n.ID, maxMember)}, {"title", agent.Truncate(n.Title, maxTitle)}}
		if at := localTime(c, max(n.CreatedAt, n.UpdatedAt), "updatedAt"); at != "" {
			one.add("updatedAt", at)
		}
		list = append(list, one)
	}
	o.add("notes", len(notes))
	o.add("newestNotes", list)
	return nil
}

// addMentions adds the e-mails and coming events that name the project or its client.
func (w *workspace) addMentions(ctx context.Context, run *agent.Run, o *object, p agent.Project) error {
	c := run.Context
	var phrases []string
	for _, name := range []string{p.Name, w.nameOf(run, "clients", p.ClientID)} {
		if name = fold.Line(agent.Truncate(name, maxTitle)); name != "" {
			phrases = append(phrases, name)
		}
	}
	if len(phrases) == 0 {
		return nil
	}
	for _, name := range []string{"events", "emails"} {
		t, err := w.table(name)
		if err != nil {
			return err
		}
		rows, err := w.mentions(ctx, run, t, phrases)
		if err != nil {
			return err
		}
		o.add(name+"ThatNameIt", len(rows))
		titles := []string{}
		for _, r := range rows[:min(len(rows), maxOverview)] {
			titles = append(titles, r.heading(c)+", "+localTime(c, r.at, t.time))
		}
		if len(rows) > 0 {
			o.add(name, titles)
		}
	}
	return nil
}

// mentions returns the rows of a table that have one of the folded phrases as whole words: coming events, the next
// first, or e-mails, the newest first.
func (w *workspace) mentions(ctx context.Context, run *agent.Run, t *table, phrases []string) ([]found, error) {
	c := run.Context
	texts, err := w.searchTexts(ctx, run, t)
	if err != nil {
		return nil, err
	}
	var rows []found
	for i, text := range texts {
		if err := run.Work(ctx, 1+len(text)/searchStepBytes); err != nil {
			return nil, err
		}
		past := t.name == "events" && c.Events[i].End < c.Now.UnixMilli()
		if !past && slices.ContainsFunc(phrases, func(phrase string) bool { return fold.Has(text, phrase) }) {
			rows = append(rows, found{ref: ref{t, i}, at: t.at(c, i, t.time)})
		}
	}
	if err := run.WorkOnSort(ctx, len(rows)); err != nil {
		return nil, err
	}
	order(rows, "", true)
	return rows, nil
}
