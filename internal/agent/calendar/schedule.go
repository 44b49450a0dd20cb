package calendar

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// schedule finds the conflicts between spans and counts them without comparing every pair: ten thousand events at one
// time have fifty million conflicts. Positions are indexes in spans, which are sorted by start.
type schedule struct {
	spans      []span
	travel     time.Duration
	start, end []int64 // of the spans, in milliseconds
	timed      []int   // the positions of spans that block time, which all-day events do not
	placed     []int   // of timed, the positions of those in a place
	rank       []int   // for each span, its index in timed
	placedRank []int   // for each span, its index in placed
	elsewhere  []int   // for each of placed, the index in placed of the next one in another place
	twin       []int   // for each span, the position of the next one with the same title and times, or -1
	places     map[string][]int
}

func newSchedule(ctx context.Context, run *agent.Run, spans []span, travel time.Duration) (*schedule, error) {
	n := len(spans)
	if err := run.WorkOnSort(ctx, n); err != nil {
		return nil, err
	}
	s := &schedule{spans: spans, travel: travel, start: make([]int64, n), end: make([]int64, n), rank: make([]int, n),
		placedRank: make([]int, n), twin: make([]int, n), places: map[string][]int{}}
	twins := map[twinKey]int{}
	for i, a := range spans {
		s.start[i], s.end[i], s.twin[i] = a.start.UnixMilli(), a.end.UnixMilli(), -1
		if key := s.twinKey(i); a.title != "" {
			if last, ok := twins[key]; ok {
				s.twin[last] = i
			}
			twins[key] = i
		}
		if a.allDay {
			continue
		}
		s.rank[i] = len(s.timed)
		s.timed = append(s.timed, i)
		if a.place != "" {
			s.placedRank[i] = len(s.placed)
			s.placed = append(s.placed, i)
			s.places[a.place] = append(s.places[a.place], i)
		}
	}
	s.elsewhere = make([]int, len(s.placed))
	for k := len(s.placed) - 1; k >= 0; k-- {
		s.elsewhere[k] = k + 1
		if k+1 < len(s.placed) && spans[s.placed[k]].place == spans[s.placed[k+1]].place {
			s.elsewhere[k] = s.elsewhere[k+1]
		}
	}
	return s, nil
}

// twinKey is what duplicates have in common. In a count of other pairs, place narrows it.
type twinKey struct {
	start, end   int64
	title, place string
}

func (s *schedule) twinKey(i int) twinKey {
	return twinKey{start: s.start[i], end: s.end[i], title: s.spans[i].title}
}

// conflicts returns the first limit pairs in conflict, in the order of their starts.
func (s *schedule) conflicts(limit int) (pairs [][2]int) {
	for i := range s.spans {
		for _, j := range s.partners(i, limit-len(pairs)) {
			pairs = append(pairs, [2]int{i, j})
		}
		if len(pairs) >= limit {
			break
		}
	}
	return pairs
}

// partners returns the first limit later spans that are in conflict with the one at i, in order.
func (s *schedule) partners(i, limit int) (list []int) {
	for j := s.twin[i]; j >= 0 && len(list) < limit; j = s.twin[j] {
		list = append(list, j)
	}
	if s.spans[i].allDay {
		return list
	}
	for k := s.rank[i] + 1; k < min(len(s.timed), s.rank[i]+1+limit) && s.start[s.timed[k]] < s.end[i]; k++ {
		list = append(list, s.timed[k])
	}
	if place := s.spans[i].place; place != "" {
		from, to := s.window(i, s.placed, s.placedRank[i])
		for k, found := from, 0; k < to && found < limit; {
			if s.spans[s.placed[k]].place == place {
				k = s.elsewhere[k]
				continue
			}
			list = append(list, s.placed[k])
			found, k = found+1, k+1
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	return list[:min(len(list), limit)]
}

// window returns the range of positions, sorted by start, whose spans begin after the one at i ended but sooner than it
// takes to travel. rank is where i itself is among the positions.
func (s *schedule) window(i int, positions []int, rank int) (from, to int) {
	from = s.firstFrom(positions, s.end[i])
	to = s.firstFrom(positions, s.end[i]+s.travel.Milliseconds())
	return max(from, rank+1), to
}

// firstFrom returns the index of the first position whose span begins at that time or later.
func (s *schedule) firstFrom(positions []int, at int64) int {
	return sort.Search(len(positions), func(k int) bool { return s.start[positions[k]] >= at })
}

// total returns the number of all conflicts: duplicates, and the pairs that overlap or leave too little time to travel
// and are no duplicates.
func (s *schedule) total() int {
	return s.duplicates() + s.overlaps() + s.travels()
}

func (s *schedule) duplicates() int {
	return s.pairs(func(i int) (twinKey, bool) { return s.twinKey(i), s.spans[i].title != "" })
}

func (s *schedule) overlaps() int {
	n := 0
	for k, i := range s.timed {
		n += max(0, s.firstFrom(s.timed, s.end[i])-(k+1))
	}
	return n - s.pairs(func(i int) (twinKey, bool) {
		a := s.spans[i]
		return s.twinKey(i), a.title != "" && !a.allDay && s.start[i] < s.end[i]
	})
}

func (s *schedule) travels() int {
	n := 0
	count := func(positions []int, sign int) {
		for k, i := range positions {
			from, to := s.window(i, positions, k)
			n += sign * max(0, to-from)
		}
	}
	count(s.placed, 1)
	for _, positions := range s.places {
		count(positions, -1)
	}
	if s.travel <= 0 {
		return n
	}
	// Only events without length can be duplicates and in the window too.
	moment := func(i int) bool {
		a := s.spans[i]
		return a.title != "" && !a.allDay && a.place != "" && s.start[i] == s.end[i]
	}
	all := s.pairs(func(i int) (twinKey, bool) { return s.twinKey(i), moment(i) })
	inOnePlace := s.pairs(func(i int) (twinKey, bool) {
		key := s.twinKey(i)
		key.place = s.spans[i].place
		return key, moment(i)
	})
	return n - (all - inOnePlace)
}

// pairs returns how many pairs of spans have the same key.
func (s *schedule) pairs(key func(i int) (twinKey, bool)) int {
	counts := map[twinKey]int{}
	n := 0
	for i := range s.spans {
		if k, ok := key(i); ok {
			n += counts[k]
			counts[k]++
		}
	}
	return n
}
