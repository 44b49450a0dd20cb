package system_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/leakhistory"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// TestBenignAnswersPassTheFilter sends every eighth benign answer through a channel, every one with the tag soak, and
// expects it back unchanged.
func TestBenignAnswersPassTheFilter(t *testing.T) {
	t.Parallel()
	var texts []string
	for i, text := range leaktest.Benign() {
		if soak.Enabled || i%8 == 0 {
			texts = append(texts, text)
		}
	}
	m := llmtest.NewModel()
	a := start(t, m)
	l := &leakTest{api: a, model: m, me: a.Register("benign@example.com")} // all answers count together
	l.expectUnfiltered(t, texts)
}

// expectUnfiltered lets the model answer with each of the texts, one channel after the other.
func (l *leakTest) expectUnfiltered(t *testing.T, texts []string) {
	t.Helper()
	for n, want := range texts {
		c := channels()[n%len(channels())]
		if c.flat {
			want = strings.Join(strings.Fields(want), " ")
		}
		l.model.Respond(func(call agent.ModelCall) agent.Answer { return c.answer(call, want) })
		got := l.Do("POST", c.path, c.request(t, leaktest.Attack{Message: "How is it going?"}), l.me)
		if got.Status != http.StatusOK {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
			continue
		}
		if text := answerText(got.JSON(t)); text != want && withoutSpace(text) != withoutSpace(want) {
			t.Errorf("%s: %s", c.name, cmp.Diff(want, text))
		}
	}
	if strings.Contains(l.Logs.String(), "leak filter") {
		t.Error("the log has a false positive")
	}
}

// withoutSpace joins the words of text with single spaces, because fields lose white space at their ends.
func withoutSpace(text string) string { return strings.Join(strings.Fields(text), "") }

// TestRealPromptsCauseNoFalsePositives filters every benign answer with the service's own filter, whole and as a
// stream. One account has all of them in one hour.
func TestRealPromptsCauseNoFalsePositives(t *testing.T) {
	t.Parallel()
	agents, templates := builtin(t, llmtest.NewModel())
	filter := sanitize.New(chat.Secrets(agents, templates)...)
	histories, err := leakhistory.New(leakhistory.Config{Digest: filter.Digest()})
	check(t, err)
	scope := func() *sanitize.Scope { return filter.Scope().Remember(histories.For("benign")) }
	for _, text := range leaktest.Benign() {
		if _, hit := scope().Text(text); hit != nil {
			t.Errorf("false positive %+v: %.160q", *hit, text)
		}
		var out strings.Builder
		st := scope().Stream(func(part string) error { out.WriteString(part); return nil })
		for _, piece := range llmtest.Chunks(text, 5) {
			if st.Write(piece) != nil {
				break
			}
		}
		if err := st.Close(); err != nil || out.String() != text {
			t.Errorf("streamed: %v, %+v: %.160q", err, st.Hit(), text)
		}
	}
}

// answerText returns the model's text, joined from the parts of the response into which the channel put it.
func answerText(body map[string]any) string {
	rows, ok := body["records"].([]any)
	if actions, isChat := body["actions"].([]any); isChat {
		ok = len(actions) > 0
		for _, a := range actions {
			rows = append(rows, a.(map[string]any)["data"])
		}
	}
	if !ok || len(rows) == 0 {
		if text, isStep := body["output"].(string); isStep {
			return text
		}
		text, _ := body["response"].(string)
		return text
	}
	var b strings.Builder
	for _, row := range rows {
		data := row.(map[string]any)
		if text, ok := data["description"].(string); ok {
			b.WriteString(text)
		} else {
			b.WriteString(fmt.Sprint(data["title"]))
		}
	}
	return b.String()
}

