-- name: InsertSSOStart :exec
INSERT INTO sso_starts (digest, browser, provider, team_id, code_challenge, redirect_uri, state, expires_at)
VALUES (@digest, @browser, sqlc.narg(provider), sqlc.narg(team_id), @code_challenge, @redirect_uri, @state, @expires_at);

-- name: TakeSSOStart :one
-- One of several callers gets the row. In another browser it stays.
DELETE FROM sso_starts WHERE digest = @digest AND browser = @browser AND expires_at > @now
RETURNING provider, team_id, code_challenge, redirect_uri, state;

-- name: PruneSSOStarts :execrows
DELETE FROM sso_starts WHERE digest = ANY (ARRAY(
    SELECT s.digest FROM sso_starts s WHERE s.expires_at <= @now
    ORDER BY s.expires_at LIMIT @batch FOR UPDATE SKIP LOCKED
));

-- name: InsertSSOAnswer :exec
INSERT INTO sso_answers (digest, team_id, code_challenge, issuer, subject, email, email_verified, expires_at)
VALUES (@digest, sqlc.narg(team_id), @code_challenge::text, @issuer, @subject, @email, @email_verified, @expires_at);

-- name: SSOAnswer :one
SELECT user_id, team_id, code_challenge, issuer, subject, email, email_verified FROM sso_answers
WHERE digest = @digest AND expires_at > @now;

-- name: SpendSSOAnswer :execrows
DELETE FROM sso_answers WHERE digest = @digest AND expires_at > @now;

-- name: HoldSSOAnswer :execrows
-- Exchanges the code for a ticket that waits for the owner of an account.
UPDATE sso_answers SET digest = @ticket, code_challenge = NULL, user_id = @user_id::uuid, expires_at = @expires_at
WHERE digest = @digest AND expires_at > @now;

-- name: DeleteSSOAnswersOf :exec
DELETE FROM sso_answers WHERE user_id = @user_id::uuid;

-- name: PruneSSOAnswers :execrows
DELETE FROM sso_answers WHERE digest = ANY (ARRAY(
    SELECT a.digest FROM sso_answers a WHERE a.expires_at <= @now
    ORDER BY a.expires_at LIMIT @batch FOR UPDATE SKIP LOCKED
));

-- name: IdentityOwner :one
-- scope is the team's id, or the nil id for a provider of the operator.
SELECT i.id, i.user_id FROM sso_identities i JOIN users u ON u.id = i.user_id
WHERE i.issuer = @issuer AND i.subject = @subject
    AND coalesce(i.team_id, '00000000-0000-0000-0000-000000000000') = @scope::uuid AND u.deleted_at IS NULL;

-- name: InsertIdentity :exec
INSERT INTO sso_identities (id, user_id, team_id, issuer, subject, email, created_at, last_used_at)
VALUES (@id, @user_id, sqlc.narg(team_id), @issuer, @subject, @email, @now, @now);

-- name: UseIdentity :exec
UPDATE sso_identities SET last_used_at = @now WHERE id = @id;

-- name: ForgetOldestIdentities :exec
-- The caller holds a lock on the user's row.
DELETE FROM sso_identities WHERE id = ANY (ARRAY(
    SELECT i.id FROM sso_identities i WHERE i.user_id = @user_id ORDER BY i.last_used_at DESC OFFSET @keep
));

-- name: DeleteIdentitiesOf :execrows
DELETE FROM sso_identities WHERE user_id = @user_id;

-- name: SSOConnection :one
SELECT c.issuer, c.client_id, c.client_secret, c.required, c.updated_at, s.seats::integer AS seats
FROM sso_connections c JOIN team_seats s ON s.team_id = c.team_id WHERE c.team_id = @team_id;

-- name: ConnectionOfDomain :one
SELECT c.team_id, c.issuer, c.client_id, c.client_secret
FROM sso_domains d JOIN sso_connections c ON c.team_id = d.team_id JOIN team_seats s ON s.team_id = d.team_id
WHERE d.domain = @domain AND d.proved_at IS NOT NULL AND s.seats > 0;

