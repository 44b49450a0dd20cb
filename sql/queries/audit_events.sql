-- name: InsertEvent :exec
-- An account that is gone has no events.
INSERT INTO audit_events (id, user_id, at, kind, network, device, subject_id)
SELECT @id, u.id, @now, @kind, @network, @device, sqlc.narg(subject_id) FROM users u WHERE u.id = @user_id;

-- name: InsertRefusal :exec
-- Keeps at most @keep events of the kind since @first, which is the smallest id of an hour ago.
INSERT INTO audit_events (id, user_id, at, kind, network, device)
SELECT @id, u.id, @now, @kind, @network, @device FROM users u
WHERE u.id = @user_id AND (SELECT count(*) FROM (
    SELECT 1 FROM audit_events e WHERE e.user_id = @user_id AND e.id >= @first AND e.kind = @kind LIMIT @keep
) AS recent) < @keep;

-- name: EventsBefore :many
SELECT id, at, kind, network, device, subject_id FROM audit_events
WHERE user_id = @user_id AND id < @before AND id >= @since ORDER BY id DESC LIMIT @page_size;

-- name: SignedInFrom :one
-- Whether the account was registered or signed in from the network since the id.
SELECT EXISTS (
    SELECT 1 FROM audit_events e WHERE e.user_id = @user_id AND e.network = @network AND e.id >= @since
        AND e.kind IN ('signed_in', 'registered')
);

-- name: SignedInBefore :one
-- When the account was created, and whether it was signed in since the id.
SELECT u.created_at, EXISTS (
    SELECT 1 FROM audit_events e WHERE e.user_id = u.id AND e.id >= @since AND e.kind = 'signed_in'
        AND e.kind IN ('signed_in', 'registered')
) AS signed_in
FROM users u WHERE u.id = @user_id;

-- name: LockSignIns :exec
SELECT pg_advisory_xact_lock(@lock_key);

-- name: PruneAuditEvents :execrows
DELETE FROM audit_events WHERE id = ANY (ARRAY(
    SELECT e.id FROM audit_events e WHERE e.id < @before ORDER BY e.id LIMIT @batch FOR UPDATE SKIP LOCKED
));

-- name: DeleteEventsOf :execrows
DELETE FROM audit_events WHERE id = ANY (ARRAY(
    SELECT e.id FROM audit_events e WHERE e.user_id = @user_id LIMIT @batch
));
