package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// Outline is a kind of plan that an agent offers: read the rows that its template reads, generate from them, then act
// on each record that the template makes. The first and the last step are optional.
type Outline struct {
	Name        string // of the tool that the model calls to choose this outline, e.g. "plan_follow_up"
	Description string // tells the model when to choose it
	// Template is used by the generating step. It always gets the user's message as its variable "request".
	Template playbook.Template
}

// template returns the outline's template with the variable that its plans set.
func (o Outline) template() playbook.Template {
	t := o.Template
	t.Required = []string{"request"}
	return t
}

// outlineChoice is the argument of the tool that chooses an outline.
type outlineChoice struct {
	Filter map[string]any `json:"filter,omitempty" desc:"Column to value; only rows equal in all of them are read"`
}

// Plan answers run.Message with steps for the client instead of a text. Actions that the agent's tools propose become
// steps with fixed data; outlines that the model chooses become select, generate and action steps. Without either, the
// plan is the first outline. The steps of an outline come from the cache; the request's values are filled into a copy.
func (a *Agent) Plan(ctx context.Context, run *Run, templates *playbook.Templates,
	cache *playbook.Cache) (playbook.Plan, error) {
	var chosen []playbook.Step
	pick := func(o Outline, in outlineChoice) error {
		filter, err := checkFilter(o.Template.Reads, in.Filter)
		if err != nil {
			return err
		}
		steps, err := o.steps(a.def.Name, run.Message, filter, templates, cache)
		if err != nil {
			return err
		}
		chosen = append(chosen, offsetSources(steps, len(chosen))...)
		return nil
	}
	choose := func(o Outline, in outlineChoice) error {
		if err := run.mayPlan(o); err != nil {
			return err
		}
		return pick(o, in)
	}
	if _, err := a.loop(ctx, run, a.planTools(choose), nil); err != nil {
		return playbook.Plan{}, err
	}
	if len(chosen) == 0 && len(run.Actions()) == 0 && len(a.def.Outlines) > 0 {
		if err := pick(a.def.Outlines[0], outlineChoice{}); err != nil {
			return playbook.Plan{}, fmt.Errorf("plan of %s: %w", a.def.Name, err)
		}
	}
	b := playbook.NewBuilder(a.def.Name, templates)
	for _, s := range chosen {
		b.Step(s)
	}
	for _, proposed := range run.Actions() {
		b.Act(escapePlaceholders(proposed), nil)
	}
	plan, err := b.Build()
	if err != nil {
		return playbook.Plan{}, ErrNoAnswer.WithCause(err)
	}
	return plan, nil
}

// planTools returns the agent's tools and those that choose an outline. A plan is one agent's, which asks no other; so
// the tools are at most MaxTools.
func (a *Agent) planTools(pick func(Outline, outlineChoice) error) []Tool {
	tools := slices.Clip(a.tools)
	for _, o := range a.def.Outlines {
		tools = append(tools, o.tool(pick))
	}
	return tools
}

// tool returns the tool that the model calls to choose the outline.
func (o Outline) tool(pick func(Outline, outlineChoice) error) Tool {
	return NewTool(o.Name, o.Description, func(_ context.Context, _ *Run, in outlineChoice) (string, error) {
		return "Planned.", pick(o, in)
	}).As(MakesPlan)
}

// checkFilter returns the filter that a model wrote with values as the table's columns have them. The error says what
// to write instead. A plan that reads no table has no filter.
func checkFilter(table string, filter map[string]any) (map[string]any, error) {
	if table == "" || len(filter) == 0 {
		return nil, nil
	}
	columns := []action.Column{{Name: "id", Type: action.ID}}
	names := []string{"id"}
	for _, c := range action.Columns(table) {
		if c.Type != action.Time && c.Type != action.List {
			columns, names = append(columns, c), append(names, c.Name)
		}
	}
	out := make(map[string]any, len(filter))
	for name, value := range filter {
		i := slices.Index(names, name)
		if i < 0 {
			return nil, fmt.Errorf("filter: rows of %s cannot be chosen by %q, only by %s", table, Truncate(name, 80),
				strings.Join(names, ", "))
		}
		if text, ok := value.(string); ok && len(columns[i].OneOf) > 0 {
			value = strings.ReplaceAll(Normalize(text), " ", "_")
		}
		canonical, err := columns[i].Canonical(value)
		if err != nil {
			return nil, fmt.Errorf("filter: %s %w", name, err)
		}
		out[name] = canonical
	}
	return out, nil
}

// escapePlaceholders keeps braces that a user wrote from being read as a placeholder.
func escapePlaceholders(a action.Action) action.Action {
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

// offsetSources adds by to the indexes of the steps' sources.
func offsetSources(steps []playbook.Step, by int) []playbook.Step {
	for i, s := range steps {
		if s.DataFromStep != nil {
			steps[i].DataFromStep = playbook.From(*s.DataFromStep + by)
		}
	}
	return steps
}

// steps returns the outline's steps with the values of this request filled in.
func (o Outline) steps(agent, request string, filter map[string]any, templates *playbook.Templates,
	cache *playbook.Cache) ([]playbook.Step, error) {
	key := playbook.Key{Agent: agent, Outline: o.Name, Table: o.Template.Makes.Table}
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

// shape returns the outline's steps without the values of any request, as the cache keeps them.
func (o Outline) shape(agent string) playbook.Plan {
	plan := playbook.Plan{Agent: agent}
	var source *int
	add := func(s playbook.Step) {
		s.DataFromStep, source = source, playbook.From(len(plan.Steps))
		plan.Steps = append(plan.Steps, s)
	}
	if table := o.Template.Reads; table != "" {
		add(playbook.Step{Action: playbook.Select, Table: table})
	}
	add(playbook.Step{Action: playbook.Generate, PromptTemplate: o.Template.ID})
	if act := o.Template.Makes.Act(); act.Type != "" {
		add(playbook.Step{Action: act.Type, Table: act.Table, Data: act.Data})
	}
	return plan
}
