-- name: InsertDeletion :exec
INSERT INTO account_deletions (user_id, requested_at, next_try_at) VALUES (@user_id, @now, @now)
ON CONFLICT (user_id) DO NOTHING;

-- name: ClaimDeletion :one
UPDATE account_deletions SET attempts = attempts + 1, next_try_at = @lease_until
WHERE user_id = (
    SELECT d.user_id FROM account_deletions d WHERE d.next_try_at <= @now
    ORDER BY d.next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING user_id, attempts;

-- name: PostponeDeletion :exec
UPDATE account_deletions SET next_try_at = @next_try_at WHERE user_id = @user_id AND attempts = @attempts;
