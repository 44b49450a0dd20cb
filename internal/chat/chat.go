package chat

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Mode says whether the agents act at once or make a plan.
type Mode string

// The execution modes. "" means ModeDirect.
const (
	ModeDirect Mode = "direct"
	ModePlan   Mode = "plan"
)

// Request is a message with its context. Run sets Context.Location and Context.Now.
type Request struct {
	Message  string
	Mode     Mode
	Timezone string // IANA name; "" means UTC
	Context  agent.Context
}

// Kind is the kind of a Reply.
type Kind string

// The kinds of reply; the values are those of the API.
const (
	KindResponse Kind = "response"
	KindPlan     Kind = "plan"
)

// Reply is the answer to a Request. Actions is never nil.
type Reply struct {
	Kind    Kind
	Text    string
	Actions []action.Action
	// Proposals are changes that the person did not clearly ask for.
	Proposals []agent.Proposal
	Plan      *playbook.Plan // set for KindPlan only
	// Upgrade is set if the message asks for an agent that the user's tier lacks. Text says so as well.
	Upgrade *Upgrade
	// Truncated is true if the model reached its output limit.
	Truncated bool
	// Replaced is true if the leak filter blocked the model's answer and Text is FallbackAnswer. The text emitted
	// before must then be discarded.
	Replaced bool
}

// FallbackAgent answers messages for which the router names no agent.
const FallbackAgent = "task_agent"

// Config configures an Orchestrator. All fields but Now are required.
type Config struct {
	Agents    *agent.Registry
	Model     agent.Model // for routing, synthesis and generating steps
	Templates *playbook.Templates
	Filter    Filter
	Now       func() time.Time // nil means time.Now
	Log       *slog.Logger
}

// Orchestrator answers requests. It is safe for concurrent use. Between requests it keeps only the plan cache, which
// contains no user's data.
type Orchestrator struct {
	cfg       Config
	cache     *playbook.Cache
	zones     *zoneCache
	routers   map[tier.Tier]string // the router's prompt, by tier
	abilities map[tier.Tier]string // what the agents can do, by tier
}

// New returns an Orchestrator.
func New(cfg Config) *Orchestrator {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	o := &Orchestrator{
		cfg:       cfg,
		cache:     playbook.NewCache(),
		zones:     newZoneCache(),
		routers:   map[tier.Tier]string{},
		abilities: map[tier.Tier]string{},
	}
	for _, t := range tier.All() {
		o.routers[t] = routerPromptFor(cfg.Agents, t)
		o.abilities[t] = abilitiesOf(cfg.Agents.Allowed(t))
	}
	return o
}

// Run answers the request of user u. If emit is not nil, it receives the filtered text of the answer while it is
// generated; the pieces join to Reply.Text unless Reply.Replaced is set. A plan emits nothing. Errors are faults:
// validation_failed with pointers into the body, agent_loop_limit, and those of the model. If ctx is canceled, Run
// returns its error.
func (o *Orchestrator) Run(ctx context.Context, u identity.User, req Request, emit agent.Emit) (Reply, error) {
	if err := o.validate(&req); err != nil {
		return Reply{}, err
	}
	sent := userTexts(req)
	guard := o.cfg.Filter(ctx, u, sent...)
	run := o.cfg.Agents.NewRun(u, req.Message, req.Context)
	routing, err := o.route(ctx, u.Tier, req)
	if err != nil {
		return Reply{}, err
	}
	var reply Reply
	if req.Mode == ModePlan {
		reply, err = o.plan(ctx, guard, routing.agents[0], run)
	} else {
		ending := func(answer string) string {
			return deletedRows(run, answer) + routing.upgrade.missingFrom(answer, sent)
		}
		reply, err = o.runAgents(ctx, newAnswerSink(guard, ending, emit), routing, run)
	}
	if err == nil {
		reply.Upgrade = routing.upgrade
	}
	if n := run.Dropped(); n > 0 {
		o.cfg.Log.InfoContext(ctx, "actions dropped", slog.Int("dropped", n), slog.Int("kept", len(run.Actions())),
			slog.Int("proposed", len(run.Proposals())))
	}
	return reply, ctxError(ctx, err)
}

// ctxError returns the error of ctx if it was canceled, since err is only its consequence. A deadline exceeded that
// is not a fault yet becomes agent.ErrModelTimeout.
func ctxError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil && errors.Is(cause, context.Canceled) {
		return cause
	}
	var f *fault.Error
	if errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &f) {
		return agent.ErrModelTimeout.WithCause(err)
	}
	return err
}
