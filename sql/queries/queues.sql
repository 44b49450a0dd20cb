-- Since when the oldest job of each queue has waited; @now where there is none. Of a very long queue the 1,000 that are due
-- next are read.

-- name: OldestInboxEvent :one
SELECT COALESCE(min(j.received_at), @now)::timestamptz AS since FROM (
    SELECT received_at FROM stripe_inbox WHERE state = 'pending' ORDER BY next_try_at LIMIT 1000
) j;

-- name: OldestDeletion :one
SELECT COALESCE(min(j.requested_at), @now)::timestamptz AS since FROM (
    SELECT requested_at FROM account_deletions ORDER BY next_try_at LIMIT 1000
) j;

-- name: OldestRemoval :one
SELECT COALESCE(min(j.since), @now)::timestamptz AS since FROM (
    SELECT COALESCE(deleted_at, lease_until)::timestamptz AS since FROM backup_metadata
    WHERE state IN ('aborting', 'deleted') ORDER BY lease_until LIMIT 1000
) j;

-- name: OldestMail :one
SELECT COALESCE(min(j.created_at), @now)::timestamptz AS since FROM (
    SELECT created_at FROM mail_outbox ORDER BY next_try_at LIMIT 1000
) j;
