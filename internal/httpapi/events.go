package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/chatstream"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/span"
)

// streamEvents returns what version 2 of the stream needs.
func (s *Server) streamEvents(o operation) chatstream.Events {
	return chatstream.Events{
		Begin: func(ctx context.Context) context.Context {
			info := *requestInfoFrom(ctx)
			info.id, info.code, info.droppedNUL = requestID(nil), "", 0
			return context.WithValue(ctx, requestInfoKey{}, &info)
		},
		Read:  s.readFrame,
		Error: errorEvent,
		Answer: func(ctx context.Context, token string, data []byte, out *chatstream.Output) error {
			ctx, traced := span.Start(ctx, "question")
			defer traced.End()
			return safely(func() error {
				q, err := s.openQuestion(ctx, o, token, data, true)
				if err != nil {
					return err
				}
				q.request.AppCaller = appCaller{out: out, timeout: s.cfg.ToolTimeout}
				last, err := s.answerWithEvents(ctx, q, out)
				if err != nil {
					return err
				}
				return out.End(last)
			})
		},
		Heartbeat: s.cfg.Heartbeat,
	}
}

// eventOutput takes the events of an answer.
type eventOutput interface {
	Text(text string) error
	Event(event []byte) error
}

// answerWithEvents answers a question with events and returns the last one. After a cancel that is the end of a
// cancelled answer.
func (s *Server) answerWithEvents(ctx context.Context, q question, out eventOutput) ([]byte, error) {
	var shown strings.Builder
	reply, err := s.cfg.Chat.Run(ctx, q.user, q.request, chat.Listener{
		Text: func(text string) error {
			if err := out.Text(text); err != nil {
				return err
			}
			shown.WriteString(text)
			return nil
		},
		Step: func(step chat.Step) error {
			event, err := json.Marshal(stepEvent(ctx, step))
			if err != nil {
				return err
			}
			return out.Event(event)
		},
	})
	q.settle(err)
	if errors.Is(context.Cause(ctx), chatstream.ErrCancelled) {
		cancelled := true
		return json.Marshal(api.ChatEventDone{Type: api.ChatEventDoneTypeDone, Kind: api.ChatEventDoneKindResponse,
			Response: shown.String(), Actions: []api.PlanAction{}, Cancelled: &cancelled,
			Usage: toAPIUsage(reply.Usage), Context: toAPITurns(reply.Turns)})
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(doneEvent(reply))
}

// stepEvent returns the event of a step.
func stepEvent(ctx context.Context, step chat.Step) any {
	switch step.Kind {
	case chat.StepAgent:
		return api.ChatEventAgent{Type: api.ChatEventAgentTypeAgent, Name: step.Agent, Index: int32(step.Index),
			Of: int32(step.Of)}
	case chat.StepTool:
		return api.ChatEventTool{Type: api.ChatEventToolTypeTool, Name: step.Tool.Name,
			Label: api.ToolLabel(step.Tool.Label), State: api.ChatEventToolState(step.Tool.State)}
	case chat.StepAction:
		return api.ChatEventAction{Type: api.ChatEventActionTypeAction, Action: toAPIAction(step.Action)}
	}
	return api.ChatEventStarted{Type: api.ChatEventStartedTypeStarted, RequestID: requestInfoFrom(ctx).id}
}

// doneEvent returns the last event of an answer.
func doneEvent(reply chat.Reply) api.ChatEventDone {
	done := api.ChatEventDone{Type: api.ChatEventDoneTypeDone, Kind: api.ChatEventDoneKind(reply.Kind),
		Response: reply.Text, Actions: toAPIActions(reply.Actions), Proposals: toAPIProposals(reply.Proposals),
		Upgrade: toAPIUpgrade(reply.Upgrade), Usage: toAPIUsage(reply.Usage), Context: toAPITurns(reply.Turns)}
	if reply.Plan != nil {
		plan := toAPIPlan(*reply.Plan)
		done.Agent, done.Steps = &plan.Agent, plan.Steps
	}
	if reply.Kind == chat.KindToolCalls {
		done.Calls, done.Continuation = toAPICalls(reply.Calls), &reply.Continuation
	}
	if reply.Truncated {
		done.Truncated = &reply.Truncated
	}
	if reply.Replaced {
		done.Replaced = &reply.Replaced
	}
	return done
}

// errorEvent returns the event that reports f, about a call if id is not "".
func errorEvent(ctx context.Context, f *fault.Error, id string) ([]byte, error) {
	return json.Marshal(api.ChatEventError{Type: api.ChatEventErrorTypeError, Code: api.ErrorCode(f.Code),
		Message: frameMessage(f), RequestID: requestInfoFrom(ctx).id, ID: nilIfEmpty(id)})
}

// frameKinds are the client's frames with a `type`. All others are questions.
var frameKinds = map[string]chatstream.FrameKind{
	"ping": chatstream.Ping, "cancel": chatstream.Cancel, "tool_result": chatstream.ToolResult,
}

var errFrameType = fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/type",
	Message: "must be ping, cancel or tool_result; a question has none"})

// readFrame says what a client's frame is. What is no JSON object counts as a question, which then fails.
func (s *Server) readFrame(data []byte) (chatstream.Frame, error) {
	var head struct {
		Type *string `json:"type"`
	}
	if json.Unmarshal(data, &head) != nil || head.Type == nil {
		return chatstream.Frame{}, nil
	}
	kind, known := frameKinds[*head.Type]
	if !known {
		return chatstream.Frame{}, errFrameType
	}
	if kind != chatstream.ToolResult {
		return chatstream.Frame{Kind: kind}, nil
	}
	frame, err := s.bodies.toolResult.read(context.Background(), data)
	if err != nil {
		return chatstream.Frame{}, err
	}
	if !isOneResult(frame.Content, frame.Error, frame.Denied) {
		return chatstream.Frame{}, fault.ErrValidation.WithDetails(fault.Detail{Message: oneResult})
	}
	return chatstream.Frame{Kind: kind, Result: chatstream.Result{ID: frame.ID, Content: readable(frame.Content),
		Error: frame.Error, Denied: frame.Denied != nil}}, nil
}
