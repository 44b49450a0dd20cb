package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// schema is the part of JSON Schema that tool arguments need.
type schema struct {
	Type        string             `json:"type,omitempty"`
	Description string             `json:"description,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Items       *schema            `json:"items,omitempty"`
}

// JSON returns the schema as it is sent to a model. An object without arguments still shows its properties.
func (s *schema) JSON() json.RawMessage {
	if s.Type == "object" && len(s.Properties) == 0 {
		return json.RawMessage(`{"type":"object","properties":{}}`)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(`{"type":"object","properties":{}}`)
	}
	return text
}

func schemaOf[In any]() *schema { return schemaOfType(reflect.TypeFor[In]()) }

func schemaOfType(t reflect.Type) *schema {
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOfType(t.Elem())
	case reflect.String:
		return &schema{Type: "string"}
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return &schema{Type: "integer"}
	case reflect.Float32, reflect.Float64:
		return &schema{Type: "number"}
	case reflect.Slice:
		return &schema{Type: "array", Items: schemaOfType(t.Elem())}
	case reflect.Struct:
		return schemaOfStruct(t)
	case reflect.Map:
		return &schema{Type: "object"}
	}
	return &schema{}
}

func schemaOfStruct(t reflect.Type) *schema {
	out := &schema{Type: "object", Properties: map[string]*schema{}}
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		property := schemaOfType(field.Type)
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

func parseSchema(in map[string]any) (*schema, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	out := &schema{}
	if err := decoder.Decode(out); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	if out.Type != "object" {
		return nil, fmt.Errorf("schema: the arguments must be an object")
	}
	return out, out.valid("schema")
}

func (s *schema) valid(at string) error {
	types := []string{"", "string", "boolean", "integer", "number", "array", "object"}
	if !slices.Contains(types, s.Type) {
		return fmt.Errorf("%s: type %q is not one of string, boolean, integer, number, array, object", at, s.Type)
	}
	for _, name := range s.Required {
		if s.Properties[name] == nil {
			return fmt.Errorf("%s: required %q is not among the properties", at, name)
		}
	}
	for name, p := range s.Properties {
		if p == nil {
			return fmt.Errorf("%s.%s: is empty", at, name)
		}
		if err := p.valid(at + "." + name); err != nil {
			return err
		}
	}
	if s.Items != nil {
		return s.Items.valid(at + "[]")
	}
	return nil
}

// decode reads the arguments into out after checking them: an object, no unknown member, every required one, each of its
// type. Numbers and booleans written as text, and one text where a list is wanted, are taken for what they mean.
func (s *schema) decode(arguments string, out any) error {
	if strings.TrimSpace(arguments) == "" {
		arguments = "{}"
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(arguments))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil || decoder.More() {
		return fmt.Errorf("the arguments are not one JSON object")
	}
	value, err := s.fit(value, "arguments")
	if err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("the arguments cannot be read")
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("the arguments cannot be read: a number is out of range")
	}
	return nil
}

func (s *schema) fit(value any, at string) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch s.Type {
	case "object":
		return s.fitObject(value, at)
	case "array":
		return s.fitList(value, at)
	case "boolean":
		if text, ok := value.(string); ok {
			if b, err := strconv.ParseBool(strings.ToLower(text)); err == nil {
				return b, nil
			}
		}
		if b, ok := value.(bool); ok {
			return b, nil
		}
		return nil, fmt.Errorf("%s must be true or false", at)
	case "integer", "number":
		return s.fitNumber(value, at)
	case "string":
		return s.fitText(value, at)
	}
	return value, nil
}

func (s *schema) fitText(value any, at string) (any, error) {
	text, ok := value.(string)
	if n, isNumber := value.(json.Number); isNumber {
		text, ok = n.String(), true
	}
	if !ok {
		return nil, fmt.Errorf("%s must be text", at)
	}
	if len(s.Enum) > 0 && text != "" && !slices.Contains(s.Enum, text) {
		return nil, fmt.Errorf("%s must be one of %s", at, strings.Join(s.Enum, ", "))
	}
	return text, nil
}

func (s *schema) fitNumber(value any, at string) (any, error) {
	text, ok := value.(string)
	if n, isNumber := value.(json.Number); isNumber {
		text, ok = n.String(), true
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if !ok || err != nil {
		return nil, fmt.Errorf("%s must be a number", at)
	}
	if s.Type == "number" {
		return f, nil
	}
	if i, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		return i, nil
	}
	if f != float64(int64(f)) {
		return nil, fmt.Errorf("%s must be a whole number", at)
	}
	return int64(f), nil
}

func (s *schema) fitList(value any, at string) (any, error) {
	list, ok := value.([]any)
	if !ok {
		if _, isText := value.(string); !isText || s.Items == nil || s.Items.Type != "string" {
			return nil, fmt.Errorf("%s must be a list", at)
		}
		list = []any{value}
	}
	if s.Items == nil {
		return list, nil
	}
	for i, item := range list {
		fitted, err := s.Items.fit(item, fmt.Sprintf("%s[%d]", at, i))
		if err != nil {
			return nil, err
		}
		list[i] = fitted
	}
	return list, nil
}

func (s *schema) fitObject(value any, at string) (any, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s must be an object", at)
	}
	for _, name := range s.Required {
		if v, present := object[name]; !present || v == nil {
			return nil, fmt.Errorf("%s needs %s", at, name)
		}
	}
	if len(s.Properties) == 0 {
		return object, nil
	}
	for name, v := range object {
		property := s.Properties[name]
		if property == nil {
			return nil, fmt.Errorf("%s has no member %q", at, name)
		}
		fitted, err := property.fit(v, at+"."+name)
		if err != nil {
			return nil, err
		}
		object[name] = fitted
	}
	return object, nil
}
