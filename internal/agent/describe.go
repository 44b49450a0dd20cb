package agent

import (
	"iter"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/consent"
)

// Limits on what a row is named by.
const (
	maxNameText = 80 // characters of a comment
)

// Describe returns what a person may name a row of the request by. It is empty when there is no such row.
func (r *Run) Describe(table, id string) consent.Row {
	return r.describeChanged(action.Action{Table: table, Data: map[string]any{"id": id}})
}

// describeChanged returns what a person may name the row by that the action changes.
func (r *Run) describeChanged(a action.Action) consent.Row {
	table := a.Table
	id, _ := a.Data["id"].(string)
	at, ok := r.rowOf(a)
	if !ok {
		return consent.Row{ID: id}
	}
	row := r.describe(table, at)
	ends := r.tableEnds(table)
	row.ID, row.Only = id, r.tableSize(table) == 1
	row.First, row.Last = at == ends.next, at == ends.newest
	return row
}

// rows yields every row of the request with its table.
func (r *Run) rows() iter.Seq2[string, consent.Row] {
	return func(yield func(string, consent.Row) bool) {
		for table := range r.index().tables {
			ends := r.tableEnds(table)
			for at := range r.tableSize(table) {
				row := r.describe(table, at)
				row.First, row.Last, row.Only = at == ends.next, at == ends.newest, r.tableSize(table) == 1
				if !yield(table, row) {
					return
				}
			}
		}
	}
}

// describe returns the description of the row at that position, without what depends on the other rows of its table.
func (r *Run) describe(table string, at int) consent.Row {
	c := r.Context
	switch table {
	case "tasks":
		return r.describeTask(c.Tasks[at])
	case "taskComments":
		comment := c.TaskComments[at]
		task, _ := r.Task(comment.TaskID)
		row := r.describeTask(task)
		return consent.Row{Title: Truncate(comment.Content, maxNameText), Parent: task.Title, Project: row.Project,
			Client: row.Client, Times: times(c, comment.CreatedAt)}
	case "projects":
		p := c.Projects[at]
		client := r.client(p.ClientID)
		return consent.Row{Title: p.Name, Client: client.Name, Status: p.Status, Times: times(c, p.CreatedAt)}
	case "clients":
		k := c.Clients[at]
		return consent.Row{Title: k.Name, Client: r.client(k.ParentID).Name, Times: times(c, k.CreatedAt)}
	case "notes":
		n := c.Notes[at]
		return r.inProject(consent.Row{Title: n.Title, Times: times(c, n.CreatedAt, n.UpdatedAt)}, n.ProjectID)
	case "checkpoints":
		k := c.Checkpoints[at]
		return r.inProject(consent.Row{Title: k.Title, Times: times(c, k.Date), Done: k.IsApproved,
			Overdue: !k.IsApproved && k.Date != 0 && c.Due(k.Date).Before(c.Now)}, k.ProjectID)
	case "events":
		e := c.Events[at]
		return consent.Row{Title: e.Title, Text: e.Location, People: e.Attendees, Times: times(c, e.Start)}
	case "emails":
		m := c.Emails[at]
		return consent.Row{Title: m.Subject, People: append([]string{m.From}, m.To...), Labels: m.Labels,
			Times: times(c, m.Date)}
	}
	return consent.Row{}
}

func (r *Run) describeTask(t Task) consent.Row {
	c := r.Context
	row := consent.Row{Title: t.Title, Text: t.Description, Status: t.Status, Priority: t.Priority, Done: t.Done(),
		Overdue: c.Overdue(t), Times: times(c, t.DueDate)}
	if t.Assignee != "" {
		row.People = []string{t.Assignee}
	}
	return r.inProject(row, t.ProjectID)
}

// inProject adds the names of a project and its client.
func (r *Run) inProject(row consent.Row, id string) consent.Row {
	p, _ := r.Project(id)
	row.Project, row.Client = p.Name, r.client(p.ClientID).Name
	return row
}

func (r *Run) client(id string) Client {
	k, _ := find(r, "clients", r.Context.Clients, id)
	return k
}

// describeThread returns the description of the newest e-mail of a thread, with the people of all its e-mails.
func (r *Run) describeThread(thread string) consent.Row {
	row := consent.Row{}
	newest := int64(0)
	for i, m := range r.Context.Emails {
		if m.ThreadID != thread {
			continue
		}
		people := row.People
		if row.Title == "" || m.Date >= newest {
			newest = m.Date
			row = r.describe("emails", i)
			row.ID = m.ID
		} else {
			people = append(people, m.From)
		}
		row.People = append(row.People, people...)
	}
	return row
}

// times returns the times that are set, in the caller's zone.
func times(c Context, ms ...int64) []time.Time {
	var list []time.Time
	for _, t := range ms {
		if t != 0 {
			list = append(list, time.UnixMilli(t).In(c.Zone()))
		}
	}
	return list
}

// ends has the positions of two rows of a table that people name by their order, or -1.
type ends struct {
	next   int // the first that is still to come
	newest int // the last that was added or took place
}

// tableEnds returns the ends of a table. They are found once in a request.
func (r *Run) tableEnds(table string) ends {
	if found, ok := r.shared.ends[table]; ok {
		return found
	}
	e := ends{next: -1, newest: -1}
	first, last := int64(0), int64(0)
	now := r.Context.Now.UnixMilli()
	planned := table == "tasks" || table == "events" || table == "checkpoints"
	for i := range r.tableSize(table) {
		at := r.timeOf(table, i)
		if planned && at >= now && (e.next < 0 || at < first) {
			e.next, first = i, at
		}
		if table == "tasks" {
			at = r.Context.Tasks[i].CreatedAt
		}
		if (!planned || table == "tasks" || at <= now) && at != 0 && at >= last {
			e.newest, last = i, at
		}
	}
	if r.shared.ends == nil {
		r.shared.ends = map[string]ends{}
	}
	r.shared.ends[table] = e
	return e
}

// timeOf returns the time by which the rows of a table are ordered, in milliseconds, or 0.
func (r *Run) timeOf(table string, at int) int64 {
	c := r.Context
	switch table {
	case "tasks":
		if t := c.Tasks[at]; !t.Done() {
			return t.DueDate
		}
	case "taskComments":
		return c.TaskComments[at].CreatedAt
	case "projects":
		return c.Projects[at].CreatedAt
	case "clients":
		return c.Clients[at].CreatedAt
	case "notes":
		return max(c.Notes[at].CreatedAt, c.Notes[at].UpdatedAt)
	case "checkpoints":
		return c.Checkpoints[at].Date
	case "events":
		return c.Events[at].Start
	case "emails":
		return c.Emails[at].Date
	}
	return 0
}

func (r *Run) tableSize(table string) int {
	c := r.Context
	switch table {
	case "tasks":
		return len(c.Tasks)
	case "taskComments":
		return len(c.TaskComments)
	case "projects":
		return len(c.Projects)
	case "clients":
		return len(c.Clients)
	case "notes":
		return len(c.Notes)
	case "checkpoints":
		return len(c.Checkpoints)
	case "events":
		return len(c.Events)
	case "emails":
		return len(c.Emails)
	}
	return 0
}
