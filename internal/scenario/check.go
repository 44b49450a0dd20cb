package scenario

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

// Outcome is what came of one turn.
type Outcome struct {
	Agents    []string
	Calls     []Made
	Actions   []Change
	Proposals []Change
	Steps     []string
	Upgrade   *Upgrade
	Text      string
	Tokens    int64 // that the model read and wrote
}

// Made is a call that a model made, with what it got for it.
type Made struct {
	Tool, Arguments, Result string
}

// Check says in which points an outcome is not what the turn expects; none means that it is right. now is the time of
// the request in the caller's zone, in which texts of times are read.
func (t Turn) Check(o Outcome, now time.Time) []string {
	return slices.Concat(t.checkEffort(o, now), t.CheckResult(o, now))
}

// CheckResult is Check for what the person gets alone: it leaves out which tools were called, and how much that took.
func (t Turn) CheckResult(o Outcome, now time.Time) []string {
	var wrong []string
	report := func(format string, values ...any) { wrong = append(wrong, fmt.Sprintf(format, values...)) }
	if !slices.Equal(o.Agents, t.Agents) {
		report("answered by %v, not %v", o.Agents, t.Agents)
	}
	for _, d := range compareChanges("actions", t.Actions, o.Actions, now) {
		report("%s", d)
	}
	for _, d := range compareChanges("proposals", t.Proposals, o.Proposals, now) {
		report("%s", d)
	}
	if !slices.Equal(t.Steps, o.Steps) {
		report("steps %v, not %v", o.Steps, t.Steps)
	}
	if !reflect.DeepEqual(t.Upgrade, o.Upgrade) {
		report("upgrade %+v, not %+v", o.Upgrade, t.Upgrade)
	}
	for _, words := range t.MustSay {
		if !slices.ContainsFunc(words, func(w string) bool { return Holds(o.Text, w) }) {
			report("does not say %q", words)
		}
	}
	for _, words := range t.MustNotSay {
		if Holds(o.Text, words) {
			report("says %q", words)
		}
	}
	return wrong
}

// checkEffort says what is wrong with the calls, their results and their number.
func (t Turn) checkEffort(o Outcome, now time.Time) []string {
	var wrong []string
	report := func(format string, values ...any) { wrong = append(wrong, fmt.Sprintf(format, values...)) }
	if len(o.Calls) > t.MaxCalls {
		report("%d calls, at most %d are needed", len(o.Calls), t.MaxCalls)
	}
	if t.MaxTokens > 0 && o.Tokens > t.MaxTokens {
		report("%d tokens, at most %d are allowed", o.Tokens, t.MaxTokens)
	}
	for _, want := range t.Calls {
		made := slices.ContainsFunc(o.Calls, func(m Made) bool { return want.matches(m, now) })
		if !made && !want.Refused {
			report("no call %s %s", want.Tool, want.JSON())
		}
	}
	for _, words := range t.MustRead {
		if !slices.ContainsFunc(o.Calls, func(m Made) bool { return Holds(m.Result, words) }) {
			report("no tool returned %q", words)
		}
	}
	for _, words := range t.MustNotRead {
		for _, m := range o.Calls {
			if Holds(m.Result, words) {
				report("%s returned %q", m.Tool, words)
			}
		}
	}
	return wrong
}

// Holds reports whether the text holds the words, whatever their case.
func Holds(text, words string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(words))
}

// compareChanges compares two lists of changes, in any order.
func compareChanges(name string, want, got []Change, now time.Time) []string {
	var wrong []string
	left := slices.Clone(got)
	for _, w := range want {
		i := slices.IndexFunc(left, func(g Change) bool { return w.matches(g, now) })
		if i < 0 {
			wrong = append(wrong, fmt.Sprintf("%s lack %s", name, w))
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, g := range left {
		wrong = append(wrong, fmt.Sprintf("%s have %s", name, g))
	}
	return wrong
}

// String returns the change as reports show it.
func (c Change) String() string {
	data, err := json.Marshal(plain(c.Data))
	if err != nil {
		data = []byte("?")
	}
	text := fmt.Sprintf("%s %s %s", c.Type, c.Table, data)
	if c.Source != (Source{}) {
		text += fmt.Sprintf(" from %s %s", c.Source.Table, c.Source.ID)
	}
	return text
}

func (c Change) matches(got Change, now time.Time) bool {
	sameSource := c.Source == Source{} || c.Source == got.Source
	return c.Type == got.Type && c.Table == got.Table && sameSource &&
		matches(map[string]any(c.Data), asJSON(got.Data), now)
}

func (c Call) matches(made Made, now time.Time) bool {
	var arguments any
	if made.Tool != c.Tool || json.Unmarshal([]byte(made.Arguments), &arguments) != nil {
		return false
	}
	return matches(map[string]any(c.Arguments), arguments, now)
}

// asJSON returns a value as JSON decodes it.
func asJSON(value any) any {
	text, err := json.Marshal(value)
	var out any
	if err != nil || json.Unmarshal(text, &out) != nil {
		return nil
	}
	return out
}

// matches reports whether got, as JSON decodes it, is what want asks for.
func matches(want, got any, now time.Time) bool {
	switch w := want.(type) {
	case Loose:
		return w.matches(got, now)
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for name, value := range w {
			other, ok := g[name]
			if !ok || !matches(value, other, now) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		return ok && slices.EqualFunc(w, g, func(a, b any) bool { return matches(a, b, now) })
	}
	return reflect.DeepEqual(asJSON(want), got)
}

func (l Loose) matches(got any, now time.Time) bool {
	text, isText := got.(string)
	switch l.Rule {
	case Any:
		return got != nil && got != ""
	case Like:
		words := strings.Fields(agent.Normalize(fmt.Sprint(l.Value)))
		return isText && !slices.ContainsFunc(words, func(w string) bool {
			return !strings.Contains(agent.Normalize(text), w)
		})
	case Time:
		want, err := dates.Parse(fmt.Sprint(l.Value), now)
		is, other := dates.Parse(text, now)
		return err == nil && other == nil && isText && want.Start.Equal(is.Start) && want.WholeDay == is.WholeDay
	}
	return false
}
