package calendar

import (
	"context"
	"slices"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// maxResolved limits the conflicts that the facts of a plan step resolve.
const maxResolved = 10

// ConflictFacts returns the facts of templates that move events: the next conflicts, with the event of each that is
// easier to move and free working times for it. The first times of all of them do not collide.
func ConflictFacts() playbook.Facts { return agent.RowFacts("events", conflictFacts) }

// resolution is one conflict with times to which an event of it could move.
type resolution struct {
	Events []string   `json:"events"` // titles
	Kind   string     `json:"kind"`
	Move   string     `json:"id_to_move"`
	Free   []freeTime `json:"free"`
}

type freeTime struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

func conflictFacts(ctx context.Context, run *agent.Run) (string, error) {
	h, err := rescheduleInput{}.workingHours()
	if err != nil {
		return "", err
	}
	list, err := eventSpans(ctx, run)
	if err != nil {
		return "", err
	}
	ahead := slices.DeleteFunc(slices.Clone(list.spans), func(s span) bool { return s.end.Before(run.Context.Now) })
	s, err := newSchedule(ctx, run, ahead, h.travel)
	if err != nil {
		return "", err
	}
	out := struct {
		Total     int          `json:"total"`
		Conflicts []resolution `json:"conflicts"`
	}{s.total(), []resolution{}}
	moved := map[int]bool{}
	now := slices.Clone(ahead) // with the events at the times proposed so far
	for _, pair := range s.conflicts(maxResolved) {
		a, b := ahead[pair[0]], ahead[pair[1]]
		kind := conflictKind(a, b)
		if kind == "duplicate" || moved[pair[0]] || moved[pair[1]] {
			continue
		}
		moving, at := easierToMove(a, b), pair[1]
		if moving.number == a.number {
			at = pair[0]
		}
		found := resolution{Events: []string{agent.Truncate(a.Title, maxName), agent.Truncate(b.Title, maxName)},
			Kind: kind, Move: agent.Truncate(moving.ID, maxName), Free: []freeTime{}}
		slots, err := h.suggest(ctx, run, now, moving, defaultSlots)
		if err != nil {
			return "", err
		}
		for i, free := range slots {
			found.Free = append(found.Free, freeTime{local(free.start), local(free.end)})
			if i == 0 {
				now[at].start, now[at].end, moved[at] = free.start, free.end, true
			}
		}
		out.Conflicts = append(out.Conflicts, found)
	}
	return agent.JSON(out)
}

// local returns a time as the rows of a step have it.
func local(t time.Time) string { return t.Format("2006-01-02T15:04") }
