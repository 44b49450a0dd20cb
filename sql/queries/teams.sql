-- name: LockTeamOf :one
-- Locks the team that the account is in. What is read before the lock may be outdated: read it again.
SELECT t.id FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = @user_id FOR UPDATE OF t;

-- name: LockTeam :one
SELECT id FROM teams WHERE id = @id FOR UPDATE;

-- name: LockTeamAccount :one
-- Locks the account's row, so that it neither gets a second team nor is deleted meanwhile. Lock it before any team.
SELECT u.email, u.email_verified_at,
    own_team_seats(u.tier, u.seats, u.grant_tier, u.grant_seats, u.deleted_at)::integer AS own_seats
FROM users u WHERE u.id = @id AND u.deleted_at IS NULL FOR NO KEY UPDATE;

-- name: TeamAccount :one
SELECT u.email, u.email_verified_at,
    own_team_seats(u.tier, u.seats, u.grant_tier, u.grant_seats, u.deleted_at)::integer AS own_seats
FROM users u WHERE u.id = @id AND u.deleted_at IS NULL;

-- name: TeamOf :one
SELECT t.id, t.name, t.owner_id, t.payer_id, t.created_at, m.role, s.seats::integer AS seats,
    (SELECT count(*) FROM team_members c WHERE c.team_id = t.id)::integer AS members,
    (SELECT count(*) FROM team_invitations i
     WHERE i.team_id = t.id AND i.ended_at IS NULL AND i.expires_at > @now)::integer AS invitations
FROM team_members m JOIN teams t ON t.id = m.team_id JOIN team_seats s ON s.team_id = t.id
WHERE m.user_id = @user_id;

-- name: SeatsOf :one
SELECT s.seats::integer AS seats, (SELECT count(*) FROM team_members c WHERE c.team_id = s.team_id)::integer AS members
FROM team_seats s WHERE s.team_id = @team_id;

-- name: TeamsAfter :many
SELECT t.id, t.name, o.email AS owner, coalesce(p.email, '') AS payer, t.created_at, s.seats::integer AS seats,
    (SELECT count(*) FROM team_members c WHERE c.team_id = t.id)::integer AS members,
    (SELECT count(*) FROM team_invitations i
     WHERE i.team_id = t.id AND i.ended_at IS NULL AND i.expires_at > @now)::integer AS invitations
FROM teams t JOIN users o ON o.id = t.owner_id JOIN team_seats s ON s.team_id = t.id LEFT JOIN users p ON p.id = t.payer_id
WHERE t.id > @after ORDER BY t.id LIMIT @page_size;

-- name: PaidTeam :one
-- The team that the account pays for without owning it, and how many seats the plan of its owner has.
SELECT t.id, own_team_seats(o.tier, o.seats, o.grant_tier, o.grant_seats, o.deleted_at)::integer AS owner_seats
FROM teams t JOIN users o ON o.id = t.owner_id WHERE t.payer_id = @user_id;

-- name: ForgetPayer :exec
UPDATE teams SET payer_id = NULL WHERE payer_id = @user_id::uuid;

-- name: InsertTeam :exec
INSERT INTO teams (id, owner_id, created_at) VALUES (@id, @owner_id, @now);

-- name: RenameTeam :exec
UPDATE teams SET name = @name WHERE id = @id;

-- name: SetTeamOwner :exec
UPDATE teams SET owner_id = @owner_id, payer_id = sqlc.narg(payer_id) WHERE id = @id;

-- name: DeleteTeam :exec
DELETE FROM teams WHERE id = @id;

-- name: InsertTeamMember :exec
INSERT INTO team_members (user_id, team_id, role, joined_at) VALUES (@user_id, @team_id, @role, @now);

-- name: TeamRole :one
SELECT role FROM team_members WHERE user_id = @user_id AND team_id = @team_id;

-- name: TeamMember :one
SELECT m.role, u.email, m.joined_at, (p.seats > 0)::boolean AS has_seat
FROM team_members m JOIN users u ON u.id = m.user_id JOIN team_plans p ON p.user_id = m.user_id
WHERE m.user_id = @user_id AND m.team_id = @team_id;

