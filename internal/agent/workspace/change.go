package workspace

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fold"
)

type createInput struct {
	Table string         `json:"table" desc:"emails: a draft with to, subject, body"`
	Data  map[string]any `json:"data" desc:"Column to value; local times; project, client, task by id or name"`
}

func (w *workspace) createRow(ctx context.Context, run *agent.Run, in createInput) (string, error) {
	t, err := w.changeable(in.Table)
	if err != nil {
		return "", err
	}
	data, note, err := w.create(ctx, run, t, in.Data)
	if err != nil {
		return "", err
	}
	out := object{{"prepared", w.shown(run, t, data)}}
	if note != "" {
		out.add("note", note)
	}
	return agent.JSON(out)
}

// create proposes a new row. It returns the columns of the action, and a note for the model, which may be empty.
func (w *workspace) create(ctx context.Context, run *agent.Run, t *table, in map[string]any) (map[string]any, string,
	error) {
	data, err := w.values(ctx, run, t, in)
	if err != nil {
		return nil, "", err
	}
	for name, value := range data {
		if value == nil || value == "" {
			delete(data, name)
		}
	}
	if err := addDefaults(run, t, data); err != nil {
		return nil, "", err
	}
	if err := run.Propose(action.CreateRecord(t.name, data)); err != nil {
		return nil, "", err
	}
	note, err := w.sameTitle(ctx, run, t, data)
	return data, note, err
}

// changeable returns a table that actions may change.
func (w *workspace) changeable(name string) (*table, error) {
	t, err := w.table(name)
	if err == nil && t.name == Documents {
		err = errors.New("documents are excerpts and cannot be changed; find the row that they come from")
	}
	return t, err
}

// addDefaults adds what a new row has without being told. It fails for a row that would say nothing.
func addDefaults(run *agent.Run, t *table, data map[string]any) error {
	preset := func(name string, value any) {
		if _, ok := data[name]; !ok {
			data[name] = value
		}
	}
	now := run.Context.Now.UnixMilli()
	switch t.name {
	case "tasks":
		preset("status", "todo")
		preset("priority", "medium")
		if data["status"] == "done" {
			preset("completedAt", now)
		}
	case "taskComments":
		preset("createdAt", now)
	case "checkpoints":
		data["isAiSuggested"] = true
	case "events":
		return newTimes(data)
	case "emails":
		if data["subject"] == nil && data["body"] == nil {
			return errors.New("a draft needs a subject or a body")
		}
		preset("labels", []string{"draft"})
		preset("date", now)
		if run.User.Email != "" {
			preset("from", run.User.Email)
		}
		if body, ok := data["body"].(string); ok {
			preset("snippet", agent.Truncate(body, maxTitle))
		}
	}
	return nil
}

// sameTitle returns a note when the table has a row of the same title already, of tasks an open one.
func (w *workspace) sameTitle(ctx context.Context, run *agent.Run, t *table, data map[string]any) (string, error) {
	title, _ := data[t.title].(string)
	if title == "" || t.name == "emails" || t.name == "taskComments" {
		return "", nil
	}
	byTitle, err := w.titles(ctx, run, t)
	if err != nil {
		return "", err
	}
	for _, row := range byTitle[fold.Line(title)] {
		if t.name != "tasks" || !run.Context.Tasks[row].Done() {
			return fmt.Sprintf("%s has a row with this %s already; say so.", t.name, t.title), nil
		}
	}
	return "", nil
}

// shown returns written columns as the model reads them.
func (w *workspace) shown(run *agent.Run, t *table, data map[string]any) object {
	out := object{}
	for _, c := range action.Columns(t.name) {
		value, ok := data[c.Name]
		if !ok {
			continue
		}
		switch v := value.(type) {
		case int64:
			value = localTime(run.Context, v, c.Name)
		case string:
			if c.Table != "" {
				if name := w.nameOf(run, c.Table, v); name != "" {
					out.add(strings.TrimSuffix(c.Name, "Id"), name)
				}
			}
			value = around(v, excerpt, nil)
		}
		out.add(c.Name, value)
	}
	return out
}

type changeInput struct {
	Table  string         `json:"table"`
	IDs    []string       `json:"ids"`
	Set    map[string]any `json:"set,omitempty" desc:"Column to new value; null clears"`
	Add    map[string]any `json:"add,omitempty" desc:"To lists"`
	Remove map[string]any `json:"remove,omitempty" desc:"From lists"`
	Start  string         `json:"start,omitempty" desc:"If events share the id"`
}

