package declared

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/agent"
)

// parser parses one manifest and collects its errors.
type parser struct {
	file   string
	lines  int // of the file, once it is read
	errors ErrorList
}

// errorf adds an error. The YAML library counts the end of a file as one more line, which no editor shows.
func (p *parser) errorf(line int, format string, args ...any) {
	p.errors = append(p.errors, Error{File: p.file, Line: max(1, min(line, p.lines)),
		Reason: fmt.Sprintf(format, args...)})
}

// field is a value in the manifest with its path, such as "tools[0].name", for error messages. The zero field is
// absent.
type field struct {
	path string
	node *yaml.Node
}

func (f field) present() bool { return f.node != nil }

func (f field) line() int {
	if f.node == nil {
		return 1
	}
	return f.node.Line
}

// member returns the path of a member of f.
func (f field) member(name string) string {
	if f.path == "" {
		return name
	}
	return f.path + "." + name
}

// object returns the members of a mapping by name. It refuses names that are not known; those that end in "!" are
// required.
func (p *parser) object(f field, known ...string) (map[string]field, bool) {
	members, ok := p.members(f)
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
			p.errorf(m.line, "%s: unknown member; there are %s", m.path, strings.Join(names, ", "))
			continue
		}
		out[m.name] = m.field
	}
	for i, name := range names {
		if _, ok := out[name]; !ok && name != known[i] {
			p.errorf(f.line(), "%s: is missing", f.member(name))
		}
	}
	return out, true
}

// member is a field with its name and the line of the name.
type member struct {
	field
	name string
	line int
}

// members returns the members of a mapping in order. A name that occurs twice is an error.
func (p *parser) members(f field) ([]member, bool) {
	if f.node.Kind != yaml.MappingNode {
		p.errorf(f.line(), "%smust be an object", prefix(f.path))
		return nil, false
	}
	var list []member
	for i := 0; i+1 < len(f.node.Content); i += 2 {
		key, value := f.node.Content[i], f.node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			p.errorf(key.Line, "%smembers' names must be plain texts", prefix(f.path))
			continue
		}
		name := key.Value
		path := f.member(excerpt(name))
		if slices.ContainsFunc(list, func(m member) bool { return m.name == name }) {
			p.errorf(key.Line, "%s: is there twice", path)
			continue
		}
		list = append(list, member{field{path, value}, name, key.Line})
	}
	return list, true
}

// maxQuoted is how many characters of a manifest an error repeats.
const maxQuoted = 60

// excerpt returns the beginning of a text for an error message, quoted when it would not fit on one line as it is.
func excerpt(text string) string {
	text = agent.Truncate(text, maxQuoted)
	if quoted := strconv.Quote(text); text == "" || quoted != `"`+text+`"` {
		return quoted
	}
	return text
}

func prefix(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

// text returns a text that is not blank. An absent one is "" without an error, because object reports it.
func (p *parser) text(f field) string {
	switch {
	case !f.present():
		return ""
	case f.node.Kind != yaml.ScalarNode || f.node.Tag != "!!str" && f.node.Tag != "!!null":
		p.errorf(f.line(), "%s: must be text", f.path)
		return ""
	case f.node.Tag == "!!null" || strings.TrimSpace(f.node.Value) == "":
		p.errorf(f.line(), "%s: is empty", f.path)
		return ""
	}
	return f.node.Value
}

// list returns the items of a sequence, or none when it is absent.
func (p *parser) list(f field) []field {
	if !f.present() {
		return nil
	}
	if f.node.Kind != yaml.SequenceNode {
		p.errorf(f.line(), "%s: must be a list", f.path)
		return nil
	}
	items := make([]field, len(f.node.Content))
	for i, n := range f.node.Content {
		items[i] = field{fmt.Sprintf("%s[%d]", f.path, i), n}
	}
	return items
}

// texts returns a list of texts that are not blank.
func (p *parser) texts(f field) []string {
	var list []string
	for _, item := range p.list(f) {
		if text := p.text(item); text != "" {
			list = append(list, text)
		}
	}
	return list
}

// scalar returns a text, an int64, a float64, a bool or nil. Dates are texts.
func (p *parser) scalar(f field) (any, bool) {
	if f.node.Kind != yaml.ScalarNode {
		p.errorf(f.line(), "%s: must be a text, a number, true or false", f.path)
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
	p.errorf(f.line(), "%s: the number %s is out of range", f.path, excerpt(f.node.Value))
	return nil, false
}
