//go:build linux

package bench_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// results are the figures of a run.
type results struct {
	builds  []build
	figures map[string]map[string][]float64 // by gateway and measure, one for each round
}

func newResults(builds []build) *results {
	return &results{builds: builds, figures: map[string]map[string][]float64{}}
}

func (r *results) add(gateway, what string, figure float64) {
	if r.figures[gateway] == nil {
		r.figures[gateway] = map[string][]float64{}
	}
	r.figures[gateway][what] = append(r.figures[gateway][what], figure)
}

// size adds the size of a binary.
func (r *results) size(b *testing.B, one build) {
	info, err := os.Stat(one.path)
	check(b, err)
	r.add(one.name, "binary", float64(info.Size())/1e6)
}

// row is one line of the table: a figure of ours, what it is compared with, and the goal.
type row struct {
	Title     string  `json:"title"`
	Unit      string  `json:"unit"`
	Ours      float64 `json:"ours"`
	Reference string  `json:"reference,omitempty"`
	Other     float64 `json:"other,omitempty"`
	// Ratio is the median over all rounds, or 0 where the goal is a figure of its own. Low and High are its quartiles.
	Ratio float64 `json:"ratio,omitempty"`
	Low   float64 `json:"low,omitempty"`
	High  float64 `json:"high,omitempty"`
	Goal  string  `json:"goal,omitempty"`
	Met   *bool   `json:"met,omitempty"`

	what, otherWhat, other string
	limit                  float64 // of the ratio, or of the figure where there is no other
	least                  bool    // limit is the least, not the most
}

const µs = "µs CPU"

// rows are the table, in its order.
func rows() []row { return slices.Concat(chatRows(), streamRows(), otherRows()) }

func chatRows() []row {
	const chat = "POST /chat, 3 tasks, "
	return []row{
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "langchaingo", otherWhat: "calls/small",
			limit: .65},
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "bifrost", otherWhat: "calls/small", limit: 1},
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "echofull", otherWhat: "calls/small"},
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "proxy", otherWhat: "calls/small"},
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "nginx", otherWhat: "calls/small"},
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "copy", otherWhat: "calls/small"},
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "bifrost", otherWhat: "calls/same", limit: .25},
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "langchaingo", otherWhat: "calls/same"},
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "echofull", otherWhat: "calls/same"},
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "proxy", otherWhat: "calls/same"},
		{Title: chat + "prose", Unit: µs, what: "chat/3/prose", other: "nginx", otherWhat: "calls/same"},
		{Title: chat + "prose, the model streams", Unit: µs, what: "chat/3/streamed", other: "langchaingo",
			otherWhat: "calls/small"},
		{Title: "POST /chat, 100 tasks, prose", Unit: µs, what: "chat/100/prose", other: "langchaingo",
			otherWhat: "calls/small", limit: 1.5},
		{Title: "POST /chat, 1 MiB of tasks, prose", Unit: µs, what: "chat/1MiB/prose", limit: 12_000},
		{Title: chat + "list", Unit: µs, what: "chat/3/list", other: "langchaingo", otherWhat: "calls/small/list",
			limit: 1.2},
		{Title: chat + "table", Unit: µs, what: "chat/3/table", other: "langchaingo", otherWhat: "calls/small/table",
			limit: 1.2},
		{Title: "of the first row, PostgreSQL besides", Unit: µs, what: "chat/3/prose/postgres"},
	}
}

func streamRows() []row {
	const streamed = "streamed token"
	return []row{
		{Title: streamed, Unit: µs, what: "token", other: "copy", otherWhat: "token", limit: 1.2},
		{Title: streamed, Unit: µs, what: "token", other: "langchaingo", otherWhat: "token", limit: .6},
		{Title: streamed, Unit: µs, what: "token", other: "bifrost", otherWhat: "token", limit: .8},
		{Title: streamed, Unit: µs, what: "token", other: "proxy", otherWhat: "token"},
		{Title: streamed, Unit: µs, what: "token", other: "nginx", otherWhat: "token"},
		{Title: "streams in time on one core", what: "capacity", limit: 700, least: true},
		{Title: "streams in time on one core", what: "capacity", other: "langchaingo", otherWhat: "capacity",
			limit: 1.7, least: true},
		{Title: "streams in time on one core", what: "capacity", other: "bifrost", otherWhat: "capacity", limit: 1.3,
			least: true},
		{Title: "streams in time on one core", what: "capacity", other: "copy", otherWhat: "capacity", limit: .8,
			least: true},
	}
}

func otherRows() []row {
	return []row{
		{Title: "memory of a stream", Unit: "KB", what: "memory", limit: 50},
		{Title: "memory of a stream", Unit: "KB", what: "memory", other: "proxy", otherWhat: "memory", limit: .8},
		{Title: "memory of a stream", Unit: "KB", what: "memory", other: "langchaingo", otherWhat: "memory"},
		{Title: "memory of a stream", Unit: "KB", what: "memory", other: "bifrost", otherWhat: "memory"},
		{Title: "time added to the first text", Unit: "µs", what: "first", other: "proxy", otherWhat: "first",
			limit: 1.3},
		{Title: "time added to the first text", Unit: "µs", what: "first", other: "bifrost", otherWhat: "first",
			limit: .6},
		{Title: "the same with the router's call", Unit: "µs", what: "first/routed", other: "proxy",
			otherWhat: "first"},
		{Title: "GET /auth/me", Unit: µs, what: "me", other: "echo", otherWhat: "me", limit: 1.4},
		{Title: "GET /auth/me", Unit: µs, what: "me", other: "echofull", otherWhat: "me", limit: .7},
		{Title: "memory when idle", Unit: "MB", what: "idle", limit: 50},
		{Title: "binary", Unit: "MB", what: "binary"},
	}
}

