package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ParseError says what is wrong with a schema and where: Pointer is a JSON pointer into it.
type ParseError struct{ Pointer, Reason string }

func (e ParseError) Error() string { return e.Pointer + " " + e.Reason }

// Parse reads the schema of a tool's arguments that somebody else wrote, in JSON. It returns a ParseError where the
// schema uses a keyword beyond Schema, gives one a value of the wrong type, or does not pass Validate.
func Parse(data []byte) (*Schema, error) {
	s, err := parse(data, "")
	if err != nil {
		return nil, err
	}
	if s.Type != "object" {
		return nil, ParseError{"/type", "must be object"}
	}
	if err := s.Validate(); err != nil {
		return nil, ParseError{"", err.Error()}
	}
	return s, nil
}

func parse(data []byte, pointer string) (*Schema, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil || members == nil {
		return nil, ParseError{pointer, "must be an object"}
	}
	var s Schema
	simple := map[string]any{
		"type": &s.Type, "description": &s.Description, "enum": &s.Enum, "required": &s.Required,
		"minimum": &s.Minimum, "maximum": &s.Maximum, "minLength": &s.MinLength, "maxLength": &s.MaxLength,
		"minItems": &s.MinItems, "maxItems": &s.MaxItems, "additionalProperties": &s.AdditionalProperties,
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value, at := members[name], pointer+"/"+escape(name)
		var err error
		switch target := simple[name]; {
		case target != nil && (json.Unmarshal(value, target) != nil || string(value) == "null"):
			return nil, ParseError{at, "has a value of the wrong type"}
		case target != nil:
		case name == "items":
			s.Items, err = parse(value, at)
		case name == "properties":
			s.Properties, err = parseProperties(value, at)
		default:
			known := append(slices.Collect(maps.Keys(simple)), "items", "properties")
			return nil, ParseError{at, "is not supported; use only " + strings.Join(slices.Sorted(
				slices.Values(known)), ", ")}
		}
		if err != nil {
			return nil, err
		}
	}
	return &s, nil
}

func parseProperties(data []byte, pointer string) (map[string]*Schema, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil || members == nil {
		return nil, ParseError{pointer, "must be an object"}
	}
	properties := make(map[string]*Schema, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		one, err := parse(members[name], fmt.Sprint(pointer, "/", escape(name)))
		if err != nil {
			return nil, err
		}
		properties[name] = one
	}
	return properties, nil
}

// escape returns a name as a part of a JSON pointer (RFC 6901).
func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }
