package playbook

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxText is the longest text, in characters, that one column of an action may carry.
const MaxText = 32_000

// Column is one column of a client table, as actions may write it.
type Column struct {
	Name string
	// Type is "text", "time" (milliseconds since the epoch), "bool", "list" (of texts) or "id".
	Type string
	// OneOf, when set, lists the only values a text may have.
	OneOf []string
	// Table names the table an id points into; for the row's own id it is empty.
	Table string
	// Required columns must be present and not empty when a row is created.
	Required bool
}

// Statuses and Priorities are the values of a task's two enumerations, in their natural order.
func Statuses() []string { return []string{"todo", "in_progress", "done"} }

// Priorities returns the task priorities from least to most.
func Priorities() []string { return []string{"low", "medium", "high", "urgent"} }

// Tables returns the names of the tables that actions may name.
func Tables() []string {
	return []string{"tasks", "projects", "notes", "clients", "checkpoints", "taskComments", "events", "emails"}
}

// Columns returns the columns of a client table without its own id, or nil when there is no such table.
func Columns(table string) []Column {
	text := func(name string) Column { return Column{Name: name, Type: "text"} }
	title := func(name string) Column { return Column{Name: name, Type: "text", Required: true} }
	at := func(name string) Column { return Column{Name: name, Type: "time"} }
	ref := func(name, table string) Column { return Column{Name: name, Type: "id", Table: table} }
	switch table {
	case "tasks":
		return []Column{ref("projectId", "projects"), title("title"), text("description"),
			{Name: "status", Type: "text", OneOf: Statuses()}, {Name: "priority", Type: "text", OneOf: Priorities()},
			text("assignee"), at("dueDate"), at("createdAt")}
	case "projects":
		return []Column{ref("clientId", "clients"), title("name"), text("status"), text("aiSummary")}
	case "clients":
		return []Column{ref("parentId", "clients"), title("name"), text("industry")}
	case "checkpoints":
		return []Column{ref("projectId", "projects"), title("title"), at("date"),
			{Name: "isAiSuggested", Type: "bool"}, {Name: "isApproved", Type: "bool"}}
	case "notes":
		return []Column{ref("projectId", "projects"), title("title"), text("content")}
	case "taskComments":
		return []Column{{Name: "taskId", Type: "id", Table: "tasks", Required: true}, title("content"), at("createdAt")}
	case "events":
		return []Column{title("title"), {Name: "start", Type: "time", Required: true},
			{Name: "end", Type: "time", Required: true}, text("timezone"), {Name: "attendees", Type: "list"}, text("location")}
	case "emails":
		return []Column{text("threadId"), text("from"), {Name: "to", Type: "list"}, text("subject"), at("date"),
			text("snippet"), {Name: "labels", Type: "list"}, text("body")}
	}
	return nil
}

// Check returns the action with its values in their canonical Go types, or an error that says, in words a model can act
// on, what is wrong with it: an unknown type, table or column, a value of the wrong type, a missing id or required
// column. An id on a create_record is left out, because the client makes it.
func (a Action) Check() (Action, error) {
	columns, err := a.columns()
	if err != nil {
		return Action{}, err
	}
	out := Action{Type: a.Type, Table: a.Table, Data: make(map[string]any, len(a.Data))}
	for name, value := range a.Data {
		if name == "id" && a.Type == Create {
			continue
		}
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		if i < 0 {
			return Action{}, fmt.Errorf("%s has no column %q; it has %s", a.where(), name, names(columns))
		}
		v, err := columns[i].canonical(value)
		if err != nil {
			return Action{}, fmt.Errorf("%s.%s: %w", a.where(), name, err)
		}
		out.Data[name] = v
	}
	return out, out.complete(columns)
}

func (a Action) where() string {
	if a.Table == "" {
		return string(a.Type)
	}
	return a.Table
}

