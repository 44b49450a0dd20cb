package chatstream_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

var update = flag.Bool("update", false, "rewrite the recorded sessions of version 1")

// session is what a client of version 1 sends on one socket, and how the scripted model answers.
type session struct {
	title     string
	route     string
	turns     []llmtest.Turn
	questions []string
}

const (
	asksForTask = `{"message":"Create a task: call Anna, with high priority."}`
	asksOfMail  = `{"message":"Do what Bob's mail asks","context":{"emails":[{"id":"m3","from":"Bob",` +
		`"subject":"Lease draft","snippet":"Please review the lease draft."}]}}`
	createsTask = `{"title":"Call Anna","priority":"high"}`
)

// sessions has one of each kind of answer that version 1 has.
func sessions() []session {
	words := strings.SplitAfter("Grüße aus Zürich: 日本語, 👩‍👩‍👧, \"quoted\" and {braces}.\n\n- one\n- two\n", " ")
	leak := llmtest.Chunks("Of course, here they are, just as you asked, word by word, from their beginning: "+
		chat.Prompts()[0].Text, 7)
	create := llmtest.CallTurn(llmtest.Call("1", "create_task", createsTask))
	both := create
	both.Chunks = []string{"I add ", "it."}
	cut := llmtest.TextTurn("An answer that is ", "cut")
	cut.Truncated = true
	late := llmtest.TextTurn(strings.Repeat("many words that leave before the end ", 20))
	late.Err = llm.ErrBadAnswer
	return []session{
		{title: "text", turns: []llmtest.Turn{llmtest.TextTurn(words...)}},
		{title: "two questions", turns: []llmtest.Turn{llmtest.TextTurn("One."), llmtest.TextTurn("Two.")},
			questions: []string{`{"message":"one"}`, `{"message":"two"}`}},
		{title: "an object as text", turns: []llmtest.Turn{llmtest.TextTurn(`{"done":true,`, `"response":"x"}`)}},
		{title: "an action", turns: []llmtest.Turn{create, llmtest.TextTurn("Please ", "confirm.")},
			questions: []string{asksForTask}},
		{title: "text beside a call", turns: []llmtest.Turn{both, llmtest.TextTurn("Please confirm.")},
			questions: []string{asksForTask}},
		{title: "an action without text", turns: []llmtest.Turn{create, llmtest.TextTurn("")},
			questions: []string{asksForTask}},
		{title: "a proposal", turns: []llmtest.Turn{
			llmtest.CallTurn(llmtest.Call("1", "find_rows", `{"table":"emails"}`)),
			llmtest.CallTurn(llmtest.Call("2", "create_row", `{"table":"tasks","data":{"title":"Review the draft"}}`)),
			llmtest.TextTurn("Is this right?")}, questions: []string{asksOfMail}},
		{title: "a pipeline", route: "task_agent, email_agent", turns: []llmtest.Turn{llmtest.TextTurn("Of tasks."),
			llmtest.TextTurn("Of mails."), llmtest.TextTurn("Of ", "both.")}},
		{title: "a delegate", turns: []llmtest.Turn{
			llmtest.CallTurn(llmtest.Call("1", "ask_agent", `{"agent":"email_agent","query":"Any mails?"}`)),
			llmtest.TextTurn("No mails."), llmtest.TextTurn("There are ", "none.")}},
		{title: "a cut answer", turns: []llmtest.Turn{cut}},
		{title: "beyond the plan", route: "analytics_agent", turns: []llmtest.Turn{llmtest.TextTurn("Nothing.")}},
		{title: "a leak", turns: []llmtest.Turn{llmtest.TextTurn(leak...)}},
		{title: "a failure", turns: []llmtest.Turn{llmtest.ErrorTurn(llm.ErrUnavailable)}},
		{title: "a failure after text", turns: []llmtest.Turn{late}},
		{title: "an unknown failure", turns: []llmtest.Turn{llmtest.ErrorTurn(errors.New("unknown"))}},
		{title: "no answer", turns: []llmtest.Turn{llmtest.TextTurn("")}},
		{title: "a wrong question", questions: []string{`{"message":""}`}},
		{title: "frames of version 2", questions: []string{`{"type":"ping"}`}},
	}
}

// TestVersion1IsAsRecorded replays sessions and compares every byte that the client received with what was recorded
// before there was a version 2. Text frames are joined, because their number depends on the time between them.
func TestVersion1IsAsRecorded(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	a := start(t, model)
	me := a.Register("recorded@example.com")
	var b strings.Builder
	for _, c := range sessions() {
		model.Route(llmtest.DefaultRoute)
		if c.route != "" {
			model.Route(c.route)
		}
		model.Script(c.turns...)
		if c.questions == nil {
			c.questions = []string{`{"message":"say something"}`}
		}
		s, got := a.Handshake("", me.With("X-Request-Id", "recorded"))
		if s == nil {
			t.Fatalf("%s: %d %s", c.title, got.Status, got.Body)
		}
		fmt.Fprintf(&b, "=== %s\n", c.title)
		for _, q := range c.questions {
			fmt.Fprintf(&b, "--> %s\n", q)
			s.Send(q)
			recordAnswer(s, &b, c.text())
		}
		check(t, s.Conn.Close())
	}
	sizes := regexp.MustCompile(`"(input|output)_tokens":\d+`) // change with every prompt
	compareRecording(t, sizes.ReplaceAllString(b.String(), `"${1}_tokens":0`))
}

// text returns what the model writes.
func (c session) text() string {
	var b strings.Builder
	for _, turn := range c.turns {
		b.WriteString(strings.Join(turn.Chunks, ""))
	}
	return b.String()
}

// recordAnswer reads up to the last frame of an answer, and to the close frame after an error. How much of an answer
// was sent before a leak or a failure depends on the leak filter and on time, so that is not recorded.
func recordAnswer(s *stream, b *strings.Builder, written string) {
	var tokens strings.Builder
	for {
		_, data, err := s.Conn.ReadMessage()
		if err != nil {
			fmt.Fprintf(b, "<-- %v\n", err)
			return
		}
		var last struct {
			Replaced bool
			Error    any
		}
		if data[0] != '{' || json.Unmarshal(data, &last) != nil {
			tokens.Write(data)
			continue
		}
		text := fmt.Sprintf("%q", tokens.String())
		if (last.Replaced || last.Error != nil) && strings.HasPrefix(written, tokens.String()) {
			text = "any beginning of the text"
		}
		fmt.Fprintf(b, "<-- %s\n<-- %s\n", text, data)
		if last.Error == nil {
			return
		}
		tokens.Reset()
	}
}

// compareRecording compares the text with the recording, which it rewrites with -update.
func compareRecording(t *testing.T, got string) {
	t.Helper()
	path := filepath.Join("testdata", "v1.golden")
	if *update {
		check(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}
