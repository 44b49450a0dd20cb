package playbook

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Template is the text behind a generating step. Only its ID leaves the server; the text is a secret of the leak filter.
type Template struct {
	ID   string
	Text string
	// Variables are the names that a step may set; Required those that it must.
	Variables []string
	Required  []string
	// Columns are the columns of the records the template produces; none means prose.
	Columns []string
}

// CheckVariables refuses variables that the template does not know, or the lack of one it requires.
func (t Template) CheckVariables(variables map[string]any) error {
	for name := range variables {
		if !slices.Contains(t.Variables, name) && !slices.Contains(t.Required, name) {
			return fmt.Errorf("template %s has no variable %q", t.ID, name)
		}
	}
	for _, name := range t.Required {
		if v, ok := variables[name]; !ok || v == nil || v == "" {
			return fmt.Errorf("template %s needs the variable %q", t.ID, name)
		}
	}
	return nil
}

// Templates is an immutable set of templates by id. A nil *Templates is empty.
type Templates struct {
	byID map[string]Template
}

// NewTemplates returns the set, or an error naming an id that is empty, malformed or given twice.
func NewTemplates(list ...Template) (*Templates, error) {
	byID := make(map[string]Template, len(list))
	for _, t := range list {
		if !strings.HasPrefix(t.ID, "tpl_") || strings.TrimSpace(t.Text) == "" {
			return nil, fmt.Errorf("template %q: an id starts with tpl_ and has a text", t.ID)
		}
		if _, twice := byID[t.ID]; twice {
			return nil, fmt.Errorf("template %q is there twice", t.ID)
		}
		byID[t.ID] = t
	}
	return &Templates{byID: byID}, nil
}

// Get returns the template of that id, or an error when there is none.
func (t *Templates) Get(id string) (Template, error) {
	if t != nil {
		if found, ok := t.byID[id]; ok {
			return found, nil
		}
	}
	return Template{}, fmt.Errorf("there is no template %q", id)
}

// IDs returns all ids in order.
func (t *Templates) IDs() []string {
	if t == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(t.byID))
}

// All returns the templates in the order of their ids.
func (t *Templates) All() []Template {
	var list []Template
	for _, id := range t.IDs() {
		list = append(list, t.byID[id])
	}
	return list
}
