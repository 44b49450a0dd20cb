package analytics

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

const (
	minPoints   = 3   // that a trend needs
	trendDays   = 28  // of tasks, when the model gives no points
	minFit      = 0.3 // R² that a direction needs
	minForecast = 0.5 // R² that a forecast needs
	maxValue    = 1e12
	rule        = "A direction needs 3 points on different times and R² of at least 0.3; " +
		"a forecast needs 5 points and R² of at least 0.5."
)

type trendInput struct {
	DataPoints []point `json:"data_points,omitempty" desc:"Left out or empty: the person's tasks completed on each of the last 28 days"`
	Project    string  `json:"project,omitempty" desc:"Without points: only its tasks; id or name"`
	Assignee   string  `json:"assignee,omitempty" desc:"Without points: only their tasks; name, or me"`
}

type point struct {
	At    string  `json:"at" desc:"YYYY-MM-DD or YYYY-MM-DDTHH:MM"`
	Value float64 `json:"value"`
}

type sample struct {
	at    time.Time
	x, y  float64 // x in days since the first sample
	label string
}

type trend struct {
	scope
	Points    int       `json:"points"`
	Series    string    `json:"series"`
	From      string    `json:"from,omitempty"`
	To        string    `json:"to,omitempty"`
	Direction string    `json:"direction"`
	Slope     *float64  `json:"slope_per_day,omitempty"`
	R2        *float64  `json:"r_squared,omitempty"`
	Mean      *float64  `json:"mean,omitempty"`
	Forecast  *forecast `json:"forecast,omitempty"`
	Outliers  []outlier `json:"outliers,omitempty"`
	Irregular bool      `json:"irregular_spacing,omitempty"`
	Note      string    `json:"note,omitempty"`
	Rule      string    `json:"rule"`
}

type forecast struct {
	At    string  `json:"at"`
	Value float64 `json:"value"`
}

type outlier struct {
	At    string  `json:"at"`
	Value float64 `json:"value"`
}

func analyseTrend(ctx context.Context, run *agent.Run, in trendInput) (string, error) {
	if err := run.WorkOnSort(ctx, len(run.Context.Tasks)+len(in.DataPoints)); err != nil {
		return "", err
	}
	if len(in.DataPoints) == 0 {
		return taskTrend(ctx, run, in.Project, in.Assignee)
	}
	var samples []sample
	for i, p := range in.DataPoints {
		date, err := run.Context.ParseDate(p.At)
		if err != nil {
			return "", fmt.Errorf("data_points[%d]: %w", i, err)
		}
		if math.IsNaN(p.Value) || math.Abs(p.Value) > maxValue {
			return "", fmt.Errorf("data_points[%d]: the value is out of range", i)
		}
		label := date.Start.Format(time.RFC3339)
		if date.WholeDay {
			label = date.Start.Format("2006-01-02")
		}
		samples = append(samples, sample{at: date.Start, y: p.Value, label: label})
	}
	slices.SortStableFunc(samples, func(a, b sample) int { return a.at.Compare(b.at) })
	for i := range samples {
		samples[i].x = daysBetween(samples[0].at, samples[i].at)
	}
	return agent.JSON(fitTrend("given points", samples))
}

// taskTrend returns the trend of the tasks completed per day.
func taskTrend(ctx context.Context, run *agent.Run, project, assignee string) (string, error) {
	const series = "tasks completed per day"
	tasks, of, err := filterTasks(ctx, run, run.Context.Tasks, project, assignee)
	if err != nil {
		return "", err
	}
	out := trend{Series: series, Direction: "unknown", Rule: rule,
		Note: "No task says that it was completed in the last 28 days."}
	if samples, ok := completedPerDay(run.Context, tasks); ok {
		out = fitTrend(series, samples)
	}
	out.scope = of
	return agent.JSON(out)
}

// daysBetween returns the days from a to b by calendar and clock, so that a day of 23 hours counts as one.
func daysBetween(a, b time.Time) float64 {
	wall := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	return wall(b).Sub(wall(a)).Hours() / 24
}

