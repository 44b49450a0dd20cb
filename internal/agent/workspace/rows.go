package workspace

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fold"
)

// Limits on what one result shows, in characters.
const (
	excerpt   = 300   // of a long text in a list
	piece     = 4_000 // of a long text that is read on its own
	maxTitle  = 200
	maxMember = 1_000 // of an id
	maxItems  = 50    // of a list
	maxListed = 10    // of a list in a list of rows
)

// ref is a row of a table.
type ref struct {
	*table
	row int
}

func documentID(row int) string { return strconv.Itoa(row + 1) }

func (r ref) id(c agent.Context) string { return r.text(c, r.row, "id") }

// heading returns what people call the row.
func (r ref) heading(c agent.Context) string {
	return strings.Join(strings.Fields(agent.Truncate(r.text(c, r.row, r.title), maxTitle)), " ")
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

func (o *object) add(name string, value any) { *o = append(*o, member{name, value}) }

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(m.name))
		b.WriteByte(':')
		text, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// show returns the columns of a row that have a value, and what they refer to by name. Texts longer than limit are cut
// around the first of the folded terms.
func (w *workspace) show(run *agent.Run, r ref, limit int, terms []string) object {
	c := run.Context
	out := object{}
	for i, column := range r.columns {
		switch v := r.value(c, r.row, i).(type) {
		case string:
			if column.Type == action.ID && column.Table != "" && v != "" {
				if name := w.nameOf(run, column.Table, v); name != "" {
					out.add(strings.TrimSuffix(column.Name, "Id"), name)
				}
			}
			addText(&out, column, v, limit, terms)
		case int64:
			if text := localTime(c, v, column.Name); text != "" {
				out.add(column.Name, text)
			}
		case bool:
			if v {
				out.add(column.Name, v)
			}
		case []string:
			if items := maxListed; len(v) > 0 {
				if limit == piece {
					items = maxItems
				}
				out.add(column.Name, shortItems(v, items))
			}
		}
	}
	if r.name == "tasks" && c.Overdue(c.Tasks[r.row]) {
		out.add("overdue", true)
	}
	return out
}

func addText(out *object, column column, text string, limit int, terms []string) {
	if column.Type == action.ID {
		limit = maxMember
	}
	if text == "" {
		return
	}
	shown := around(text, limit, terms)
	out.add(column.Name, shown)
	if shown != text {
		out.add(column.Name+"Length", utf8.RuneCountInString(text))
		if limit == piece {
			out.add(column.Name+"NextFrom", piece)
		}
	}
}

// around returns limit characters of the text around the first term that it has, or its beginning.
func around(text string, limit int, terms []string) string {
	if len(text) <= limit || utf8.RuneCountInString(text) <= limit {
		return text
	}
	from, folded := 0, ""
	if len(terms) > 0 {
		folded = fold.Text(text)
	}
	for _, term := range terms {
		if at := fold.Index(folded, term); at >= 0 {
			// Folding changes lengths a little; the place is near enough to show the words.
			from = max(0, utf8.RuneCountInString(folded[:at])-limit/3)
			break
		}
	}
	rest := text
	for range from {
		_, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
	}
	shown := agent.Truncate(rest, limit)
	if from > 0 {
		shown = "…" + shown
	}
	if len(rest) > limit && len(shown) < len(rest) {
		shown += "…"
	}
	return shown
}

func shortItems(list []string, limit int) []string {
	out := make([]string, 0, min(len(list), limit+1))
	for _, item := range list[:min(len(list), limit)] {
		out = append(out, agent.Truncate(item, maxTitle))
	}
	if hidden := len(list) - len(out); hidden > 0 {
		out = append(out, fmt.Sprintf("(and %d more)", hidden))
	}
	return out
}

// localTime returns a time as tools show it, in the caller's zone: the day alone for the end of a day, on which a task
// without a time of day is due, and for a due date or a checkpoint at the start of one. It returns "" for no time.
func localTime(c agent.Context, ms int64, column string) string {
	if ms == 0 || ms > action.MaxMillis || ms < -action.MaxMillis {
		return ""
	}
	t := time.UnixMilli(ms).In(c.Zone())
	if column == "dueDate" || column == "date" {
		return c.LocalDue(ms)
	}
	return t.Format("2006-01-02T15:04")
}

