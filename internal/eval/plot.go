package eval

import (
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"slices"
	"strings"
)

// Limits of a plot.
const (
	MaxPlotted    = 6  // runs
	maxCategories = 60 // rows beside the one for all
)

// Sizes of a plot, in pixels.
const (
	plotWidth   = 800
	labelWidth  = 150 // for the names of the categories
	noteWidth   = 150 // for the numbers at the right
	runHeight   = 18
	rowGap      = 12
	legendLine  = 20
	barHeight   = 10
	titleHeight = 40
)

// Series is a run with its name in the legend.
type Series struct {
	Label  string
	Report Report
}

// Plot writes the rates of the runs by category as an SVG image: a bar per run, with the Wilson interval of 95 %. Its
// colours follow the reader's light or dark scheme. If one of the runs asked the router alone, only routing counts. It
// fails for no runs, more than MaxPlotted, and very many categories.
func Plot(out io.Writer, runs []Series) error {
	p := &plot{printer: printer{out: out}, runs: runs, title: "Scenarios that are right, by category"}
	reports := make([]Report, len(runs))
	for i, run := range runs {
		reports[i] = run.Report
	}
	reports, routing := RoutingOf(reports...)
	if routing {
		p.title = "Scenarios that the right agents answer, by category"
	}
	names := map[string]bool{}
	for _, report := range reports {
		categories, right := report.byCategory()
		for _, name := range categories {
			names[name] = true
		}
		right[all] = report.Rate()
		p.rates = append(p.rates, right)
	}
	switch {
	case len(runs) == 0:
		return errors.New("a plot needs a run")
	case len(runs) > MaxPlotted:
		return fmt.Errorf("a plot has at most %d runs, not %d", MaxPlotted, len(runs))
	case len(names) > maxCategories:
		return fmt.Errorf("a plot has at most %d categories, not %d", maxCategories, len(names))
	}
	delete(names, all)
	p.rows = append(slices.Sorted(maps.Keys(names)), all)
	p.draw()
	return p.err
}

type plot struct {
	printer
	title string
	runs  []Series
	rates []map[string]Rate // of each run, by category
	rows  []string          // categories
}

// style has the colours. Those of the runs are told apart by people who see red and green alike.
const style = `<style>
svg { background: #ffffff; color: #1b1f24; font: 12px system-ui, sans-serif; }
text { fill: currentColor; }
.title { font-size: 15px; font-weight: 600; }
.muted { fill: #57606a; }
.grid { stroke: #d0d7de; }
.whisker { stroke: currentColor; stroke-width: 1.5; fill: none; }
rect { fill-opacity: 0.8; }
.run0 { fill: #0072b2; } .run1 { fill: #e69f00; } .run2 { fill: #009e73; }
.run3 { fill: #cc79a7; } .run4 { fill: #888888; } .run5 { fill: #d55e00; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; color: #e6edf3; }
.muted { fill: #9da7b3; }
.grid { stroke: #30363d; }
.run0 { fill: #4a9fdc; }
rect { fill-opacity: 0.6; }
}
</style>
`

func (p *plot) draw() {
	top := titleHeight + legendLine*len(p.runs) + 14
	row := runHeight*len(p.runs) + rowGap
	bottom := top + row*len(p.rows)
	height := bottom + 44
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n",
		plotWidth, height, plotWidth, height)
	p.printf("<title>%s</title>\n<desc>%s</desc>\n", p.title, html.EscapeString(p.describe()))
	p.printf("%s", style)
	p.printf(`<text class="title" x="16" y="26">%s</text>`+"\n", p.title)
	p.legend()
	for tick := 0; tick <= 100; tick += 25 {
		x := p.x(float64(tick) / 100)
		p.printf(`<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n", x, top-6, x, bottom)
		p.printf(`<text class="muted" x="%.1f" y="%d" text-anchor="middle">%d %%</text>`+"\n", x, bottom+16, tick)
	}
	p.printf(`<text class="muted" x="%.1f" y="%d" text-anchor="middle">lines: Wilson intervals of 95 %%</text>`+"\n",
		p.x(0.5), bottom+34)
	for i, name := range p.rows {
		p.row(name, top+i*row)
	}
	p.printf("</svg>\n")
}

// x returns where a share is.
func (p *plot) x(share float64) float64 {
	return labelWidth + share*(plotWidth-labelWidth-noteWidth)
}

func (p *plot) legend() {
	for i, run := range p.runs {
		y := titleHeight + i*legendLine
		p.printf(`<rect class="run%d" x="16" y="%d" width="14" height="%d" rx="2"/>`, i, y, barHeight)
		p.printf(`<text x="38" y="%d">%s</text>`+"\n", y+barHeight, html.EscapeString(cut(run.Label, 100)))
	}
}

// row draws a category from y downwards.
func (p *plot) row(name string, y int) {
	middle := y + runHeight*len(p.runs)/2
	weight := ""
	if name == all {
		weight = ` font-weight="600"`
	}
	p.printf(`<text x="%d" y="%d" text-anchor="end"%s>%s</text>`+"\n", labelWidth-10, middle+4, weight,
		html.EscapeString(cut(name, 20)))
	for i := range p.runs {
		rate := p.rates[i][name]
		if rate.All == 0 {
			continue
		}
		p.bar(i, rate, y+i*runHeight)
	}
}

// bar draws the rate of a run in a category.
func (p *plot) bar(run int, rate Rate, y int) {
	low, high := rate.Wilson()
	line := y + runHeight/2
	p.printf(`<rect class="run%d" x="%d" y="%d" width="%.1f" height="%d" rx="1"/>`, run, labelWidth,
		line-barHeight/2, p.x(rate.Share())-labelWidth, barHeight)
	p.printf(`<path class="whisker" d="M%.1f %dH%.1fM%.1f %dv8M%.1f %dv8"/>`, p.x(low), line, p.x(high), p.x(low),
		line-4, p.x(high), line-4)
	p.printf(`<text class="muted" x="%d" y="%d">%s, %d of %d</text>`+"\n", plotWidth-noteWidth+14, line+4,
		percent(rate.Share()), rate.Right, rate.All)
}

// describe says in words what the plot shows, for those who cannot see it.
func (p *plot) describe() string {
	var parts []string
	for i, run := range p.runs {
		rate := p.rates[i][all]
		parts = append(parts, fmt.Sprintf("%s: %d of %d", run.Label, rate.Right, rate.All))
	}
	return strings.Join(parts, "; ")
}

// cut returns the beginning of a text that is too long for its place.
func cut(text string, runes int) string {
	if list := []rune(shorten(text)); len(list) > runes {
		return string(list[:runes-1]) + "…"
	}
	return shorten(text)
}
