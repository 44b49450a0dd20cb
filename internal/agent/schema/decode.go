package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Decode decodes arguments, a JSON object or nothing, into out. It refuses members that the schema does not know, the
// lack of a required one, and values of the wrong type, but accepts what models commonly write instead: numbers and
// booleans as text, a number for a text, and one text for a list. The error tells the model what to correct.
func (s *Schema) Decode(arguments string, out any) error {
	text, err := s.Coerce(arguments)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("the arguments cannot be read: a number is out of range")
	}
	return nil
}

// Coerce returns arguments as a JSON object that fits the schema. It accepts and refuses what Decode does.
func (s *Schema) Coerce(arguments string) (json.RawMessage, error) {
	if strings.TrimSpace(arguments) == "" {
		arguments = "{}"
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(arguments))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil || decoder.More() {
		return nil, fmt.Errorf("the arguments are not one JSON object")
	}
	value, err := s.coerce(value, "arguments")
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("the arguments cannot be read")
	}
	return text, nil
}

// coerce returns the value with the schema's types; path names it in errors.
func (s *Schema) coerce(value any, path string) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch s.Type {
	case "object":
		return s.coerceObject(value, path)
	case "array":
		return s.coerceArray(value, path)
	case "boolean":
		if text, ok := value.(string); ok {
			if b, err := strconv.ParseBool(strings.ToLower(text)); err == nil {
				return b, nil
			}
		}
		if b, ok := value.(bool); ok {
			return b, nil
		}
		return nil, fmt.Errorf("%s must be true or false", path)
	case "integer", "number":
		return s.coerceNumber(value, path)
	case "string":
		return s.coerceString(value, path)
	}
	return value, nil
}

func (s *Schema) coerceString(value any, path string) (any, error) {
	text, ok := textOf(value)
	if !ok {
		return nil, fmt.Errorf("%s must be text", path)
	}
	if len(s.Enum) > 0 && text != "" && !slices.Contains(s.Enum, text) {
		return nil, fmt.Errorf("%s must be one of %s", path, strings.Join(s.Enum, ", "))
	}
	return text, checkCount(utf8.RuneCountInString(text), s.MinLength, s.MaxLength, path, "characters")
}

func (s *Schema) coerceNumber(value any, path string) (any, error) {
	text, ok := textOf(value)
	text = strings.TrimSpace(text)
	f, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil {
		return nil, fmt.Errorf("%s must be a number", path)
	}
	if s.Minimum != nil && f < *s.Minimum || s.Maximum != nil && f > *s.Maximum {
		return nil, fmt.Errorf("%s is too small or too large", path)
	}
	if s.Type == "number" {
		return f, nil
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, nil
	}
	if f != float64(int64(f)) {
		return nil, fmt.Errorf("%s must be a whole number", path)
	}
	return int64(f), nil
}

// textOf returns a text, or a number as it was written.
func textOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

func (s *Schema) coerceArray(value any, path string) (any, error) {
	list, ok := value.([]any)
	if !ok {
		if _, isText := value.(string); !isText || s.Items == nil || s.Items.Type != "string" {
			return nil, fmt.Errorf("%s must be a list", path)
		}
		list = []any{value}
	}
	if err := checkCount(len(list), s.MinItems, s.MaxItems, path, "items"); err != nil {
		return nil, err
	}
	if s.Items == nil {
		return list, nil
	}
	for i, item := range list {
		coerced, err := s.Items.coerce(item, fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		list[i] = coerced
	}
	return list, nil
}

// checkCount returns an error where a text or a list is too short or too long.
func checkCount(n int, least, most *int, path, unit string) error {
	switch {
	case least != nil && n < *least:
		return fmt.Errorf("%s must have at least %d %s", path, *least, unit)
	case most != nil && n > *most:
		return fmt.Errorf("%s must have at most %d %s", path, *most, unit)
	}
	return nil
}

func (s *Schema) coerceObject(value any, path string) (any, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s must be an object", path)
	}
	for _, name := range s.Required {
		if v, present := object[name]; !present || v == nil {
			return nil, fmt.Errorf("%s needs %s", path, name)
		}
	}
	if len(s.Properties) == 0 {
		return object, nil
	}
	for name, v := range object {
		property := s.Properties[name]
		switch {
		case v == nil:
			delete(object, name) // models write null for what they leave out
			continue
		case property == nil && s.AdditionalProperties != nil && *s.AdditionalProperties:
			continue
		case property == nil:
			return nil, fmt.Errorf("%s has no member %q", path, name)
		}
		coerced, err := property.coerce(v, path+"."+name)
		if err != nil {
			return nil, err
		}
		object[name] = coerced
	}
	return object, nil
}
