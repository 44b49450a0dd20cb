package declared

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/schema"
	"github.com/adiuva/cloud-api/internal/dates"
)

const (
	maxRows = 100 // rows in one result; "total" has the number of all matching rows
	maxText = 500 // characters of a text in a row
	maxList = 100 // texts of a list in a row
)

// rowTables returns the tables whose rows a request has.
func rowTables() []string {
	return []string{"tasks", "projects", "clients", "notes", "checkpoints", "events", "emails"}
}

// rowsTool is a tool that returns the request's rows of one table.
type rowsTool struct {
	table   string
	columns []action.Column
	filter  []columnValue
}

// rows parses a tool that reads rows. It returns the tool's handler, nil when it has errors, and its table.
func (p *parser) rows(f, filter field, arguments *schema.Schema) (handler, string) {
	before := len(p.errors)
	table := p.text(f)
	if table != "" && !slices.Contains(rowTables(), table) {
		p.errorf(f.line(), "%s: %q is not one of %s", f.path, agent.Truncate(table, maxQuoted), join(rowTables()))
	}
	if len(p.errors) > before {
		return nil, ""
	}
	t := rowsTool{table: table, columns: rowColumns(table)}
	if filter.present() {
		p.filter(&t, filter, arguments)
	}
	if len(p.errors) > before {
		return nil, table
	}
	return t.run, table
}

// rowColumns returns the columns that the rows of a request have: those of actions and an id. Bodies of e-mails stay on
// the client.
func rowColumns(table string) []action.Column {
	list := []action.Column{{Name: "id", Type: action.ID}}
	for _, c := range action.Columns(table) {
		if table != "emails" || c.Name != "body" {
			list = append(list, c)
		}
	}
	if table == "tasks" {
		list = append(list, action.Column{Name: "completedAt", Type: action.Time})
	}
	return list
}

func (p *parser) filter(t *rowsTool, f field, arguments *schema.Schema) {
	members, _ := p.members(f)
	for _, m := range members {
		i := slices.IndexFunc(t.columns, func(c action.Column) bool { return c.Name == m.name })
		if i < 0 {
			p.errorf(m.line, "%s: unknown column; %s has %s", m.path, t.table, columnNames(t.columns))
			continue
		}
		column := t.columns[i]
		if column.Type == action.List {
			column.Type = action.Text // a list matches when one of its texts does
		}
		v, ok := p.value(m.field, column, arguments)
		if !ok {
			continue
		}
		if reason := v.constantError(); reason != "" {
			p.errorf(m.node.Line, "%s: %s", m.path, reason)
		}
		t.filter = append(t.filter, v)
	}
}

// constantError says why no row can ever equal the constant, or "".
func (v columnValue) constantError() string {
	value, isText := v.constant.(string)
	_, isBool := v.constant.(bool)
	_, isNumber := v.constant.(int64)
	switch {
	case v.constant == nil:
		return ""
	case v.column.Type == action.Bool && !isBool:
		return "must be true or false"
	case v.column.Type == action.Time && isText:
		if _, err := checkedAt().ParseDate(value); err != nil {
			return err.Error()
		}
	case v.column.Type == action.Time && !isNumber:
		return "must be a date or milliseconds"
	case v.column.Type != action.Bool && v.column.Type != action.Time && !isText:
		return "must be text"
	case len(v.column.OneOf) > 0 && !slices.Contains(v.column.OneOf, value):
		return fmt.Sprintf("%q is not one of %s", agent.Truncate(value, maxQuoted), strings.Join(v.column.OneOf, ", "))
	}
	return ""
}

