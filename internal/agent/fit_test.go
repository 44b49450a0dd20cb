package agent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// turn is a turn of about 100 tokens that begins with its number.
func turn(i int) agent.Turn {
	role := "user"
	if i%2 == 1 {
		role = "assistant"
	}
	return agent.Turn{Role: role, Content: fmt.Sprintf("turn %d: ", i) +
		strings.Repeat("The offer for the kitchen is due on Friday. ", 10)}
}

func history(turns int) []agent.Turn {
	list := make([]agent.Turn, turns)
	for i := range list {
		list[i] = turn(i)
	}
	return list
}

// longResult is an agent whose tool "read" returns about that many tokens.
func longResult(m agent.Model, size int) *agent.Agent {
	return agent.New(m, agent.Definition{Name: "a_agent", Description: "A", Prompt: "A", Tools: []agent.Tool{
		agent.NewTool("read", "Reads.", func(_ context.Context, _ *agent.Run, in struct {
			Part int `json:"part"`
		}) (string, error) {
			text := strings.Repeat("Anna asked for the offer on Friday. ", size/8)
			return fmt.Sprintf("part %d: %s", in.Part, text), nil
		})}})
}

// turnsIn returns the numbers of the turns that a call has.
func turnsIn(call agent.ModelCall) (numbers []int) {
	for _, m := range call.Messages {
		var n int
		if _, err := fmt.Sscanf(llmtest.TextOf(m), "turn %d:", &n); err == nil {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func TestNewestTurnsThatFitAreRead(t *testing.T) {
	t.Parallel()
	m := script(textAnswer("ok"))
	a := newAgent(m, "a_agent")
	_, run := newRun(t, a)
	run.Context.History = history(200)
	run.Model.Limits = agent.Limits{ContextTokens: 8_000, MaxOutputTokens: 1_000}
	_, err := a.Handle(t.Context(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	call := m.Calls()[0]
	read := turnsIn(call)
	if n := call.EstimateTokens(); n > 7_000 || n < 6_000 {
		t.Errorf("the prompt has %d tokens, want most of 7,000", n)
	}
	for i, n := range read {
		if n != 200-len(read)+i {
			t.Fatalf("turns %v are read, want the newest", read)
		}
	}
	want := agent.HistoryUse{Used: len(read), Dropped: 200 - len(read)}
	if run.Model.Turns != want || len(read) < 40 {
		t.Errorf("%+v, want %+v", run.Model.Turns, want)
	}
	if last := llmtest.TextOf(call.Messages[len(call.Messages)-1]); last != "hello" {
		t.Errorf("the last message is %q", last)
	}
}

func TestShortHistoryIsReadWhole(t *testing.T) {
	t.Parallel()
	for _, limits := range []agent.Limits{{}, {ContextTokens: 128_000, MaxOutputTokens: 4_096}} {
		m := script(textAnswer("ok"))
		a := newAgent(m, "a_agent")
		_, run := newRun(t, a)
		run.Context.History, run.Model.Limits = history(20), limits
		if _, err := a.Handle(t.Context(), run, nil); err != nil {
			t.Fatal(err)
		}
		if n := len(turnsIn(m.Calls()[0])); n != 20 || run.Model.Turns != (agent.HistoryUse{Used: 20}) {
			t.Errorf("%+v: %d turns are read, %+v", limits, n, run.Model.Turns)
		}
	}
}

func TestResultsOfToolsComeBeforeTheHistory(t *testing.T) {
	t.Parallel()
	m := script(callAnswer("", "read", `{"part":1}`), textAnswer("ok"))
	a := longResult(m, 4_000)
	_, run := newRun(t, a)
	run.Context.History = history(200)
	run.Model.Limits = agent.Limits{ContextTokens: 8_000, MaxOutputTokens: 1_000}
	if _, err := a.Handle(t.Context(), run, nil); err != nil {
		t.Fatal(err)
	}
	first, second := m.Calls()[0], m.Calls()[1]
	if n := second.EstimateTokens(); n > 7_000 {
		t.Errorf("the second prompt has %d tokens", n)
	}
	if result := lastToolResult(second); strings.Contains(result, "Shortened") {
		t.Error("the result is shortened, and the history has room to give")
	}
	before, after := turnsIn(first), turnsIn(second)
	if len(after) >= len(before) || after[len(after)-1] != 199 || run.Model.Turns.Used != len(after) {
		t.Errorf("turns %v, then %v, %+v", before, after, run.Model.Turns)
	}
}

func TestOldestResultsAreShortened(t *testing.T) {
	t.Parallel()
	m := script(callAnswer("", "read", `{"part":1}`), callAnswer("", "read", `{"part":2}`), textAnswer("ok"))
	a := longResult(m, 4_000)
	_, run := newRun(t, a)
	run.Model.Limits = agent.Limits{ContextTokens: 8_000, MaxOutputTokens: 1_000}
	if _, err := a.Handle(t.Context(), run, nil); err != nil {
		t.Fatal(err)
	}
	call := m.Calls()[2]
	var results []string
	for _, message := range call.Messages {
		if result, ok := message.Parts[0].(llms.ToolCallResponse); ok {
			results = append(results, result.Content)
		}
	}
	if len(results) != 2 || !strings.HasPrefix(results[0], "part 1: Anna") ||
		!strings.HasSuffix(results[0], "Ask for less of it if you need the rest.]") ||
		strings.Contains(results[1], "Shortened") {
		t.Errorf("results of %d and %d characters; the first ends in %q", len(results[0]), len(results[1]),
			results[0][max(len(results[0])-90, 0):])
	}
	if n := call.EstimateTokens(); n > 7_000 || n < 6_500 {
		t.Errorf("the prompt has %d tokens, want nearly 7,000", n)
	}
}

func TestPromptThatDoesNotFitNamesTheMember(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Call Anna about the offer. ", 1_000)
	for want, change := range map[string]func(*agent.Run){
		"/message": func(run *agent.Run) { run.Message = long },
		"/context": func(run *agent.Run) { run.Context.RelevantDocuments = slices.Repeat([]string{long}, 9) },
	} {
		m := script(textAnswer("ok"))
		a := newAgent(m, "a_agent")
		registry, run := newRun(t, a)
		change(run)
		run.Model.Limits = agent.Limits{ContextTokens: 3_000, MaxOutputTokens: 500}
		_, handled := a.Handle(t.Context(), run, nil)
		for _, err := range []error{handled, run.CheckSize(registry.Size(a).Tokens)} {
			f := fault.From(err)
			if !errors.Is(err, agent.ErrContextTooLarge) || len(f.Details) != 1 || f.Details[0].Pointer != want {
				t.Errorf("%s: %v, %+v", want, err, f)
			}
		}
		if len(m.Calls()) > 0 {
			t.Errorf("%s: the model was asked", want)
		}
	}
}

// BenchmarkFitOneMebibyte compares a call with a history of 1 MiB at the default limits with one for which no
// limits are known.
func BenchmarkFitOneMebibyte(b *testing.B) {
	long := history(1 << 20 / len(turn(0).Content))
	for name, limits := range map[string]agent.Limits{
		"fitted": {ContextTokens: 128_000, MaxOutputTokens: 4_096}, "whole": {},
	} {
		b.Run(name, func(b *testing.B) {
			m := script(textAnswer("ok"))
			a := newAgent(m, "a_agent")
			registry, err := agent.NewRegistry(a)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				run := registry.NewRun(identity.User{}, "hello", agent.Context{History: long})
				run.Model.Limits = limits
				if _, err := a.Handle(b.Context(), run, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
