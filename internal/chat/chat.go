package chat

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/continuation"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/internal/tokens"
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
	Model    agent.ModelChoice

	AppTools []agent.AppTool // that run in the app
	// AppCaller has calls of them run while the answer waits. Where it is nil, the answer is KindToolCalls instead.
	AppCaller agent.AppCaller
	// Continuation is that of an answer of KindToolCalls, which the request goes on with. The message, AppTools and,
	// unless Model is set, the model are then those of the earlier request. ToolResults has a result for each call.
	Continuation string
	ToolResults  []agent.AppResult
}

// Kind is the kind of a Reply.
type Kind string

// The kinds of reply; the values are those of the API.
const (
	KindResponse  Kind = "response"
	KindPlan      Kind = "plan"
	KindToolCalls Kind = "tool_calls" // Calls have to be run before the answer goes on
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
	// Usage is what the models used, the router's call included.
	Usage agent.Usage
	// Turns says how much of the history was read.
	Turns agent.HistoryUse
	// Calls and Continuation are set for KindToolCalls only. Text is then the text so far, without what an earlier
	// reply of the same answer had.
	Calls        []agent.AppCall
	Continuation string
}

// FallbackAgent answers messages for which the router names no agent.
const FallbackAgent = "task_agent"

// Config configures an Orchestrator. All fields but Now, Limits, CheckModel and Continuations
// are required.
type Config struct {
	Agents    *agent.Registry
	Model     agent.Model // for routing, synthesis and generating steps
	Templates *playbook.Templates
	Filter    Filter
	// Limits returns the sizes of the model that answers a request; nil means that they are not known.
	Limits func(*agent.ModelRequest) agent.Limits
	Now    func() time.Time // nil means time.Now
	Log    *slog.Logger
	// CheckModel returns an error if an account of the tier may not choose the model. Nil accepts every choice.
	CheckModel func(tier.Tier, agent.ModelChoice) error
	// Continuations seals answers that wait for results of the app. Without it, requests with AppTools need an
	// AppCaller.
	Continuations *continuation.Sealer
}

// Orchestrator answers requests. It is safe for concurrent use. Between requests it keeps only the plan cache, which
// contains no user's data.
type Orchestrator struct {
	cfg       Config
	cache     *playbook.Cache
	zones     *zoneCache
	routers   map[tier.Tier]string // the router's prompt, by tier
	abilities map[tier.Tier]string // what the agents can do, by tier
	router    routerState
	prompts   map[tier.Tier]int // the tokens of the longest prompt with its tools, by tier
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
		prompts:   map[tier.Tier]int{},
	}
	for _, t := range tier.All() {
		o.routers[t] = routerPromptFor(cfg.Agents, t)
		o.abilities[t] = abilitiesOf(cfg.Agents.Allowed(t))
		for _, a := range cfg.Agents.Allowed(t) {
			o.prompts[t] = max(o.prompts[t], cfg.Agents.Size(a).Tokens+tokens.Count(o.abilities[t])+maxNoticeTokens)
		}
	}
	return o
}

