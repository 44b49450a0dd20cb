package llm

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// alarm tells the operator about what only they can mend, at most once a minute: every request meets a refused key.
type alarm struct {
	log  *slog.Logger
	now  func() time.Time
	mu   sync.Mutex
	last time.Time
}

const alarmPause = time.Minute

// raise logs the alert unless one was logged less than a minute ago. The status is the upstream's.
func (a *alarm) raise(ctx context.Context, status int) {
	a.mu.Lock()
	now := a.now()
	due := a.last.IsZero() || now.Sub(a.last) >= alarmPause
	if due {
		a.last = now
	}
	a.mu.Unlock()
	if due {
		a.log.ErrorContext(ctx, "the language model refuses our key or quota; an operator must act", slog.Int("status", status))
	}
}
