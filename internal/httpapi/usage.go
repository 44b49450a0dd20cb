package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
)

// GetUsage returns the tokens that the account has used today.
func (s *Server) GetUsage(ctx context.Context, _ api.GetUsageRequestObject) (api.GetUsageResponseObject, error) {
	usage, err := s.cfg.Budget.Today(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	return api.GetUsage200JSONResponse{Body: api.TokenUsage{
		PeriodStart: usage.Start.UnixMilli(), PeriodEnd: usage.End.UnixMilli(), TokensUsed: usage.Used,
		TokensLimit: usage.Limit, Requests: int32(usage.Requests),
	}}, nil
}

// CompactHistory summarises a conversation.
func (s *Server) CompactHistory(
	ctx context.Context, r api.CompactHistoryRequestObject,
) (api.CompactHistoryResponseObject, error) {
	summary, err := s.cfg.Chat.Compact(ctx, identity.From(ctx), mapSlice(r.Body.ConversationHistory, fromAPITurn))
	if err != nil {
		return nil, err
	}
	body := api.CompactReply{Summary: summary.Text, Usage: *toAPIUsage(summary.Usage),
		Context: *toAPITurns(summary.Turns)}
	if summary.Truncated {
		body.Truncated = &summary.Truncated
	}
	if summary.Replaced {
		body.Replaced = &summary.Replaced
	}
	return api.CompactHistory200JSONResponse{Body: body}, nil
}

func toAPIUsage(u agent.Usage) *api.Usage {
	return &api.Usage{InputTokens: u.InputTokens, OutputTokens: u.OutputTokens, ModelCalls: int32(u.ModelCalls),
		Estimated: u.Estimated, Provider: u.Provider, Model: u.Model}
}

func toAPITurns(h agent.HistoryUse) *api.UsedContext {
	return &api.UsedContext{HistoryUsed: int32(h.Used), HistoryDropped: int32(h.Dropped)}
}

func fromAPITurn(t api.ConversationTurn) agent.Turn {
	return agent.Turn{Role: string(t.Role), Content: t.Content}
}
