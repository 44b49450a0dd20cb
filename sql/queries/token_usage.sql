-- name: MoveReservation :one
-- Ends the reservation @previous, adds what was used under it, and reserves @wanted tokens in its place: all of them, or
-- what is left of the limit if that is at least @minimum, or none. granted is what was reserved. One row is locked, so
-- concurrent statements of all replicas never grant more than the limit. @user_id is an account, or the team whose members
-- share the limit. No row comes back for a deleted one.
WITH input AS (
    SELECT @used::bigint AS used, @wanted::bigint AS wanted, least(@wanted::bigint, @minimum::bigint) AS minimum,
           @limit_tokens::bigint AS tokens
), ended AS (
    DELETE FROM token_reservations r WHERE r.id = @previous RETURNING r.tokens
), freed AS (
    SELECT coalesce(sum(e.tokens), 0)::bigint AS tokens FROM ended e
), counter AS (
    INSERT INTO token_usage AS u (user_id, day, used, reserved, granted, requests)
    SELECT @user_id, @day, i.used, g.granted, g.granted, @requests
    FROM input i, LATERAL (
        SELECT CASE WHEN i.tokens - i.used < i.minimum THEN 0 ELSE least(i.wanted, i.tokens - i.used) END AS granted
    ) g
    WHERE EXISTS (SELECT 1 FROM users a WHERE a.id = @user_id AND a.deleted_at IS NULL)
       OR EXISTS (SELECT 1 FROM teams t WHERE t.id = @user_id)
    ON CONFLICT (user_id, day) DO UPDATE SET
        used     = u.used + excluded.used,
        requests = u.requests + excluded.requests,
        granted  = (SELECT CASE WHEN left_over < i.minimum THEN 0 ELSE least(i.wanted, left_over) END
                    FROM input i, freed f,
                    LATERAL (SELECT i.tokens - u.used - i.used - u.reserved + f.tokens AS left_over) l),
        reserved = (SELECT u.reserved - f.tokens
                           + CASE WHEN left_over < i.minimum THEN 0 ELSE least(i.wanted, left_over) END
                    FROM input i, freed f,
                    LATERAL (SELECT i.tokens - u.used - i.used - u.reserved + f.tokens AS left_over) l)
    RETURNING u.user_id, u.day, u.used, u.reserved, u.granted
), made AS (
    INSERT INTO token_reservations (id, user_id, day, tokens, lease_until)
    SELECT @id, c.user_id, c.day, c.granted, now() + make_interval(secs => @lease_seconds)
    FROM counter c WHERE c.granted > 0
)
SELECT c.used, c.reserved, c.granted FROM counter c;

-- name: StartTeamUsage :exec
-- Counts for a new team what its owner has used by the same plan.
INSERT INTO token_usage (user_id, day, used, requests)
SELECT @team_id, u.day, u.used, u.requests FROM token_usage u WHERE u.user_id = @user_id;

-- name: TokenUsage :one
SELECT used, reserved, requests FROM token_usage WHERE user_id = @user_id AND day = @day;

-- name: EndExpiredReservations :execrows
-- The counters are locked in order, so that two replicas cannot deadlock.
WITH expired AS (
    DELETE FROM token_reservations r WHERE r.id = ANY (ARRAY(
        SELECT d.id FROM token_reservations d WHERE d.lease_until <= now()
        ORDER BY d.lease_until LIMIT @batch FOR UPDATE SKIP LOCKED
    )) RETURNING r.user_id, r.day, r.tokens
), sums AS (
    SELECT e.user_id, e.day, sum(e.tokens)::bigint AS tokens FROM expired e GROUP BY e.user_id, e.day
), locked AS (
    SELECT u.user_id, u.day, s.tokens FROM token_usage u JOIN sums s ON s.user_id = u.user_id AND s.day = u.day
    ORDER BY u.user_id, u.day FOR UPDATE OF u
)
UPDATE token_usage u SET reserved = u.reserved - l.tokens
FROM locked l WHERE u.user_id = l.user_id AND u.day = l.day;

-- name: PruneTokenUsage :execrows
DELETE FROM token_usage u WHERE u.ctid = ANY (ARRAY(
    SELECT d.ctid FROM token_usage d WHERE d.day < @before ORDER BY d.day LIMIT @batch FOR UPDATE SKIP LOCKED
));

-- name: DeleteTokenUsage :exec
DELETE FROM token_usage WHERE user_id = @user_id;
