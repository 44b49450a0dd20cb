package billing_test

import (
	"fmt"
	"testing"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestEntitlementFollowsWhatWasPaid crosses every status with items, quantities, schedules and what was last paid.
func TestEntitlementFollowsWhatWasPaid(t *testing.T) {
	t.Attr("case", "B02")
	t.Parallel()
	free, pro := billing.Plan{Tier: tier.Free, Seats: 1}, billing.Plan{Tier: tier.Pro, Seats: 1}
	team := func(seats int) billing.Plan { return billing.Plan{Tier: tier.Team, Seats: seats} }
	item := func(t tier.Tier, n int64) billing.Item { return billing.Item{Tier: t, Quantity: n} }
	const maxSeats = 1<<31 - 1
	items := map[string]struct {
		items []billing.Item
		plan  billing.Plan // the zero Plan: none is known, so what was last paid counts while active
	}{
		"none":                    {nil, billing.Plan{}},
		"of no plan":              {[]billing.Item{item("", 3)}, billing.Plan{}},
		"pro":                     {[]billing.Item{item(tier.Pro, 1)}, pro},
		"three times pro":         {[]billing.Item{item(tier.Pro, 3)}, pro},
		"team":                    {[]billing.Item{item(tier.Team, 50)}, team(50)},
		"pro beside consulting":   {[]billing.Item{item("", 9), item(tier.Pro, 1)}, pro},
		"the best of two":         {[]billing.Item{item(tier.Pro, 1), item(tier.Team, 2)}, team(2)},
		"the larger of two":       {[]billing.Item{item(tier.Team, 4), item(tier.Team, 2)}, team(4)},
		"no seats":                {[]billing.Item{item(tier.Team, 0)}, free},
		"no seats beside pro":     {[]billing.Item{item(tier.Team, 0), item(tier.Pro, 1)}, pro},
		"a negative quantity":     {[]billing.Item{item(tier.Team, -3)}, free},
		"a quantity of 2^31":      {[]billing.Item{item(tier.Team, 1<<31)}, team(maxSeats)},
		"the highest of integers": {[]billing.Item{item(tier.Team, 1<<63-1)}, team(maxSeats)},
	}
	for _, status := range []string{
		"active", "trialing", "past_due", "unpaid", "canceled", "incomplete", "incomplete_expired", "paused", "", "new",
	} {
		for name, c := range items {
			for _, paid := range []billing.Plan{{}, pro, team(5), {Tier: tier.Team}} {
				for _, schedule := range []string{"", "sub_sched_1"} {
					want := free
					switch {
					case (status == "active" || status == "trialing") && c.plan.Tier != "":
						want = c.plan
					case status == "active" || status == "trialing" || status == "past_due":
						if paid.Seats > 0 {
							want = paid
						}
					}
					sub := billing.Subscription{Status: status, Items: c.items, ScheduleID: schedule}
					if got := billing.Entitlement(sub, paid); got != want {
						t.Error(fmt.Sprintf("%q, %s, paid %v: %v, want %v", status, name, paid, got, want))
					}
				}
			}
		}
	}
}
