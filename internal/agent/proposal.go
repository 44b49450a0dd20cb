package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/consent"
)

// Limits on the changes of one answer.
const (
	MaxActions = 50 // actions, and as many proposals
	MaxDeletes = 10 // rows that actions delete, and as many by proposals
)

// Proposal is a change that the person did not clearly ask for. The client shows it and carries it out only when the
// person accepts it.
type Proposal struct {
	action.Action
	// Source is the row whose text suggested the change, or nil when that is not known.
	Source *Source
}

// Source names a row of the request.
type Source struct{ Table, ID string }

// suggestedNotice tells the model what became of its call.
const suggestedNotice = "note: the person did not ask for this change in so many words. It is shown to them as a " +
	"suggestion; say so."

// Propose adds a change to the answer. Once text that others wrote is in the prompt, package consent decides: what the
// person asked for becomes an action, what they left open a proposal, and the rest is refused. Propose also refuses and
// counts a change that fails action.Check, that updates or deletes a row which the request does not have, that refers
// to such a row, or that exceeds MaxActions or MaxDeletes. The error tells the model what to correct. A change that the
// answer has already is not added again.
func (r *Run) Propose(a action.Action) error {
	err := r.propose(a)
	if err != nil && !errors.Is(err, errRepeated) {
		r.shared.dropped++
	}
	return err
}

// errRepeated tells the model that a change is not added twice. Agents that ask each other may repeat one.
var errRepeated = errors.New("the answer has this change already; do not propose it again")

func (r *Run) propose(a action.Action) error {
	a, err := a.Check()
	if err != nil {
		return err
	}
	if err := r.checkRefs(a); err != nil {
		return err
	}
	verdict := consent.Act
	if r.shared.foreign {
		var why string
		if verdict, why = r.judge(a); verdict == consent.Refuse {
			return errors.New(why)
		}
	}
	if r.has(a) {
		return errRepeated
	}
	if err := r.checkRoom(a, verdict); err != nil {
		return err
	}
	if verdict == consent.Propose {
		r.shared.proposals = append(r.shared.proposals, Proposal{Action: a})
	} else {
		r.shared.actions = append(r.shared.actions, a)
	}
	return nil
}

// has reports whether the answer has the change already, and no later action that undoes it.
func (r *Run) has(a action.Action) bool {
	for _, b := range slices.Backward(r.shared.actions) {
		switch {
		case reflect.DeepEqual(a, b):
			return true
		case overwrites(b, a):
			return false
		}
	}
	return slices.ContainsFunc(r.shared.proposals, func(p Proposal) bool { return reflect.DeepEqual(a, p.Action) })
}

// overwrites reports whether two updates of the same row write the same column.
func overwrites(b, a action.Action) bool {
	if a.Type != action.Update || b.Type != action.Update || a.Table != b.Table || a.Data["id"] != b.Data["id"] ||
		a.Data["originalStart"] != b.Data["originalStart"] {
		return false
	}
	for name := range a.Data {
		if _, ok := b.Data[name]; ok && name != "id" && name != "originalStart" {
			return true
		}
	}
	return false
}

// checkRoom returns an error when the list that the change belongs into is full. Suggestions take no room from actions.
func (r *Run) checkRoom(a action.Action, verdict consent.Verdict) error {
	list := r.shared.actions
	if verdict == consent.Propose {
		list = nil
		for _, p := range r.shared.proposals {
			list = append(list, p.Action)
		}
	}
	if len(list) >= MaxActions {
		return fmt.Errorf("an answer has at most %d changes", MaxActions)
	}
	deletes := 0
	for _, b := range list {
		if b.Type == action.Delete {
			deletes++
		}
	}
	if a.Type == action.Delete && deletes >= MaxDeletes {
		return fmt.Errorf("an answer deletes at most %d rows; tell the person which are left", MaxDeletes)
	}
	return nil
}

// Actions returns the actions so far, in order.
func (r *Run) Actions() []action.Action { return r.shared.actions }

// Proposals returns the proposals so far, in order.
func (r *Run) Proposals() []Proposal { return r.shared.proposals }

