package httpapi_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// outline describes the events of an answer in a line, consecutive texts as one.
func outline(events []apitest.Event) string {
	var list []string
	for _, e := range events {
		text := e.Type
		switch e.Type {
		case "agent":
			text += fmt.Sprintf(" %s %d/%d", e.Name, e.Index, e.Of)
		case "tool":
			text += fmt.Sprintf(" %s %s (%s)", e.Name, e.State, e.Label)
		case "action":
			text += fmt.Sprint(" ", e.Action["type"])
		case "done":
			text += " " + e.Kind
		case "error":
			text += " " + e.Code
		}
		if len(list) == 0 || text != "text" || list[len(list)-1] != text {
			list = append(list, text)
		}
	}
	return strings.Join(list, ", ")
}

// eventCase is an answer of the scripted model, and the events that it becomes.
type eventCase struct {
	name, route, request string
	turns                []llmtest.Turn
	want                 string
}

func eventCases() []eventCase {
	ask := `{"message":"Create a task: call Anna, with high priority."}`
	create := llmtest.CallTurn(llmtest.Call("1", "create_task", `{"title":"Call Anna","priority":"high"}`))
	both := create
	both.Chunks = []string{"Of course. The call with Anna is easy to add, and her number is in the notes of last " +
		"Tuesday. After that, the printer and the invoice come next, and both can wait until Thursday morning. "}
	created := "tool create_task running (Preparing changes), tool create_task done (Preparing changes)"
	leak := "Of course, here they are, just as you asked, word by word, from their beginning: " + chat.Prompts()[0].Text
	return []eventCase{
		{"text", "", ask, []llmtest.Turn{llmtest.TextTurn("I can ", "help.")},
			"started, agent task_agent 1/1, text, done response"},
		{"an action", "", ask, []llmtest.Turn{create, llmtest.TextTurn("Please confirm.")},
			"started, agent task_agent 1/1, " + created + ", text, action create_record, done response"},
		{"text beside a call", "", ask, []llmtest.Turn{both, llmtest.TextTurn("Please confirm.")},
			"started, agent task_agent 1/1, text, " + created + ", text, action create_record, done response"},
		{"a failed call", "", ask, []llmtest.Turn{
			llmtest.CallTurn(llmtest.Call("1", "create_task", `{"priority":"immediately"}`)),
			llmtest.TextTurn("Sorry.")},
			"started, agent task_agent 1/1, tool create_task running (Preparing changes), " +
				"tool create_task failed (Preparing changes), text, done response"},
		{"an unknown tool", "", ask, []llmtest.Turn{
			llmtest.CallTurn(llmtest.Call("1", "launch_rocket", `{}`)), llmtest.TextTurn("Sorry.")},
			"started, agent task_agent 1/1, text, done response"},
		{"a delegate", "", ask, []llmtest.Turn{
			llmtest.CallTurn(llmtest.Call("1", "ask_agent", `{"agent":"email_agent","query":"Any mails?"}`)),
			llmtest.CallTurn(llmtest.Call("2", "find_rows", `{"table":"emails"}`)),
			llmtest.TextTurn("No mails."), llmtest.TextTurn("There are none.")},
			"started, agent task_agent 1/1, tool ask_agent running (Asking another agent), " +
				"tool find_rows running (Searching the workspace), tool find_rows done (Searching the workspace), " +
				"tool ask_agent done (Asking another agent), text, done response"},
		{"a pipeline", "task_agent, email_agent", ask, []llmtest.Turn{llmtest.TextTurn("Of tasks."),
			llmtest.TextTurn("Of mails."), llmtest.TextTurn("Of ", "both.")},
			"started, agent task_agent 1/2, agent email_agent 2/2, text, done response"},
		{"beyond the plan", "analytics_agent", ask, []llmtest.Turn{llmtest.TextTurn("Nothing.")},
			"started, agent task_agent 1/1, text, done response"},
		{"a leak", "", ask, []llmtest.Turn{llmtest.TextTurn(llmtest.Chunks(leak, 7)...)},
			"started, agent task_agent 1/1, text, done response"},
		{"a leak with an action", "", ask, []llmtest.Turn{create, llmtest.TextTurn(llmtest.Chunks(leak, 7)...)},
			"started, agent task_agent 1/1, " + created + ", text, done response"},
		{"a leak in an action", "", ask, []llmtest.Turn{
			llmtest.CallTurn(llmtest.Call("1", "create_task",
				`{"title":"Read","description":`+apitest.Quote(leak)+`}`)),
			llmtest.TextTurn("Please confirm.")},
			"started, agent task_agent 1/1, " + created + ", text, done response"},
		{"no answer", "", ask, []llmtest.Turn{llmtest.TextTurn("")},
			"started, agent task_agent 1/1, error llm_error"},
	}
}

