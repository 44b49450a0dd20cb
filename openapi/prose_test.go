package openapi_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Every schema, parameter, header, response and body has a description and an example.
func TestEverythingHasADescriptionAndAnExample(t *testing.T) {
	t.Parallel()
	doc := document(t)
	p := proseChecker{t: t, seen: map[*openapi3.Schema]bool{}}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		p.schema(name, doc.Components.Schemas[name])
	}
	for name, parameter := range doc.Components.Parameters {
		p.parameter("parameter "+name, parameter.Value)
	}
	for name, header := range doc.Components.Headers {
		p.parameter("header "+name, &header.Value.Parameter)
	}
	for name, response := range doc.Components.Responses {
		p.response("response "+name, response.Value)
	}
	for name, scheme := range doc.Components.SecuritySchemes {
		p.description("security scheme "+name, scheme.Value.Description)
	}
	for _, tag := range doc.Tags {
		p.description("tag "+tag.Name, tag.Description)
	}
	for where, op := range operations(doc) {
		p.operation(where, op)
	}
	if len(p.seen) < 200 {
		t.Errorf("found only %d schemas", len(p.seen))
	}
}

// proseChecker walks the document and reports whatever has no description or no example.
type proseChecker struct {
	t    *testing.T
	seen map[*openapi3.Schema]bool
}

func (p proseChecker) operation(where string, op *openapi3.Operation) {
	p.description(where, op.Description)
	for _, parameter := range op.Parameters {
		p.parameter(where+" "+parameter.Value.Name, parameter.Value)
	}
	if op.RequestBody != nil {
		p.description(where+" body", op.RequestBody.Value.Description)
		p.content(where+" body", op.RequestBody.Value.Content)
	}
	for status, response := range op.Responses.Map() {
		p.response(where+" "+status, response.Value)
	}
}

func (p proseChecker) response(where string, r *openapi3.Response) {
	if r.Description == nil {
		p.description(where, "")
	} else {
		p.description(where, *r.Description)
	}
	for name, header := range r.Headers {
		p.parameter(where+" "+name, &header.Value.Parameter)
	}
	p.content(where, r.Content)
}

func (p proseChecker) content(where string, content openapi3.Content) {
	for mediaType, m := range content {
		p.schema(where+" "+mediaType, m.Schema)
		if m.Example == nil && len(m.Examples) == 0 && !hasExample(m.Schema) {
			p.t.Errorf("%s %s has no example", where, mediaType)
		}
	}
}

func (p proseChecker) parameter(where string, parameter *openapi3.Parameter) {
	p.description(where, parameter.Description)
	if parameter.Example == nil && len(parameter.Examples) == 0 && !hasExample(parameter.Schema) {
		p.t.Errorf("%s has no example", where)
	}
}

// schema checks a schema and the schemas inside it, each once.
func (p proseChecker) schema(where string, ref *openapi3.SchemaRef) {
	if ref == nil {
		p.t.Errorf("%s has no schema", where)
		return
	}
	s := ref.Value
	if p.seen[s] {
		return
	}
	p.seen[s] = true
	p.description(where, s.Description)
	if !hasExample(ref) {
		p.t.Errorf("%s has no example", where)
	}
	for member, m := range s.Properties {
		p.schema(where+"."+member, m)
	}
	if s.Items != nil {
		p.schema(where+"[]", s.Items)
	}
	if s.AdditionalProperties.Schema != nil {
		p.schema(where+".*", s.AdditionalProperties.Schema)
	}
	for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf, s.AllOf} {
		for _, alternative := range list {
			p.schema(where+"|", alternative)
		}
	}
}

func (p proseChecker) description(where, description string) {
	if text := strings.TrimSpace(description); !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "`") {
		p.t.Errorf("%s: the description %q is not a sentence", where, text)
	}
}

// hasExample reports whether the schema has an example, or one can be built from the examples of its members.
func hasExample(ref *openapi3.SchemaRef) bool {
	if ref == nil {
		return false
	}
	s := ref.Value
	if s.Example != nil || s.Items != nil && hasExample(s.Items) {
		return true
	}
	for _, member := range s.Properties {
		if !hasExample(member) {
			return false
		}
	}
	return len(s.Properties) > 0
}
