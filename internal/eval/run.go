package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/scenario"
)

// MaxScenarios limits a run.
const MaxScenarios = 5_000

// maxErrors is how many scenarios may fail in a row for want of an answer, before the run ends.
const maxErrors = 5

// ErrNoAnswers ends a run in which maxErrors scenarios in a row got no answer from the model.
var ErrNoAnswers = fmt.Errorf("%d scenarios in a row got no answer from the model: check it with "+
	"`adiuva-api models check`", maxErrors)

// Config configures Run. Routing, Parallel, Timeout, Now and Progress are optional.
type Config struct {
	Scenarios []scenario.Scenario
	Agents    *agent.Registry // by whose prompts the answering agents are recognised
	// Assistant returns the orchestrator that answers over the model, at that time.
	Assistant func(model agent.Model, now func() time.Time) (*chat.Orchestrator, error)
	Open      Open
	Filter    chat.Filter      // keeps prompts out of the calls that results show
	Routing   bool             // only who answers counts
	Parallel  int              // scenarios at once; 0 means 1
	Timeout   time.Duration    // of a scenario; 0 means DefaultTimeout
	Now       func() time.Time // measures how long answers take; nil means time.Now
	// Progress is called after each scenario with how many are done and right. Its calls do not overlap.
	Progress func(done, right int)
}

// DefaultTimeout is how long a scenario may take.
const DefaultTimeout = 10 * time.Minute

// Run plays the scenarios and returns the results of those that were played to their end, in their order. It ends
// early with the error of ctx, or ErrNoAnswers; the results so far are returned as well.
func Run(ctx context.Context, cfg Config) ([]Result, error) {
	cfg.Parallel = max(cfg.Parallel, 1)
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &runner{cfg: cfg, prompts: promptsOf(cfg.Agents), stop: stop, results: make([]*Result, len(cfg.Scenarios))}
	next := make(chan int)
	var workers sync.WaitGroup
	for range cfg.Parallel {
		workers.Go(func() {
			for i := range next {
				r.add(i, r.play(ctx, cfg.Scenarios[i]))
			}
		})
	}
feeding:
	for i := range cfg.Scenarios {
		select {
		case next <- i:
		case <-ctx.Done():
			break feeding
		}
	}
	close(next)
	workers.Wait()
	var done []Result
	for _, one := range r.results {
		if one != nil {
			done = append(done, *one)
		}
	}
	if len(done) == len(cfg.Scenarios) {
		return done, nil
	}
	return done, context.Cause(ctx)
}

type runner struct {
	cfg     Config
	prompts []agentPrompt
	stop    context.CancelCauseFunc

	mu      sync.Mutex
	results []*Result
	done    int
	right   int
	errors  int // scenarios in a row without an answer
}

// add keeps the result of scenario i, nil if it was not played to its end.
func (r *runner) add(i int, result *Result) {
	if result == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results[i] = result
	r.done++
	if result.Right {
		r.right++
	}
	if r.errors++; !result.noAnswer() {
		r.errors = 0
	}
	if r.errors == maxErrors {
		r.stop(ErrNoAnswers)
	}
	if r.cfg.Progress != nil {
		r.cfg.Progress(r.done, r.right)
	}
}

// play plays one scenario. It returns nil if the run ended meanwhile.
func (r *runner) play(ctx context.Context, s scenario.Scenario) *Result {
	result := &Result{ID: s.ID(), Expectation: s.Expectation(), Category: s.Category, File: s.File, Line: s.Line,
		Name: s.Name(), Gap: s.Gap, Result: true, Routed: true}
	if ctx.Err() != nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	if err := r.turns(limited, s, result); err != nil {
		result.Wrong, result.Routed, result.void = []string{err.Error()}, false, true
		result.Result = false
	}
	if ctx.Err() != nil {
		return nil
	}
	result.Right = len(result.Wrong) == 0
	return result
}

