-- name: LockAccount :one
-- Locks the user's row, so that the account's keys can be counted and no key is created while it is deleted.
SELECT id FROM users WHERE id = @id AND deleted_at IS NULL FOR NO KEY UPDATE;

-- name: CountKeys :one
SELECT count(*) FROM (
    SELECT 1 FROM api_keys k WHERE k.user_id = @user_id AND k.revoked_at IS NULL LIMIT @keep
) AS counted;

-- name: CreateKey :exec
INSERT INTO api_keys (id, user_id, name, prefix, key_hash, scopes, created_at, expires_at)
VALUES (@id, @user_id, @name, @prefix, @key_hash, @scopes, @now, @expires_at);

-- name: Keys :many
-- Ids are in order of creation.
SELECT id, name, prefix, scopes, created_at, expires_at, last_used_at FROM api_keys
WHERE user_id = @user_id AND revoked_at IS NULL ORDER BY id DESC LIMIT @page_size;

-- name: LockKey :one
SELECT key_hash, revoked_at FROM api_keys WHERE id = @id AND user_id = @user_id FOR UPDATE;

-- name: RevokeKey :exec
UPDATE api_keys SET revoked_at = @now WHERE id = @id AND revoked_at IS NULL;

-- name: RevokeKeysOf :many
UPDATE api_keys SET revoked_at = @now WHERE user_id = @user_id AND revoked_at IS NULL RETURNING key_hash;

-- name: KeyState :one
SELECT k.id, k.scopes, k.expires_at, k.last_used_at,
       u.id AS user_id, u.email, u.tier, u.seats, u.grant_tier, u.grant_seats,
       p.team_id, p.seats::integer AS team_seats, p.lent AS plan_lent
FROM api_keys k JOIN users u ON u.id = k.user_id JOIN team_plans p ON p.user_id = k.user_id
WHERE k.key_hash = @key_hash AND k.revoked_at IS NULL AND u.deleted_at IS NULL;

-- name: OwnersOfLiveKeys :many
SELECT k.id, k.user_id FROM api_keys k JOIN users u ON u.id = k.user_id
WHERE k.id = ANY (@ids::uuid[]) AND k.revoked_at IS NULL
    AND (k.expires_at IS NULL OR k.expires_at > @now) AND u.deleted_at IS NULL;

-- name: KeyWasUsed :exec
-- Notes the hour once: of concurrent statements one writes.
UPDATE api_keys SET last_used_at = @hour
WHERE id = @id AND (last_used_at IS NULL OR last_used_at < @hour);

-- name: PruneExpiredKeys :execrows
DELETE FROM api_keys WHERE id = ANY (ARRAY(
    SELECT k.id FROM api_keys k WHERE k.expires_at <= @ended_before::timestamptz
    ORDER BY k.expires_at LIMIT @batch FOR UPDATE SKIP LOCKED
));

-- name: PruneRevokedKeys :execrows
DELETE FROM api_keys WHERE id = ANY (ARRAY(
    SELECT k.id FROM api_keys k WHERE k.revoked_at <= @ended_before::timestamptz
    ORDER BY k.revoked_at LIMIT @batch FOR UPDATE SKIP LOCKED
));
