package chat_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
)

func TestValidation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		req  chat.Request
		want string
	}{
		{chat.Request{Message: ""}, "/message"},
		{chat.Request{Message: " \n"}, "/message"},
		{chat.Request{Message: strings.Repeat("é", 32_001)}, "/message"},
		{chat.Request{Message: strings.Repeat("é", 32_000)}, ""},
		{chat.Request{Message: "m", Mode: "dance"}, "/execution_mode"},
		{chat.Request{Message: "m", Timezone: "Europe/Berlin"}, ""},
		{chat.Request{Message: "m", Timezone: "Mars/Base"}, "/context/timezone"},
		{chat.Request{Message: "m", Timezone: "Local"}, "/context/timezone"},
		{chat.Request{Message: "m", Timezone: "../../etc/passwd"}, "/context/timezone"},
		{chat.Request{Message: "m", Context: agent.Context{History: []agent.Turn{{Role: "system", Content: "x"}}}}, "/context/conversation_history/0/role"},
	} {
		o, _ := setup(t, says("task_agent"), says("ok"))
		_, err := o.Run(t.Context(), pro, c.req, nil)
		got := ""
		if f := fault.From(err); f != nil && len(f.Details) == 1 && f.Code == "validation_failed" {
			got = f.Details[0].Pointer
		}
		if got != c.want || (err == nil) != (c.want == "") {
			t.Errorf("%.20q %s: got %q, %v", c.req.Message, c.req.Timezone, got, err)
		}
	}
}

func TestRunStep(t *testing.T) {
	t.Parallel()
	request := map[string]any{"request": "two tasks"}
	for _, c := range []struct {
		name, template, answer string
		variables              map[string]any
		want                   chat.StepReply
		fault                  fault.Code
	}{
		{"records", "tpl_task_agent_review", "```json\n[{\"id\":\"1\",\"status\":\"done\",\"x\":1},null]\n```", request,
			chat.StepReply{Output: "```json\n[{\"id\":\"1\",\"status\":\"done\",\"x\":1},null]\n```",
				Records: []map[string]any{{"id": "1", "status": "done", "priority": nil, "dueDate": nil}}}, ""},
		{"prose", "tpl_task_agent_summary", "All done [1].", request, chat.StepReply{Output: "All done [1].", Records: []map[string]any{}}, ""},
		{"leak", "tpl_task_agent_summary", "SECRET", request, chat.StepReply{Output: chat.Canned, Records: []map[string]any{}, Replaced: true}, ""},
		{"escaped leak", "tpl_task_agent_review", `[{"id":"\u0053ECRET"}]`, request, chat.StepReply{Output: chat.Canned, Records: []map[string]any{}, Replaced: true}, ""},
		{"no records", "tpl_task_agent_review", "I cannot", request, chat.StepReply{}, "llm_error"},
		{"unknown template", "tpl_no", "", request, chat.StepReply{}, "not_found"},
		{"no variables", "tpl_task_agent_summary", "", nil, chat.StepReply{}, "validation_failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, _ := setup(t, says(c.answer))
			reply, err := o.RunStep(t.Context(), pro, chat.StepRequest{PromptTemplate: c.template, Variables: c.variables})
			if c.fault != "" {
				if f := fault.From(err); f == nil || f.Code != c.fault {
					t.Errorf("got %v", err)
				}
				return
			}
			if diff := cmp.Diff(c.want, reply); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestStepPromptStaysOnTheServer(t *testing.T) {
	t.Parallel()
	o, m := setup(t, says("ok"))
	_, err := o.RunStep(t.Context(), pro, chat.StepRequest{PromptTemplate: "tpl_task_agent_summary",
		Variables: map[string]any{"request": "sum up"}, Data: []map[string]any{{"title": "A"}}})
	if err != nil || !strings.Contains(system(m.Calls()[0]), "what is overdue, what is due next") {
		t.Fatalf("the template is not in the system prompt: %v", err)
	}
	if diff := cmp.Diff("request: sum up\n\nRecords:\n[{\"title\":\"A\"}]", lastText(m.Calls()[0])); diff != "" {
		t.Error(diff)
	}
}

func TestPromptsAreNamed(t *testing.T) {
	t.Parallel()
	for _, f := range chat.Prompts() {
		if f.ID == "" || len(f.Text) < 100 {
			t.Errorf("%q has %d characters", f.ID, len(f.Text))
		}
	}
}
