package llm_test

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// nextRound returns the call with the answer's tool calls and their results, as agents add them.
func nextRound(call agent.ModelCall, answer agent.Answer) agent.ModelCall {
	message := llms.MessageContent{Role: llms.ChatMessageTypeAI}
	if answer.State != nil {
		message.Parts = append(message.Parts, agent.ModelState{Value: answer.State})
	}
	results := make([]llms.MessageContent, 0, len(answer.ToolCalls))
	for _, c := range answer.ToolCalls {
		message.Parts = append(message.Parts, c)
		results = append(results, toolResult(c.ID, c.FunctionCall.Name, "ok"))
	}
	call.Messages = append(append(call.Messages[:len(call.Messages):len(call.Messages)], message), results...)
	return call
}

// TestServersGetBackWhatTheySentWithACall runs two rounds of a loop with every server. What it wants back stands in its
// file. Another client, as for another provider, leaves it out.
func TestServersGetBackWhatTheySentWithACall(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/dialects/*.txt")
	must(t, err)
	wanted := 0
	for _, file := range files {
		s := loadServer(t, file)
		client := s.client(t, io.Discard)
		s.answer = "tools"
		answer, err := client.Generate(t.Context(), dialectCall(), nil)
		must(t, err)
		s.answer = "stream"
		call := nextRound(dialectCall(), answer)
		call.TextOnly = true
		_, err = client.Generate(t.Context(), call, nil)
		must(t, err)
		last := s.bodies[len(s.bodies)-1]
		if !bytes.Contains(last, []byte(`"tool_choice":"none"`)) || !bytes.Contains(last, []byte(`"tools":[`)) {
			t.Errorf("%s: the last round has no tools: %s", file, last)
		}
		back := []byte(strings.TrimSpace(s.sections["back"]))
		if !bytes.Contains(last, back) {
			t.Errorf("%s: no %s in %s", file, back, last)
		}
		if len(back) == 0 {
			continue
		}
		wanted++
		_, err = s.client(t, io.Discard).Generate(t.Context(), call, nil)
		must(t, err)
		if last := s.bodies[len(s.bodies)-1]; bytes.Contains(last, back) {
			t.Errorf("%s: another client sends %s", file, back)
		}
	}
	if wanted < 5 {
		t.Errorf("only %d servers want something back", wanted)
	}
}

// TestThoughtsAreLeftOutWhereTheyAreRefused has a server that sends a reasoning and does not take it back.
func TestThoughtsAreLeftOutWhereTheyAreRefused(t *testing.T) {
	t.Parallel()
	s := loadServer(t, "testdata/dialects/groq.txt")
	client := s.client(t, io.Discard)
	s.answer = "tools"
	answer, err := client.Generate(t.Context(), dialectCall(), nil)
	must(t, err)
	refusal := `{"error":{"message":"'messages.2' : for 'role:assistant' the following must be satisfied` +
		`[('messages.2' : property 'reasoning' is unsupported)]","type":"invalid_request_error"}}`
	s.sections["refusal"] = "400 application/json\n" + refusal
	s.answer = "refusal"
	s.bodies = nil
	_, err = client.Generate(t.Context(), nextRound(dialectCall(), answer), nil)
	if err == nil || len(s.bodies) != 2 || bytes.Contains(s.bodies[1], []byte(`"reasoning"`)) {
		t.Errorf("error %v after %d requests", err, len(s.bodies))
	}
}

// TestEmptyReasoningIsSentWhereOneIsDemanded continues a loop that another provider began.
func TestEmptyReasoningIsSentWhereOneIsDemanded(t *testing.T) {
	t.Parallel()
	s := loadServer(t, "testdata/dialects/deepseek.txt")
	s.sections["refusal"] = "400 application/json\n" + `{"error":{"message":"The ` + "`reasoning_content`" +
		` in the thinking mode must be passed back to the API.","type":"invalid_request_error"}}`
	s.answer = "refusal"
	foreign := agent.Answer{ToolCalls: []llms.ToolCall{{ID: "a", FunctionCall: &llms.FunctionCall{Name: "weather",
		Arguments: "{}"}}}}
	if _, err := s.client(t, io.Discard).Generate(t.Context(), nextRound(dialectCall(), foreign), nil); err == nil {
		t.Error("no error")
	}
	if len(s.bodies) != 2 || bytes.Contains(s.bodies[0], []byte(`"reasoning_content"`)) ||
		!bytes.Contains(s.bodies[1], []byte(`"reasoning_content":""`)) {
		t.Errorf("requests %s", bytes.Join(s.bodies, []byte("\n")))
	}
}

// TestHistoryHasOnlyReadableArguments sends a call back whose arguments were no JSON object.
func TestHistoryHasOnlyReadableArguments(t *testing.T) {
	t.Parallel()
	s := loadServer(t, "testdata/dialects/ollama.txt")
	s.answer = "stream"
	for _, arguments := range []string{`{"a":`, `[1]`, `7`, `"x"`, `hello`, ``} {
		answer := agent.Answer{ToolCalls: []llms.ToolCall{{ID: "a", FunctionCall: &llms.FunctionCall{Name: "weather",
			Arguments: arguments}}}}
		_, err := s.client(t, io.Discard).Generate(t.Context(), nextRound(dialectCall(), answer), nil)
		must(t, err)
		var sent struct {
			Messages []struct {
				Calls []struct{ Function struct{ Arguments string } } `json:"tool_calls"`
			}
		}
		must(t, json.Unmarshal(s.bodies[len(s.bodies)-1], &sent))
		if got := sent.Messages[len(sent.Messages)-2].Calls[0].Function.Arguments; got != "{}" {
			t.Errorf("%q is sent as %q", arguments, got)
		}
	}
}

// TestTurnsOfOneRoleAreJoined also shows that empty turns are left out.
func TestTurnsOfOneRoleAreJoined(t *testing.T) {
	t.Parallel()
	s := loadServer(t, "testdata/dialects/ollama.txt")
	s.answer = "stream"
	human, ai := llms.ChatMessageTypeHuman, llms.ChatMessageTypeAI
	_, err := s.client(t, io.Discard).Generate(t.Context(), agent.ModelCall{Messages: []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, "Be kind."), llms.TextParts(human, "a"), llms.TextParts(human, ""),
		llms.TextParts(human, "b"), llms.TextParts(ai, "c"), llms.TextParts(human, " \n"), llms.TextParts(ai, "d"),
		llms.TextParts(human, "e")}}, nil)
	must(t, err)
	const want = `"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"a\n\n---\n\nb"},` +
		`{"role":"assistant","content":"c\n\n---\n\nd"},{"role":"user","content":"e"}]`
	if !bytes.Contains(s.bodies[0], []byte(want)) {
		t.Errorf("request %s", s.bodies[0])
	}
}
