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
// alone. The Usage of the answer names the provider and the model. Its further errors are those of Validate and
// ErrKeyRefused. A call without a Request may use every provider.
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
	for i, m := range r.members {
		attempt := s.attempt(ctx, call, r, i)
		answer, err := m.generate(ctx, attempt, emit)
		if err == nil {
			answer.Usage.Provider, answer.Usage.Model = m.Name, attempt.Attempt.Model
			answer.Usage.ModelCalls = max(1, answer.Usage.ModelCalls)
			s.logAnswer(ctx, answer.Usage, i)
			return answer, nil
		}
		if shown || !mayFailOver(err) || r.chosen {
			return agent.Answer{}, err
		}
		noteFailed(call.Request, m)
		if i+1 == len(r.members) || ctx.Err() != nil {
			return agent.Answer{}, err
		}
		s.logFailover(ctx, m, r.members[i+1], err)
	}
	return agent.Answer{}, agent.ErrModelUnavailable // not reached: a route has a provider
}

// Limits returns how many tokens a prompt and its answer may have together, and how many the answer, at the provider
// that is asked first. Both are 0 if the request's choice is not valid.
func (s *Set) Limits(request *agent.ModelRequest) (contextTokens, maxOutputTokens int) {
	r, err := s.routeOf(request)
	if err != nil {
		return 0, 0
	}
	return r.members[0].ContextTokens, r.members[0].MaxOutputTokens
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
		return f.Status == http.StatusNotFound
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
