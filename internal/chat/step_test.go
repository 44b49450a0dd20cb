package chat_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func TestRunStepParsesAndFiltersTheAnswer(t *testing.T) {
	t.Parallel()
	request := map[string]any{"request": "two tasks"}
	const review, summary = "tpl_task_agent_review", "tpl_task_agent_summary"
	replaced := chat.StepReply{Output: chat.FallbackAnswer, Records: []map[string]any{}, Replaced: true}
	for _, c := range []struct {
		name, template, answer string
		variables              map[string]any
		want                   chat.StepReply
		fault                  fault.Code
	}{
		{"records", review, "```json\n[{\"id\":\"1\",\"status\":\"done\",\"x\":1},null]\n```", request,
			chat.StepReply{Output: `[{"id":"1","status":"done"}]`, Dropped: 2,
				Records: []map[string]any{{"id": "1", "status": "done"}}}, ""},
		{"nothing fits", review, `[{"id":"OTHER","dueDate":"tomorrow","priority":"banana"}]`, request,
			chat.StepReply{Output: `[]`, Records: []map[string]any{}, Dropped: 1}, ""},
		{"prose", summary, "All done [1].", request,
			chat.StepReply{Output: "All done [1].", Records: []map[string]any{}}, ""},
		{"prose after thoughts", summary, "<think>Hm</think>All done.", request,
			chat.StepReply{Output: "All done.", Records: []map[string]any{}}, ""},
		{"thoughts alone", summary, "<think>Hm", request, chat.StepReply{}, "llm_error"},
		{"leak", summary, "SECRET", request, replaced, ""},
		{"escaped leak", "tpl_task_agent_default", `[{"title":"\u0053ECRET"}]`, request, replaced, ""},
		{"leak outside the records", review, `SECRET [{"id":"1","status":"done"}]`, request,
			chat.StepReply{Output: `[{"id":"1","status":"done"}]`,
				Records: []map[string]any{{"id": "1", "status": "done"}}}, ""},
		{"no records", review, "I cannot", request, chat.StepReply{}, "llm_error"},
		{"unknown template", "tpl_no", "", request, chat.StepReply{}, "not_found"},
		{"no variables", summary, "", nil, chat.StepReply{}, "validation_failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, _ := setup(t, says(c.answer))
			req := chat.StepRequest{PromptTemplate: c.template, Variables: c.variables,
				Data: []map[string]any{{"id": "1", "title": "A", "status": "done"}}}
			reply, err := o.RunStep(t.Context(), pro, req)
			if c.fault != "" {
				if f := fault.From(err); f == nil || f.Code != c.fault {
					t.Errorf("got error %v, want code %s", err, c.fault)
				}
				return
			}
			if diff := cmp.Diff(c.want, reply); err != nil || diff != "" {
				t.Errorf("got error %v, reply (-want +got): %s", err, diff)
			}
		})
	}
}

func TestStepPromptIsAddedByTheServer(t *testing.T) {
	t.Parallel()
	o, m := setup(t, says("ok"))
	_, err := o.RunStep(t.Context(), pro, chat.StepRequest{PromptTemplate: "tpl_task_agent_summary",
		Variables: map[string]any{"request": "sum up"}, Data: []map[string]any{{"title": "A"}}})
	call := m.Calls()[0]
	if err != nil || !strings.Contains(system(call), "what is overdue, what is due next") {
		t.Fatalf("the template is not in the system prompt, error %v", err)
	}
	if diff := cmp.Diff("request: sum up\n\nRecords:\n[{\"title\":\"A\"}]", lastText(call)); diff != "" {
		t.Error(diff)
	}
	if call.Schema != nil {
		t.Errorf("a text has the schema %s", call.Schema)
	}
}

// TestStepWithRecordsHasLocalTimesAndFacts checks what the model is sent for a template that makes records.
func TestStepWithRecordsHasLocalTimesAndFacts(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModel(says(`{"records":[{"id":"1","dueDate":"2026-11-30T15:00"}]}`))
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	templates, err := playbook.NewTemplates(playbook.Template{ID: "tpl_a", Text: "Postpone.", Reads: "tasks",
		Makes: playbook.Records{Action: action.Update, Table: "tasks", Columns: []string{"dueDate"}},
		Facts: func(_ context.Context, data []map[string]any, now time.Time) (string, error) {
			return fmt.Sprint(len(data), " rows at ", now.Format(time.Kitchen)), nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	agents, err := agent.NewRegistry(task.New(m))
	if err != nil {
		t.Fatal(err)
	}
	o := chat.New(chat.Config{Agents: agents, Model: m, Templates: templates,
		Filter: func(context.Context, identity.User, ...string) chat.Guard { return guard{} },
		Log:    slog.New(slog.DiscardHandler),
		Now:    func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }})
	reply, err := o.RunStep(t.Context(), pro, chat.StepRequest{PromptTemplate: "tpl_a", Timezone: "Europe/Rome",
		Data: []map[string]any{{"id": "1", "dueDate": float64(1796047200000)}}})
	want := chat.StepReply{Output: `[{"dueDate":1796047200000,"id":"1"}]`, Records: []map[string]any{
		{"id": "1", "dueDate": time.Date(2026, 11, 30, 15, 0, 0, 0, zone).UnixMilli()}}}
	if diff := cmp.Diff(want, reply); err != nil || diff != "" {
		t.Error(err, diff)
	}
	call := m.Calls()[0]
	const message = "\nComputed from the records:\n1 rows at 10:00AM\n\nRecords:\n" +
		`[{"dueDate":"2026-11-30T15:00","id":"1"}]`
	if diff := cmp.Diff(message, lastText(call)); diff != "" {
		t.Error(diff)
	}
	const today = "\n\nToday is 2026-11-23 (Monday), time zone Europe/Rome. The local time is 10:00."
	if got := call.Messages[0].Parts[1].(llms.TextContent).Text; got != today || len(call.Schema) == 0 ||
		!strings.HasSuffix(system(call), "\n- id (always): as the record has it\n- dueDate: time") {
		t.Errorf("the model is sent %q, %s and %s", got, call.Schema, system(call))
	}
}
