package declared

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// cell is what a manifest writes for one column: a constant, one argument alone, whose type is kept, or texts with
// arguments in them.
type cell struct {
	column   playbook.Column
	constant any
	argument string
	text     string
	list     []string // texts of a list column
}

var (
	placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z][A-Za-z0-9_]*)\s*\}\}`)
	alone       = regexp.MustCompile(`^\s*\{\{\s*([A-Za-z][A-Za-z0-9_]*)\s*\}\}\s*$`)
)

// cell reads the value for a column; its placeholders must name arguments of types that the column takes.
func (r *reader) cell(f field, column playbook.Column, arguments *schema) (cell, bool) {
	c, before := cell{column: column}, len(r.faults)
	if column.Type == "list" && f.node.Kind == yaml.SequenceNode {
		c.list = []string{}
		for _, item := range r.list(f) {
			text := r.text(item)
			c.list = append(c.list, text)
			r.within(item, text, arguments)
		}
		return c, len(r.faults) == before
	}
	value, ok := r.scalar(f)
	text, isText := value.(string)
	switch {
	case !ok:
	case !isText || !strings.Contains(text, "{{"):
		c.constant = value
	case alone.MatchString(text):
		c.argument = alone.FindStringSubmatch(text)[1]
		r.takes(f, column, c.argument, arguments)
	default:
		c.text = text
		if column.Type == "time" || column.Type == "bool" {
			r.fault(f.line(), "%s: %s is a %s; a placeholder must stand there alone", f.at, column.Name, column.Type)
		}
		r.within(f, text, arguments)
	}
	return c, len(r.faults) == before
}

// takes checks that a column can hold an argument whole.
func (r *reader) takes(f field, column playbook.Column, name string, arguments *schema) {
	p, ok := r.argument(f, name, arguments)
	if !ok {
		return
	}
	kinds := map[string][]string{"text": {"string"}, "id": {"string"}, "time": {"string", "integer", "number"},
		"bool": {"boolean"}, "list": {"array", "string"}}[column.Type]
	if !slices.Contains(kinds, p.kind) || p.items != nil && p.items.kind != "string" {
		r.fault(f.line(), "%s: {{%s}} is of type %s; %s takes %s", f.at, name, p, column.Name, strings.Join(kinds, " or "))
		return
	}
	for _, value := range p.enum {
		if len(column.OneOf) > 0 && !slices.Contains(column.OneOf, value) {
			r.fault(f.line(), "%s: {{%s}} may be %q; %s is one of %s", f.at, name, agent.Truncate(value, maxQuoted), column.Name,
				strings.Join(column.OneOf, ", "))
		}
	}
}

// String returns the schema's type in words.
func (s *schema) String() string {
	if s.kind == "array" && s.items != nil {
		return "array of " + s.items.kind
	}
	return s.kind
}

// within checks the placeholders inside a text.
func (r *reader) within(f field, text string, arguments *schema) {
	if strings.Contains(placeholder.ReplaceAllString(text, ""), "{{") {
		r.fault(f.line(), "%s: \"{{\" begins a placeholder, which is written {{argument}}", f.at)
		return
	}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		p, ok := r.argument(f, m[1], arguments)
		if ok && (p.kind == "object" || p.items != nil && p.items.kind != "string") {
			r.fault(f.line(), "%s: {{%s}} is of type %s, which cannot stand inside a text", f.at, m[1], p)
		}
	}
}

// argument returns the property of that name; false, too, when it has faults of its own.
func (r *reader) argument(f field, name string, arguments *schema) (*schema, bool) {
	if arguments == nil {
		return nil, false
	}
	p, there := arguments.properties[name]
	if !there {
		r.fault(f.line(), "%s: {{%s}} is not among the schema's properties", f.at, agent.Truncate(name, maxQuoted))
	}
	return p, p != nil && p.kind != "" && (p.kind != "array" || p.items != nil)
}

// value returns the cell's value for these arguments; false when it is one argument and that was left out.
func (c cell) value(in map[string]any) (any, bool) {
	switch {
	case c.argument != "":
		value := in[c.argument]
		free := c.column.Type == "text" && len(c.column.OneOf) == 0
		return value, value != nil && (value != "" || free)
	case c.text != "":
		return insert(c.text, in), true
	case c.list != nil:
		list := make([]string, len(c.list))
		for i, text := range c.list {
			list[i] = insert(text, in)
		}
		return list, true
	}
	return c.constant, true
}

// fill is value with a time written as text read in the caller's zone, as the column takes it.
func (c cell) fill(in map[string]any, context agent.Context) (any, bool, error) {
	value, there := c.value(in)
	text, ok := value.(string)
	if !ok || !there || c.column.Type != "time" {
		return value, there, nil
	}
	moment, err := context.ParseDate(text)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", c.column.Name, err)
	}
	return c.millis(moment), true, nil
}

// millis is the moment in a column: a whole day is due, and ends, with its last millisecond.
func (c cell) millis(m dates.Date) int64 {
	if c.column.Name == "dueDate" || c.column.Name == "end" {
		return m.End().UnixMilli()
	}
	return m.Start.UnixMilli()
}

// insert puts the arguments into the text; what they hold is not read as placeholders again.
func insert(text string, in map[string]any) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		return words(in[placeholder.FindStringSubmatch(found)[1]])
	})
}

func words(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		list := make([]string, len(v))
		for i, item := range v {
			list[i] = words(item)
		}
		return strings.Join(list, ", ")
	}
	return ""
}
