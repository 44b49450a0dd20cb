package httpapi

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
)

// lastFrame is the last frame of an answer.
func lastFrame(reply chat.Reply) ([]byte, error) {
	if reply.Kind == chat.KindPlan {
		plan := toAPIPlan(*reply.Plan)
		return json.Marshal(api.ChatStreamPlan{Done: true, Kind: api.ChatStreamPlanKindPlan, Agent: plan.Agent, Steps: plan.Steps})
	}
	done := api.ChatStreamDone{Done: true, Kind: api.ChatStreamDoneKindResponse, Response: reply.Text,
		Actions: toAPIActions(reply.Actions)}
	if reply.Truncated {
		done.Truncated = &reply.Truncated
	}
	if reply.Replaced {
		done.Replaced = &reply.Replaced
	}
	return json.Marshal(done)
}

// errorFrame is the last frame before a socket is closed for f.
func errorFrame(f *fault.Error, requestID string) ([]byte, error) {
	return json.Marshal(api.ChatStreamError{Done: true, Error: api.ChatStreamFailure{
		Code: api.ErrorCode(f.Code), Message: frameMessage(f), RequestID: requestID}})
}

// frameMessage says in one text what a problem document has members and headers for.
func frameMessage(f *fault.Error) string {
	if len(f.Details) > 0 {
		list := make([]string, 0, len(f.Details))
		for _, d := range f.Details[:min(len(f.Details), 10)] {
			list = append(list, strings.TrimSpace(d.Pointer+" "+d.Message))
		}
		return "Some members are wrong: " + strings.Join(list, "; ") + "."
	}
	if f.RetryAfter > 0 {
		wait := int(math.Ceil(f.RetryAfter.Seconds()))
		return fmt.Sprintf("%s Wait %d s before you connect again.", f.Message, wait)
	}
	return f.Message
}
