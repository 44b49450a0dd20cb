package billing

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Report tells operators why an account has its tier.
type Report struct {
	UserID        string
	CustomerID    string // "" for an account that was never a customer
	Tier          tier.Tier
	Seats         int
	Why           string
	Subscriptions []SubscriptionReport
}

// SubscriptionReport compares a stored subscription with Stripe's word.
type SubscriptionReport struct {
	ID       string
	Stored   string // status and plan as stored, or "not stored"
	LastPaid string
	AtStripe string // status and plan at Stripe, or why there is none
	Grants   Plan
}

// Report returns what is stored of the account with that e-mail address, and what Stripe says about each of its
// subscriptions. Nothing is changed. It returns not_found for an unknown address. What Stripe does not tell is in the
// report.
func (s *Service) Report(ctx context.Context, email string) (Report, error) {
	user, err := s.q.Subscriber(ctx, s.db.Pool, email)
	if err != nil {
		missing := fault.ErrNotFound.WithMessage("There is no account with this e-mail address.")
		return Report{}, postgres.NotFoundAs(err, missing)
	}
	r := Report{UserID: user.ID.String(), Tier: tier.Tier(user.Tier), Seats: int(user.Seats)}
	if user.StripeCustomerID != nil {
		r.CustomerID = *user.StripeCustomerID
	}
	rows, err := s.q.SubscriptionsOf(ctx, s.db.Pool, user.ID)
	if err != nil {
		return Report{}, postgres.Translate(err)
	}
	stored := map[string]bool{}
	r.Why = "no subscription grants a plan"
	best := freePlan
	for _, row := range rows {
		stored[row.StripeSubscriptionID] = true
		one := s.reportRow(ctx, row)
		r.Subscriptions = append(r.Subscriptions, one)
		if one.Grants.better(best) {
			best = one.Grants
			r.Why = fmt.Sprintf("subscription %s is %s", one.ID, one.Stored)
			if row.Status == "past_due" {
				r.Why += ", which keeps the plan last paid for"
			}
		}
	}
	if user.GrantTier != nil && tier.Tier(*user.GrantTier).Rank() > r.Tier.Rank() {
		r.Tier, r.Seats = tier.Tier(*user.GrantTier), int(user.GrantSeats)
		r.Why = "an operator granted it with 'user set-tier'"
	}
	r.addTeam(user)
	r.Subscriptions = append(r.Subscriptions, s.reportUnstored(ctx, r.CustomerID, stored)...)
	return r, nil
}

// addTeam changes the report by what the account has by its team.
func (r *Report) addTeam(user db.SubscriberRow) {
	switch {
	case user.TeamSeats > 0 && r.Tier != tier.Team:
		r.Tier, r.Seats = tier.Team, int(user.TeamSeats)
		r.Why = "a seat in a team; 'team show' lists its members"
	case user.PlanLent && r.Tier == tier.Team:
		r.Tier, r.Seats = tier.Free, 1
		for _, other := range []*string{&user.Tier, user.GrantTier} {
			if other != nil && tier.Tier(*other) != tier.Team && tier.Tier(*other).Rank() > r.Tier.Rank() {
				r.Tier = tier.Tier(*other)
			}
		}
		r.Why = "its Team plan pays for a team that the account has left"
	}
}

func (s *Service) reportRow(ctx context.Context, row db.SubscriptionsOfRow) SubscriptionReport {
	paid := storedPaid(row.Status, row.Tier, row.Seats, row.PaidTier, row.PaidSeats)
	one := SubscriptionReport{
		ID: row.StripeSubscriptionID, Stored: describe(row.Status, Plan{tier.Tier(row.Tier), int(row.Seats)}),
		LastPaid: describe("", paid), Grants: rowEntitlement(row.Status, row.Tier, row.Seats, paid),
	}
	sub, err := s.gateway.Subscription(ctx, row.StripeSubscriptionID)
	switch {
	case errors.Is(err, ErrNotAtStripe):
		one.AtStripe = "unknown: is the key of the right account?"
	case err != nil:
		one.AtStripe = "no answer"
	default:
		one.AtStripe = describe(sub.Status, BestPlan(sub.Items))
	}
	return one
}

// reportUnstored reports the subscriptions that Stripe has of the customer and that are not stored.
func (s *Service) reportUnstored(ctx context.Context, customer string, stored map[string]bool) []SubscriptionReport {
	if customer == "" {
		return nil
	}
	var list []SubscriptionReport
	for sub, err := range s.gateway.Subscriptions(ctx, customer, "") {
		if err != nil {
			break // each stored one was asked for by itself
		}
		if !stored[sub.ID] && len(list) < pageSize {
			list = append(list, SubscriptionReport{
				ID: sub.ID, Stored: "not stored", LastPaid: "unknown",
				AtStripe: describe(sub.Status, BestPlan(sub.Items)), Grants: freePlan,
			})
		}
	}
	return list
}

// describe returns a status and a plan as operators read them.
func describe(status string, p Plan) string {
	plan := "unknown"
	if p.Tier != "" {
		plan = fmt.Sprintf("%s with %d seats", p.Tier, p.Seats)
	} else if status != "" {
		plan = "of no plan"
	}
	return strings.TrimSpace(status + " " + plan)
}
