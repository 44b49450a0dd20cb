package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// TestNULInRowsIsDropped sends U+0000 in every kind of text that the client passes on, and in what the user typed.
func TestNULInRowsIsDropped(t *testing.T) {
	t.Attr("case", "F6")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("nul@example.com")
	const list = `{"message":"list my open tasks","context":%s}`
	for name, c := range map[string]struct {
		request string
		dropped int
		code    string
	}{
		"title":        {fmt.Sprintf(list, `{"recent_tasks":[{"id":"1","title":"a\u0000","status":"todo"}]}`), 1, ""},
		"several":      {fmt.Sprintf(list, `{"emails":[{"id":"1","snippet":"\u0000a\u0000\u0000"}]}`), 3, ""},
		"history":      {fmt.Sprintf(list, `{"conversation_history":[{"role":"user","content":"a\u0000"}]}`), 1, ""},
		"name":         {fmt.Sprintf(list, `{"user_profile":{"a\u0000b":"c"}}`), 1, ""},
		"document":     {fmt.Sprintf(list, `{"relevant_documents":["\u0000"]}`), 1, ""},
		"message":      {`{"message":"a\u0000"}`, 0, "invalid_json"},
		"after it":     {`{"context":{"relevant_documents":["\u0000"]},"message":"a\u0000"}`, 0, "invalid_json"},
		"bare":         {fmt.Sprintf(list, "{\"relevant_documents\":[\"\x00\"]}"), 0, "invalid_json"},
		"surrogate":    {fmt.Sprintf(list, `{"relevant_documents":["\ud800"]}`), 0, "invalid_json"},
		"below other":  {`{"message":"a","other":{"context":"\u0000"}}`, 0, "invalid_json"},
		"equal names":  {fmt.Sprintf(list, `{"user_profile":{"a\u0000":1,"a":2}}`), 0, "invalid_json"},
		"name of it":   {`{"message":"a","con\u0000text":{}}`, 0, "invalid_json"},
		"escaped text": {fmt.Sprintf(list, `{"relevant_documents":["\\u0000"]}`), 0, ""},
	} {
		before := len(a.Logs.String())
		rest, stream := a.Do("POST", "/api/v1/chat", c.request, me), a.Dial(me)
		stream.Send(c.request)
		_, last := stream.Answer()
		check(t, stream.Conn.Close())
		if rest.Code() != c.code || (last.Error != nil) != (c.code != "") {
			t.Errorf("%s: %d %s, stream %+v", name, rest.Status, rest.Body, last)
		}
		note := fmt.Sprintf(`"dropped_nul":%d`, c.dropped)
		if logs := a.Logs.String()[before:]; strings.Contains(logs, note) != (c.dropped > 0) {
			t.Errorf("%s: log without %s: %s", name, note, logs)
		}
	}
}

func TestNULInDataOfAStepIsDropped(t *testing.T) {
	t.Attr("case", "F6")
	t.Parallel()
	var seen strings.Builder
	model := llmtest.NewModelFunc(func(_ context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
		fmt.Fprintf(&seen, "%+v", call)
		return agent.Answer{Text: "[]"}, nil
	})
	a := start(t, model)
	me := a.Register("step@example.com")
	got := a.Do("POST", "/api/v1/plans/steps",
		`{"prompt_template":"tpl_email_agent_follow_up","variables":{"request":"Remi\u0000nd"},`+
			`"data":[{"subject":"Of\u0000fer"}]}`, me)
	if got.Status != 200 || !strings.Contains(seen.String(), "Offer") || !strings.Contains(seen.String(), "Remind") ||
		strings.Contains(seen.String(), "\x00") {
		t.Errorf("%d %s, the model saw %s", got.Status, got.Body, &seen)
	}
	if got := a.Do("POST", "/api/v1/plans/steps", `{"prompt_template":"a\u0000"}`, me); got.Code() != "invalid_json" {
		t.Errorf("in the template's id: %d %s", got.Status, got.Body)
	}
}
