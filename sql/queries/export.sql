-- What is kept of an account, for its owner: pages of rows as JSON, without hashes. Times are milliseconds.

-- name: ExportUser :one
SELECT jsonb_build_object('id', id, 'email', email, 'tier', tier, 'seats', seats, 'grant_tier', grant_tier,
    'grant_seats', grant_seats, 'stripe_customer_id', stripe_customer_id,
    'password_changed_at', (extract(epoch FROM password_changed_at) * 1000)::bigint,
    'created_at', (extract(epoch FROM created_at) * 1000)::bigint,
    'updated_at', (extract(epoch FROM updated_at) * 1000)::bigint)
FROM users WHERE id = @id AND deleted_at IS NULL;

-- name: ExportSessions :many
SELECT id, jsonb_build_object('id', id, 'network', network, 'device', device, 'ended_for', revoked_for,
    'created_at', (extract(epoch FROM created_at) * 1000)::bigint,
    'last_used_at', (extract(epoch FROM last_used_at) * 1000)::bigint,
    'expires_at', (extract(epoch FROM least(expires_at, ends_at)) * 1000)::bigint,
    'ended_at', (extract(epoch FROM revoked_at) * 1000)::bigint) AS row
FROM refresh_tokens WHERE user_id = @user_id AND id > @after ORDER BY id LIMIT @page_size;

-- name: ExportKeys :many
SELECT id, jsonb_build_object('id', id, 'name', name, 'prefix', prefix, 'scopes', scopes,
    'created_at', (extract(epoch FROM created_at) * 1000)::bigint,
    'expires_at', (extract(epoch FROM expires_at) * 1000)::bigint,
    'last_used_at', (extract(epoch FROM last_used_at) * 1000)::bigint,
    'revoked_at', (extract(epoch FROM revoked_at) * 1000)::bigint) AS row
FROM api_keys WHERE user_id = @user_id AND id > @after ORDER BY id LIMIT @page_size;

-- name: ExportEvents :many
SELECT id, jsonb_build_object('id', id, 'kind', kind, 'network', network, 'device', device, 'subject_id', subject_id,
    'at', (extract(epoch FROM at) * 1000)::bigint) AS row
FROM audit_events WHERE user_id = @user_id AND id > @after ORDER BY id LIMIT @page_size;

-- name: ExportNetworks :many
-- An account has at most 32.
SELECT jsonb_build_object('seen_at', (extract(epoch FROM seen_at) * 1000)::bigint)
FROM known_networks WHERE user_id = @user_id ORDER BY seen_at LIMIT @page_size;

-- name: ExportSubscriptions :many
SELECT id, jsonb_build_object('id', id, 'stripe_subscription_id', stripe_subscription_id, 'tier', tier,
    'status', status, 'seats', seats, 'paid_tier', paid_tier, 'paid_seats', paid_seats,
    'cancel_at_period_end', cancel_at_period_end,
    'current_period_end', (extract(epoch FROM current_period_end) * 1000)::bigint,
    'created_at', (extract(epoch FROM created_at) * 1000)::bigint,
    'updated_at', (extract(epoch FROM updated_at) * 1000)::bigint) AS row
FROM subscriptions WHERE user_id = @user_id AND id > @after ORDER BY id LIMIT @page_size;

-- name: ExportMemberships :many
-- An account is in one team at most.
SELECT jsonb_build_object('team_id', t.id, 'team_name', t.name, 'role', CASE WHEN t.owner_id = m.user_id THEN 'owner' ELSE m.role END,
    'pays', t.payer_id IS NOT DISTINCT FROM m.user_id, 'joined_at', (extract(epoch FROM m.joined_at) * 1000)::bigint)
FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = @user_id LIMIT @page_size;

-- name: ExportInvitations :many
SELECT i.id, jsonb_build_object('id', i.id, 'team_id', i.team_id, 'email', i.email,
    'created_at', (extract(epoch FROM i.created_at) * 1000)::bigint,
    'expires_at', (extract(epoch FROM i.expires_at) * 1000)::bigint,
    'ended_at', (extract(epoch FROM i.ended_at) * 1000)::bigint) AS row
FROM team_invitations i WHERE i.email = (SELECT u.email FROM users u WHERE u.id = @user_id) AND i.id > @after
ORDER BY i.id LIMIT @page_size;

-- name: ExportSSOLinks :many
SELECT id, jsonb_build_object('id', id, 'team_id', team_id, 'issuer', issuer, 'subject', subject, 'email', email,
    'created_at', (extract(epoch FROM created_at) * 1000)::bigint,
    'last_used_at', (extract(epoch FROM last_used_at) * 1000)::bigint) AS row
FROM sso_identities WHERE user_id = @user_id AND id > @after ORDER BY id LIMIT @page_size;

-- name: ExportBackups :many
-- In the order of an index.
SELECT state, id, jsonb_build_object('id', id, 'state', state, 'version', version, 'timestamp', timestamp,
    'checksum', checksum, 'size_bytes', size_bytes, 'chunk_count', chunk_count,
    'created_at', (extract(epoch FROM created_at) * 1000)::bigint,
    'committed_at', (extract(epoch FROM committed_at) * 1000)::bigint,
    'deleted_at', (extract(epoch FROM deleted_at) * 1000)::bigint) AS row
FROM backup_metadata WHERE user_id = @user_id AND (state, id) > (@after_state::text, @after::uuid)
ORDER BY state, id LIMIT @page_size;

-- name: ExportBackupUsage :many
SELECT jsonb_build_object('committed_bytes', committed, 'reserved_bytes', reserved, 'uploads', uploads)
FROM backup_usage WHERE user_id = @user_id;

-- name: ExportTokenUsage :many
SELECT day, jsonb_build_object('day', day, 'used', used, 'reserved', reserved, 'requests', requests) AS row
FROM token_usage WHERE user_id = @user_id AND day > @after_day ORDER BY day LIMIT @page_size;

-- name: ExportSecondFactor :many
-- An account has one at most.
SELECT jsonb_build_object('kind', 'totp',
    'created_at', (extract(epoch FROM created_at) * 1000)::bigint,
    'confirmed_at', (extract(epoch FROM confirmed_at) * 1000)::bigint,
    'recovery_codes_left', (SELECT count(*) FROM recovery_codes r WHERE r.user_id = t.user_id AND r.used_at IS NULL))
FROM totp_secrets t WHERE t.user_id = @user_id;

-- name: ExportPasskeys :many
SELECT id, jsonb_build_object('id', id, 'name', name, 'sign_count', sign_count, 'backup_eligible', backup_eligible,
    'backed_up', backed_up, 'transports', transports,
    'created_at', (extract(epoch FROM created_at) * 1000)::bigint,
    'last_used_at', (extract(epoch FROM last_used_at) * 1000)::bigint) AS row
FROM passkeys WHERE user_id = @user_id AND id > @after ORDER BY id LIMIT @page_size;