-- name: TeamMembers :many
-- The members by id. has_seat is false from the first place on that is beyond the seats.
SELECT m.user_id, m.role, u.email, m.joined_at, (m.place < coalesce(
    (SELECT b.place FROM team_members b WHERE b.team_id = @team_id ORDER BY b.place OFFSET @seats LIMIT 1),
    9223372036854775807))::boolean AS has_seat
FROM team_members m JOIN users u ON u.id = m.user_id
WHERE m.team_id = @team_id AND m.user_id > @after ORDER BY m.user_id LIMIT @page_size;

-- name: HasTeamMember :one
SELECT EXISTS (
    SELECT 1 FROM team_members m JOIN users u ON u.id = m.user_id
    WHERE u.email = @email AND u.deleted_at IS NULL AND m.team_id = @team_id
);

-- name: SetTeamRole :exec
UPDATE team_members SET role = @role WHERE user_id = @user_id AND team_id = @team_id;

-- name: ExchangePlaces :exec
UPDATE team_members m SET place = o.place FROM team_members o
WHERE m.user_id = ANY (ARRAY[@one::uuid, @other::uuid]) AND o.user_id = ANY (ARRAY[@one::uuid, @other::uuid])
    AND m.user_id <> o.user_id;

-- name: DeleteTeamMember :exec
DELETE FROM team_members WHERE user_id = @user_id AND team_id = @team_id;

-- name: NotifyTeam :exec
-- Adds a notice to every member but one, in their languages.
INSERT INTO mail_outbox (id, kind, user_id, language, created_at, next_try_at)
SELECT gen_random_uuid(), @kind, m.user_id, u.language, @now, @now
FROM team_members m JOIN users u ON u.id = m.user_id
WHERE m.team_id = @team_id AND m.user_id <> @except_id;

-- name: TeamInvitations :many
SELECT id, email, created_at, expires_at FROM team_invitations
WHERE team_id = @team_id AND ended_at IS NULL AND expires_at > @now AND id < @before ORDER BY id DESC LIMIT @page_size;

-- name: InsertTeamInvitation :exec
INSERT INTO team_invitations (id, team_id, email, created_at, expires_at)
VALUES (@id, @team_id, @email, @now, @expires_at);

-- name: EndTeamInvitation :one
-- Repeated, it returns the time when the invitation ended first.
UPDATE team_invitations SET ended_at = coalesce(ended_at, @now), digest = NULL
WHERE id = @id AND team_id = @team_id RETURNING ended_at;

-- name: ReplaceTeamInvitations :execrows
-- Ends the invitation of an address, also an expired one, and returns 1 where it held a seat.
WITH ended AS (
    UPDATE team_invitations SET ended_at = @now, digest = NULL
    WHERE team_id = @team_id AND email = @email AND ended_at IS NULL RETURNING expires_at
)
SELECT 1 FROM ended WHERE expires_at > @now;

-- name: InvitationTimes :many
SELECT created_at FROM team_invitations WHERE email = @email AND created_at > @created_after
ORDER BY created_at DESC LIMIT @page_size;

-- name: CountInvitationsOf :one
SELECT count(*) FROM (
    SELECT 1 FROM team_invitations i WHERE i.team_id = @team_id AND i.created_at > @created_after LIMIT @keep
) AS counted;

-- name: LockTeamInvitation :one
SELECT id FROM team_invitations WHERE id = @id AND ended_at IS NULL AND expires_at > @now FOR UPDATE;

-- name: ActivateTeamInvitation :exec
UPDATE team_invitations SET digest = @digest WHERE id = @id;

-- name: MailedInvitations :many
-- What the codes of an address are compared with.
SELECT id, team_id, digest FROM team_invitations
WHERE email = @email AND ended_at IS NULL AND expires_at > @now AND digest IS NOT NULL ORDER BY id DESC LIMIT @page_size;

-- name: AcceptTeamInvitation :execrows
UPDATE team_invitations SET ended_at = @now, digest = NULL
WHERE id = @id AND ended_at IS NULL AND expires_at > @now;

-- name: PruneTeamInvitations :execrows
DELETE FROM team_invitations WHERE id = ANY (ARRAY(
    SELECT i.id FROM team_invitations i WHERE i.expires_at <= @expired_before
    ORDER BY i.expires_at LIMIT @batch FOR UPDATE SKIP LOCKED
));
