-- name: StripeCustomer :one
SELECT email, stripe_customer_id FROM users WHERE id = @id AND deleted_at IS NULL;

-- name: Subscriber :one
-- An account as operators look it up.
SELECT u.id, u.email, u.tier, u.seats, u.grant_tier, u.grant_seats, u.stripe_customer_id,
    p.seats::integer AS team_seats, p.lent AS plan_lent
FROM users u JOIN team_plans p ON p.user_id = u.id
WHERE u.email = @email AND u.deleted_at IS NULL;

-- name: SetStripeCustomer :execrows
UPDATE users SET stripe_customer_id = @stripe_customer_id, updated_at = @now WHERE id = @id AND deleted_at IS NULL;

-- name: StripeCustomerOfAnyUser :one
-- Unlike StripeCustomer, finds accounts that are being deleted as well.
SELECT stripe_customer_id FROM users WHERE id = @id;

-- name: LockSubscriber :one
-- Returns the owner of a subscription and locks the row, so that the subscriptions of one account are saved one at a time.
-- Where no account has the customer, the owner is the account in the subscription's metadata.
SELECT id, deleted_at FROM users
WHERE stripe_customer_id = @stripe_customer_id::text OR id = @metadata_user_id
ORDER BY (stripe_customer_id = @stripe_customer_id::text) DESC NULLS LAST LIMIT 1 FOR UPDATE;

-- name: WasDeleted :one
-- Whether the customer, or the account in a subscription's metadata, was ours and is deleted.
SELECT EXISTS (
    SELECT 1 FROM deleted_customers WHERE stripe_customer_id = @stripe_customer_id::text OR user_id = @metadata_user_id
);

-- name: DeletedCustomers :many
SELECT user_id, stripe_customer_id FROM deleted_customers
WHERE user_id > @after AND deleted_at < @before ORDER BY user_id LIMIT @page_size;

-- name: ForgetDeletedCustomer :exec
DELETE FROM deleted_customers WHERE user_id = @user_id;

-- name: NextVersion :one
-- Numbers a look at Stripe. It is taken before Stripe is asked.
SELECT nextval('billing_versions')::bigint;

-- name: SaveSubscription :execrows
-- The state of a later look at Stripe is never overwritten by that of an earlier one. Without a tier the row keeps its own,
-- and without one that was paid, that too.
INSERT INTO subscriptions AS s (id, user_id, stripe_subscription_id, tier, status, seats, current_period_end, cancel_at_period_end,
                           created_at, updated_at, version, paid_tier, paid_seats)
VALUES (@id, @user_id, @stripe_subscription_id, coalesce(sqlc.narg(tier)::text, 'free'), @status, @seats, @current_period_end,
        @cancel_at_period_end, clock_timestamp(), clock_timestamp(), @version, sqlc.narg(paid_tier), sqlc.narg(paid_seats))
ON CONFLICT (stripe_subscription_id) DO UPDATE
SET user_id = excluded.user_id, status = excluded.status,
    tier = coalesce(sqlc.narg(tier)::text, s.tier),
    seats = CASE WHEN sqlc.narg(tier)::text IS NULL THEN s.seats ELSE excluded.seats END,
    current_period_end = coalesce(excluded.current_period_end, s.current_period_end),
    cancel_at_period_end = excluded.cancel_at_period_end, updated_at = excluded.updated_at, version = excluded.version,
    paid_tier = coalesce(excluded.paid_tier, s.paid_tier), paid_seats = coalesce(excluded.paid_seats, s.paid_seats)
WHERE s.version < excluded.version;

-- name: SubscriptionRow :one
SELECT tier, status, seats, version, paid_tier, paid_seats FROM subscriptions
WHERE stripe_subscription_id = @stripe_subscription_id;

-- name: SubscriptionsOf :many
-- Running subscriptions first, then newest first.
SELECT stripe_subscription_id, tier, status, seats, current_period_end, cancel_at_period_end, version, paid_tier, paid_seats
FROM subscriptions
WHERE user_id = @user_id
ORDER BY status IN ('canceled', 'incomplete_expired'), created_at DESC, id DESC;

-- name: SetSubscribedTier :execrows
UPDATE users SET tier = @tier, seats = @seats, updated_at = @now
WHERE id = @id AND (tier, seats) IS DISTINCT FROM (@tier, @seats);

-- name: UnseenSubscriptions :many
-- Running subscriptions that no look at Stripe since the version has saved.
SELECT stripe_subscription_id FROM subscriptions
WHERE status NOT IN ('canceled', 'incomplete_expired') AND stripe_subscription_id > @after AND version < @version
ORDER BY stripe_subscription_id LIMIT @page_size;

-- name: LatestRunningSubscriptions :many
SELECT stripe_subscription_id FROM subscriptions
WHERE status NOT IN ('canceled', 'incomplete_expired')
ORDER BY stripe_subscription_id DESC LIMIT @page_size;

-- name: EndSubscription :one
-- Marks a subscription as ended that Stripe does not have, as an operator accepted.
UPDATE subscriptions SET status = 'canceled', cancel_at_period_end = false, updated_at = clock_timestamp(), version = @version
WHERE stripe_subscription_id = @stripe_subscription_id AND version < @version RETURNING user_id;

-- name: StripeAccount :one
SELECT account_id, livemode FROM stripe_account;

-- name: AdoptStripeAccount :exec
INSERT INTO stripe_account (account_id, livemode, adopted_at) VALUES (@account_id, @livemode, @now)
ON CONFLICT (singleton) DO UPDATE
SET account_id = excluded.account_id, livemode = excluded.livemode, adopted_at = excluded.adopted_at;

-- name: HasCustomers :one
-- Whether there is anything that belongs to a Stripe account.
SELECT ((SELECT min(stripe_subscription_id) FROM subscriptions) IS NOT NULL OR
        (SELECT min(stripe_customer_id) FROM users WHERE stripe_customer_id IS NOT NULL) IS NOT NULL)::boolean;

-- name: SomeCustomers :many
SELECT stripe_customer_id::text FROM users WHERE stripe_customer_id IS NOT NULL
ORDER BY stripe_customer_id DESC LIMIT @page_size;

-- name: LeaseReconcile :one
-- Takes or renews the lease of the reconcile, unless another replica holds it. Returns how far an unfinished one got, if it
-- began within the last hours, or 0 and ''.
UPDATE billing_reconcile SET holder = @holder, leased_until = clock_timestamp() + interval '1 minute'
WHERE holder = @holder OR holder IS NULL OR leased_until < clock_timestamp()
RETURNING (CASE WHEN started_at > clock_timestamp() - interval '6 hours' THEN version ELSE 0 END)::bigint AS version, after;

-- name: StartReconcile :exec
UPDATE billing_reconcile SET version = @version, after = '', started_at = clock_timestamp() WHERE holder = @holder;

-- name: SaveReconcile :exec
UPDATE billing_reconcile SET after = @after WHERE holder = @holder;

-- name: FinishReconcile :exec
UPDATE billing_reconcile SET version = 0, after = '', holder = NULL WHERE holder = @holder;

-- name: ReleaseReconcile :exec
UPDATE billing_reconcile SET holder = NULL WHERE holder = @holder;

-- name: TellPaymentFailed :execrows
-- Changes nothing where the owner was told since then.
UPDATE subscriptions SET payment_failed_told_at = @now
WHERE stripe_subscription_id = @stripe_subscription_id
    AND (payment_failed_told_at IS NULL OR payment_failed_told_at < @told_before);