// completedPerDay counts the tasks completed on each of the last trendDays days before today. It returns false when
// there are none.
func completedPerDay(c agent.Context, tasks []agent.Task) ([]sample, bool) {
	samples := make([]sample, trendDays)
	index := map[string]int{}
	found := false
	now := c.LocalNow()
	for i := range samples {
		noon := time.Date(now.Year(), now.Month(), now.Day()-trendDays+i, 12, 0, 0, 0, c.Zone())
		samples[i] = sample{at: noon, x: float64(i), label: noon.Format("2006-01-02")}
		index[samples[i].label] = i
	}
	for _, t := range tasks {
		if t.Done() && t.CompletedAt > 0 && t.CompletedAt <= action.MaxMillis {
			if i, ok := index[time.UnixMilli(t.CompletedAt).In(c.Zone()).Format("2006-01-02")]; ok {
				samples[i].y++
				found = true
			}
		}
	}
	return samples, found
}

func fitTrend(name string, samples []sample) trend {
	first, last := samples[0], samples[len(samples)-1]
	out := trend{Points: len(samples), Series: name, From: first.label, To: last.label, Direction: "unknown",
		Rule: rule}
	if len(samples) < minPoints || last.x == first.x {
		out.Note = "Too few points on different times to tell a trend."
		return out
	}
	slope, intercept, fit := leastSquares(samples)
	mean := intercept + slope*meanX(samples)
	out.Slope = rounded(slope)
	out.R2 = rounded(fit)
	out.Mean = rounded(mean)
	out.Irregular = irregular(samples)
	out.Outliers = outliers(samples, slope, intercept)
	switch {
	case fit < minFit || math.Abs(slope)*last.x < 1e-9*max(1, math.Abs(mean)):
		out.Direction = "flat"
		if fit < minFit && slope != 0 {
			out.Direction, out.Note = "no clear trend", "The points scatter more than they rise or fall."
		}
	case slope > 0:
		out.Direction = "up"
	default:
		out.Direction = "down"
	}
	if len(samples) >= 5 && fit >= minForecast && out.Direction != "flat" {
		at := last.at.AddDate(0, 0, 7)
		out.Forecast = &forecast{at.Format("2006-01-02"), *rounded(intercept + slope*(last.x+7))}
	}
	return out
}

// rounded returns f with four decimals.
func rounded(f float64) *float64 {
	f = math.Round(f*10000)/10000 + 0 // + 0 turns negative zero into zero
	return &f
}

func meanX(samples []sample) float64 {
	sum := 0.0
	for _, s := range samples {
		sum += s.x
	}
	return sum / float64(len(samples))
}

// leastSquares returns the line of best fit and R², which is 0 when the values do not vary.
func leastSquares(samples []sample) (slope, intercept, fit float64) {
	mx := meanX(samples)
	my := 0.0
	for _, s := range samples {
		my += s.y / float64(len(samples))
	}
	var xx, xy, yy float64
	for _, s := range samples {
		xx += (s.x - mx) * (s.x - mx)
		xy += (s.x - mx) * (s.y - my)
		yy += (s.y - my) * (s.y - my)
	}
	slope = xy / xx
	if yy > 0 {
		fit = min(xy*xy/(xx*yy), 1)
	}
	return slope, my - slope*mx, fit
}

// irregular reports whether the longest step between samples is more than twice the shortest.
func irregular(samples []sample) bool {
	shortest, longest := math.Inf(1), 0.0
	for i := 1; i < len(samples); i++ {
		step := samples[i].x - samples[i-1].x
		shortest, longest = min(shortest, step), max(longest, step)
	}
	return longest > 2*shortest
}

// outliers returns up to ten samples that are more than 3.5 robust standard deviations from the line. They still
// count in the trend.
func outliers(samples []sample, slope, intercept float64) (list []outlier) {
	residuals := make([]float64, len(samples))
	for i, s := range samples {
		residuals[i] = s.y - intercept - slope*s.x
	}
	centre := median(residuals)
	distances := make([]float64, len(samples))
	for i, r := range residuals {
		distances[i] = math.Abs(r - centre)
	}
	spread := 1.4826 * median(distances)
	for i, s := range samples {
		if spread > 1e-9 && distances[i] > 3.5*spread && len(list) < 10 {
			list = append(list, outlier{s.label, s.y})
		}
	}
	return list
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return quantile(sorted, 0.5)
}
