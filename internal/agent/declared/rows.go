package declared

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
	"github.com/adiuva/cloud-api/internal/playbook"
)

const (
	maxRows = 100 // rows one answer carries; total says how many there are
	maxText = 500 // characters of one text in a row
)

// rowTables are the tables whose rows a request carries.
func rowTables() []string {
	return []string{"tasks", "projects", "clients", "notes", "checkpoints", "events", "emails"}
}

// reading is a tool that returns the request's rows of one table.
type reading struct {
	table   string
	columns []playbook.Column
	filter  []cell
}

// rows reads a reading tool; nil when it has faults.
func (r *reader) rows(f, filter field, arguments *schema) (work, string) {
	before := len(r.faults)
	table := r.text(f)
	if table != "" && !slices.Contains(rowTables(), table) {
		r.fault(f.line(), "%s: %q is not one of %s", f.at, agent.Truncate(table, maxQuoted), join(rowTables()))
	}
	if len(r.faults) > before {
		return nil, ""
	}
	t := reading{table: table, columns: rowColumns(table)}
	if filter.there() {
		r.filter(&t, filter, arguments)
	}
	if len(r.faults) > before {
		return nil, table
	}
	return t.read, table
}

// rowColumns returns the columns that the rows of a request have: those of actions, an id, and no e-mail's body, because
// bodies stay on the client.
func rowColumns(table string) []playbook.Column {
	list := []playbook.Column{{Name: "id", Type: "id"}}
	for _, c := range playbook.Columns(table) {
		if table != "emails" || c.Name != "body" {
			list = append(list, c)
		}
	}
	if table == "tasks" {
		list = append(list, playbook.Column{Name: "completedAt", Type: "time"})
	}
	return list
}

func (r *reader) filter(t *reading, f field, arguments *schema) {
	members, _ := r.members(f)
	for _, m := range members {
		i := slices.IndexFunc(t.columns, func(c playbook.Column) bool { return c.Name == m.name })
		if i < 0 {
			r.fault(m.line, "%s: unknown column; %s has %s", m.at, t.table, columnNames(t.columns))
			continue
		}
		column := t.columns[i]
		if column.Type == "list" {
			column.Type = "text" // a list column is asked for one of its texts
		}
		c, ok := r.cell(m.field, column, arguments)
		if !ok {
			continue
		}
		if reason := c.unequalable(); reason != "" {
			r.fault(m.node.Line, "%s: %s", m.at, reason)
		}
		t.filter = append(t.filter, c)
	}
}

// unequalable says why no row can ever equal a constant, or "".
func (c cell) unequalable() string {
	value, isText := c.constant.(string)
	_, isBool := c.constant.(bool)
	_, isNumber := c.constant.(int64)
	switch {
	case c.constant == nil:
		return ""
	case c.column.Type == "bool" && !isBool:
		return "must be true or false"
	case c.column.Type == "time" && isText:
		if _, err := (agent.Context{}).ParseDate(value); err != nil {
			return err.Error()
		}
	case c.column.Type == "time" && !isNumber:
		return "must be a date or milliseconds"
	case c.column.Type != "bool" && c.column.Type != "time" && !isText:
		return "must be text"
	case len(c.column.OneOf) > 0 && !slices.Contains(c.column.OneOf, value):
		return fmt.Sprintf("%q is not one of %s", agent.Truncate(value, maxQuoted), strings.Join(c.column.OneOf, ", "))
	}
	return ""
}

// read returns the rows that equal the filter in every column whose argument was given, as JSON.
func (t reading) read(_ context.Context, run *agent.Run, in map[string]any) (string, error) {
	all, err := rowsOf(run.Context, t.table)
	if err != nil {
		return "", err
	}
	rows := []map[string]any{}
	total := 0
	for _, row := range all {
		ok, err := t.matches(row, in, run.Context)
		if err != nil {
			return "", err
		}
		if !ok {
			continue
		}
		if total++; len(rows) < maxRows {
			rows = append(rows, t.shown(row, run.Context))
		}
	}
	return agent.JSON(map[string]any{"total": total, t.table: rows})
}

// rowsOf returns the request's rows of a table as they cross the wire.
func rowsOf(c agent.Context, table string) (list []map[string]any, err error) {
	rows := map[string]any{"tasks": c.Tasks, "projects": c.Projects, "clients": c.Clients, "notes": c.Notes,
		"checkpoints": c.Checkpoints, "events": c.Events, "emails": c.Emails}[table]
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

// shown is the row as the model sees it: long texts cut, and beside each time the same in the caller's zone.
func (t reading) shown(row map[string]any, c agent.Context) map[string]any {
	for name, value := range row {
		if text, ok := value.(string); ok {
			row[name] = agent.Truncate(text, maxText)
		}
	}
	for _, column := range t.columns {
		if ms, ok := row[column.Name].(float64); ok && column.Type == "time" && ms != 0 {
			row[column.Name+"Local"] = c.Local(int64(ms))
		}
	}
	return row
}

func (t reading) matches(row, in map[string]any, c agent.Context) (bool, error) {
	for _, cell := range t.filter {
		want, there := cell.value(in)
		if !there {
			continue
		}
		ok, err := cell.equals(row[cell.column.Name], want, c)
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// equals compares a row's value with what the filter wants: texts without regard to case, a list by one of its texts, a
// time with a bare date by its day in the caller's zone. nil wants a column without a value.
func (c cell) equals(has, want any, context agent.Context) (bool, error) {
	switch want := want.(type) {
	case nil:
		return has == nil || has == "" || has == float64(0), nil
	case bool:
		is, _ := has.(bool)
		return is == want, nil
	case int64:
		return has == float64(want), nil
	case float64:
		return has == want, nil
	case string:
		if c.column.Type == "time" {
			return at(has, want, context)
		}
		if list, ok := has.([]any); ok {
			return slices.ContainsFunc(list, func(item any) bool { return equalText(item, want) }), nil
		}
		return equalText(has, want), nil
	}
	return false, nil
}

func equalText(has any, want string) bool {
	text, _ := has.(string)
	return strings.EqualFold(strings.TrimSpace(text), strings.TrimSpace(want))
}

func at(has any, want string, context agent.Context) (bool, error) {
	moment, err := context.ParseDate(want)
	ms, ok := has.(float64)
	if err != nil || !ok {
		return false, err
	}
	t := time.UnixMilli(int64(ms)).In(context.Zone())
	if moment.WholeDay {
		t = dates.StartOfDay(t)
	}
	return t.Equal(moment.Start), nil
}
