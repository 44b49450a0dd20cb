package billing

import (
	"math"

	"github.com/adiuva/cloud-api/internal/tier"
)

// Plan is a tier with its seats. The zero Plan is an unknown one.
type Plan struct {
	Tier  tier.Tier
	Seats int
}

// freePlan is what an account has without a subscription.
var freePlan = Plan{Tier: tier.Free, Seats: 1}

// isPaid reports whether the plan is one that is sold, with at least one seat.
func (p Plan) isPaid() bool { return p.Tier != "" && p.Tier != tier.Free && p.Seats > 0 }

// better reports whether p grants more than q: a seat before none, then the higher tier, then more seats.
func (p Plan) better(q Plan) bool {
	if (p.Seats > 0) != (q.Seats > 0) {
		return p.Seats > 0
	}
	if p.Tier.Rank() != q.Tier.Rank() {
		return p.Tier.Rank() > q.Tier.Rank()
	}
	return p.Seats > q.Seats
}

// Item is one line of a subscription or an invoice. Tier is empty for a product that is no plan.
type Item struct {
	Tier     tier.Tier
	Quantity int64
}

// plan returns the plan that the item buys. Seats are 0 for a quantity below 1, at most 2^31-1, and 1 for a plan that
// is not sold by the seat.
func (i Item) plan() Plan {
	seats := int(min(max(i.Quantity, 0), math.MaxInt32))
	if seats > 1 && !i.Tier.Price().PerSeat {
		seats = 1
	}
	return Plan{Tier: i.Tier, Seats: seats}
}

// BestPlan returns the best plan among the items, or the zero Plan when none of them is a plan.
func BestPlan(items []Item) (best Plan) {
	for _, item := range items {
		if item.Tier == "" {
			continue
		}
		if p := item.plan(); best.Tier == "" || p.better(best) {
			best = p
		}
	}
	return best
}

// Entitlement returns the plan that a subscription grants, given the plan that was last paid for: the best plan among
// its items while it is active or on trial; the plan last paid for while a payment is late; nothing, which is Free with
// one seat, in every other status. An active subscription at a price that no plan has grants what was last paid for.
// Plans without a seat grant nothing. Schedules and a pause of collection change nothing until Stripe changes the
// status.
func Entitlement(sub Subscription, lastPaid Plan) Plan {
	granted := freePlan
	switch sub.Status {
	case "active", "trialing":
		if granted = BestPlan(sub.Items); granted.Tier == "" {
			granted = lastPaid
		}
	case "past_due":
		granted = lastPaid
	}
	if !granted.isPaid() {
		return freePlan
	}
	return granted
}

// Ended reports whether the status is one that a subscription does not leave.
func Ended(status string) bool { return status == "canceled" || status == "incomplete_expired" }

// isPaidUp reports whether the plan of a subscription of that status counts as paid for. That of a trial does not.
func isPaidUp(status string) bool { return status == "active" }

// isCurrent reports whether a subscription of that status grants the plan that it is at now.
func isCurrent(status string) bool { return status == "active" || status == "trialing" }

// blocksCheckout reports whether a subscription of that status excludes another one.
func blocksCheckout(status string) bool { return !Ended(status) && status != "incomplete" }
