-- name: InsertUser :exec
INSERT INTO users (id, email, password_hash, password_changed_at, grant_tier, language, created_at, updated_at)
VALUES (@id, @email, @password_hash, @now, @grant_tier, @language, @now, @now);

-- name: EmailTaken :one
SELECT EXISTS (SELECT 1 FROM users WHERE email = @email AND deleted_at IS NULL);

-- name: CredentialsByEmail :one
SELECT id, password_hash, password_changed_at, email_verified_at FROM users WHERE email = @email AND deleted_at IS NULL;

-- name: CredentialsByID :one
SELECT id, email, password_hash, password_changed_at FROM users WHERE id = @id AND deleted_at IS NULL;

-- name: UserByEmail :one
SELECT id, email, tier, seats, grant_tier, grant_seats, token_version, created_at, email_verified_at
FROM users WHERE email = @email AND deleted_at IS NULL;

-- name: UserByID :one
SELECT id, email, tier, seats, grant_tier, grant_seats, token_version, created_at, email_verified_at
FROM users WHERE id = @id AND deleted_at IS NULL;

-- name: UsersAfter :many
SELECT id, email, tier, seats, grant_tier, grant_seats, token_version, created_at, email_verified_at
FROM users WHERE id > @after AND deleted_at IS NULL ORDER BY id LIMIT @page_size;

-- name: UpgradePasswordHash :exec
UPDATE users SET password_hash = @new_hash, updated_at = @now WHERE id = @id AND password_hash = @old_hash;

-- name: ChangePassword :execrows
UPDATE users SET password_hash = @password_hash, password_changed_at = @now, updated_at = @now
WHERE id = @id AND password_changed_at = @verified_at AND deleted_at IS NULL;

-- name: GrantTier :execrows
UPDATE users SET grant_tier = @grant_tier, grant_seats = @grant_seats, updated_at = @now
WHERE id = @id AND deleted_at IS NULL;

-- name: IncrementTokenVersion :exec
UPDATE users SET token_version = token_version + 1, updated_at = @now WHERE id = @id;

-- name: MarkUserDeleted :execrows
UPDATE users SET deleted_at = @now, updated_at = @now, token_version = token_version + 1
WHERE id = @id AND deleted_at IS NULL;

-- name: DeleteUser :exec
DELETE FROM users WHERE id = @id AND deleted_at IS NOT NULL;

-- name: ResetPassword :one
-- Returns whether the address was verified before.
UPDATE users u SET password_hash = @password_hash, password_changed_at = @now, updated_at = @now,
    email_verified_at = coalesce(u.email_verified_at, @now), token_version = u.token_version + 1
FROM (SELECT o.id, o.email_verified_at FROM users o WHERE o.id = @id AND o.deleted_at IS NULL FOR UPDATE) AS old
WHERE u.id = old.id
RETURNING (old.email_verified_at IS NOT NULL)::boolean AS was_verified;

-- name: VerifyEmail :execrows
UPDATE users SET email_verified_at = coalesce(email_verified_at, @now), updated_at = @now
WHERE id = @id AND deleted_at IS NULL;

-- name: ChangeEmail :one
-- Returns the old address.
UPDATE users u SET email = @email, email_verified_at = @now, updated_at = @now
FROM (SELECT o.id, o.email FROM users o WHERE o.id = @id AND o.deleted_at IS NULL FOR UPDATE) AS old
WHERE u.id = old.id
RETURNING old.email;
