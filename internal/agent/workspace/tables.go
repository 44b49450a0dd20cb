package workspace

import (
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

// table describes a table of the request for all tools: what its columns are and how they are read from a row.
type table struct {
	name    string
	title   string // the column that people call a row by
	time    string // the column that a range of time means, or ""
	newest  bool   // newest first, unless the model asks for another order
	columns []column
	size    func(c agent.Context) int
	value   func(c agent.Context, row, column int) any // a string, milliseconds as int64, a bool or a []string
}

// column is a column as tools read it. Read-only columns are not among those of action.Columns.
type column struct {
	action.Column
	readOnly bool
}

type getter[Row any] struct {
	name string
	get  func(r *Row) any
}

// Documents is the name under which tools read the relevant documents of the request. It is no table of the client.
const Documents = "documents"

func newTable[Row any](t table, rows func(c agent.Context) []Row, getters ...getter[Row]) *table {
	known := action.Columns(t.name)
	for _, g := range getters {
		i := slices.IndexFunc(known, func(c action.Column) bool { return c.Name == g.name })
		one := column{Column: action.Column{Name: g.name, Type: action.Text}, readOnly: true}
		switch {
		case i >= 0:
			one = column{Column: known[i]}
		case g.name == "id":
			one.Type = action.ID
		case strings.HasSuffix(g.name, "At"):
			one.Type = action.Time
		}
		t.columns = append(t.columns, one)
	}
	t.size = func(c agent.Context) int { return len(rows(c)) }
	t.value = func(c agent.Context, row, column int) any { return getters[column].get(&rows(c)[row]) }
	return &t
}

// newTables returns all tables in the order in which a search over all of them shows rows.
func newTables() []*table {
	return []*table{tasksTable(), projectsTable(), clientsTable(), notesTable(), checkpointsTable(), commentsTable(),
		eventsTable(), emailsTable(), documentsTable()}
}

func tasksTable() *table {
	type T = agent.Task
	return newTable(table{name: "tasks", title: "title", time: "dueDate"},
		func(c agent.Context) []T { return c.Tasks },
		getter[T]{"id", func(r *T) any { return r.ID }},
		getter[T]{"title", func(r *T) any { return r.Title }},
		getter[T]{"description", func(r *T) any { return r.Description }},
		getter[T]{"status", func(r *T) any { return r.Status }},
		getter[T]{"priority", func(r *T) any { return r.Priority }},
		getter[T]{"assignee", func(r *T) any { return r.Assignee }},
		getter[T]{"dueDate", func(r *T) any { return r.DueDate }},
		getter[T]{"projectId", func(r *T) any { return r.ProjectID }},
		getter[T]{"createdAt", func(r *T) any { return r.CreatedAt }},
		getter[T]{"completedAt", func(r *T) any { return r.CompletedAt }})
}

func projectsTable() *table {
	type T = agent.Project
	return newTable(table{name: "projects", title: "name", time: "createdAt"},
		func(c agent.Context) []T { return c.Projects },
		getter[T]{"id", func(r *T) any { return r.ID }},
		getter[T]{"name", func(r *T) any { return r.Name }},
		getter[T]{"status", func(r *T) any { return r.Status }},
		getter[T]{"clientId", func(r *T) any { return r.ClientID }},
		getter[T]{"aiSummary", func(r *T) any { return r.AISummary }},
		getter[T]{"createdAt", func(r *T) any { return r.CreatedAt }})
}

func clientsTable() *table {
	type T = agent.Client
	return newTable(table{name: "clients", title: "name", time: "createdAt"},
		func(c agent.Context) []T { return c.Clients },
		getter[T]{"id", func(r *T) any { return r.ID }},
		getter[T]{"name", func(r *T) any { return r.Name }},
		getter[T]{"industry", func(r *T) any { return r.Industry }},
		getter[T]{"parentId", func(r *T) any { return r.ParentID }},
		getter[T]{"createdAt", func(r *T) any { return r.CreatedAt }})
}

func notesTable() *table {
	type T = agent.Note
	return newTable(table{name: "notes", title: "title", time: "updatedAt", newest: true},
		func(c agent.Context) []T { return c.Notes },
		getter[T]{"id", func(r *T) any { return r.ID }},
		getter[T]{"title", func(r *T) any { return r.Title }},
		getter[T]{"content", func(r *T) any { return r.Content }},
		getter[T]{"projectId", func(r *T) any { return r.ProjectID }},
		getter[T]{"createdAt", func(r *T) any { return r.CreatedAt }},
		getter[T]{"updatedAt", func(r *T) any { return max(r.CreatedAt, r.UpdatedAt) }})
}

func checkpointsTable() *table {
	type T = agent.Checkpoint
	return newTable(table{name: "checkpoints", title: "title", time: "date"},
		func(c agent.Context) []T { return c.Checkpoints },
		getter[T]{"id", func(r *T) any { return r.ID }},
		getter[T]{"title", func(r *T) any { return r.Title }},
		getter[T]{"date", func(r *T) any { return r.Date }},
		getter[T]{"projectId", func(r *T) any { return r.ProjectID }},
		getter[T]{"isApproved", func(r *T) any { return r.IsApproved }},
		getter[T]{"isAiSuggested", func(r *T) any { return r.IsAISuggested }},
		getter[T]{"createdAt", func(r *T) any { return r.CreatedAt }})
}

func commentsTable() *table {
	type T = agent.TaskComment
	return newTable(table{name: "taskComments", title: "content", time: "createdAt", newest: true},
		func(c agent.Context) []T { return c.TaskComments },
		getter[T]{"id", func(r *T) any { return r.ID }},
		getter[T]{"content", func(r *T) any { return r.Content }},
		getter[T]{"taskId", func(r *T) any { return r.TaskID }},
		getter[T]{"createdAt", func(r *T) any { return r.CreatedAt }})
}

func eventsTable() *table {
	type T = agent.Event
	return newTable(table{name: "events", title: "title", time: "start"},
		func(c agent.Context) []T { return c.Events },
		getter[T]{"id", func(r *T) any { return r.ID }},
		getter[T]{"title", func(r *T) any { return r.Title }},
		getter[T]{"start", func(r *T) any { return r.Start }},
		getter[T]{"end", func(r *T) any { return r.End }},
		getter[T]{"allDay", func(r *T) any { return r.AllDay }},
		getter[T]{"timezone", func(r *T) any { return r.Timezone }},
		getter[T]{"location", func(r *T) any { return r.Location }},
		getter[T]{"attendees", func(r *T) any { return r.Attendees }},
		getter[T]{"recurringEventId", func(r *T) any { return r.RecurringEventID }})
}

func emailsTable() *table {
	type T = agent.Email
	return newTable(table{name: "emails", title: "subject", time: "date", newest: true},
		func(c agent.Context) []T { return c.Emails },
		getter[T]{"id", func(r *T) any { return r.ID }},
		getter[T]{"subject", func(r *T) any { return r.Subject }},
		getter[T]{"from", func(r *T) any { return r.From }},
		getter[T]{"to", func(r *T) any { return r.To }},
		getter[T]{"date", func(r *T) any { return r.Date }},
		getter[T]{"snippet", func(r *T) any { return r.Snippet }},
		getter[T]{"labels", func(r *T) any { return r.Labels }},
		getter[T]{"threadId", func(r *T) any { return r.ThreadID }})
}

func documentsTable() *table {
	t := &table{name: Documents, title: "content", columns: []column{
		{Column: action.Column{Name: "id", Type: action.ID}, readOnly: true},
		{Column: action.Column{Name: "content", Type: action.Text}, readOnly: true}}}
	t.size = func(c agent.Context) int { return len(c.RelevantDocuments) }
	t.value = func(c agent.Context, row, column int) any {
		if column == 0 {
			return documentID(row)
		}
		return c.RelevantDocuments[row]
	}
	return t
}

// column returns the position of the column with that name, or -1.
func (t *table) column(name string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.Name == name })
}

