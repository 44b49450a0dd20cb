-- name: LockSecret :one
SELECT secret, created_at, confirmed_at, last_step FROM totp_secrets WHERE user_id = @user_id FOR UPDATE;

-- name: SecondFactorOf :one
-- No row where no confirmed second factor guards the account.
SELECT confirmed_at, (SELECT count(*) FROM recovery_codes r WHERE r.user_id = t.user_id AND r.used_at IS NULL) AS codes_left
FROM totp_secrets t WHERE t.user_id = @user_id AND t.confirmed_at IS NOT NULL;

-- name: IsGuarded :one
SELECT EXISTS (SELECT 1 FROM totp_secrets WHERE user_id = @user_id AND confirmed_at IS NOT NULL);

-- name: SaveSecret :execrows
-- Replaces a secret that was never confirmed, and only such a one.
INSERT INTO totp_secrets (user_id, secret, key_id, created_at) VALUES (@user_id, @secret, @key_id, @now)
ON CONFLICT (user_id) DO UPDATE
    SET secret = excluded.secret, key_id = excluded.key_id, created_at = excluded.created_at, last_step = 0
    WHERE totp_secrets.confirmed_at IS NULL;

-- name: DeleteRecoveryCodes :exec
DELETE FROM recovery_codes WHERE user_id = @user_id;

-- name: InsertRecoveryCodes :exec
INSERT INTO recovery_codes (digest, user_id) SELECT unnest(@digests::bytea[]), @user_id;

-- name: ConfirmSecret :execrows
UPDATE totp_secrets SET confirmed_at = @now, last_step = @step
WHERE user_id = @user_id AND secret = @secret AND confirmed_at IS NULL;

-- name: UseStep :execrows
-- One of several requests with the same code changes the row.
UPDATE totp_secrets SET last_step = @step
WHERE user_id = @user_id AND last_step < @step AND confirmed_at IS NOT NULL;

-- name: UseRecoveryCode :execrows
UPDATE recovery_codes r SET used_at = @now
FROM totp_secrets t
WHERE r.digest = @digest AND r.user_id = @user_id AND r.used_at IS NULL
  AND t.user_id = r.user_id AND t.confirmed_at IS NOT NULL;

-- name: DeleteSecret :execrows
DELETE FROM totp_secrets WHERE user_id = @user_id;

-- name: PruneSecrets :execrows
DELETE FROM totp_secrets WHERE user_id = ANY (ARRAY(
    SELECT t.user_id FROM totp_secrets t WHERE t.confirmed_at IS NULL AND t.created_at <= @created_before
    ORDER BY t.created_at LIMIT @batch FOR UPDATE SKIP LOCKED
));

-- name: SecretsOfOtherKeys :many
(SELECT a.user_id, a.secret FROM totp_secrets a WHERE a.key_id < @key_id ORDER BY a.key_id LIMIT @batch)
UNION ALL
(SELECT b.user_id, b.secret FROM totp_secrets b WHERE b.key_id > @key_id ORDER BY b.key_id LIMIT @batch);

-- name: ResealSecret :execrows
UPDATE totp_secrets SET secret = @secret, key_id = @key_id WHERE user_id = @user_id AND secret = @old_secret;

-- name: InsertTicket :exec
INSERT INTO second_factor_tickets (digest, user_id, verified_at, device_id, password_hash, expires_at)
VALUES (@digest, @user_id, @verified_at, @device_id, @password_hash, @expires_at);

-- name: TryTicket :one
-- Counts a try before the code is compared, so that concurrent guesses have no more of them.
UPDATE second_factor_tickets SET tries = tries + 1
WHERE digest = @digest AND expires_at > @now AND tries < @max_tries
RETURNING user_id, verified_at, device_id, password_hash;

-- name: ReturnTicketTry :exec
UPDATE second_factor_tickets SET tries = tries - 1 WHERE digest = @digest AND tries > 0;

-- name: SpendTicket :execrows
DELETE FROM second_factor_tickets WHERE digest = @digest AND expires_at > @now;

-- name: DeleteTickets :exec
DELETE FROM second_factor_tickets WHERE user_id = @user_id;

-- name: PruneTickets :execrows
DELETE FROM second_factor_tickets WHERE digest = ANY (ARRAY(
    SELECT t.digest FROM second_factor_tickets t WHERE t.expires_at <= @now
    ORDER BY t.expires_at LIMIT @batch FOR UPDATE SKIP LOCKED
));
