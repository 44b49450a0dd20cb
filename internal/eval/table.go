package eval

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxShown limits how much of an answer, or of a list of calls, is shown; JSON has all of it.
const maxShown = 240

// Print writes the report for people: what went wrong, the table by category, tokens and latency.
func (r Report) Print(out io.Writer) error {
	p := &printer{out: out}
	for _, one := range r.Scenarios {
		if !one.Right {
			p.failure(one)
		}
	}
	p.table(r)
	p.usage(r)
	if r.Stopped != "" {
		p.printf("\nStopped after %d of %d scenarios: %s\n", len(r.Scenarios), r.Planned, r.Stopped)
	}
	return p.err
}

// printer keeps the first error of its writes.
type printer struct {
	out io.Writer
	err error
}

func (p *printer) printf(layout string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, layout, args...)
	}
}

func (p *printer) failure(r Result) {
	p.printf("%s:%d: %q\n", r.File, r.Line, shorten(r.Name))
	if r.Gap != "" {
		p.printf("    known: %s\n", r.Gap)
	}
	for _, wrong := range r.Wrong {
		p.printf("    %s\n", shorten(wrong))
	}
	for i, t := range r.Turns {
		came := t.came()
		if len(r.Turns) > 1 {
			came = fmt.Sprintf("turn %d: %s", i+1, came)
		}
		p.printf("    came: %s\n", came)
	}
	p.printf("\n")
}

// came describes in a line what came of the turn.
func (t Turn) came() string {
	if t.Error != "" {
		return shorten(t.Error)
	}
	parts := []string{strings.Join(t.Agents, ", ")}
	var calls []string
	for _, c := range t.Calls {
		calls = append(calls, c.Tool+" "+c.Arguments)
	}
	for name, list := range map[string][]string{"calls": calls, "actions": t.Actions, "proposals": t.Proposals,
		"steps": t.Steps} {
		if len(list) > 0 {
			parts = append(parts, name+" "+shorten(strings.Join(list, ", ")))
		}
	}
	slices.Sort(parts[1:])
	text := fmt.Sprintf("%q", shorten(t.Text))
	if t.Replaced {
		text = "the leak filter replaced the answer"
	}
	return strings.Join(append(parts, text), "; ")
}

// shorten returns the beginning of a text, in one line and without control characters.
func shorten(text string) string {
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)), " ")
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown]) + " …"
	}
	return text
}

// all is the name of the row for all categories together.
const all = "all"

// byCategory returns the categories in order and how many scenarios of each are right.
func (r Report) byCategory() (names []string, right map[string]Rate) {
	right = map[string]Rate{}
	for _, one := range r.Scenarios {
		right[one.Category] = right[one.Category].with(one.Right)
	}
	return slices.Sorted(maps.Keys(right)), right
}

func (p *printer) table(r Report) {
	names, right := r.byCategory()
	width := len("CATEGORY")
	for _, name := range names {
		width = max(width, utf8.RuneCountInString(name))
	}
	p.printf("%-*s %9s %6s %6s %15s", width, "CATEGORY", "SCENARIOS", "RIGHT", "RATE", "95 % INTERVAL")
	if !r.Routing {
		p.printf(" %6s %6s", "RESULT", "ROUTED")
	}
	p.printf("\n")
	for _, name := range append(names, all) {
		rate := right[name]
		if name == all {
			rate = r.Rate()
		}
		low, high := rate.Wilson()
		p.printf("%-*s %9d %6d %6s %7s – %-5s", width, name, rate.All, rate.Right, percent(rate.Share()),
			percent(low), percent(high))
		if !r.Routing {
			p.printf(" %6d %6d", r.count(name, func(one Result) bool { return one.Result }),
				r.count(name, func(one Result) bool { return one.Routed }))
		}
		p.printf("\n")
	}
}

// count returns for how many scenarios of the category is is true.
func (r Report) count(category string, is func(Result) bool) (n int) {
	for _, one := range r.Scenarios {
		if (category == all || one.Category == category) && is(one) {
			n++
		}
	}
	return n
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// usage writes the tokens and the latency.
func (p *printer) usage(r Report) {
	var input, output int64
	var times []time.Duration
	calls, estimated := 0, ""
	for _, one := range r.Scenarios {
		for _, t := range one.Turns {
			input, output, calls = input+t.InputTokens, output+t.OutputTokens, calls+t.ModelCalls
			if t.Estimated {
				estimated = ", in part estimated"
			}
			if t.Error == "" {
				times = append(times, time.Duration(t.Millis)*time.Millisecond)
			}
		}
	}
	replayed := ""
	if r.Replayed {
		replayed = ", replayed from a recording"
	}
	p.printf("\nModel: %s, %s for agents, %s for the router%s\n", r.Provider, r.Model, r.Router, replayed)
	p.printf("Tokens: %d in, %d out, in %d calls of the model%s\n", input, output, calls, estimated)
	if !r.Replayed {
		p.printf("Latency of an answer: median %s, 95 %% within %s\n", quantile(times, 0.5), quantile(times, 0.95))
	}
}
