package chaos_test

import (
	"fmt"
	"html"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// series is a measure over time.
type series struct {
	name  string
	unit  string
	floor float64 // a growth that means nothing
	times []float64
	value []float64 // at times, which are seconds
}

func (s *series) add(at, value float64) {
	s.times, s.value = append(s.times, at), append(s.value, value)
}

// warmUp is the part of a run at whose beginning caches and pools fill.
const warmUp = 0.3

// mostGrowth is how much of its median a measure may grow by, from the end of the warm-up to the end of the run.
const mostGrowth = 0.25

// settled returns the series without its warm-up.
func (s *series) settled() (times, values []float64) {
	if len(s.times) == 0 {
		return nil, nil
	}
	first, last := s.times[0], s.times[len(s.times)-1]
	begin, _ := slices.BinarySearch(s.times, first+(last-first)*warmUp)
	return s.times[begin:], s.value[begin:]
}

// growth returns how much the measure grew after the warm-up, by the Theil-Sen estimate of its slope, and whether that
// is a trend: more than the floor and more than mostGrowth of the median.
func (s *series) growth() (grown float64, trend bool) {
	times, values := s.settled()
	if len(times) < 3 {
		return 0, false
	}
	grown = theilSen(times, values) * (times[len(times)-1] - times[0])
	return grown, grown > s.floor && grown > mostGrowth*median(slices.Clone(values))
}

// theilSen returns the median of the slopes between all pairs of points. Up to 29 % of the points may be outliers.
func theilSen(x, y []float64) float64 {
	var slopes []float64
	for i := range x {
		for j := range i {
			if x[i] != x[j] {
				slopes = append(slopes, (y[i]-y[j])/(x[i]-x[j]))
			}
		}
	}
	return median(slopes)
}

// median sorts the values and returns the middle one; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// Sizes of a plot, in pixels.
const (
	plotWidth  = 800
	plotHeight = 130 // of each series
	plotMargin = 30
)

// plot returns an SVG image with the series below each other: the points, and after the warm-up the estimated line.
func plot(list []*series) string {
	var b strings.Builder
	height := plotHeight * len(list)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d">`,
		plotWidth, height)
	b.WriteString("<style>svg { background: #ffffff; font: 12px system-ui, sans-serif; } text { fill: #1b1f24; }\n" +
		"polyline { fill: none; stroke: #0072b2; } line { stroke: #d55e00; stroke-width: 2; }\n" +
		".axis { stroke: #d0d7de; }\n" +
		"@media (prefers-color-scheme: dark) { svg { background: #0d1117; } text { fill: #e6edf3; } }</style>\n")
	for i, s := range list {
		s.draw(&b, i*plotHeight)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (s *series) draw(b *strings.Builder, top int) {
	if len(s.times) == 0 {
		return
	}
	high := max(slices.Max(s.value), 1e-9)
	first, last := s.times[0], max(s.times[len(s.times)-1], s.times[0]+1)
	x := func(at float64) float64 { return plotMargin + (at-first)/(last-first)*(plotWidth-2*plotMargin) }
	bottom := float64(top + plotHeight - 12)
	y := func(v float64) float64 { return bottom - v/high*(plotHeight-plotMargin-12) }
	grown, trend := s.growth()
	note := fmt.Sprintf("%s, at most %.4g %s; %+.3g after the warm-up", s.name, high, s.unit, grown)
	if trend {
		note += ": a trend"
	}
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", plotMargin, top+18, html.EscapeString(note))
	fmt.Fprintf(b, `<line class="axis" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/>`+"\n", plotMargin, bottom,
		plotWidth-plotMargin, bottom)
	b.WriteString(`<polyline points="`)
	for i := range s.times {
		fmt.Fprintf(b, "%.1f,%.1f ", x(s.times[i]), y(s.value[i]))
	}
	b.WriteString(`"/>` + "\n")
	if times, values := s.settled(); len(times) > 2 {
		from, to := times[0], times[len(times)-1]
		middle := median(slices.Clone(values))
		fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", x(from), y(middle-grown/2), x(to),
			y(middle+grown/2))
	}
}

func TestTrendIsFoundInNoise(t *testing.T) {
	t.Parallel()
	noise := rand.New(rand.NewPCG(1, 1))
	for name, c := range map[string]struct {
		value func(at float64) float64
		trend bool
	}{
		"level":                {func(float64) float64 { return 100 }, false},
		"a leak":               {func(at float64) float64 { return 100 + at/5 }, true},
		"a leak that is small": {func(at float64) float64 { return 100 + at/50 }, false},
		"a warm-up":            {func(at float64) float64 { return 200 * min(1, at/150) }, false},
		"growing peaks": {func(at float64) float64 {
			return 100 + 900*math.Floor(math.Mod(at, 50)/45)*at/600
		}, false},
		"falling": {func(at float64) float64 { return 300 - at/5 }, false},
	} {
		s := &series{name: name, floor: 10}
		for at := 0.0; at <= 600; at += 5 {
			s.add(at, c.value(at)+5*noise.NormFloat64())
		}
		if grown, trend := s.growth(); trend != c.trend {
			t.Errorf("%s: grown by %.1f, trend %v", name, grown, trend)
		}
	}
}

func TestTrendBelowTheFloorIsNone(t *testing.T) {
	t.Parallel()
	s := &series{floor: 10}
	for at := range 100 {
		s.add(float64(at), float64(at)/10)
	}
	if grown, trend := s.growth(); trend || math.Abs(grown-6.9) > 0.5 {
		t.Errorf("grown by %v, trend %v", grown, trend)
	}
	if grown, trend := (&series{}).growth(); grown != 0 || trend {
		t.Error("no points have a trend")
	}
}

func TestTheilSenIgnoresOutliers(t *testing.T) {
	t.Parallel()
	var x, y []float64
	for i := range 100 {
		x, y = append(x, float64(i)), append(y, 2*float64(i))
		if i%4 == 0 {
			y[i] = 10_000
		}
	}
	if slope := theilSen(x, y); math.Abs(slope-2) > 0.2 {
		t.Errorf("slope %v, want 2", slope)
	}
}

func TestPlotHasEverySeries(t *testing.T) {
	t.Parallel()
	a, b := &series{name: "memory & more", unit: "MB"}, &series{name: "goroutines"}
	for at := range 10 {
		a.add(float64(at), float64(at))
		b.add(float64(at), 5)
	}
	image := plot([]*series{a, b, {name: "nothing yet"}})
	for _, part := range []string{"memory &amp; more", "goroutines", "<polyline", "</svg>", "a trend"} {
		if !strings.Contains(image, part) {
			t.Errorf("%q is missing in %s", part, image)
		}
	}
}
