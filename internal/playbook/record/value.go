package record

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// verdict says what becomes of a member.
type verdict int

const (
	fits   verdict = iota
	absent         // the model says nothing with it
	unfit
)

// value returns the member's value in its canonical type. row is the row that the record is about, or nil.
func (c *checker) value(m playbook.Member, value any, row map[string]any) (any, verdict) {
	text, isText := value.(string)
	word := fold(text)
	switch {
	case m.Clearable && isText && word == "none":
		return nil, fits
	case value == nil || isText && word == "" || isEmptyList(value):
		return nil, absent
	case isText && (m.Type != action.Text || len(m.OneOf) > 0) && slices.Contains(noValue(), word):
		return nil, absent
	}
	var out any
	ok := false
	switch m.Type {
	case action.Time:
		out, ok = c.time(m.Column, value, row)
	case action.Bool:
		out, ok = boolOf(value)
	case action.List:
		out, ok = listOf(value)
	case action.ID:
		out, ok = textOf(value)
		if id := strings.TrimSpace(text); isText {
			out = id
		}
		ok = ok && c.refs[m.Name][out.(string)]
	default:
		out, ok = enumOrText(m.Column, value)
	}
	if !ok {
		return nil, unfit
	}
	if out, err := m.Canonical(out); err == nil && out != nil && out != "" {
		return out, fits
	}
	return nil, unfit
}

func isEmptyList(value any) bool {
	list, ok := value.([]any)
	return ok && len(list) == 0
}

// noValue returns what models write instead of a value that they do not have.
func noValue() []string { return []string{"null", "none", "n/a", "unknown", "nil"} }

// enumOrText returns the text, or the value of the column's enumeration that it means. Numbers and booleans become
// text.
func enumOrText(column action.Column, value any) (any, bool) {
	text, ok := textOf(value)
	if b, isBool := value.(bool); isBool {
		text, ok = map[bool]string{true: "true", false: "false"}[b], true
	}
	text = strings.TrimSpace(text)
	for _, one := range column.OneOf {
		if fold(one) == fold(text) {
			return one, ok
		}
	}
	return text, ok && len(column.OneOf) == 0
}

func boolOf(value any) (any, bool) {
	if b, ok := value.(bool); ok {
		return b, true
	}
	text, _ := textOf(value)
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "yes", "1":
		return true, true
	case "false", "no", "0":
		return false, true
	}
	return nil, false
}

// listOf returns the texts of a list without empty ones and repetitions, of which at least one must remain. One text is
// a list as well.
func listOf(value any) (any, bool) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	out := []string{}
	for _, item := range list {
		text, ok := textOf(item)
		if !ok {
			return nil, false
		}
		if text = strings.TrimSpace(text); text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out, len(out) > 0
}

// numberOf returns a whole number, or the digits of a text.
func numberOf(value any) (int64, bool) {
	if number, ok := value.(json.Number); ok {
		f, err := number.Float64()
		if err != nil {
			return 0, false
		}
		value = f
	}
	n, err := action.Millis(value)
	return n, err == nil
}
