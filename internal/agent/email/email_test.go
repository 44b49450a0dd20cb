package email_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/email"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/agenttest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func runTool(t *testing.T, c agent.Context, name, arguments string) (string, *agent.Run) {
	t.Helper()
	return agenttest.RunTool(t, email.New(nil), c, name, arguments)
}

// inbox returns the data of a user in Rome on Friday, 27 March 2026, 09:00; clocks go forward on Sunday.
func inbox(t *testing.T) agent.Context {
	t.Helper()
	z := agenttest.Zone(t, "Europe/Rome")
	return agent.Context{Location: z, Now: time.Date(2026, 3, 27, 9, 0, 0, 0, z), Emails: []agent.Email{
		{ID: "1", ThreadID: "t", From: "Leo <leo@example.com>", To: []string{"mara@example.com"}, Subject: "Offer",
			Date: agenttest.At(t, "2026-03-26T09:00:00+01:00"), Snippet: "Hi Mara. Could you send the offer by " +
				"Sunday? Thanks!"},
		{ID: "2", From: "news@shop.example", Subject: "Our newsletter",
			Date: agenttest.At(t, "2026-03-25T09:00:00+01:00"), Snippet: "Please buy the hat. Unsubscribe here"},
		{ID: "3", From: "Anna", Subject: "Fattura 12", Date: agenttest.At(t, "2026-03-24T09:00:00+01:00"),
			Snippet: "Potresti pagare la fattura entro venerdì?"},
		{ID: "4", From: "Jo", Subject: "Photos", Snippet: "Here they are"},
	}}
}

func TestToolResults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tool, in, want string }{
		{"classify_email", `{}`, `{"total":4,"threads":4,"counts":{"fyi":1,"needs_reply":2,"newsletter":1},"emails":[` +
			`{"id":"1","thread_id":"t","from":"Leo \u003cleo@example.com\u003e","subject":"Offer",` +
			`"date_local":"2026-03-26T09:00:00+01:00","class":"needs_reply","confidence":"high",` +
			`"reasons":["asks a question","asks for something"]},` +
			`{"id":"2","from":"news@shop.example","subject":"Our newsletter",` +
			`"date_local":"2026-03-25T09:00:00+01:00","class":"newsletter","confidence":"high",` +
			`"reasons":["reads like a newsletter","comes from a mailing"]},` +
			`{"id":"3","from":"Anna","subject":"Fattura 12","date_local":"2026-03-24T09:00:00+01:00",` +
			`"class":"needs_reply","also":["invoice"],"confidence":"medium","reasons":["asks a question",` +
			`"asks for something"]},` +
			`{"id":"4","from":"Jo","subject":"Photos","class":"fyi","confidence":"low","reasons":["nothing ` +
			`asks for anything"]}]}`},
		{"classify_email", `{"metadata":[{"id":"9"}]}`, `error: metadata[0]: there is no e-mail with id "9" in ` +
			`this request`},
		{"extract_action_items", `{"metadata":[]}`, `{"total":2,"action_items":[` +
			`{"action":"send the offer by Sunday","email_id":"1","from":"Leo \u003cleo@example.com\u003e",` +
			`"subject":"Offer","due_date":"2026-03-29","because":"asked for"},` +
			`{"action":"pagare la fattura entro venerdì","email_id":"3","from":"Anna","subject":"Fattura 12",` +
			`"due_date":"2026-03-27","because":"asked for"}]}`},
		{"extract_action_items", `{"metadata":[{"subject":"Angebot","snippet":"Bitte das Angebot bis morgen ` +
			`prüfen."}]}`,
			`{"total":1,"action_items":[{"action":"das Angebot bis morgen prüfen","subject":"Angebot",` +
				`"due_date":"2026-03-28","because":"asked for"}]}`},
		{"extract_action_items", `{"metadata":[{"id":"1"},{"thread_id":"t"},{"id":"1"},{}]}`,
			`{"total":1,"action_items":[{"action":"send the offer by Sunday","email_id":"1",` +
				`"from":"Leo \u003cleo@example.com\u003e","subject":"Offer","due_date":"2026-03-29",` +
				`"because":"asked for"}]}`},
		{"extract_action_items", `{"metadata":[{"thread_id":"x"}]}`,
			`error: metadata[0]: there is no thread with id "x" in this request`},
		{"classify_email", `{"metadata":[{"id":"4"}],"snippets":true}`,
			`{"total":1,"threads":1,"counts":{"fyi":1},"emails":[{"id":"4","from":"Jo","subject":"Photos",` +
				`"snippet":"Here they are","class":"fyi","confidence":"low",` +
				`"reasons":["nothing asks for anything"]}]}`},
		{"draft_response", `{"thread_context":{"thread_id":"t"}}`,
			`{"subject":"Re: Offer","reply_to":["Leo \u003cleo@example.com\u003e"],` +
				`"participants":["Leo \u003cleo@example.com\u003e","mara@example.com"],"messages":[{"from":"Leo ` +
				`\u003cleo@example.com\u003e",` +
				`"date_local":"2026-03-26T09:00:00+01:00","snippet":"Hi Mara. Could you send the offer by Sunday? ` +
				`Thanks!"}],` +
				`"last_question":"Could you send the offer by Sunday?","tone":"informal","language":"English",` +
				`"waiting_for":"you",` +
				`"draft_proposed":false,"note":"Only snippets are known, never whole messages."}`},
		{"draft_response", `{"thread_context":{"email_id":"7"}}`,
			`error: there is no e-mail with id "7" in this request`},
	} {
		got, run := runTool(t, inbox(t), c.tool, c.in)
		if got != c.want || len(run.Actions()) != 0 {
			t.Errorf("%s %s:\ngot  %s\nwant %s", c.tool, c.in, got, c.want)
		}
	}
	for tool, want := range map[string]string{"classify_email": `{"total":0,"threads":0,"counts":{},"emails":[]}`,
		"extract_action_items": `{"total":0,"action_items":[]}`,
		"draft_response":       `error: there are no e-mails in this request`} {
		if got, _ := runTool(t, agent.Context{}, tool, ``); got != want {
			t.Errorf("%s: %s", tool, got)
		}
	}
}

