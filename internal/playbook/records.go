package playbook

import (
	"fmt"
	"slices"

	"github.com/adiuva/cloud-api/internal/action"
)

// Records describes the records that a template makes: each is the data of one action. The prompt, the JSON schema for
// the model, the check of its answer and the placeholders of the action step all follow from it. The zero value is
// that of a template that makes text.
type Records struct {
	Action action.Kind
	Table  string
	// Columns are the members of a record. The records of an action on a row also have the row's id.
	Columns []string
	// Needed are the columns without which a record is dropped, besides those that the action itself requires.
	Needed []string
	// Clearable are the columns that an update may empty.
	Clearable []string
}

// Member is one member of a record.
type Member struct {
	action.Column // Required if a record without it is dropped
	Clearable     bool
}

// OnRows reports whether the records name rows by their ids.
func (r Records) OnRows() bool { return r.Action != action.Create && r.Action != "" }

// Members returns the members of the records in order, the id first; nil if the template makes text.
func (r Records) Members() []Member {
	columns, err := action.Action{Type: r.Action, Table: r.Table}.Columns()
	if err != nil {
		return nil
	}
	var list []Member
	if r.OnRows() {
		list = append(list, Member{Column: columns[0]})
	}
	for _, name := range r.Columns {
		i := slices.IndexFunc(columns, func(c action.Column) bool { return c.Name == name })
		if i < 0 {
			continue
		}
		m := Member{Column: columns[i], Clearable: slices.Contains(r.Clearable, name)}
		m.Required = slices.Contains(r.Needed, name) || m.Required && r.Action == action.Create
		list = append(list, m)
	}
	return list
}

// CompletesTasks reports whether records may set a task's status. Those that set it to done have the column completedAt
// besides their members.
func (r Records) CompletesTasks() bool {
	return r.Action == action.Update && r.Table == "tasks" && slices.Contains(r.Columns, "status")
}

// names returns the names of all that records may have.
func (r Records) names() []string {
	var list []string
	for _, m := range r.Members() {
		list = append(list, m.Name)
	}
	if r.CompletesTasks() {
		list = append(list, "completedAt")
	}
	return list
}

// Act returns the action that takes over everything that a record has.
func (r Records) Act() action.Action {
	data := map[string]any{}
	for _, name := range r.names() {
		data[name] = "{{" + name + "}}"
	}
	return action.Action{Type: r.Action, Table: r.Table, Data: data}
}

// check returns an error for records that no action takes.
func (r Records) check() error {
	if r.Action == "" {
		return nil
	}
	columns, err := action.Action{Type: r.Action, Table: r.Table}.Columns()
	if err != nil {
		return err
	}
	if r.OnRows() {
		columns = columns[1:] // without the id, which they have anyway
	}
	for _, name := range slices.Concat(r.Columns, r.Needed, r.Clearable) {
		if !slices.ContainsFunc(columns, func(c action.Column) bool { return c.Name == name }) {
			return fmt.Errorf("%s of %s takes no column %q", r.Action, r.Table, name)
		}
	}
	if len(r.Members()) == 0 {
		return fmt.Errorf("%s of %s has no columns", r.Action, r.Table)
	}
	return nil
}
