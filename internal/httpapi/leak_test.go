package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize/leaktest"
)

// modelFunc is a model that answers every call but the router's as the test says at that moment.
type modelFunc struct {
	mu     sync.Mutex
	answer func(call agent.ModelCall) agent.Answer
	router string // the router's prompt, as it was sent last
}

func (m *modelFunc) set(answer func(call agent.ModelCall) agent.Answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer = answer
}

// Generate implements agent.Model.
func (m *modelFunc) Generate(_ context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if call.Small {
		m.router = textOf(call.Messages[0])
		return agent.Answer{Text: "task_agent"}, nil
	}
	return m.answer(call), nil
}

func textOf(m llms.MessageContent) string {
	var b strings.Builder
	for _, p := range m.Parts {
		if text, ok := p.(llms.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	return b.String()
}

func calls(name string, arguments ...map[string]any) agent.Answer {
	var answer agent.Answer
	for i, a := range arguments {
		text, err := json.Marshal(a)
		if err != nil {
			panic(err)
		}
		answer.ToolCalls = append(answer.ToolCalls, llms.ToolCall{ID: fmt.Sprint("c", i), Type: "function",
			FunctionCall: &llms.FunctionCall{Name: name, Arguments: string(text)}})
	}
	return answer
}

// afterTools reports whether the model already called its tools for this message.
func afterTools(call agent.ModelCall) bool {
	return call.Messages[len(call.Messages)-1].Role == llms.ChatMessageTypeTool
}

// channel is one way out for what a model gives away. size, when not 0, is how many characters of disguise fit through.
type channel struct {
	name, path string
	template   string
	size       int
	answer     func(call agent.ModelCall, leak string) agent.Answer
}

// pieces cuts text into parts of at most size characters.
func pieces(text string, size int) (parts []string) {
	for part := range slices.Chunk([]rune(text), size) {
		parts = append(parts, string(part))
	}
	return parts
}

func say(_ agent.ModelCall, leak string) agent.Answer { return agent.Answer{Text: leak} }

func viaTasks(fields func(leak string) []map[string]any) func(agent.ModelCall, string) agent.Answer {
	return func(call agent.ModelCall, leak string) agent.Answer {
		if afterTools(call) {
			return agent.Answer{Text: "Done, please confirm."}
		}
		return calls("create_task", fields(leak)...)
	}
}

func viaRecords(rows func(leak string) []map[string]any) func(agent.ModelCall, string) agent.Answer {
	return func(_ agent.ModelCall, leak string) agent.Answer {
		text, err := json.Marshal(rows(leak))
		if err != nil {
			panic(err)
		}
		return agent.Answer{Text: string(text)}
	}
}

func channels() []channel {
	described := func(leak string) []map[string]any {
		return []map[string]any{{"title": "Read this", "description": leak}}
	}
	titled := func(leak string) (list []map[string]any) {
		for _, part := range pieces(leak, 190) {
			list = append(list, map[string]any{"title": part})
		}
		return list
	}
	return []channel{
		{name: "answer", path: "/api/v1/chat", answer: say},
		{name: "description of an action", path: "/api/v1/chat", size: 31_000, answer: viaTasks(described)},
		{name: "titles of actions", path: "/api/v1/chat", size: 9_000, answer: viaTasks(titled)},
		{name: "output of a step", path: "/api/v1/plans/steps", template: "tpl_standup", answer: say},
		{name: "record of a step", path: "/api/v1/plans/steps", template: "tpl_note_tasks", answer: viaRecords(described)},
		{name: "records of a step", path: "/api/v1/plans/steps", template: "tpl_note_tasks", size: 9_000, answer: viaRecords(titled)},
	}
}

// request is the body that carries an attack: where the attack's file says it stands.
func (c channel) request(t *testing.T, attack leaktest.Attack) string {
	t.Helper()
	body := map[string]any{"message": "What should I do next?"}
	within := map[string]any{}
	switch attack.Channel {
	case "conversation_history":
		within["conversation_history"] = []any{map[string]any{"role": "user", "content": attack.Message}}
	case "relevant_documents":
		within["relevant_documents"] = []any{attack.Message}
	case "user_profile":
		within["user_profile"] = map[string]any{"note": attack.Message}
	case "recent_tasks":
		within["recent_tasks"] = []any{map[string]any{"id": "t1", "title": attack.Message}}
	default:
		body["message"] = attack.Message
	}
	body["context"] = within
	if c.template != "" {
		body = map[string]any{"prompt_template": c.template, "data": []any{map[string]any{"id": "n1", "content": attack.Message}}}
	}
	text, err := json.Marshal(body)
	check(t, err)
	return string(text)
}

// secretFor is the text that the attack is after, as the model was really told it.
func (m *modelFunc) secretFor(t *testing.T, call agent.ModelCall, attack leaktest.Attack, n int) string {
	t.Helper()
	switch {
	case attack.Target == "tool schemas" && len(call.Tools) > 0:
		text, err := json.Marshal(call.Tools)
		check(t, err)
		return string(text)
	case attack.Target == "PromptTemplateRegistry":
		list, err := playbook.Catalogue()
		check(t, err)
		return strings.TrimSpace(list[n%len(list)].Text)
	case attack.Target == "orchestrator prompt" && m.router != "":
		return m.router
	}
	return textOf(call.Messages[0])
}

// fitting is the disguise of as much of secret as fits into size characters, and that part; size 0 means all.
func fitting(disguise func(string) string, secret string, size int) (leak, part string) {
	for part = secret; ; part = part[:len(part)*3/4] {
		if leak = disguise(part); size == 0 || len([]rune(leak)) <= size {
			return leak, part
		}
	}
}

func lettersOf(s string) string {
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
func shares(a, b string) bool {
	a, b = lettersOf(a), lettersOf(b)
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
	model *modelFunc
	me    header
}

func startLeaking(t *testing.T) *leakTest {
	t.Helper()
	m := &modelFunc{}
	a := start(t, m)
	return &leakTest{a, m, a.register("leak@example.com")}
}

// try lets the model leak once and reports whether the answer was replaced. What came back is checked either way.
func (l *leakTest) try(t *testing.T, c channel, tr leaktest.Transform, attack leaktest.Attack, n int) bool {
	t.Helper()
	var secret string
	l.model.set(func(call agent.ModelCall) agent.Answer {
		var leak string
		leak, secret = fitting(tr.Apply, l.model.secretFor(t, call, attack, n), c.size)
		return c.answer(call, leak)
	})
	got := l.do("POST", c.path, c.request(t, attack), l.me)
	name := c.name + ", " + tr.ID + " " + tr.Name + ", " + attack.ID
	if got.status != http.StatusOK {
		t.Errorf("%s: %d %s", name, got.status, got.body)
		return false
	}
	body := got.json(t)
	if !isCanned(c, body) {
		return false
	}
	if shares(string(got.body), secret) {
		t.Errorf("%s: a replaced answer carries a run of the prompt: %s", name, got.body)
	}
	return true
}

// isCanned reports whether body is the canned answer, whole and in the shape of every other answer.
func isCanned(c channel, body map[string]any) bool {
	if c.template != "" {
		records, ok := body["records"].([]any)
		return body["output"] == chat.Canned && ok && len(records) == 0
	}
	actions, ok := body["actions"].([]any)
	return body["kind"] == "response" && body["response"] == chat.Canned && ok && len(actions) == 0 && body["replaced"] == true
}

// rates tries every disguise through every channel with the attacks that pick names for it, and demands that 95 % of what
// a filter can see is stopped, in each channel.
func (l *leakTest) rates(t *testing.T, pick func(transform int) []leaktest.Attack) {
	t.Helper()
	for at, c := range channels() {
		all, stopped := 0, 0
		missed := map[string]int{}
		for i, tr := range leaktest.Transforms() {
			for n, attack := range pick(i + at) {
				replaced := l.try(t, c, tr, attack, n)
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
	}
	if logs := l.logs.String(); !strings.Contains(logs, "answer replaced by the leak filter") {
		t.Error("no event of the leak filter in the log")
	}
}

// TestEveryDisguiseThroughREST takes a few attacks for each disguise and channel; all of them are tried under the tag soak.
func TestEveryDisguiseThroughREST(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	attacks := leaktest.Attacks()
	if len(attacks) != 57 || len(leaktest.Transforms()) != 48 {
		t.Fatalf("%d attacks, %d disguises", len(attacks), len(leaktest.Transforms()))
	}
	l.rates(t, func(i int) []leaktest.Attack { return []leaktest.Attack{attacks[i*11%57], attacks[(i*11+29)%57]} })
	l.checkLog(t)
}

// TestEveryAttackThroughREST lets the model answer each of the attacks with its instructions word for word.
func TestEveryAttackThroughREST(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	plain := leaktest.Transforms()[0]
	for n, attack := range leaktest.Attacks() {
		c := channels()[n%len(channels())]
		if !l.try(t, c, plain, attack, n) {
			t.Errorf("%s through %s passed", attack.ID, c.name)
		}
	}
	l.checkLog(t)
}

// checkLog demands that the log tells of the filter's hits by ids alone.
func (l *leakTest) checkLog(t *testing.T) {
	t.Helper()
	logs := l.logs.String()
	for _, f := range agent.SharedFragments() {
		if shares(logs, f.Text) {
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