// Dropped returns how many changes Propose refused.
func (r *Run) Dropped() int { return r.shared.dropped }

// Deleted returns the titles of the rows that the actions delete, in order.
func (r *Run) Deleted() []string {
	var titles []string
	for _, a := range r.shared.actions {
		if a.Type == action.Delete {
			titles = append(titles, r.describeChanged(a).Title)
		}
	}
	return titles
}

// Language returns the two letters of the language that the person writes in, or "" when it is not known.
func (r *Run) Language() string { return r.request().Language() }

// SawForeignText says that text which others may have written is in the prompt from now on.
func (r *Run) SawForeignText() { r.shared.foreign = true }

// settle ends a tool call: it finds the sources of the proposals that were made since there were known of them, and
// returns what the model must be told about them, or "".
func (r *Run) settle(ctx context.Context, known int) string {
	fresh := r.shared.proposals[known:]
	for i := range fresh {
		fresh[i].Source = r.sourceOf(ctx, fresh[i].Action)
	}
	if len(fresh) == 0 {
		return ""
	}
	return suggestedNotice
}

// judge asks package consent about a change.
func (r *Run) judge(a action.Action) (consent.Verdict, string) {
	change := consent.Change{Kind: consent.Kind(a.Type), Table: a.Table, New: r.namedPeople(a.Data),
		Self: r.PersonNames()}
	switch {
	case a.Type != action.Create && a.Table != "":
		change.Row = r.describeChanged(a)
	case a.Table == "emails":
		if thread, ok := a.Data["threadId"].(string); ok {
			change.Row = r.describeThread(thread)
		}
	case a.Table == "taskComments":
		id, _ := a.Data["taskId"].(string)
		change.Row = r.Describe("tasks", id)
	}
	verdict, why := r.request().Judge(change)
	if verdict == consent.Refuse && !r.shared.compared {
		asked := r.request().Among(r.rows())
		r.shared.asked, r.shared.compared = &asked, true
		return asked.Judge(change)
	}
	return verdict, why
}

// namedPeople returns the columns with their people as the method named returns them.
func (r *Run) namedPeople(columns map[string]any) map[string]any {
	columns = maps.Clone(columns)
	for _, column := range []string{"to", "attendees"} {
		if people, ok := columns[column].([]string); ok {
			columns[column] = r.named(people)
		}
	}
	if person, ok := columns["assignee"].(string); ok {
		columns["assignee"] = r.named([]string{person})[0]
	}
	return columns
}

var errNotAsked = errors.New("the person did not ask for changes of this kind; choose a plan that changes nothing")

// mayPlan returns an error for the model when the outline changes rows and the person asked for no change of its kind,
// once text that others wrote is in the prompt. It is then counted as dropped.
func (r *Run) mayPlan(o Outline) error {
	act := o.Template.Makes.Action
	if act == "" || !r.shared.foreign || r.request().Asks(consent.Kind(act)) {
		return nil
	}
	r.shared.dropped++
	return errNotAsked
}

// request returns what the person asked for. It is read once; all agents of the request share it.
func (r *Run) request() consent.Request {
	if r.shared.asked == nil {
		turns := make([]consent.Turn, 0, len(r.shared.history))
		for _, t := range r.shared.history {
			turns = append(turns, consent.Turn{Role: t.Role, Content: t.Content})
		}
		asked := consent.Read(r.shared.message, turns, r.Context.LocalNow())
		r.shared.asked = &asked
	}
	return *r.shared.asked
}

// NoteTitle notes a title that a change gets, as the model wrote it and as the change has it.
func (r *Run) NoteTitle(written, kept string) {
	r.shared.titles = append(r.shared.titles, written)
	r.shared.tidied = r.shared.tidied || written != kept
}

// TidiedTitles returns the titles that changes get, as the model wrote them, or nil if all were kept as they are. The
// leak filter needs them: a rail fence cannot be found without the white space that titles lose.
func (r *Run) TidiedTitles() []string {
	if !r.shared.tidied {
		return nil
	}
	return r.shared.titles
}
