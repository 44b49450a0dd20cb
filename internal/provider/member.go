package provider

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/sony/gobreaker/v2"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
)

const (
	breakerFailures = 20               // failures within breakerWindow that open a model's breaker
	breakerWindow   = 30 * time.Second // counting period
	breakerPause    = 10 * time.Second // from opening until one request is let through to probe
)

// ErrKeyRefused is returned when the provider refuses the caller's own key.
var ErrKeyRefused = fault.New(fault.ModelKeyRefused,
	"The provider refuses the key in model.api_key, or its quota is spent. Check the key, or leave it out to use ours.")

// Errors of models that cannot call tools, which agents need.
var (
	ErrNoTools = fault.New(fault.LLMError, "The language model cannot call tools, which this request needs. Choose "+
		"another one in model, or ask the operator for one.")
	// ErrChoiceWithoutTools is about the caller's choice.
	ErrChoiceWithoutTools = fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/model",
		Message: "is a model that cannot call tools, which this request needs: choose another one of GET /models"})
)

// member is a provider with the state of its clients. What calls with a caller's own key meet never gets into it.
type member struct {
	Provider
	client   agent.Model
	breakers map[string]*gobreaker.CircuitBreaker[agent.Answer] // by model
	refusals *refusals
	alerter  *alerter
}

func newMember(c Client, cfg Config) *member {
	m := &member{
		Provider: c.Provider,
		client:   c.Model,
		breakers: map[string]*gobreaker.CircuitBreaker[agent.Answer]{},
		refusals: &refusals{now: cfg.Now, forbidden: map[uuid.UUID]bool{}},
		alerter:  &alerter{log: cfg.Log, now: cfg.Now, provider: c.Provider.Name, last: map[string]time.Time{}},
	}
	for _, model := range c.Provider.models() {
		m.breakers[model] = gobreaker.NewCircuitBreaker[agent.Answer](gobreaker.Settings{
			Name: model, MaxRequests: 1, Interval: breakerWindow, BucketPeriod: time.Second, Timeout: breakerPause,
			ReadyToTrip: func(n gobreaker.Counts) bool { return n.TotalFailures >= breakerFailures },
			IsExcluded:  func(err error) bool { return err != nil && !countsAgainstBreaker(err) },
		})
	}
	return m
}

// countsAgainstBreaker reports whether err shows that the provider is in trouble. Our own mistakes, callers that leave
// and what is wrong with one user's request do not.
func countsAgainstBreaker(err error) bool {
	var f *agent.ModelFailure
	if !errors.As(err, &f) {
		return false
	}
	switch f.Kind {
	case agent.FailureBusy, agent.FailureNetwork, agent.FailureProtocol, agent.FailureTimeout:
		return true
	case agent.FailureRefused:
		return f.Status != http.StatusForbidden && !f.Unclear || f.Quota || f.Model
	}
	return false
}

// generate makes the call, which has its Attempt. After minRefusals of our key or the quota, other than by 403, it does
// not ask the provider for refusalPause, and returns the same error.
func (m *member) generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if call.Attempt.Key.IsSet() {
		answer, err := m.client.Generate(ctx, call, emit)
		return answer, ownKeyError(err)
	}
	if f := m.refusals.recall(); f != nil {
		m.alerter.notify(ctx, f)
		return agent.Answer{}, f.Err()
	}
	answer, err := m.breakers[call.Attempt.Model].Execute(func() (agent.Answer, error) {
		return m.client.Generate(ctx, call, emit)
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		f := &agent.ModelFailure{Kind: agent.FailureBusy, RetryAfter: breakerPause, Cause: err}
		return agent.Answer{}, f.Err()
	}
	user := uuid.Nil
	if call.Request != nil {
		user = call.Request.User.ID
	}
	var f *agent.ModelFailure
	if m.refusals.note(user, err) && errors.As(err, &f) {
		m.alerter.notify(ctx, f)
	}
	return answer, err
}

// ownKeyError returns ErrKeyRefused for a refusal of the caller's own key, else err.
func ownKeyError(err error) error {
	var f *agent.ModelFailure
	if errors.As(err, &f) && f.Kind == agent.FailureRefused {
		return ErrKeyRefused.WithCause(f)
	}
	return err
}