// TestEventsTellWhatHappens compares the events of both transports with what the scripted model did. apitest checks
// each against the contract, and that the deltas are the response and the actions those of done.
func TestEventsTellWhatHappens(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	a := start(t, model)
	me := a.Register("events@example.com")
	socket := a.DialEvents(me)
	for _, c := range eventCases() {
		model.Route(llmtest.DefaultRoute)
		if c.route != "" {
			model.Route(c.route)
		}
		model.Script(c.turns...)
		socket.Send(c.request)
		overSocket := socket.Answer()
		model.Script(c.turns...)
		s, refused := a.AskEvents(c.request, me)
		if s == nil {
			t.Fatalf("%s: %d %s", c.name, refused.Status, refused.Body)
		}
		for transport, events := range map[string][]apitest.Event{"version 2": overSocket, "events": s.Answer()} {
			if got := outline(events); got != c.want {
				t.Errorf("%s over %s:\ngot  %s\nwant %s", c.name, transport, got, c.want)
			}
			last := events[len(events)-1]
			if leaks := strings.HasPrefix(c.name, "a leak"); leaks != last.Replaced ||
				leaks && (*last.Response != chat.FallbackAnswer || len(last.Actions) > 0) {
				t.Errorf("%s over %s: %+v", c.name, transport, last)
			}
		}
	}
}

// TestPlansAreEventsWithoutText compares a plan with that of POST /chat.
func TestPlansAreEventsWithoutText(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.Register("plans@example.com")
	request := `{"message":"plan my week","execution_mode":"plan"}`
	whole := a.Do("POST", "/api/v1/chat", request, me).JSON(t)
	socket := a.DialEvents(me)
	socket.Send(request)
	s, refused := a.AskEvents(request, me)
	if s == nil {
		t.Fatalf("%d %s", refused.Status, refused.Body)
	}
	for _, events := range [][]apitest.Event{socket.Answer(), s.Answer()} {
		last := events[len(events)-1]
		if last.Kind != "plan" || *last.Response != "" || last.Agent != whole["agent"] ||
			fmt.Sprint(last.Steps) != fmt.Sprint(whole["steps"]) {
			t.Errorf("%+v, want %v", last, whole)
		}
	}
}

// TestEveryToolHasALabelOfTheContract calls tools of every kind with the offline model.
func TestEveryToolHasALabelOfTheContract(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	socket := a.DialEvents(a.Register("labels@example.com"))
	labels := apitest.Labels(t)
	tools := 0
	for _, message := range []string{"list my open tasks", "create a task 'Call Anna' for tomorrow",
		"what does my calendar look like tomorrow?", "summarise my mails"} {
		socket.Ask(message)
		for _, e := range socket.Answer() {
			if e.Type != "tool" {
				continue
			}
			tools++
			if !slices.Contains(labels, e.Label) {
				t.Errorf("the tool %s has the label %q", e.Name, e.Label)
			}
		}
	}
	if tools == 0 {
		t.Error("no tool was used")
	}
}

// TestDeltasOfRandomTextAreTheResponse streams texts with pieces that JSON, UTF-8 or lines make difficult.
func TestDeltasOfRandomTextAreTheResponse(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	a := start(t, model)
	me := a.Register("random@example.com")
	asks := map[string]apitest.AskFunc{}
	for _, transport := range apitest.Transports() {
		asks[transport.Name] = transport.Open(a.API, me)
	}
	pieces := []string{"{", "}", `{"type":"done"}`, "\nevent: done\n", "\r\ndata: x\r\n\r\n", "\n\n", ":", `"`, `\`,
		"</", "\u2028", "&", "\t", "é", "日", "😀", "\xff", "\xe6\x97", "\ufeff", "word ", "- item\n"}
	random := rand.New(rand.NewPCG(5, 6))
	for range 150 {
		var b strings.Builder
		for range 1 + random.IntN(24) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		if strings.TrimSpace(b.String()) == "" {
			continue // an empty answer is an error
		}
		chunks := llmtest.Chunks(b.String(), 1+random.IntN(9))
		for name, ask := range asks {
			model.Script(llmtest.TextTurn(chunks...))
			tokens, last := ask(t, `{"message":"say something"}`)
			if last.Error != nil || last.Replaced {
				t.Fatalf("%q over %s: %+v", b.String(), name, last)
			}
			if got := strings.Join(tokens, ""); got != *last.Response || got != string([]rune(b.String())) {
				t.Errorf("%q over %s: text %q, response %q", b.String(), name, got, *last.Response)
			}
		}
	}
}
