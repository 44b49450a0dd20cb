package declared

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/schema"
)

// handler runs a tool.
type handler = func(ctx context.Context, run *agent.Run, in map[string]any) (string, error)

// handler parses what a tool does: propose an action, or read the rows of a table, which it returns too.
func (p *parser) handler(tool field, f map[string]field, arguments *schema.Schema) (do handler, table string) {
	switch proposal, rows := f["action"], f["rows"]; {
	case proposal.present() && rows.present():
		p.errorf(rows.line(), "%s: a tool has action or rows, not both", tool.path)
	case proposal.present():
		if f["filter"].present() {
			p.errorf(f["filter"].line(), "%s: belongs to rows", f["filter"].path)
		}
		return p.action(proposal, arguments), ""
	case rows.present():
		return p.rows(rows, f["filter"], arguments)
	default:
		p.errorf(tool.line(), "%s: needs action or rows", tool.path)
	}
	return nil, ""
}

// actionTemplate is an action whose data is filled in from a tool's arguments.
type actionTemplate struct {
	kind   action.Kind
	table  string
	values []columnValue
}

// action parses an action template and returns the handler that proposes it; nil when it has errors.
func (p *parser) action(f field, arguments *schema.Schema) handler {
	before := len(p.errors)
	m, ok := p.object(f, "type!", "table", "data!")
	if !ok {
		return nil
	}
	t := actionTemplate{kind: action.Kind(p.text(m["type"])), table: p.text(m["table"])}
	switch {
	case t.kind != "" && !slices.Contains(action.Kinds(), t.kind):
		p.errorf(m["type"].line(), "%s: %q is not one of %s", m["type"].path, agent.Truncate(string(t.kind), maxQuoted),
			join(action.Kinds()))
	case t.kind == action.Notify && m["table"].present():
		p.errorf(m["table"].line(), "%s: %s names no table", m["table"].path, t.kind)
	case t.kind != action.Notify && t.kind != "" && !m["table"].present():
		p.errorf(f.line(), "%s: is missing", f.member("table"))
	case t.table != "" && !slices.Contains(action.Tables(), t.table):
		p.errorf(m["table"].line(), "%s: %q is not one of %s", m["table"].path, agent.Truncate(t.table, maxQuoted),
			join(action.Tables()))
	}
	if len(p.errors) > before || !m["data"].present() {
		return nil
	}
	p.data(&t, m["data"], arguments)
	if len(p.errors) > before {
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

// String returns the action's type and table.
func (t actionTemplate) String() string { return strings.TrimSpace(string(t.kind) + " " + t.table) }

func (t actionTemplate) with(data map[string]any) action.Action {
	return action.Action{Type: t.kind, Table: t.table, Data: data}
}

// data parses the template's data. It checks each value, and the whole action, with samples in place of the arguments.
func (p *parser) data(t *actionTemplate, f field, arguments *schema.Schema) {
	members, ok := p.members(f)
	if !ok {
		return
	}
	before := len(p.errors)
	columns, err := t.with(nil).Columns()
	if err != nil {
		p.errorf(f.line(), "%s: %v", f.path, err)
		return
	}
	sample := map[string]any{}
	for _, m := range members {
		i := slices.IndexFunc(columns, func(c action.Column) bool { return c.Name == m.name })
		if i < 0 {
			p.errorf(m.line, "%s: unknown column; %s has %s", m.path, t, columnNames(columns))
			continue
		}
		v, ok := p.value(m.field, columns[i], arguments)
		if !ok {
			continue
		}
		t.values = append(t.values, v)
		value, err := t.check(columns, v)
		if err != nil {
			p.errorf(m.node.Line, "%s: %v", m.path, err)
		}
		sample[m.name] = value
	}
	if len(p.errors) > before {
		return
	}
	if _, err := t.with(sample).Check(); err != nil {
		p.errorf(f.line(), "%s: %v", f.path, err)
	}
}

func columnNames(columns []action.Column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name
	}
	return strings.Join(list, ", ")
}

// check checks a value in an action that is otherwise correct, and returns its sample as the column stores it.
func (t actionTemplate) check(columns []action.Column, v columnValue) (any, error) {
	data := map[string]any{}
	for _, column := range columns {
		data[column.Name] = column.Sample()
	}
	value, _, err := columnValue{column: v.column, constant: v.sample()}.evaluate(nil, checkedAt())
	if err != nil {
		return nil, err
	}
	data[v.column.Name] = value
	_, err = t.with(data).Check()
	return value, err
}

// propose is the tool's handler. Columns whose argument was left out are left out of the action.
func (t actionTemplate) propose(_ context.Context, run *agent.Run, in map[string]any) (string, error) {
	data := map[string]any{}
	for _, v := range t.values {
		value, present, err := v.evaluate(in, run.Context)
		if err != nil {
			return "", err
		}
		if present {
			data[v.column.Name] = value
		}
	}
	if err := run.Propose(t.with(data)); err != nil {
		return "", fmt.Errorf("not proposed: %w", err)
	}
	return "Proposed.", nil
}
