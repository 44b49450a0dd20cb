package eval_test

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/eval"
)

// TestWilson compares with the shares at which the score test is just significant, found by bisection.
func TestWilson(t *testing.T) {
	t.Parallel()
	for rate, want := range map[eval.Rate][2]float64{
		{Right: 0, All: 0}:    {0, 1},
		{Right: 0, All: 10}:   {0, 0.27753},
		{Right: 5, All: 10}:   {0.23659, 0.76341},
		{Right: 10, All: 10}:  {0.72247, 1},
		{Right: 81, All: 263}: {0.25529, 0.36621},
	} {
		low, high := rate.Wilson()
		if math.Abs(low-want[0]) > 5e-5 || math.Abs(high-want[1]) > 5e-5 {
			t.Errorf("%+v: %.5f to %.5f, not %.5f to %.5f", rate, low, high, want[0], want[1])
		}
	}
}

// TestMcNemar compares with sums of binomials in exact fractions.
func TestMcNemar(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]int]float64{
		{0, 0}: 1, {1, 1}: 1, {5, 5}: 1, {0, 5}: 0.0625, {5, 0}: 0.0625, {1, 9}: 0.021484375, {12, 3}: 0.03515625,
		{600, 400}: 2.728464e-10,
	} {
		if got := eval.McNemar(pair[0], pair[1]); math.Abs(got-want) > 0.005*want {
			t.Errorf("%v: %g, not %g", pair, got, want)
		}
	}
}

func TestCompareTellsTwoRunsApart(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ first, second, verdict string }{
		{"wwwwwwwrr", "rrrrrrrwr", "7 better, 1 worse; McNemar's exact test, two-sided: p = 0.0703. This is no"},
		{"wwwwwwwwr", "rrrrrrrrr", "p = 0.00781. The second run is better."},
		{"rrrrrrrrr", "wwwwwwwwr", "p = 0.00781. The second run is worse."},
		{"rw", "rw", "p = 1. This is no evidence of a difference."},
		{"", "r", "The runs have no scenario in common."},
	} {
		var out strings.Builder
		check(t, eval.Compare(reportOf(row.first), reportOf(row.second)).Print(&out, "old.json", "new.json"))
		if !strings.Contains(out.String(), row.verdict) {
			t.Errorf("%s and %s: no %q in\n%s", row.first, row.second, row.verdict, out.String())
		}
	}
}

func TestCompareCountsOnlyWhatBothPlayed(t *testing.T) {
	t.Parallel()
	first, second := reportOf("rwrww"), reportOf("wrrr")
	second.Scenarios[3].Expectation = "other"
	c := eval.Compare(first, second)
	if c.Both != (eval.Rate{Right: 2, All: 3}) || c.Then != (eval.Rate{Right: 2, All: 3}) || c.OnlyFirst != 1 ||
		c.OnlySecond != 0 || c.Changed != 1 || len(c.Better) != 1 || len(c.Worse) != 1 {
		t.Errorf("%+v", c)
	}
	var out strings.Builder
	check(t, c.Print(&out, "old.json", "new.json"))
	for _, want := range []string{"Better in the second run: 1\n  tasks: \"message b\"",
		"Worse in the second run: 1\n  tasks: \"message a\"\n      does not say z",
		"Left out: 1 of the first run only, 0 of the second only, 1 whose expectations differ",
		"old.json: 2 right, 67 % (21 % – 94 %)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestRoutingRunsAreComparedByRouting compares a whole run with one that asked the router alone.
func TestRoutingRunsAreComparedByRouting(t *testing.T) {
	t.Parallel()
	whole, routing := reportOf("wwr"), reportOf("rrw")
	routing.Routing = true
	routing.Scenarios[2].Routed = false
	routing.Scenarios[2].Turns[0].Agents = []string{"email_agent"}
	c := eval.Compare(whole, routing)
	if c.Both.Right != 3 || c.Then.Right != 2 || len(c.Worse) != 1 || !c.Routing {
		t.Errorf("%+v", c)
	}
	var out strings.Builder
	check(t, c.Print(&out, "old.json", "new.json"))
	for _, want := range []string{"only the routing counts", "answered by [email_agent]"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if whole.Scenarios[0].Right {
		t.Error("the report was changed")
	}
	var image strings.Builder
	check(t, eval.Plot(&image, []eval.Series{{Label: "a", Report: whole}, {Label: "b", Report: routing}}))
	for _, want := range []string{"the right agents answer", "67 %, 2 of 3"} {
		if !strings.Contains(image.String(), want) {
			t.Errorf("no %q in %s", want, image.String())
		}
	}
}

func TestPlotIsAnImageOfEveryRun(t *testing.T) {
	t.Parallel()
	first, second := reportOf("rrw"), reportOf("rw")
	first.Scenarios[0].Category = "A<b>&c"
	runs := []eval.Series{{Label: `old <"1">`, Report: first}, {Label: "new", Report: second}}
	var out strings.Builder
	check(t, eval.Plot(&out, runs))
	decoder, texts := xml.NewDecoder(strings.NewReader(out.String())), ""
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		check(t, err)
		if text, ok := token.(xml.CharData); ok {
			texts += string(text) + "\n"
		}
	}
	for _, want := range []string{`old <"1">: 2 of 3; new: 1 of 2`, "A<b>&c", "tasks", "100 %, 1 of 1", "50 %, 1 of 2",
		"67 %, 2 of 3", "prefers-color-scheme: dark"} {
		if !strings.Contains(texts, want) {
			t.Errorf("no %q in\n%s", want, texts)
		}
	}
	if bars := strings.Count(out.String(), `class="whisker" d=`); bars != 5 {
		t.Errorf("%d bars", bars)
	}
}

func TestPlotIsBounded(t *testing.T) {
	t.Parallel()
	for want, runs := range map[string][]eval.Series{"needs a run": nil,
		"at most 6 runs": make([]eval.Series, 7)} {
		if err := eval.Plot(io.Discard, runs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	report := reportOf(strings.Repeat("r", 80))
	for i := range report.Scenarios {
		report.Scenarios[i].Category = report.Scenarios[i].Name
	}
	if err := eval.Plot(io.Discard, []eval.Series{{Report: report}}); err == nil {
		t.Error("80 categories are drawn")
	}
}
