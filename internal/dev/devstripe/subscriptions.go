package devstripe

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

func (s *Server) createPortal(r *http.Request) (object, *apiError) {
	c := s.state.customer(r.PostFormValue("customer"))
	if c == nil {
		return nil, errNoSuchCustomer
	}
	back := r.PostFormValue("return_url")
	return withMembers(fixture("portal"), object{
		"id": newID("bps"), "customer": c.ID, "return_url": back, "created": unixOrNull(s.now()), "livemode": false,
		"url": "http://" + r.Host + "/p/" + c.ID + "?back=" + url.QueryEscape(back),
	}), nil
}

func (s *Server) listSubscriptions(r *http.Request) (object, *apiError) {
	if !s.everHadCustomer(r.FormValue("customer")) {
		return nil, errNoSuchCustomer
	}
	var list []object
	for _, x := range slices.Backward(s.state.Subscriptions) {
		if want := r.FormValue("customer"); want != "" && x.Customer != want {
			continue
		}
		switch status := r.FormValue("status"); {
		case status == "" && x.ended(), status != "" && status != "all" && status != x.Status:
			continue
		}
		list = append(list, s.subscriptionObject(x))
	}
	return listObject(r, "/v1/subscriptions", list), nil
}

func (s *Server) getSubscription(r *http.Request) (object, *apiError) {
	x := s.state.subscription(r.PathValue("id"))
	if x == nil {
		return nil, errNoSuchObject
	}
	return s.subscriptionObject(x), nil
}

func (s *Server) updateSubscription(r *http.Request) (object, *apiError) {
	x := s.state.subscription(r.PathValue("id"))
	if x == nil {
		return nil, errNoSuchObject
	}
	if x.ended() {
		return nil, invalidParameter("A canceled subscription can only update its cancellation_details and metadata.")
	}
	if end := r.PostFormValue("cancel_at_period_end"); end != "" {
		if x.Schedule != "" {
			return nil, invalidParameter("The subscription is managed by the subscription schedule %s.", x.Schedule)
		}
		if x.Status == "incomplete" {
			return nil, invalidParameter("A subscription in incomplete status cannot be updated.")
		}
		x.CancelAt = time.Time{}
		x.CancelAtPeriodEnd = end == "true"
	}
	maps.Copy(x.Metadata, formMap(r.PostForm, "metadata"))
	s.queueEvent("customer.subscription.updated", s.subscriptionObject(x))
	return s.subscriptionObject(x), nil
}

func (s *Server) cancelSubscription(r *http.Request) (object, *apiError) {
	x := s.state.subscription(r.PathValue("id"))
	if x == nil || x.ended() { // Stripe responds alike to both
		return nil, errNoSuchObject
	}
	s.endSubscription(x)
	return s.subscriptionObject(x), nil
}

func (s *Server) getPrice(r *http.Request) (object, *apiError) {
	if !s.hasPrice(r.PathValue("id")) {
		missing := *errNoSuchObject
		missing.param = "price" // as Stripe names it, for no other object
		return nil, &missing
	}
	return s.priceObject(r.PathValue("id")), nil
}

func (s *Server) getProduct(r *http.Request) (object, *apiError) {
	return withMembers(fixture("product"), object{"id": r.PathValue("id")}), nil
}

func (s *Server) getAccount(*http.Request) (object, *apiError) {
	return withMembers(fixture("account"), object{"id": s.state.Account}), nil
}

// listInvoices lists the paid invoices: no others are stored.
func (s *Server) listInvoices(r *http.Request) (object, *apiError) {
	var list []object
	for _, i := range slices.Backward(s.state.Invoices) {
		if want := r.FormValue("subscription"); want == "" || want == i.Subscription {
			list = append(list, s.invoiceOf(i, "paid", nil))
		}
	}
	return listObject(r, "/v1/invoices", list), nil
}

func (s *Server) releaseSchedule(r *http.Request) (object, *apiError) {
	id := r.PathValue("id")
	x := find(s.state.Subscriptions, func(x *Subscription) bool { return x.Schedule == id })
	if x == nil {
		return nil, errNoSuchObject
	}
	x.Schedule = ""
	return withMembers(fixture("schedule"), object{"id": id, "status": "released", "released_subscription": x.ID}), nil
}

// addInvoice stores that the subscription's items were paid, or that they cost nothing during a trial. The caller holds
// the lock.
func (s *Server) addInvoice(x *Subscription) {
	s.state.Invoices = append(s.state.Invoices, &invoice{
		ID: newID("in"), Subscription: x.ID, Customer: x.Customer, Created: s.now(), Items: x.items(),
		Trial: x.Status == "trialing",
	})
}

// Add adds a subscription that no checkout created, as a dashboard does, and queues its event. It fills in the id, the
// status active and a month's period where they are missing, and returns the id.
func (s *Server) Add(x Subscription) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.ID == "" {
		x.ID = newID("sub")
	}
	if x.Status == "" {
		x.Status = "active"
	}
	if x.PeriodEnd.IsZero() {
		x.PeriodStart, x.PeriodEnd = s.now(), s.now().AddDate(0, 1, 0)
	}
	if x.Metadata == nil {
		x.Metadata = map[string]string{}
	}
	x.Created = s.now()
	s.state.Subscriptions = append(s.state.Subscriptions, &x)
	if x.Status == "trialing" {
		s.addInvoice(&x)
	}
	s.queueEvent("customer.subscription.created", s.subscriptionObject(&x))
	s.save()
	return x.ID
}

// Change changes a subscription, as a dashboard, a schedule or the passing of time does, and queues the event of that.
func (s *Server) Change(id string, change func(x *Subscription)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.state.subscription(id)
	if x == nil {
		return
	}
	change(x)
	s.queueEvent("customer.subscription.updated", s.subscriptionObject(x))
	s.save()
}

// Forget removes a subscription without a trace, as no Stripe does with one of its own account.
func (s *Server) Forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Subscriptions = slices.DeleteFunc(s.state.Subscriptions, func(x *Subscription) bool { return x.ID == id })
	s.save()
}

// DeleteCustomer deletes a customer, as a dashboard does, and ends its subscriptions.
func (s *Server) DeleteCustomer(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.state.customer(id); c != nil {
		s.removeCustomer(c)
		s.save()
	}
}

// removeCustomer deletes a customer. The caller holds the lock.
func (s *Server) removeCustomer(c *customer) {
	c.Deleted = true
	for _, x := range s.state.Subscriptions {
		if x.Customer == c.ID && !x.ended() {
			s.endSubscription(x)
		}
	}
}