func (w *workspace) changeRows(ctx context.Context, run *agent.Run, in changeInput) (string, error) {
	t, err := w.changeable(in.Table)
	if err != nil {
		return "", err
	}
	set, err := w.values(ctx, run, t, in.Set)
	if err != nil {
		return "", err
	}
	if len(set)+len(in.Add)+len(in.Remove) == 0 {
		return "", errors.New("name the columns to change in set, add or remove")
	}
	if t.name == "emails" && !onlyLabels(set) {
		return "", errors.New("of an e-mail only the labels can change")
	}
	return w.eachRow(ctx, run, t, in.IDs, in.Start, func(r ref, out *object) (bool, error) {
		return w.changeOne(ctx, run, r, set, in, out)
	})
}

// eachRow does something with every row of a call, each once, and returns the results as text for the model. do adds
// to the result of its row and reports whether it proposed a change.
func (w *workspace) eachRow(ctx context.Context, run *agent.Run, t *table, ids []string, start string,
	do func(r ref, out *object) (bool, error)) (string, error) {
	switch {
	case len(ids) == 0:
		return "", errors.New("ids is empty")
	case len(ids) > agent.MaxActions:
		return "", fmt.Errorf("at most %d rows at once", agent.MaxActions)
	}
	results := []object{}
	prepared := 0
	seen := map[int]bool{}
	for _, id := range ids {
		r, err := w.find(ctx, run, t, id, start)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		out := object{{"id", agent.Truncate(strings.TrimSpace(id), maxMember)}}
		if err == nil {
			if seen[r.row] {
				continue
			}
			seen[r.row] = true
			out = object{{"id", agent.Truncate(r.id(run.Context), maxMember)}, {t.title, r.heading(run.Context)}}
			var done bool
			if err = w.checkID(ctx, run, r); err == nil {
				done, err = do(r, &out)
			}
			if done {
				prepared++
			}
		}
		if err != nil {
			if len(ids) == 1 {
				return "", err
			}
			out.add("error", err.Error())
		}
		results = append(results, out)
	}
	return agent.JSON(object{{"prepared", prepared}, {"rows", results}})
}

// checkID returns an error for a row that no action can name: one without an id, or with that of a row with another
// title.
func (w *workspace) checkID(ctx context.Context, run *agent.Run, r ref) error {
	id := r.id(run.Context)
	if id == "" {
		return errors.New("this row has no id, so it can only be read")
	}
	byID, err := w.positions(ctx, run, r.table)
	if err != nil {
		return err
	}
	headings, err := w.headings(ctx, run, r.table)
	if err != nil {
		return err
	}
	for _, i := range byID[id] {
		if err := run.Work(ctx, 1); err != nil {
			return err
		}
		if headings[i] != headings[r.row] {
			return fmt.Errorf("another row, %q, has the same id, so it can only be read",
				ref{r.table, i}.heading(run.Context))
		}
	}
	return nil
}

func onlyLabels(set map[string]any) bool {
	for name := range set {
		if name != "labels" {
			return false
		}
	}
	return true
}

// changeOne proposes the change of one row and adds to its result what became of it.
func (w *workspace) changeOne(ctx context.Context, run *agent.Run, r ref, set map[string]any, in changeInput,
	out *object) (bool, error) {
	data, err := w.change(ctx, run, r, set, in)
	switch {
	case err != nil:
		return false, err
	case len(data) == 0:
		out.add("result", "already so; nothing to change")
		return false, nil
	}
	out.add("prepared", w.shown(run, r.table, data))
	return true, nil
}

// change proposes the change of one row, without what it has already. It returns the columns of the action, none when
// the row has them all.
func (w *workspace) change(ctx context.Context, run *agent.Run, r ref, set map[string]any,
	in changeInput) (map[string]any, error) {
	data := maps.Clone(set)
	if err := r.changeLists(run, data, in); err != nil {
		return nil, err
	}
	if r.name == "events" {
		if err := movedTimes(run.Context, r.currentEvent(run), data); err != nil {
			return nil, err
		}
	}
	if parent, ok := data["parentId"].(string); ok {
		if err := w.checkParent(ctx, run, r, parent); err != nil {
			return nil, err
		}
	}
	for name, value := range data {
		if i := r.column(name); i >= 0 && same(r.current(run, i), value) {
			delete(data, name)
		}
	}
	if len(data) == 0 {
		return nil, nil
	}
	r.complete(run, data)
	if err := w.identify(ctx, run, r, data); err != nil {
		return nil, err
	}
	return data, run.Propose(action.UpdateRecord(r.name, data))
}