// positions returns the rows of a table by id.
func (w *workspace) positions(ctx context.Context, run *agent.Run, t *table) (map[string][]int, error) {
	return agent.Once(run, "workspace.ids."+t.name, func() (map[string][]int, error) {
		c := run.Context
		byID := make(map[string][]int, t.size(c))
		for i := range t.size(c) {
			if err := run.Work(ctx, 1); err != nil {
				return nil, err
			}
			if id := t.text(c, i, "id"); id != "" {
				byID[id] = append(byID[id], i)
			}
		}
		return byID, nil
	})
}

// headings returns the folded titles of a table, in the order of its rows.
func (w *workspace) headings(ctx context.Context, run *agent.Run, t *table) ([]string, error) {
	return agent.Once(run, "workspace.headings."+t.name, func() ([]string, error) {
		list := make([]string, t.size(run.Context))
		for i := range list {
			title := ref{t, i}.heading(run.Context)
			if err := run.WorkOnText(ctx, title); err != nil {
				return nil, err
			}
			list[i] = fold.Line(title)
		}
		return list, nil
	})
}

// titles returns the rows of a table by folded title.
func (w *workspace) titles(ctx context.Context, run *agent.Run, t *table) (map[string][]int, error) {
	return agent.Once(run, "workspace.titles."+t.name, func() (map[string][]int, error) {
		headings, err := w.headings(ctx, run, t)
		if err != nil {
			return nil, err
		}
		byTitle := make(map[string][]int, len(headings))
		for i, title := range headings {
			if title != "" {
				byTitle[title] = append(byTitle[title], i)
			}
		}
		return byTitle, nil
	})
}

// nameOf returns the title of the first row of a table with that id, or "".
func (w *workspace) nameOf(run *agent.Run, tableName, id string) string {
	t, err := w.table(tableName)
	if err != nil {
		return ""
	}
	byID, err := w.positions(context.Background(), run, t)
	if err != nil || len(byID[id]) == 0 {
		return ""
	}
	return ref{t, byID[id][0]}.heading(run.Context)
}

// table returns the table with that name. The error names those there are.
func (w *workspace) table(name string) (*table, error) {
	name = strings.TrimSpace(name)
	for _, t := range w.tables {
		if strings.EqualFold(t.name, name) || t.name == tableAliases[strings.ToLower(name)] {
			return t, nil
		}
	}
	var names []string
	for _, t := range w.tables {
		names = append(names, t.name)
	}
	return nil, fmt.Errorf("there is no table %q; there are %s", agent.Truncate(name, 80), strings.Join(names, ", "))
}

// tableAliases are other names that models use for tables.
var tableAliases = map[string]string{"task": "tasks", "recent_tasks": "tasks", "project": "projects",
	"client": "clients", "customers": "clients", "note": "notes", "checkpoint": "checkpoints",
	"milestones": "checkpoints",
	"comments":   "taskComments", "task_comments": "taskComments", "event": "events", "calendar": "events",
	"email": "emails", "e-mails": "emails", "mail": "emails", "document": Documents, "relevant_documents": Documents}

// find returns the row that a model means by an id or, when no row has that id, by its title. start, when set, tells
// rows apart that share an id. The error says which rows there are when it is not exactly one.
func (w *workspace) find(ctx context.Context, run *agent.Run, t *table, name, start string) (ref, error) {
	name = strings.TrimSpace(name)
	byID, err := w.positions(ctx, run, t)
	if err != nil {
		return ref{}, err
	}
	rows, what := byID[name], "have the id"
	if len(rows) == 0 {
		byTitle, err := w.titles(ctx, run, t)
		if err != nil {
			return ref{}, err
		}
		rows, what = byTitle[fold.Line(name)], "are called"
	}
	if start != "" && len(rows) > 1 {
		if rows, err = w.startingAt(run, t, rows, start); err != nil {
			return ref{}, err
		}
	}
	switch {
	case len(rows) == 0:
		return ref{}, w.notFound(ctx, run, t, name)
	case len(rows) == 1, what == "have the id" && !differ(run.Context, t, rows):
		return ref{t, rows[0]}, nil
	}
	hint := "ask the person which one they mean"
	if t.name == "events" && what == "have the id" {
		hint = "tell them apart with start"
	}
	return ref{}, fmt.Errorf("%d rows of %s %s %q: %s; %s", len(rows), t.name, what, agent.Truncate(name, 80),
		w.list(run, t, rows), hint)
}

