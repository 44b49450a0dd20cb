package system_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/continuation"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

const (
	queryRows = `{"name":"query_rows","description":"Reads rows of a table.","parameters":{"type":"object",` +
		`"properties":{"table":{"type":"string"}},"required":["table"]}}`
	askInvoices  = `{"message":"Which invoices are late?","client_tools":[` + queryRows + `]}`
	invoicesRead = `[{"id":"call_1","content":"invoice 7 is late"}]`
)

// asksApp is a model that calls query_rows for each table once, a round for each list of tables, and then answers with
// the last results that it read.
func asksApp(rounds ...[]string) *llmtest.Model {
	m := llmtest.NewModel()
	m.Respond(func(call agent.ModelCall) agent.Answer {
		made, results := 0, ""
		for _, message := range call.Messages {
			switch message.Role {
			case llms.ChatMessageTypeAI:
				made, results = made+1, ""
			case llms.ChatMessageTypeTool:
				results += message.Parts[0].(llms.ToolCallResponse).Content + "\n"
			}
		}
		if made == len(rounds) || len(call.Tools) == 0 {
			return agent.Answer{Text: "I found: " + results}
		}
		var arguments []map[string]any
		for _, table := range rounds[made] {
			arguments = append(arguments, map[string]any{"table": table})
		}
		answer := toolCalls("query_rows", arguments...)
		answer.Text = fmt.Sprintf("Step %d.", made+1)
		return answer
	})
	return m
}

func goOn(got answer, t *testing.T, results, more string) string {
	t.Helper()
	token, err := json.Marshal(got.JSON(t)["continuation"])
	check(t, err)
	return `{"continuation":` + string(token) + `,"tool_results":` + results + more + `}`
}

// TestAppToolsAnswerOverTwoReplicas asks one replica and goes on at another, which has a new SECRETS_KEY and accepts
// that of the first.
func TestAppToolsAnswerOverTwoReplicas(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	one := appReplica(t, db, nil, asksApp([]string{"invoices", "clients"}, []string{"mails"}), nil)
	two := appReplica(t, db, func(c *config.Config) {
		c.SecretsPreviousKeys = []config.Secret{c.SecretsKey}
		c.SecretsKey = config.NewSecret(strings.Repeat("n", 32))
	}, asksApp([]string{"invoices", "clients"}, []string{"mails"}), nil)
	me := one.Register("app@example.com")
	first := one.Do("POST", "/api/v1/chat", askInvoices, me)
	body := first.JSON(t)
	calls, _ := json.Marshal(body["calls"])
	const wantCalls = `[{"arguments":{"table":"invoices"},"id":"call_1","name":"query_rows"},` +
		`{"arguments":{"table":"clients"},"id":"call_2","name":"query_rows"}]`
	if first.Status != http.StatusOK || body["kind"] != "tool_calls" || string(calls) != wantCalls ||
		body["response"] != "Step 1." || len(body["actions"].([]any)) != 0 || body["usage"] == nil {
		t.Fatalf("%d %s", first.Status, first.Body)
	}
	second := two.Do("POST", "/api/v1/chat", goOn(first, t,
		`[{"id":"call_2","denied":true},{"id":"call_1","content":"invoice 7"}]`, ""), me)
	if got := second.JSON(t); got["kind"] != "tool_calls" || got["response"] != "\n\nStep 2." {
		t.Fatalf("%d %s", second.Status, second.Body)
	}
	third := two.Do("POST", "/api/v1/chat", goOn(second, t, `[{"id":"call_3","error":"no mails here"}]`, ""), me)
	text, _ := third.JSON(t)["response"].(string)
	if third.JSON(t)["kind"] != "response" || !strings.HasPrefix(text, "\n\nI found: ") ||
		!strings.Contains(text, "no mails here") || third.JSON(t)["continuation"] != nil {
		t.Errorf("%d %s", third.Status, third.Body)
	}
	again := two.Do("POST", "/api/v1/chat", goOn(second, t, `[{"id":"call_3","content":"three mails"}]`, ""), me)
	if !strings.Contains(string(again.Body), "three mails") {
		t.Errorf("posted twice: %d %s", again.Status, again.Body)
	}
	old := one.Do("POST", "/api/v1/chat", goOn(second, t, `[{"id":"call_3","denied":true}]`, ""), me)
	if old.Code() != "continuation_invalid" {
		t.Errorf("a replica without the new key: %d %s", old.Status, old.Body)
	}
}

func appReplica(
	t *testing.T, db *postgres.DB, change func(*config.Config), m agent.Model, now func() time.Time,
) *api {
	t.Helper()
	cfg := apitest.Config(t)
	if change != nil {
		change(&cfg)
	}
	return &api{apitest.StartReplica(t, apitest.Replica{Config: cfg, DB: db, Now: now}, m)}
}

