package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/identity"
)

// ListPlaybooks lists the playbooks of the caller's tier.
func (s *Server) ListPlaybooks(
	ctx context.Context,
	_ api.ListPlaybooksRequestObject,
) (api.ListPlaybooksResponseObject, error) {
	list := api.PlaybookList{}
	for _, p := range s.cfg.Playbooks.For(identity.From(ctx).Tier) {
		list = append(list, toAPIPlan(p))
	}
	return api.ListPlaybooks200JSONResponse{Body: list}, nil
}

// GetPlaybook returns one playbook.
func (s *Server) GetPlaybook(
	ctx context.Context,
	r api.GetPlaybookRequestObject,
) (api.GetPlaybookResponseObject, error) {
	p, err := s.cfg.Playbooks.Get(r.PlanID, identity.From(ctx).Tier)
	if err != nil {
		return nil, err
	}
	return api.GetPlaybook200JSONResponse{Body: toAPIPlan(p)}, nil
}

// RunStep runs one generating step.
func (s *Server) RunStep(ctx context.Context, r api.RunStepRequestObject) (api.RunStepResponseObject, error) {
	reply, err := s.cfg.Chat.RunStep(ctx, identity.From(ctx), chat.StepRequest{
		PromptTemplate: r.Body.PromptTemplate, Variables: r.Body.Variables, Data: r.Body.Data,
		Timezone: zeroIfNil(r.Body.Timezone), Model: fromAPIModel(r.Body.Model),
	})
	if err != nil {
		return nil, err
	}
	records := reply.Records
	if records == nil {
		records = []map[string]any{}
	}
	result := api.StepResult{Output: reply.Output, Records: records}
	result.Usage = toAPIUsage(reply.Usage)
	if dropped := int32(reply.Dropped); dropped > 0 {
		result.Dropped = &dropped
	}
	return api.RunStep200JSONResponse{Body: result}, nil
}
