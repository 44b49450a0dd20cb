package system_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
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
			Filter: chat.NewFilter(sanitize.New(chat.Secrets(c.Agents, templates)...)),
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

// toolCase is one call of one tool, with the exact result that the model gets and the actions in the response.
type toolCase struct{ agent, tool, arguments, result, actions string }

func toolCases() []toolCase {
	return slices.Concat(taskToolCases(), calendarToolCases(), emailToolCases(), analyticsToolCases())
}

func taskToolCases() []toolCase {
	return []toolCase{
		{"task_agent", "create_task",
			`{"title":"Order leaflets","priority":"high","due_date":"2026-10-25","project_id":"p1"}`,
			`{"due_local":"2026-10-25T23:59:59+01:00","proposed":{"priority":"high",` +
				`"projectId":"p1","status":"todo","title":"Order leaflets"}}`,
			`[{"data":{"dueDate":1792969199999,"priority":"high","projectId":"p1","status":"todo",` +
				`"title":"Order leaflets"},"table":"tasks","type":"create_record"}]`},
		{"task_agent", "update_task", `{"id":"t3","updates":{"status":"done","due_date":"2026-10-26T15:00"}}`,
			`{"due_local":"2026-10-26T15:00:00+01:00","proposed":{"id":"t3","status":"done"}}`,
			`[{"data":{"dueDate":1793023200000,"id":"t3","status":"done"},"table":"tasks","type":"update_record"}]`},
		{"task_agent", "list_tasks", `{"filters":{"overdue":true}}`,
			`{"total":1,"tasks":[{"id":"t1","title":"Call the printer","status":"todo","priority":"high",` +
				`"assignee":"Anna Roth","project_id":"p1","project":"Brochure",` +
				`"due_local":"2026-10-21T23:59:00+02:00","overdue":true}]}`,
			`[]`},
		{"task_agent", "suggest_tasks", `{}`,
			`{"suggestions":[{"title":"Order 200 leaflets by Monday","source":"Trade fair","priority":"medium",` +
				`"due_date":"2026-10-26","because":"marked as to do"}]}`,
			`[]`},
		{"task_agent", "index_document", `{"table":"notes","id":"n1","title":"Trade fair"}`,
			`Proposed.`,
			`[{"data":{"id":"n1","title":"Trade fair"},"table":"notes","type":"index_document"}]`},
		{"task_agent", "send_notification", `{"title":"Printer","body":"Call before noon.","at":"2026-10-25T02:30"}`,
			`Proposed.`,
			`[{"data":{"at":1792888200000,"body":"Call before noon.","title":"Printer"},"table":null,` +
				`"type":"send_notification"}]`},
	}
}

func calendarToolCases() []toolCase {
	return []toolCase{
		{"calendar_agent", "list_events", `{"date_range":{"from":"2026-10-26","to":"2026-10-26"}}`,
			`{"total":2,"events":[{"id":"e1","title":"Design review","start_local":"2026-10-26T09:00:00+01:00",` +
				`"end_local":"2026-10-26T10:00:00+01:00","minutes":60,"location":"Berlin",` +
				`"attendees":["anna@example.com","leo@example.com"]},{"id":"e2","title":"Call with Lagos",` +
				`"start_local":"2026-10-26T09:30:00+01:00","end_local":"2026-10-26T10:30:00+01:00",` +
				`"minutes":60,"event_zone":"Africa/Lagos","start_in_event_zone":` +
				`"2026-10-26T09:30:00+01:00","attendees":["anna@example.com"]}]}`,
			`[]`},
		{"calendar_agent", "detect_conflicts", `{}`,
			`{"checked":3,"total":1,"conflicts":[{"kind":"overlap","events":[{"id":"e1","title":"Design review",` +
				`"start_local":"2026-10-26T09:00:00+01:00","end_local":"2026-10-26T10:00:00+01:00","minutes":60,` +
				`"location":"Berlin","attendees":["anna@example.com","leo@example.com"]},{"id":"e2",` +
				`"title":"Call with Lagos","start_local":"2026-10-26T09:30:00+01:00",` +
				`"end_local":"2026-10-26T10:30:00+01:00","minutes":60,"event_zone":"Africa/Lagos",` +
				`"start_in_event_zone":"2026-10-26T09:30:00+01:00",` +
				`"attendees":["anna@example.com"]}],"overlap_minutes":30,` +
				`"double_booked":["anna@example.com"],"day":"2026-10-26 Monday"}]}`,
			`[]`},
		{"calendar_agent", "suggest_reschedule", `{"count":2}`,
			`{"event":{"id":"e2","title":"Call with Lagos","start_local":"2026-10-26T09:30:00+01:00",` +
				`"end_local":"2026-10-26T10:30:00+01:00","minutes":60,"event_zone":"Africa/Lagos",` +
				`"start_in_event_zone":"2026-10-26T09:30:00+01:00","attendees":["anna@example.com"]},` +
				`"slots":[{"start_local":"2026-10-26T10:00:00+01:00","end_local":"2026-10-26T11:` +
				`00:00+01:00","weekday":"Monday"},{"start_local":"2026-10-26T11:00:00+01:00",` +
				`"end_local":"2026-10-26T12:00:00+01:00","weekday":"Monday"}]}`,
			`[]`},
		{"calendar_agent", "move_event", `{"id":"e2","start":"2026-10-26T11:00"}`,
			`{"proposed":{"id":"e2","title":"Call with Lagos","start_local":"2026-10-26T11:00:00+01:00",` +
				`"end_local":"2026-10-26T12:00:00+01:00","minutes":60,"event_zone":"Africa/Lagos",` +
				`"start_in_event_zone":"2026-10-26T11:00:00+01:00","attendees":["anna@example.com"]}}`,
			`[{"data":{"end":1793012400000,"id":"e2","start":1793008800000},"table":"events","type":"update_record"}]`},
		{"calendar_agent", "ask_agent", `{"agent":"task_agent","query":"What is late?"}`,
			`Here you are.`,
			`[]`},
	}
}

func emailToolCases() []toolCase {
	return []toolCase{
		{"email_agent", "classify_email", `{}`,
			`{"total":2,"threads":2,"counts":{"needs_reply":1,"newsletter":1},"emails":[{"id":"m1",` +
				`"thread_id":"h1","from":"Leo Marx \u003cleo@example.com\u003e","subject":"Offer",` +
				`"date_local":"2026-10-22T08:00:00+02:00","class":"needs_reply","confidence":"high",` +
				`"reasons":["asks a question","asks for something"]},{"id":"m2","thread_id":"h2",` +
				`"from":"news@shop.example","subject":"Our autumn newsletter",` +
				`"date_local":"2026-10-21T08:00:00+02:00","class":"newsletter",` +
				`"confidence":"high","reasons":["reads like a newsletter",` +
				`"comes from a mailing","labelled as a mailing"]}]}`,
			`[]`},
		{"email_agent", "extract_action_items", `{}`,
			`{"total":1,"action_items":[{"action":"send me the signed offer by Friday","email_id":"m1",` +
				`"from":"Leo Marx \u003cleo@example.com\u003e","subject":"Offer","due_date":"2026-10-23",` +
				`"because":"asked for"}]}`,
			`[]`},
		{"email_agent", "draft_response", `{"thread_context":{"thread_id":"h1"},"draft_text":"Dear Leo, here it is."}`,
			`{"subject":"Re: Offer","reply_to":["Leo Marx \u003cleo@example.com\u003e"],` +
				`"participants":["Leo Marx \u003cleo@example.com\u003e","anna@example.com"],` +
				`"messages":[{"from":"Leo Marx \u003cleo@example.com\u003e","date_local":"2026-10-22T08:` +
				`00:00+02:00","snippet":"Could you send me the signed offer by Friday?"}],` +
				`"last_question":"Could you send me the signed offer by Friday?","tone":"neutral",` +
				`"language":"English","waiting_for":"you","draft_proposed":true,` +
				`"note":"Only snippets are known, never whole messages."}`,
			`[{"data":{"body":"Dear Leo, here it is.","date":1792659600000,"from":"tools@example.com",` +
				`"labels":["draft"],"snippet":"Dear Leo, here it is.","subject":"Re: Offer","threadId":"h1",` +
				`"to":["Leo Marx \u003cleo@example.com\u003e"]},"table":"emails","type":"create_record"}]`},
	}
}

