package httpapi

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/fault"
)

// maxSockets is how many sockets an account may have open on this server.
const maxSockets = 5

// cutTime is how long sockets may take to close once their answers were cut.
const cutTime = 3 * time.Second

var (
	errTooManySockets = errRateLimited.WithMessage("This account has 5 sockets open. Close one before you connect again.")
	errSocketsRemain  = errors.New("some sockets did not close in time")
)

// sockets counts the open ones and tells them when the server ends. It is safe for concurrent use.
type sockets struct {
	mu      sync.Mutex
	open    sync.WaitGroup
	byUser  map[uuid.UUID]int
	stopped bool
	// stopping is closed when no new question is answered; cut ends when no answer may go on.
	stopping chan struct{}
	cut      context.Context
	cutNow   context.CancelFunc
}

func newSockets() *sockets {
	s := &sockets{byUser: map[uuid.UUID]int{}, stopping: make(chan struct{})}
	s.cut, s.cutNow = context.WithCancel(context.Background())
	return s
}

// enter counts one more socket of the user. It returns what uncounts it, or rate_limited or draining.
func (s *sockets) enter(user uuid.UUID) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, fault.ErrDraining
	}
	if s.byUser[user] >= maxSockets {
		return nil, errTooManySockets
	}
	s.byUser[user]++
	s.open.Add(1)
	return func() { s.leave(user) }, nil
}

func (s *sockets) leave(user uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byUser[user]--; s.byUser[user] == 0 {
		delete(s.byUser, user)
	}
	s.open.Done()
}

// shutdown waits for all sockets to close: idle ones now, answering ones until ctx ends.
func (s *sockets) shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.stopped {
		s.stopped = true
		close(s.stopping)
	}
	s.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		s.open.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
	}
	s.cutNow()
	late := time.NewTimer(cutTime)
	defer late.Stop()
	select {
	case <-gone:
		return nil
	case <-late.C:
		return errSocketsRemain
	}
}
