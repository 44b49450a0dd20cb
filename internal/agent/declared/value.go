package declared

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/schema"
	"github.com/adiuva/cloud-api/internal/dates"
)

// columnValue is what a manifest writes for one column. Only one of its other fields is set.
type columnValue struct {
	column   action.Column
	constant any
	argument string   // the name of an argument that is the whole value and keeps its type
	text     string   // with placeholders
	list     []string // of a list column; the texts may have placeholders
}

var (
	placeholder     = regexp.MustCompile(`\{\{\s*([A-Za-z][A-Za-z0-9_]*)\s*\}\}`)
	onlyPlaceholder = regexp.MustCompile(`^\s*\{\{\s*([A-Za-z][A-Za-z0-9_]*)\s*\}\}\s*$`)
)

// value parses the value of a column. Its placeholders must name arguments of types that the column accepts.
func (p *parser) value(f field, column action.Column, arguments *schema.Schema) (columnValue, bool) {
	before := len(p.errors)
	v := columnValue{column: column}
	if column.Type == action.List && f.node.Kind == yaml.SequenceNode {
		v.list = []string{}
		for _, item := range p.list(f) {
			text := p.text(item)
			v.list = append(v.list, text)
			p.checkText(item, text, arguments)
		}
		return v, len(p.errors) == before
	}
	scalar, ok := p.scalar(f)
	text, isText := scalar.(string)
	switch {
	case !ok:
	case !isText || !strings.Contains(text, "{{"):
		v.constant = scalar
	case onlyPlaceholder.MatchString(text):
		v.argument = onlyPlaceholder.FindStringSubmatch(text)[1]
		p.checkArgument(f, column, v.argument, arguments)
	default:
		v.text = text
		if column.Type == action.Time || column.Type == action.Bool {
			p.errorf(f.line(), "%s: %s is a %s; a placeholder must stand there alone", f.path, column.Name, column.Type)
		}
		p.checkText(f, text, arguments)
	}
	return v, len(p.errors) == before
}

// argumentTypes are the types of arguments that a column accepts as its whole value.
var argumentTypes = map[action.Type][]string{
	action.Text: {"string"},
	action.ID:   {"string"},
	action.Time: {"string", "integer", "number"},
	action.Bool: {"boolean"},
	action.List: {"array", "string"},
}

// checkArgument checks that a column accepts an argument as its whole value.
func (p *parser) checkArgument(f field, column action.Column, name string, arguments *schema.Schema) {
	s, ok := p.argument(f, name, arguments)
	if !ok {
		return
	}
	accepted := argumentTypes[column.Type]
	if !slices.Contains(accepted, s.Type) || s.Items != nil && s.Items.Type != "string" {
		p.errorf(f.line(), "%s: {{%s}} is of type %s; %s takes %s", f.path, name, s, column.Name,
			strings.Join(accepted, " or "))
		return
	}
	for _, value := range s.Enum {
		if len(column.OneOf) > 0 && !slices.Contains(column.OneOf, value) {
			p.errorf(f.line(), "%s: {{%s}} may be %q; %s is one of %s", f.path, name, agent.Truncate(value, maxQuoted),
				column.Name, strings.Join(column.OneOf, ", "))
		}
	}
}

// checkText checks the placeholders inside a text.
func (p *parser) checkText(f field, text string, arguments *schema.Schema) {
	if strings.Contains(placeholder.ReplaceAllString(text, ""), "{{") {
		p.errorf(f.line(), "%s: \"{{\" begins a placeholder, which is written {{argument}}", f.path)
		return
	}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		s, ok := p.argument(f, m[1], arguments)
		if ok && (s.Type == "object" || s.Items != nil && s.Items.Type != "string") {
			p.errorf(f.line(), "%s: {{%s}} is of type %s, which cannot stand inside a text", f.path, m[1], s)
		}
	}
}

// argument returns the schema of an argument, and false when there is none or it has errors of its own.
func (p *parser) argument(f field, name string, arguments *schema.Schema) (*schema.Schema, bool) {
	if arguments == nil {
		return nil, false
	}
	s, ok := arguments.Properties[name]
	if !ok {
		p.errorf(f.line(), "%s: {{%s}} is not among the schema's properties", f.path, agent.Truncate(name, maxQuoted))
	}
	return s, s != nil && s.Type != "" && (s.Type != "array" || s.Items != nil)
}

// expand returns the value for these arguments, and false when it is an argument that was left out.
func (v columnValue) expand(in map[string]any) (any, bool) {
	switch {
	case v.argument != "":
		value := in[v.argument]
		mayBeEmpty := v.column.Type == action.Text && len(v.column.OneOf) == 0
		return value, value != nil && (value != "" || mayBeEmpty)
	case v.text != "":
		return expandText(v.text, in), true
	case v.list != nil:
		list := make([]string, len(v.list))
		for i, text := range v.list {
			list[i] = expandText(text, in)
		}
		return list, true
	}
	return v.constant, true
}

// evaluate is expand with the text of a time column converted to milliseconds in the caller's zone. The end of a day
// counts for columns that say when something is due or ends, its start for all others.
func (v columnValue) evaluate(in map[string]any, c agent.Context) (value any, present bool, err error) {
	value, present = v.expand(in)
	text, ok := value.(string)
	if !ok || !present || v.column.Type != action.Time {
		return value, present, nil
	}
	var date dates.Date
	if date, err = c.ParseDate(text); err != nil {
		return nil, false, fmt.Errorf("%s: %w", v.column.Name, err)
	}
	if v.column.Name == "dueDate" || v.column.Name == "end" {
		return date.End().UnixMilli(), true, nil
	}
	return date.Start.UnixMilli(), true, nil
}

// sample returns the constant or a value that stands for what arguments will fill in.
func (v columnValue) sample() any {
	switch {
	case v.argument != "":
		return v.column.Sample()
	case v.text != "" || v.list != nil:
		return "x"
	}
	return v.constant
}

// expandText puts the arguments into the text. Placeholders inside an argument are not expanded again.
func expandText(text string, in map[string]any) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		return formatArgument(in[placeholder.FindStringSubmatch(found)[1]])
	})
}

func formatArgument(value any) string {
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
			list[i] = formatArgument(item)
		}
		return strings.Join(list, ", ")
	}
	return ""
}