// columns returns what this action's data may hold, its own id included where the kind needs one.
func (a Action) columns() ([]Column, error) {
	if !a.Type.IsAction() {
		return nil, fmt.Errorf("%q is not an action type", a.Type)
	}
	if a.Type == Notify {
		if a.Table != "" {
			return nil, fmt.Errorf("%s names no table", a.Type)
		}
		return []Column{{Name: "title", Type: "text", Required: true}, {Name: "body", Type: "text"},
			{Name: "at", Type: "time"}}, nil
	}
	columns := Columns(a.Table)
	if columns == nil {
		return nil, fmt.Errorf("there is no table %q; there are %s", a.Table, strings.Join(Tables(), ", "))
	}
	id := Column{Name: "id", Type: "id", Required: true}
	switch a.Type {
	case Create:
		return columns, nil
	case Delete:
		return []Column{id}, nil
	case Index:
		return []Column{id, {Name: "title", Type: "text"}}, nil
	}
	return append([]Column{id}, columns...), nil
}

func (a Action) complete(columns []Column) error {
	for _, c := range columns {
		value, present := a.Data[c.Name]
		empty := value == nil || value == ""
		if c.Required && empty && (present || a.Type != Update || c.Name == "id") {
			return fmt.Errorf("%s needs %s", a.where(), c.Name)
		}
	}
	if a.Type == Update && len(a.Data) < 2 {
		return fmt.Errorf("update of %s names no column to change", a.Table)
	}
	return nil
}

func names(columns []Column) string {
	var list []string
	for _, c := range columns {
		list = append(list, c.Name)
	}
	return strings.Join(list, ", ")
}

// canonical converts value, as it came out of JSON or Go code, to the column's type. nil clears any column.
func (c Column) canonical(value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch c.Type {
	case "time":
		return Millis(value)
	case "bool":
		if b, ok := value.(bool); ok {
			return b, nil
		}
		return nil, fmt.Errorf("must be true or false")
	case "list":
		return texts(value)
	}
	s, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("must be text")
	}
	if err := checkText(s); err != nil {
		return nil, err
	}
	if len(c.OneOf) > 0 && !slices.Contains(c.OneOf, s) {
		return nil, fmt.Errorf("%q is not one of %s", s, strings.Join(c.OneOf, ", "))
	}
	if c.Type == "id" {
		if s = strings.TrimSpace(s); s == "" {
			return nil, nil
		}
	}
	return s, nil
}

func checkText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("is not valid UTF-8")
	}
	if len(s) > MaxText && utf8.RuneCountInString(s) > MaxText {
		return fmt.Errorf("is longer than %d characters", MaxText)
	}
	return nil
}

// MaxMillis is the last millisecond since the epoch that a JavaScript Date, and so a client, can show.
const MaxMillis = 8_640_000_000_000_000

// Millis reads a time in milliseconds since the epoch from a number or from digits in a text.
func Millis(value any) (int64, error) {
	ms := int64(0)
	switch v := value.(type) {
	case int64:
		ms = v
	case int:
		ms = int64(v)
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > MaxMillis {
			return 0, fmt.Errorf("must be a whole number of milliseconds")
		}
		ms = int64(v)
	case json.Number:
		return Millis(v.String())
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("must be a whole number of milliseconds")
		}
		ms = n
	default:
		return 0, fmt.Errorf("must be a whole number of milliseconds")
	}
	if ms > MaxMillis || ms < -MaxMillis {
		return 0, fmt.Errorf("is too far away")
	}
	return ms, nil
}

func texts(value any) ([]string, error) {
	var list []string
	switch v := value.(type) {
	case []string:
		list = slices.Clone(v)
	case []any:
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("must be a list of texts")
			}
			list = append(list, s)
		}
	case string:
		list = []string{v}
	default:
		return nil, fmt.Errorf("must be a list of texts")
	}
	if err := checkText(strings.Join(list, "")); err != nil {
		return nil, err
	}
	return list, nil
}
