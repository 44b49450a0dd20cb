package provider

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// alerter logs what only an operator can repair, at most once per alertInterval and cause: a refused key fails every
// request. It is safe for concurrent use.
type alerter struct {
	log      *slog.Logger
	now      func() time.Time
	provider string
	mu       sync.Mutex
	last     map[string]time.Time // of the latest alert, by cause
}

const alertInterval = time.Minute

// notify logs what the provider refused: our key, our quota, the model, or tools.
func (a *alerter) notify(ctx context.Context, f *agent.ModelFailure) {
	cause, message := "key", "the language model refuses our key or quota; an operator must act"
	switch {
	case errors.Is(f, agent.ErrNoTools):
		cause, message = "tools", "the language model cannot call tools; an operator must act"
	case f.Quota:
		cause = "quota"
	case f.Model:
		cause = "model"
	}
	a.mu.Lock()
	now := a.now()
	last, alerted := a.last[cause]
	due := !alerted || now.Sub(last) >= alertInterval
	if due {
		a.last[cause] = now
	}
	a.mu.Unlock()
	if due {
		a.log.ErrorContext(ctx, message,
			slog.String("provider", a.provider), slog.Int("status", f.Status), slog.String("refused", cause))
	}
}
