package devstripe

import "time"

// incompleteLifetime is how long a subscription waits for its first payment.
const incompleteLifetime = 23 * time.Hour

// Advance moves the clock forward and runs what falls due: renewals, declined payments, cancellations at the end of
// a period, and expiries of checkouts.
func (s *Server) Advance(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Ahead += by
	changed := by != 0
	for _, x := range s.state.Sessions {
		if x.Status == "open" && !s.now().Before(x.Created.Add(checkoutLifetime)) {
			x.Status, changed = "expired", true
		}
	}
	for _, x := range s.state.Subscriptions {
		if x.Status == "incomplete" && !s.now().Before(x.Created.Add(incompleteLifetime)) {
			s.endSubscription(x)
			changed = true
		}
		for !x.ended() && !x.PeriodEnd.After(s.now()) {
			s.renew(x)
			changed = true
		}
	}
	if changed {
		s.save()
	}
}

// renew starts the subscription's next period, or ends it when it was to be canceled. The caller holds the lock.
func (s *Server) renew(x *Subscription) {
	if x.CancelAtPeriodEnd || !x.CancelAt.IsZero() && !x.CancelAt.After(x.PeriodEnd) {
		s.endSubscription(x)
		return
	}
	x.PeriodStart, x.PeriodEnd = x.PeriodEnd, x.PeriodEnd.AddDate(0, 1, 0)
	if c := s.state.customer(x.Customer); c == nil || !c.Declines {
		s.markPaid(x)
		return
	}
	switch x.Status {
	case "active":
		x.Status = "past_due"
	case "past_due":
		x.Status = "unpaid"
	}
	s.queueEvent("invoice.payment_failed", s.invoiceObject(x, "open"))
	s.queueEvent("customer.subscription.updated", s.subscriptionObject(x))
}

func (s *Server) markPaid(x *Subscription) {
	x.Status = "active"
	s.addInvoice(x)
	s.queueEvent("invoice.paid", s.invoiceObject(x, "paid"))
	s.queueEvent("customer.subscription.updated", s.subscriptionObject(x))
}

func (s *Server) endSubscription(x *Subscription) {
	if x.Status == "incomplete" {
		x.Status = "incomplete_expired"
	} else {
		x.Status = "canceled"
	}
	x.EndedAt, x.CancelAtPeriodEnd, x.Schedule = s.now(), false, ""
	s.queueEvent("customer.subscription.deleted", s.subscriptionObject(x))
}

// RunningSubscriptions returns the ids of the subscriptions that have not ended.
func (s *Server) RunningSubscriptions() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.state.Subscriptions {
		if !x.ended() {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

// Pay completes an open checkout as its page does and returns the subscription's id. Zero seats means those of the
// order. It returns "" when the checkout is not open or the customer's card is declined.
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
	created := &Subscription{
		ID: newID("sub"), Customer: x.Customer, Status: "active",
		Price: x.Price, Quantity: x.Quantity, Metadata: x.SubMetadata,
		Created: now, PeriodStart: now, PeriodEnd: now.AddDate(0, 1, 0),
	}
	s.state.Subscriptions = append(s.state.Subscriptions, created)
	s.addInvoice(created)
	x.Status, x.Subscription = "complete", created.ID
	s.queueEvent("customer.subscription.created", s.subscriptionObject(created))
	s.queueEvent("checkout.session.completed", s.sessionObject(x, "checkout"))
	s.queueEvent("invoice.paid", s.invoiceObject(created, "paid"))
	s.save()
	return created.ID
}

// Confirm completes the payment of a subscription that is incomplete or past due, as its customer does where the bank
// requires an action.
func (s *Server) Confirm(subscriptionID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.state.subscription(subscriptionID); x != nil && (x.Status == "incomplete" || x.Status == "past_due") {
		s.markPaid(x)
		s.save()
	}
}

// DeclineCard makes the customer's card fail from now on, or work again, which pays open invoices.
func (s *Server) DeclineCard(customerID string, declined bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.state.customer(customerID)
	if c == nil {
		return
	}
	c.Declines = declined
	for _, x := range s.state.Subscriptions {
		overdue := x.Status == "past_due" || x.Status == "unpaid"
		if x.Customer == customerID && !declined && overdue {
			s.markPaid(x)
		}
	}
	s.save()
}
