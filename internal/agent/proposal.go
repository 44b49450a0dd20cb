package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/consent"
)

// Limits on the changes of one answer.
const (
	MaxActions = 50 // actions, and as many proposals
	MaxDeletes = 10 // rows that actions and proposals delete
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
// to such a row, or that exceeds MaxActions or MaxDeletes. The error tells the model what to correct.
func (r *Run) Propose(a action.Action) error {
	checked, err := a.Check()
	if err == nil {
		err = r.checkRefs(checked)
	}
	if err == nil {
		err = r.checkRoom(checked)
	}
	verdict := consent.Act
	if err == nil && r.shared.foreign {
		var why string
		if verdict, why = r.judge(checked); verdict == consent.Refuse {
			err = errors.New(why)
		}
	}
	switch {
	case err != nil:
		r.shared.dropped++
		return err
	case verdict == consent.Propose:
		r.shared.proposals = append(r.shared.proposals, Proposal{Action: checked})
	default:
		r.shared.actions = append(r.shared.actions, checked)
	}
	return nil
}

// checkRoom returns an error when the answer has no room for the change.
func (r *Run) checkRoom(a action.Action) error {
	if len(r.shared.actions) >= MaxActions || len(r.shared.proposals) >= MaxActions {
		return fmt.Errorf("an answer has at most %d changes", MaxActions)
	}
	if a.Type == action.Delete {
		if r.shared.deletes >= MaxDeletes {
			return fmt.Errorf("an answer deletes at most %d rows; tell the person which are left", MaxDeletes)
		}
		r.shared.deletes++
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
			id, _ := a.Data["id"].(string)
			titles = append(titles, r.Describe(a.Table, id).Title)
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
	change := consent.Change{Kind: consent.Kind(a.Type), Table: a.Table, New: a.Data}
	switch {
	case a.Type != action.Create && a.Table != "":
		id, _ := a.Data["id"].(string)
		change.Row = r.Describe(a.Table, id)
	case a.Table == "emails":
		if thread, ok := a.Data["threadId"].(string); ok {
			change.Row = r.describeThread(thread)
		}
	case a.Table == "taskComments":
		id, _ := a.Data["taskId"].(string)
		change.Row = r.Describe("tasks", id)
	}
	return r.request().Judge(change)
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
