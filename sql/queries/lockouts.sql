-- name: PasswordAttempts :many
SELECT key, tried_at FROM password_attempts WHERE key = ANY (@keys::bytea[]) AND ends_at > @now;

-- name: CountPasswordAttempts :many
-- Keeps the latest times. The keys are locked in order, so that concurrent attempts cannot deadlock.
INSERT INTO password_attempts AS a (key, tried_at, ends_at)
SELECT c.key, ARRAY[@now::timestamptz], c.ends_at
FROM (SELECT unnest(@keys::bytea[]) AS key, unnest(@ends::timestamptz[]) AS ends_at) AS c
ORDER BY c.key
ON CONFLICT (key) DO UPDATE SET
    ends_at  = excluded.ends_at,
    tried_at = (a.tried_at || excluded.tried_at)[cardinality(a.tried_at) + 2 - @keep::integer :]
RETURNING key, tried_at;

-- name: RefundPasswordAttempts :exec
-- Takes one attempt of that time out of each count that has one.
UPDATE password_attempts AS a SET tried_at = coalesce(a.tried_at[:array_position(a.tried_at, @tried_at::timestamptz) - 1]
    || a.tried_at[array_position(a.tried_at, @tried_at::timestamptz) + 1:], a.tried_at)
WHERE a.key IN (
    SELECT p.key FROM password_attempts p WHERE p.key = ANY (@keys::bytea[]) ORDER BY p.key FOR UPDATE
);

-- name: PrunePasswordAttempts :execrows
DELETE FROM password_attempts a WHERE a.key = ANY (ARRAY(
    SELECT p.key FROM password_attempts p WHERE p.ends_at <= @now
    ORDER BY p.ends_at LIMIT @batch FOR UPDATE SKIP LOCKED
));

-- name: IsKnownNetwork :one
SELECT EXISTS (
    SELECT 1 FROM known_networks
    WHERE user_id = @user_id AND network = ANY (@networks::bytea[]) AND seen_at > @seen_after
);

-- name: RememberNetwork :exec
INSERT INTO known_networks AS k (user_id, network, seen_at)
SELECT u.id, @network, @now FROM users u WHERE u.id = @user_id
ON CONFLICT (user_id, network) DO UPDATE SET seen_at = excluded.seen_at WHERE k.seen_at < @rewrite_before;

-- name: ForgetOldestNetworks :exec
DELETE FROM known_networks n WHERE n.user_id = @user_id AND n.network = ANY (ARRAY(
    SELECT k.network FROM known_networks k WHERE k.user_id = @user_id
    ORDER BY k.seen_at DESC, k.network OFFSET @keep
));

-- name: PruneKnownNetworks :execrows
DELETE FROM known_networks n WHERE n.ctid = ANY (ARRAY(
    SELECT k.ctid FROM known_networks k WHERE k.seen_at <= @seen_before
    ORDER BY k.seen_at LIMIT @batch FOR UPDATE SKIP LOCKED
));

-- name: ForgetNetworks :exec
DELETE FROM known_networks WHERE user_id = @user_id;
