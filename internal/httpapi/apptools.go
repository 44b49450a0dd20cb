package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chatstream"
	"github.com/adiuva/cloud-api/internal/fault"
)

// checkMembers returns validation_failed where the members of a question do not go together. A question of a batch, or
// of version 1 of the stream, can have no tools of the app.
func checkMembers(in *questionBody, appTools bool) error {
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
			reject(true, fmt.Sprintf("/tool_results/%d", i), oneResult)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fault.ErrValidation.WithDetails(wrong[:min(len(wrong), maxDetails)]...)
}

// oneResult is what is wrong with a result for which isOneResult is false.
const oneResult = "must have exactly one of content, error and denied"

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

// toolTimeout is how long the app has for the calls of one round.
const toolTimeout = 60 * time.Second

// noResult is the result of a call that the app does not answer in time.
const noResult = "there was no result within 60 seconds"

// appCaller has calls run by the app at the other end of a socket.
type appCaller struct {
	out     *chatstream.Output
	timeout time.Duration // 0 means toolTimeout
}

// CallApp implements agent.AppCaller.
func (a appCaller) CallApp(ctx context.Context, calls []agent.AppCall) ([]agent.AppResult, error) {
	if a.timeout == 0 {
		a.timeout = toolTimeout
	}
	for _, c := range calls {
		a.out.Expect(c.ID)
	}
	for _, c := range calls {
		call := toAPICall(c)
		event, err := json.Marshal(api.ChatEventToolCall{Type: api.ChatEventToolCallTypeToolCall, ID: call.ID,
			Name: call.Name, Arguments: call.Arguments})
		if err != nil {
			return nil, err
		}
		if err := a.out.Event(event); err != nil {
			return nil, err
		}
	}
	end := time.Now().Add(a.timeout)
	results := make([]agent.AppResult, len(calls))
	for i, c := range calls {
		r, ok := a.out.Wait(c.ID, time.Until(end))
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case ok:
			results[i] = fromAPIResult(api.ToolResult{ID: r.ID, Content: r.Content, Error: r.Error})
			results[i].Denied = r.Denied
		default:
			results[i] = agent.AppResult{ID: c.ID, Error: noResult}
		}
	}
	return results, nil
}

// readable returns content as far as it has to be kept to know that it is too large for a model.
func readable(content *string) *string {
	if content == nil || len(*content) <= agent.MaxAppResult+1 {
		return content
	}
	cut := strings.Clone((*content)[:agent.MaxAppResult+1])
	return &cut
}
