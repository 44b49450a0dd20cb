package llmtest

import (
	"regexp"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dev/offline"
)

// Offline answers as the demonstration model of package offline does, word by word when streaming was asked for.
func Offline() Step {
	model := offline.New(offline.Config{})
	return func(x *Exchange) {
		answer, err := model.Generate(x.ctx, x.Request.modelCall(), nil)
		switch {
		case err != nil: // the client left
			return
		case len(answer.ToolCalls) == 0:
			Say(strings.SplitAfter(answer.Text, " ")...)(x)
			return
		}
		calls := make([]ToolCall, len(answer.ToolCalls))
		for i, c := range answer.ToolCalls {
			calls[i] = Call(c.ID, c.FunctionCall.Name, c.FunctionCall.Arguments)
		}
		CallTools(calls...)(x)
	}
}

// turnBreak stands between turns that package llm has joined.
const turnBreak = "\n\n---\n\n"

// routerList matches a line of the list of agents in the router's prompt.
var routerList = regexp.MustCompile(`(?m)^- [a-z][a-z0-9_]*: `)

// modelCall returns the request as agents make it. A prompt with a list of agents is the router's.
func (r Request) modelCall() agent.ModelCall {
	call := agent.ModelCall{TextOnly: string(r.ToolChoice) == `"none"`}
	toolNames := map[string]string{}
	for _, m := range r.Messages {
		message := llms.TextParts(roles[m.Role], string(m.Content))
		for _, c := range m.ToolCalls {
			toolNames[c.ID] = c.Function.Name
			message.Parts = append(message.Parts, c.langchain())
		}
		switch message.Role {
		case llms.ChatMessageTypeTool:
			message.Parts = []llms.ContentPart{llms.ToolCallResponse{
				ToolCallID: m.ToolCallID, Name: toolNames[m.ToolCallID], Content: string(m.Content)}}
		case llms.ChatMessageTypeSystem:
			call.Small = len(r.Tools) == 0 && routerList.MatchString(string(m.Content))
		}
		if m.Role != "user" {
			call.Messages = append(call.Messages, message)
			continue
		}
		for turn := range strings.SplitSeq(string(m.Content), turnBreak) {
			call.Messages = append(call.Messages, llms.TextParts(llms.ChatMessageTypeHuman, turn))
		}
	}
	for _, t := range r.Tools {
		call.Tools = append(call.Tools, llms.Tool{Type: "function", Function: &llms.FunctionDefinition{
			Name: t.Function.Name, Description: t.Function.Description, Parameters: t.Function.Parameters}})
	}
	return call
}

// roles are the wire's roles as langchaingo names them.
var roles = map[string]llms.ChatMessageType{
	"system": llms.ChatMessageTypeSystem, "developer": llms.ChatMessageTypeSystem, "user": llms.ChatMessageTypeHuman,
	"assistant": llms.ChatMessageTypeAI, "tool": llms.ChatMessageTypeTool,
}
