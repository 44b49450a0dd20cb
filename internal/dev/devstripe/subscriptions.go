package devstripe

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
)

func (s *Server) createPortal(r *http.Request) (object, *apiError) {
	c := s.state.customer(r.PostFormValue("customer"))
	if c == nil {
		return nil, errNoSuchObject
	}
	back := r.PostFormValue("return_url")
	return withMembers(fixture("portal"), object{
		"id": newID("bps"), "customer": c.ID, "return_url": back, "created": unixOrNull(s.now()), "livemode": false,
		"url": "http://" + r.Host + "/p/" + c.ID + "?back=" + url.QueryEscape(back),
	}), nil
}

func (s *Server) listSubscriptions(r *http.Request) (object, *apiError) {
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
	if s.tierOf(r.PathValue("id")) == "" {
		return nil, errNoSuchObject
	}
	return s.priceObject(r.PathValue("id")), nil
}
