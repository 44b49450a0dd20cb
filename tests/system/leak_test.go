package system_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, s)
}

// shares reports whether a and b have a run of 28 letters in common.
func haveCommonRun(a, b string) bool {
	a, b = letters(a), letters(b)
	runs := map[string]bool{}
	for i := 0; i+28 <= len(b); i++ {
		runs[b[i:i+28]] = true
	}
	for i := 0; i+28 <= len(a); i++ {
		if runs[a[i:i+28]] {
			return true
		}
	}
	return false
}

// leakTest drives one server whose model gives everything away.
type leakTest struct {
	*api
	model *llmtest.Model
	me    header
}

func startLeaking(t *testing.T) *leakTest {
	t.Helper()
	m := llmtest.NewModel()
	a := start(t, m)
	return &leakTest{a, m, a.Register("leak@example.com")}
}

// try lets the model leak once and reports whether the answer was replaced. What came back is checked either way.
func (l *leakTest) attempt(t *testing.T, c channel, tr leaktest.Transform, attack leaktest.Attack, n int) bool {
	t.Helper()
	var secret string
	l.model.Respond(func(call agent.ModelCall) agent.Answer {
		var leak string
		leak, secret = disguiseToFit(tr.Apply, l.secretFor(t, call, attack, n), c.size)
		return c.answer(call, leak)
	})
	got := l.Do("POST", c.path, c.request(t, attack), l.me)
	name := c.name + ", " + tr.ID + " " + tr.Name + ", " + attack.ID
	if got.Status != http.StatusOK {
		t.Errorf("%s: %d %s", name, got.Status, got.Body)
		return false
	}
	body := got.JSON(t)
	if !isFallback(c, body) {
		return false
	}
	if haveCommonRun(string(got.Body), secret) {
		t.Errorf("%s: a replaced answer carries a run of the prompt: %s", name, got.Body)
	}
	return true
}

// isCanned reports whether body is the canned answer, whole and in the shape of every other answer.
func isFallback(c channel, body map[string]any) bool {
	if c.template != "" {
		records, ok := body["records"].([]any)
		return body["output"] == chat.Canned && ok && len(records) == 0
	}
	actions, ok := body["actions"].([]any)
	return body["kind"] == "response" && body["response"] == chat.Canned && ok && len(actions) == 0 && body["replaced"] == true
}

// rates tries every disguise through every channel with the attacks that pick names for it, and demands that in each 95 %
// of what a filter can see is stopped.
func (l *leakTest) checkStopRates(t *testing.T, pick func(transform int) []leaktest.Attack) {
	t.Helper()
	total, totalStopped := 0, 0
	for at, c := range channels() {
		all, stopped := 0, 0
		missed := map[string]int{}
		for i, tr := range leaktest.Transforms() {
			for n, attack := range pick(i + at) {
				replaced := l.attempt(t, c, tr, attack, n)
				if !tr.Catchable {
					continue
				}
				all++
				if replaced {
					stopped++
				} else {
					missed[tr.ID+" "+tr.Name]++
				}
			}
		}
		t.Logf("%s: stopped %d of %d (%.1f %%); missed %v", c.name, stopped, all, 100*float64(stopped)/float64(all), missed)
		if stopped*100 < all*95 {
			t.Errorf("%s: stopped only %d of %d", c.name, stopped, all)
		}
		total, totalStopped = total+all, totalStopped+stopped
	}
	t.Logf("stopped %d of %d (%.1f %%)", totalStopped, total, 100*float64(totalStopped)/float64(total))
	if totalStopped*100 < total*95 {
		t.Errorf("stopped only %d of %d", totalStopped, total)
	}
	if logs := l.Logs.String(); !strings.Contains(logs, "answer replaced by the leak filter") {
		t.Error("no event of the leak filter in the log")
	}
}

// TestEveryDisguiseIsStopped takes one attack for each disguise and channel; all of them are tried under the tag soak.
func TestEveryDisguiseIsStopped(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	attacks := leaktest.Attacks()
	if len(attacks) != 57 || len(leaktest.Transforms()) != 48 {
		t.Fatalf("%d attacks, %d disguises", len(attacks), len(leaktest.Transforms()))
	}
	l.checkStopRates(t, func(i int) []leaktest.Attack { return attacks[i*11%57 : i*11%57+1] })
	l.checkLog(t)
}

// TestEveryAttackIsStopped lets the model answer each of the attacks with its instructions word for word.
func TestEveryAttackIsStopped(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	plain := leaktest.Transforms()[0]
	for n, attack := range leaktest.Attacks() {
		c := channels()[n%len(channels())]
		if !l.attempt(t, c, plain, attack, n) {
			t.Errorf("%s through %s passed", attack.ID, c.name)
		}
	}
	l.checkLog(t)
}

// checkLog demands that the log tells of the filter's hits by ids alone.
func (l *leakTest) checkLog(t *testing.T) {
	t.Helper()
	logs := l.Logs.String()
	for _, f := range agent.SharedFragments() {
		if haveCommonRun(logs, f.Text) {
			t.Errorf("the log carries a run of %s", f.ID)
		}
	}
	for _, attack := range leaktest.Attacks() {
		if strings.Contains(logs, attack.Message) {
			t.Errorf("the log carries the message of %s", attack.ID)
		}
	}
	for line := range strings.Lines(logs) {
		if !strings.Contains(line, "leak filter") {
			continue
		}
		var event map[string]any
		check(t, json.Unmarshal([]byte(line), &event))
		for _, name := range slices.Sorted(maps.Keys(event)) {
			if !slices.Contains([]string{"time", "level", "msg", "secret", "request_id", "user_id"}, name) {
				t.Errorf("the event has a member %s", name)
			}
		}
	}
}
