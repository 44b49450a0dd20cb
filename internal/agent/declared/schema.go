package declared

import (
	"regexp"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

// schema is a JSON schema of a tool's arguments, as a manifest may write it.
type schema struct {
	kind        string
	description string
	enum        []string
	required    []string
	items       *schema
	properties  map[string]*schema
}

// argumentName is what a placeholder can name.
var argumentName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// schema reads the schema of a tool's arguments, or returns nil. Without one a tool has no arguments.
func (r *reader) schema(f field) *schema {
	if !f.there() {
		return &schema{kind: "object", properties: map[string]*schema{}}
	}
	s := r.anySchema(f)
	if s != nil && s.kind != "object" {
		if s.kind != "" {
			r.fault(f.line(), "%s: the arguments must be of type object", f.at)
		}
		return nil
	}
	return s
}

func (r *reader) anySchema(f field) *schema {
	m, ok := r.object(f, "type!", "description", "properties", "required", "enum", "items")
	if !ok {
		return nil
	}
	s := &schema{kind: r.text(m["type"]), description: r.text(m["description"]), enum: r.texts(m["enum"]),
		properties: map[string]*schema{}}
	kinds := []string{"string", "boolean", "integer", "number", "array", "object"}
	if s.kind != "" && !slices.Contains(kinds, s.kind) {
		r.fault(m["type"].line(), "%s: %q is not one of %s", m["type"].at, agent.Truncate(s.kind, maxQuoted), strings.Join(kinds, ", "))
		s.kind = ""
	}
	r.belongs(s, m["enum"], "string")
	r.belongs(s, m["items"], "array")
	r.belongs(s, m["properties"], "object")
	r.belongs(s, m["required"], "object")
	if s.kind == "array" && !m["items"].there() {
		r.fault(f.line(), "%s: is missing", f.under("items"))
	}
	if m["items"].there() {
		s.items = r.anySchema(m["items"])
	}
	if m["properties"].there() {
		r.properties(s, m["properties"])
	}
	for _, item := range r.list(m["required"]) {
		name := r.text(item)
		if _, there := s.properties[name]; !there && name != "" {
			r.fault(item.line(), "%s: %q is not among the properties", item.at, agent.Truncate(name, maxQuoted))
		}
		s.required = append(s.required, name)
	}
	return s
}

// belongs refuses a keyword that means nothing for the schema's type.
func (r *reader) belongs(s *schema, keyword field, kind string) {
	if keyword.there() && s.kind != "" && s.kind != kind {
		r.fault(keyword.line(), "%s: belongs to the type %s, not to %s", keyword.at, kind, s.kind)
	}
}

func (r *reader) properties(s *schema, f field) {
	members, _ := r.members(f)
	for _, m := range members {
		if !argumentName.MatchString(m.name) || len(m.name) > maxName {
			r.fault(m.line, "%s: a property's name is at most %d of A-Z, a-z, 0-9 and _ and starts with a letter", m.at, maxName)
		}
		s.properties[m.name] = r.anySchema(m.field)
	}
}

// wire returns the schema as agent.NewSchemaTool takes it.
func (s *schema) wire() map[string]any {
	out := map[string]any{"type": s.kind}
	if s.description != "" {
		out["description"] = strings.TrimSpace(s.description)
	}
	if len(s.enum) > 0 {
		out["enum"] = s.enum
	}
	if len(s.required) > 0 {
		out["required"] = s.required
	}
	if s.items != nil {
		out["items"] = s.items.wire()
	}
	if len(s.properties) > 0 {
		properties := map[string]any{}
		for name, p := range s.properties {
			if p != nil {
				properties[name] = p.wire()
			}
		}
		out["properties"] = properties
	}
	return out
}
