package chat_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// asked returns the names of the agents that the model was called for after the router, in order. The synthesis of a
// pipeline is no agent.
func asked(calls []agent.ModelCall) (names []string) {
	marks := map[string]string{"task_agent": "whole workspace", "calendar_agent": "You are calendar_agent",
		"email_agent": "You are email_agent", "analytics_agent": "You are analytics_agent"}
	for _, call := range calls[1:] {
		for name, mark := range marks {
			if strings.Contains(system(call), mark) {
				names = append(names, name)
			}
		}
	}
	return names
}

func TestRouterAnswerSelectsAgents(t *testing.T) {
	t.Parallel()
	const task, calendar, email, analytics = "task_agent", "calendar_agent", "email_agent", "analytics_agent"
	for _, c := range []struct {
		name, answer string
		want         []string
	}{
		{"one name", "calendar_agent", []string{calendar}},
		{"spaces and upper case", "  Calendar_Agent\n", []string{calendar}},
		{"quotes", "\"email_agent\".", []string{email}},
		{"bold", "**email_agent**", []string{email}},
		{"code fence", "```\nemail_agent\n```", []string{email}},
		{"label", "Agent: analytics_agent", []string{analytics}},
		{"label as in the examples", "Answer: analytics_agent", []string{analytics}},
		{"more examples", "email_agent\nMessage: Hi\nAnswer: calendar_agent", []string{email}},
		{"spaces for underscores", "Calendar Agent", []string{calendar}},
		{"hyphen for the underscore", "calendar-agent", []string{calendar}},
		{"without the suffix", "calendar", []string{calendar}},
		{"sentence with one name", "I think calendar_agent fits best.", []string{calendar}},
		{"thoughts", "<think>email_agent or task_agent?</think>\ncalendar_agent", []string{calendar}},
		{"JSON object", `{"agent": "email_agent"}`, []string{email}},
		{"JSON list", `["email_agent", "calendar_agent"]`, []string{email, calendar}},
		{"two names", "email_agent, calendar_agent", []string{email, calendar}},
		{"numbered lines", "1. email_agent\n2. calendar_agent", []string{email, calendar}},
		{"names in order", "First email_agent, then calendar_agent", []string{email, calendar}},
		{"repeated name", "email_agent, email_agent", []string{email}},
		{"three of four names", "email_agent,calendar_agent,analytics_agent,task_agent",
			[]string{email, calendar, analytics}},
		{"sentence with several names", "It could be calendar_agent but not email_agent", []string{task}},
		{"unknown name", "weather_agent", []string{task}},
		{"one unknown name of two", "email_agent, weather_agent", []string{task}},
		{"longer name", "email_agents, my_email_agent", []string{task}},
		{"words alone", "I can help you with your calendar", []string{task}},
		{"empty answer", "", []string{task}},
		{"long thoughts", "<think>" + strings.Repeat("task_agent? ", 1000) + "</think>calendar_agent",
			[]string{calendar}},
		{"emphasis", "_calendar_agent_", []string{calendar}},
		{"language of a code fence", "```json\n[\"email_agent\", \"calendar_agent\"]\n```", []string{email, calendar}},
		{"JSON object", `{"agents": ["email_agent", "calendar_agent"]}`, []string{email, calendar}},
		{"names on lines", "email_agent\ncalendar_agent", []string{email, calendar}},
		{"cut in a character", strings.Repeat("ü", 3000), []string{task}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, m := setup(t, says(c.answer), says("1"), says("2"), says("3"), says("4"))
			reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m"}, silent)
			if err != nil || reply.Upgrade != nil {
				t.Fatal(reply, err)
			}
			router := m.Calls()[0]
			if !router.Small || router.Temperature != 0 || len(router.Tools) != 0 || router.MaxTokens == 0 {
				t.Errorf("unexpected router call %+v", router)
			}
			if diff := cmp.Diff(c.want, asked(m.Calls())); diff != "" {
				t.Errorf("agents (-want +got): %s", diff)
			}
			calls := len(c.want) + 1
			if len(c.want) > 1 {
				calls++ // the synthesis
			}
			if len(m.Calls()) != calls {
				t.Errorf("got %d model calls, want %d", len(m.Calls()), calls)
			}
		})
	}
}

// TestRouterThatThinksGetsMoreTokens has a model whose thoughts take all tokens of the first call. The second message
// has the larger limit at once.
func TestRouterThatThinksGetsMoreTokens(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]llmtest.Turn{
		"no text":         {Truncated: true},
		"an open thought": llmtest.TextTurn("<think>Is it calendar_agent or"),
	} {
		o, m := setup(t, first, says("email_agent"), says("1"), says("<think>x</think>email_agent"), says("2"))
		for range 2 {
			if _, err := o.Run(t.Context(), pro, chat.Request{Message: "m"}, silent); err != nil {
				t.Fatal(err)
			}
		}
		var limits []int
		for _, call := range m.Calls() {
			if call.Small {
				limits = append(limits, call.MaxTokens)
			}
		}
		if len(limits) != 3 || limits[0] >= 100 || limits[1] < 1000 || limits[2] != limits[1] {
			t.Errorf("%s: limits %v", name, limits)
		}
		if got := o.RouterCounts(); got != (chat.RouterCounts{}) || len(m.Calls()) != 5 {
			t.Errorf("%s: %d calls, counts %+v", name, len(m.Calls()), got)
		}
	}
}

