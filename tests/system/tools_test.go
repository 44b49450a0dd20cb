package system_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/analytics"
	"github.com/adiuva/cloud-api/internal/agent/calendar"
	"github.com/adiuva/cloud-api/internal/agent/email"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// withFixedClock stops the agents' clock at 11:00 in Berlin on the Thursday before clocks go back there.
func withFixedClock(t *testing.T, model agent.Model) option {
	return func(c *httpapi.Config) {
		_, templates := builtin(t, model)
		c.Chat = chat.New(chat.Config{Agents: c.Agents, Model: model, Templates: templates, Log: c.Log,
			Filter: chat.NewFilter(sanitize.New(chat.Secrets(c.Agents, templates)...), nil),
			Now:    func() time.Time { return time.Date(2026, 10, 22, 9, 0, 0, 0, time.UTC) }})
	}
}

// berlinTime returns a local time in Berlin in milliseconds since the epoch.
func berlinTime(t *testing.T, local string) int64 {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	check(t, err)
	at, err := time.ParseInLocation("2006-01-02 15:04", local, zone)
	check(t, err)
	return at.UnixMilli()
}

// sampleContext is the context that a user in Berlin sends.
func sampleContext(t *testing.T) map[string]any {
	at := func(local string) int64 { return berlinTime(t, local) }
	return map[string]any{
		"timezone": "Europe/Berlin", "user_profile": map[string]any{"name": "Anna Roth", "email": "anna@example.com"},
		"projects": []any{map[string]any{"id": "p1", "name": "Brochure", "status": "active"}},
		"recent_tasks": []any{
			map[string]any{"id": "t1", "title": "Call the printer", "status": "todo", "priority": "high",
				"assignee": "Anna Roth", "projectId": "p1",
				"dueDate": at("2026-10-21 23:59"), "createdAt": at("2026-10-05 09:00")},
			map[string]any{"id": "t2", "title": "Send the offer", "status": "done", "assignee": "Leo Marx",
				"createdAt": at("2026-10-01 09:00"), "completedAt": at("2026-10-08 09:00")},
			map[string]any{"id": "t3", "title": "Book a room", "status": "in_progress", "priority": "low",
				"dueDate": at("2026-10-26 23:59"), "createdAt": at("2026-10-19 09:00")},
			map[string]any{"id": "t4", "title": "Proofread", "status": "done", "assignee": "Anna Roth",
				"createdAt": at("2026-10-12 09:00"), "completedAt": at("2026-10-19 10:00")},
		},
		"events": []any{
			map[string]any{"id": "e1", "title": "Design review", "start": at("2026-10-26 09:00"),
				"end": at("2026-10-26 10:00"), "attendees": []string{"anna@example.com", "leo@example.com"},
				"location": "Berlin"},
			map[string]any{"id": "e2", "title": "Call with Lagos", "start": at("2026-10-26 09:30"),
				"end": at("2026-10-26 10:30"), "timezone": "Africa/Lagos", "attendees": []string{"anna@example.com"}},
			map[string]any{"id": "e3", "title": "Lunch", "start": at("2026-10-23 12:00"),
				"end": at("2026-10-23 13:00")},
		},
		"emails": []any{
			map[string]any{"id": "m1", "thread_id": "h1", "from": "Leo Marx <leo@example.com>",
				"to": []string{"anna@example.com"}, "subject": "Offer", "date": at("2026-10-22 08:00"),
				"snippet": "Could you send me the signed offer by Friday?"},
			map[string]any{"id": "m2", "thread_id": "h2", "from": "news@shop.example",
				"to": []string{"anna@example.com"}, "subject": "Our autumn newsletter", "date": at("2026-10-21 08:00"),
				"snippet": "Save 20 %. Unsubscribe here.", "labels": []string{"promotions"}},
		},
		"notes": []any{map[string]any{"id": "n1", "title": "Trade fair",
			"content": "TODO: order 200 leaflets by Monday. The booth is booked."}},
	}
}

var update = flag.Bool("update", false, "write the results of the calls in testdata/tools.txt")

// TestEveryTool lets a scripted model call each tool of each agent, in chats over HTTP. testdata/tools.txt has the
// calls with the exact result that the model gets, and the actions and proposals of the response.
func TestEveryTool(t *testing.T) {
	t.Parallel()
	const file = "testdata/tools.txt"
	model := llmtest.NewModel()
	a := start(t, model, withFixedClock(t, model))
	me := a.Register("tools@example.com")
	_, err := a.DB.Pool.Exec(t.Context(), "UPDATE users SET tier = 'power'") // which has all four agents
	check(t, err)
	cases, err := os.ReadFile(file)
	check(t, err)
	called := map[string]bool{}
	var all strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(string(cases)), "\n\n") {
		lines := strings.Split(block, "\n")
		if len(lines) < 3 {
			t.Fatalf("%s: %q has no agent, message and call", file, block)
		}
		agentName, message := strings.TrimPrefix(lines[0], "agent: "), strings.TrimPrefix(lines[1], "message: ")
		tool, arguments, _ := strings.Cut(strings.TrimPrefix(lines[2], "call: "), " ")
		called[tool] = true
		model.Route(agentName)
		got := strings.Join(lines[:3], "\n") + "\n" + a.callTool(t, model, me, message, tool, arguments)
		if diff := cmp.Diff(block, strings.TrimSpace(got)); diff != "" && !*update {
			t.Errorf("%s %s: %s", tool, arguments, diff)
		}
		all.WriteString(got + "\n")
	}
	if *update {
		check(t, os.WriteFile(file, []byte(all.String()), 0o600))
	}
	for _, one := range []*agent.Agent{task.New(model), calendar.New(model), email.New(model), analytics.New(model)} {
		for _, tool := range one.Tools() {
			if !called[tool.Name()] {
				t.Errorf("%s of %s is not called; called are %v", tool.Name(), one.Name(),
					fmt.Sprint(slices.Sorted(maps.Keys(called))))
			}
		}
	}
}