// Run answers the request of user u and tells to what happens meanwhile. Errors are faults:
// validation_failed with pointers into the body, context_too_large if the request does not fit into the model's context
// even without history, before a model is asked where that can be known, agent_loop_limit, continuation_invalid, those
// of the choice of a model, and those of the model. If ctx is canceled, Run returns its error. Reply.Usage is set in
// any case.
func (o *Orchestrator) Run(ctx context.Context, u identity.User, req Request, to Listener) (Reply, error) {
	var state continuation.State
	if req.Continuation != "" {
		var err error
		if state, err = o.open(ctx, u, &req); err != nil {
			return Reply{}, err
		}
	}
	if err := o.validate(&req); err != nil {
		return Reply{}, err
	}
	if !state.Now.IsZero() {
		req.Context.Now = state.Now
	}
	if err := o.checkModel(u, req.Model); err != nil {
		return Reply{}, err
	}
	sent := append(userTexts(req), appTexts(req.AppTools, state.Record.Results)...)
	guard := o.cfg.Filter(ctx, u, sent...)
	run, err := o.newRun(u, req, guard)
	if err != nil {
		return Reply{}, err
	}
	if req.Continuation != "" {
		run.Resume(state.Record)
	}
	defer run.Model.End(ctx)
	if err := to.step(Step{Kind: StepStarted}); err != nil {
		return Reply{}, err
	}
	run.Watch = to.tool
	reply, err := o.answer(ctx, run, req, state, guard, sent, to)
	reply.Usage, reply.Turns = run.Model.Usage, run.Model.Turns
	if n := run.Dropped(); n > 0 && reply.Kind != KindToolCalls {
		o.cfg.Log.InfoContext(ctx, "actions dropped", slog.Int("dropped", n), slog.Int("kept", len(run.Actions())),
			slog.Int("proposed", len(run.Proposals())))
	}
	longest := "/message" // or the history, if there is one
	if len(req.Context.History) > 0 {
		longest = "/context/conversation_history"
	}
	return reply, ctxError(ctx, nameTooLong(err, longest))
}

// newRun returns the run of a request that fits into the model's context.
func (o *Orchestrator) newRun(u identity.User, req Request, guard Guard) (*agent.Run, error) {
	run := o.cfg.Agents.NewRun(u, req.Message, req.Context)
	run.Model.Choice = req.Model
	run.Model.Limits = o.limits(run.Model)
	var caller agent.AppCaller
	if req.AppCaller != nil {
		caller = &judgedCaller{AppCaller: req.AppCaller, guard: guard, run: run}
	}
	if err := run.UseAppTools(req.AppTools, caller); err != nil {
		return nil, err
	}
	return run, run.CheckSize(o.prompts[knownTier(u.Tier)] + run.AppToolTokens())
}

// answer routes the request, unless state has a routing, and lets the agents answer.
func (o *Orchestrator) answer(ctx context.Context, run *agent.Run, req Request, state continuation.State,
	guard Guard, sent []string, to Listener) (reply Reply, err error) {
	var routing routing
	if req.Continuation != "" {
		routing, err = o.routingOf(run.User, state)
	} else {
		routing, err = o.route(ctx, run.Model, req)
	}
	if err != nil {
		return Reply{}, err
	}
	if req.Mode == ModePlan {
		reply, err = o.plan(ctx, guard, routing.agents[0], run, to)
	} else {
		ending := func(answer string) string {
			return deletedRows(run, answer) + routing.upgrade.missingFrom(answer, sent)
		}
		sink := newAnswerSink(guard, ending, state.Shown, to.Text)
		reply, err = o.runAgents(ctx, sink, routing, run, req, to)
	}
	if err == nil && reply.Kind != KindToolCalls { // the text about the upgrade, and the actions, come at the end
		reply.Upgrade = routing.upgrade
		err = to.actions(reply.Actions)
	}
	return reply, err
}

// limits returns the sizes of the model that answers the request, or zero.
func (o *Orchestrator) limits(m *agent.ModelRequest) agent.Limits {
	if o.cfg.Limits == nil {
		return agent.Limits{}
	}
	return o.cfg.Limits(m)
}

// nameTooLong returns ErrContextTooLarge with the member to shorten if the provider said that the prompt is too long,
// else err.
func nameTooLong(err error, member string) error {
	var f *fault.Error
	if !errors.As(err, &f) || !errors.Is(err, agent.ErrContextTooLarge) || len(f.Details) > 0 {
		return err
	}
	return agent.ErrContextTooLarge.WithCause(err).WithDetails(fault.Detail{
		Pointer: member, Message: "is too long for the language model; shorten it"})
}

// checkModel returns an error if the user may not choose the model.
func (o *Orchestrator) checkModel(u identity.User, choice agent.ModelChoice) error {
	if o.cfg.CheckModel == nil {
		return nil
	}
	return o.cfg.CheckModel(u.Tier, choice)
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
