package agent

import (
	"encoding/json"
	"strings"
)

// Truncate returns the first n characters of s.
func Truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// Normalize returns s in lower case with single spaces, so that spelling of the same name or title can be compared.
func Normalize(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

// JSON returns v as the JSON text of a tool's result.
func JSON(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}
