package lineplot_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/lineplot"
)

func draw(t *testing.T, p lineplot.Plot) string {
	t.Helper()
	var out bytes.Buffer
	if err := lineplot.Draw(&out, p); err != nil {
		t.Fatal(err)
	}
	for dec := xml.NewDecoder(bytes.NewReader(out.Bytes())); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return out.String()
		} else if err != nil {
			t.Fatalf("not XML: %v", err)
		}
	}
}

func TestPointsLieInsideTheAxes(t *testing.T) {
	t.Parallel()
	line := lineplot.Line{Name: "a < b", Points: []lineplot.Point{{X: 0, Y: 0.5}, {X: 37, Y: 1234}, {X: 999, Y: 7}}}
	for _, log := range []bool{false, true} {
		svg := draw(t, lineplot.Plot{Title: "t & u", LogX: log, LogY: log, Lines: []lineplot.Line{line}})
		circles := regexp.MustCompile(`cx="([\d.-]+)" cy="([\d.-]+)"`).FindAllStringSubmatch(svg, -1)
		if len(circles) != 3 {
			t.Fatalf("%d points, want 3", len(circles))
		}
		for _, c := range circles {
			x, _ := strconv.ParseFloat(c[1], 64)
			y, _ := strconv.ParseFloat(c[2], 64)
			if x < 70 || x > 550 || y < 44 || y > 350 {
				t.Errorf("a point at %v, %v", x, y)
			}
		}
		if !strings.Contains(svg, "a &lt; b") || strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Error("the image has unescaped names or no numbers")
		}
	}
}

func TestAPlotNeedsPoints(t *testing.T) {
	t.Parallel()
	for _, lines := range [][]lineplot.Line{nil, make([]lineplot.Line, 7), {{Points: []lineplot.Point{{}}}}} {
		if lineplot.Draw(io.Discard, lineplot.Plot{Lines: lines}) == nil {
			t.Errorf("%v is drawn", lines)
		}
	}
}
