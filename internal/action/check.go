package action

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/dates"
)

// MaxText limits the text of one column, in characters.
const MaxText = 32_000

// Check returns the action with its values in their canonical Go types. The error tells a model what to correct: an
// unknown kind, table or column, a value of the wrong type, a missing id or required column. Check drops the id of a
// create_record, because the client assigns ids.
func (a Action) Check() (Action, error) {
	columns, err := a.Columns()
	if err != nil {
		return Action{}, err
	}
	out := Action{Type: a.Type, Table: a.Table, Data: make(map[string]any, len(a.Data))}
	for name, value := range a.Data {
		if name == "id" && a.Type == Create {
			continue
		}
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		if i < 0 {
			return Action{}, fmt.Errorf("%s has no column %q; it has %s", a.target(), name, columnNames(columns))
		}
		v, err := columns[i].Canonical(value)
		if err != nil {
			return Action{}, fmt.Errorf("%s.%s: %w", a.target(), name, err)
		}
		out.Data[name] = v
	}
	return out, out.complete(columns)
}

// target returns what error messages call the action by: its table or, without one, its kind.
func (a Action) target() string {
	if a.Table == "" {
		return string(a.Type)
	}
	return a.Table
}

// complete checks that required columns have values and that an update changes something.
func (a Action) complete(columns []Column) error {
	for _, c := range columns {
		value, present := a.Data[c.Name]
		empty := value == nil || value == ""
		if c.Required && empty && (present || a.Type != Update || c.Name == "id") {
			return fmt.Errorf("%s needs %s", a.target(), c.Name)
		}
	}
	if a.Type == Update && len(a.Data) < 2 {
		return fmt.Errorf("update of %s names no column to change", a.Table)
	}
	return nil
}

func columnNames(columns []Column) string {
	var list []string
	for _, c := range columns {
		list = append(list, c.Name)
	}
	return strings.Join(list, ", ")
}

// Canonical converts a value from JSON or Go code to the column's type, or says what is wrong with it. nil clears any
// column.
func (c Column) Canonical(value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch c.Type {
	case Time:
		return Millis(value)
	case Bool:
		if b, ok := value.(bool); ok {
			return b, nil
		}
		return nil, fmt.Errorf("must be true or false")
	case List:
		return texts(value)
	}
	s, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("must be text")
	}
	if err := checkText(s); err != nil {
		return nil, err
	}
	if len(c.OneOf) > 0 && !slices.Contains(c.OneOf, s) {
		return nil, fmt.Errorf("%q is not one of %s", s, strings.Join(c.OneOf, ", "))
	}
	if c.Type == ID {
		if s = strings.TrimSpace(s); s == "" {
			return nil, nil
		}
	}
	return s, nil
}

func checkText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("is not valid UTF-8")
	}
	if len(s) > MaxText && utf8.RuneCountInString(s) > MaxText {
		return fmt.Errorf("is longer than %d characters", MaxText)
	}
	return nil
}

// MaxMillis is the last millisecond since the epoch that a JavaScript Date, and so a client, can show.
const MaxMillis = 8_640_000_000_000_000

// Millis converts a number, or the digits of a string, to milliseconds since the epoch. It also takes seconds, as
// dates.Millis does, and refuses times before 1970 or after 2200.
func Millis(value any) (int64, error) {
	ms := int64(0)
	switch v := value.(type) {
	case int64:
		ms = v
	case int:
		ms = int64(v)
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > MaxMillis {
			return 0, fmt.Errorf("must be a whole number of milliseconds")
		}
		ms = int64(v)
	case json.Number:
		return Millis(v.String())
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("must be a whole number of milliseconds")
		}
		ms = n
	default:
		return 0, fmt.Errorf("must be a whole number of milliseconds")
	}
	if ms != 0 && dates.RowTime(ms) == 0 {
		return 0, fmt.Errorf("is too far away")
	}
	return dates.Millis(ms), nil
}

func texts(value any) ([]string, error) {
	var list []string
	switch v := value.(type) {
	case []string:
		list = slices.Clone(v)
	case []any:
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("must be a list of texts")
			}
			list = append(list, s)
		}
	case string:
		list = []string{v}
	default:
		return nil, fmt.Errorf("must be a list of texts")
	}
	if err := checkText(strings.Join(list, "")); err != nil {
		return nil, err
	}
	return list, nil
}
