package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// lineError is what is wrong in a line.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

// atLine returns an error in that line.
func atLine(line int, format string, args ...any) error {
	return &lineError{line, fmt.Errorf(format, args...)}
}

// locate returns err with the file and the line in front: the innermost line that err names, or else the one given.
func locate(file string, line int, err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if l, ok := inner.(*lineError); ok {
			line = l.line
		}
	}
	return fmt.Errorf("%s:%d: %w", file, max(line, 1), err)
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// syntax returns an error of the YAML library as one of a line.
func syntax(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	match := yamlLine.FindStringSubmatch(text)
	if match == nil {
		return err
	}
	line, _ := strconv.Atoi(match[1]) // 0 for a number that is too large, which stands for the first line
	return atLine(line, "%s", strings.TrimPrefix(strings.Replace(text, match[0], "", 1), "yaml: "))
}

// checker compares the members of a document with the fields of the types that it is decoded into.
type checker struct{ nodes int }

var nodeType = reflect.TypeFor[yaml.Node]()

// members returns an error for the first member that no field is for. It says which members there are.
func (c *checker) members(node *yaml.Node, t reflect.Type) error {
	if c.nodes++; c.nodes > maxNodes {
		return atLine(node.Line, "more than %d values", maxNodes)
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch {
	case t.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		for _, child := range node.Content {
			if err := c.members(child, t.Elem()); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Struct && t != nodeType && node.Kind == yaml.MappingNode:
		return c.mapping(node, t)
	}
	return nil
}

func (c *checker) mapping(node *yaml.Node, t reflect.Type) error {
	fields := fieldsOf(t)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		field, known := fields[key.Value]
		if !known {
			return atLine(key.Line, "there is no member %q; there are %s", key.Value, namesOf(fields))
		}
		if err := c.members(node.Content[i+1], field); err != nil {
			return err
		}
	}
	return nil
}

// namesOf returns the names of the fields, in order.
func namesOf(fields map[string]reflect.Type) string {
	return strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
}

// fieldsOf returns the types of the members of a struct, those of inlined structs included.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if option == "inline" {
			maps.Copy(fields, fieldsOf(field.Type))
			continue
		}
		fields[cmp.Or(name, strings.ToLower(field.Name))] = field.Type
	}
	return fields
}

// elements returns the elements of a member of a mapping, if it is a sequence.
func elements(node *yaml.Node, member string) []*yaml.Node {
	value := valueOf(node, member)
	if value == nil || value.Kind != yaml.SequenceNode {
		return nil
	}
	return value.Content
}

func valueOf(node *yaml.Node, member string) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == member {
			if value := node.Content[i+1]; value.Kind == yaml.AliasNode {
				return value.Alias
			}
			return node.Content[i+1]
		}
	}
	return nil
}
