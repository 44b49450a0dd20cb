package agent_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

func TestTierGate(t *testing.T) {
	t.Parallel()
	m := script()
	plugin := agent.New(m, agent.Definition{Name: "plugin_agent", Description: "d", Prompt: "p", Tier: tier.Power})
	open := agent.New(m, agent.Definition{Name: "open_agent", Description: "d", Prompt: "p", Tier: tier.Free})
	reg, _ := newRun(t, newAgent(m, "task_agent"), newAgent(m, "calendar_agent"), newAgent(m, "email_agent"),
		newAgent(m, "analytics_agent"), plugin, open)
	for of, want := range map[tier.Tier]string{
		tier.Free:  "task_agent calendar_agent email_agent open_agent",
		tier.Pro:   "task_agent calendar_agent email_agent analytics_agent open_agent",
		tier.Power: "task_agent calendar_agent email_agent analytics_agent plugin_agent open_agent",
	} {
		var names []string
		for _, l := range reg.List(of) {
			if l.Available {
				names = append(names, l.Name)
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s", of, got)
		}
	}
	if _, ok := reg.Get("nobody"); ok {
		t.Error("found nobody")
	}
}

func TestRegistryRefuses(t *testing.T) {
	t.Parallel()
	m := script()
	tool := agent.NewTool("ask_agent", "d", echo)
	for want, agents := range map[string][]*agent.Agent{
		`agent "a_agent" is there twice`:                        {newAgent(m, "a_agent"), newAgent(m, "a_agent")},
		`agent "A": a name is 2 to 64`:                          {newAgent(m, "A")},
		`agent "b_agent": needs a description and a prompt`:     {agent.New(m, agent.Definition{Name: "b_agent"})},
		`agent "b_agent": tool "ask_agent" is malformed or the`: {agent.New(m, agent.Definition{Name: "b_agent", Description: "d", Prompt: "p", Tools: []agent.Tool{tool}})},
		`agent "b_agent": tier "gold"`:                          {agent.New(m, agent.Definition{Name: "b_agent", Description: "d", Prompt: "p", Tier: "gold"})},
	} {
		if _, err := agent.NewRegistry(agents...); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAgentsAskEachOther(t *testing.T) {
	t.Parallel()
	a := script(calls("", "ask_agent", `{"agent":"b_agent","query":"b?"}`), says("a done"))
	b := script(calls("", "ask_agent", `{"agent":"a_agent","query":"back?"}`, "rename", `{"id":"t1"}`),
		calls("", "ask_agent", `{"agent":"c_agent","query":"c?"}`), says("b done"))
	c := script(calls("", "ask_agent", `{"agent":"d_agent","query":"d?"}`), says("c done"))
	first := newAgent(a, "a_agent")
	_, run := newRun(t, first, newAgent(b, "b_agent"), newAgent(c, "c_agent"), newAgent(script(), "d_agent"))
	var heard strings.Builder
	result, err := first.Handle(t.Context(), run, func(s string) error { heard.WriteString(s); return nil })
	if err != nil || result.Text != "a done" || heard.String() != "a done" || len(result.Actions) != 1 {
		t.Fatalf("%+v, heard %q, %v", result, heard.String(), err)
	}
	if got := lastResult(a.Calls()[1]); got != "b done" {
		t.Errorf("a heard %q", got)
	}
	if got := lastResult(b.Calls()[2]); got != "c done" {
		t.Errorf("b heard %q", got)
	}
	circle := b.Calls()[1].Messages[len(b.Calls()[1].Messages)-2].Parts[0]
	if got := toolText(circle); got != `error: agent "a_agent" is already working on this` {
		t.Errorf("asking back: %q", got)
	}
	if got := lastResult(c.Calls()[1]); !strings.HasPrefix(got, `error: there is no tool "ask_agent"`) {
		t.Errorf("a third level: %q", got)
	}
}

func TestCallAgentGuards(t *testing.T) {
	t.Parallel()
	m := script(says("hi"))
	reg, run := newRun(t, newAgent(m, "a_agent"))
	for name, want := range map[string]string{"a_agent": "", "b_agent": `there is no agent "b_agent" to ask`} {
		text, err := reg.CallAgent(t.Context(), run, name, "q")
		if want == "" && (err != nil || text != "hi") || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestPromptsNameEverySecret(t *testing.T) {
	t.Parallel()
	reg, _ := newRun(t, newAgent(script(), "a_agent"))
	var ids []string
	for _, f := range reg.Prompts() {
		if f.Text == "" {
			t.Errorf("%s is empty", f.ID)
		}
		ids = append(ids, f.ID)
	}
	for _, want := range []string{"shared/assistant", "shared/data", "shared/tool/ask_agent", "a_agent/prompt", "a_agent/tool/echo"} {
		if !slices.Contains(ids, want) {
			t.Errorf("%s is missing from %v", want, ids)
		}
	}
}

func TestRunsAreApart(t *testing.T) {
	t.Parallel()
	a := newAgent(llmtest.NewModelFunc(echoMessage), "a_agent")
	reg, _ := newRun(t, a)
	var all sync.WaitGroup
	for _, message := range []string{"one", "two", "three", "four"} {
		all.Go(func() {
			run := reg.NewRun(identity.User{Tier: tier.Free}, message, agent.Context{Now: time.Unix(0, 0)})
			run.Memory["who"] = message
			result, err := a.Handle(t.Context(), run, nil)
			if err != nil || result.Text != message || run.Memory["who"] != message {
				t.Errorf("%s got %q, %v", message, result.Text, err)
			}
		})
	}
	all.Wait()
}

func TestMoments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, text, start, end string }{
		{"UTC", "tomorrow", "2026-11-24T00:00:00Z", "2026-11-24T23:59:59.999Z"},
		{"UTC", "Monday", "2026-11-30T00:00:00Z", "2026-11-30T23:59:59.999Z"},
		{"UTC", "next friday", "2026-11-27T00:00:00Z", "2026-11-27T23:59:59.999Z"},
		{"UTC", "in 3 days", "2026-11-26T00:00:00Z", "2026-11-26T23:59:59.999Z"},
		{"Asia/Tokyo", "today", "2026-11-24T00:00:00+09:00", "2026-11-24T23:59:59.999+09:00"}, // 23:30 UTC is tomorrow there
		{"Europe/Berlin", "2026-03-29", "2026-03-29T00:00:00+01:00", "2026-03-29T23:59:59.999+02:00"},
		{"Europe/Berlin", "2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-25T23:59:59.999+01:00"},
		{"Europe/Berlin", "2026-03-29T08:15", "2026-03-29T08:15:00+02:00", "2026-03-29T08:15:00+02:00"},
		{"Europe/Berlin", "2026-03-29T08:15:00Z", "2026-03-29T10:15:00+02:00", "2026-03-29T10:15:00+02:00"},
		{"Africa/Cairo", "2026-04-24", "2026-04-24T01:00:00+03:00", "2026-04-24T23:59:59.999+03:00"},        // no midnight
		{"America/Havana", "2026-11-01", "2026-11-01T00:00:00-04:00", "2026-11-01T23:59:59.999-05:00"},      // two midnights
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-05T00:00:00+11:00", "2026-04-05T23:59:59.999+10:30"}, // half an hour
		{"UTC", "1795824000000", "2026-11-28T00:00:00Z", "2026-11-28T00:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		ctx := agent.Context{Location: zone, Now: time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)}
		m, err := ctx.Moment(c.text)
		got := []string{m.Start.Format(time.RFC3339Nano), m.End().Format(time.RFC3339Nano)}
		if diff := cmp.Diff([]string{c.start, c.end}, got); err != nil || diff != "" {
			t.Errorf("%s in %s: %v %s", c.text, c.zone, err, diff)
		}
	}
	for _, text := range []string{"", "soon", "2026-02-30", "in -1 days", "12"} {
		if m, err := (agent.Context{Now: time.Unix(0, 0)}).Moment(text); err == nil {
			t.Errorf("%q became %v", text, m.Start)
		}
	}
}

func toolText(part llms.ContentPart) string { return part.(llms.ToolCallResponse).Content }

// echoMessage answers with the message itself.
func echoMessage(_ context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
	return agent.Answer{Text: llmtest.TextOf(call.Messages[len(call.Messages)-1])}, nil
}