// callTool sends a message that the model answers with one call, and returns the lines about what came of it.
func (a *api) callTool(t *testing.T, model *llmtest.Model, me map[string]string, message, tool,
	arguments string) string {
	t.Helper()
	result := ""
	model.Respond(func(call agent.ModelCall) agent.Answer {
		if !toolsWereCalled(call) {
			return agent.Answer{ToolCalls: []llms.ToolCall{{ID: "c1", Type: "function",
				FunctionCall: &llms.FunctionCall{Name: tool, Arguments: arguments}}}}
		}
		result = call.Messages[len(call.Messages)-1].Parts[0].(llms.ToolCallResponse).Content
		return agent.Answer{Text: "Here you are."}
	})
	body, err := json.Marshal(map[string]any{"message": message, "context": sampleContext(t)})
	check(t, err)
	got := a.Do("POST", "/api/v1/chat", string(body), me)
	if got.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", tool, got.Status, got.Body)
	}
	lines := "text: " + strings.ReplaceAll(result, "\n", "\n  ") + "\n"
	for _, name := range []string{"actions", "proposals"} {
		list, _ := got.JSON(t)[name].([]any)
		for _, one := range list {
			text, err := json.Marshal(one)
			check(t, err)
			lines += strings.TrimSuffix(name, "s") + ": " + string(text) + "\n"
		}
	}
	return lines
}

// TestPipelineOfThreeAgents lets three agents work on one message. Each calls a tool and sees the results of those
// before it.
func TestPipelineOfThreeAgents(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	model.Route("email_agent, calendar_agent, analytics_agent")
	a := start(t, model, withFixedClock(t, model))
	me := a.Register("pipeline@example.com")
	_, err := a.DB.Pool.Exec(t.Context(), "UPDATE users SET tier = 'power'")
	check(t, err)
	answers := []string{"Leo waits for the offer.", "Two calls clash on Monday.", "Half of the tasks are done.",
		"All together now."}
	tools := []string{"extract_action_items", "detect_conflicts", "calculate_metrics"}
	turn := 0
	model.Respond(func(call agent.ModelCall) agent.Answer {
		if turn < 3 && !toolsWereCalled(call) {
			return toolCalls(tools[turn], map[string]any{})
		}
		prompt := ""
		for _, m := range call.Messages {
			prompt += llmtest.TextOf(m) + "\n"
		}
		for i, answer := range answers[:min(turn, 3)] {
			if !strings.Contains(prompt, answer) {
				t.Errorf("turn %d does not see the result of turn %d", turn, i)
			}
		}
		turn++
		return agent.Answer{Text: answers[turn-1]}
	})
	body, err := json.Marshal(map[string]any{"message": "What should I know?", "context": sampleContext(t)})
	check(t, err)
	got := a.Do("POST", "/api/v1/chat", string(body), me)
	if got.Status != http.StatusOK || got.JSON(t)["response"] != answers[3] || turn != 4 {
		t.Errorf("%d after %d turns: %s", got.Status, turn, got.Body)
	}
}

// TestPlanOfEachAgent asks each agent for a plan and runs the steps of it that the server generates.
func TestPlanOfEachAgent(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	a := start(t, model, withFixedClock(t, model))
	me := a.Register("plans@example.com")
	_, err := a.DB.Pool.Exec(t.Context(), "UPDATE users SET tier = 'power'")
	check(t, err)
	for _, name := range []string{"task_agent", "calendar_agent", "email_agent", "analytics_agent"} {
		model.Route(name)
		model.Respond(func(agent.ModelCall) agent.Answer { return agent.Answer{Text: "As usual."} })
		body, err := json.Marshal(map[string]any{"message": "Plan it.", "execution_mode": "plan",
			"context": sampleContext(t)})
		check(t, err)
		got := a.Do("POST", "/api/v1/chat", string(body), me)
		plan := got.JSON(t)
		steps, _ := plan["steps"].([]any)
		if got.Status != http.StatusOK || plan["kind"] != "plan" || plan["agent"] != name || len(steps) == 0 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		for i, step := range steps {
			id, generates := step.(map[string]any)["prompt_template"].(string)
			if !generates {
				continue
			}
			request, err := json.Marshal(map[string]any{"prompt_template": id,
				"variables": step.(map[string]any)["variables"], "data": []any{}})
			check(t, err)
			model.Respond(func(agent.ModelCall) agent.Answer { return agent.Answer{Text: "[]"} })
			if ran := a.Do("POST", "/api/v1/plans/steps", string(request), me); ran.Status != http.StatusOK {
				t.Errorf("%s, step %d: %d %s", name, i, ran.Status, ran.Body)
			}
		}
	}
}
