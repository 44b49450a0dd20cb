-- name: InsertUser :exec
INSERT INTO users (id, email, password_hash, password_changed_at, grant_tier, created_at, updated_at)
VALUES (@id, @email, @password_hash, @now, @grant_tier, @now, @now);

-- name: EmailTaken :one
SELECT EXISTS (SELECT 1 FROM users WHERE email = @email AND deleted_at IS NULL);

-- name: CredentialsByEmail :one
SELECT id, password_hash, password_changed_at FROM users WHERE email = @email AND deleted_at IS NULL;

-- name: CredentialsByID :one
SELECT id, email, password_hash, password_changed_at FROM users WHERE id = @id AND deleted_at IS NULL;

-- name: UserByEmail :one
SELECT id, email, tier, seats, grant_tier, grant_seats, token_version, created_at
FROM users WHERE email = @email AND deleted_at IS NULL;

-- name: UserByID :one
SELECT id, email, tier, seats, grant_tier, grant_seats, token_version, created_at
FROM users WHERE id = @id AND deleted_at IS NULL;

-- name: UsersAfter :many
SELECT id, email, tier, seats, grant_tier, grant_seats, token_version, created_at
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
