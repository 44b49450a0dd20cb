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

-- name: PruneAuditEvents :execrows
DELETE FROM audit_events WHERE id = ANY (ARRAY(
    SELECT e.id FROM audit_events e WHERE e.id < @before ORDER BY e.id LIMIT @batch FOR UPDATE SKIP LOCKED
));

-- name: DeleteEventsOf :execrows
DELETE FROM audit_events WHERE id = ANY (ARRAY(
    SELECT e.id FROM audit_events e WHERE e.user_id = @user_id LIMIT @batch
));
