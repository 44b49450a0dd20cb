package eval

import (
	"fmt"
	"io"
	"path/filepath"
)

// Comparison is what two runs have in common and where they differ.
type Comparison struct {
	Both Rate // of the first run, of the scenarios that both played
	Then Rate // of the second
	// Better and Worse are the results in the second run of the scenarios that only it, or only the first, got right.
	Better, Worse []Result
	OnlyFirst     int // scenarios that only the first run played
	OnlySecond    int
	Changed       int  // that expect something else in the second run; they do not count
	Routing       bool // only whether the right agents answered counts, because a run asked the router alone
}

// Compare compares the scenarios that both runs played, with the same expectations.
func Compare(first, second Report) Comparison {
	same, routing := RoutingOf(first, second)
	first, second = same[0], same[1]
	c := Comparison{Routing: routing}
	before := make(map[string]Result, len(first.Scenarios))
	for _, one := range first.Scenarios {
		before[one.ID] = one
	}
	for _, now := range second.Scenarios {
		old, ok := before[now.ID]
		delete(before, now.ID)
		switch {
		case !ok:
			c.OnlySecond++
			continue
		case old.Expectation != now.Expectation:
			c.Changed++
			continue
		}
		c.Both, c.Then = c.Both.with(old.Right), c.Then.with(now.Right)
		switch {
		case now.Right && !old.Right:
			c.Better = append(c.Better, now)
		case old.Right && !now.Right:
			c.Worse = append(c.Worse, now)
		}
	}
	c.OnlyFirst = len(before)
	return c
}

// with returns the rate after one more.
func (r Rate) with(right bool) Rate {
	r.All++
	if right {
		r.Right++
	}
	return r
}

// Label names a run in comparisons and plots: its file, the provider and the model.
func Label(path string, r Report) string {
	return fmt.Sprintf("%s (%s, %s)", filepath.Base(path), r.Provider, r.Model)
}

// Print writes the comparison for people. first and second name the runs.
func (c Comparison) Print(out io.Writer, first, second string) error {
	p := &printer{out: out}
	for _, list := range []struct {
		title   string
		results []Result
	}{{"Better", c.Better}, {"Worse", c.Worse}} {
		if len(list.results) == 0 {
			continue
		}
		p.printf("%s in the second run: %d\n", list.title, len(list.results))
		for _, r := range list.results {
			p.printf("  %s: %q\n", r.Category, shorten(r.Name))
			for _, wrong := range r.Wrong {
				p.printf("      %s\n", shorten(wrong))
			}
		}
		p.printf("\n")
	}
	what := ""
	if c.Routing {
		what = ", of which only the routing counts"
	}
	p.printf("Scenarios of both runs: %d%s\n", c.Both.All, what)
	if c.OnlyFirst+c.OnlySecond+c.Changed > 0 {
		p.printf("Left out: %d of the first run only, %d of the second only, %d whose expectations differ\n",
			c.OnlyFirst, c.OnlySecond, c.Changed)
	}
	for _, run := range []struct {
		name string
		rate Rate
	}{{first, c.Both}, {second, c.Then}} {
		low, high := run.rate.Wilson()
		p.printf("  %s: %d right, %s (%s – %s)\n", run.name, run.rate.Right, percent(run.rate.Share()), percent(low),
			percent(high))
	}
	p.printf("%s\n", c.verdict())
	return p.err
}

// verdict says in a sentence or two what the paired test shows.
func (c Comparison) verdict() string {
	better, worse := len(c.Better), len(c.Worse)
	if c.Both.All == 0 {
		return "The runs have no scenario in common."
	}
	value := McNemar(better, worse)
	text := fmt.Sprintf("%d better, %d worse; McNemar's exact test, two-sided: p = %.3g. ", better, worse, value)
	switch {
	case value >= significant:
		return text + "This is no evidence of a difference."
	case better > worse:
		return text + "The second run is better."
	}
	return text + "The second run is worse."
}

// significant is the p-value below which a difference counts.
const significant = 0.05
