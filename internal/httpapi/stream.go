package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/chatstream"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/span"
)

// newStream returns the chat stream. Its questions pass the same steps as POST /chat, one by one.
func (s *Server) newStream(o operation) *chatstream.Handler {
	return chatstream.New(chatstream.Config{
		BearerToken: bearerToken,
		Authenticate: func(ctx context.Context, token string) (identity.User, error) {
			return s.authenticate(ctx, o.policy, token)
		},
		SessionEnded: s.sessionEnded, Hold: s.holdSocket,
		Answer: func(ctx context.Context, token string, data []byte, emit func(string) error) (last []byte, err error) {
			ctx, traced := span.Start(ctx, "question")
			defer traced.End()
			err = safely(func() error {
				last, err = s.answerQuestion(ctx, o, token, data, emit)
				return err
			})
			return last, err
		},
		ErrorFrame: errorFrame, LogAnswer: s.logAnswer, Events: s.streamEvents(o),
		Count: s.cfg.Metrics.Streams, MaxQuestion: o.policy.Body, PingInterval: s.cfg.WSPingInterval, Now: s.cfg.Now,
	})
}

// streamChat hands the request to the chat stream.
func (s *Server) streamChat(c *echo.Context) error {
	if apikey.IsIn(c.Request().RequestURI) {
		return errKeyInURL
	}
	if err := refuseMisplacedKey(c.Request()); err != nil {
		return err
	}
	serve, err := s.stream.Open(c.Response(), c.Request())
	if serve == nil {
		return err
	}
	detach(c.Request().Context(), func(ctx context.Context) {
		if code := serve(ctx); code != "" {
			requestInfoFrom(ctx).code = code
		}
	})
	return nil
}

// answerQuestion answers a question of version 1 and returns the last frame.
func (s *Server) answerQuestion(
	ctx context.Context, o operation, token string, data []byte, emit agent.Emit,
) ([]byte, error) {
	q, err := s.openQuestion(ctx, o, token, data, false)
	if err != nil {
		return nil, err
	}
	reply, err := s.cfg.Chat.Run(ctx, q.user, q.request, chat.Listener{Text: emit})
	q.settle(err)
	if err != nil {
		return nil, err
	}
	return lastFrame(reply)
}

// question is a question of the stream that has passed the same steps as POST /chat.
type question struct {
	user    identity.User
	request chat.Request
	settle  func(error) // takes the outcome
}

// openQuestion authenticates the caller once more, counts the question and reads it. appTools says whether it may have
// tools of the app.
func (s *Server) openQuestion(
	ctx context.Context, o operation, token string, data []byte, appTools bool,
) (q question, err error) {
	if q.user, err = s.authenticate(ctx, o.policy, token); err != nil {
		return question{}, err
	}
	if q.settle, err = s.charge(ctx, accountLimit(q.user), nil); err != nil {
		return question{}, err
	}
	body, err := s.bodies.question.read(ctx, data)
	if err != nil {
		return question{}, err
	}
	q.request, err = body.request(appTools)
	return q, err
}

// holdSocket counts a user's sockets over all replicas.
func (s *Server) holdSocket(ctx context.Context, user uuid.UUID, limit int) (release func(), ok bool) {
	if s.cfg.Limiter == nil {
		return func() {}, true
	}
	return s.cfg.Limiter.Hold(ctx, "sockets:"+user.String(), limit)
}

// sessionEnded reports whether the database says that the user's login or API key has ended. An outage ends no stream.
func (s *Server) sessionEnded(ctx context.Context, user identity.User) bool {
	ended, err := s.cfg.Auth.SessionEnded(ctx, user)
	return err == nil && ended
}

// Shutdown refuses new sockets, closes idle ones, lets running answers finish until ctx ends, and cuts the rest with
// an error frame. It returns when every socket is closed, at most three seconds after ctx ended. http.Server.Shutdown
// does not know sockets and is called beside it.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	return s.stream.Shutdown(ctx)
}

// lastFrame is the last frame of an answer.
func lastFrame(reply chat.Reply) ([]byte, error) {
	if reply.Kind == chat.KindPlan {
		plan := toAPIPlan(*reply.Plan)
		return json.Marshal(
			api.ChatStreamPlan{Done: true, Kind: api.ChatStreamPlanKindPlan, Agent: plan.Agent, Steps: plan.Steps,
				Upgrade: toAPIUpgrade(reply.Upgrade), Proposals: toAPIProposals(reply.Proposals),
				Usage: toAPIUsage(reply.Usage), Context: toAPITurns(reply.Turns)},
		)
	}
	done := api.ChatStreamDone{Done: true, Kind: api.ChatStreamDoneKindResponse, Response: reply.Text,
		Actions: toAPIActions(reply.Actions), Proposals: toAPIProposals(reply.Proposals),
		Upgrade: toAPIUpgrade(reply.Upgrade), Usage: toAPIUsage(reply.Usage), Context: toAPITurns(reply.Turns)}
	if reply.Truncated {
		done.Truncated = &reply.Truncated
	}
	if reply.Replaced {
		done.Replaced = &reply.Replaced
	}
	return json.Marshal(done)
}

// errorFrame is the last frame before a socket is closed for f.
func errorFrame(ctx context.Context, f *fault.Error) ([]byte, error) {
	return json.Marshal(api.ChatStreamError{Done: true, Error: api.ChatStreamFailure{
		Code: api.ErrorCode(f.Code), Message: frameMessage(f), RequestID: requestInfoFrom(ctx).id}})
}

// frameMessage returns in one text what a problem document spreads over members and headers.
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
