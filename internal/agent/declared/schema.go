package declared

import (
	"regexp"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/schema"
)

// argumentName is what a placeholder can name.
var argumentName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// arguments parses the schema of a tool's arguments; nil when it has errors. A tool without a schema has no arguments.
func (p *parser) arguments(f field) *schema.Schema {
	if !f.present() {
		return &schema.Schema{Type: "object"}
	}
	s := p.schema(f)
	if s != nil && s.Type != "object" {
		if s.Type != "" {
			p.errorf(f.line(), "%s: the arguments must be of type object", f.path)
		}
		return nil
	}
	return s
}

// schema parses a schema of any type. Its type is "" when that has an error.
func (p *parser) schema(f field) *schema.Schema {
	m, ok := p.object(f, "type!", "description", "properties", "required", "enum", "items")
	if !ok {
		return nil
	}
	s := &schema.Schema{Type: p.text(m["type"]), Description: strings.TrimSpace(p.text(m["description"])),
		Enum: p.texts(m["enum"])}
	if s.Type != "" && !slices.Contains(schema.Types(), s.Type) {
		p.errorf(m["type"].line(), "%s: %q is not one of %s", m["type"].path, agent.Truncate(s.Type, maxQuoted),
			strings.Join(schema.Types(), ", "))
		s.Type = ""
	}
	p.onlyFor("string", s, m["enum"])
	p.onlyFor("array", s, m["items"])
	p.onlyFor("object", s, m["properties"])
	p.onlyFor("object", s, m["required"])
	if s.Type == "array" && !m["items"].present() {
		p.errorf(f.line(), "%s: is missing", f.member("items"))
	}
	if m["items"].present() {
		s.Items = p.schema(m["items"])
	}
	if m["properties"].present() {
		s.Properties = p.properties(m["properties"])
	}
	for _, item := range p.list(m["required"]) {
		name := p.text(item)
		if _, ok := s.Properties[name]; !ok && name != "" {
			p.errorf(item.line(), "%s: %q is not among the properties", item.path, agent.Truncate(name, maxQuoted))
		}
		s.Required = append(s.Required, name)
	}
	return s
}

// onlyFor refuses a keyword that means nothing for the schema's type.
func (p *parser) onlyFor(typ string, s *schema.Schema, keyword field) {
	if keyword.present() && s.Type != "" && s.Type != typ {
		p.errorf(keyword.line(), "%s: belongs to the type %s, not to %s", keyword.path, typ, s.Type)
	}
}

// properties parses the properties of a schema. One with errors is there as nil.
func (p *parser) properties(f field) map[string]*schema.Schema {
	out := map[string]*schema.Schema{}
	members, _ := p.members(f)
	for _, m := range members {
		if !argumentName.MatchString(m.name) || len(m.name) > maxName {
			p.errorf(m.line, "%s: a property's name is at most %d of A-Z, a-z, 0-9 and _ and starts with a letter",
				m.path, maxName)
		}
		out[m.name] = p.schema(m.field)
	}
	return out
}
