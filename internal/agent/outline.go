package agent

import (
	"context"
	"fmt"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// Outline is a kind of plan that an agent offers: read rows, generate from them, then act on each generated record. The
// first and the last step are optional.
type Outline struct {
	Name        string // of the tool that the model calls to choose this outline, e.g. "plan_follow_up"
	Description string // tells the model when to choose it
	Select      string // the table to read, or ""
	// Template is used by the generating step. It always gets the user's message as its variable "request".
	Template playbook.Template
	// Act, when not "", is applied to Table with every column of the generated records.
	Act   action.Kind
	Table string
}

// template returns the outline's template with the variable that its plans set.
func (o Outline) template() playbook.Template {
	t := o.Template
	t.Required = []string{"request"}
	return t
}

type choice struct {
	Filter map[string]any `json:"filter,omitempty" desc:"Column to value; only rows equal in all of them are read"`
}

// Plan answers run.Message with the steps that would carry it out instead of a text. What the agent's tools propose
// becomes steps with fixed data; outlines the model chooses become select, generate and action steps. When it chooses
// nothing, the first outline stands. Shapes come from the cache; the request's own values are filled into copies.
func (a *Agent) Plan(ctx context.Context, run *Run, templates *playbook.Templates, cache *playbook.Cache) (playbook.Plan, error) {
	var chosen []playbook.Step
	tools := append([]Tool(nil), a.toolsFor(run)...)
	pick := func(o Outline, in choice) error {
		steps, err := o.steps(a.def.Name, run.Message, in.Filter, templates, cache)
		if err != nil {
			return err
		}
		chosen = append(chosen, shifted(steps, len(chosen))...)
		return nil
	}
	for _, o := range a.def.Outlines {
		tools = append(tools, o.tool(pick))
	}
	if _, err := a.loop(ctx, run, tools, nil); err != nil {
		return playbook.Plan{}, err
	}
	if len(chosen) == 0 && len(run.Actions()) == 0 && len(a.def.Outlines) > 0 {
		if err := pick(a.def.Outlines[0], choice{}); err != nil {
			return playbook.Plan{}, fmt.Errorf("plan of %s: %w", a.def.Name, err)
		}
	}
	b := playbook.NewBuilder(a.def.Name, templates)
	for _, s := range chosen {
		b.Step(s)
	}
	for _, proposed := range run.Actions() {
		b.Act(literal(proposed), nil)
	}
	plan, err := b.Build()
	if err != nil {
		return playbook.Plan{}, ErrNoAnswer.WithCause(err)
	}
	return plan, nil
}

// tool is what the model calls to choose the outline.
func (o Outline) tool(pick func(Outline, choice) error) Tool {
	return NewTool(o.Name, o.Description, func(_ context.Context, _ *Run, in choice) (string, error) {
		return "Planned.", pick(o, in)
	})
}

// literal keeps what a user wrote in braces from being read as a placeholder.
func literal(a action.Action) action.Action {
	data := make(map[string]any, len(a.Data))
	for name, value := range a.Data {
		if text, ok := value.(string); ok {
			value = strings.ReplaceAll(text, "{{", "{ {")
		}
		data[name] = value
	}
	a.Data = data
	return a
}

func shifted(steps []playbook.Step, by int) []playbook.Step {
	for i, s := range steps {
		if s.DataFromStep != nil {
			steps[i].DataFromStep = playbook.From(*s.DataFromStep + by)
		}
	}
	return steps
}

// steps returns a copy of the outline's shape with this request's values filled in.
func (o Outline) steps(agent, request string, filter map[string]any, templates *playbook.Templates,
	cache *playbook.Cache) ([]playbook.Step, error) {
	key := playbook.Key{Agent: agent, Outline: o.Name, Table: o.Table}
	shape, ok := cache.Get(key)
	if !ok {
		shape = o.shape(agent)
		if err := cache.Put(key, shape); err != nil {
			return nil, err
		}
	}
	b := playbook.NewBuilder(agent, templates)
	for _, s := range shape.Steps {
		switch s.Action {
		case playbook.Select:
			s.Filter = filter
		case playbook.Generate:
			s.Variables = map[string]any{"request": request}
		}
		b.Step(s)
	}
	plan, err := b.Build()
	return plan.Steps, err
}

func (o Outline) shape(agent string) playbook.Plan {
	plan := playbook.Plan{Agent: agent}
	var source *int
	add := func(s playbook.Step) {
		s.DataFromStep, source = source, playbook.From(len(plan.Steps))
		plan.Steps = append(plan.Steps, s)
	}
	if o.Select != "" {
		add(playbook.Step{Action: playbook.Select, Table: o.Select})
	}
	add(playbook.Step{Action: playbook.Generate, PromptTemplate: o.Template.ID})
	if o.Act != "" {
		data := map[string]any{}
		for _, column := range o.Template.Columns {
			data[column] = "{{" + column + "}}"
		}
		add(playbook.Step{Action: o.Act, Table: o.Table, Data: data})
	}
	return plan
}
