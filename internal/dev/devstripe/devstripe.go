// Package devstripe is a fake Stripe for development and tests: customers, checkouts with a payment page,
// subscriptions that renew, fail and end by a clock that can be advanced, a billing portal, and signed webhooks.
// Unlike stripe-mock, whose responses are its fixtures, it keeps state, so stripe-go runs against it unchanged. It
// moves no money.
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

// Config configures a Server. Fields without a comment are required.
type Config struct {
	Prices        map[tier.Tier]string
	WebhookURL    string // "" sends no events: tests take them from Events and deliver them themselves
	WebhookSecret string
	File          string           // stores the state across restarts; "" keeps it in memory
	Now           func() time.Time // nil means time.Now
	Log           *slog.Logger
}

// Server is the fake Stripe. It is an http.Handler and safe for concurrent use.
type Server struct {
	cfg    Config
	mux    *http.ServeMux
	wake   chan struct{} // an event was queued
	mu     sync.Mutex
	state  state
	fault  func(*http.Request) Fault
	refuse func(*http.Request) *Error
	prices []Price
	before func(*http.Request)
	calls  []Call

	unreliable atomic.Bool
	withheld   atomic.Bool
}

// Call is a request that the API received. Key is its Idempotency-Key.
type Call struct {
	Method, Path, Body, Key string
}

// New returns a Server with the state in its file, or an empty one when there is no file.
func New(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, mux: http.NewServeMux(), wake: make(chan struct{}, 1), state: newState(), fault: noFault}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("devstripe: %w: remove the file to start anew", err)
	}
	s.registerRoutes()
	return s, nil
}

// ServeHTTP serves the API and the pages.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Account returns the id of the account that the server stands in for. Each state has its own.
func (s *Server) Account() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Account
}

// AddPrice adds a price. Configured prices have a product each, such as prod_pro.
func (s *Server) AddPrice(p Price) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prices = append(s.prices, p)
}

// Calls returns the requests that the API has received, in order.
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
	s.state.Account = "acct_stand_in" // of files from before accounts were stored
	return json.Unmarshal(raw, &s.state)
}

// save writes the state to the file. The caller holds the lock.
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

// now returns the time of the clock that Advance moves. The caller holds the lock.
func (s *Server) now() time.Time { return s.cfg.Now().Add(s.state.Ahead) }

// Maintain renews subscriptions and delivers webhooks as they fall due, until ctx ends.
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
