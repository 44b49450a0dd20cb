package httpapi

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
)

// The close codes of openapi/asyncapi.yaml beyond those of RFC 6455.
const (
	closeToken     = 4401
	closeTooSlow   = 4408
	closeRateLimit = 4429
)

// closeCode is the close code of each fault, by the table of openapi/asyncapi.yaml.
func closeCode(code string) int {
	switch code {
	case "draining":
		return websocket.CloseGoingAway
	case "unsupported_media_type":
		return websocket.CloseUnsupportedData
	case "invalid_json", "validation_failed":
		return websocket.ClosePolicyViolation
	case "body_too_large":
		return websocket.CloseMessageTooBig
	case "token_missing", "token_invalid", "token_expired":
		return closeToken
	case "upload_too_slow":
		return closeTooSlow
	case "rate_limited":
		return closeRateLimit
	}
	return websocket.CloseInternalServerErr
}

// lastFrame is the last frame of an answer.
func lastFrame(reply chat.Reply) ([]byte, error) {
	if reply.Kind == chat.Execution {
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
		return fmt.Sprintf("%s Wait %d s before you connect again.", strings.TrimSuffix(f.Message, " Wait as long as Retry-After says."), wait)
	}
	return f.Message
}
