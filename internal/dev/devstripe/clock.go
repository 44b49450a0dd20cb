package devstripe

import (
	"slices"
	"time"
)

// Advance turns the clock ahead and lets happen what falls due: renewals, refused cards, ends of paid periods, checkouts
// that expire.
func (s *Server) Advance(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Ahead += by
	changed := by != 0
	for _, x := range s.state.Sessions {
		if x.Status == "open" && !s.now().Before(x.Created.Add(sessionLife)) {
			x.Status, changed = "expired", true
		}
	}
	for _, x := range s.state.Subscriptions {
		for !x.ended() && !x.PeriodEnd.After(s.now()) {
			s.renew(x)
			changed = true
		}
	}
	if changed {
		s.save()
	}
}

// renew begins the next period, or ends what was to end. The lock is held.
func (s *Server) renew(x *subscription) {
	if x.CancelAtPeriodEnd {
		s.end(x)
		return
	}
	x.PeriodStart, x.PeriodEnd = x.PeriodEnd, x.PeriodEnd.AddDate(0, 1, 0)
	if c := s.state.customer(x.Customer); c == nil || !c.Declines {
		s.paid(x)
		return
	}
	switch x.Status {
	case "active":
		x.Status = "past_due"
	case "past_due":
		x.Status = "unpaid"
	}
	s.emit("invoice.payment_failed", s.invoiceObject(x, "open"))
	s.emit("customer.subscription.updated", s.subscriptionObject(x))
}

func (s *Server) paid(x *subscription) {
	x.Status = "active"
	s.emit("invoice.paid", s.invoiceObject(x, "paid"))
	s.emit("customer.subscription.updated", s.subscriptionObject(x))
}

func (s *Server) end(x *subscription) {
	x.Status, x.EndedAt, x.CancelAtPeriodEnd = "canceled", s.now(), false
	s.emit("customer.subscription.deleted", s.subscriptionObject(x))
}

// Running returns the ids of the subscriptions that have not ended.
func (s *Server) Running() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.state.Subscriptions {
		if !x.ended() {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

// Pay completes an open checkout as its page does, and returns the subscription's id; seats 0 leaves them as ordered. It
// returns "" when the checkout is not open, or the customer's card is refused.
func (s *Server) Pay(sessionID string, seats int) (subscriptionID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.state.session(sessionID)
	if x == nil || x.Status != "open" {
		return ""
	}
	c := s.state.customer(x.Customer)
	if c == nil || c.Declines {
		return ""
	}
	if seats > 0 {
		x.Quantity = seats
	}
	now := s.now()
	made := &subscription{
		ID: newID("sub"), Customer: x.Customer, Status: "active", Price: x.Price, Quantity: x.Quantity, Metadata: x.SubMetadata,
		Created: now, PeriodStart: now, PeriodEnd: now.AddDate(0, 1, 0),
	}
	s.state.Subscriptions = append(s.state.Subscriptions, made)
	x.Status, x.Subscription = "complete", made.ID
	s.emit("customer.subscription.created", s.subscriptionObject(made))
	s.emit("checkout.session.completed", s.sessionObject(x, "checkout"))
	s.emit("invoice.paid", s.invoiceObject(made, "paid"))
	s.save()
	return made.ID
}

// Decline makes the customer's card refused from now on, or good again, which settles what is owed.
func (s *Server) Decline(customerID string, refused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.state.customer(customerID)
	if c == nil {
		return
	}
	c.Declines = refused
	for _, x := range s.state.Subscriptions {
		if x.Customer == customerID && !refused && slices.Contains([]string{"past_due", "unpaid"}, x.Status) {
			s.paid(x)
		}
	}
	s.save()
}
