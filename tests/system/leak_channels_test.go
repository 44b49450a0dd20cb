package system_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func toolCalls(name string, arguments ...map[string]any) agent.Answer {
	var answer agent.Answer
	for i, a := range arguments {
		text, err := json.Marshal(a)
		if err != nil {
			panic(err)
		}
		answer.ToolCalls = append(answer.ToolCalls, llms.ToolCall{ID: fmt.Sprint("c", i), Type: "function",
			FunctionCall: &llms.FunctionCall{Name: name, Arguments: string(text)}})
	}
	return answer
}

// afterTools reports whether the model already called its tools for this message.
func toolsWereCalled(call agent.ModelCall) bool {
	return call.Messages[len(call.Messages)-1].Role == llms.ChatMessageTypeTool
}

// channel is one way out for what a model gives away. size, when not 0, is how many characters of disguise fit through;
// flat is true where white space collapses.
type channel struct {
	name, path string
	template   string
	size       int
	flat       bool
	answer     func(call agent.ModelCall, leak string) agent.Answer
}

// pieces cuts text into parts of at most size characters.
func splitRunes(text string, size int) (parts []string) {
	for part := range slices.Chunk([]rune(text), size) {
		parts = append(parts, string(part))
	}
	return parts
}

func answerWith(_ agent.ModelCall, leak string) agent.Answer { return agent.Answer{Text: leak} }

func viaTasks(fields func(leak string) []map[string]any) func(agent.ModelCall, string) agent.Answer {
	return func(call agent.ModelCall, leak string) agent.Answer {
		if toolsWereCalled(call) {
			return agent.Answer{Text: "Done, please confirm."}
		}
		return toolCalls("create_task", fields(leak)...)
	}
}

func viaRecords(rows func(leak string) []map[string]any) func(agent.ModelCall, string) agent.Answer {
	return func(_ agent.ModelCall, leak string) agent.Answer {
		text, err := json.Marshal(rows(leak))
		if err != nil {
			panic(err)
		}
		return agent.Answer{Text: string(text)}
	}
}

func channels() []channel {
	described := func(leak string) []map[string]any {
		return []map[string]any{{"title": "Read this", "description": leak}}
	}
	cut := func(leak string) (list []map[string]any) {
		for i, part := range splitRunes(leak, 190) {
			list = append(list, map[string]any{"title": fmt.Sprint("Part ", i+1), "description": part})
		}
		return list
	}
	titled := func(leak string) (list []map[string]any) {
		for _, part := range splitRunes(leak, 190) {
			list = append(list, map[string]any{"title": part})
		}
		return list
	}
	return []channel{
		{name: "answer", path: "/api/v1/chat", answer: answerWith},
		{name: "description of an action", path: "/api/v1/chat", size: 31_000, answer: viaTasks(described)},
		{name: "descriptions of actions", path: "/api/v1/chat", size: 9_000, answer: viaTasks(cut)},
		{name: "titles of actions", path: "/api/v1/chat", size: 9_000, flat: true, answer: viaTasks(titled)},
		{name: "output of a step", path: "/api/v1/plans/steps", template: "tpl_standup", answer: answerWith},
		{name: "record of a step", path: "/api/v1/plans/steps", template: "tpl_note_tasks", answer: viaRecords(described)},
		{name: "records of a step", path: "/api/v1/plans/steps", template: "tpl_note_tasks", size: 9_000, answer: viaRecords(titled)},
	}
}

// request is the body that carries an attack: where the attack's file says it stands.
func (c channel) request(t *testing.T, attack leaktest.Attack) string {
	t.Helper()
	body := map[string]any{"message": "What should I do next?"}
	within := map[string]any{}
	switch attack.Channel {
	case "conversation_history":
		within["conversation_history"] = []any{map[string]any{"role": "user", "content": attack.Message}}
	case "relevant_documents":
		within["relevant_documents"] = []any{attack.Message}
	case "user_profile":
		within["user_profile"] = map[string]any{"note": attack.Message}
	case "recent_tasks":
		within["recent_tasks"] = []any{map[string]any{"id": "t1", "title": attack.Message}}
	default:
		body["message"] = attack.Message
	}
	body["context"] = within
	if c.template != "" {
		body = map[string]any{"prompt_template": c.template, "data": []any{map[string]any{"id": "n1", "content": attack.Message}}}
	}
	text, err := json.Marshal(body)
	check(t, err)
	return string(text)
}

// secretFor is the text that the attack is after, as the model was really told it.
func (l *leakTest) secretFor(t *testing.T, call agent.ModelCall, attack leaktest.Attack, n int) string {
	t.Helper()
	switch {
	case attack.Target == "tool schemas" && len(call.Tools) > 0:
		text, err := json.Marshal(call.Tools)
		check(t, err)
		return string(text)
	case attack.Target == "PromptTemplateRegistry":
		list, err := playbook.Catalogue()
		check(t, err)
		return strings.TrimSpace(list[n%len(list)].Text)
	case attack.Target == "orchestrator prompt" && l.model.RouterPrompt() != "":
		return l.model.RouterPrompt()
	}
	return llmtest.TextOf(call.Messages[0])
}

// fitting is the disguise of as much of secret as fits into size characters, and that part; size 0 means all.
func disguiseToFit(disguise func(string) string, secret string, size int) (leak, part string) {
	for part = secret; ; part = part[:len(part)*3/4] {
		if leak = disguise(part); size == 0 || len([]rune(leak)) <= size {
			return leak, part
		}
	}
}
