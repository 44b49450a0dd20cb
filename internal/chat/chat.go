// Package chat turns one message of a user into an answer: it finds out which agents the message is for, lets them work
// alone, one after the other, or on a plan, and lets nothing out that has not passed the leak filter. Whole answers and
// streamed ones take the same path; a stream only adds a listener. It keeps nothing once the answer is out.
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

// Mode is how a message is carried out.
type Mode string

// The execution modes. The zero value means Direct.
const (
	Direct Mode = "direct"
	Plan   Mode = "plan"
)

// Request is one message with what the client sent along. Context.Location and Context.Now are set by Run.
type Request struct {
	Message  string
	Mode     Mode
	Timezone string // IANA name; "" means UTC
	Context  agent.Context
}

// Kind says which of the two answers a Reply is.
type Kind string

// The kinds of reply, as on the wire.
const (
	Response  Kind = "response"
	Execution Kind = "plan"
)

// Reply is the answer to a Request. Actions is never nil.
type Reply struct {
	Kind    Kind
	Text    string
	Actions []action.Action
	Plan    *playbook.Plan // of a reply of kind Execution, nil otherwise
	// Truncated is true when the model stopped for length.
	Truncated bool
	// Replaced is true when the leak filter put its own answer in place of the model's; what was emitted is void then.
	Replaced bool
}

// FallbackAgent answers what the router cannot place.
const FallbackAgent = "task_agent"

// Config is what an Orchestrator needs. Every member but Now is required.
type Config struct {
	Agents    *agent.Registry
	Model     agent.Model // for routing, synthesis and generating steps
	Templates *playbook.Templates
	Filter    Filter
	Now       func() time.Time // nil means time.Now
	Log       *slog.Logger
}

// Orchestrator answers requests. It is safe for concurrent use and keeps no state between them but the plan cache, which
// holds no user's values.
type Orchestrator struct {
	cfg     Config
	cache   *playbook.Cache
	zones   *zones
	routers map[tier.Tier]string // the router's prompt for each tier
}

// New returns the orchestrator of that configuration.
func New(cfg Config) *Orchestrator {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	o := &Orchestrator{cfg: cfg, cache: playbook.NewCache(), zones: newZones(), routers: map[tier.Tier]string{}}
	for _, t := range tier.All() {
		o.routers[t] = routerPromptFor(cfg.Agents.Allowed(t))
	}
	return o
}

// Run answers the request of u. emit, when not nil, receives the answer's text as it is produced, after the leak filter;
// joined it equals Reply.Text unless Reply.Replaced. A plan emits nothing. Failures are faults: validation_failed with
// pointers into the body, agent_loop_limit, and the model's own; when ctx ends first, the error is that of ctx.
func (o *Orchestrator) Run(ctx context.Context, u identity.User, req Request, emit agent.Emit) (Reply, error) {
	if err := o.validate(&req); err != nil {
		return Reply{}, err
	}
	guard := o.cfg.Filter(callerText(req)...)
	run := o.cfg.Agents.NewRun(u, req.Message, req.Context)
	agents, err := o.route(ctx, u.Tier, req)
	if err != nil {
		return Reply{}, err
	}
	var reply Reply
	if req.Mode == Plan {
		reply, err = o.plan(ctx, guard, agents[0], run)
	} else {
		reply, err = o.answer(ctx, guard, agents, run, emit)
	}
	if n := run.Dropped(); n > 0 {
		o.cfg.Log.InfoContext(ctx, "actions dropped", slog.Int("dropped", n), slog.Int("kept", len(run.Actions())))
	}
	return reply, ended(ctx, err)
}

// ended gives precedence to the end of ctx, which is what made the inner call fail.
func ended(ctx context.Context, err error) error {
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
