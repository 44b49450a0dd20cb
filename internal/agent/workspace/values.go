package workspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
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

// values reads the columns that a model wrote: local times, names in place of ids, numbers and booleans as text. The
// start and end of an event are of type dates.Date; setTimes converts them.
func (w *workspace) values(ctx context.Context, run *agent.Run, t *table, in map[string]any) (map[string]any, error) {
	data := make(map[string]any, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		value := in[name]
		if name == "id" {
			continue
		}
		column, err := w.written(t, name)
		if err != nil {
			return nil, err
		}
		if _, exact := in[column.Name]; exact && name != column.Name {
			continue // the same column, spelled twice
		}
		v, err := w.value(ctx, run, column, value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", column.Name, err)
		}
		data[column.Name] = v
	}
	return data, tidy(run, t, data)
}

func (w *workspace) value(ctx context.Context, run *agent.Run, column action.Column, value any) (any, error) {
	text, isText := value.(string)
	switch {
	case value == nil:
		return nil, nil
	case isText && (strings.TrimSpace(text) == "" || strings.EqualFold(text, "none")) && column.Type != action.Text:
		return nil, nil
	case column.Type == action.Time:
		date, err := dateValue(run.Context, value)
		switch {
		case err != nil:
			return nil, err
		case column.Name == "start" || column.Name == "end":
			return date, nil
		case column.Name == "dueDate": // without a time of day, at the end of the day
			return date.End().UnixMilli(), nil
		}
		return date.Start.UnixMilli(), nil
	case column.Type == action.ID:
		return w.reference(ctx, run, column, text)
	case column.Type == action.Bool && isText:
		return truth(text)
	case len(column.OneOf) > 0 && isText:
		return enumValue(column.OneOf, fold.Line(text)), nil
	case column.Name == "assignee" && fold.Line(text) == "me":
		return personName(run), nil
	}
	if number, ok := value.(float64); ok && column.Type == action.Text {
		value = strconv.FormatFloat(number, 'f', -1, 64)
	}
	return column.Canonical(value)
}

// truth reads a boolean that was written as text.
func truth(text string) (bool, error) {
	switch fold.Line(text) {
	case "true", "yes", "1":
		return true, nil
	case "false", "no", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is not true or false", agent.Truncate(text, 80))
}

// enumValue returns the value of an enumeration that a folded text means, which may have spaces or hyphens, or the
// text.
func enumValue(known []string, text string) string {
	if value := strings.NewReplacer(" ", "_", "-", "_").Replace(text); slices.Contains(known, value) {
		return value
	}
	return text
}

// personName returns what tasks call the person asking: the name in the profile, or else the e-mail address.
func personName(run *agent.Run) string {
	for _, key := range []string{"name", "full_name", "first_name"} {
		if name, ok := run.Context.UserProfile[key].(string); ok && strings.TrimSpace(name) != "" {
			return strings.TrimSpace(name)
		}
	}
	return cmp.Or(run.User.Email, "me")
}

// dateValue reads a local date or time.
func dateValue(c agent.Context, value any) (dates.Date, error) {
	text, ok := value.(string)
	if number, isNumber := value.(float64); isNumber {
		text, ok = strconv.FormatFloat(number, 'f', 0, 64), true
	}
	if !ok {
		return dates.Date{}, errors.New("must be a local time, such as 2026-11-30T15:00")
	}
	return c.ParseDate(text)
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
	rows, findErr := w.containing(ctx, run, t, fold.Line(name))
	if findErr != nil {
		return nil, findErr
	}
	if len(rows) == 1 {
		return ref{t, rows[0]}.id(run.Context), nil
	}
	return nil, err
}

// tidy checks what the type of a column does not say about titles, and leaves out white space that they do not need.
func tidy(run *agent.Run, t *table, data map[string]any) error {
	title, ok := data[t.title].(string)
	switch {
	case !ok:
		return nil
	case t.name == "taskComments":
		if !visible(title) {
			return fmt.Errorf("the %s is empty", t.title)
		}
		return nil
	}
	written := title
	title = strings.Join(strings.FieldsFunc(title, betweenWords), " ")
	run.NoteTitle(written, title)
	if !visible(title) {
		title = ""
	}
	switch {
	case title == "" && t.name != "emails":
		return fmt.Errorf("the %s is empty", t.title)
	case utf8.RuneCountInString(title) > maxTitle:
		return fmt.Errorf("the %s is longer than %d characters", t.title, maxTitle)
	}
	data[t.title] = title
	return nil
}

// betweenWords reports whether a character separates the words of a title.
func betweenWords(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// visible reports whether people see anything of a text.
func visible(text string) bool {
	return strings.ContainsFunc(fold.Text(text), func(r rune) bool { return !betweenWords(r) })
}
