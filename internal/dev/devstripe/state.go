package devstripe

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/tier"
)

// state is everything that the file stores, so its field names are a file format.
type state struct {
	Ahead         time.Duration // how far Advance has moved the clock
	Customers     []*customer
	Sessions      []*session
	Subscriptions []*Subscription
	Invoices      []*invoice
	Account       string
	Outbox        []*delivery
	Remembered    map[string]*savedResponse // by idempotency key
}

func newState() state {
	return state{Remembered: map[string]*savedResponse{}, Account: newAccountID()}
}

func newAccountID() string { return "acct_" + rand.Text()[:16] }

type customer struct {
	ID, Email string
	Metadata  map[string]string
	Declines  bool // its card is declined
	Deleted   bool
	Created   time.Time
}

type session struct {
	ID, Customer, Status  string // open, complete, expired
	Price                 string
	Quantity              int
	Metadata, SubMetadata map[string]string
	Reference             string
	SuccessURL, CancelURL string
	Subscription          string
	Created               time.Time
}

// Subscription is a subscription as Stripe stores it. Price and Quantity are its first item.
type Subscription struct {
	ID, Customer, Status   string
	Price                  string
	Quantity               int
	Extra                  []Item // its other items
	Metadata               map[string]string
	Created                time.Time
	PeriodStart, PeriodEnd time.Time
	CancelAtPeriodEnd      bool
	CancelAt               time.Time // zero for never
	EndedAt                time.Time
	Schedule               string // the id of the schedule that owns it, or ""
	CollectionPaused       bool
}

// Item is one line of a subscription.
type Item struct {
	Price    string
	Quantity int
}

func (s *Subscription) ended() bool {
	return s.Status == "canceled" || s.Status == "incomplete_expired"
}

func (s *Subscription) items() []Item { return append([]Item{{s.Price, s.Quantity}}, s.Extra...) }

// Price is a price beside the configured ones, such as a yearly one, an old one, or one of a product that is no plan.
type Price struct {
	ID, Product string
	Cents       int
	Yearly      bool
	Metadata    map[string]string
}

// invoice is a paid invoice.
type invoice struct {
	ID, Subscription, Customer string
	Created                    time.Time
	Items                      []Item
	Trial                      bool // costs nothing
}

// savedResponse is the response to the first request with an idempotency key.
type savedResponse struct {
	Request string // method, path and body, which a repeated request must match
	Status  int
	Body    []byte
}

func newID(prefix string) string { return prefix + "_" + strings.ToLower(rand.Text()) }

// find returns the first element that matches, or nil.
func find[T any](list []*T, matches func(*T) bool) *T {
	if i := slices.IndexFunc(list, matches); i >= 0 {
		return list[i]
	}
	return nil
}

func (s *state) customer(id string) *customer {
	return find(s.Customers, func(c *customer) bool { return c.ID == id && !c.Deleted })
}

// everHadCustomer reports whether a list of the customer's objects can be asked for: of everyone for "", and of one
// that was deleted too. The caller holds the lock.
func (s *Server) everHadCustomer(id string) bool {
	return id == "" || find(s.state.Customers, func(c *customer) bool { return c.ID == id }) != nil
}

func (s *state) session(id string) *session {
	return find(s.Sessions, func(x *session) bool { return x.ID == id })
}

func (s *state) subscription(id string) *Subscription {
	return find(s.Subscriptions, func(x *Subscription) bool { return x.ID == id })
}

// tierOf returns the tier of a price, or "" for an unknown one.
func (s *Server) tierOf(price string) tier.Tier {
	for t, id := range s.cfg.Prices {
		if id == price {
			return t
		}
	}
	return ""
}
