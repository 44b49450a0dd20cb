package chat_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
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
				Data: []map[string]any{{"id": "1", "title": "A"}}}
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
	if err != nil || !strings.Contains(system(m.Calls()[0]), "what is overdue, what is due next") {
		t.Fatalf("the template is not in the system prompt, error %v", err)
	}
	if diff := cmp.Diff("request: sum up\n\nRecords:\n[{\"title\":\"A\"}]", lastText(m.Calls()[0])); diff != "" {
		t.Error(diff)
	}
}
