package chat

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/thought"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Limits of routing.
const (
	maxPipeline      = 3     // agents for one message
	maxRouterContext = 500   // characters of the context that the router sees
	maxRouterMessage = 4_000 // characters of the message that the router sees
	maxRouterTokens  = 64    // three names, with room to spare
	maxRouterThought = 2_048 // the same for a model that thinks first, in tokens
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

// RouterCounts is how often the router did not do its task.
type RouterCounts struct {
	Failed  int64 // the model's call failed
	Unclear int64 // the model's answer named no agent
}

// routerState is what the orchestrator remembers of the router's model.
type routerState struct {
	failed, unclear atomic.Int64
	thinks          atomic.Bool // the model thinks first, so that it needs the larger limit
}

// RouterCounts returns how often the router did not do its task since the start.
func (o *Orchestrator) RouterCounts() RouterCounts {
	return RouterCounts{Failed: o.router.failed.Load(), Unclear: o.router.unclear.Load()}
}

// askRouter returns the router's answer without its thoughts. A model that had no tokens left after its thoughts is
// asked once more with a larger limit, and from then on always has that.
func (o *Orchestrator) askRouter(ctx context.Context, m *agent.ModelRequest, req Request) (string, error) {
	call := agent.ModelCall{
		Small: true, MaxTokens: maxRouterTokens, Request: m, Messages: []llms.MessageContent{
			llms.TextParts(llms.ChatMessageTypeSystem, o.routers[knownTier(m.User.Tier)]),
			llms.TextParts(llms.ChatMessageTypeHuman, routerQuestion(req)),
		}}
	thinks := o.router.thinks.Load()
	if thinks {
		call.MaxTokens = maxRouterThought
	}
	answer, err := o.cfg.Model.Generate(ctx, call, nil)
	if err != nil {
		return "", err
	}
	text := thought.Without(answer.Text)
	onlyThought := strings.TrimSpace(text) == "" && (answer.Truncated || answer.Text != "")
	if thinks || !onlyThought {
		return text, nil
	}
	call.MaxTokens = maxRouterThought
	if answer, err = o.cfg.Model.Generate(ctx, call, nil); err != nil {
		return "", err
	}
	text = thought.Without(answer.Text)
	if strings.TrimSpace(text) != "" {
		o.router.thinks.Store(true)
	}
	return text, nil
}

// route returns the agents for the request. If the router fails or names no agent that the tier has, that is the
// default agent, which is logged and counted. It returns an error if ctx has ended, and also if the router timed out or
// its key was refused: the agent would meet the same, and the user would wait twice.
func (o *Orchestrator) route(ctx context.Context, m *agent.ModelRequest, req Request) (routing, error) {
	answer, err := o.askRouter(ctx, m, req)
	if err != nil {
		if ctx.Err() != nil {
			return routing{}, ctxError(ctx, err)
		}
		o.router.failed.Add(1)
		if errors.Is(err, agent.ErrModelTimeout) || errors.Is(err, agent.ErrModelRefused) || refusedByUs(err) {
			return routing{}, err
		}
		o.cfg.Log.WarnContext(ctx, "router failed, using the fallback agent", slog.Any("error", err))
	}
	named := parseAgents(answer, o.cfg.Agents.All())
	if err == nil && len(named) == 0 {
		o.router.unclear.Add(1)
		o.cfg.Log.WarnContext(ctx, "router named no agent, using the fallback agent", slog.Int("bytes", len(answer)))
	}
	allowed := o.cfg.Agents.Allowed(m.User.Tier)
	var result routing
	for _, a := range named {
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
