package devstripe

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/tier"
)

// state is all that is kept.
type state struct {
	Ahead         time.Duration // of the real clock
	Customers     []*customer
	Sessions      []*session
	Subscriptions []*subscription
	Outbox        []*delivery
	Remembered    map[string]*remembered // by idempotency key
}

func newState() state { return state{Remembered: map[string]*remembered{}} }

type customer struct {
	ID, Email string
	Metadata  map[string]string
	Declines  bool // its card is refused from now on
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

type subscription struct {
	ID, Customer, Status   string
	Price                  string
	Quantity               int
	Metadata               map[string]string
	Created                time.Time
	PeriodStart, PeriodEnd time.Time
	CancelAtPeriodEnd      bool
	EndedAt                time.Time
}

func (s *subscription) ended() bool { return s.Status == "canceled" }

// remembered is the answer to an idempotency key.
type remembered struct {
	Request string // method, path and body, which have to be the same
	Status  int
	Body    []byte
}

func newID(prefix string) string { return prefix + "_" + strings.ToLower(rand.Text()) }

func find[T any](list []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return nil
}

func (s *state) customer(id string) *customer {
	return find(s.Customers, func(c *customer) bool { return c.ID == id && !c.Deleted })
}

func (s *state) session(id string) *session {
	return find(s.Sessions, func(x *session) bool { return x.ID == id })
}

func (s *state) subscription(id string) *subscription {
	return find(s.Subscriptions, func(x *subscription) bool { return x.ID == id })
}

// tierOf is the tier of a price, or "".
func (s *Server) tierOf(price string) tier.Tier {
	for t, id := range s.cfg.Prices {
		if id == price {
			return t
		}
	}
	return ""
}
