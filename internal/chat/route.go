package chat

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Limits of routing.
const (
	maxPipeline      = 3     // agents that work on one message
	maxRouterContext = 500   // characters of the context that the router sees
	maxRouterMessage = 4_000 // characters of the message that the router sees
	maxRouterTokens  = 64    // three names, with room to spare
)

// route returns the agents for the request, in their order and at least one. A router that fails or answers anything but
// names of allowed agents means the fallback. The end of ctx is an error, and so is a router that was too slow: asking a
// model that hangs a second time would only make the caller wait twice.
func (o *Orchestrator) route(ctx context.Context, t tier.Tier, req Request) ([]*agent.Agent, error) {
	answer, err := o.cfg.Model.Generate(ctx, agent.ModelCall{
		Small: true, MaxTokens: maxRouterTokens, Messages: []llms.MessageContent{
			llms.TextParts(llms.ChatMessageTypeSystem, o.routers[tierOf(t)]),
			llms.TextParts(llms.ChatMessageTypeHuman, routerQuestion(req)),
		}}, nil)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ended(ctx, err)
		}
		if errors.Is(err, agent.ErrModelTimeout) {
			return nil, err
		}
		o.cfg.Log.WarnContext(ctx, "router failed, using the fallback agent", slog.Any("error", err))
	}
	allowed := o.cfg.Agents.Allowed(t)
	agents := named(answer.Text, allowed)
	if len(agents) == 0 {
		agents = fallback(allowed)
	}
	if len(agents) == 0 {
		return nil, errNoAgents
	}
	if req.Mode == Plan {
		agents = agents[:1]
	}
	return agents, nil
}

func tierOf(t tier.Tier) tier.Tier { return tier.All()[t.Rank()] }

// named reads the router's answer: one to three names separated by commas, each an allowed agent's. More than three are
// cut, doubled ones count once, and any other text names nobody.
func named(answer string, allowed []*agent.Agent) []*agent.Agent {
	var list []*agent.Agent
	for name := range strings.SplitSeq(strings.ToLower(answer), ",") {
		name = strings.Trim(strings.TrimSpace(name), "\"'`.")
		i := slices.IndexFunc(allowed, func(a *agent.Agent) bool { return a.Name() == name })
		if i < 0 {
			return nil
		}
		if !slices.Contains(list, allowed[i]) {
			list = append(list, allowed[i])
		}
	}
	return list[:min(len(list), maxPipeline)]
}

func fallback(allowed []*agent.Agent) []*agent.Agent {
	for _, a := range allowed {
		if a.Name() == FallbackAgent {
			return []*agent.Agent{a}
		}
	}
	return allowed[:min(len(allowed), 1)]
}

// routerQuestion is the message and the start of its context.
func routerQuestion(req Request) string {
	c := req.Context
	hint := struct {
		LastTurn  string   `json:"last_turn,omitempty"`
		Tasks     int      `json:"tasks,omitempty"`
		Events    int      `json:"events,omitempty"`
		Emails    int      `json:"emails,omitempty"`
		Notes     int      `json:"notes,omitempty"`
		Documents []string `json:"documents,omitempty"`
	}{Tasks: len(c.Tasks), Events: len(c.Events), Emails: len(c.Emails), Notes: len(c.Notes)}
	if n := len(c.History); n > 0 {
		hint.LastTurn = agent.Truncate(c.History[n-1].Content, 200)
	}
	for _, d := range c.RelevantDocuments[:min(len(c.RelevantDocuments), 3)] {
		hint.Documents = append(hint.Documents, agent.Truncate(d, 100))
	}
	text, err := json.Marshal(hint)
	if err != nil {
		text = nil
	}
	return "Message: " + agent.Truncate(req.Message, maxRouterMessage) + "\nContext: " + agent.Truncate(string(text), maxRouterContext)
}
