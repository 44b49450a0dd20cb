package golden_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// upstream stands in for an OpenAI-compatible API. Requests are answered by the script in order, its last reply again
// and again.
type upstream struct {
	mu       sync.Mutex
	script   []http.HandlerFunc
	requests []string
}

func (u *upstream) reply(script ...http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.script, u.requests = script, nil
}

// ServeHTTP keeps the request and answers it by the script.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is cut is seen in the recording
	var indented bytes.Buffer
	if json.Indent(&indented, body, "", " ") != nil {
		indented.Write(body)
	}
	u.mu.Lock()
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s\n", r.Method, r.URL.Path)
	for _, name := range []string{"Authorization", "Accept", "Content-Type"} {
		fmt.Fprintf(&text, "%s: %s\n", name, r.Header.Get(name))
	}
	u.requests = append(u.requests, text.String()+indented.String())
	next := u.script[0]
	if len(u.script) > 1 {
		u.script = u.script[1:]
	}
	u.mu.Unlock()
	next(w, r)
}

// sent returns the requests since the last reply.
func (u *upstream) sent() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.requests
}

// raw answers with those bytes.
func raw(status int, mediaType, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // to a client that may have left
	}
}

// events answers with a stream of those events.
func events(list ...string) http.HandlerFunc {
	return raw(http.StatusOK, "text/event-stream", "data: "+strings.Join(list, "\n\ndata: ")+"\n\n")
}

// deltas answers with a stream of those deltas, given as JSON, and a reason to finish.
func deltas(reason string, list ...string) http.HandlerFunc {
	var all []string
	for _, delta := range list {
		all = append(all, fmt.Sprintf(`{"id":"c","choices":[{"index":0,"delta":%s,"finish_reason":null}]}`, delta))
	}
	all = append(all, fmt.Sprintf(`{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":%q}]}`, reason), "[DONE]")
	return events(all...)
}

func says(words ...string) http.HandlerFunc {
	var list []string
	for _, word := range words {
		list = append(list, fmt.Sprintf(`{"content":%q}`, word))
	}
	return deltas("stop", list...)
}