// run is the tool's handler. It returns the rows that match the filter as JSON; columns whose argument was left out
// do not filter.
func (t rowsTool) run(ctx context.Context, run *agent.Run, in map[string]any) (string, error) {
	all, err := agent.Once(run, "declared.rows."+t.table, func() ([]map[string]any, error) {
		return rowsOf(run.Context, t.table)
	})
	if err != nil {
		return "", err
	}
	conditions, err := t.conditions(in, run.Context)
	if err != nil {
		return "", err
	}
	rows := []map[string]any{}
	total := 0
	for _, row := range all {
		if err := run.Work(ctx, 1+len(conditions)); err != nil {
			return "", err
		}
		if slices.ContainsFunc(conditions, func(c condition) bool { return !c.matches(row[c.column]) }) {
			continue
		}
		if total++; len(rows) < maxRows {
			rows = append(rows, t.format(row, run.Context))
		}
	}
	return agent.JSON(map[string]any{"total": total, t.table: rows})
}

// rowsOf returns the request's rows of a table with the names and types of their JSON.
func rowsOf(c agent.Context, table string) (list []map[string]any, err error) {
	rows := map[string]any{"tasks": c.Tasks, "projects": c.Projects, "clients": c.Clients, "notes": c.Notes,
		"checkpoints": c.Checkpoints, "events": c.Events, "emails": c.Emails}[table]
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

// format returns the row as the model reads it: long texts are truncated, and each time is added in the caller's zone.
func (t rowsTool) format(row map[string]any, c agent.Context) map[string]any {
	row = maps.Clone(row)
	for name, value := range row {
		switch value := value.(type) {
		case string:
			row[name] = agent.Truncate(value, maxText)
		case []any:
			row[name] = value[:min(len(value), maxList)]
		}
	}
	for _, column := range t.columns {
		if ms, ok := row[column.Name].(float64); ok && column.Type == action.Time && ms != 0 {
			row[column.Name+"Local"] = c.Local(int64(ms))
		}
	}
	return row
}

// condition is what the rows of one call must have in a column.
type condition struct {
	column  string
	matches func(has any) bool
}

// conditions returns the filter for these arguments. It is made once for all rows: arguments may be long.
func (t rowsTool) conditions(in map[string]any, c agent.Context) (list []condition, err error) {
	for _, v := range t.filter {
		want, present := v.expand(in)
		if !present {
			continue
		}
		matches, err := v.matcher(want, c)
		if err != nil {
			return nil, err
		}
		list = append(list, condition{v.column.Name, matches})
	}
	return list, nil
}

// matcher returns a function that compares a row's value with the filter's. Texts are compared without regard to case,
// a list matches when one of its texts does, and a time matches a date without a time of day on that day in the
// caller's zone. nil matches a column without a value.
func (v columnValue) matcher(want any, c agent.Context) (func(has any) bool, error) {
	switch want := want.(type) {
	case nil:
		return func(has any) bool { return has == nil || has == "" || has == float64(0) }, nil
	case bool:
		return func(has any) bool { is, _ := has.(bool); return is == want }, nil
	case int64:
		return func(has any) bool { return has == float64(want) }, nil
	case float64:
		return func(has any) bool { return has == want }, nil
	case string:
		if v.column.Type == action.Time {
			return timeMatcher(want, c)
		}
		want = strings.TrimSpace(want)
		equal := func(has any) bool {
			text, _ := has.(string)
			return strings.EqualFold(strings.TrimSpace(text), want)
		}
		return func(has any) bool {
			if list, ok := has.([]any); ok {
				return slices.ContainsFunc(list, equal)
			}
			return equal(has)
		}, nil
	}
	return func(any) bool { return false }, nil
}

// checkedAt returns the context in which the constants of a manifest are checked. Some are read from today on, and any
// present day will do.
func checkedAt() agent.Context {
	return agent.Context{Now: time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)}
}

func timeMatcher(want string, c agent.Context) (func(has any) bool, error) {
	date, err := c.ParseDate(want)
	if err != nil {
		return nil, err
	}
	return func(has any) bool {
		ms, ok := has.(float64)
		if !ok {
			return false
		}
		t := time.UnixMilli(int64(ms)).In(c.Zone())
		if date.WholeDay {
			t = dates.StartOfDay(t)
		}
		return t.Equal(date.Start)
	}, nil
}
