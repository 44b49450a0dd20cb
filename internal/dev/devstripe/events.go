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
	apiVersion      = "2026-03-25.dahlia" // that of the stripe-go release in go.mod
	deliveryTimeout = 10 * time.Second    // of one delivery
	firstRetry      = time.Second         // doubled by each failure, up to maxRetry
	maxRetry        = time.Minute
	giveUpAfter     = 72 * time.Hour
)

// Event is an event that has not been signed yet.
type Event struct {
	ID, Type string
	Payload  []byte
}

// delivery is an event in the outbox. It is stored in the state file.
type delivery struct {
	Event
	Attempts    int
	First, Next time.Time // by the real clock
}

// queueEvent adds an event to the outbox. The caller holds the lock.
func (s *Server) queueEvent(kind string, o object) {
	id := newID("evt")
	payload, err := json.Marshal(object{
		"id": id, "object": "event", "api_version": apiVersion, "created": s.now().Unix(), "livemode": false,
		"pending_webhooks": 1, "request": object{"id": nil, "idempotency_key": nil},
		"type": kind, "data": object{"object": o},
	})
	if err != nil {
		panic(err) // cannot happen: it consists of strings, numbers and maps
	}
	now := s.cfg.Now()
	s.state.Outbox = append(s.state.Outbox, &delivery{
		Event: Event{ID: id, Type: kind, Payload: payload}, First: now, Next: now,
	})
	select {
	case s.wake <- struct{}{}:
	default: // Maintain has a pending signal already
	}
}

// Events empties the outbox and returns its events, oldest first.
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

// Sign returns the Stripe-Signature header of a payload, signed at the given time.
func Sign(payload []byte, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), payload)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// deliverDue sends the events that are due. One that is not acknowledged is due again after a backoff, for three days.
func (s *Server) deliverDue(ctx context.Context) {
	if s.cfg.WebhookURL == "" || s.withheld.Load() {
		return
	}
	for _, d := range s.dueDeliveries() {
		err := s.deliver(ctx, d.Payload)
		if s.unreliable.Load() {
			err = errors.Join(err, s.deliver(ctx, d.Payload))
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.cfg.Log.WarnContext(ctx, "the Stripe stand-in will send a webhook again",
				slog.String("event", d.ID), slog.Any("error", err))
		}
		s.recordDelivery(d, err == nil)
	}
}

func (s *Server) dueDeliveries() (list []*delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	for _, d := range s.state.Outbox {
		if !d.Next.After(now) {
			list = append(list, d)
		}
	}
	if s.unreliable.Load() {
		slices.Reverse(list)
	}
	return list
}

// DeliverUnreliably turns on or off what Stripe reserves the right to do: deliver each event twice, and pending events
// in reverse order.
func (s *Server) DeliverUnreliably(on bool) { s.unreliable.Store(on) }

// WithholdEvents keeps events in the outbox until it is turned off.
func (s *Server) WithholdEvents(on bool) { s.withheld.Store(on) }

func (s *Server) recordDelivery(d *delivery, arrived bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	d.Attempts++
	d.Next = now.Add(min(maxRetry, firstRetry<<min(d.Attempts-1, 10)))
	if arrived || now.Sub(d.First) > giveUpAfter {
		s.state.Outbox = slices.DeleteFunc(s.state.Outbox, func(x *delivery) bool { return x == d })
	}
	s.save()
}

func (s *Server) deliver(ctx context.Context, payload []byte) error {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
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
