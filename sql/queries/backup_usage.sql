-- name: OpenUsage :execrows
-- Locks the user's row, so that no reservation can follow the account's deletion.
INSERT INTO backup_usage (user_id)
SELECT u.id FROM users u WHERE u.id = @user_id AND u.deleted_at IS NULL FOR SHARE OF u
ON CONFLICT (user_id) DO NOTHING;

-- name: Usage :one
SELECT committed, reserved, uploads FROM backup_usage WHERE user_id = @user_id;

-- name: LockUsage :one
SELECT committed, reserved, uploads FROM backup_usage WHERE user_id = @user_id FOR UPDATE;

-- name: CountUsage :one
SELECT coalesce(sum(size_bytes) FILTER (WHERE state = 'committed'), 0)::bigint AS committed,
       coalesce(sum(size_bytes) FILTER (WHERE state = 'uploading'), 0)::bigint AS reserved,
       (count(*) FILTER (WHERE state = 'uploading'))::integer                  AS uploads
FROM backup_metadata WHERE user_id = @user_id;

-- name: SetUsage :exec
UPDATE backup_usage SET committed = @committed, reserved = @reserved, uploads = @uploads WHERE user_id = @user_id;

-- name: UsagesAfter :many
-- A page of the counters. A drifted counter differs from the sum over the backups.
SELECT u.user_id, (u.committed <> c.committed OR u.reserved <> c.reserved OR u.uploads <> c.uploads)::boolean AS drifted
FROM (SELECT user_id, committed, reserved, uploads FROM backup_usage
      WHERE backup_usage.user_id > @after ORDER BY user_id LIMIT @most) u
CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.size_bytes) FILTER (WHERE m.state = 'committed'), 0) AS committed,
           coalesce(sum(m.size_bytes) FILTER (WHERE m.state = 'uploading'), 0) AS reserved,
           count(*) FILTER (WHERE m.state = 'uploading')                       AS uploads
    FROM backup_metadata m WHERE m.user_id = u.user_id) c
ORDER BY u.user_id;

-- name: CloseUsage :exec
DELETE FROM backup_usage WHERE user_id = @user_id;
