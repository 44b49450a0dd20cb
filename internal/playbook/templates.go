package playbook

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
)

// Template is the prompt of a generate step. Only its ID leaves the server; the text is one of the leak filter's
// secrets.
type Template struct {
	ID   string
	Text string
	// Variables are the variables that a step may set, Required those that it must set.
	Variables []string
	Required  []string
	// Reads is the table whose rows the step gets as data, or "".
	Reads string
	// Makes describes the records that the template makes. Without it the template makes text.
	Makes Records
	// Facts, when not nil, computes from the step's data what the model should not work out by itself.
	Facts Facts
}

// Facts computes what follows from the rows of a step, as text for the model. now is in the caller's time zone. An
// error is that of ctx.
type Facts func(ctx context.Context, data []map[string]any, now time.Time) (string, error)

// CheckVariables returns an error for a variable that the template does not know, or for a required one that is
// missing.
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

// Templates is an immutable set of templates. A nil *Templates is empty.
type Templates struct {
	byID map[string]Template
}

// NewTemplates returns the set, or an error for an id that is malformed or occurs twice, a template without text, or
// a table or column that does not exist.
func NewTemplates(list ...Template) (*Templates, error) {
	byID := make(map[string]Template, len(list))
	for _, t := range list {
		if !strings.HasPrefix(t.ID, "tpl_") || strings.TrimSpace(t.Text) == "" {
			return nil, fmt.Errorf("template %q: an id starts with tpl_ and has a text", t.ID)
		}
		if err := t.Makes.check(); err != nil {
			return nil, fmt.Errorf("template %q: %w", t.ID, err)
		}
		if t.Reads != "" && action.Columns(t.Reads) == nil {
			return nil, fmt.Errorf("template %q: there is no table %q", t.ID, t.Reads)
		}
		if _, twice := byID[t.ID]; twice {
			return nil, fmt.Errorf("duplicate template %q", t.ID)
		}
		byID[t.ID] = t
	}
	return &Templates{byID: byID}, nil
}

// Get returns the template with that id, or an error when there is none.
func (t *Templates) Get(id string) (Template, error) {
	if t != nil {
		if found, ok := t.byID[id]; ok {
			return found, nil
		}
	}
	return Template{}, fmt.Errorf("there is no template %q", id)
}

// IDs returns all ids, sorted.
func (t *Templates) IDs() []string {
	if t == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(t.byID))
}

// All returns all templates, sorted by id.
func (t *Templates) All() []Template {
	var list []Template
	for _, id := range t.IDs() {
		list = append(list, t.byID[id])
	}
	return list
}
