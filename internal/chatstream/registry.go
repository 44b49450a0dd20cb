package chatstream

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/fault"
)

// maxSockets is how many sockets an account may have open, on this server and on all of them together.
const maxSockets = 5

// abortTimeout is how long sockets may take to close after their answers were aborted.
const abortTimeout = 3 * time.Second

// Hold takes one of limit places for the user's sockets, which all servers share. It returns false if none is free, and
// otherwise a function that gives the place up.
type Hold = func(ctx context.Context, user uuid.UUID, limit int) (release func(), ok bool)

// registry counts the open sockets and signals them when the server shuts down. It is safe for concurrent use.
type registry struct {
	hold    Hold // nil where this server is the only one
	mu      sync.Mutex
	open    sync.WaitGroup
	byUser  map[uuid.UUID]int
	stopped bool
	// stopping is closed at shutdown; aborted is canceled when the grace period ends.
	stopping chan struct{}
	aborted  context.Context
	abort    context.CancelFunc
}

func newRegistry(hold Hold) *registry {
	r := &registry{hold: hold, byUser: map[uuid.UUID]int{}, stopping: make(chan struct{})}
	r.aborted, r.abort = context.WithCancel(context.Background())
	return r
}

// acquire counts one more socket of the user, here and then on all servers. It returns a function that releases it, or
// rate_limited or draining.
func (r *registry) acquire(ctx context.Context, user uuid.UUID) (release func(), err error) {
	if err := r.count(user); err != nil {
		return nil, err
	}
	if r.hold == nil {
		return func() { r.release(user) }, nil
	}
	giveUp, ok := r.hold(ctx, user, maxSockets)
	if !ok {
		r.release(user)
		return nil, errTooManySockets
	}
	return func() {
		giveUp()
		r.release(user)
	}, nil
}

// count counts one more socket on this server.
func (r *registry) count(user uuid.UUID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return fault.ErrDraining
	}
	if r.byUser[user] >= maxSockets {
		return errTooManySockets
	}
	r.byUser[user]++
	r.open.Add(1)
	return nil
}

// join counts an answer over HTTP, which shutdown waits for as for a socket.
func (r *registry) join() (leave func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return nil, fault.ErrDraining
	}
	r.open.Add(1)
	return r.open.Done, nil
}

func (r *registry) release(user uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byUser[user]--; r.byUser[user] == 0 {
		delete(r.byUser, user)
	}
	r.open.Done()
}

// shutdown waits for all sockets to close: idle ones now, answering ones until ctx ends.
func (r *registry) shutdown(ctx context.Context) error {
	r.mu.Lock()
	if !r.stopped {
		r.stopped = true
		close(r.stopping)
	}
	r.mu.Unlock()
	closed := make(chan struct{})
	go func() {
		r.open.Wait()
		close(closed)
	}()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
	}
	r.abort()
	timeout := time.NewTimer(abortTimeout)
	defer timeout.Stop()
	select {
	case <-closed:
		return nil
	case <-timeout.C:
		return errSocketsRemain
	}
}
