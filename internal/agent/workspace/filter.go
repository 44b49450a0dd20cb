package workspace

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fold"
)

// matcher returns a function that reports whether a row of the table passes the filters of a search.
func (w *workspace) matcher(ctx context.Context, run *agent.Run, t *table, in findInput) (func(row int) bool, error) {
	var tests []func(row int) bool
	named := map[int]bool{}
	for _, name := range slices.Sorted(maps.Keys(in.Where)) {
		if i := t.named(name); i >= 0 {
			if named[i] {
				return nil, fmt.Errorf("where names %s twice; give it a list of values", t.columns[i].Name)
			}
			named[i] = true
		}
		test, err := w.condition(ctx, run, t, name, in.Where[name])
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	if in.From+in.To != "" {
		test, err := timeRange(run.Context, t, in)
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	return func(row int) bool {
		return !slices.ContainsFunc(tests, func(test func(int) bool) bool { return !test(row) })
	}, nil
}

// condition returns a test for one column, which has one of the values.
func (w *workspace) condition(ctx context.Context, run *agent.Run, t *table, name string,
	value any) (func(row int) bool, error) {
	c := run.Context
	wanted, ok := texts(value)
	if !ok {
		return nil, fmt.Errorf("where.%s must be a value or a list of values", agent.Truncate(name, 80))
	}
	if t.name == "tasks" && (name == "open" || name == "overdue") {
		yes, err := flag(wanted)
		if err != nil {
			return nil, fmt.Errorf("where.%s: %w", name, err)
		}
		return func(row int) bool {
			task := c.Tasks[row]
			return yes == (name == "open" && !task.Done() || name == "overdue" && c.Overdue(task))
		}, nil
	}
	i := t.named(name)
	if i < 0 && isClient(name) && t.column("projectId") >= 0 {
		return w.clientCondition(ctx, run, t, value)
	}
	if i < 0 {
		return nil, fmt.Errorf("%s has no column %q; it has %s", t.name, agent.Truncate(name, 80), t.columnNames())
	}
	switch column := t.columns[i]; column.Type {
	case action.Time:
		return onDays(c, t, i, wanted)
	case action.Bool:
		yes, err := flag(wanted)
		if err != nil {
			return nil, fmt.Errorf("where.%s: %w", column.Name, err)
		}
		return func(row int) bool { return t.value(c, row, i) == yes }, nil
	case action.ID:
		return w.idCondition(ctx, run, t, i, wanted)
	case action.List:
		wanted = withPerson(run, wanted)
		return func(row int) bool {
			items, _ := t.value(c, row, i).([]string)
			return slices.ContainsFunc(items, func(item string) bool { return hasAny(item, wanted) })
		}, nil
	default:
		if strings.HasSuffix(column.Name, "Id") { // of a thread or a series, which are no tables
			return func(row int) bool {
				text, _ := t.value(c, row, i).(string)
				return slices.Contains(wanted, fold.Line(text))
			}, nil
		}
		return textCondition(run, t, i, wanted)
	}
}

// flag returns the truth value of a filter.
func flag(wanted []string) (bool, error) {
	if len(wanted) != 1 {
		return false, errors.New("must be true or false")
	}
	return truth(wanted[0])
}

// withPerson adds the names of the person asking where the values say "me".
func withPerson(run *agent.Run, wanted []string) []string {
	if !slices.Contains(wanted, "me") {
		return wanted
	}
	wanted = slices.Clone(wanted)
	for _, name := range run.PersonNames() {
		wanted = append(wanted, fold.Line(name))
	}
	return wanted
}

// textCondition tests a text: an enumeration for equality, any other text for a phrase of whole words. "me" is the
// person asking.
func textCondition(run *agent.Run, t *table, i int, wanted []string) (func(row int) bool, error) {
	c := run.Context
	if known := t.columns[i].OneOf; len(known) > 0 {
		wanted = slices.Clone(wanted)
		for k, value := range wanted {
			wanted[k] = enumValue(known, value)
			if value = wanted[k]; value != "" && !slices.Contains(known, value) {
				return nil, fmt.Errorf("where.%s: %q is not one of %s", t.columns[i].Name, agent.Truncate(value, 80),
					strings.Join(known, ", "))
			}
		}
		return func(row int) bool {
			text, _ := t.value(c, row, i).(string)
			if text == "" && t.columns[i].Name == "status" {
				text = "todo"
			}
			return slices.Contains(wanted, text)
		}, nil
	}
	wanted = withPerson(run, wanted)
	return func(row int) bool {
		text, _ := t.value(c, row, i).(string)
		return hasAny(text, wanted)
	}, nil
}

// hasAny reports whether the text has one of the folded phrases, as whole words. An empty phrase means an empty text.
func hasAny(text string, phrases []string) bool {
	text = fold.Text(text)
	return slices.ContainsFunc(phrases, func(phrase string) bool {
		if phrase == "" {
			return strings.TrimSpace(text) == ""
		}
		return fold.Has(text, phrase)
	})
}

// idCondition tests an id, given as such or as the name of the row that it refers to.
func (w *workspace) idCondition(ctx context.Context, run *agent.Run, t *table, i int,
	wanted []string) (func(row int) bool, error) {
	c := run.Context
	ids := map[string]bool{}
	target := t
	if name := t.columns[i].Table; name != "" {
		var err error
		if target, err = w.table(name); err != nil {
			return nil, err
		}
	}
	byTitle, err := w.titles(ctx, run, target)
	if err != nil {
		return nil, err
	}
	known, err := w.foldedIDs(ctx, run, target)
	if err != nil {
		return nil, err
	}
	for _, value := range wanted {
		ids[value] = true
		if known[value] {
			continue
		}
		rows := byTitle[fold.Line(value)]
		if len(rows) == 0 {
			if rows, err = w.containing(ctx, run, target, value); err != nil {
				return nil, err
			}
		}
		for _, row := range rows {
			ids[fold.Line(target.text(c, row, "id"))] = true
		}
		if len(rows) == 0 && value != "" && t.columns[i].Table != "" && !refersTo(c, t, i, value) {
			return nil, w.notFound(ctx, run, target, value)
		}
	}
	return func(row int) bool {
		id, _ := t.value(c, row, i).(string)
		return ids[fold.Line(id)]
	}, nil
}

// foldedIDs has the ids of a table, folded as the values of a filter are.
func (w *workspace) foldedIDs(ctx context.Context, run *agent.Run, t *table) (map[string]bool, error) {
	return agent.Once(run, "workspace.folded_ids."+t.name, func() (map[string]bool, error) {
		ids := make(map[string]bool, t.size(run.Context))
		for i := range t.size(run.Context) {
			id := t.text(run.Context, i, "id")
			if err := run.WorkOnText(ctx, id); err != nil {
				return nil, err
			}
			ids[fold.Line(id)] = true
		}
		return ids, nil
	})
}

// clientCondition tests whether the project of a row is one of the client's.
func (w *workspace) clientCondition(ctx context.Context, run *agent.Run, t *table, client any) (func(row int) bool,
	error) {
	projects, err := w.table("projects")
	if err != nil {
		return nil, err
	}
	ofClient, err := w.condition(ctx, run, projects, "clientId", client)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for i, p := range run.Context.Projects {
		if ofClient(i) {
			ids[p.ID] = true
		}
	}
	i := t.column("projectId")
	return func(row int) bool {
		id, _ := t.value(run.Context, row, i).(string)
		return id != "" && ids[id]
	}, nil
}

// containing returns the rows whose title has the phrase.
func (w *workspace) containing(ctx context.Context, run *agent.Run, t *table, phrase string) ([]int, error) {
	headings, err := w.headings(ctx, run, t)
	if err != nil || phrase == "" {
		return nil, err
	}
	var rows []int
	for i, title := range headings {
		if err := run.Work(ctx, 1); err != nil {
			return nil, err
		}
		if fold.Contains(title, phrase) {
			rows = append(rows, i)
		}
	}
	return rows, nil
}

// refersTo reports whether a row has that id in the column: rows may refer to others that were not sent.
func refersTo(c agent.Context, t *table, column int, id string) bool {
	for row := range t.size(c) {
		if text, _ := t.value(c, row, column).(string); fold.Line(text) == id {
			return true
		}
	}
	return false
}

// onDays tests a time for being on one of the days; "" means no time.
func onDays(c agent.Context, t *table, i int, wanted []string) (func(row int) bool, error) {
	var from, to []int64
	none := false
	for _, text := range wanted {
		if text == "" {
			none = true
			continue
		}
		date, err := c.ParseDate(text)
		if err != nil {
			return nil, fmt.Errorf("where.%s: %w", t.columns[i].Name, err)
		}
		from, to = append(from, date.Start.UnixMilli()), append(to, date.End().UnixMilli())
	}
	return func(row int) bool {
		ms, _ := t.value(c, row, i).(int64)
		for k := range from {
			if ms != 0 && ms >= from[k] && ms <= to[k] {
				return true
			}
		}
		return none && ms == 0
	}, nil
}

// timeRange tests whether the time of a row is in the range of a search. An event is when any part of it is.
func timeRange(c agent.Context, t *table, in findInput) (func(row int) bool, error) {
	name := t.time
	if in.Time != "" {
		name = in.Time
	}
	i := t.named(name)
	if i < 0 || t.columns[i].Type != action.Time {
		return nil, fmt.Errorf("%s has no time %q; it has %s", t.name, agent.Truncate(name, 80), t.columnNames())
	}
	from, to := int64(0), int64(action.MaxMillis)
	if in.From != "" {
		date, err := c.ParseDate(in.From)
		if err != nil {
			return nil, fmt.Errorf("from: %w", err)
		}
		from = date.Start.UnixMilli()
	}
	if in.To != "" {
		date, err := c.ParseDate(in.To)
		if err != nil {
			return nil, fmt.Errorf("to: %w", err)
		}
		to = date.End().UnixMilli()
	}
	if to < from {
		return nil, fmt.Errorf("to is before from")
	}
	return func(row int) bool {
		ms, _ := t.value(c, row, i).(int64)
		end := ms
		if t.name == "events" && t.columns[i].Name == "start" {
			end = max(ms, t.at(c, row, "end")-time.Millisecond.Milliseconds())
		}
		return ms != 0 && ms <= to && end >= from
	}, nil
}

// texts returns the value of a filter as folded texts: one, or those of a list; null is "".
func texts(value any) ([]string, bool) {
	switch v := value.(type) {
	case nil:
		return []string{""}, true
	case string:
		return []string{fold.Line(v)}, true
	case bool:
		return []string{fmt.Sprint(v)}, true
	case float64:
		return []string{fmt.Sprintf("%.0f", v)}, true
	case []any:
		var list []string
		for _, item := range v[:min(len(v), maxItems)] {
			text, ok := texts(item)
			if !ok {
				return nil, false
			}
			list = append(list, text...)
		}
		return list, true
	}
	return nil, false
}
