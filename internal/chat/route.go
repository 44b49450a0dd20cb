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
	maxPipeline      = 3     // agents for one message
	maxRouterContext = 500   // characters of the context that the router sees
	maxRouterMessage = 4_000 // characters of the message that the router sees
	maxRouterTokens  = 64    // three names, with room to spare
)

// route returns the agents for the request in their order, at least one. If the router fails or answers anything
// but the names of allowed agents, that is the default agent. It returns an error if ctx has ended, and also if the
// router timed out or its key was refused: the agent would meet the same, and the user would wait twice.
func (o *Orchestrator) route(ctx context.Context, t tier.Tier, req Request) ([]*agent.Agent, error) {
	answer, err := o.cfg.Model.Generate(ctx, agent.ModelCall{
		Small: true, MaxTokens: maxRouterTokens, Messages: []llms.MessageContent{
			llms.TextParts(llms.ChatMessageTypeSystem, o.routers[knownTier(t)]),
			llms.TextParts(llms.ChatMessageTypeHuman, routerQuestion(req)),
		}}, nil)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctxError(ctx, err)
		}
		if errors.Is(err, agent.ErrModelTimeout) || errors.Is(err, agent.ErrModelRefused) {
			return nil, err
		}
		o.cfg.Log.WarnContext(ctx, "router failed, using the fallback agent", slog.Any("error", err))
	}
	allowed := o.cfg.Agents.Allowed(t)
	agents := parseAgents(answer.Text, allowed)
	if len(agents) == 0 {
		agents = defaultAgent(allowed)
	}
	if len(agents) == 0 {
		return nil, errNoAgents
	}
	if req.Mode == ModePlan {
		agents = agents[:1]
	}
	return agents, nil
}

// knownTier returns t, or the lowest tier if t is unknown.
func knownTier(t tier.Tier) tier.Tier { return tier.All()[t.Rank()] }

// parseAgents parses the router's answer: the names of allowed agents, separated by commas. It returns the first
// three different ones, and none if there is any other text.
func parseAgents(answer string, allowed []*agent.Agent) []*agent.Agent {
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

// defaultAgent returns FallbackAgent if it is allowed, and the first allowed agent otherwise.
func defaultAgent(allowed []*agent.Agent) []*agent.Agent {
	for _, a := range allowed {
		if a.Name() == FallbackAgent {
			return []*agent.Agent{a}
		}
	}
	return allowed[:min(len(allowed), 1)]
}

// routerQuestion returns the message and a short description of its context.
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
	return "Message: " + agent.Truncate(req.Message, maxRouterMessage) +
		"\nContext: " + agent.Truncate(string(text), maxRouterContext)
}
