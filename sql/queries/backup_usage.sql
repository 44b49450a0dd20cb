-- name: OpenUsage :execrows
-- Locks the user's row, so that no reservation can follow the account's deletion.
INSERT INTO backup_usage (user_id)
SELECT u.id FROM users u WHERE u.id = @user_id AND u.deleted_at IS NULL FOR SHARE OF u
ON CONFLICT (user_id) DO NOTHING;

-- name: Usage :one
SELECT committed, reserved, uploads FROM backup_usage WHERE user_id = @user_id;

-- name: LockUsage :one
SELECT committed, reserved, uploads FROM backup_usage WHERE user_id = @user_id FOR UPDATE;

-- name: CountUploads :one
SELECT coalesce(sum(size_bytes), 0)::bigint AS reserved, count(*)::integer AS uploads
FROM backup_metadata WHERE user_id = @user_id AND state = 'uploading';

-- name: CountCommitted :one
-- Sums a page of the user's backups. A page with fewer rows than @most is the last.
SELECT coalesce(sum(page.size_bytes), 0)::bigint AS committed, count(*)::integer AS seen,
       coalesce((array_agg(page.id ORDER BY page.id DESC))[1], @after)::uuid AS last
FROM (SELECT m.id, m.size_bytes FROM backup_metadata m
      WHERE m.user_id = @user_id AND m.state = 'committed' AND m.id > @after ORDER BY m.id LIMIT @most) page;

-- name: SetUsage :exec
UPDATE backup_usage SET committed = @committed, reserved = @reserved, uploads = @uploads WHERE user_id = @user_id;

-- name: UsagesAfter :many
-- A page of the counters. A suspect differs from the sum over the first @most_backups backups, or has that many.
SELECT u.user_id, (u.committed <> c.committed OR u.reserved <> c.reserved OR u.uploads <> c.uploads
                   OR c.seen >= @most_backups::bigint)::boolean AS suspect
FROM (SELECT user_id, committed, reserved, uploads FROM backup_usage
      WHERE backup_usage.user_id > @after ORDER BY user_id LIMIT @most) u
CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.size_bytes) FILTER (WHERE m.state = 'committed'), 0) AS committed,
           coalesce(sum(m.size_bytes) FILTER (WHERE m.state = 'uploading'), 0) AS reserved,
           count(*) FILTER (WHERE m.state = 'uploading')                       AS uploads,
           count(*)                                                            AS seen
    FROM (SELECT b.state, b.size_bytes FROM backup_metadata b
          WHERE b.user_id = u.user_id AND b.state IN ('committed', 'uploading') LIMIT @most_backups::bigint) m) c
ORDER BY u.user_id;

-- name: CloseUsage :exec
DELETE FROM backup_usage WHERE user_id = @user_id;