-- name: HasProvedDomain :one
SELECT EXISTS (
    SELECT 1 FROM sso_domains d JOIN team_seats s ON s.team_id = d.team_id
    WHERE d.team_id = @team_id AND d.domain = @domain AND d.proved_at IS NOT NULL AND s.seats > 0
);

-- name: SaveSSOConnection :exec
INSERT INTO sso_connections (team_id, issuer, client_id, client_secret, key_id, required, updated_at)
VALUES (@team_id, @issuer, @client_id, @client_secret, @key_id, @required, @now)
ON CONFLICT (team_id) DO UPDATE SET issuer = excluded.issuer, client_id = excluded.client_id,
    client_secret = excluded.client_secret, key_id = excluded.key_id, required = excluded.required,
    updated_at = excluded.updated_at;

-- name: DeleteSSOConnection :execrows
DELETE FROM sso_connections WHERE team_id = @team_id;

-- name: SSODomains :many
SELECT d.domain, d.token, d.created_at, d.proved_at, d.checked_at, EXISTS (
    SELECT 1 FROM sso_domains o WHERE o.domain = d.domain AND o.proved_at IS NOT NULL AND o.team_id <> d.team_id
) AS taken
FROM sso_domains d WHERE d.team_id = @team_id ORDER BY d.domain LIMIT @page_size;

-- name: InsertSSODomain :exec
-- A domain that the team has keeps its token. It is looked up soon.
INSERT INTO sso_domains (team_id, domain, token, created_at, next_check_at)
VALUES (@team_id, @domain, @token, @now, @now)
ON CONFLICT (team_id, domain) DO NOTHING;

-- name: DeleteOtherSSODomains :exec
DELETE FROM sso_domains WHERE team_id = @team_id AND domain <> ALL (@domains::text[]);

-- name: ClaimSSODomain :one
UPDATE sso_domains SET next_check_at = @claimed_until WHERE (team_id, domain) = (
    SELECT d.team_id, d.domain FROM sso_domains d WHERE d.next_check_at <= @now
    ORDER BY d.next_check_at LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING team_id, domain, token, created_at, proved_at;

-- name: SettleSSODomain :execrows
-- Keeps what a look-up of the record has found. A domain that another team has proved fails a unique index.
UPDATE sso_domains SET proved_at = sqlc.narg(proved_at), checked_at = @now, next_check_at = @next_check_at
WHERE team_id = @team_id AND domain = @domain AND token = @token;

-- name: ConnectionsOfOtherKeys :many
(SELECT a.team_id, a.client_secret FROM sso_connections a WHERE a.key_id < @key_id ORDER BY a.key_id LIMIT @batch)
UNION ALL
(SELECT b.team_id, b.client_secret FROM sso_connections b WHERE b.key_id > @key_id ORDER BY b.key_id LIMIT @batch);

-- name: ResealConnection :execrows
UPDATE sso_connections SET client_secret = @client_secret, key_id = @key_id
WHERE team_id = @team_id AND client_secret = @old_secret;

-- name: RequiredSSOTeam :one
-- The team with whose provider alone the account may sign in.
SELECT team_id FROM sso_required WHERE user_id = @user_id;

-- name: EndRefusedSessions :many
-- Ends sessions of members that were opened in another way than the team's provider, which is required. Until it has
-- run, they are refused wherever they are read.
UPDATE refresh_tokens SET revoked_at = @now, revoked_for = 'sso' WHERE id = ANY (ARRAY(
    SELECT r.id FROM sso_required q JOIN refresh_tokens r ON r.user_id = q.user_id
    WHERE q.team_id = @team_id AND r.revoked_at IS NULL AND r.sso_team_id IS DISTINCT FROM q.team_id LIMIT @batch
)) RETURNING user_id;

-- name: EndSSOSessions :exec
-- Ends the sessions of an account that were opened with the provider of the team.
UPDATE refresh_tokens SET revoked_at = @now, revoked_for = 'sso'
WHERE user_id = @user_id AND sso_team_id = @team_id AND revoked_at IS NULL;

-- name: LiftRequiredSSO :execrows
UPDATE sso_connections SET required = false, updated_at = @now WHERE team_id = @team_id;
