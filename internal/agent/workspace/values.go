package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
	"github.com/adiuva/cloud-api/internal/fold"
)

// written is a column of a client table that a change may write.
func (w *workspace) written(t *table, name string) (action.Column, error) {
	columns := action.Columns(t.name)
	canonical := strings.TrimSpace(name)
	if i := t.named(name); i >= 0 {
		canonical = t.columns[i].Name
	}
	i := slices.IndexFunc(columns, func(c action.Column) bool { return c.Name == canonical })
	if i < 0 || slices.Contains(setByUs, canonical) {
		var names []string
		for _, c := range columns {
			if !slices.Contains(setByUs, c.Name) {
				names = append(names, c.Name)
			}
		}
		return action.Column{}, fmt.Errorf("%s has no column %q to write; it has %s", t.name, agent.Truncate(name, 80),
			strings.Join(names, ", "))
	}
	return columns[i], nil
}

// setByUs are columns that follow from other changes.
var setByUs = []string{"completedAt", "createdAt", "isAiSuggested", "recurringEventId", "snippet"}

// values reads the columns that a model wrote: local times, names in place of ids, numbers and booleans as text.
func (w *workspace) values(ctx context.Context, run *agent.Run, t *table, in map[string]any) (map[string]any, error) {
	data := make(map[string]any, len(in))
	for name, value := range in {
		if name == "id" {
			continue
		}
		column, err := w.written(t, name)
		if err != nil {
			return nil, err
		}
		v, err := w.value(ctx, run, column, value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", column.Name, err)
		}
		data[column.Name] = v
	}
	return data, tidy(t, data)
}

func (w *workspace) value(ctx context.Context, run *agent.Run, column action.Column, value any) (any, error) {
	text, isText := value.(string)
	switch {
	case value == nil:
		return nil, nil
	case isText && (strings.TrimSpace(text) == "" || strings.EqualFold(text, "none")) && column.Type != action.Text:
		return nil, nil
	case column.Type == action.Time:
		return timeValue(run.Context, column.Name, value)
	case column.Type == action.ID:
		return w.reference(ctx, run, column, text)
	case column.Type == action.Bool && isText:
		return strings.EqualFold(text, "true") || strings.EqualFold(text, "yes"), nil
	case len(column.OneOf) > 0 && isText:
		return fold.Text(strings.TrimSpace(text)), nil
	}
	if number, ok := value.(float64); ok && column.Type == action.Text {
		return fmt.Sprint(number), nil
	}
	return value, nil
}

// timeValue reads a local time. A due date without a time of day is due at the end of the day.
func timeValue(c agent.Context, name string, value any) (any, error) {
	text, ok := value.(string)
	if number, isNumber := value.(float64); isNumber {
		text, ok = fmt.Sprintf("%.0f", number), true
	}
	if !ok {
		return nil, errors.New("must be a local time, such as 2026-11-30T15:00")
	}
	date, err := c.ParseDate(text)
	if err != nil {
		return nil, err
	}
	switch {
	case name == "dueDate":
		return date.End().UnixMilli(), nil
	case name == "end" && date.WholeDay: // the day is part of the event
		return dates.StartOfDay(date.End().Add(time.Hour)).UnixMilli(), nil
	}
	return date.Start.UnixMilli(), nil
}

// reference returns the id of the row that a model means by an id or a name. Ids that other rows refer to are taken.
func (w *workspace) reference(ctx context.Context, run *agent.Run, column action.Column, name string) (any, error) {
	t, err := w.table(column.Table)
	if err != nil {
		return nil, err
	}
	r, err := w.find(ctx, run, t, name, "")
	if err == nil {
		return r.id(run.Context), nil
	}
	if byTitle, _ := w.titles(ctx, run, t); len(byTitle[fold.Line(name)]) > 1 {
		return nil, err
	}
	if run.MayRefer(column.Table, strings.TrimSpace(name)) {
		return strings.TrimSpace(name), nil
	}
	if rows := containing(run.Context, t, fold.Line(name)); len(rows) == 1 {
		return ref{t, rows[0]}.id(run.Context), nil
	}
	return nil, err
}

// tidy checks what the types of columns do not say: titles and the order of times.
func tidy(t *table, data map[string]any) error {
	if title, ok := data[t.title].(string); ok && t.name != "taskComments" {
		title = strings.Join(strings.Fields(title), " ")
		switch {
		case title == "" && t.name != "emails":
			return fmt.Errorf("the %s is empty", t.title)
		case utf8.RuneCountInString(title) > maxTitle:
			return fmt.Errorf("the %s is longer than %d characters", t.title, maxTitle)
		}
		data[t.title] = title
	}
	start, hasStart := data["start"].(int64)
	end, hasEnd := data["end"].(int64)
	if t.name == "events" && hasStart && hasEnd && end <= start {
		return errors.New("the event ends before it starts")
	}
	return nil
}