// text returns a text column of a row, or "" when the table has no such column.
func (t *table) text(c agent.Context, row int, name string) string {
	i := t.column(name)
	if i < 0 {
		return ""
	}
	s, _ := t.value(c, row, i).(string)
	return s
}

// at returns a time column of a row in milliseconds, or 0.
func (t *table) at(c agent.Context, row int, name string) int64 {
	i := t.column(name)
	if i < 0 {
		return 0
	}
	ms, _ := t.value(c, row, i).(int64)
	return ms
}

func (t *table) columnNames() string {
	var list []string
	for _, c := range t.columns {
		list = append(list, c.Name)
	}
	return strings.Join(list, ", ")
}

// aliases are other names that models use for columns.
var aliases = map[string]string{"project": "projectId", "client": "clientId", "parent": "parentId", "task": "taskId",
	"due": "dueDate", "due_date": "dueDate", "text": "content", "body": "body", "project_id": "projectId",
	"client_id": "clientId", "task_id": "taskId", "thread_id": "threadId", "created_at": "createdAt",
	"completed_at": "completedAt", "all_day": "allDay", "is_approved": "isApproved", "approved": "isApproved"}

// named returns the position of the column that a model means, or -1.
func (t *table) named(name string) int {
	name = strings.TrimSpace(name)
	if i := t.column(name); i >= 0 {
		return i
	}
	if i := t.column(aliases[strings.ToLower(name)]); i >= 0 {
		return i
	}
	return slices.IndexFunc(t.columns, func(c column) bool { return strings.EqualFold(c.Name, name) })
}