func TestNamingNoEmailMeansAllOfThem(t *testing.T) {
	t.Parallel()
	for _, arguments := range []string{``, `{}`, `{"metadata":null}`, `{"metadata":[]}`, `{"metadata":[{}]}`,
		`{"metadata":[{"id":"","to":[]}]}`} {
		for tool, want := range map[string]string{"classify_email": `{"total":4,`,
			"extract_action_items": `{"total":2,`} {
			if got, _ := runTool(t, inbox(t), tool, arguments); !strings.HasPrefix(got, want) {
				t.Errorf("%s %s: %s", tool, arguments, got)
			}
		}
	}
}

func TestDraftIsProposed(t *testing.T) {
	t.Parallel()
	_, run := runTool(t, inbox(t), "draft_response", `{"thread_context":{"email_id":"1"},"draft_text":"Hi Leo"}`)
	want := fmt.Sprintf(`[{"type":"create_record","table":"emails","data":{"body":"Hi Leo","date":%d,`+
		`"from":"mara@example.com",`+
		`"labels":["draft"],"snippet":"Hi Leo","subject":"Re: Offer","threadId":"t","to":["Leo `+
		`\u003cleo@example.com\u003e"]}}]`, run.Context.Now.UnixMilli())
	if got, err := json.Marshal(run.Actions()); err != nil || string(got) != want {
		t.Errorf("got %s", got)
	}
}

func TestClassOfSubjects(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]string{"URGENT: server down": "urgent", "Rechnung 4": "invoice",
		"Invitation: kick-off": "meeting",
		"Newsletter in May":    "newsletter", "Security alert": "notification", "Kannst du helfen?": "needs_reply",
		"": "fyi"} {
		got, _ := runTool(t, agent.Context{}, "classify_email",
			fmt.Sprintf(`{"metadata":[{"from":"x","subject":%q}]}`, subject))
		if !strings.Contains(got, `"class":"`+want+`"`) {
			t.Errorf("%q: %s", subject, got)
		}
	}
}

func TestActionItemsOfManyEmails(t *testing.T) {
	t.Parallel()
	c := inbox(t)
	for i := range 5000 {
		c.Emails = append(c.Emails, agent.Email{ID: fmt.Sprint("m", i), Date: 1 << 62,
			Subject: "Please call \xff me?", Snippet: "Please call me"})
	}
	var out struct{ Total int }
	text, _ := runTool(t, c, "extract_action_items", ``)
	if err := json.Unmarshal([]byte(text), &out); err != nil || out.Total != 10002 {
		t.Error(out.Total, err)
	}
}

func TestDefaultPlan(t *testing.T) {
	t.Parallel()
	a := email.New(llmtest.NewModel(llmtest.TextTurn("ok")))
	plan := agenttest.Plan(t, a)
	if len(plan.Steps) != 2 || plan.Agent != email.Name {
		t.Fatal(plan)
	}
	if plan.Steps[0].Action != playbook.Select || plan.Steps[1].PromptTemplate != "tpl_email_agent_default" {
		t.Error(plan.Steps)
	}
}

func TestEmailTasksPlanCreatesTasks(t *testing.T) {
	t.Parallel()
	a := email.New(llmtest.NewModel(llmtest.CallTurn(llmtest.Call("1", "plan_email_tasks", `{}`)),
		llmtest.TextTurn("ok")))
	plan := agenttest.Plan(t, a)
	want := `{"action":"create_record","data_from_step":1,"table":"tasks","data":{"description":"{{description}}",` +
		`"dueDate":"{{dueDate}}","priority":"{{priority}}","title":"{{title}}"}}`
	if got, err := json.Marshal(plan.Steps[2]); err != nil || len(plan.Steps) != 3 || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestModelReadsToolResults(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel(llmtest.CallTurn(llmtest.Call("1", "classify_email", `{}`)),
		llmtest.TextTurn("One needs a reply."))
	a := email.New(model)
	result, err := a.Handle(t.Context(), agenttest.NewRun(t, a, inbox(t)), nil)
	if err != nil || result.Text != "One needs a reply." || len(model.Calls()) != 2 {
		t.Fatal(result, err)
	}
	if prompt := fmt.Sprint(model.Calls()[1].Messages); !strings.Contains(prompt, "asks a question") {
		t.Errorf("the model was not sent the result: %s", prompt)
	}
}