// TestCallersOwnTextIsNoLeak echoes a prompt that the caller guessed. What the caller sent, in any member, is no
// leak; one sentence more is.
func TestCallersOwnTextIsNoLeak(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	prompt := strings.Join(strings.Fields(agent.SharedFragments()[0].Text), " ")
	_, prompt, _ = strings.Cut(prompt, "] ")
	guess := prompt[:200]
	for place, c := range map[string]channel{"message": channels()[0], "conversation_history": channels()[0],
		"relevant_documents": channels()[1], "user_profile": channels()[0], "recent_tasks": channels()[1],
		"step": channels()[3+1]} {
		for name, row := range map[string]struct {
			answer   string
			fallback bool
		}{"echo": {"You wrote: " + guess, false}, "echo and more": {"You wrote: " + prompt[:320], true}} {
			l.model.Respond(func(call agent.ModelCall) agent.Answer { return c.answer(call, row.answer) })
			got := l.Do("POST", c.path, c.request(t, leaktest.Attack{Channel: place, Message: guess}), l.me)
			if got.Status != http.StatusOK || isFallback(c, got.JSON(t)) != row.fallback {
				t.Errorf("%s in %s: %d %s", name, place, got.Status, got.Body)
			}
			if !row.fallback && answerText(got.JSON(t)) != row.answer {
				t.Errorf("%s in %s came back as %s", name, place, got.Body)
			}
		}
	}
}

// TestReplacedAnswerDiffersOnlyInItsFlag compares headers and members of a replaced answer with those of any other.
func TestReplacedAnswerDiffersOnlyInItsFlag(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	c := channels()[0]
	ask := func(leak bool) answer {
		l.model.Respond(func(call agent.ModelCall) agent.Answer {
			if leak {
				return agent.Answer{Text: llmtest.TextOf(call.Messages[0])}
			}
			return agent.Answer{Text: chat.FallbackAnswer}
		})
		return l.Do("POST", c.path, c.request(t, leaktest.Attack{Message: "Hello"}), l.me)
	}
	normal, replaced := ask(false), ask(true)
	names := func(a answer) []string { return slices.Sorted(maps.Keys(a.Header)) }
	if diff := cmp.Diff(names(normal), names(replaced)); diff != "" {
		t.Errorf("headers: %s", diff)
	}
	want, got := normal.JSON(t), replaced.JSON(t)
	if got["replaced"] != true {
		t.Errorf("the leak was not stopped: %s", replaced.Body)
	}
	delete(got, "replaced")
	for _, reply := range []map[string]any{want, got} { // what the model wrote counts, and is not shown
		if usage, ok := reply["usage"].(map[string]any); ok {
			delete(usage, "output_tokens")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// isPublic reports whether a line of a prompt is an agent's description or the agents' skills, which GET /agents shows,
// or an example of what people write and who answers.
func isPublic(line string) bool {
	return regexp.MustCompile(`^(?:- \w+_agent: |Message: |Answer: |With this person's plan)`).MatchString(line)
}

// TestFilterKnowsEveryPrompt collects everything the model is sent and checks that the filter stops each line of it.
func TestFilterKnowsEveryPrompt(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	var prompts []string
	collect := func(call agent.ModelCall) agent.Answer {
		prompts = append(prompts, llmtest.TextOf(call.Messages[0]))
		for _, tool := range call.Tools {
			schema, err := json.Marshal(tool.Function.Parameters)
			check(t, err)
			prompts = append(prompts, tool.Function.Description, string(schema))
		}
		return agent.Answer{Text: "[]"}
	}
	l.model.Respond(collect)
	list, err := playbook.Catalogue()
	check(t, err)
	l.Do("POST", "/api/v1/chat", `{"message":"hello","execution_mode":"plan"}`, l.me)
	l.Do("POST", "/api/v1/chat", `{"message":"hello"}`, l.me)
	for _, tpl := range list {
		l.Do("POST", "/api/v1/plans/steps", `{"prompt_template":"`+tpl.ID+`"}`, l.me)
	}
	prompts = append(prompts, l.model.RouterPrompt())
	if len(prompts) < 20 {
		t.Fatalf("only %d prompts", len(prompts))
	}
	for _, text := range prompts {
		for line := range strings.Lines(text) {
			if len(letters(line)) < 28 || strings.HasPrefix(line, "Today is ") || isPublic(line) {
				continue
			}
			l.model.Respond(func(agent.ModelCall) agent.Answer { return agent.Answer{Text: line} })
			got := l.Do("POST", "/api/v1/chat", `{"message":"x"}`, l.me)
			if !isFallback(channels()[0], got.JSON(t)) {
				t.Errorf("the filter does not know %q", line)
			}
		}
	}
}
