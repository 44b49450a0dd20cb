package provider

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// Config configures a Set. A zero value means the default, apart from Clients.
type Config struct {
	Clients    []Client      // in the order of preference; at least one
	FirstToken time.Duration // until the first part of an answer; default 20 s
	Timeout    time.Duration // for a call, all providers together; default 120 s
	Now        func() time.Time
	Log        *slog.Logger // default: discards everything
}

// Client is a provider and the client that asks it.
type Client struct {
	Provider Provider
	Model    agent.Model
}

// Set asks the providers. It is safe for concurrent use.
type Set struct {
	cfg     Config
	members []*member
}

var _ agent.Model = (*Set)(nil)

// New returns the Set of cfg.Clients.
func New(cfg Config) *Set {
	cfg.FirstToken = cmp.Or(cfg.FirstToken, 20*time.Second)
	cfg.Timeout = cmp.Or(cfg.Timeout, 120*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Set{cfg: cfg}
	for _, c := range cfg.Clients {
		s.members = append(s.members, newMember(c, cfg))
	}
	return s
}

// Generate implements agent.Model. Where a provider fails before any text was emitted, for a reason that another one
// may not meet, it asks the next that the user's tier may use, within the same Timeout; a caller's choice is asked
// alone. A provider with a smaller context than the request's Limits gets the call without the oldest turns, and is
// left out if that is not enough. The Usage of the answer names the provider and the model. Its further errors are
// those of Validate, ErrKeyRefused, ErrNoTools, ErrChoiceWithoutTools and agent.ErrContextTooLarge. A call without a
// Request may use every provider.
func (s *Set) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	r, err := s.routeOf(call.Request)
	if err != nil {
		return agent.Answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	shown := false
	if next := emit; next != nil {
		emit = func(text string) error {
			shown = shown || text != ""
			return next(text)
		}
	}
	var failed error // of the last provider that was asked
	for i, m := range r.members {
		attempt, err := fit(s.attempt(ctx, call, r, i), m)
		if err != nil { // the others may have more room
			s.cfg.Log.WarnContext(ctx, "a provider has too little context for a request",
				slog.String("provider", m.Name))
			failed = cmp.Or(failed, err)
			continue
		}
		answer, err := m.generate(ctx, attempt, emit)
		if err == nil {
			answer.Usage = usage(answer.Usage, call, attempt, m)
			s.logAnswer(ctx, answer.Usage, i)
			return answer, nil
		}
		failed = s.withoutTools(ctx, m, r, err)
		if shown || !mayFailOver(err) || r.chosen {
			break
		}
		noteFailed(call.Request, m)
		if i+1 == len(r.members) || ctx.Err() != nil {
			break
		}
		s.logFailover(ctx, m, r.members[i+1], err)
	}
	return agent.Answer{}, failed
}

// usage completes the usage that the client reports of an attempt. Where the provider does not count the prompt and got
// less than the call has, it is estimated here; the caller would estimate the whole call.
func usage(u agent.Usage, call, attempt agent.ModelCall, m *member) agent.Usage {
	u.Provider, u.Model, u.ModelCalls = m.Name, attempt.Attempt.Model, max(1, u.ModelCalls)
	if u.InputTokens == 0 && fitsLess(call, m) {
		u.InputTokens, u.Estimated = int64(attempt.EstimateTokens()), true
	}
	return u
}

// fitsLess reports whether the provider has less room than the call was made for.
func fitsLess(call agent.ModelCall, m *member) bool {
	room := m.limits().PromptTokens()
	return room > 0 && call.Request != nil && room < call.Request.Limits.PromptTokens()
}

// fit returns the call as the provider has room for it.
func fit(call agent.ModelCall, m *member) (agent.ModelCall, error) {
	if !fitsLess(call, m) {
		return call, nil
	}
	return call.FitTo(m.limits())
}

// withoutTools returns err, or an error that says what to do if the model cannot call tools. The operator is told,
// unless the caller chose the model.
func (s *Set) withoutTools(ctx context.Context, m *member, r route, err error) error {
	var f *agent.ModelFailure
	switch {
	case !errors.Is(err, agent.ErrNoTools) || !errors.As(err, &f):
		return err
	case r.chosen:
		return ErrChoiceWithoutTools.WithCause(f)
	}
	m.alerter.notify(ctx, f)
	return ErrNoTools.WithCause(f)
}

// Limits returns the sizes of the provider that is asked first. They are unknown if the request's choice is not valid.
func (s *Set) Limits(request *agent.ModelRequest) agent.Limits {
	r, err := s.routeOf(request)
	if err != nil {
		return agent.Limits{}
	}
	return r.members[0].limits()
}

// routeOf returns the route of a request's calls. Providers that failed during the request are asked last.
func (s *Set) routeOf(request *agent.ModelRequest) (route, error) {
	if request == nil {
		return route{members: s.members}, nil
	}
	r, err := s.route(request.User.Tier, request.Choice)
	if err == nil && len(request.Failed) > 0 && len(r.members) > 1 {
		failed := func(m *member) bool { return slices.Contains(request.Failed, m.Name) }
		sound := func(m *member) bool { return !failed(m) }
		r.members = slices.AppendSeq(slices.Collect(filter(r.members, sound)), filter(r.members, failed))
	}
	return r, err
}

// noteFailed remembers for the further calls of the request that the provider failed.
func noteFailed(request *agent.ModelRequest, m *member) {
	if request != nil && !slices.Contains(request.Failed, m.Name) {
		request.Failed = append(request.Failed, m.Name)
	}
}

// attempt returns the call for the provider i of the route. While others can follow, a provider that hangs gets its
// share of the time that is left, and is asked only once.
func (s *Set) attempt(ctx context.Context, call agent.ModelCall, r route, i int) agent.ModelCall {
	m := r.members[i]
	call.Attempt = agent.Attempt{Model: cmp.Or(r.name, m.Agent), Key: r.key, FirstToken: s.cfg.FirstToken}
	if call.Small {
		call.Attempt.Model = m.Router
	}
	if left := len(r.members) - i; left > 1 {
		call.Attempt.Once = true
		if deadline, ok := ctx.Deadline(); ok {
			share := time.Until(deadline) / time.Duration(left)
			call.Attempt.FirstToken = max(time.Millisecond, min(s.cfg.FirstToken, share))
		}
	}
	if limit := m.MaxOutputTokens; limit > 0 && (call.MaxTokens == 0 || call.MaxTokens > limit) {
		call.MaxTokens = limit
	}
	return call
}

// mayFailOver reports whether another provider may not meet the failure. What is wrong with the request itself is wrong
// everywhere.
func mayFailOver(err error) bool {
	var f *agent.ModelFailure
	if !errors.As(err, &f) {
		return false
	}
	switch f.Kind {
	case agent.FailureRefused, agent.FailureBusy, agent.FailureNetwork, agent.FailureProtocol, agent.FailureTimeout:
		return true
	case agent.FailureRejected: // 404: the provider has no such model or path, which is no fault of the request
		return f.Status == http.StatusNotFound || errors.Is(f, agent.ErrNoTools)
	}
	return false
}

func (s *Set) logAnswer(ctx context.Context, u agent.Usage, failed int) {
	level, message := slog.LevelDebug, "the model answered"
	if failed > 0 {
		level, message = slog.LevelInfo, "another provider answered"
	}
	s.cfg.Log.LogAttrs(ctx, level, message, slog.String("provider", u.Provider), slog.String("model", u.Model),
		slog.Int("failed", failed))
}

func (s *Set) logFailover(ctx context.Context, from, to *member, err error) {
	var f *agent.ModelFailure
	errors.As(err, &f)
	s.cfg.Log.WarnContext(ctx, "a provider failed, the next one is asked", slog.String("provider", from.Name),
		slog.String("next", to.Name), slog.Any("error", f))
}