func TestContinuationEndsWithTimePasswordTierAndAccount(t *testing.T) {
	t.Parallel()
	clock := apitest.NewClock()
	a := appReplica(t, pgtest.New(t), nil, asksApp([]string{"invoices"}), clock.Now)
	ask := func(me header) string {
		t.Helper()
		got := a.Do("POST", "/api/v1/chat", askInvoices, me)
		if got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		return goOn(got, t, invoicesRead, "")
	}
	expect := func(what, body string, me header, code string) {
		t.Helper()
		if got := a.Do("POST", "/api/v1/chat", body, me); got.Status != http.StatusOK && got.Code() != code ||
			got.Status == http.StatusOK && code != "" {
			t.Errorf("%s: %d %.300s, want code %q", what, got.Status, got.Body, code)
		}
	}
	me, other := a.Register("me@example.com"), a.Register("other@example.com")
	body := ask(me)
	expect("in time", body, me, "")
	expect("another account", body, other, "continuation_invalid")
	expect("changed", strings.Replace(body, `"continuation":"A`, `"continuation":"B`, 1), me, "continuation_invalid")
	expect("made up", `{"continuation":"AQAAAA","tool_results":`+invoicesRead+`}`, me, "continuation_invalid")
	check(t, a.Accounts.SetTier(t.Context(), "me@example.com", tier.Pro, 1))
	me = signIn(a, "me@example.com", "correct horse battery")
	expect("another tier", body, me, "continuation_invalid")
	body = ask(me)
	clock.Advance(time.Second)
	got := a.Do("PUT", "/api/v1/auth/password", `{"current_password":"correct horse battery",`+
		`"new_password":"other horse battery"}`, me)
	if got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	me = signIn(a, "me@example.com", "other horse battery")
	expect("another password", body, me, "continuation_invalid")
	body = ask(me)
	clock.Advance(continuation.Lifetime - time.Second)
	expect("just in time", body, me, "")
	clock.Advance(time.Second)
	expect("too late", body, me, "continuation_invalid")
}

func signIn(a *api, email, password string) header {
	a.T.Helper()
	got := a.Do("POST", "/api/v1/auth/login", `{"email":"`+email+`","password":"`+password+`"}`, nil).JSON(a.T)
	return header{"Authorization": "Bearer " + got["access_token"].(string)}
}

func TestMembersOfAppToolsHaveToGoTogether(t *testing.T) {
	t.Parallel()
	a := start(t, asksApp([]string{"invoices"}))
	me := a.createUser("me@example.com", tier.Team)
	first := a.Do("POST", "/api/v1/chat", askInvoices, me)
	with := func(results, more string) string { return goOn(first, t, results, more) }
	for _, c := range []struct{ name, body, pointer string }{
		{"message as well", with(invoicesRead, `,"message":"x"`), "/message"},
		{"tools as well", with(invoicesRead, `,"client_tools":[`+queryRows+`]`), "/client_tools"},
		{"mode as well", with(invoicesRead, `,"execution_mode":"direct"`), "/execution_mode"},
		{"results alone", `{"message":"x","tool_results":` + invoicesRead + `}`, "/tool_results"},
		{"no results", with("[]", ""), "/tool_results"},
		{"result of no call", with(`[{"id":"call_1","content":""},{"id":"call_2","content":""}]`, ""),
			"/tool_results/1/id"},
		{"two results of a call", with(`[{"id":"call_1","denied":true},{"id":"call_1","content":""}]`, ""),
			"/tool_results/1/id"},
		{"empty result", with(`[{"id":"call_1"}]`, ""), "/tool_results/0"},
		{"two outcomes", with(`[{"id":"call_1","content":"a","error":"b"}]`, ""), "/tool_results/0"},
		{"plan mode", strings.Replace(askInvoices, `{`, `{"execution_mode":"plan",`, 1), "/client_tools"},
		{"our name", strings.Replace(askInvoices, "query_rows", "calculate_metrics", 1), "/client_tools/0/name"},
		{"ask_agent", strings.Replace(askInvoices, "query_rows", "ask_agent", 1), "/client_tools/0/name"},
		{"a bad name", strings.Replace(askInvoices, "query_rows", "query rows", 1), "/client_tools/0/name"},
		{"a bad schema", strings.Replace(askInvoices, `"string"`, `"text"`, 1), "/client_tools/0/parameters"},
	} {
		got := a.Do("POST", "/api/v1/chat", c.body, me)
		if got.Code() != "validation_failed" || !strings.Contains(string(got.Body), `"pointer":"`+c.pointer+`"`) {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
		}
	}
	batch := a.Do("POST", "/api/v1/chat/batch", `{"requests":[`+askInvoices+`]}`, me)
	if !strings.Contains(string(batch.Body), `"pointer":"/client_tools"`) {
		t.Errorf("batch: %s", batch.Body)
	}
	s := a.Dial(me)
	s.Send(askInvoices)
	if _, last := s.Answer(); last.Error == nil || last.Error.Code != "validation_failed" {
		t.Errorf("version 1: %+v", last)
	}
}

func TestResultsMayHaveTwoMegabytes(t *testing.T) {
	t.Parallel()
	a := start(t, asksApp([]string{"a", "b", "c", "d", "e", "f"}))
	me := a.Register("me@example.com")
	first := a.Do("POST", "/api/v1/chat", askInvoices, me)
	results := func(bytes int) string {
		var list []map[string]string
		for i := range 6 {
			list = append(list, map[string]string{"id": fmt.Sprint("call_", i+1),
				"content": strings.Repeat("x ", bytes/2)})
		}
		text, err := json.Marshal(list)
		check(t, err)
		return string(text)
	}
	got := a.Do("POST", "/api/v1/chat", goOn(first, t, results(250<<10), ""), me)
	if got.Status != http.StatusOK ||
		len(got.Body) < 250<<10 || strings.Count(string(got.Body), "x x x x") < 6 {
		t.Errorf("1.5 MB: %d, %d bytes, which the model's context has room for", got.Status, len(got.Body))
	}
	got = a.Do("POST", "/api/v1/chat", goOn(first, t, results(300<<10), ""), me)
	if got.Status != http.StatusOK ||
		strings.Count(string(got.Body), "larger than 256 KiB") != 6 {
		t.Errorf("results that are too large: %d %.300s", got.Status, got.Body)
	}
	for name, body := range map[string]string{"10 MB": goOn(first, t, results(10<<20/6), ""),
		"no continuation": `{"message":"` + strings.Repeat("x", 3<<19) + `"}`} {
		if got := a.Do("POST", "/api/v1/chat", body, me); got.Code() != "body_too_large" {
			t.Errorf("%s: %d %.200s", name, got.Status, got.Body)
		}
	}
}
