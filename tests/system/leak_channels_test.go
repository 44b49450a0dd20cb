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

// toolCalls returns an answer that calls the tool once for each of the arguments.
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

// toolsWereCalled reports whether the model has called its tools for this message.
func toolsWereCalled(call agent.ModelCall) bool {
	return call.Messages[len(call.Messages)-1].Role == llms.ChatMessageTypeTool
}

// channel is a way by which text of the model reaches the caller. size, when not 0, is how many characters fit; flat
// is true where white space is collapsed.
type channel struct {
	name, path string
	template   string
	size       int
	flat       bool
	answer     func(call agent.ModelCall, leak string) agent.Answer
}

// splitRunes splits text into parts of at most size characters.
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
	inDescription := func(leak string) []map[string]any {
		return []map[string]any{{"title": "Read this", "description": leak}}
	}
	inDescriptions := func(leak string) (list []map[string]any) {
		for i, part := range splitRunes(leak, 190) {
			list = append(list, map[string]any{"title": fmt.Sprint("Part ", i+1), "description": part})
		}
		return list
	}
	inTitles := func(leak string) (list []map[string]any) {
		for _, part := range splitRunes(leak, 190) {
			list = append(list, map[string]any{"title": part})
		}
		return list
	}
	return []channel{
		{name: "answer", path: "/api/v1/chat", answer: answerWith},
		{name: "description of an action", path: "/api/v1/chat", size: 31_000, answer: viaTasks(inDescription)},
		{name: "descriptions of actions", path: "/api/v1/chat", size: 9_000, answer: viaTasks(inDescriptions)},
		{name: "titles of actions", path: "/api/v1/chat", size: 9_000, flat: true, answer: viaTasks(inTitles)},
		{name: "output of a step", path: "/api/v1/plans/steps", template: "tpl_standup", answer: answerWith},
		{name: "record of a step", path: "/api/v1/plans/steps", template: "tpl_note_tasks",
			answer: viaRecords(inDescription)},
		{name: "records of a step", path: "/api/v1/plans/steps", template: "tpl_note_tasks", size: 9_000,
			answer: viaRecords(inTitles)},
	}
}

const createTasks = "Create tasks of all I should do next."

// request returns a body with the attack's message in the member that the attack names.
func (c channel) request(t *testing.T, attack leaktest.Attack) string {
	t.Helper()
	body := map[string]any{"message": "What should I do next?"}
	if strings.Contains(c.name, "action") { // without the person's word, the actions would go for another reason
		body["message"] = createTasks
	}
	context := map[string]any{}
	switch attack.Channel {
	case "conversation_history":
		context["conversation_history"] = []any{map[string]any{"role": "user", "content": attack.Message}}
	case "relevant_documents":
		context["relevant_documents"] = []any{attack.Message}
	case "user_profile":
		context["user_profile"] = map[string]any{"note": attack.Message}
	case "recent_tasks":
		context["recent_tasks"] = []any{map[string]any{"id": "t1", "title": attack.Message}}
	default:
		body["message"] = attack.Message
		if strings.Contains(c.name, "action") {
			body["message"] = attack.Message + "\n\n" + createTasks
		}
	}
	body["context"] = context
	if c.template != "" {
		body = map[string]any{"prompt_template": c.template,
			"data": []any{map[string]any{"id": "n1", "content": attack.Message}}}
	}
	text, err := json.Marshal(body)
	check(t, err)
	return string(text)
}

// secretFor returns the text that the attack is after, as it was sent to the model.
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
		secret, _, _ := strings.Cut(l.model.RouterPrompt(), "\n\nAgents:\n") // agents and examples are public
		return secret
	}
	return llmtest.TextOf(call.Messages[0])
}

// disguiseToFit disguises as much of secret as fits into size characters, and returns that part as well. Size 0 is
// unlimited.
func disguiseToFit(disguise func(string) string, secret string, size int) (leak, part string) {
	for part = secret; ; part = part[:len(part)*3/4] {
		if leak = disguise(part); size == 0 || len([]rune(leak)) <= size {
			return leak, part
		}
	}
}
