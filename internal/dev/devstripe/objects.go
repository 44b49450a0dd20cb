package devstripe

import (
	"embed"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// fixtures are responses of stripe-mock, with every member that Stripe's objects have and example values.
//
//go:embed fixtures/*.json
var fixtures embed.FS

type object = map[string]any

// fixture returns a new copy of the example object of that kind.
func fixture(kind string) object {
	raw, err := fixtures.ReadFile("fixtures/" + kind + ".json")
	if err != nil {
		panic(err) // cannot happen: it is embedded, and tests read each
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		panic(err)
	}
	return o
}

// withMembers sets members in o and returns o.
func withMembers(o object, members object) object {
	for k, v := range members {
		o[k] = v
	}
	return o
}

// unixOrNull returns a time as Stripe writes it, null for the zero time.
func unixOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

func (c *customer) object() object {
	return withMembers(fixture("customer"), object{
		"id": c.ID, "email": c.Email, "metadata": c.Metadata,
		"created": unixOrNull(c.Created), "delinquent": c.Declines,
	})
}

func (s *Server) priceObject(id string) object {
	price := s.tierOf(id).Price()
	return withMembers(fixture("price"), object{
		"id": id, "unit_amount": price.Cents, "currency": price.Currency, "active": true,
	})
}

// sessionObject returns a checkout session whose page is at host.
func (s *Server) sessionObject(x *session, host string) object {
	var url any
	if x.Status == "open" {
		url = "http://" + host + "/c/pay/" + x.ID
	}
	var subscription any
	paymentStatus := "unpaid"
	if x.Subscription != "" {
		subscription, paymentStatus = x.Subscription, "paid"
	}
	return withMembers(fixture("checkout_session"), object{
		"id": x.ID, "customer": x.Customer, "status": x.Status, "url": url,
		"metadata": x.Metadata, "client_reference_id": x.Reference,
		"success_url": x.SuccessURL, "cancel_url": x.CancelURL,
		"subscription": subscription, "payment_status": paymentStatus, "mode": "subscription",
		"created": unixOrNull(x.Created), "expires_at": unixOrNull(x.Created.Add(checkoutLifetime)), "livemode": false,
	})
}

func (s *Server) subscriptionObject(x *subscription) object {
	o := fixture("subscription")
	items, _ := o["items"].(object)
	list, _ := items["data"].([]any)
	item, _ := list[0].(object)
	withMembers(item, object{
		"price": s.priceObject(x.Price), "quantity": x.Quantity, "subscription": x.ID,
		"current_period_start": unixOrNull(x.PeriodStart), "current_period_end": unixOrNull(x.PeriodEnd),
	})
	var cancelAt any
	if x.CancelAtPeriodEnd {
		cancelAt = unixOrNull(x.PeriodEnd)
	}
	return withMembers(o, object{
		"id": x.ID, "customer": x.Customer, "status": x.Status, "metadata": x.Metadata,
		"created": unixOrNull(x.Created), "cancel_at_period_end": x.CancelAtPeriodEnd, "cancel_at": cancelAt,
		"canceled_at": unixOrNull(x.EndedAt), "ended_at": unixOrNull(x.EndedAt),
		"currency": s.tierOf(x.Price).Price().Currency, "livemode": false,
	})
}

func (s *Server) invoiceObject(x *subscription, status string) object {
	cents := s.tierOf(x.Price).Price().Cents * x.Quantity
	return withMembers(fixture("invoice"), object{
		"id": newID("in"), "customer": x.Customer, "status": status, "amount_due": cents,
		"parent": object{"quote_details": nil, "type": "subscription_details",
			"subscription_details": object{"metadata": x.Metadata, "subscription": x.ID}},
	})
}

// listObject returns one page of a list, as the request's limit and starting_after ask.
func listObject(r *http.Request, url string, newestFirst []object) object {
	limit := 10
	if n, err := strconv.Atoi(r.FormValue("limit")); err == nil && n >= 1 && n <= 100 {
		limit = n
	}
	after := r.FormValue("starting_after")
	rest := newestFirst
	for i, o := range newestFirst {
		if after != "" && o["id"] == after {
			rest = newestFirst[i+1:]
		}
	}
	data := rest[:min(limit, len(rest))]
	if data == nil {
		data = []object{}
	}
	return object{"object": "list", "url": url, "data": data, "has_more": len(rest) > len(data)}
}