func TestRouterThatOnlyThinksIsCounted(t *testing.T) {
	t.Parallel()
	unavailable := fault.New(fault.LLMUnavailable, "down")
	o, m := setup(t, says("<think>"), says("<think>"), says("1"), says("weather"), says("2"), fails(unavailable),
		says("3"))
	for range 3 {
		if _, err := o.Run(t.Context(), pro, chat.Request{Message: "m"}, silent); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.RouterCounts(); got != (chat.RouterCounts{Failed: 1, Unclear: 2}) || len(m.Calls()) != 7 {
		t.Errorf("%d calls, counts %+v", len(m.Calls()), got)
	}
}

// FuzzRouterAnswer shows that any answer of the router selects one to three agents that the tier has.
func FuzzRouterAnswer(f *testing.F) {
	f.Add("email_agent, task agent\n<think>")
	f.Add("\xff_agent,calendar-agent")
	f.Fuzz(func(t *testing.T, answer string) {
		o, m := setup(t, says(answer), says("1"), says("2"), says("3"), says("4"), says("5"))
		if _, err := o.Run(t.Context(), identity.User{Tier: tier.Free}, chat.Request{Message: "m"},
			silent); err != nil {
			t.Fatal(err)
		}
		got := asked(m.Calls())
		if len(got) < 1 || len(got) > 3 || slices.Contains(got, "analytics_agent") {
			t.Errorf("%q selects %v", answer, got)
		}
	})
}

// TestRouterPromptBeginsAlikeForAllTiers also shows that the agents a tier lacks are set apart.
func TestRouterPromptBeginsAlikeForAllTiers(t *testing.T) {
	t.Parallel()
	prompt := func(user tier.Tier) string {
		o, m := setup(t, says("task_agent"), says("ok"))
		if _, err := o.Run(t.Context(), identity.User{Tier: user}, chat.Request{Message: "m"}, silent); err != nil {
			t.Fatal(err)
		}
		return system(m.Calls()[0])
	}
	free, paid := prompt(tier.Free), prompt(tier.Pro)
	shared, _, found := strings.Cut(free, "\nHigher plans:\n")
	if !found || !strings.HasPrefix(paid, shared) || !strings.Contains(shared, "\n- email_agent: ") ||
		strings.Contains(shared, "- analytics_agent") || strings.Contains(paid, "\nHigher plans:\n") {
		t.Errorf("the prompt of Free is %s\nthat of Pro is %s", free, paid)
	}
	if !strings.Contains(paid, "\nMessage: Hi, what can you do?\nAnswer: task_agent\n") {
		t.Errorf("no examples in %s", paid)
	}
}

func TestRouterContextIsTruncated(t *testing.T) {
	t.Parallel()
	o, m := setup(t, says("task_agent"), says("ok"))
	long := strings.Repeat("ü", 3000)
	_, err := o.Run(t.Context(), pro, chat.Request{Message: "short", Context: agent.Context{
		RelevantDocuments: []string{long, long, long},
		History:           []agent.Turn{{Role: "user", Content: long}, {Role: "assistant", Content: long}},
	}}, silent)
	_, context, _ := strings.Cut(lastText(m.Calls()[0]), "\nContext: ")
	if n := len([]rune(context)); err != nil || n != 500 {
		t.Errorf("got %d characters of context and error %v, want 500", n, err)
	}
}

func TestRouterContextCountsEveryTable(t *testing.T) {
	t.Parallel()
	o, m := setup(t, says("task_agent"), says("ok"))
	_, err := o.Run(t.Context(), pro, chat.Request{Message: "short", Context: agent.Context{
		RelevantDocuments: []string{"a plan"},
		History: []agent.Turn{{Role: "user", Content: "old"}, {Role: "user", Content: "hi"},
			{Role: "assistant", Content: "yes?"}},
		Tasks: make([]agent.Task, 9), TaskComments: make([]agent.TaskComment, 8),
		Projects: make([]agent.Project, 7), Clients: make([]agent.Client, 6), Notes: make([]agent.Note, 5),
		Checkpoints: make([]agent.Checkpoint, 4), Events: make([]agent.Event, 3), Emails: make([]agent.Email, 2),
	}}, silent)
	if err != nil {
		t.Fatal(err)
	}
	_, context, _ := strings.Cut(lastText(m.Calls()[0]), "\nContext: ")
	want := `{"rows":{"checkpoints":4,"clients":6,"documents":1,"emails":2,"events":3,"notes":5,"projects":7,` +
		`"taskComments":8,"tasks":9},"turns":["user: hi","assistant: yes?"],"documents":["a plan"]}`
	if !json.Valid([]byte(context)) || context != want {
		t.Errorf("got %s", context)
	}
}

// TestAnswerSaysWhatTheTierLacks asks on Free for an agent of Pro.
func TestAnswerSaysWhatTheTierLacks(t *testing.T) {
	t.Parallel()
	const sentence = "\n\nYour plan does not include analytics (figures); the Pro plan does."
	for _, c := range []struct {
		name, route, message, answer string
		want                         string
		agents                       []string
		upgrade                      bool
	}{
		{"the model says it", "analytics_agent", "report", "Reports sind Teil von Pro.", "Reports sind Teil von Pro.",
			[]string{"task_agent"}, true},
		{"the model does not say it", "analytics_agent", "report", "Three tasks pro Woche.",
			"Three tasks pro Woche." + sentence, []string{"task_agent"}, true},
		{"part of a word", "analytics_agent", "report", "Progress.", "Progress." + sentence,
			[]string{"task_agent"}, true},
		{"word of the person", "analytics_agent", "report on the MacBook Pro", "MacBook Pro is late.",
			"MacBook Pro is late." + sentence, []string{"task_agent"}, true},
		{"part of the request", "email_agent, analytics_agent", "report", "No mail.", "No mail." + sentence,
			[]string{"email_agent"}, true},
		{"nothing lacks", "email_agent", "mail", "No mail.", "No mail.", []string{"email_agent"}, false},
	} {
		for _, streamed := range []bool{false, true} {
			o, m := setup(t, says(c.route), says(c.answer))
			var emitted strings.Builder
			emit := collect(&emitted)
			if !streamed {
				emit = nil
			}
			reply, err := o.Run(t.Context(), identity.User{Tier: tier.Free}, chat.Request{Message: c.message},
				textTo(emit))
			if err != nil || reply.Text != c.want || streamed && emitted.String() != c.want {
				t.Errorf("%s: got %q, emitted %q, error %v", c.name, reply.Text, emitted.String(), err)
			}
			if diff := cmp.Diff(c.agents, asked(m.Calls())); diff != "" {
				t.Errorf("%s: agents (-want +got): %s", c.name, diff)
			}
			if got := reply.Upgrade; (got != nil) != c.upgrade ||
				got != nil && (got.Feature != "analytics_agent" || got.Tier != tier.Pro) {
				t.Errorf("%s: upgrade %+v", c.name, got)
			}
			told := strings.Contains(llmtest.TextOf(m.Calls()[1].Messages[0]), "plan does not include analytics (")
			if told != c.upgrade {
				t.Errorf("%s: the agent was told: %v", c.name, told)
			}
		}
	}
}

// TestDefaultAgentKnowsWhatTheTierHas lets the agent of small talk answer "what can you do?" on every tier.
func TestDefaultAgentKnowsWhatTheTierHas(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"task_agent", "email_agent"} {
		for _, user := range []tier.Tier{tier.Free, tier.Pro, "unknown"} {
			o, m := setup(t, says(route), says("ok"))
			if _, err := o.Run(t.Context(), identity.User{Tier: user}, chat.Request{Message: "hi"},
				silent); err != nil {
				t.Fatal(err)
			}
			_, abilities, told := strings.Cut(llmtest.TextOf(m.Calls()[1].Messages[0]), "\n\nWith this person's plan "+
				"the assistant can: create tasks, ")
			figures := strings.Contains(abilities, "figures")
			if told != (route == "task_agent") || figures != (told && user == tier.Pro) {
				t.Errorf("%s on %s: %q", route, user, abilities)
			}
		}
	}
}

