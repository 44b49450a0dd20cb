-- name: RecordEvent :execrows
INSERT INTO stripe_inbox (event_id, type, object_id, livemode, occurred_at, received_at, next_try_at)
VALUES (@event_id, @type, @object_id, @livemode, @occurred_at, @now, @now)
ON CONFLICT (event_id) DO NOTHING;

-- name: ClaimEvent :one
UPDATE stripe_inbox SET attempts = attempts + 1, next_try_at = @claimed_until
WHERE event_id = (
    SELECT i.event_id FROM stripe_inbox i WHERE i.state = 'pending' AND i.next_try_at <= @now
    ORDER BY i.next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING event_id, type, object_id, livemode, attempts;

-- name: FinishEvent :exec
UPDATE stripe_inbox SET state = @state, processed_at = @now::timestamptz WHERE event_id = @event_id;

-- name: PostponeEvent :exec
UPDATE stripe_inbox SET next_try_at = @next_try_at WHERE event_id = @event_id AND state = 'pending' AND attempts = @attempts;

-- name: PruneEvents :execrows
DELETE FROM stripe_inbox WHERE event_id = ANY (ARRAY(
    SELECT i.event_id FROM stripe_inbox i WHERE i.state <> 'pending' AND i.received_at < @before
    ORDER BY i.received_at LIMIT @batch_size
));
