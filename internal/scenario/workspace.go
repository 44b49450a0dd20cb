package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

// minute is how the files write times, in the zone of the workspace.
const minute = "2006-01-02T15:04"

// timeColumns are the columns of rows that hold times.
var timeColumns = []string{"dueDate", "createdAt", "completedAt", "updatedAt", "start", "end", "date"}

// workspace is a set of rows as written: by table, the columns of the API, times as local texts.
type workspace struct {
	Now      string                 `yaml:"now"`
	Timezone string                 `yaml:"timezone"`
	Profile  map[string]any         `yaml:"profile"`
	Rows     map[string][]yaml.Node `yaml:"rows"`
}

// load sets the rows of the workspace, and the additional ones after them, for both forms of the context.
func (w workspace) load(s *Scenario, more map[string][]yaml.Node, nodes *int) error {
	zone, err := time.LoadLocation(w.Timezone)
	if err != nil {
		return fmt.Errorf("workspace: %w", err)
	}
	s.wire = map[string]any{}
	if len(w.Profile) > 0 {
		s.Context.UserProfile = w.Profile
		s.wire["user_profile"] = w.Profile
	}
	tables := map[string][]yaml.Node{}
	maps.Copy(tables, w.Rows)
	for table, rows := range more {
		tables[table] = slices.Concat(tables[table], rows)
	}
	for table, rows := range tables {
		list := make([]map[string]any, len(rows))
		for i := range rows {
			if list[i], err = readRow(&rows[i], zone, nodes); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			if err := checkColumns(table, list[i]); err != nil {
				return atLine(rows[i].Line, "%w", err)
			}
		}
		if err := setRows(&s.Context, table, list); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		s.wire[wireName(table)] = list
	}
	return nil
}

// wireName returns the member of the API's context that carries the table.
func wireName(table string) string {
	switch table {
	case "tasks":
		return "recent_tasks"
	case "taskComments":
		return "task_comments"
	}
	return table
}

func readRow(node *yaml.Node, zone *time.Location, nodes *int) (map[string]any, error) {
	value, err := decode(node, nodes)
	if err != nil {
		return nil, err
	}
	row, ok := value.(map[string]any)
	if !ok {
		return nil, atLine(node.Line, "a row is a map of columns")
	}
	for name, value := range row {
		if text, ok := value.(string); ok && slices.Contains(timeColumns, name) {
			if row[name], err = parseMillis(text, zone); err != nil {
				return nil, atLine(node.Line, "%s: %w", name, err)
			}
		}
	}
	return row, nil
}

// listOf returns a pointer to the context's list of the table's rows.
func listOf(c *agent.Context, table string) (any, error) {
	target, ok := map[string]any{"tasks": &c.Tasks, "taskComments": &c.TaskComments, "projects": &c.Projects,
		"clients": &c.Clients, "notes": &c.Notes, "checkpoints": &c.Checkpoints, "events": &c.Events,
		"emails": &c.Emails}[table]
	if !ok {
		return nil, fmt.Errorf("there is no such table; there are %s", strings.Join(action.Tables(), ", "))
	}
	return target, nil
}

// checkColumns returns an error if the table has no such column.
func checkColumns(table string, row map[string]any) error {
	rows, err := listOf(&agent.Context{}, table)
	if err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	fields := map[string]reflect.Type{}
	t := reflect.TypeOf(rows).Elem().Elem()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields[name] = t.Field(i).Type
	}
	for _, name := range slices.Sorted(maps.Keys(row)) {
		if fields[name] == nil {
			return fmt.Errorf("rows of %s have no column %q; there are %s", table, name, namesOf(fields))
		}
	}
	return nil
}

// setRows decodes the rows into the context's list for the table.
func setRows(c *agent.Context, table string, rows []map[string]any) error {
	target, err := listOf(c, table)
	if err != nil {
		return err
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, target)
}

// parseMillis reads a local time in milliseconds. A day alone means its last millisecond, as it does for due dates.
func parseMillis(text string, zone *time.Location) (int64, error) {
	if t, err := time.ParseInLocation(minute, text, zone); err == nil {
		return t.UnixMilli(), nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time such as 2026-11-30T15:00", text)
	}
	return dates.Date{Start: day, WholeDay: true}.End().UnixMilli(), nil
}