// TestOnlyTheSynthesisSaysWhatTheTierLacks keeps the notice out of the intermediate results of a pipeline.
func TestOnlyTheSynthesisSaysWhatTheTierLacks(t *testing.T) {
	t.Parallel()
	o, m := setup(t, says("email_agent, analytics_agent, calendar_agent"), says("a"), says("b"), says("Ask Pro."))
	reply, err := o.Run(t.Context(), identity.User{Tier: tier.Free}, chat.Request{Message: "m"}, silent)
	if err != nil || reply.Text != "Ask Pro." || reply.Upgrade == nil {
		t.Fatalf("got %+v, %v", reply, err)
	}
	for i, call := range m.Calls()[1:] {
		if told := strings.Contains(llmtest.TextOf(call.Messages[0]), "plan does not include"); told != (i == 2) {
			t.Errorf("call %d was told: %v", i+1, told)
		}
	}
}

func TestPlanNamesWhatTheTierLacks(t *testing.T) {
	t.Parallel()
	o, _ := setup(t, says("analytics_agent"), callsTool("plan_task_summary", `{}`), says("ok"))
	reply, err := o.Run(t.Context(), identity.User{Tier: tier.Free},
		chat.Request{Message: "report", Mode: chat.ModePlan}, silent)
	if err != nil || reply.Plan == nil || reply.Plan.Agent != "task_agent" || reply.Upgrade == nil {
		t.Errorf("got %+v, %v", reply, err)
	}
}