func analyticsToolCases() []toolCase {
	return []toolCase{
		{"analytics_agent", "calculate_metrics", `{}`,
			`{"total":4,"done":2,"open":2,"completion_rate_percent":50,"overdue":1,"due_within_7_days":1,` +
				`"open_without_due_date":0,"by_status":{"done":2,"in_progress":1,"todo":1},"by_priority":{"high":` +
				`1,"low":1,"none":2},"by_assignee":[{"name":"Anna Roth","total":2,"open":1,"overdue":1},` +
				`{"name":"nobody","total":1,"open":1,"overdue":0},{"name":"Leo Marx","total":1,"open":0,` +
				`"overdue":0}],"by_project":[{"name":"Brochure","total":1,"open":1,"overdue":1},` +
				`{"name":"none","total":3,"open":1,"overdue":0}],` +
				`"completed_per_week":[{"week_from":"2026-08-31","completed":0},` +
				`{"week_from":"2026-09-07","completed":0},{"week_from":"2026-09-14",` +
				`"completed":0},{"week_from":"2026-09-21","completed":0},` +
				`{"week_from":"2026-09-28","completed":0},` +
				`{"week_from":"2026-10-05","completed":1},` +
				`{"week_from":"2026-10-12","completed":0},` +
				`{"week_from":"2026-10-19","completed":1}],` +
				`"lead_time":{"tasks":2,"median_days":7,"p90_days":7}}`,
			`[]`},
		{"analytics_agent", "trend_analysis",
			`{"data_points":[{"at":"2026-10-22","value":3},{"at":"2026-10-23","value":5},{"at":"2026-10-24",` +
				`"value":4},{"at":"2026-10-25","value":6},{"at":"2026-10-26","value":8},{"at":"2026-10-27",` +
				`"value":9}]}`,
			`{"points":6,"series":"given points","from":"2026-10-22","to":"2026-10-27","direction":"up",` +
				`"slope_per_day":1.1714,"r_squared":0.8949,"mean":5.8333,"forecast":{"at":"2026-11-03",` +
				`"value":16.9619},"rule":"A direction needs 3 points on different times and R² of at least ` +
				`0.3; a forecast needs 5 points and R² of at least 0.5."}`,
			`[]`},
		{"analytics_agent", "generate_report", `{"period":"2026-10-05..2026-10-18"}`,
			`{"period":"2026-10-05..2026-10-18","from":"2026-10-05T00:00:00+02:00","to":"2026-10-19T00:00:` +
				`00+02:00","created":{"count":2,"tasks":[{"title":"Call the printer","priority":"high",` +
				`"assignee":"Anna Roth","due_local":"2026-10-21T23:59:00+02:00"},{"title":"Proofread",` +
				`"assignee":"Anna Roth"}]},"completed":{"count":1,"tasks":[{"title":"Send the offer",` +
				`"assignee":"Leo Marx"}]},"in_progress_now":{"count":1,"tasks":[{"title":"Book ` +
				`a room","priority":"low","due_local":"2026-10-26T23:59:00+01:00"}]},` +
				`"open_and_due_in_period":{"count":0,"tasks":[]},"overdue_now":{"count":1,` +
				`"tasks":[{"title":"Call the printer","priority":"high",` +
				`"assignee":"Anna Roth","due_local":"2026-10-21T23:59:00+02:00"}]},` +
				`"all_tasks":{"total":4,"done":2,"open":2,` +
				`"completion_rate_percent":50,"overdue":1,` +
				`"due_within_7_days":1,"open_without_due_date":0,` +
				`"by_status":{"done":2,"in_progress":1,"todo":1},` +
				`"by_priority":{"high":1,"low":1,"none":2},` +
				`"by_assignee":[{"name":"Anna Roth",` +
				`"total":2,"open":1,"overdue":1},` +
				`{"name":"nobody","total":1,"open":1,` +
				`"overdue":0},{"name":"Leo Marx",` +
				`"total":1,"open":0,` +
				`"overdue":0}],` +
				`"by_project":` +
				`[{"name":"Brochure","total":1,"open":1,"overdue":1},{"name":"none","total":3,"open":1,` +
				`"overdue":0}],"completed_per_week":[{"week_from":"2026-08-31","completed":0},` +
				`{"week_from":"2026-09-07","completed":0},{"week_from":"2026-09-14","completed":0},` +
				`{"week_from":"2026-09-21","completed":0},{"week_from":"2026-09-28","completed":0},` +
				`{"week_from":"2026-10-05","completed":1},{"week_from":"2026-10-12","completed":0},` +
				`{"week_from":"2026-10-19","completed":1}],"lead_time":{"tasks":2,"median_days":7,` +
				`"p90_days":7}}}`,
			`[]`},
	}
}

// TestEveryTool lets a scripted model call each tool of each agent, in chats over HTTP.
func TestEveryTool(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	a := start(t, model, withFixedClock(t, model))
	me := a.Register("tools@example.com")
	_, err := a.DB.Pool.Exec(t.Context(), "UPDATE users SET tier = 'power'") // which has all four agents
	check(t, err)
	called := map[string]bool{}
	for _, c := range toolCases() {
		called[c.tool] = true
		result := ""
		model.Route(c.agent)
		model.Respond(func(call agent.ModelCall) agent.Answer {
			if !toolsWereCalled(call) {
				return agent.Answer{
					ToolCalls: []llms.ToolCall{
						{ID: "c1", Type: "function",
							FunctionCall: &llms.FunctionCall{Name: c.tool, Arguments: c.arguments}}}}
			}
			result = call.Messages[len(call.Messages)-1].Parts[0].(llms.ToolCallResponse).Content
			return agent.Answer{Text: "Here you are."}
		})
		body, err := json.Marshal(map[string]any{"message": "Please.", "context": sampleContext(t)})
		check(t, err)
		got := a.Do("POST", "/api/v1/chat", string(body), me)
		if got.Status != http.StatusOK {
			t.Errorf("%s: %d %s", c.tool, got.Status, got.Body)
			continue
		}
		actions, err := json.Marshal(got.JSON(t)["actions"])
		check(t, err)
		if diff := cmp.Diff(c.result, result); diff != "" {
			t.Errorf("%s %s: %s", c.tool, c.arguments, diff)
		}
		if diff := cmp.Diff(c.actions, string(actions)); diff != "" {
			t.Errorf("%s %s: actions %s", c.tool, c.arguments, diff)
		}
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
