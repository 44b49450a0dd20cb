// Package devstripe is a small Stripe for development and tests: customers, checkouts with a page to pay on, subscriptions
// that renew, fail and end by a clock one can turn, a portal, and signed webhooks. It keeps state, unlike stripe-mock whose
// answers it takes as its forms, so that stripe-go runs against it by its real code path. It moves no money.
package devstripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adiuva/cloud-api/internal/tier"
)

// Config is what a Server needs. Members without a remark are required.
type Config struct {
	Prices        map[tier.Tier]string
	WebhookURL    string // "" sends none: tests take them with Events and deliver them as they like
	WebhookSecret string
	File          string           // keeps the state over restarts; "" keeps it in memory
	Now           func() time.Time // nil means time.Now
	Log           *slog.Logger
}

// Server is a Stripe. It is an http.Handler and safe for concurrent use.
type Server struct {
	cfg   Config
	mux   *http.ServeMux
	wake  chan struct{} // an event waits
	mu    sync.Mutex
	state state
	fault func(*http.Request) Fault
	calls []Call

	unruly atomic.Bool
}

// Call is a request of the API that came in.
type Call struct {
	Method, Path, Body, Key string
}

// New returns a Server in the state that its file keeps, or an empty one.
func New(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, mux: http.NewServeMux(), wake: make(chan struct{}, 1), state: newState(), fault: noFault}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("devstripe: %w: remove the file to start anew", err)
	}
	s.routes()
	return s, nil
}

// ServeHTTP answers the API and the pages.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Calls returns the API's requests so far, in order.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

func (s *Server) load() error {
	if s.cfg.File == "" {
		return nil
	}
	raw, err := os.ReadFile(s.cfg.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, &s.state)
}

// save writes the state. The lock is held.
func (s *Server) save() {
	if s.cfg.File == "" {
		return
	}
	raw, err := json.Marshal(s.state)
	if err == nil {
		temporary := s.cfg.File + ".new"
		if err = os.WriteFile(temporary, raw, 0o600); err == nil {
			err = os.Rename(temporary, s.cfg.File)
		}
	}
	if err != nil {
		s.cfg.Log.Error("the Stripe stand-in cannot keep its state", slog.Any("error", err))
	}
}

// now is by the clock that Advance turns. The lock is held.
func (s *Server) now() time.Time { return s.cfg.Now().Add(s.state.Ahead) }

// Maintain delivers webhooks and renews what is due until ctx ends.
func (s *Server) Maintain(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		s.Advance(0)
		s.deliverDue(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.wake:
		}
	}
}
