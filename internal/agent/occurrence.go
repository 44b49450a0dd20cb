package agent

import (
	"fmt"

	"github.com/adiuva/cloud-api/internal/action"
)

// addOccurrences finds the events that share an id and have different starts: those of one series.
func (x *rowIndex) addOccurrences(events []Event) {
	x.occurrences = map[string][]int{}
	first := x.tables["events"]
	for i, e := range events {
		if at, ok := first[e.ID]; ok && e.Start != events[at].Start {
			if len(x.occurrences[e.ID]) == 0 {
				x.occurrences[e.ID] = []int{at}
			}
			x.occurrences[e.ID] = append(x.occurrences[e.ID], i)
		}
	}
}

// rowOf returns the position of the row that an action names. It is false when the request has no such row, and when
// the action changes one of the events that share an id and originalStart is not the start of one.
func (r *Run) rowOf(a action.Action) (int, bool) {
	id, _ := a.Data["id"].(string)
	shared := r.index().occurrences[id]
	changes := a.Type == action.Update || a.Type == action.Delete
	if a.Table != "events" || len(shared) == 0 || !changes {
		at, ok := r.index().tables[a.Table][id]
		return at, ok
	}
	for _, at := range shared {
		if a.Data["originalStart"] == r.Context.Events[at].Start {
			return at, true
		}
	}
	return 0, false
}

// checkRow checks that the row which the action changes is in the request.
func (r *Run) checkRow(a action.Action) error {
	id, _ := a.Data["id"].(string)
	if _, ok := r.rowOf(a); ok {
		return nil
	}
	if !r.index().has(a.Table, id) {
		return fmt.Errorf("there is no %s row with id %q in this request", a.Table, id)
	}
	return fmt.Errorf("several events have the id %q; say by its start which one you mean", Truncate(id, maxNameText))
}
