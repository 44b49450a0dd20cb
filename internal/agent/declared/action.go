package declared

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// work is what a tool does with its arguments.
type work = func(ctx context.Context, run *agent.Run, in map[string]any) (string, error)

// work reads what a tool does: propose an action, or read the rows of a table, which is returned too.
func (r *reader) work(tool field, f map[string]field, arguments *schema) (do work, table string) {
	switch action, rows := f["action"], f["rows"]; {
	case action.there() && rows.there():
		r.fault(rows.line(), "%s: a tool has action or rows, not both", tool.at)
	case action.there():
		if f["filter"].there() {
			r.fault(f["filter"].line(), "%s: belongs to rows", f["filter"].at)
		}
		return r.action(action, arguments), ""
	case rows.there():
		return r.rows(rows, f["filter"], arguments)
	default:
		r.fault(tool.line(), "%s: needs action or rows", tool.at)
	}
	return nil, ""
}

// template is an action whose data is filled from a tool's arguments.
type template struct {
	kind  playbook.Kind
	table string
	cells []cell
}

// action reads an action template; nil when it has faults.
func (r *reader) action(f field, arguments *schema) work {
	before := len(r.faults)
	m, ok := r.object(f, "type!", "table", "data!")
	if !ok {
		return nil
	}
	t := template{kind: playbook.Kind(r.text(m["type"])), table: r.text(m["table"])}
	kinds := []playbook.Kind{playbook.Create, playbook.Update, playbook.Delete, playbook.Index, playbook.Notify}
	switch {
	case t.kind != "" && !slices.Contains(kinds, t.kind):
		r.fault(m["type"].line(), "%s: %q is not one of %s", m["type"].at, agent.Truncate(string(t.kind), maxQuoted), join(kinds))
	case t.kind == playbook.Notify && m["table"].there():
		r.fault(m["table"].line(), "%s: %s names no table", m["table"].at, t.kind)
	case t.kind != playbook.Notify && t.kind != "" && !m["table"].there():
		r.fault(f.line(), "%s: is missing", f.under("table"))
	case t.table != "" && !slices.Contains(playbook.Tables(), t.table):
		r.fault(m["table"].line(), "%s: %q is not one of %s", m["table"].at, agent.Truncate(t.table, maxQuoted), join(playbook.Tables()))
	}
	if len(r.faults) > before || !m["data"].there() {
		return nil
	}
	r.data(&t, m["data"], arguments)
	if len(r.faults) > before {
		return nil
	}
	return t.propose
}

func join[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = string(item)
	}
	return strings.Join(texts, ", ")
}

// String names the action by its type and table.
func (t template) String() string { return strings.TrimSpace(string(t.kind) + " " + t.table) }

// columns returns what the template's data may hold.
func (t template) columns() []playbook.Column {
	id, title := playbook.Column{Name: "id", Type: "id"}, playbook.Column{Name: "title", Type: "text"}
	switch t.kind {
	case playbook.Create:
		return playbook.Columns(t.table)
	case playbook.Update:
		return append([]playbook.Column{id}, playbook.Columns(t.table)...)
	case playbook.Delete:
		return []playbook.Column{id}
	case playbook.Index:
		return []playbook.Column{id, title}
	}
	return []playbook.Column{title, {Name: "body", Type: "text"}, {Name: "at", Type: "time"}}
}

// data reads the template's data and tries the action on stand-ins for the arguments.
func (r *reader) data(t *template, f field, arguments *schema) {
	members, ok := r.members(f)
	if !ok {
		return
	}
	columns, trial, before := t.columns(), map[string]any{}, len(r.faults)
	for _, m := range members {
		i := slices.IndexFunc(columns, func(c playbook.Column) bool { return c.Name == m.name })
		if i < 0 {
			r.fault(m.line, "%s: unknown column; %s has %s", m.at, t, columnNames(columns))
			continue
		}
		c, ok := r.cell(m.field, columns[i], arguments)
		if !ok {
			continue
		}
		t.cells = append(t.cells, c)
		value, err := t.try(columns, c)
		if err != nil {
			r.fault(m.node.Line, "%s: %v", m.at, err)
		}
		trial[m.name] = value
	}
	if len(r.faults) > before {
		return
	}
	if _, err := (playbook.Action{Type: t.kind, Table: t.table, Data: trial}).Check(); err != nil {
		r.fault(f.line(), "%s: %v", f.at, err)
	}
}

func columnNames(columns []playbook.Column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name
	}
	return strings.Join(list, ", ")
}

// try puts the cell into an action that is right without it, and returns its value there.
func (t template) try(columns []playbook.Column, c cell) (any, error) {
	data := map[string]any{}
	for _, column := range columns {
		data[column.Name] = cell{column: column, argument: "any"}.standIn()
	}
	value, _, err := cell{column: c.column, constant: c.standIn()}.fill(nil, agent.Context{})
	if err != nil {
		return nil, err
	}
	data[c.column.Name] = value
	_, err = playbook.Action{Type: t.kind, Table: t.table, Data: data}.Check()
	return value, err
}

// standIn is the constant, or else a value that the column takes.
func (c cell) standIn() any {
	switch {
	case c.argument == "" && c.text == "" && c.list == nil:
		return c.constant
	case c.column.Type == "time":
		return int64(1)
	case c.column.Type == "bool":
		return true
	case len(c.column.OneOf) > 0 && c.argument != "":
		return c.column.OneOf[0]
	}
	return "x"
}

// propose fills the template and proposes the action; columns whose argument was left out are left out too.
func (t template) propose(_ context.Context, run *agent.Run, in map[string]any) (string, error) {
	data := map[string]any{}
	for _, c := range t.cells {
		value, there, err := c.fill(in, run.Context)
		if err != nil {
			return "", err
		}
		if there {
			data[c.column.Name] = value
		}
	}
	if err := run.Propose(playbook.Action{Type: t.kind, Table: t.table, Data: data}); err != nil {
		return "", fmt.Errorf("not proposed: %w", err)
	}
	return "Proposed.", nil
}