// changeLists adds to data what add and remove make of the row's lists.
func (r ref) changeLists(run *agent.Run, data map[string]any, in changeInput) error {
	for i, changes := range []map[string]any{in.Add, in.Remove} {
		for name, value := range changes {
			at := r.named(name)
			if at < 0 || r.columns[at].Type != action.List || r.columns[at].readOnly || r.columns[at].Name == "to" {
				return fmt.Errorf("%s has no list %q to add to or remove from", r.name, agent.Truncate(name, 80))
			}
			items, ok := listOf(value)
			if !ok {
				return fmt.Errorf("%s must be a list of texts", name)
			}
			list, isSet := data[r.columns[at].Name].([]string)
			if !isSet {
				list, _ = r.current(run, at).([]string)
			}
			list = slices.Clone(list) // the rows of a call share what set has
			before := len(list)
			for _, item := range items {
				has := func(other string) bool { return fold.Line(other) == fold.Line(item) }
				switch {
				case i == 1:
					list = slices.DeleteFunc(list, has)
				case fold.Line(item) != "" && !slices.ContainsFunc(list, has):
					list = append(list, item)
				}
			}
			if len(list) != before {
				data[r.columns[at].Name] = list
			}
		}
	}
	return nil
}

func listOf(value any) ([]string, bool) {
	switch v := value.(type) {
	case string:
		return []string{v}, true
	case []any:
		var list []string
		for _, item := range v[:min(len(v), maxItems)] {
			text, ok := item.(string)
			if !ok {
				return nil, false
			}
			list = append(list, text)
		}
		return list, true
	}
	return nil, false
}

// complete adds what follows from a change: the time at which a task was done.
func (r ref) complete(run *agent.Run, data map[string]any) {
	status, ok := data["status"]
	switch {
	case r.name != "tasks" || !ok:
	case status == "done":
		data["completedAt"] = run.Context.Now.UnixMilli()
	case r.current(run, r.column("status")) == "done" || !same(r.current(run, r.column("completedAt")), nil):
		data["completedAt"] = nil
	}
}

// identify adds to the data of a change which row it is about: its id, and the start of an event whose id others share.
func (w *workspace) identify(ctx context.Context, run *agent.Run, r ref, data map[string]any) error {
	data["id"] = r.id(run.Context)
	byID, err := w.positions(ctx, run, r.table)
	if err == nil && r.table.name == "events" && len(byID[r.id(run.Context)]) > 1 {
		data["originalStart"] = r.at(run.Context, r.row, "start")
	}
	return err
}

type deleteInput struct {
	Table string   `json:"table"`
	IDs   []string `json:"ids" desc:"At most 10"`
	Start string   `json:"start,omitempty" desc:"If events share the id"`
}

func (w *workspace) deleteRows(ctx context.Context, run *agent.Run, in deleteInput) (string, error) {
	t, err := w.changeable(in.Table)
	if err != nil {
		return "", err
	}
	return w.eachRow(ctx, run, t, in.IDs, in.Start, func(r ref, out *object) (bool, error) {
		data := map[string]any{}
		if err := w.identify(ctx, run, r, data); err != nil {
			return false, err
		}
		if slices.ContainsFunc(run.Actions(), func(a action.Action) bool {
			return a.Type == action.Delete && a.Table == t.name && a.Data["id"] == data["id"] &&
				a.Data["originalStart"] == data["originalStart"]
		}) {
			out.add("result", "prepared to delete before; name it in your answer")
			return false, nil
		}
		if err := run.Propose(action.Action{Type: action.Delete, Table: t.name, Data: data}); err != nil {
			return false, err
		}
		out.add("result", "prepared to delete; name it in your answer")
		return true, nil
	})
}

type appendInput struct {
	ID   string `json:"id" desc:"Or its exact title"`
	Text string `json:"text"`
}

func (w *workspace) appendToNote(ctx context.Context, run *agent.Run, in appendInput) (string, error) {
	t, err := w.table("notes")
	if err != nil {
		return "", err
	}
	r, err := w.find(ctx, run, t, in.ID, "")
	if err != nil {
		return "", err
	}
	if err := w.checkID(ctx, run, r); err != nil {
		return "", err
	}
	text := strings.TrimSpace(in.Text)
	if !visible(text) {
		return "", errors.New("the text is empty")
	}
	content, _ := r.current(run, t.column("content")).(string)
	content = strings.TrimRight(content, " \n")
	if content != "" {
		content += "\n\n"
	}
	content += text
	if utf8.RuneCountInString(content) > action.MaxText {
		return "", fmt.Errorf("the note would have more than %d characters; create a new note instead", action.MaxText)
	}
	data := map[string]any{"id": r.id(run.Context), "content": content}
	if err := run.Propose(action.UpdateRecord("notes", data)); err != nil {
		return "", err
	}
	return agent.JSON(object{{"title", r.heading(run.Context)}, {"prepared", "text at the end"}, {"appended", text}})
}
