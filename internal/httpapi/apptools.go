package httpapi

import (
	"encoding/json"
	"fmt"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
)

// checkMembers returns validation_failed where the members of a question do not go together. A question of a batch, or
// of version 1 of the stream, can have no tools of the app.
func checkMembers(in api.ChatRequest, appTools bool) error {
	var wrong []fault.Detail
	reject := func(is bool, pointer, message string) {
		if is {
			wrong = append(wrong, fault.Detail{Pointer: pointer, Message: message})
		}
	}
	continued := in.Continuation != ""
	reject(in.Message == "" && !continued, "/message", `property "message" is missing`)
	if appTools {
		const notBoth = "must be left out beside continuation"
		reject(continued && in.Message != "", "/message", notBoth)
		reject(continued && len(in.ClientTools) > 0, "/client_tools", notBoth)
		reject(continued && in.ExecutionMode != nil, "/execution_mode", notBoth)
		reject(!continued && len(in.ToolResults) > 0, "/tool_results", "needs the continuation of the answer")
	} else {
		const nowhere = "is not possible in batches and on version 1 of the stream; use POST /chat or version 2"
		reject(len(in.ClientTools) > 0, "/client_tools", nowhere)
		reject(continued, "/continuation", nowhere)
		reject(len(in.ToolResults) > 0, "/tool_results", nowhere)
	}
	for i, r := range in.ToolResults {
		if !isOneResult(r.Content, r.Error, r.Denied) {
			reject(true, fmt.Sprintf("/tool_results/%d", i), "must have exactly one of content, error and denied")
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fault.ErrValidation.WithDetails(wrong[:min(len(wrong), maxDetails)]...)
}

// isOneResult reports whether exactly one of the members of a result is there.
func isOneResult(content, problem *string, denied *bool) bool {
	n := 0
	for _, is := range []bool{content != nil, problem != nil, denied != nil} {
		if is {
			n++
		}
	}
	return n == 1
}

func fromAPIAppTool(t api.ClientTool) agent.AppTool {
	parameters, err := json.Marshal(t.Parameters)
	if err != nil { // it was JSON a moment ago
		parameters = nil
	}
	return agent.AppTool{Name: t.Name, Description: t.Description, Parameters: parameters}
}

func fromAPIResult(r api.ToolResult) agent.AppResult {
	result := agent.AppResult{ID: r.ID, Content: zeroIfNil(r.Content), Error: zeroIfNil(r.Error),
		Denied: r.Denied != nil}
	if r.Error != nil && result.Error == "" {
		result.Error = "the app gave no reason"
	}
	return result
}

func toAPICalls(calls []agent.AppCall) []api.ToolCall {
	list := make([]api.ToolCall, len(calls))
	for i, c := range calls {
		list[i] = toAPICall(c)
	}
	return list
}

func toAPICall(c agent.AppCall) api.ToolCall {
	arguments := map[string]any{}
	if err := json.Unmarshal(c.Arguments, &arguments); err != nil { // our own encoding of an object
		arguments = map[string]any{}
	}
	return api.ToolCall{ID: c.ID, Name: c.Name, Arguments: arguments}
}
