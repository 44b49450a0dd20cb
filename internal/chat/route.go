package chat

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Limits of routing.
const (
	maxPipeline      = 3     // agents for one message
	maxRouterContext = 500   // characters of the context that the router sees
	maxRouterMessage = 4_000 // characters of the message that the router sees
	maxRouterTokens  = 64    // three names, with room to spare
	maxRouterTurn    = 150   // characters of an earlier turn that the router sees
)

// The marks of the parts of the router's question, which its examples have as well.
const (
	messageMark = "Message: "
	contextMark = "\nContext: "
	answerMark  = "Answer: "
)

// routing is who answers a message.
type routing struct {
	agents  []*agent.Agent // in their order, at least one
	upgrade *Upgrade       // set if the router named an agent that the user's tier lacks
}

// route returns the agents for the request. If the router fails or names no agent that the tier has, that is the
// default agent. It returns an error if ctx has ended, and also if the router timed out or its key was refused: the
// agent would meet the same, and the user would wait twice.
func (o *Orchestrator) route(ctx context.Context, m *agent.ModelRequest, req Request) (routing, error) {
	t := m.User.Tier
	answer, err := o.cfg.Model.Generate(ctx, agent.ModelCall{
		Small: true, MaxTokens: maxRouterTokens, Request: m, Messages: []llms.MessageContent{
			llms.TextParts(llms.ChatMessageTypeSystem, o.routers[knownTier(t)]),
			llms.TextParts(llms.ChatMessageTypeHuman, routerQuestion(req)),
		}}, nil)
	if err != nil {
		if ctx.Err() != nil {
			return routing{}, ctxError(ctx, err)
		}
		if errors.Is(err, agent.ErrModelTimeout) || errors.Is(err, agent.ErrModelRefused) || refusedByUs(err) {
			return routing{}, err
		}
		o.cfg.Log.WarnContext(ctx, "router failed, using the fallback agent", slog.Any("error", err))
	}
	var result routing
	allowed := o.cfg.Agents.Allowed(t)
	for _, a := range parseAgents(answer.Text, o.cfg.Agents.All()) {
		if slices.Contains(allowed, a) {
			result.agents = append(result.agents, a)
		} else if result.upgrade == nil {
			result.upgrade = o.upgradeTo(a)
		}
	}
	if len(result.agents) == 0 {
		result.agents = defaultAgent(allowed)
	}
	if len(result.agents) == 0 {
		return routing{}, errNoAgents
	}
	if req.Mode == ModePlan {
		result.agents = result.agents[:1]
	}
	return result, nil
}

// refusedByUs reports whether the call was refused before a model was asked, as the next one would be: the day's tokens
// are used up, or the database that counts them does not answer.
func refusedByUs(err error) bool {
	code := fault.From(err).Code
	return code == fault.BudgetExceeded || code == fault.DBUnavailable
}

// knownTier returns t, or the lowest tier if t is unknown.
func knownTier(t tier.Tier) tier.Tier { return tier.All()[t.Rank()] }

// defaultAgent returns FallbackAgent if it is allowed, and the first allowed agent otherwise.
func defaultAgent(allowed []*agent.Agent) []*agent.Agent {
	for _, a := range allowed {
		if a.Name() == FallbackAgent {
			return []*agent.Agent{a}
		}
	}
	return allowed[:min(len(allowed), 1)]
}

// routerQuestion returns the message and a short description of its context: how many rows there are, the last two
// turns and the beginnings of documents.
func routerQuestion(req Request) string {
	c := req.Context
	hint := struct {
		Rows      map[string]int `json:"rows,omitempty"`
		Turns     []string       `json:"turns,omitempty"`
		Documents []string       `json:"documents,omitempty"`
	}{Rows: map[string]int{}}
	for _, t := range c.TableCounts() {
		hint.Rows[t.Table] = t.Rows
	}
	for _, turn := range c.History[max(len(c.History)-2, 0):] {
		hint.Turns = append(hint.Turns, turn.Role+": "+agent.Truncate(turn.Content, maxRouterTurn))
	}
	for _, d := range c.RelevantDocuments[:min(len(c.RelevantDocuments), 3)] {
		hint.Documents = append(hint.Documents, agent.Truncate(d, 100))
	}
	text, err := json.Marshal(hint)
	if err != nil {
		text = nil
	}
	return messageMark + agent.Truncate(req.Message, maxRouterMessage) +
		contextMark + agent.Truncate(string(text), maxRouterContext)
}
