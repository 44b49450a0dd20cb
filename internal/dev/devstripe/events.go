package devstripe

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"
)

const (
	apiVersion   = "2026-03-25.dahlia" // that of the stripe-go release in go.mod
	deliveryTime = 10 * time.Second    // for one
	firstRepeat  = time.Second         // doubled by each failure
	lastRepeat   = time.Minute
	givenUpAfter = 72 * time.Hour
)

// Event is one that was signed for nobody yet.
type Event struct {
	ID, Type string
	Payload  []byte
}

// delivery is an event on its way.
type delivery struct {
	Event
	Attempts    int
	First, Next time.Time // by the real clock
}

// emit puts an event into the outbox. The lock is held.
func (s *Server) emit(kind string, o object) {
	id := newID("evt")
	payload, err := json.Marshal(object{
		"id": id, "object": "event", "api_version": apiVersion, "created": s.now().Unix(), "livemode": false,
		"pending_webhooks": 1, "request": object{"id": nil, "idempotency_key": nil}, "type": kind, "data": object{"object": o},
	})
	if err != nil {
		panic(err) // it is made of strings, numbers and maps
	}
	real := s.cfg.Now()
	s.state.Outbox = append(s.state.Outbox, &delivery{Event: Event{ID: id, Type: kind, Payload: payload}, First: real, Next: real})
	select {
	case s.wake <- struct{}{}:
	default: // Maintain is about to look anyway
	}
}

// Events takes what waits in the outbox, the oldest first.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := make([]Event, 0, len(s.state.Outbox))
	for _, d := range s.state.Outbox {
		taken = append(taken, d.Event)
	}
	s.state.Outbox = nil
	s.save()
	return taken
}

// Sign returns the Stripe-Signature of a payload at that time.
func Sign(payload []byte, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), payload)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// deliverDue sends what is due. What is not acknowledged is due again after a pause that doubles each time, for three
// days.
func (s *Server) deliverDue(ctx context.Context) {
	if s.cfg.WebhookURL == "" {
		return
	}
	for _, d := range s.due() {
		err := s.deliver(ctx, d.Payload)
		if s.unruly.Load() {
			err = errors.Join(err, s.deliver(ctx, d.Payload))
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.cfg.Log.WarnContext(ctx, "the Stripe stand-in will send a webhook again", slog.String("event", d.ID), slog.Any("error", err))
		}
		s.settle(d, err == nil)
	}
}

func (s *Server) due() (list []*delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	for _, d := range s.state.Outbox {
		if !d.Next.After(now) {
			list = append(list, d)
		}
	}
	if s.unruly.Load() {
		slices.Reverse(list)
	}
	return list
}

// Unruly makes deliveries what Stripe allows itself: each event twice, and those that wait the wrong way round.
func (s *Server) Unruly(on bool) { s.unruly.Store(on) }

func (s *Server) settle(d *delivery, arrived bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	d.Attempts++
	d.Next = now.Add(min(lastRepeat, firstRepeat<<min(d.Attempts-1, 10)))
	if arrived || now.Sub(d.First) > givenUpAfter {
		s.state.Outbox = slices.DeleteFunc(s.state.Outbox, func(x *delivery) bool { return x == d })
	}
	s.save()
}

func (s *Server) deliver(ctx context.Context, payload []byte) error {
	ctx, cancel := context.WithTimeout(ctx, deliveryTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.WebhookURL, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Stripe-Signature", Sign(payload, s.cfg.WebhookSecret, s.cfg.Now()))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("answered %d", resp.StatusCode)
	}
	return nil
}
