-- name: LockCodeCount :exec
-- Requests that are counted together wait for each other, so that their number is exact.
SELECT pg_advisory_xact_lock(@lock_key);

-- name: CodeTimes :many
SELECT created_at FROM mail_codes WHERE counted_as = @counted_as AND created_at > @created_after
ORDER BY created_at DESC LIMIT @page_size;

-- name: InsertCode :exec
INSERT INTO mail_codes (id, purpose, user_id, address, handle, scope, counted_as, created_at)
VALUES (@id, @purpose, @user_id, @address, @handle, @scope, @counted_as, @now);

-- name: LockCode :one
SELECT purpose, user_id, scope FROM mail_codes WHERE id = @id AND ended_at IS NULL FOR UPDATE;

-- name: VoidOlderCodes :exec
UPDATE mail_codes SET digest = NULL, ended_at = @now
WHERE scope = @scope AND id < @id AND ended_at IS NULL;

-- name: EndUnmailedCodes :exec
UPDATE mail_codes SET ended_at = @now WHERE scope = @scope AND digest IS NULL AND ended_at IS NULL;

-- name: ActivateCode :exec
UPDATE mail_codes SET digest = @digest, expires_at = @expires_at WHERE id = @id;

-- name: CodeByHandle :one
SELECT id FROM mail_codes WHERE handle = @handle AND purpose = 'reset';

-- name: CodeOfUser :one
SELECT id FROM mail_codes
WHERE user_id = @user_id AND purpose = @purpose AND digest IS NOT NULL AND ended_at IS NULL
ORDER BY id DESC LIMIT 1;

-- name: TryCode :one
-- Counts a try before it is compared, so that concurrent guesses have no more of them.
UPDATE mail_codes SET tries = tries + 1
WHERE id = @id AND digest IS NOT NULL AND ended_at IS NULL AND expires_at > @now AND tries < @max_tries
RETURNING purpose, user_id, digest;

-- name: ReturnTry :exec
UPDATE mail_codes SET tries = tries - 1 WHERE id = @id AND tries > 0;

-- name: SpendCode :one
UPDATE mail_codes SET digest = NULL, ended_at = @now
WHERE id = @id AND user_id = @user_id AND purpose = @purpose AND digest = @digest AND expires_at > @now
RETURNING address;

-- name: VoidCodes :exec
UPDATE mail_codes SET digest = NULL, ended_at = @now
WHERE user_id = @user_id AND purpose = ANY (@purposes::text[]) AND ended_at IS NULL;

-- name: PruneCodes :execrows
DELETE FROM mail_codes WHERE id = ANY (ARRAY(
    SELECT c.id FROM mail_codes c WHERE c.created_at <= @created_before
    ORDER BY c.created_at LIMIT @batch FOR UPDATE SKIP LOCKED
));
