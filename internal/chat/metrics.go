package chat

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/sanitize"
)

type noMetrics struct{}

func (noMetrics) Agent(string, bool, time.Duration) {}
func (noMetrics) Tool(string, bool, time.Duration)  {}
func (noMetrics) Leak(string, string)               {}
func (noMetrics) LeakFilterExhausted()              {}

// handle lets the agent answer and counts its work. An answer that waits for the app is no failure.
func (o *Orchestrator) handle(
	ctx context.Context, a *agent.Agent, run *agent.Run, emit agent.Emit,
) (agent.Result, error) {
	start := o.cfg.Now()
	result, err := a.Handle(ctx, run, emit)
	var suspended *agent.Suspended
	o.cfg.Metrics.Agent(a.Name(), err != nil && !errors.As(err, &suspended), o.cfg.Now().Sub(start))
	return result, err
}

// countTools returns a watcher of a run that counts calls of tools and passes them on to next. Calls are nested where a
// tool asks another agent.
func (o *Orchestrator) countTools(next func(agent.ToolUse) error) func(agent.ToolUse) error {
	var started []time.Time
	return func(use agent.ToolUse) error {
		if use.State == agent.ToolRunning {
			started = append(started, o.cfg.Now())
		} else if last := len(started) - 1; last >= 0 {
			o.cfg.Metrics.Tool(use.Name, use.State == agent.ToolFailed, o.cfg.Now().Sub(started[last]))
			started = started[:last]
		}
		if next == nil {
			return nil
		}
		return next(use)
	}
}

// countHit counts an answer that the leak filter replaced. A view may be read behind decoders: "hex > letters" counts
// as hex.
func (o *Orchestrator) countHit(hit string) {
	_, view, _ := strings.Cut(hit, "@")
	if view == sanitize.Budget {
		o.cfg.Metrics.LeakFilterExhausted()
		return
	}
	view, _, _ = strings.Cut(view, " > ")
	for _, known := range sanitize.Views() {
		if known.Name == view {
			o.cfg.Metrics.Leak(view, string(known.Kind))
			return
		}
	}
	o.cfg.Metrics.Leak("other", "other")
}
