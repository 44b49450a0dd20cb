// Package playbook defines plans, the templates that their generate steps use, and the library of ready-made plans,
// which are called playbooks. A client executes plans; only the ID of a template leaves the server. The package
// stores nothing of any user: the cache keeps plan shapes without values.
package playbook

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/tier"
)

// The kinds of step that only plans have; all other steps are actions.
const (
	Generate action.Kind = "generate" // text or records made from a template, named by its id
	Select   action.Kind = "select"   // the client reads rows of one table
)

// Plan is what a client executes step by step. A playbook also has an ID, a title, a description and the lowest tier
// that may use it; a plan made for one request has none of these.
type Plan struct {
	ID          string    `json:"id,omitempty"`
	Title       string    `json:"title,omitempty"`
	Description string    `json:"description,omitempty"`
	Tier        tier.Tier `json:"tier,omitempty"`
	Agent       string    `json:"agent"`
	Steps       []Step    `json:"steps"`
}

// Step is one step of a plan. Select reads the rows of Table whose columns equal Filter. Generate runs the template
// with the ID PromptTemplate, with Variables, on the records of the source step. All other kinds are actions with
// Data, in which "{{column}}" is replaced by the column of a source record: once for each record of the source step,
// or once when there is no source step.
type Step struct {
	Action         action.Kind    `json:"action"`
	PromptTemplate string         `json:"prompt_template,omitempty"`
	Variables      map[string]any `json:"variables,omitempty"`
	DataFromStep   *int           `json:"data_from_step,omitempty"` // zero-based, smaller than the step's own index
	Table          string         `json:"table,omitempty"`
	Filter         map[string]any `json:"filter,omitempty"`
	Data           map[string]any `json:"data,omitempty"`
}

// MaxSteps limits the steps of a plan. It allows the 50 actions of one answer, each with a source of its own.
const MaxSteps = 100

// Builder builds a plan and refuses one that a client could not execute. Its methods chain; Build reports all errors
// together.
type Builder struct {
	plan      Plan
	templates *Templates
	problems  []error
}

// NewBuilder returns a builder for a plan of the agent. Generate steps may use the given templates.
func NewBuilder(agent string, templates *Templates) *Builder {
	return &Builder{plan: Plan{Agent: agent}, templates: templates}
}

// Describe makes the plan a playbook for the tier and those above it.
func (b *Builder) Describe(id, title, description string, lowest tier.Tier) *Builder {
	b.plan.ID = id
	b.plan.Title = title
	b.plan.Description = description
	b.plan.Tier = lowest
	return b
}

// From returns the source of a step: the index of an earlier one.
func From(step int) *int { return &step }

// Select adds a step that reads the rows of table whose columns equal the filter's values; a nil filter reads all.
func (b *Builder) Select(table string, filter map[string]any) *Builder {
	return b.Step(Step{Action: Select, Table: table, Filter: filter})
}

// Generate adds a step that runs a template on the records of the step from, or on none when from is nil.
func (b *Builder) Generate(template string, variables map[string]any, from *int) *Builder {
	return b.Step(Step{Action: Generate, PromptTemplate: template, Variables: variables, DataFromStep: from})
}

// Act adds an action step that runs once, or once per record of the step from when that is not nil.
func (b *Builder) Act(a action.Action, from *int) *Builder {
	return b.Step(Step{Action: a.Type, Table: a.Table, Data: a.Data, DataFromStep: from})
}

// Step adds any step; Build checks it.
func (b *Builder) Step(s Step) *Builder {
	if err := b.check(len(b.plan.Steps), s); err != nil {
		b.problems = append(b.problems, fmt.Errorf("step %d (%s): %w", len(b.plan.Steps), s.Action, err))
	}
	b.plan.Steps = append(b.plan.Steps, s)
	return b
}

// Build returns the plan, or all errors joined. The plan shares no map or slice with the builder's arguments.
func (b *Builder) Build() (Plan, error) {
	problems := b.problems
	if len(b.plan.Steps) == 0 {
		problems = append(problems, errors.New("a plan needs at least one step"))
	}
	if len(b.plan.Steps) > MaxSteps {
		problems = append(problems, fmt.Errorf("a plan has at most %d steps", MaxSteps))
	}
	if b.plan.Agent == "" {
		problems = append(problems, errors.New("a plan names its agent"))
	}
	if len(problems) > 0 {
		return Plan{}, errors.Join(problems...)
	}
	return b.plan.Clone(), nil
}

func (b *Builder) check(index int, s Step) error {
	if s.DataFromStep != nil && (*s.DataFromStep < 0 || *s.DataFromStep >= index) {
		return fmt.Errorf("data_from_step %d is not an earlier step", *s.DataFromStep)
	}
	switch {
	case s.Action == Select:
		return checkSelect(s)
	case s.Action == Generate:
		return b.checkGenerate(s)
	case slices.Contains(action.Kinds(), s.Action):
		return b.checkAction(s)
	}
	return errors.New("unknown kind of step")
}

