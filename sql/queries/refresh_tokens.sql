-- name: CreateSession :execrows
-- Locks the user's row, so that no session is created concurrently with a password change or a deletion.
INSERT INTO refresh_tokens (id, user_id, token_hash, rotated_at, expires_at, ends_at, last_used_at, created_at, network, device,
    sso_team_id)
SELECT @id, u.id, @token_hash, @now, @expires_at, @ends_at, @now, @now, @network, @device, sqlc.narg(sso_team_id)
FROM users u
WHERE u.id = @user_id AND u.deleted_at IS NULL AND u.password_changed_at = @verified_at
FOR SHARE OF u;

-- name: LockSession :one
SELECT r.id, r.user_id, r.counter, r.idempotency_key, r.rotated_at, r.expires_at, r.ends_at, r.revoked_at, r.revoked_for,
    EXISTS (
        SELECT 1 FROM sso_required q WHERE q.user_id = r.user_id AND q.team_id IS DISTINCT FROM r.sso_team_id
    ) AS refused
FROM refresh_tokens r WHERE r.id = @id FOR UPDATE;

-- name: RotateSession :exec
UPDATE refresh_tokens
SET counter = @counter, token_hash = @token_hash, idempotency_key = @idempotency_key,
    rotated_at = @now, last_used_at = @now, expires_at = @expires_at
WHERE id = @id;

-- name: EndSession :execrows
UPDATE refresh_tokens
SET revoked_at = coalesce(revoked_at, @now), revoked_for = coalesce(revoked_for, @revoked_for)
WHERE id = @id AND user_id = @user_id;

-- name: EndSessionsExcept :exec
UPDATE refresh_tokens SET revoked_at = @now, revoked_for = @revoked_for
WHERE user_id = @user_id AND id <> @except_id AND revoked_at IS NULL;

-- name: SessionCreatedAt :one
SELECT created_at FROM refresh_tokens WHERE id = @id AND user_id = @user_id;

-- name: LiveSessions :many
-- Ids are in order of creation.
SELECT id, created_at, last_used_at, network, device FROM refresh_tokens
WHERE user_id = @user_id AND revoked_at IS NULL AND expires_at > @now AND ends_at > @now AND id < @before
ORDER BY id DESC LIMIT @page_size;

-- name: EndIdleSessions :execrows
-- Sessions that have expired without being ended count too: they are the first to go.
UPDATE refresh_tokens SET revoked_at = @now, revoked_for = 'limit'
WHERE id = ANY (ARRAY(
    SELECT r.id FROM refresh_tokens r WHERE r.user_id = @user_id AND r.revoked_at IS NULL
    ORDER BY r.last_used_at DESC, r.id DESC LIMIT @batch OFFSET @keep
)) AND revoked_at IS NULL;

-- name: SessionOwner :one
SELECT user_id FROM refresh_tokens WHERE id = @id;

-- name: SessionIsLive :one
SELECT EXISTS (
    SELECT 1 FROM refresh_tokens r JOIN users u ON u.id = r.user_id
    WHERE r.id = @id AND r.user_id = @user_id AND r.revoked_at IS NULL AND r.expires_at > @now AND r.ends_at > @now
        AND u.deleted_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM sso_required q WHERE q.user_id = r.user_id AND q.team_id IS DISTINCT FROM r.sso_team_id
        )
);

-- name: OwnersOfLiveSessions :many
SELECT r.id, r.user_id FROM refresh_tokens r JOIN users u ON u.id = r.user_id
WHERE r.id = ANY (@ids::uuid[]) AND r.revoked_at IS NULL AND r.expires_at > @now AND r.ends_at > @now
    AND u.deleted_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM sso_required q WHERE q.user_id = r.user_id AND q.team_id IS DISTINCT FROM r.sso_team_id
    );

-- name: LockLiveSession :one
SELECT r.id FROM refresh_tokens r JOIN users u ON u.id = r.user_id
WHERE r.id = @id AND r.user_id = @user_id AND r.revoked_at IS NULL AND r.ends_at > @now AND u.deleted_at IS NULL
FOR UPDATE OF r;

-- name: SessionState :one
SELECT u.id AS user_id, u.email, u.tier, u.seats, u.grant_tier, u.grant_seats, u.token_version, u.created_at,
    u.email_verified_at, p.team_id, p.seats::integer AS team_seats, p.lent AS plan_lent
FROM refresh_tokens r JOIN users u ON u.id = r.user_id JOIN team_plans p ON p.user_id = r.user_id
WHERE r.id = @id AND r.user_id = @user_id AND r.revoked_at IS NULL AND r.ends_at > @now AND u.deleted_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM sso_required q WHERE q.user_id = r.user_id AND q.team_id IS DISTINCT FROM r.sso_team_id
    );

-- name: PruneSessions :execrows
DELETE FROM refresh_tokens WHERE id = ANY (ARRAY(
    SELECT r.id FROM refresh_tokens r WHERE r.ends_at <= @ended_before
    ORDER BY r.ends_at LIMIT @batch FOR UPDATE SKIP LOCKED
));

-- name: DeleteSessionsOf :execrows
DELETE FROM refresh_tokens WHERE id = ANY (ARRAY(
    SELECT r.id FROM refresh_tokens r WHERE r.user_id = @user_id LIMIT @batch
));
