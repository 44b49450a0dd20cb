package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/oapi-codegen/nullable"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// Chat answers one message, with a response, a plan or calls of the app's tools, or goes on with an answer.
func (s *Server) Chat(ctx context.Context, _ api.ChatRequestObject) (api.ChatResponseObject, error) {
	info := requestInfoFrom(ctx)
	question, err := info.question.request(true)
	if err != nil {
		return nil, err
	}
	user := identity.From(ctx)
	if info.events {
		return eventAnswer{s, ctx, user, question}, nil
	}
	reply, err := s.cfg.Chat.Run(ctx, user, question, chat.Listener{})
	if err != nil {
		return nil, err
	}
	return chatResponse{toAPIReply(reply)}, nil
}

// chatResponse encodes a reply once. The generated type holds a union, which would be encoded, decoded and encoded
// again.
type chatResponse struct{ body any }

// VisitChatResponse implements api.ChatResponseObject.
func (a chatResponse) VisitChatResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(a.body) // writes once, or nothing if it fails
}

// ListAgents lists every agent and whether the caller's tier includes it.
func (s *Server) ListAgents(ctx context.Context, _ api.ListAgentsRequestObject) (api.ListAgentsResponseObject, error) {
	list := api.AgentList{}
	for _, a := range s.cfg.Agents.List(identity.From(ctx).Tier) {
		list = append(
			list,
			api.Agent{Name: a.Name, Description: a.Description, Skills: a.Skills, Available: a.Available},
		)
	}
	return api.ListAgents200JSONResponse{Body: list}, nil
}

// toAPIReply returns an api.ChatResponse or an api.ExecutionPlan.
func toAPIReply(reply chat.Reply) any {
	if reply.Kind == chat.KindPlan {
		plan := toAPIPlan(*reply.Plan)
		plan.Upgrade, plan.Proposals = toAPIUpgrade(reply.Upgrade), toAPIProposals(reply.Proposals)
		plan.Usage, plan.Context = toAPIUsage(reply.Usage), toAPITurns(reply.Turns)
		return plan
	}
	body := api.ChatResponse{
		Kind:      api.ChatResponseKind(reply.Kind),
		Response:  reply.Text,
		Actions:   toAPIActions(reply.Actions),
		Proposals: toAPIProposals(reply.Proposals),
		Upgrade:   toAPIUpgrade(reply.Upgrade),
		Usage:     toAPIUsage(reply.Usage),
		Context:   toAPITurns(reply.Turns),
	}
	if reply.Kind == chat.KindToolCalls {
		body.Calls, body.Continuation = toAPICalls(reply.Calls), &reply.Continuation
	}
	if reply.Truncated {
		body.Truncated = &reply.Truncated
	}
	if reply.Replaced {
		body.Replaced = &reply.Replaced
	}
	return body
}

// toAPIUpgrade returns nil for nil.
func toAPIUpgrade(u *chat.Upgrade) *api.Upgrade {
	if u == nil {
		return nil
	}
	return &api.Upgrade{Feature: u.Feature, Tier: api.BillingTier(u.Tier)}
}

func toAPIActions(actions []action.Action) []api.PlanAction {
	list := make([]api.PlanAction, 0, len(actions))
	for _, a := range actions {
		list = append(list, toAPIAction(a))
	}
	return list
}

func toAPIAction(a action.Action) api.PlanAction {
	one := api.PlanAction{Type: api.PlanActionType(a.Type), Table: nullable.NewNullNullable[string](),
		Data: nullable.NewNullNullable[map[string]any]()}
	if a.Table != "" {
		one.Table.Set(a.Table)
	}
	if a.Data != nil {
		one.Data.Set(a.Data)
	}
	return one
}

// toAPIProposals returns nil when there are none, so that the member is left out.
func toAPIProposals(proposals []agent.Proposal) *api.ProposalList {
	if len(proposals) == 0 {
		return nil
	}
	list := api.ProposalList{}
	for _, p := range proposals {
		one := api.Proposal{Type: api.ProposalType(p.Type), Table: nullable.NewNullNullable[string](),
			Data: nullable.NewNullableWithValue(p.Data)}
		if p.Table != "" {
			one.Table.Set(p.Table)
		}
		if p.Source != nil {
			one.Source = &api.ProposalSource{Table: p.Source.Table, ID: p.Source.ID}
		}
		list = append(list, one)
	}
	return &list
}

func toAPIPlan(p playbook.Plan) api.ExecutionPlan {
	plan := api.ExecutionPlan{
		Kind:        api.ExecutionPlanKindPlan,
		Agent:       p.Agent,
		Steps:       make([]api.PlanStep, 0, len(p.Steps)),
		ID:          nilIfEmpty(p.ID),
		Title:       nilIfEmpty(p.Title),
		Description: nilIfEmpty(p.Description),
	}
	if p.Tier != "" {
		t := api.BillingTier(p.Tier)
		plan.Tier = &t
	}
	for _, step := range p.Steps {
		one := api.PlanStep{Action: string(step.Action), PromptTemplate: nilIfEmpty(step.PromptTemplate),
			Variables: step.Variables, Table: nilIfEmpty(step.Table), Filter: step.Filter, Data: step.Data}
		if step.DataFromStep != nil {
			from := int32(*step.DataFromStep)
			one.DataFromStep = &from
		}
		plan.Steps = append(plan.Steps, one)
	}
	return plan
}

// nilIfEmpty returns nil for an empty text, so that the member is left out.
func nilIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