func checkSelect(s Step) error {
	columns := action.Columns(s.Table)
	if columns == nil {
		return fmt.Errorf("there is no table %q", s.Table)
	}
	if s.PromptTemplate != "" || s.Variables != nil || s.Data != nil || s.DataFromStep != nil {
		return errors.New("a select has a table and a filter and nothing else")
	}
	for name, value := range s.Filter {
		i := slices.IndexFunc(columns, func(c action.Column) bool { return c.Name == name })
		if name == "id" {
			continue
		}
		if i < 0 {
			return fmt.Errorf("%s has no column %q", s.Table, name)
		}
		if _, err := columns[i].Canonical(value); err != nil {
			return fmt.Errorf("filter %s: %w", name, err)
		}
	}
	return nil
}

func (b *Builder) checkGenerate(s Step) error {
	if s.Table != "" || s.Filter != nil || s.Data != nil {
		return errors.New("a generate has a template, variables and a source and nothing else")
	}
	t, err := b.templates.Get(s.PromptTemplate)
	if err != nil {
		return err
	}
	if err := t.CheckVariables(s.Variables); err != nil {
		return err
	}
	if table := b.tableOf(s.DataFromStep); table != t.Reads {
		return fmt.Errorf("template %s reads rows of %q, but its step reads %q", t.ID, t.Reads, table)
	}
	return nil
}

// tableOf returns the table whose rows the source step selects, or "".
func (b *Builder) tableOf(from *int) string {
	if from == nil || b.plan.Steps[*from].Action != Select {
		return ""
	}
	return b.plan.Steps[*from].Table
}

func (b *Builder) checkAction(s Step) error {
	if s.PromptTemplate != "" || s.Variables != nil || s.Filter != nil {
		return errors.New("an action has a table, data and a source and nothing else")
	}
	known, all := b.sourceColumns(s.DataFromStep)
	sample := make(map[string]any, len(s.Data))
	for name, value := range s.Data {
		for _, column := range placeholders(value) {
			if s.DataFromStep == nil {
				return fmt.Errorf("%s: {{%s}} needs a data_from_step", name, column)
			}
			if !all && !slices.Contains(known, column) {
				return fmt.Errorf("%s: step %d has no column %q", name, *s.DataFromStep, column)
			}
		}
		if len(placeholders(value)) == 0 {
			sample[name] = value
		} else {
			sample[name] = sampleFor(s, name)
		}
	}
	_, err := action.Action{Type: s.Action, Table: s.Table, Data: sample}.Check()
	return err
}

// sampleFor returns a value of the right type for a column that a placeholder will fill, so that the rest of the step
// can be checked. An unknown column gets a text; Check reports it.
func sampleFor(s Step, name string) any {
	columns, err := action.Action{Type: s.Action, Table: s.Table}.Columns()
	i := slices.IndexFunc(columns, func(c action.Column) bool { return c.Name == name })
	if err != nil || i < 0 {
		return "x"
	}
	return columns[i].Sample()
}

// sourceColumns returns the columns of the source step's records. all is true when they may have any column.
func (b *Builder) sourceColumns(from *int) (known []string, all bool) {
	if from == nil || *from < 0 || *from >= len(b.plan.Steps) {
		return nil, true
	}
	source := b.plan.Steps[*from]
	switch source.Action {
	case Select:
		known = []string{"id"}
		for _, c := range action.Columns(source.Table) {
			known = append(known, c.Name)
		}
		return known, false
	case Generate:
		t, err := b.templates.Get(source.PromptTemplate)
		if err != nil {
			return nil, true
		}
		return append([]string{"output"}, t.Makes.names()...), false
	}
	for name := range source.Data {
		known = append(known, name)
	}
	return known, false
}

var placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z][A-Za-z0-9_]*)\s*\}\}`)

// placeholders returns the columns that a text refers to.
func placeholders(value any) []string {
	s, ok := value.(string)
	if !ok || !strings.Contains(s, "{{") {
		return nil
	}
	var list []string
	for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
		list = append(list, m[1])
	}
	return list
}

// Clone returns a copy that shares no map or slice with p, so that values filled in for one user cannot reach another.
func (p Plan) Clone() Plan {
	p.Steps = slices.Clone(p.Steps)
	for i, s := range p.Steps {
		s.Variables = maps.Clone(s.Variables)
		s.Filter = maps.Clone(s.Filter)
		s.Data = maps.Clone(s.Data)
		if s.DataFromStep != nil {
			s.DataFromStep = From(*s.DataFromStep)
		}
		p.Steps[i] = s
	}
	return p
}