// describe names the other side of a row.
func (w row) describe() string {
	switch {
	case w.otherWhat == "calls/same":
		return w.other + " with the same two requests"
	case strings.HasPrefix(w.otherWhat, "calls/"):
		return "2 × " + w.other
	}
	return w.other
}

// fill computes the row for a build, and reports whether there is anything to show.
func (r *results) fill(w *row, build string) bool {
	ours, theirs := r.figures[build][w.what], r.figures[w.other][w.otherWhat]
	if len(ours) == 0 || w.other != "" && len(theirs) == 0 {
		return false
	}
	w.Ours = median(ours)
	compared := w.Ours
	if w.other != "" {
		w.Reference, w.Other = w.describe(), median(theirs)
		list := ratios(ours, theirs)
		if len(list) == 0 {
			return true
		}
		w.Low, w.Ratio, w.High = list[len(list)/4], median(list), list[len(list)*3/4]
		compared = w.Ratio
	}
	if w.limit > 0 {
		sign, met := "≤", compared <= w.limit
		if w.least {
			sign, met = "≥", compared >= w.limit
		}
		w.Goal, w.Met = fmt.Sprintf("%s %g", sign, w.limit), &met
	}
	return true
}

// ratios returns the sorted ratios of the rounds in which there is something to compare with.
func ratios(a, b []float64) (list []float64) {
	for i := range min(len(a), len(b)) {
		if b[i] != 0 {
			list = append(list, a[i]/b[i])
		}
	}
	slices.Sort(list)
	return list
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// spread is how far the quartiles of a list are apart.
func spread(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)*3/4] - sorted[len(sorted)/4]
}

// growths are measures whose cost beyond that of a small request must grow no faster than the request.
var growths = []struct {
	title, base, small, large string
	smallCount, largeCount    float64
}{
	{"a task among 4,600, beside one among 100", "chat/3/prose",
		"chat/100/prose", "chat/1MiB/prose", 97, megabyteTasks - 3},
	{"a turn among 200, beside one among 20", "chat/3/prose", "chat/20turns", "chat/200turns", 20, 200},
}

const growthLimit = 1.2

// growth returns the rows of growths.
func (r *results) growth(build string) (list []row) {
	for _, g := range growths {
		base, small, large := r.figures[build][g.base], r.figures[build][g.small], r.figures[build][g.large]
		if len(base) == 0 || len(small) == 0 || len(large) == 0 {
			continue
		}
		each := func(figures []float64, count float64) (list []float64) {
			for i, figure := range figures {
				list = append(list, max(figure-base[i], 0.001)/count)
			}
			return list
		}
		few, many := each(small, g.smallCount), each(large, g.largeCount)
		if median(few)*g.smallCount < spread(base) { // too little to be told from the noise of a request
			continue
		}
		grown := ratios(many, few)
		met := median(grown) <= growthLimit
		list = append(list, row{Title: g.title, Unit: "µs CPU", Ours: median(many),
			Reference: "itself", Other: median(few),
			Low: grown[len(grown)/4], Ratio: median(grown), High: grown[len(grown)*3/4],
			Goal: fmt.Sprintf("≤ %g", growthLimit), Met: &met})
	}
	return list
}

// report prints the table and writes BENCH_JSON, if that is set.
func (r *results) report(b *testing.B) {
	var table []row
	for _, w := range rows() {
		if r.fill(&w, r.builds[0].name) {
			table = append(table, w)
		}
	}
	table = append(table, r.growth(r.builds[0].name)...)
	fmt.Println()
	missed := 0
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintf(out, "| Measure\t| Ours\t| Beside\t| Theirs\t| Ratio (quartiles)\t| Goal\t| Met\t|\n")
	fmt.Fprintf(out, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|\n")
	for _, w := range table {
		other, ratio, met := "–", "–", "–"
		if w.Reference != "" {
			other = number(w.Other)
			ratio = fmt.Sprintf("%.2f (%.2f–%.2f)", w.Ratio, w.Low, w.High)
		}
		if w.Met != nil {
			met = "yes"
			if !*w.Met {
				met = "**no**"
				missed++
			}
		}
		fmt.Fprintf(out, "| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n", w.Title,
			strings.TrimSpace(number(w.Ours)+" "+w.Unit), dash(w.Reference), other, ratio, dash(w.Goal), met)
	}
	check(b, out.Flush())
	fmt.Printf("\n%d goals missed\n", missed)
	r.compareBuilds()
	if path := os.Getenv("BENCH_JSON"); path != "" {
		text, err := json.MarshalIndent(map[string]any{"rows": table, "figures": r.figures}, "", "\t")
		check(b, err)
		check(b, os.WriteFile(path, append(text, '\n'), 0o644))
	}
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// number is x with three digits that count.
func number(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// compareBuilds prints every measure of the builds beside that of the first.
func (r *results) compareBuilds() {
	if len(r.builds) < 2 {
		return
	}
	first := r.builds[0].name
	fmt.Printf("\nRatios to %s\n\n", first)
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	var names []string
	for what := range r.figures[first] {
		names = append(names, what)
	}
	slices.Sort(names)
	for _, what := range names {
		fmt.Fprintf(out, "%s\t%s", what, number(median(r.figures[first][what])))
		for _, build := range r.builds[1:] {
			if figures := r.figures[build.name][what]; len(figures) > 0 {
				list := ratios(figures, r.figures[first][what])
				fmt.Fprintf(out, "\t%s %s × %.3f (%.3f–%.3f)", build.name, number(median(figures)), median(list),
					list[len(list)/4], list[len(list)*3/4])
			}
		}
		fmt.Fprintln(out)
	}
	_ = out.Flush()
}
