// Package billing sells subscriptions and keeps each account's tier in step with its subscription at Stripe.
//
//	Stripe ── webhook ──► HandleEvent: verify the signature, store ids in stripe_inbox ──► acknowledged
//	                           │ notify
//	                           ▼
//	worker ──► ProcessDue: claim a due event ──► sync: fetch the subscription from Stripe
//	                           ▲                      │
//	                           │ failed: postponed    ▼
//	                           └──────────────── saveState, in one transaction:
//	                                             subscription row, users.tier, event settled
//
//	nightly ──► Reconcile, at the start and every 24 hours: every subscription ──► saveState
//	Cancel ──► Stripe ──► sync
//	Checkout ──► the customer's open checkout, or a new one ──► the address of Stripe's page
//
// An event only triggers a fetch: the state comes from Stripe, never from the event. Lost, repeated and reordered
// events therefore all lead to the same state, and of two fetches the later one wins, by a sequence and not by a clock.
// Entitlement says what a subscription grants. What Stripe does not know, or says under another account's key, takes
// nothing away. Billing stores no payload, sees no card, and leaves tiers that an operator granted alone.
package billing
