// Package schema describes the arguments of tools in the part of JSON Schema that models are sent, and decodes
// arguments that a model wrote. A schema comes from a Go type (Of) or is built by hand and checked with Validate.
package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Schema is a JSON schema.
type Schema struct {
	Type        string             `json:"type,omitempty"`
	Description string             `json:"description,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Items       *Schema            `json:"items,omitempty"`

	// The rest is what schemas of others may say beyond ours. Nil means no such limit.
	Minimum   *float64 `json:"minimum,omitempty"`
	Maximum   *float64 `json:"maximum,omitempty"`
	MinLength *int     `json:"minLength,omitempty"` // of a text, in characters
	MaxLength *int     `json:"maxLength,omitempty"`
	MinItems  *int     `json:"minItems,omitempty"`
	MaxItems  *int     `json:"maxItems,omitempty"`
	// AdditionalProperties says whether an object may have members that Properties does not name. Nil means no.
	AdditionalProperties *bool `json:"additionalProperties,omitempty"`
}

// Types returns the types that a schema may have.
func Types() []string { return []string{"string", "boolean", "integer", "number", "array", "object"} }

// String returns the type in words.
func (s *Schema) String() string {
	if s.Type == "array" && s.Items != nil {
		return "array of " + s.Items.Type
	}
	return s.Type
}

// JSON returns the schema as it is sent to a model. An object without arguments still has its empty properties.
func (s *Schema) JSON() json.RawMessage {
	const empty = `{"type":"object","properties":{}}`
	if s.Type == "object" && len(s.Properties) == 0 {
		return json.RawMessage(empty)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(empty)
	}
	return text
}

// Of returns the schema of a Go struct. The json tag of a field gives the name, and with omitempty the argument is
// optional; desc is its description; enum lists its values, separated by "|". The fields of an embedded struct count as
// the outer one's, as they do in JSON.
func Of[T any]() *Schema { return ofType(reflect.TypeFor[T]()) }

func ofType(t reflect.Type) *Schema {
	switch t.Kind() {
	case reflect.Pointer:
		return ofType(t.Elem())
	case reflect.String:
		return &Schema{Type: "string"}
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return &Schema{Type: "integer"}
	case reflect.Float32, reflect.Float64:
		return &Schema{Type: "number"}
	case reflect.Slice:
		return &Schema{Type: "array", Items: ofType(t.Elem())}
	case reflect.Struct:
		return ofStruct(t)
	case reflect.Map:
		return &Schema{Type: "object"}
	}
	return &Schema{}
}

func ofStruct(t reflect.Type) *Schema {
	out := &Schema{Type: "object", Properties: map[string]*Schema{}}
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			embedded := ofType(field.Type)
			maps.Copy(out.Properties, embedded.Properties)
			out.Required = append(out.Required, embedded.Required...)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		property := ofType(field.Type)
		property.Description = field.Tag.Get("desc")
		if enum := field.Tag.Get("enum"); enum != "" {
			property.Enum = strings.Split(enum, "|")
		}
		if !strings.Contains(options, "omitempty") {
			out.Required = append(out.Required, name)
		}
		out.Properties[name] = property
	}
	return out
}

// Validate returns an error for a schema that does not describe the arguments of a tool: they are an object, every type
// is one of Types, and what is required is among the properties.
func (s *Schema) Validate() error {
	if s.Type != "object" {
		return fmt.Errorf("schema: the arguments must be an object")
	}
	return s.validate("schema")
}

func (s *Schema) validate(path string) error {
	if s.Type != "" && !slices.Contains(Types(), s.Type) {
		return fmt.Errorf("%s: type %q is not one of %s", path, s.Type, strings.Join(Types(), ", "))
	}
	for _, name := range s.Required {
		if s.Properties[name] == nil {
			return fmt.Errorf("%s: required %q is not among the properties", path, name)
		}
	}
	for name, p := range s.Properties {
		if p == nil {
			return fmt.Errorf("%s.%s: is empty", path, name)
		}
		if err := p.validate(path + "." + name); err != nil {
			return err
		}
	}
	if s.Items != nil {
		return s.Items.validate(path + "[]")
	}
	return nil
}