func calls(name, arguments string) http.HandlerFunc {
	call := fmt.Sprintf(`"id":"call_1","type":"function","function":{"name":%q,"arguments":%q}`, name, arguments)
	return deltas("tool_calls", `{"tool_calls":[{"index":0,`+call+`}]}`)
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// recordUpstream records what the service sends to a language model and what it makes of the answers.
func recordUpstream(t *testing.T, owner *service) {
	model := &upstream{}
	server := httptest.NewServer(model)
	t.Cleanup(server.Close)
	s := startService(t, owner.binary, "DATABASE_URL="+owner.newDatabase(t, "upstream"), "RATE_LIMITS=off",
		"OPENAI_API_KEY=sk-golden", "OPENAI_BASE_URL="+server.URL+"/v1", "LLM_FIRST_TOKEN_TIMEOUT=3s",
		"LLM_IDLE_TIMEOUT=3s", "LLM_MODEL=big", "LLM_ROUTER_MODEL=small")
	r := newRecording(t, "upstream.golden", func(text string) string { return hideClock(s.mask(hideDates(text))) })
	w := newWalk(t, s, r)
	a := w.register("upstream", "power")
	w.modelRequests(model, a)
	w.modelAnswers(model, a)
	r.compare()
	s.stop()
	check(t, s.wait())
	recordLog(t, s, "upstream-log.golden")
}

var (
	weekday   = regexp.MustCompile(`\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b`)
	timeOfDay = regexp.MustCompile(`\b\d\d:\d\d\b`)
)

// hideClock replaces weekdays and times of day, of which prompts are told the present ones.
func hideClock(text string) string {
	return timeOfDay.ReplaceAllString(weekday.ReplaceAllString(text, "<weekday>"), "<hh:mm>")
}

// modelRequests records the prompts, tools and conversations that reach the model.
func (w *walk) modelRequests(model *upstream, a account) {
	context := workContext(w, today())
	for _, c := range []struct {
		title, path, body string
		script            []http.HandlerFunc
	}{
		{"task agent with a tool call", "/chat", question("list my \"open\" tasks é 😀 <b>", "", context),
			[]http.HandlerFunc{says("task_agent"), calls("list_tasks", `{}`), says("Two ", "tasks.")}},
		{"calendar agent", "/chat", question("meetings?", "", ""), []http.HandlerFunc{
			says("calendar_agent"), says("None.")}},
		{"email agent", "/chat", question("mails?", "", ""), []http.HandlerFunc{says("email_agent"), says("None.")}},
		{"analytics agent", "/chat", question("metrics?", "", ""), []http.HandlerFunc{
			says("analytics_agent"), says("None.")}},
		{"declared agent", "/chat", question("brief?", "", ""), []http.HandlerFunc{
			says("client_brief_agent"), says("None.")}},
		{"two agents", "/chat", question("tasks and mails?", "", ""),
			[]http.HandlerFunc{says("task_agent, email_agent"), says("No tasks."), says("No mails."),
				says("Nothing at all.")}},
		{"plan mode", "/chat", question("create tasks", "plan", ""), []http.HandlerFunc{
			says("task_agent"), says("No plan.")}},
		{"step with records", "/plans/steps", `{"prompt_template":"tpl_note_tasks","data":[{"title":"A"}]}`,
			[]http.HandlerFunc{says(`[{"title":"A","description":null,"priority":"high","dueDate":null}]`)}},
		{"step with prose", "/plans/steps", `{"prompt_template":"tpl_standup","data":[{"title":"A"}]}`,
			[]http.HandlerFunc{says("A stand-up.")}},
	} {
		model.reply(c.script...)
		resp := w.send(request{method: "POST", path: basePath + c.path, headers: a.bearer(), body: c.body})
		for i, sent := range model.sent() {
			w.r.add(fmt.Sprintf("to the model: %s, request %d", c.title, i+1), sent)
		}
		w.r.add("from the service: "+c.title, fmt.Sprintf("--> %d\n%s", resp.status, resp.bodyText()))
	}
}

// modelAnswers records what callers get for answers of every kind, whole and as a stream.
func (w *walk) modelAnswers(model *upstream, a account) {
	route := says("task_agent")
	whole := `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Whole."},` +
		`"finish_reason":"stop"}]}`
	refusal := func(kind, code string) string {
		return fmt.Sprintf(`{"error":{"message":"secret","type":%q,"code":%q}}`, kind, code)
	}
	ask := request{method: "POST", path: basePath + "/chat", headers: a.bearer(), body: question("hello", "", "")}
	for title, answer := range sortedBy(map[string]http.HandlerFunc{
		"text":                        says("Hello ", "there."),
		"split surrogates":            deltas("stop", `{"content":"\ud83d"}`, `{"content":"\ude00!"}`),
		"stopped for length":          deltas("length", `{"content":"Half"}`),
		"stopped by a content filter": deltas("content_filter", `{"content":"Half"}`),
		"a refusal":                   deltas("stop", `{"refusal":"I will not."}`),
		"nothing":                     deltas("stop"),
		"a whole document":            raw(200, "application/json", whole),
		"comments and other fields": raw(200, "text/event-stream", ": hello\r\nevent: x\r\nid: 1\r\n"+
			`data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}`+
			"\r\n\r\ndata: [DONE]\r\n\r\n"),
		"an unknown tool":         calls("no_such_tool", `{}`),
		"arguments that are none": calls("create_task", `{"title":`),
		"a system prompt":         says("You are the task agent of Adiuva. Manage the person's tasks with the tools."),
		"no JSON":                 events("not JSON"),
		"an HTML page":            raw(200, "text/html", "<html>"),
		"an error in the stream":  events(refusal("server_error", "overloaded")),
		"bad request":             raw(400, "application/json", refusal("invalid_request_error", "too_long")),
		"bad key":                 raw(401, "application/json", refusal("invalid_request_error", "invalid_api_key")),
		"no quota":                raw(429, "application/json", refusal("insufficient_quota", "insufficient_quota")),
		"too many requests":       raw(429, "application/json", refusal("requests", "limit"), "Retry-After", "30"),
		"server error":            raw(500, "text/plain", "oops"),
		"hung up":                 hangUp,
		"silence":                 func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}) {
		model.reply(route, answer)
		resp := w.send(ask)
		w.r.add("model answers "+title, fmt.Sprintf("--> %d after %d requests to the model\n%s%s", resp.status,
			len(model.sent()), resp.headerText(false), resp.bodyText()))
		if title == "silence" {
			continue
		}
		model.reply(route, answer)
		k := w.s.dial(w.t, "", a.bearer())
		check(w.t, k.conn.WriteMessage(websocket.TextMessage, []byte(question("hello", "", ""))))
		w.r.add("model answers "+title+", streamed", k.read())
		check(w.t, k.conn.Close())
	}
	w.brokenModel(model, ask)
}

// brokenModel records the answer while the breaker is open and the model is not asked.
func (w *walk) brokenModel(model *upstream, ask request) {
	model.reply(raw(500, "text/plain", "oops"))
	eventually(w.t, "the breaker opens", func() bool {
		before := len(model.sent())
		w.send(ask)
		return len(model.sent()) == before
	})
	w.do("model: breaker open", ask)
}
