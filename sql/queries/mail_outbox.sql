-- name: InsertMail :exec
INSERT INTO mail_outbox (id, kind, user_id, code_id, address, language, created_at, next_try_at)
VALUES (@id, @kind, @user_id, @code_id, @address, @language, @now, @now);

-- name: InsertMailInOwnLanguage :exec
INSERT INTO mail_outbox (id, kind, user_id, address, language, created_at, next_try_at)
SELECT @id, @kind, u.id, @address, u.language, @now, @now FROM users u WHERE u.id = @user_id;

-- name: ClaimMail :one
UPDATE mail_outbox SET attempts = attempts + 1, next_try_at = @lease_until
WHERE id = (
    SELECT m.id FROM mail_outbox m WHERE m.next_try_at <= @now
    ORDER BY m.next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, kind, user_id, code_id, address, language, created_at, attempts, refusals;

-- name: MailAddress :one
SELECT email FROM users WHERE id = @id AND deleted_at IS NULL;

-- name: PostponeMail :exec
UPDATE mail_outbox SET refusals = @refusals, next_try_at = @next_try_at
WHERE id = @id AND attempts = @attempts;

-- name: DeleteMail :exec
DELETE FROM mail_outbox WHERE id = @id;
