package agent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/consent"
	"github.com/adiuva/cloud-api/internal/identity"
)

// StepResult is the answer of an earlier agent in a pipeline.
type StepResult struct {
	Agent string
	Text  string
}

// Run is the state of one request while agents work on it: the user, what they sent, and the actions proposed so far.
// The agents of a pipeline and their delegates share its memory and actions. Only one goroutine at a time may use it.
type Run struct {
	User    identity.User
	Model   *ModelRequest // what the model calls of this request share; NewRun sets it to one of User's
	Message string
	Context Context
	// Notice, when not "", is an instruction for this request alone, at the end of the system prompt.
	Notice string
	// Previous has the answers of the earlier agents in a pipeline.
	Previous []StepResult
	// Memory is shared by all agents of this request, and by no other request. Tools may keep intermediate results in
	// it.
	Memory map[string]any
	// Watch, when not nil, is told when a tool begins and ends, also those of delegates. Its error ends the run.
	Watch func(ToolUse) error

	registry *Registry
	path     []string // the agents at work: the first one and then each delegate
	shared   *shared
}

// shared is what all agents of a request have in common.
type shared struct {
	message  string // what the person wrote; delegates have another one
	history  []Turn
	asked    *consent.Request // nil before the first change that has to be judged
	compared bool             // asked, with the rows of the request
	foreign  bool             // text that others may have written is in the prompt

	actions   []action.Action
	proposals []Proposal
	dropped   int
	titles    []string // that changes get, as the model wrote them
	tidied    bool     // whether a change has another form of one

	work  int             // steps that tools have counted
	index *rowIndex       // nil before the first look-up
	ends  map[string]ends // by table

	addresses map[string]bool // nil before the first draft or invitation

	app *appState // nil without tools that run in the app
}

// NewRun returns the state of a new request. Its agents can delegate to the agents of the registry.
func (r *Registry) NewRun(u identity.User, message string, c Context) *Run {
	return &Run{User: u, Model: &ModelRequest{User: u}, Message: message, Context: c, Memory: map[string]any{},
		registry: r, shared: &shared{message: message, history: c.History, foreign: promptsForeignText(c)}}
}

// Next returns the run for the next agent of a pipeline. It shares memory and actions and has one more earlier result.
func (r *Run) Next(result StepResult) *Run {
	next := *r
	next.Previous = append(slices.Clone(r.Previous), result)
	r.shared.foreign = true
	return &next
}

// forAgent returns the run for its first agent.
func (r *Run) forAgent(name string) *Run {
	next := *r
	next.path = []string{name}
	return &next
}

// forDelegate returns the run for an agent that another one delegates to. It shares the request's data, memory and
// actions, but has the query as its message, no history and no notice.
func (r *Run) forDelegate(name, query string) *Run {
	next := *r
	next.path = append(slices.Clone(r.path), name)
	next.Message = query
	next.Notice = ""
	next.Previous = nil
	next.Context.History = nil
	return &next
}

// checkRefs checks that the rows which the action changes or refers to are in the request.
func (r *Run) checkRefs(a action.Action) error {
	if a.Type == action.Update || a.Type == action.Delete || a.Type == action.Index {
		if err := r.checkRow(a); err != nil {
			return err
		}
	}
	for _, c := range action.Columns(a.Table) {
		id, isText := a.Data[c.Name].(string)
		if c.Table == "" || !isText {
			continue
		}
		if !r.index().mayRefer(c.Table, id) && !strings.Contains(r.shared.message, id) {
			return fmt.Errorf("%s: there is no %s row with id %q in this request; leave it out", c.Name, c.Table, id)
		}
	}
	return nil
}

// MayRefer reports whether a column may refer to the table's row with that id: a row of the request, or one that other
// rows of the request refer to.
func (r *Run) MayRefer(table, id string) bool { return id != "" && r.index().mayRefer(table, id) }

// PersonNames returns the names of the person asking, in lower case with single spaces: those of the profile, and the
// e-mail address of the account.
func (r *Run) PersonNames() []string {
	names := []string{Normalize(r.User.Email)}
	for _, key := range []string{"name", "full_name", "first_name", "email"} {
		if text, ok := r.Context.UserProfile[key].(string); ok {
			names = append(names, Normalize(text))
		}
	}
	return slices.DeleteFunc(names, func(s string) bool { return s == "" })
}
