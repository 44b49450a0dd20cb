package devstripe

import (
	"embed"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/adiuva/cloud-api/internal/tier"
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

// hasPrice reports whether there is a price of that id. The caller holds the lock.
func (s *Server) hasPrice(id string) bool { return s.price(id).ID != "" }

// price returns the price of that id, or one without an id. The caller holds the lock.
func (s *Server) price(id string) Price {
	for _, p := range s.prices {
		if p.ID == id {
			return p
		}
	}
	if t := s.tierOf(id); t != "" {
		return Price{ID: id, Product: "prod_" + string(t), Cents: t.Price().Cents}
	}
	return Price{}
}

func (s *Server) priceObject(id string) object {
	price := s.price(id)
	o := withMembers(fixture("price"), object{
		"id": id, "product": price.Product, "unit_amount": price.Cents, "active": true,
		"currency": tier.Pro.Price().Currency,
	})
	if price.Metadata != nil {
		o["metadata"] = price.Metadata
	}
	if recurring, ok := o["recurring"].(object); ok && price.Yearly {
		recurring["interval"] = "year"
	}
	return o
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

func (s *Server) subscriptionObject(x *Subscription) object {
	o := fixture("subscription")
	items, _ := o["items"].(object)
	var list []object
	for i, line := range x.items() {
		item := fixture("subscription")["items"].(object)["data"].([]any)[0].(object)
		list = append(list, withMembers(item, object{
			"id": "si_" + x.ID + strconv.Itoa(i), "price": s.priceObject(line.Price), "quantity": line.Quantity,
			"subscription":         x.ID,
			"current_period_start": unixOrNull(x.PeriodStart), "current_period_end": unixOrNull(x.PeriodEnd),
		}))
	}
	items["data"] = list
	cancelAt := unixOrNull(x.CancelAt)
	if x.CancelAtPeriodEnd {
		cancelAt = unixOrNull(x.PeriodEnd)
	}
	var schedule, pause any
	if x.Schedule != "" {
		schedule = x.Schedule
	}
	if x.CollectionPaused {
		pause = object{"behavior": "void", "resumes_at": nil}
	}
	return withMembers(o, object{
		"id": x.ID, "customer": x.Customer, "status": x.Status, "metadata": x.Metadata,
		"created": unixOrNull(x.Created), "cancel_at_period_end": x.CancelAtPeriodEnd, "cancel_at": cancelAt,
		"canceled_at": unixOrNull(x.EndedAt), "ended_at": unixOrNull(x.EndedAt), "schedule": schedule,
		"pause_collection": pause, "currency": tier.Pro.Price().Currency, "livemode": false,
	})
}

func (s *Server) invoiceObject(x *Subscription, status string) object {
	return s.invoiceOf(&invoice{ID: newID("in"), Subscription: x.ID, Customer: x.Customer, Created: s.now(),
		Items: x.items()}, status, x.Metadata)
}

func (s *Server) invoiceOf(i *invoice, status string, metadata map[string]string) object {
	cents := 0
	var lines []object
	for _, item := range i.Items {
		amount := s.price(item.Price).Cents * item.Quantity
		if i.Trial {
			amount = 0
		}
		cents += amount
		lines = append(lines, withMembers(fixture("invoice_line"), object{
			"amount": amount, "quantity": item.Quantity, "invoice": i.ID,
			"pricing": object{"type": "price_details", "unit_amount_decimal": nil,
				"price_details": object{"price": item.Price, "product": s.price(item.Price).Product}},
		}))
	}
	o := withMembers(fixture("invoice"), object{
		"id": i.ID, "customer": i.Customer, "status": status, "amount_due": cents, "created": unixOrNull(i.Created),
		"parent": object{"quote_details": nil, "type": "subscription_details",
			"subscription_details": object{"metadata": metadata, "subscription": i.Subscription}},
	})
	if list, ok := o["lines"].(object); ok {
		list["data"] = lines
	}
	return o
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
