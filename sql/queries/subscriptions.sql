-- name: StripeCustomer :one
SELECT email, stripe_customer_id FROM users WHERE id = @id AND deleted_at IS NULL;

-- name: SetStripeCustomer :execrows
UPDATE users SET stripe_customer_id = @stripe_customer_id, updated_at = @now WHERE id = @id AND deleted_at IS NULL;

-- name: LeavingCustomer :one
-- Of an account that is being deleted, too.
SELECT stripe_customer_id FROM users WHERE id = @id;

-- name: LockSubscriber :one
-- Whose customer it is; locked, so that two subscriptions of one account are written one after the other.
SELECT id, deleted_at FROM users
WHERE stripe_customer_id = @stripe_customer_id::text OR (stripe_customer_id IS NULL AND id = @named)
ORDER BY stripe_customer_id NULLS LAST LIMIT 1 FOR UPDATE;

-- name: DatabaseTime :one
SELECT clock_timestamp()::timestamptz;

-- name: SaveSubscription :execrows
-- updated_at is when the state was asked for: an answer to an earlier question never overwrites that to a later one, and
-- nothing brings an ended subscription back.
INSERT INTO subscriptions AS s (id, user_id, stripe_subscription_id, tier, status, seats, current_period_end, cancel_at_period_end,
                           created_at, updated_at)
VALUES (@id, @user_id, @stripe_subscription_id, @tier, @status, @seats, @current_period_end, @cancel_at_period_end, @asked_at, @asked_at)
ON CONFLICT (stripe_subscription_id) DO UPDATE
SET tier = excluded.tier, status = excluded.status, seats = excluded.seats, current_period_end = excluded.current_period_end,
    cancel_at_period_end = excluded.cancel_at_period_end, updated_at = excluded.updated_at
WHERE s.updated_at <= excluded.updated_at AND s.status NOT IN ('canceled', 'incomplete_expired');

-- name: SubscriptionsOf :many
-- The ones that still run first, then the newest.
SELECT stripe_subscription_id, tier, status, seats, current_period_end, cancel_at_period_end FROM subscriptions
WHERE user_id = @user_id
ORDER BY status IN ('canceled', 'incomplete_expired'), created_at DESC, id DESC;

-- name: SetSubscribedTier :execrows
UPDATE users SET tier = @tier, seats = @seats, updated_at = @now
WHERE id = @id AND (tier, seats) IS DISTINCT FROM (@tier, @seats);

-- name: RunningSubscriptions :many
SELECT stripe_subscription_id FROM subscriptions
WHERE status NOT IN ('canceled', 'incomplete_expired') AND stripe_subscription_id > @after
ORDER BY stripe_subscription_id LIMIT @most;

-- name: EndSubscription :one
UPDATE subscriptions SET status = 'canceled', cancel_at_period_end = false, updated_at = @asked_at
WHERE stripe_subscription_id = @stripe_subscription_id RETURNING user_id;
