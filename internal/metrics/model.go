package metrics

import (
	"context"
	"slices"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// Model returns model with its calls counted as those of the provider. Names of models that the provider does not have
// in its configuration are not labels: known has those that are.
func (m *Metrics) Model(model agent.Model, provider string, known []string) agent.Model {
	return &countedModel{Model: model, metrics: m, provider: provider, known: known}
}

type countedModel struct {
	agent.Model
	metrics  *Metrics
	provider string
	known    []string
}

// Generate implements agent.Model.
func (c *countedModel) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	name := call.Attempt.Model
	if !slices.Contains(c.known, name) {
		name = "other"
	}
	start := time.Now()
	if next := emit; next != nil {
		first := true
		emit = func(text string) error {
			if first && text != "" {
				first = false
				c.metrics.firstChunks.WithLabelValues(c.provider, name).Observe(time.Since(start).Seconds())
			}
			return next(text)
		}
	}
	answer, err := c.Model.Generate(ctx, call, emit)
	c.metrics.modelCalls.WithLabelValues(c.provider, name, agent.Outcome(err)).Observe(time.Since(start).Seconds())
	c.metrics.tokens.WithLabelValues(c.provider, name, "input").Add(float64(max(answer.Usage.InputTokens, 0)))
	c.metrics.tokens.WithLabelValues(c.provider, name, "output").Add(float64(max(answer.Usage.OutputTokens, 0)))
	return answer, err
}
