-- name: QueueCustomerUpdate :exec
-- An account without a customer needs no update. One that is being updated is updated again.
INSERT INTO customer_updates (user_id, changed_at, next_try_at)
SELECT u.id, @now, @now FROM users u WHERE u.id = @user_id AND u.stripe_customer_id IS NOT NULL
ON CONFLICT (user_id) DO UPDATE SET changed_at = @now, attempts = 0;

-- name: QueueCustomerUpdateUnless :exec
-- For a customer that was created with this address, which may have changed meanwhile.
INSERT INTO customer_updates (user_id, changed_at, next_try_at)
SELECT u.id, @now, @now FROM users u WHERE u.id = @user_id AND u.email <> @email
ON CONFLICT (user_id) DO UPDATE SET changed_at = @now, attempts = 0;

-- name: ClaimCustomerUpdate :one
UPDATE customer_updates SET attempts = attempts + 1, next_try_at = @lease_until
WHERE user_id = (
    SELECT c.user_id FROM customer_updates c WHERE c.next_try_at <= @now
    ORDER BY c.next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING user_id, changed_at, attempts;

-- name: FinishCustomerUpdate :execrows
-- Leaves the row where the address has changed since it was claimed.
DELETE FROM customer_updates WHERE user_id = @user_id AND changed_at = @changed_at;

-- name: PostponeCustomerUpdate :exec
UPDATE customer_updates SET next_try_at = @next_try_at WHERE user_id = @user_id;
