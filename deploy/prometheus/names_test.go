package prometheus_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestQueriesNameExistingMetrics checks names of metrics and labels, and the values of labels, in all rules and
// dashboards against what the service exposes.
func TestQueriesNameExistingMetrics(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	for _, r := range rules(t) {
		c.check(t, r.Record+r.Alert, r.Expr)
	}
	panels := 0
	for file, d := range dashboards(t) {
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				c.check(t, file+": "+p.Title, variables.Replace(q.Expr))
				panels++
			}
		}
		for _, v := range d.Templating.List {
			if v.Type == "query" {
				query := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(v.Definition)
				if query == nil || !c.labels[query[1]][query[2]] {
					t.Errorf("%s: the variable %s asks %s", file, v.Name, v.Definition)
				}
			}
		}
	}
	if panels < 30 {
		t.Errorf("only %d queries in the dashboards", panels)
	}
}

// TestUnknownNamesAreFound shows that the test above can fail.
func TestUnknownNamesAreFound(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	for expr, want := range map[string]string{
		`rate(http_requests_total[5m])`:                                  "no metric http_requests_total",
		`sum(adiuva_streams{status="idle"})`:                             "adiuva_streams has no label status",
		`sum by (tier) (adiuva_streams)`:                                 "no metric of it has the label tier",
		`adiuva_streams{state="open"}`:                                   "state is never open",
		`up{job="adiuva"} unless on (host) adiuva_streams`:               "no metric of it has the label host",
		`rate(http_server_request_duration_seconds_count{code="2"}[1m])`: "code is never 2",
		`x:http_server_errors:ratio`:                                     "no metric x:http_server_errors:ratio",
	} {
		if got := c.problems(expr); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

// checker knows the labels of each metric and the values of each label.
type checker struct{ labels, values map[string]map[string]bool }

func newChecker(t *testing.T) checker {
	t.Helper()
	labels, values := exposition(t)
	for _, m := range regexp.MustCompile(`(?m)^ +operationId: (\w+)$`).
		FindAllStringSubmatch(string(read(t, "../../openapi/openapi.yaml")), -1) {
		values["operation"][m[1]] = true
	}
	for _, r := range rules(t) {
		if r.Record == "" {
			continue
		}
		labels[r.Record] = map[string]bool{}
		for _, name := range groupings(r.Expr) {
			if name != "le" {
				labels[r.Record][name] = true
			}
		}
	}
	return checker{labels, values}
}

func (c checker) check(t *testing.T, where, expr string) {
	t.Helper()
	for _, problem := range c.problems(expr) {
		t.Errorf("%s: %s, in %s", where, problem, expr)
	}
}

var (
	selectors = regexp.MustCompile(`([a-zA-Z_:][\w:]*)\{([^}]*)\}`)
	matchers  = regexp.MustCompile(`(\w+)(=~|!~|!=|=)"([^"]*)"`)
	grouping  = regexp.MustCompile(`\b(?:by|on|without|ignoring) ?\(([^)]*)\)`)
	notNames  = regexp.MustCompile(`\[[^\]]*\]|[a-z_0-9]+ ?\(|\b(?:and|or|unless|offset|bool|sum|max|min|avg|count)\b`)
	bareNames = regexp.MustCompile(`\b[a-zA-Z_][\w:]*`)
)

// problems returns what is unknown in a query. It reads the subset of PromQL that our queries use.
func (c checker) problems(expr string) (list []string) {
	var metrics []string
	for _, s := range selectors.FindAllStringSubmatch(expr, -1) {
		metrics = append(metrics, s[1])
		for _, m := range matchers.FindAllStringSubmatch(s[2], -1) {
			if c.labels[s[1]] != nil && !c.labels[s[1]][m[1]] {
				list = append(list, s[1]+" has no label "+m[1])
				continue
			}
			list = append(list, c.unknownValues(m[1], m[3])...)
		}
	}
	rest := grouping.ReplaceAllString(selectors.ReplaceAllString(expr, ""), "")
	metrics = append(metrics, bareNames.FindAllString(notNames.ReplaceAllString(rest, " "), -1)...)
	for _, name := range metrics {
		if c.labels[name] == nil {
			list = append(list, "no metric "+name)
		}
	}
	for _, label := range groupings(expr) {
		if !slices.ContainsFunc(metrics, func(name string) bool { return c.labels[name][label] }) {
			list = append(list, "no metric of it has the label "+label)
		}
	}
	return list
}

// unknownValues returns the values in a matcher that the label never has. Patterns, and the names that operators
// choose, are not checked.
func (c checker) unknownValues(label, pattern string) (list []string) {
	if label == "job" || label == "provider" {
		return nil
	}
	for value := range strings.SplitSeq(pattern, "|") {
		if !strings.ContainsAny(value, ".*/") && !c.values[label][value] {
			list = append(list, label+" is never "+value)
		}
	}
	return list
}

// groupings returns the labels by which a query groups or joins.
func groupings(expr string) (list []string) {
	for _, g := range grouping.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(g[1], ",") {
			list = append(list, strings.TrimSpace(label))
		}
	}
	return list
}
