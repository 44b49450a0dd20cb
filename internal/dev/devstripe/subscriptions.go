package devstripe

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
)

func (s *Server) createPortal(r *http.Request) (object, *refusal) {
	c := s.state.customer(r.PostFormValue("customer"))
	if c == nil {
		return nil, errMissing
	}
	back := r.PostFormValue("return_url")
	return over(form("portal"), object{
		"id": newID("bps"), "customer": c.ID, "return_url": back, "created": unix(s.now()), "livemode": false,
		"url": "http://" + r.Host + "/p/" + c.ID + "?back=" + url.QueryEscape(back),
	}), nil
}

func (s *Server) listSubscriptions(r *http.Request) (object, *refusal) {
	var list []object
	for _, x := range slices.Backward(s.state.Subscriptions) {
		status, want := r.FormValue("status"), r.FormValue("customer")
		if want != "" && x.Customer != want || status == "" && x.ended() || status != "" && status != "all" && status != x.Status {
			continue
		}
		list = append(list, s.subscriptionObject(x))
	}
	return page(r, "/v1/subscriptions", list), nil
}

func (s *Server) getSubscription(r *http.Request) (object, *refusal) {
	x := s.state.subscription(r.PathValue("id"))
	if x == nil {
		return nil, errMissing
	}
	return s.subscriptionObject(x), nil
}

func (s *Server) updateSubscription(r *http.Request) (object, *refusal) {
	x := s.state.subscription(r.PathValue("id"))
	if x == nil {
		return nil, errMissing
	}
	if x.ended() {
		return nil, invalid("A canceled subscription can only update its cancellation_details and metadata.")
	}
	if end := r.PostFormValue("cancel_at_period_end"); end != "" {
		x.CancelAtPeriodEnd = end == "true"
	}
	maps.Copy(x.Metadata, nested(r.PostForm, "metadata"))
	s.emit("customer.subscription.updated", s.subscriptionObject(x))
	return s.subscriptionObject(x), nil
}

func (s *Server) cancelSubscription(r *http.Request) (object, *refusal) {
	x := s.state.subscription(r.PathValue("id"))
	if x == nil || x.ended() { // as Stripe does
		return nil, errMissing
	}
	s.end(x)
	return s.subscriptionObject(x), nil
}

func (s *Server) getPrice(r *http.Request) (object, *refusal) {
	if s.tierOf(r.PathValue("id")) == "" {
		return nil, errMissing
	}
	return s.priceObject(r.PathValue("id")), nil
}
