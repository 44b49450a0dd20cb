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
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// letters returns the ASCII letters of s in lower case.
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

// haveCommonRun reports whether a and b have a run of 28 letters in common.
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

// leakTest is a service whose model reveals its prompts.
type leakTest struct {
	*api
	model    *llmtest.Model
	me       header
	streamed string // the secret that askStreamed let the model reveal last
}

// startLeaking starts one in which each answer counts alone, so that one account can try many disguises.
func startLeaking(t *testing.T) *leakTest {
	t.Helper()
	m := llmtest.NewModel()
	a := start(t, m, withoutHistory(t, m))
	return &leakTest{api: a, model: m, me: a.Register("leak@example.com")}
}

// withoutHistory lets the leak filter judge each answer alone.
func withoutHistory(t *testing.T, model agent.Model) option {
	return func(c *httpapi.Config) {
		_, templates := builtin(t, model)
		c.Chat = chat.New(chat.Config{Agents: c.Agents, Model: model, Templates: templates, Log: c.Log,
			Filter: chat.NewFilter(sanitize.New(chat.Secrets(c.Agents, templates)...), nil)})
	}
}

// attempt lets the model leak once and reports whether the answer was replaced. A replaced answer must have nothing
// of the secret.
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
		t.Errorf("%s: the replaced answer has a part of the prompt: %s", name, got.Body)
	}
	return true
}

// isFallback reports whether body is the fallback answer, with every member that other answers have.
func isFallback(c channel, body map[string]any) bool {
	if c.template != "" {
		records, ok := body["records"].([]any)
		return body["output"] == chat.FallbackAnswer && ok && len(records) == 0
	}
	actions, ok := body["actions"].([]any)
	return body["kind"] == "response" && body["response"] == chat.FallbackAnswer && ok && len(actions) == 0 &&
		body["replaced"] == true
}

// checkStopRates tries every disguise through every channel with the attacks that pick returns for it. In each
// channel at least percent of the disguises that a filter can catch must be stopped.
func (l *leakTest) checkStopRates(t *testing.T, disguises []leaktest.Transform, percent int,
	pick func(transform int) []leaktest.Attack) {
	t.Helper()
	total, totalStopped := 0, 0
	for at, c := range channels() {
		all, stopped := 0, 0
		missed := map[string]int{}
		for i, tr := range disguises {
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
		t.Logf("%s: stopped %d of %d (%.1f %%); missed %v", c.name, stopped, all,
			100*float64(stopped)/float64(all), missed)
		if stopped*100 < all*percent {
			t.Errorf("%s: stopped only %d of %d", c.name, stopped, all)
		}
		total, totalStopped = total+all, totalStopped+stopped
	}
	t.Logf("stopped %d of %d (%.1f %%)", totalStopped, total, 100*float64(totalStopped)/float64(total))
	if totalStopped*100 < total*percent {
		t.Errorf("stopped only %d of %d", totalStopped, total)
	}
	if logs := l.Logs.String(); !strings.Contains(logs, "answer replaced by the leak filter") {
		t.Error("the leak filter logged nothing")
	}
}

// TestEveryDisguiseIsStopped tries one attack for each disguise and channel, and every attack for each with the tag
// soak.
func TestEveryDisguiseIsStopped(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	attacks := leaktest.Attacks()
	if len(attacks) != 57 || len(leaktest.Transforms()) != 48 {
		t.Fatalf("%d attacks, %d disguises", len(attacks), len(leaktest.Transforms()))
	}
	l.checkStopRates(t, leaktest.Transforms(), 95, func(i int) []leaktest.Attack {
		return oneAttackOrAll(attacks, i*11%57)
	})
	l.checkLog(t)
}

// TestTitlesAreJudgedAsTheModelWroteThem puts rail fences into titles. Titles lose white space, without which a rail
// fence cannot be found any more.
func TestTitlesAreJudgedAsTheModelWroteThem(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	list, disguises := channels(), leaktest.Transforms()
	titles := list[slices.IndexFunc(list, func(c channel) bool { return c.flat })]
	isRailFence := func(d leaktest.Transform) bool { return d.Name == "rail fence" }
	railFence := disguises[slices.IndexFunc(disguises, isRailFence)]
	for n, attack := range leaktest.Attacks() {
		if !l.attempt(t, titles, railFence, attack, n) {
			t.Errorf("attack %d was not stopped", n)
		}
	}
}

// oneAttackOrAll returns the attack at the index, or all of them with the tag soak.
func oneAttackOrAll(attacks []leaktest.Attack, index int) []leaktest.Attack {
	if soak.Enabled {
		return attacks
	}
	return attacks[index : index+1]
}

// TestEveryAttackIsStopped lets the model answer each attack with its instructions verbatim.
func TestEveryAttackIsStopped(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	verbatim := leaktest.Transforms()[0]
	for n, attack := range leaktest.Attacks() {
		c := channels()[n%len(channels())]
		if !l.attempt(t, c, verbatim, attack, n) {
			t.Errorf("%s through %s was not stopped", attack.ID, c.name)
		}
	}
	l.checkLog(t)
}

// checkLog checks that the log names prompts by their ids alone and has nothing of their text or of the attacks.
func (l *leakTest) checkLog(t *testing.T) {
	t.Helper()
	logs := l.Logs.String()
	for _, f := range agent.SharedFragments() {
		if haveCommonRun(logs, f.Text) {
			t.Errorf("the log has a part of %s", f.ID)
		}
	}
	for _, attack := range leaktest.Attacks() {
		if strings.Contains(logs, attack.Message) {
			t.Errorf("the log has the message of %s", attack.ID)
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
				t.Errorf("the log line has an attribute %s", name)
			}
		}
	}
}
