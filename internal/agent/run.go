package agent

import (
	"fmt"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/identity"
)

// MaxActions is the most actions one answer may propose.
const MaxActions = 50

// StepResult is what an earlier agent of a pipeline answered.
type StepResult struct {
	Agent string
	Text  string
}

// Run is the state of one request while agents work on it: who asks, what they sent, what was proposed so far. A
// pipeline's agents and the agents they ask share its memory and its actions; it is used by one goroutine at a time and
// ends with the request.
type Run struct {
	User    identity.User
	Message string
	Context Context
	// Previous holds the answers of the agents that ran earlier in a pipeline.
	Previous []StepResult
	// Memory is shared by all agents of this request, and by no other request. Tools may keep intermediate results in it.
	Memory map[string]any

	registry *Registry
	path     []string // the agents being asked, outermost first
	shared   *proposals
}

type proposals struct {
	actions []action.Action
	dropped int
}

// NewRun starts a request's state. Agents of the run can ask each other through the registry.
func (r *Registry) NewRun(u identity.User, message string, c Context) *Run {
	return &Run{User: u, Message: message, Context: c, Memory: map[string]any{}, registry: r, shared: &proposals{}}
}

// After returns a run for the next agent of a pipeline, with the same memory and actions and one more earlier result.
func (r *Run) After(result StepResult) *Run {
	next := *r
	next.Previous = append(append([]StepResult(nil), r.Previous...), result)
	return &next
}

// asked returns the run of an agent that is asked within this one: same request, memory and actions, another question.
func (r *Run) asked(name, query string) *Run {
	next := *r
	next.path = append(append([]string(nil), r.path...), name)
	next.Message, next.Previous, next.Context.History = query, nil, nil
	return &next
}

// Actions returns what was proposed so far, in order.
func (r *Run) Actions() []action.Action { return r.shared.actions }

// Dropped returns how many proposals were refused.
func (r *Run) Dropped() int { return r.shared.dropped }

// Propose adds an action to the answer. It is refused, counted and explained in words for the model when it is outside
// the tables and columns of package playbook, updates or deletes a row that the request's context does not hold, points
// to a row nobody named, or is one too many.
func (r *Run) Propose(a action.Action) error {
	checked, err := a.Check()
	if err == nil {
		err = r.known(checked)
	}
	if err == nil && len(r.shared.actions) >= MaxActions {
		err = fmt.Errorf("an answer has at most %d actions", MaxActions)
	}
	if err != nil {
		r.shared.dropped++
		return err
	}
	r.shared.actions = append(r.shared.actions, checked)
	return nil
}

func (r *Run) known(a action.Action) error {
	if a.Type == action.Update || a.Type == action.Delete {
		id, _ := a.Data["id"].(string)
		if !r.Context.ids(a.Table)[id] {
			return fmt.Errorf("there is no %s row with id %q in this request", a.Table, id)
		}
	}
	for _, c := range action.Columns(a.Table) {
		id, isText := a.Data[c.Name].(string)
		if c.Table == "" || !isText {
			continue
		}
		if !r.Context.referable(c.Table)[id] && !strings.Contains(r.Message, id) {
			return fmt.Errorf("%s: there is no %s row with id %q in this request; leave it out", c.Name, c.Table, id)
		}
	}
	return nil
}