// turns plays the turns into result. Its error is not the model's.
func (r *runner) turns(ctx context.Context, s scenario.Scenario, result *Result) error {
	session, err := r.cfg.Open(s)
	if err != nil {
		return err
	}
	w := &Watch{session: session, prompts: r.prompts}
	assistant, err := r.cfg.Assistant(w, func() time.Time { return s.Now })
	if err != nil {
		return err
	}
	history := slices.Clone(s.Context.History)
	for i, turn := range s.Turns {
		w.Begin(i, turn.Say)
		began := r.cfg.Now()
		reply, err := assistant.Run(ctx, userOf(s), requestOf(s, turn, history), chat.Listener{})
		out := r.outcome(ctx, s, turn, reply, w, err)
		out.Millis = r.cfg.Now().Sub(began).Milliseconds()
		result.Turns = append(result.Turns, out)
		result.Routed = result.Routed && slices.Equal(w.agents, expectedAgents(s, turn))
		if err != nil {
			result.Wrong = append(result.Wrong, prefix(s, i)+"no answer: "+out.Error)
			result.Result, result.Routed = false, false
			break
		}
		for _, wrong := range r.check(s, turn, reply, w) {
			result.Wrong = append(result.Wrong, prefix(s, i)+wrong)
		}
		result.Result = result.Result && len(turn.CheckResult(w.Outcome(reply), s.Now)) == 0
		history = append(history, agent.Turn{Role: "user", Content: turn.Say},
			agent.Turn{Role: "assistant", Content: reply.Text})
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil // the run was stopped
	}
	return session.End()
}

// check returns what is wrong with the reply.
func (r *runner) check(s scenario.Scenario, turn scenario.Turn, reply chat.Reply, w *Watch) []string {
	if !r.cfg.Routing {
		return turn.Check(w.Outcome(reply), s.Now)
	}
	if want := expectedAgents(s, turn); !slices.Equal(w.agents, want) {
		return []string{fmt.Sprintf("answered by %v, not %v", w.agents, want)}
	}
	return nil
}

// expectedAgents returns who answers. A plan is made by the first agent alone.
func expectedAgents(s scenario.Scenario, turn scenario.Turn) []string {
	if s.Plan {
		return turn.Agents[:1]
	}
	return turn.Agents
}

func prefix(s scenario.Scenario, turn int) string {
	if len(s.Turns) == 1 {
		return ""
	}
	return fmt.Sprintf("turn %d: ", turn+1)
}

// userOf returns the person of the scenario.
func userOf(s scenario.Scenario) identity.User {
	email, _ := s.Context.UserProfile["email"].(string)
	return identity.User{Tier: s.Tier, Email: email}
}

func requestOf(s scenario.Scenario, turn scenario.Turn, history []agent.Turn) chat.Request {
	req := chat.Request{Message: turn.Say, Mode: chat.ModeDirect, Timezone: s.Timezone, Context: s.Context}
	if s.Plan {
		req.Mode = chat.ModePlan
	}
	req.Context.History = slices.Clip(history)
	return req
}

// withheldCall stands for a call that held a part of our prompts.
const withheldCall = "(withheld: a part of a prompt)"

// outcome returns what came of a turn, for reports.
func (r *runner) outcome(
	ctx context.Context, s scenario.Scenario, turn scenario.Turn, reply chat.Reply, w *Watch, err error,
) Turn {
	o := w.Outcome(reply)
	out := Turn{Say: turn.Say, Agents: o.Agents, Text: reply.Text, Replaced: reply.Replaced, Steps: o.Steps,
		InputTokens: w.usage.InputTokens, OutputTokens: w.usage.OutputTokens, Estimated: w.usage.Estimated,
		ModelCalls: w.usage.ModelCalls}
	guard := r.cfg.Filter(ctx, userOf(s), sentIn(s)...)
	for _, c := range o.Calls {
		call := Call{Tool: c.Tool, Arguments: c.Arguments, Result: c.Result}
		if guard.Values(call.Tool, call.Arguments) != "" {
			call.Tool, call.Arguments = withheldCall, "{}"
		}
		out.Calls = append(out.Calls, call)
	}
	for _, change := range o.Actions {
		out.Actions = append(out.Actions, change.String())
	}
	for _, change := range o.Proposals {
		out.Proposals = append(out.Proposals, change.String())
	}
	if err != nil {
		f := fault.From(err)
		out.Error = fmt.Sprintf("%s: %s", f.Code, f.Message)
		for _, d := range f.Details {
			out.Error += fmt.Sprintf(" %s %s.", d.Pointer, d.Message)
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			out.Error = fmt.Sprintf("the scenario took longer than %s", r.cfg.Timeout)
		}
	}
	return out
}
