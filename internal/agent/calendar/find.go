package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// maxStarts limits the starts that an error names.
const maxStarts = 10

// find returns the event with that id. Events of a series may share an id: then start, a local time or a day, says
// which one is meant. The error names the starts to choose from; argument is where the model gives one.
func (l spanList) find(c agent.Context, id, start, argument string) (span, error) {
	same := l.byID[id]
	if len(same) == 0 {
		return span{}, fmt.Errorf("there is no event with id %q and readable times in this request",
			agent.Truncate(id, 80))
	}
	if !l.isShared(id) {
		return l.spans[same[0]], nil
	}
	if start == "" {
		return span{}, fmt.Errorf("several events have the id %q; say in %s which one you mean: %s",
			agent.Truncate(id, 80), argument, l.startsOf(c, same))
	}
	found, err := l.startingAt(c, same, start)
	if err != nil {
		return span{}, fmt.Errorf("%s: %w", argument, err)
	}
	if len(found) == 0 {
		return span{}, fmt.Errorf("%s: no event with the id %q starts then; they start at %s", argument,
			agent.Truncate(id, 80), l.startsOf(c, same))
	}
	if first, last := l.spans[found[0]], l.spans[found[len(found)-1]]; !first.start.Equal(last.start) {
		return span{}, fmt.Errorf("%s: several events with the id %q start then: %s", argument, agent.Truncate(id, 80),
			l.startsOf(c, found))
	}
	return l.spans[found[0]], nil
}

// isShared reports whether events with different starts have that id. A row that was sent twice is one event.
func (l spanList) isShared(id string) bool {
	same := l.byID[id]
	return len(same) > 1 && !l.spans[same[0]].start.Equal(l.spans[same[len(same)-1]].start)
}

// isSame reports whether the two are one event, perhaps sent twice.
func (s span) isSame(t span) bool {
	return s.number == t.number || s.ID != "" && s.ID == t.ID && s.Event.Start == t.Event.Start
}

// startingAt returns those of the events that start at a local time or on a day.
func (l spanList) startingAt(c agent.Context, same []int, text string) (found []int, err error) {
	date, err := c.ParseDate(text)
	if err != nil {
		return nil, err
	}
	from, to := date.Start, date.End()
	if !date.WholeDay {
		to = from.Add(time.Minute - 1) // models leave out the seconds
	}
	first := sort.Search(len(same), func(k int) bool { return !l.spans[same[k]].start.Before(from) })
	last := sort.Search(len(same), func(k int) bool { return l.spans[same[k]].start.After(to) })
	return same[first:max(first, last)], nil
}

// startsOf returns the starts of the events in words, those closest to now when there are many.
func (l spanList) startsOf(c agent.Context, same []int) string {
	var starts []time.Time
	texts := map[time.Time]string{}
	for _, i := range same {
		s := l.spans[i]
		if len(starts) == 0 || !starts[len(starts)-1].Equal(s.start) {
			starts = append(starts, s.start)
			texts[s.start] = s.startText()
		}
	}
	all := len(starts)
	slices.SortStableFunc(starts, func(a, b time.Time) int {
		return cmp.Compare(a.Sub(c.Now).Abs(), b.Sub(c.Now).Abs())
	})
	starts = starts[:min(all, maxStarts)]
	slices.SortFunc(starts, time.Time.Compare)
	var list []string
	for _, start := range starts {
		list = append(list, texts[start])
	}
	if hidden := all - len(list); hidden > 0 {
		list = append(list, fmt.Sprintf("and %d more", hidden))
	}
	return strings.Join(list, ", ")
}
