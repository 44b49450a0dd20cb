package workspace

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

// checkParent returns an error when the client r would be above itself.
func (w *workspace) checkParent(ctx context.Context, run *agent.Run, r ref, parent string) error {
	byID, err := w.positions(ctx, run, r.table)
	if err != nil {
		return err
	}
	if parent == r.id(run.Context) {
		return errors.New("a client cannot be its own parent")
	}
	seen := map[string]bool{}
	for at := parent; at != "" && !seen[at] && len(byID[at]) > 0; {
		if err := run.Work(ctx, 1); err != nil {
			return err
		}
		seen[at] = true
		above := ref{r.table, byID[at][0]}
		at, _ = above.current(run, r.column("parentId")).(string)
		if at == r.id(run.Context) {
			return fmt.Errorf("%q is below this client, so it cannot be its parent",
				ref{r.table, byID[parent][0]}.heading(run.Context))
		}
	}
	return nil
}

// current returns the value of a column after the actions of the answer so far, so that one change does not undo
// another. Proposals do not count: the person may not accept them.
func (r ref) current(run *agent.Run, column int) any {
	id, name := r.id(run.Context), r.columns[column].Name
	for _, a := range slices.Backward(run.Actions()) {
		start, one := a.Data["originalStart"]
		if a.Type != action.Update || a.Table != r.name || a.Data["id"] != id ||
			one && start != r.at(run.Context, r.row, "start") {
			continue
		}
		if value, ok := a.Data[name]; ok {
			return value
		}
	}
	return r.value(run.Context, r.row, column)
}

// currentEvent returns the event with the times that it has after the actions of the answer so far.
func (r ref) currentEvent(run *agent.Run) agent.Event {
	e := run.Context.Events[r.row]
	e.Start, _ = r.current(run, r.column("start")).(int64)
	e.End, _ = r.current(run, r.column("end")).(int64)
	e.AllDay, _ = r.current(run, r.column("allDay")).(bool)
	return e
}

// same reports whether a column has the value already. Clearing what is empty changes nothing.
func same(old, value any) bool {
	if value == nil {
		list, isList := old.([]string)
		return old == nil || isList && len(list) == 0 || reflect.ValueOf(old).IsZero()
	}
	if list, ok := value.([]string); ok {
		texts, _ := old.([]string)
		return slices.Equal(texts, list)
	}
	return old == value
}
