package record

import (
	"maps"
	"slices"

	"github.com/adiuva/cloud-api/internal/thought"
)

// collection has the values that one answer holds.
type collection struct {
	list    []any // of the last list of objects
	objects []any // that are in no list
	empty   bool  // there was an empty list
	broken  bool  // something began like a record and did not end like one
}

// maxAnswer is more than a model writes in one answer.
const maxAnswer = 1 << 20

// find returns the elements of the list of objects in a model's answer: of the last one after its thoughts, since the
// earlier ones may be examples and drafts, or else the single objects. isMember reports whether a name is a member of
// records. broken is true if the list was cut off or malformed; its readable records are returned. ok is false if there
// is neither a record nor an empty list. It takes linear time, and reads no more than maxAnswer bytes.
func find(answer string, isMember func(name string) bool) (found []any, broken, ok bool) {
	answer = answer[:min(len(answer), maxAnswer)]
	var c collection
	tags := thought.Tags(answer)
	budget := maxDepth * len(answer) // of bytes read, as text that is no JSON may have to be read more than once
	for at := 0; at < len(answer) && budget > 0; {
		if len(tags) > 0 && tags[0].Start < at {
			tags = tags[1:]
			continue
		}
		if len(tags) > 0 && tags[0].Start == at {
			if tags[0].Closes { // of a thought that began before the answer
				c = collection{}
			}
			at, tags = thought.Skip(tags, len(answer))
			continue
		}
		if answer[at] != '[' && answer[at] != '{' {
			at++
			continue
		}
		p := parser{text: answer, at: at}
		value, err := p.value(0)
		budget -= p.at - at
		if err != nil {
			c.broken = c.broken || p.members > 0
			at++
			continue
		}
		c.add(value, isMember)
		at = p.at
	}
	return c.choose()
}

// add adds a value that was found in the answer.
func (c *collection) add(value any, isMember func(string) bool) {
	object, isObject := value.(map[string]any)
	if isObject && isRecord(object, isMember) {
		c.objects = append(c.objects, object)
		return
	}
	list, ok := listIn(value, isMember, 0)
	if !ok {
		return
	}
	switch {
	case len(list) == 0:
		c.empty = true
	case c.list == nil || hasRecord(list, isMember):
		c.list = list
	}
}

// hasRecord reports whether one of the values is a record.
func hasRecord(list []any, isMember func(string) bool) bool {
	return slices.ContainsFunc(list, func(e any) bool {
		object, isObject := e.(map[string]any)
		return isObject && isRecord(object, isMember)
	})
}

func isRecord(object map[string]any, isMember func(string) bool) bool {
	for name := range object {
		if isMember(name) {
			return true
		}
	}
	return false
}

// maxWrappers is how many objects and lists may be around the list of records.
const maxWrappers = 3

// listIn returns the list of objects in a value: the value itself, or a member of it at any name, one with records if
// there is one. It returns false when there is none. A list without elements, or of nulls alone, is an empty one.
func listIn(value any, isMember func(string) bool, depth int) ([]any, bool) {
	if depth > maxWrappers {
		return nil, false
	}
	switch v := value.(type) {
	case []any:
		if slices.ContainsFunc(v, func(e any) bool { _, isObject := e.(map[string]any); return isObject }) {
			return v, true
		}
		if !slices.ContainsFunc(v, func(e any) bool { return e != nil }) {
			return nil, true
		}
		return listIn(v[0], isMember, depth+1)
	case map[string]any:
		var other []any
		found := false
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inner, isObject := v[name].(map[string]any)
			if isObject && isRecord(inner, isMember) {
				return []any{inner}, true
			}
			list, ok := listIn(v[name], isMember, depth+1)
			if hasRecord(list, isMember) {
				return list, true
			}
			if len(other) == 0 {
				other = list
			}
			found = found || ok
		}
		return other, found
	}
	return nil, false
}

func (c *collection) choose() (found []any, broken, ok bool) {
	switch {
	case len(c.list) > 0:
		return c.list, false, true
	case len(c.objects) > 0:
		return c.objects, c.broken, true
	}
	return nil, false, c.empty
}
