-- name: CountPasskeys :one
-- The caller holds a lock on the user's row. An account has few.
SELECT count(*) FROM passkeys WHERE user_id = @user_id;

-- name: InsertPasskey :exec
INSERT INTO passkeys (id, user_id, name, credential_id, public_key, sign_count, backup_eligible, backed_up, transports,
    created_at)
VALUES (@id, @user_id, @name, @credential_id, @public_key, @sign_count, @backup_eligible, @backed_up, @transports, @now);

-- name: PasskeysOf :many
SELECT id, name, credential_id, transports, backed_up, created_at, last_used_at FROM passkeys
WHERE user_id = @user_id ORDER BY id DESC LIMIT @page_size;

-- name: PasskeyByCredential :one
SELECT p.id, p.user_id, p.public_key, p.sign_count, p.backup_eligible, p.backed_up
FROM passkeys p JOIN users u ON u.id = p.user_id
WHERE p.credential_id = @credential_id AND u.deleted_at IS NULL;

-- name: UsePasskey :execrows
-- A counter that does not grow is that of a copy, unless the authenticator does not count.
UPDATE passkeys SET sign_count = @sign_count, backed_up = @backed_up, last_used_at = @now
WHERE id = @id AND (sign_count < @sign_count OR sign_count = 0 AND @sign_count = 0);

-- name: DeletePasskey :execrows
DELETE FROM passkeys WHERE id = @id AND user_id = @user_id;

-- name: DeletePasskeysOf :execrows
DELETE FROM passkeys WHERE user_id = @user_id;

-- name: InsertCeremony :exec
INSERT INTO passkey_ceremonies (digest, kind, user_id, session_id, name, challenge, options, code_challenge,
    redirect_uri, state, expires_at)
VALUES (@digest, @kind, @user_id, @session_id, @name, @challenge, @options, @code_challenge, @redirect_uri, @state,
    @expires_at);

-- name: Ceremony :one
SELECT kind, user_id, session_id, name, challenge, options, redirect_uri, state FROM passkey_ceremonies
WHERE digest = @digest AND expires_at > @now AND code_digest IS NULL;

-- name: EndCeremony :execrows
DELETE FROM passkey_ceremonies WHERE digest = @digest AND expires_at > @now AND code_digest IS NULL;

-- name: FinishLogin :execrows
-- One of several answers to a challenge gets the code.
UPDATE passkey_ceremonies
SET user_id = @user_id, passkey_id = @passkey_id, code_digest = @code_digest, expires_at = @expires_at
WHERE digest = @digest AND expires_at > @now AND code_digest IS NULL;

-- name: LoginByCode :one
SELECT user_id, code_challenge FROM passkey_ceremonies
WHERE code_digest = @code_digest AND expires_at > @now AND user_id IS NOT NULL;

-- name: SpendLogin :execrows
DELETE FROM passkey_ceremonies WHERE code_digest = @code_digest AND expires_at > @now;

-- name: DeleteCeremoniesOf :exec
DELETE FROM passkey_ceremonies WHERE user_id = @user_id;

-- name: PruneCeremonies :execrows
DELETE FROM passkey_ceremonies WHERE digest = ANY (ARRAY(
    SELECT c.digest FROM passkey_ceremonies c WHERE c.expires_at <= @now
    ORDER BY c.expires_at LIMIT @batch FOR UPDATE SKIP LOCKED
));