// differ reports whether rows that share an id can be told apart: events of a series, by their start.
func differ(c agent.Context, t *table, rows []int) bool {
	return t.name == "events" && slices.ContainsFunc(rows, func(i int) bool {
		return c.Events[i].Start != c.Events[rows[0]].Start
	})
}

// startingAt returns those of the rows that start at that local time. The error says when they start.
func (w *workspace) startingAt(run *agent.Run, t *table, rows []int, start string) ([]int, error) {
	date, err := run.Context.ParseDate(start)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	var list []int
	for _, i := range rows {
		at := time.UnixMilli(t.at(run.Context, i, "start"))
		if at.Equal(date.Start) || date.WholeDay && !at.Before(date.Start) && !at.After(date.End()) {
			list = append(list, i)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("none of these starts at %s: %s", agent.Truncate(start, 80), w.list(run, t, rows))
	}
	return list, nil
}

// notFound returns an error that names rows with a like title or, when there are none, the first ones.
func (w *workspace) notFound(ctx context.Context, run *agent.Run, t *table, name string) error {
	near, err := w.near(ctx, run, t, name)
	if err != nil {
		return err
	}
	missing := fmt.Sprintf("%s has no row %q", t.name, agent.Truncate(name, 80))
	size := t.size(run.Context)
	switch {
	case len(near) > 0:
		return fmt.Errorf("%s; like it: %s", missing, w.list(run, t, near))
	case size == 0:
		return fmt.Errorf("%s, and no other", missing)
	}
	known := make([]int, size)
	for i := range known {
		known[i] = i
	}
	return fmt.Errorf("%s; there are %s", missing, w.list(run, t, known))
}

// near returns the first rows with a title like the name.
func (w *workspace) near(ctx context.Context, run *agent.Run, t *table, name string) ([]int, error) {
	var words []string
	for word := range strings.FieldsSeq(fold.Text(agent.Truncate(name, maxTitle))) {
		if utf8.RuneCountInString(word) >= minNearLetters && len(words) < maxNearWords {
			words = append(words, word)
		}
	}
	if len(words) == 0 {
		return nil, nil
	}
	headings, err := w.headings(ctx, run, t)
	if err != nil {
		return nil, err
	}
	var rows []int
	for i, title := range headings {
		if err := run.Work(ctx, 1+len(title)*len(words)/nearStepBytes); err != nil {
			return nil, err
		}
		if resembles(title, words) {
			if rows = append(rows, i); len(rows) == maxNear {
				break
			}
		}
	}
	return rows, nil
}

// Bounds on the search for like titles.
const (
	maxNear        = 5 // rows that an error names
	maxNearWords   = 8 // words of a name that are compared
	minNearLetters = 4 // shorter words are like too many
	nearStepBytes  = 64
)

// resembles reports whether a folded title has one of the words, or one that differs by a letter.
func resembles(title string, words []string) bool {
	for _, word := range words {
		if fold.Contains(title, word) {
			return true
		}
		for other := range strings.FieldsSeq(title) {
			if fold.Near(word, other) {
				return true
			}
		}
	}
	return false
}

// list names rows with what tells them apart.
func (w *workspace) list(run *agent.Run, t *table, rows []int) string {
	var list []string
	for _, i := range rows[:min(len(rows), maxNear)] {
		r := ref{t, i}
		facts := []string{fmt.Sprintf("id %s", agent.Truncate(r.id(run.Context), 80))}
		if project := w.nameOf(run, "projects", t.text(run.Context, i, "projectId")); project != "" {
			facts = append(facts, "project "+project)
		}
		if client := w.nameOf(run, "clients", t.text(run.Context, i, "clientId")); client != "" {
			facts = append(facts, "client "+client)
		}
		if at := localTime(run.Context, t.at(run.Context, i, t.time), t.time); at != "" {
			facts = append(facts, t.time+" "+at)
		}
		list = append(list, fmt.Sprintf("%q (%s)", r.heading(run.Context), strings.Join(facts, ", ")))
	}
	if hidden := len(rows) - len(list); hidden > 0 {
		list = append(list, fmt.Sprintf("and %d more", hidden))
	}
	return strings.Join(list, ", ")
}
