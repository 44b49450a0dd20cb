package agent_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
)

func TestTiersHaveTheirAgents(t *testing.T) {
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
		t.Error("found an agent that does not exist")
	}
}

func TestRegistryRejectsInvalidDefinitions(t *testing.T) {
	t.Parallel()
	m := script()
	tool := agent.NewTool("ask_agent", "d", echo)
	for want, agents := range map[string][]*agent.Agent{
		`duplicate agent "a_agent"`:                         {newAgent(m, "a_agent"), newAgent(m, "a_agent")},
		`agent "A": a name is 2 to 64`:                      {newAgent(m, "A")},
		`agent "b_agent": needs a description and a prompt`: {agent.New(m, agent.Definition{Name: "b_agent"})},
		`agent "b_agent": tool "ask_agent" is invalid or dupli`: {agent.New(m,
			agent.Definition{Name: "b_agent", Description: "d", Prompt: "p", Tools: []agent.Tool{tool}})},
		`agent "b_agent": tier "gold"`: {agent.New(m,
			agent.Definition{Name: "b_agent", Description: "d", Prompt: "p", Tier: "gold"})},
	} {
		if _, err := agent.NewRegistry(agents...); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAgentsDelegateTwoLevelsDeep(t *testing.T) {
	t.Parallel()
	a := script(callAnswer("", "ask_agent", `{"agent":"b_agent","query":"b?"}`),
		textAnswer("a done"))
	b := script(callAnswer("", "ask_agent", `{"agent":"a_agent","query":"back?"}`, "rename",
		`{"id":"t1"}`),
		callAnswer("", "ask_agent", `{"agent":"c_agent","query":"c?"}`), textAnswer("b done"))
	c := script(callAnswer("", "ask_agent", `{"agent":"d_agent","query":"d?"}`),
		textAnswer("c done"))
	first := newAgent(a, "a_agent")
	_, run := newRun(t, first, newAgent(b, "b_agent"), newAgent(c, "c_agent"), newAgent(script(), "d_agent"))
	var emitted strings.Builder
	result, err := first.Handle(t.Context(), run, func(s string) error { emitted.WriteString(s); return nil })
	if err != nil || result.Text != "a done" || emitted.String() != "a done" || len(result.Actions) != 1 {
		t.Fatalf("%+v, emitted %q, %v", result, emitted.String(), err)
	}
	if got := lastToolResult(a.Calls()[1]); got != "b done" {
		t.Errorf("a_agent was sent the result %q", got)
	}
	if got := lastToolResult(b.Calls()[2]); got != "c done" {
		t.Errorf("b_agent was sent the result %q", got)
	}
	circle := b.Calls()[1].Messages[len(b.Calls()[1].Messages)-2].Parts[0]
	if got := toolText(circle); got != `error: agent "a_agent" is already working on this` {
		t.Errorf("delegating back: %q", got)
	}
	if got := lastToolResult(c.Calls()[1]); !strings.HasPrefix(got, `error: there is no tool "ask_agent"`) {
		t.Errorf("delegating at the third level: %q", got)
	}
}

func TestCallAgentRejectsUnknownAgents(t *testing.T) {
	t.Parallel()
	m := script(textAnswer("hi"))
	reg, run := newRun(t, newAgent(m, "a_agent"))
	for name, want := range map[string]string{"a_agent": "", "b_agent": `there is no agent "b_agent" to ask`} {
		text, err := reg.CallAgent(t.Context(), run, name, "q")
		if want == "" && (err != nil || text != "hi") || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestPromptsIncludeEverySecret(t *testing.T) {
	t.Parallel()
	reg, _ := newRun(t, newAgent(script(), "a_agent"))
	var ids []string
	for _, f := range reg.Prompts() {
		if f.Text == "" {
			t.Errorf("%s is empty", f.ID)
		}
		ids = append(ids, f.ID)
	}
	for _, want := range []string{"shared/assistant", "shared/data", "shared/tool/ask_agent", "a_agent/prompt",
		"a_agent/tool/echo"} {
		if !slices.Contains(ids, want) {
			t.Errorf("%s is missing from %v", want, ids)
		}
	}
}

func TestConcurrentRunsAreIsolated(t *testing.T) {
	t.Parallel()
	a := newAgent(echoModel{}, "a_agent")
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

// TestMemoryIsSharedWithinARequest writes to the memory of a run in a tool of a delegate, and reads it in the next
// agent of a pipeline.
func TestMemoryIsSharedWithinARequest(t *testing.T) {
	t.Parallel()
	remember := agent.NewTool("remember", "Remembers a fact.",
		func(_ context.Context, run *agent.Run, _ struct{}) (string, error) {
			run.Memory["fact"] = run.Message
			return "ok", nil
		})
	first := newAgent(script(callAnswer("", "ask_agent", `{"agent":"b_agent","query":"b?"}`),
		textAnswer("done")),
		"a_agent")
	second := agent.New(script(callAnswer("", "remember", `{}`), textAnswer("remembered")),
		agent.Definition{Name: "b_agent", Description: "d", Prompt: "p", Tools: []agent.Tool{remember}})
	_, run := newRun(t, first, second)
	result, err := first.Handle(t.Context(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	next := run.Next(agent.StepResult{Agent: "a_agent", Text: result.Text})
	if next.Memory["fact"] != "b?" {
		t.Errorf("the next agent of the pipeline has the memory %v", next.Memory)
	}
}

func TestDatesAreReadInTheCallersZone(t *testing.T) {
	t.Parallel()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	c := agent.Context{Location: tokyo, Now: time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)} // the 24th in Tokyo
	d, err := c.ParseDate("today")
	if got := d.Start.Format(time.RFC3339); err != nil || got != "2026-11-24T00:00:00+09:00" {
		t.Errorf("today is %s, %v", got, err)
	}
	if got := c.Local(d.Start.UnixMilli()); got != "2026-11-24T00:00:00+09:00" {
		t.Errorf("local time %s", got)
	}
	if got := c.Due(d.Start.UnixMilli()).Format(time.RFC3339Nano); got != "2026-11-24T23:59:59.999+09:00" {
		t.Errorf("a task due on that day is due until %s", got)
	}
}

func TestDueAtMidnightInUTCIsThatDay(t *testing.T) {
	t.Attr("case", "M16")
	t.Parallel()
	for zone, want := range map[string]string{
		"UTC":                "2026-11-28T23:59:59Z",
		"Europe/Berlin":      "2026-11-28T23:59:59+01:00",
		"America/New_York":   "2026-11-28T23:59:59-05:00",
		"Pacific/Kiritimati": "2026-11-28T23:59:59+14:00",
		"Pacific/Pago_Pago":  "2026-11-28T23:59:59-11:00",
	} {
		local, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		c := agent.Context{Location: local}
		due := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC).UnixMilli()
		if got := c.Due(due).Format(time.RFC3339); got != want || c.LocalDue(due) != "2026-11-28" {
			t.Errorf("in %s it is due until %s, on %s", zone, got, c.LocalDue(due))
		}
		midnight := time.Date(2026, 11, 28, 0, 0, 0, 0, local)
		for ms, want := range map[int64]string{0: "", midnight.UnixMilli(): "2026-11-28",
			midnight.Add(-time.Millisecond).UnixMilli(): "2026-11-27",
			midnight.Add(9 * time.Hour).UnixMilli():     "2026-11-28T09:00"} {
			if got := c.LocalDue(ms); got != want {
				t.Errorf("%d in %s is %q, want %q", ms, zone, got, want)
			}
		}
		c.Now = time.Date(2026, 11, 28, 18, 0, 0, 0, local)
		if c.Overdue(agent.Task{DueDate: due}) {
			t.Errorf("overdue on the day itself in %s", zone)
		}
		if c.Now = c.Now.AddDate(0, 0, 1); !c.Overdue(agent.Task{DueDate: due}) {
			t.Errorf("not overdue a day later in %s", zone)
		}
	}
}

func toolText(part llms.ContentPart) string { return part.(llms.ToolCallResponse).Content }

// echoModel answers with the message itself. It is safe for concurrent use.
type echoModel struct{}

func (echoModel) Generate(_ context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
	last := call.Messages[len(call.Messages)-1]
	return agent.Answer{Text: last.Parts[0].(llms.TextContent).Text}, nil
}
