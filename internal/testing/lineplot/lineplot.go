// Package lineplot draws measurements as lines in an SVG image, for pages that show what a test measured. Its colours
// follow the reader's light or dark scheme, and are told apart by people who see red and green alike.
package lineplot

import (
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
)

// Plot is an image of lines. Axes begin at 0, unless they are logarithmic.
type Plot struct {
	Title, X, Y string // names of the image and of its axes, with units
	LogX, LogY  bool
	Lines       []Line
}

// Line is a line with its name in the legend.
type Line struct {
	Name   string
	Points []Point
}

// Point is a measurement.
type Point struct{ X, Y float64 }

// Sizes in pixels, and how many lines have a colour.
const (
	width, height          = 760, 400
	left, right, top, foot = 70, 20, 44, 50
	legendWidth            = 190
	maxLines               = 6
)

const style = `<style>
svg { background: #ffffff; color: #1b1f24; font: 12px system-ui, sans-serif; }
text { fill: currentColor; }
.title { font-size: 15px; font-weight: 600; }
.muted { fill: #57606a; }
.grid { stroke: #d0d7de; }
polyline { fill: none; stroke-width: 2; }
.l0 { stroke: #0072b2; } .l1 { stroke: #e69f00; } .l2 { stroke: #009e73; }
.l3 { stroke: #cc79a7; } .l4 { stroke: #888888; } .l5 { stroke: #d55e00; }
circle { fill: #ffffff; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; color: #e6edf3; }
.muted { fill: #9da7b3; }
.grid { stroke: #30363d; }
.l0 { stroke: #4a9fdc; }
circle { fill: #0d1117; }
}
</style>
`

// Draw writes the plot. It fails for a plot without points or with more lines than colours.
func Draw(out io.Writer, p Plot) error {
	x, y := axis{log: p.LogX}, axis{log: p.LogY}
	for _, line := range p.Lines {
		for _, point := range line.Points {
			x.include(point.X)
			y.include(point.Y)
		}
	}
	if len(p.Lines) > maxLines || x.high <= 0 || y.high <= 0 {
		return errors.New("a plot needs points above 0, and at most six lines")
	}
	x.from, x.to = left, width-right-legendWidth
	y.from, y.to = height-foot, top
	d := &drawing{out: out}
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n",
		width, height, width, height)
	d.printf("<title>%s</title>\n%s", html.EscapeString(p.Title), style)
	d.printf(`<text class="title" x="16" y="26">%s</text>`+"\n", html.EscapeString(p.Title))
	d.axes(p, x, y)
	for i, line := range p.Lines {
		d.line(i, line, x, y)
	}
	d.printf("</svg>\n")
	return d.err
}

// axis maps values to pixels.
type axis struct {
	log       bool
	low, high float64 // low is the least value above 0
	from, to  float64 // pixels
}

func (a *axis) include(v float64) {
	if v > 0 && (a.low == 0 || v < a.low) {
		a.low = v
	}
	a.high = max(a.high, v)
}

func (a *axis) at(v float64) float64 {
	share := v / a.top()
	if a.log {
		bottom := math.Log10(a.bottom())
		share = (math.Log10(max(v, a.bottom())) - bottom) / (math.Log10(a.top()) - bottom)
	}
	return a.from + share*(a.to-a.from)
}

// bottom and top are round numbers around all values.
func (a *axis) bottom() float64 { return math.Pow(10, math.Floor(math.Log10(a.low))) }

func (a *axis) top() float64 {
	if a.log {
		return max(math.Pow(10, math.Ceil(math.Log10(a.high))), 10*a.bottom())
	}
	return math.Ceil(a.high/a.step()) * a.step()
}

// step is the distance of two lines of the grid.
func (a *axis) step() float64 {
	power := math.Pow(10, math.Floor(math.Log10(a.high)))
	for _, part := range []float64{.2, .5, 1, 2} {
		if a.high/(part*power) <= 5 {
			return part * power
		}
	}
	return 2 * power
}

func (a *axis) ticks() (values []float64) {
	if a.log {
		for v := a.bottom(); v <= a.top()*1.001; v *= 10 {
			values = append(values, v)
		}
		return values
	}
	for v := 0.0; v <= a.top()*1.001; v += a.step() {
		values = append(values, v)
	}
	return values
}

type drawing struct {
	out io.Writer
	err error
}

func (d *drawing) printf(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.out, format, args...)
	}
}

func (d *drawing) axes(p Plot, x, y axis) {
	for _, v := range x.ticks() {
		d.printf(`<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", x.at(v), y.from, x.at(v), y.to)
		d.printf(`<text class="muted" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", x.at(v),
			y.from+16, number(v))
	}
	for _, v := range y.ticks() {
		d.printf(`<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", x.from, y.at(v), x.to, y.at(v))
		d.printf(`<text class="muted" x="%.1f" y="%.1f" text-anchor="end">%s</text>`+"\n", x.from-6, y.at(v)+4,
			number(v))
	}
	d.printf(`<text class="muted" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", (x.from+x.to)/2, height-12,
		html.EscapeString(p.X))
	d.printf(`<text class="muted" transform="translate(16 %.1f) rotate(-90)" text-anchor="middle">%s</text>`+"\n",
		(y.from+y.to)/2, html.EscapeString(p.Y))
}

func (d *drawing) line(i int, line Line, x, y axis) {
	d.printf(`<polyline class="l%d" points="`, i)
	for _, p := range line.Points {
		d.printf("%.1f,%.1f ", x.at(p.X), y.at(p.Y))
	}
	d.printf("\"/>\n")
	for _, p := range line.Points {
		d.printf(`<circle class="l%d" cx="%.1f" cy="%.1f" r="3"><title>%s: %s, %s</title></circle>`+"\n", i, x.at(p.X),
			y.at(p.Y), html.EscapeString(line.Name), number(p.X), number(p.Y))
	}
	at, row := width-legendWidth, top+8+20*i
	d.printf(`<polyline class="l%d" points="%d,%d %d,%d"/>`, i, at, row, at+18, row)
	d.printf(`<text x="%d" y="%d">%s</text>`+"\n", at+26, row+4, html.EscapeString(line.Name))
}

// number writes a value with three digits.
func number(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
