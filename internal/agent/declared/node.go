package declared

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/agent"
)

// reader reads one manifest and collects what is wrong with it.
type reader struct {
	file   string
	lines  int // of the file, once it is read
	faults Faults
}

// fault notes one. The YAML library takes the end of a file for a line of its own; nobody would find that one.
func (r *reader) fault(line int, format string, args ...any) {
	r.faults = append(r.faults, Fault{File: r.file, Line: max(1, min(line, r.lines)), Reason: fmt.Sprintf(format, args...)})
}

// field is a member of an object: where it stands, for the faults about it, and its value. The zero field is absent.
type field struct {
	at   string
	node *yaml.Node
}

func (f field) there() bool { return f.node != nil }

func (f field) line() int {
	if f.node == nil {
		return 1
	}
	return f.node.Line
}

// under names a member of f.
func (f field) under(name string) string {
	if f.at == "" {
		return name
	}
	return f.at + "." + name
}

// object returns the members of a mapping by name. With known it refuses others; names that end in "!" must be there.
func (r *reader) object(f field, known ...string) (map[string]field, bool) {
	members, ok := r.members(f)
	if !ok {
		return nil, false
	}
	names := make([]string, len(known))
	for i, name := range known {
		names[i] = strings.TrimSuffix(name, "!")
	}
	out := map[string]field{}
	for _, m := range members {
		if !slices.Contains(names, m.name) {
			r.fault(m.line, "%s: unknown member; there are %s", m.at, strings.Join(names, ", "))
			continue
		}
		out[m.name] = m.field
	}
	for i, name := range names {
		if _, there := out[name]; !there && name != known[i] {
			r.fault(f.line(), "%s: is missing", f.under(name))
		}
	}
	return out, true
}

// member is a field with its name and the line on which the name stands.
type member struct {
	field
	name string
	line int
}

// members returns the members of a mapping in order, without the second of any name.
func (r *reader) members(f field) ([]member, bool) {
	if f.node.Kind != yaml.MappingNode {
		r.fault(f.line(), "%smust be an object", prefix(f.at))
		return nil, false
	}
	var list []member
	for i := 0; i+1 < len(f.node.Content); i += 2 {
		key, value := f.node.Content[i], f.node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			r.fault(key.Line, "%smembers' names must be plain texts", prefix(f.at))
			continue
		}
		name := key.Value
		at := f.under(shown(name))
		if slices.ContainsFunc(list, func(m member) bool { return m.name == name }) {
			r.fault(key.Line, "%s: is there twice", at)
			continue
		}
		list = append(list, member{field{at, value}, name, key.Line})
	}
	return list, true
}

// maxQuoted is how many characters of a manifest a fault repeats.
const maxQuoted = 60

// shown is the beginning of a text of the manifest, on one line whatever it holds.
func shown(text string) string {
	text = agent.Truncate(text, maxQuoted)
	if quoted := strconv.Quote(text); text == "" || quoted != `"`+text+`"` {
		return quoted
	}
	return text
}

func prefix(at string) string {
	if at == "" {
		return ""
	}
	return at + ": "
}

// text returns a text that is not blank; an absent one is "" without a fault, because object told it.
func (r *reader) text(f field) string {
	switch {
	case !f.there():
		return ""
	case f.node.Kind != yaml.ScalarNode || f.node.Tag != "!!str" && f.node.Tag != "!!null":
		r.fault(f.line(), "%s: must be text", f.at)
		return ""
	case f.node.Tag == "!!null" || strings.TrimSpace(f.node.Value) == "":
		r.fault(f.line(), "%s: is empty", f.at)
		return ""
	}
	return f.node.Value
}

// list returns the items of a sequence, none when it is absent.
func (r *reader) list(f field) []field {
	if !f.there() {
		return nil
	}
	if f.node.Kind != yaml.SequenceNode {
		r.fault(f.line(), "%s: must be a list", f.at)
		return nil
	}
	items := make([]field, len(f.node.Content))
	for i, n := range f.node.Content {
		items[i] = field{fmt.Sprintf("%s[%d]", f.at, i), n}
	}
	return items
}

// texts returns a list of texts that are not blank.
func (r *reader) texts(f field) []string {
	var list []string
	for _, item := range r.list(f) {
		if text := r.text(item); text != "" {
			list = append(list, text)
		}
	}
	return list
}

// scalar returns a text, an int64, a float64, a bool or nil. Dates are texts.
func (r *reader) scalar(f field) (any, bool) {
	if f.node.Kind != yaml.ScalarNode {
		r.fault(f.line(), "%s: must be a text, a number, true or false", f.at)
		return nil, false
	}
	var err error
	switch f.node.Tag {
	case "!!null":
		return nil, true
	case "!!bool":
		var b bool
		err = f.node.Decode(&b)
		return b, err == nil
	case "!!int":
		var n int64
		if err = f.node.Decode(&n); err == nil {
			return n, true
		}
	case "!!float":
		var n float64
		if err = f.node.Decode(&n); err == nil {
			return n, true
		}
	default:
		return f.node.Value, true
	}
	r.fault(f.line(), "%s: the number %s is out of range", f.at, shown(f.node.Value))
	return nil, false
}
