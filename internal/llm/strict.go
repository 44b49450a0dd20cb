package llm

import (
	"encoding/json"
	"maps"
	"slices"
)

// strictSchema returns a JSON schema in the form that strict mode accepts: objects have no other members than those
// named, all of them are required, and what was optional may be null. It returns nil if the schema has an object
// without named members, or an array without the type of its items, since strict mode cannot describe these.
func strictSchema(schema json.RawMessage) json.RawMessage {
	var node map[string]any
	if json.Unmarshal(schema, &node) != nil || !makeStrict(node) {
		return nil
	}
	strict, err := json.Marshal(node)
	if err != nil {
		return nil
	}
	return strict
}

func makeStrict(node map[string]any) bool {
	switch node["type"] {
	case "object":
		properties, ok := node["properties"].(map[string]any)
		if !ok {
			return false
		}
		required, _ := node["required"].([]any)
		for name, value := range properties {
			property, ok := value.(map[string]any)
			if !ok || !makeStrict(property) {
				return false
			}
			if !slices.Contains(required, any(name)) {
				makeNullable(property)
			}
		}
		node["required"] = append([]string{}, slices.Sorted(maps.Keys(properties))...) // never null
		node["additionalProperties"] = false
	case "array":
		items, ok := node["items"].(map[string]any)
		return ok && makeStrict(items)
	}
	_, typed := node["type"]
	return typed
}

func makeNullable(property map[string]any) {
	property["type"] = []any{property["type"], "null"}
	if values, ok := property["enum"].([]any); ok {
		property["enum"] = append(values, nil)
	}
}
