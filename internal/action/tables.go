package action

import (
	"fmt"
	"slices"
	"strings"
)

// Type is the type of a column's values.
type Type string

// The column types.
const (
	Text Type = "text"
	Time Type = "time" // milliseconds since the epoch
	Bool Type = "bool"
	List Type = "list" // of texts
	ID   Type = "id"   // of a row
)

// Column is one column of a client table, as actions may write it.
type Column struct {
	Name string
	Type Type
	// OneOf, when set, lists the only values that a text may have.
	OneOf []string
	// Table is the table that an id refers to; it is empty for the row's own id.
	Table string
	// Required columns must be present and not empty when a row is created.
	Required bool
}

// Statuses returns the values of a task's status, from new to finished.
func Statuses() []string { return []string{"todo", "in_progress", "done"} }

// Priorities returns the values of a task's priority, from least to most urgent.
func Priorities() []string { return []string{"low", "medium", "high", "urgent"} }

// Tables returns the names of the tables that actions may name.
func Tables() []string {
	return []string{"tasks", "projects", "notes", "clients", "checkpoints", "taskComments", "events", "emails"}
}

// Columns returns the columns of a client table without the row's own id, or nil when there is no such table.
func Columns(table string) []Column {
	column := func(name string, t Type) Column { return Column{Name: name, Type: t} }
	required := func(name string, t Type) Column { return Column{Name: name, Type: t, Required: true} }
	ref := func(name, table string) Column { return Column{Name: name, Type: ID, Table: table} }
	switch table {
	case "tasks":
		return []Column{ref("projectId", "projects"), required("title", Text), column("description", Text),
			{Name: "status", Type: Text, OneOf: Statuses()}, {Name: "priority", Type: Text, OneOf: Priorities()},
			column("assignee", Text), column("dueDate", Time), column("completedAt", Time),
			column("createdAt", Time)}
	case "projects":
		return []Column{ref("clientId", "clients"), required("name", Text), column("status", Text),
			column("aiSummary", Text)}
	case "clients":
		return []Column{ref("parentId", "clients"), required("name", Text), column("industry", Text)}
	case "checkpoints":
		return []Column{ref("projectId", "projects"), required("title", Text), column("date", Time),
			column("isAiSuggested", Bool), column("isApproved", Bool)}
	case "notes":
		return []Column{ref("projectId", "projects"), required("title", Text), column("content", Text)}
	case "taskComments":
		return []Column{{Name: "taskId", Type: ID, Table: "tasks", Required: true}, required("content", Text),
			column("createdAt", Time)}
	case "events":
		return []Column{required("title", Text), required("start", Time), required("end", Time),
			column("timezone", Text), column("allDay", Bool), column("attendees", List), column("location", Text),
			column("recurringEventId", Text)}
	case "emails":
		return []Column{column("threadId", Text), column("from", Text), column("to", List), column("subject", Text),
			column("date", Time), column("snippet", Text), column("labels", List), column("body", Text)}
	}
	return nil
}

// Columns returns the columns that the action's data may have, with the row's id where the kind needs one. It fails for
// an unknown kind or table.
func (a Action) Columns() ([]Column, error) {
	if !slices.Contains(Kinds(), a.Type) {
		return nil, fmt.Errorf("%q is not an action type", a.Type)
	}
	if a.Type == Notify {
		if a.Table != "" {
			return nil, fmt.Errorf("%s names no table", a.Type)
		}
		return []Column{{Name: "title", Type: Text, Required: true}, {Name: "body", Type: Text},
			{Name: "at", Type: Time}}, nil
	}
	columns := Columns(a.Table)
	if columns == nil {
		return nil, fmt.Errorf("there is no table %q; there are %s", a.Table, strings.Join(Tables(), ", "))
	}
	row := []Column{{Name: "id", Type: ID, Required: true}}
	if a.Table == "events" {
		// Events of a series may share an id; the start that the row has then says which one is meant.
		row = append(row, Column{Name: "originalStart", Type: Time})
	}
	switch a.Type {
	case Create:
		return columns, nil
	case Delete:
		return row, nil
	case Index:
		return []Column{row[0], {Name: "title", Type: Text}}, nil
	}
	return append(row, columns...), nil
}

// Sample returns a value that the column accepts, in place of one that is not known yet.
func (c Column) Sample() any {
	switch {
	case c.Type == Time:
		return int64(1)
	case c.Type == Bool:
		return true
	case len(c.OneOf) > 0:
		return c.OneOf[0]
	}
	return "x"
}
