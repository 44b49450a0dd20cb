package devstripe

import (
	"embed"
	"encoding/json"
	"net/http"
	"time"
)

// forms are stripe-mock's answers: every member that Stripe has, filled by its examples. What we know is put over them.
//
//go:embed fixtures/*.json
var forms embed.FS

type object = map[string]any

// form returns a copy of stripe-mock's object of that kind.
func form(kind string) object {
	raw, err := forms.ReadFile("fixtures/" + kind + ".json")
	if err != nil {
		panic(err) // it is embedded, and tests read each
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		panic(err)
	}
	return o
}

func over(o object, members object) object {
	for k, v := range members {
		o[k] = v
	}
	return o
}

// unix is a time as Stripe writes it, null for none.
func unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

func (c *customer) object() object {
	return over(form("customer"), object{"id": c.ID, "email": c.Email, "metadata": c.Metadata, "created": unix(c.Created), "delinquent": c.Declines})
}

func (s *Server) priceObject(id string) object {
	price := s.tierOf(id).Price()
	return over(form("price"), object{"id": id, "unit_amount": price.Cents, "currency": price.Currency, "active": true})
}

// sessionObject has its page at the host that was asked.
func (s *Server) sessionObject(x *session, host string) object {
	var url any
	if x.Status == "open" {
		url = "http://" + host + "/c/pay/" + x.ID
	}
	var subscription any
	paid := "unpaid"
	if x.Subscription != "" {
		subscription, paid = x.Subscription, "paid"
	}
	return over(form("checkout_session"), object{
		"id": x.ID, "customer": x.Customer, "status": x.Status, "url": url, "metadata": x.Metadata, "client_reference_id": x.Reference,
		"success_url": x.SuccessURL, "cancel_url": x.CancelURL, "subscription": subscription, "payment_status": paid,
		"mode": "subscription", "created": unix(x.Created), "expires_at": unix(x.Created.Add(sessionLife)), "livemode": false,
	})
}

func (s *Server) subscriptionObject(x *subscription) object {
	o := form("subscription")
	items, _ := o["items"].(object)
	list, _ := items["data"].([]any)
	item, _ := list[0].(object)
	over(item, object{
		"price": s.priceObject(x.Price), "quantity": x.Quantity, "subscription": x.ID,
		"current_period_start": unix(x.PeriodStart), "current_period_end": unix(x.PeriodEnd),
	})
	var cancelAt any
	if x.CancelAtPeriodEnd {
		cancelAt = unix(x.PeriodEnd)
	}
	return over(o, object{
		"id": x.ID, "customer": x.Customer, "status": x.Status, "metadata": x.Metadata, "created": unix(x.Created),
		"cancel_at_period_end": x.CancelAtPeriodEnd, "cancel_at": cancelAt, "canceled_at": unix(x.EndedAt), "ended_at": unix(x.EndedAt),
		"currency": s.tierOf(x.Price).Price().Currency, "livemode": false,
	})
}

func (s *Server) invoiceObject(x *subscription, status string) object {
	cents := s.tierOf(x.Price).Price().Cents * x.Quantity
	return over(form("invoice"), object{
		"id": newID("in"), "customer": x.Customer, "status": status, "amount_due": cents,
		"parent": object{"quote_details": nil, "type": "subscription_details",
			"subscription_details": object{"metadata": x.Metadata, "subscription": x.ID}},
	})
}

// page answers a list, the newest first, as far as limit and starting_after say.
func page(r *http.Request, url string, newestFirst []object) object {
	limit := 10
	if n, err := atoi(r.FormValue("limit")); err == nil && n >= 1 && n <= 100 {
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
